/* Looks into a request body for model, stream, tools and tool results.
 *
 * Invariant: whatever the bytes are, it ends and gives a plausible answer; it judges nothing. It is
 * not the project's JSON reader on purpose: the provider must not share a mistake with the gateway.
 * Called by reply.c. */
#include "asked.h"

enum { WORDS_MAX = 4096 };

struct str json_text(struct arena *arena, struct str raw)
{
	char *out = arena_get(arena, raw.len * 6 + 3);
	size_t len = 0;

	out[len++] = '"';
	for (size_t i = 0; i < raw.len; i++) {
		unsigned char c = (unsigned char)raw.ptr[i];

		if (c == '"' || c == '\\') {
			out[len++] = '\\';
			out[len++] = (char)c;
		} else if (c < ' ') {
			len += (size_t)snprintf(out + len, 7, "\\u%04x", c);
		} else {
			out[len++] = (char)c;
		}
	}
	out[len++] = '"';
	return (struct str){out, len};
}

/* The end of the string that begins at `at`, behind its closing quote. */
static size_t behind_string(struct str s, size_t at)
{
	for (at++; at < s.len && s.ptr[at] != '"'; at++)
		if (s.ptr[at] == '\\')
			at++;
	return at + 1 < s.len ? at + 1 : s.len;
}

static size_t behind_blanks(struct str s, size_t at)
{
	while (at < s.len && strchr(" \t\r\n", s.ptr[at]))
		at++;
	return at;
}

static size_t behind_value(struct str s, size_t at)
{
	int depth = 0;

	while (at < s.len) {
		char c = s.ptr[at];

		if (c == '"') {
			at = behind_string(s, at);
			continue;
		}
		if (depth == 0 && strchr(",}] \t\r\n", c))
			break;
		if (c == '{' || c == '[')
			depth++;
		if (c == '}' || c == ']')
			depth--;
		at++;
		if (depth == 0 && (c == '}' || c == ']'))
			break;
	}
	return at;
}

struct str json_member(struct str object, struct str name)
{
	size_t at = behind_blanks(object, str_find_byte(object, '{') + 1);

	while (at < object.len && object.ptr[at] == '"') {
		size_t name_end = behind_string(object, at);
		struct str got = str_part(object, at + 1, name_end - at - 2);
		size_t from = behind_blanks(object, name_end);

		from = behind_blanks(object, from + 1);
		at = behind_value(object, from);
		if (str_eq(got, name) && from < at)
			return str_part(object, from, at - from);
		at = behind_blanks(object, at);
		at = behind_blanks(object, at + 1);
	}
	return STR("");
}

static bool has(struct str s, struct str needle)
{
	return str_find(s, needle) < s.len;
}

static int count(struct str s, struct str needle)
{
	int found = 0;

	for (size_t at; (at = str_find(s, needle)) < s.len; found++)
		s = str_part(s, at + needle.len, s.len);
	return found;
}

static int count_results(struct str body)
{
	return count(body, STR("\"role\":\"tool\"")) + count(body, STR("\"role\": \"tool\"")) +
	       count(body, STR("tool_call_output\"")) + count(body, STR("function_call_output\"")) +
	       count(body, STR("\"tool_result\"")) + count(body, STR("\"functionResponse\""));
}

static void wish_call(struct asked *a, const struct wish *w, struct arena *arena)
{
	struct str input = w->tool_input;

	a->tool_name = json_text(arena, w->tool_name);
	a->is_custom = w->is_custom;
	if (w->is_custom)
		a->tool_object =
		    arena_printf(arena, "{\"input\":%.*s}", STR_ARG(json_text(arena, input)));
	else
		a->tool_object = input.len > 0 ? input : STR("{}");
	a->tool_input = json_text(arena, w->is_custom ? input : a->tool_object);
}

static void cut_words(struct asked *a, struct str say, struct arena *arena)
{
	size_t from = 0;

	a->words = ARENA_ARRAY(arena, struct str, WORDS_MAX);
	while (from < say.len && a->word_count < WORDS_MAX) {
		size_t to = from + 1;

		while (to < say.len && (say.ptr[to] != ' ' || a->word_count + 1 == WORDS_MAX))
			to++;
		a->words[a->word_count++] = json_text(arena, str_part(say, from, to - from));
		from = to;
	}
}

static void count_usage(struct asked *a, const struct wish *w, size_t body_bytes)
{
	for (int i = 0; i < USAGE_PARTS; i++)
		a->usage[i] = w->usage[i];
	if (w->has_usage)
		return;
	a->usage[USAGE_INPUT] = 1 + (int64_t)body_bytes / 4;
	a->usage[USAGE_OUTPUT] = 1 + (int64_t)a->word_count;
}

void asked_read(struct asked *a, const struct heard *h, const struct wish *w, struct arena *arena)
{
	struct str body = buf_str(&h->body);
	struct str model = json_member(body, STR("model"));
	struct str options = json_member(body, STR("stream_options"));
	struct str say = w->say.len > 0 ? w->say : STR("Hello from the scripted provider.");

	*a = (struct asked){.model = model.len > 0 ? model : STR("\"none\"")};
	a->wants_stream = str_eq(json_member(body, STR("stream")), STR("true")) ||
	                  has(h->target, STR(":streamGenerateContent"));
	a->wants_usage = str_eq(json_member(options, STR("include_usage")), STR("true"));
	a->say = json_text(arena, say);
	cut_words(a, say, arena);
	a->number = count_results(body) + 1;
	if (w->tool_name.len > 0 && has(body, STR("\"tools\"")) &&
	    (w->calls_again || a->number == 1))
		wish_call(a, w, arena);
	count_usage(a, w, body.len);
}
