/* Members of requests, with errors that name them by path, value and remedy. Called by the
 * dialects' read_request only; must never copy what it can point at. */
#include "wire/field.h"

#include "base/hash.h"
#include "limits.h"
#include "wire/usage.h"

uint32_t field_get(const struct field_source *s, uint32_t object, struct str key)
{
	uint32_t node = json_get(s->doc, object, key);

	return json_is_null(s->doc, node) ? JSON_NONE : node;
}

static struct str path_of(const struct field_source *s, uint32_t object, struct str key)
{
	struct str parent = json_path(s->doc, object, s->arena);

	return arena_printf(s->arena, "%.*s%s%.*s", STR_ARG(parent), parent.len ? "." : "",
	                    STR_ARG(key));
}

static int wrong(const struct field_source *s, uint32_t node, const char *wanted)
{
	struct str path = json_path(s->doc, node, s->arena);
	struct str raw = str_part(json_raw(s->doc, node), 0, 60);

	return fail_at(s->fail, FAIL_INVALID_VALUE, path, "%.*s is %.*s; it must be %s",
	               STR_ARG(path), STR_ARG(raw), wanted);
}

int field_bool(const struct field_source *s, uint32_t object, struct str key, bool *out)
{
	uint32_t node = field_get(s, object, key);

	if (node == JSON_NONE)
		return 0;
	return json_bool(s->doc, node, out) < 0 ? wrong(s, node, "true or false") : 0;
}

int field_count(const struct field_source *s, uint32_t object, struct str key, int64_t lowest,
                int64_t *out)
{
	uint32_t node = field_get(s, object, key);

	if (node == JSON_NONE || json_i64(s->doc, node, lowest, INT32_MAX, out) == 0)
		return 0;
	return wrong(s, node,
	             lowest ? "a whole number, 1 to 2147483647"
	                    : "a whole number, 0 to 2147483647");
}

int field_need(const struct field_source *s, uint32_t object, struct str key, enum json_type type,
               uint32_t *out)
{
	struct str path;

	if (field_typed(s, object, key, type, out) < 0)
		return -1;
	if (*out != JSON_NONE)
		return 0;
	path = path_of(s, object, key);
	return fail_at(s->fail, FAIL_MISSING_FIELD, path, "%.*s is missing; it must be %s",
	               STR_ARG(path), json_type_name(type));
}

int field_typed(const struct field_source *s, uint32_t object, struct str key, enum json_type type,
                uint32_t *out)
{
	*out = field_get(s, object, key);
	if (*out == JSON_NONE || json_type(s->doc, *out) == type)
		return 0;
	return wrong(s, *out, json_type_name(type));
}

int field_need_text(const struct field_source *s, uint32_t object, struct str key, struct str *out)
{
	uint32_t node;

	if (field_need(s, object, key, JSON_STRING, &node) < 0)
		return -1;
	*out = json_text(s->doc, node, s->arena);
	return 0;
}

struct str field_raw_text(const struct json *doc, uint32_t node)
{
	struct str raw = json_raw(doc, node);

	return json_type(doc, node) == JSON_STRING ? str_part(raw, 1, raw.len - 2) : STR("");
}

int field_refuse_reference(const struct field_source *s, uint32_t node)
{
	struct str path = json_path(s->doc, node, s->arena);

	return fail_at(s->fail, FAIL_UNSUPPORTED_PARAMETER, path,
	               "%.*s names something that the provider keeps, which is not served here; "
	               "send the content itself, as clients do under store: false",
	               STR_ARG(path));
}

int field_check_references(const struct field_source *s, uint32_t object, const struct str *keys,
                           int count)
{
	for (int i = 0; i < count; i++) {
		uint32_t node = field_get(s, object, keys[i]);

		bool is_none =
		    json_type(s->doc, node) == JSON_ARRAY && json_count(s->doc, node) == 0;

		if (node != JSON_NONE && json_type(s->doc, node) != JSON_FALSE && !is_none)
			return field_refuse_reference(s, node);
	}
	return 0;
}

/* Base64 has no colon; an address has, and some providers take one where its data should stand. */
static bool is_data(const struct field_source *s, uint32_t document, struct str inside)
{
	struct str text = str_trim(json_text(s->doc, json_get(s->doc, document, inside), s->arena));

	if (text.len == 0)
		return false;
	return json_text_is(s->doc, json_get(s->doc, document, STR("type")), STR("text")) ||
	       str_eq_nocase(str_part(text, 0, 5), STR("data:")) ||
	       str_find_byte(text, ':') == text.len;
}

static bool is_inside(const struct field_source *s, uint32_t document, struct str inside)
{
	static const struct str elsewhere[] = {STR_INIT("file_id"), STR_INIT("file_url"),
	                                       STR_INIT("url")};

	for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
		if (field_get(s, document, elsewhere[i]) != JSON_NONE)
			return false;
	return is_data(s, document, inside);
}

/* Of all bytes that no count has in it, a third is counted as tokens; here is what goes beyond. */
static int64_t beyond_third(int64_t tokens, int64_t bytes)
{
	return tokens - bytes / 3;
}

void field_note_dense(struct llm_request *r, int64_t bytes)
{
	r->dense_tokens += beyond_third(bytes, bytes);
}

void field_note_image(const struct field_source *s, struct llm_request *r, uint32_t data)
{
	r->images++;
	r->image_bytes += (int64_t)field_raw_text(s->doc, data).len;
}

void field_note_document(const struct field_source *s, struct llm_request *r, uint32_t document,
                         struct str inside)
{
	field_note_dense(r, (int64_t)json_raw(s->doc, document).len);
	if (r->unbounded_node == JSON_NONE && !is_inside(s, document, inside))
		r->unbounded_node = document;
}

void field_note_address(const struct field_source *s, struct llm_request *r, uint32_t part)
{
	struct str type = field_raw_text(s->doc, json_get(s->doc, part, STR("type")));
	uint32_t value = json_get(s->doc, part, type), url = json_get(s->doc, value, STR("url"));
	struct str address = field_raw_text(s->doc, url == JSON_NONE ? value : url);

	if (!str_ends_with(type, STR("_url")) && str_find(type, STR("video")) == type.len)
		return;
	if (str_starts_with(address, STR("data:")))
		field_note_dense(r, (int64_t)address.len);
	else if (r->unbounded_node == JSON_NONE)
		r->unbounded_node = part;
}

struct llm_turn *turn_add(struct turn_list *l, enum llm_role role)
{
	if (l->count == l->room) {
		int room = l->room ? l->room * 2 : 4;
		struct llm_turn *grown = ARENA_ARRAY(l->arena, struct llm_turn, (size_t)room);

		if (l->count)
			memcpy(grown, l->turns, (size_t)l->count * sizeof *grown);
		l->turns = grown;
		l->room = room;
	}
	l->text_room = 0;
	l->turns[l->count].role = role;
	return &l->turns[l->count++];
}

void turn_add_text(struct turn_list *l, struct str raw)
{
	struct llm_turn *turn = &l->turns[l->count - 1];

	if (raw.len == 0)
		return;
	if (turn->text_count == l->text_room) {
		int room = l->text_room ? l->text_room * 4 : 1;
		struct str *grown = ARENA_ARRAY(l->arena, struct str, (size_t)room);

		if (turn->text_count)
			memcpy(grown, turn->texts, (size_t)turn->text_count * sizeof *grown);
		turn->texts = grown;
		l->text_room = room;
	}
	turn->texts[turn->text_count++] = raw;
	l->text_bytes += (int64_t)raw.len;
}

void turn_add_call(struct turn_list *l, struct str name, struct str arguments)
{
	struct llm_turn *turn = &l->turns[l->count - 1];
	uint64_t parts[3] = {turn->calls_hash, hash_stable(name), hash_stable(arguments)};

	turn->tool_calls++;
	turn->calls_hash = hash_stable((struct str){(const char *)parts, sizeof parts}) | 1;
	l->text_bytes += (int64_t)(name.len + arguments.len);
	l->call_bytes += (int64_t)(name.len + arguments.len);
}

/* Two letters of JSON are a token at most, nearly always. */
void field_note_json(struct llm_request *r, int64_t bytes)
{
	r->dense_tokens += beyond_third(bytes / 2, bytes);
}

void field_keep_turns(const struct turn_list *l, struct llm_request *r)
{
	r->turns = l->turns;
	r->turn_count = l->count;
	r->text_bytes = l->text_bytes;
	r->call_bytes = l->call_bytes;
	field_note_json(r, l->call_bytes);
}

/* Anthropic's service_tier only says whether reserved capacity may be used; speed has a price. */
static void read_service(const struct json *doc, enum llm_service *out)
{
	uint32_t root = json_root(doc);

	usage_note_service(doc, json_get(doc, root, STR("service_tier")), out);
	if (json_text_is(doc, json_get(doc, root, STR("speed")), STR("fast")))
		*out = LLM_SERVICE_FAST;
}

/* OpenRouter tries `models`, Anthropic and OpenRouter `fallbacks`, at those models' prices:
 * https://openrouter.ai/docs/guides/routing/model-fallbacks,
 * https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback */
bool field_names_others(const struct json *doc, uint32_t key)
{
	return json_text_is(doc, key, STR("models")) || json_text_is(doc, key, STR("fallbacks"));
}

/* Messages have {"edits":[{"type":"compact_20260112"}]}, responses [{"type":"compaction"}]. */
static bool may_compact(const struct json *doc)
{
	uint32_t management = json_get(doc, json_root(doc), STR("context_management"));
	uint32_t edits = json_get(doc, management, STR("edits"));
	uint32_t list = edits == JSON_NONE ? management : edits;

	if (json_type(doc, list) != JSON_ARRAY)
		return false;
	JSON_EACH(doc, list, edit)
	if (str_starts_with(field_raw_text(doc, json_get(doc, edit, STR("type"))), STR("compact")))
		return true;
	return false;
}

int field_common(const struct field_source *s, struct llm_request *r)
{
	const struct json *doc = s->doc;

	if (json_type(doc, json_root(doc)) != JSON_OBJECT)
		return fail(s->fail, FAIL_INVALID_VALUE, "the body is %s; it must be an object",
		            json_type_name(json_type(doc, json_root(doc))));
	r->doc = doc;
	r->choices = 1;
	r->max_output_node = r->other_max_output_node = JSON_NONE;
	r->unbounded_node = JSON_NONE;
	r->max_calls = -1;
	r->model_node = json_get(doc, json_root(doc), STR("model"));
	if (field_need_text(s, json_root(doc), STR("model"), &r->model) < 0)
		return -1;
	if (r->model.len == 0 || r->model.len > LIMIT_ALIAS_BYTES)
		return fail_at(s->fail, FAIL_INVALID_VALUE, STR("model"),
		               "model has %zu bytes; it must have 1 to %d", r->model.len,
		               LIMIT_ALIAS_BYTES);
	read_service(doc, &r->service);
	r->may_compact = may_compact(doc);
	r->names_others = field_get(s, json_root(doc), STR("models")) != JSON_NONE ||
	                  field_get(s, json_root(doc), STR("fallbacks")) != JSON_NONE;
	return field_bool(s, json_root(doc), STR("stream"), &r->stream);
}

/* A tool's name stands in it (responses, messages) or in its `function` (chat). */
static struct str tool_name(const struct field_source *s, uint32_t tool)
{
	uint32_t function = json_get(s->doc, tool, STR("function"));
	uint32_t name = json_get(s->doc, function == JSON_NONE ? tool : function, STR("name"));

	if (name == JSON_NONE)
		name = json_get(s->doc, tool, STR("type"));
	return json_text(s->doc, name, s->arena);
}

/* "required", {"type":"function",..}, {"type":"any"}: in each dialect. */
static bool forces(const struct json *doc, uint32_t choice)
{
	uint32_t type = json_get(doc, choice, STR("type")), allowed;

	if (json_type(doc, choice) == JSON_STRING)
		return json_text_is(doc, choice, STR("required"));
	if (json_type(doc, choice) != JSON_OBJECT || json_text_is(doc, type, STR("auto")) ||
	    json_text_is(doc, type, STR("none")))
		return false;
	if (!json_text_is(doc, type, STR("allowed_tools")))
		return true;
	allowed = json_get(doc, choice, STR("allowed_tools")); /* chat has it one level deeper */
	return json_text_is(doc,
	                    json_get(doc, allowed == JSON_NONE ? choice : allowed, STR("mode")),
	                    STR("required"));
}

/* Models that fill in code are asked by these marks, or with a `suffix`. */
static bool is_autocomplete(const struct llm_request *r)
{
	static const struct str marks[] = {STR_INIT("<|fim_prefix|>"), STR_INIT("<fim_prefix>"),
	                                   STR_INIT("<PRE>"), STR_INIT("[SUFFIX]")};
	const struct llm_turn *last = r->turn_count ? &r->turns[r->turn_count - 1] : NULL;
	uint32_t suffix = json_get(r->doc, json_root(r->doc), STR("suffix"));

	if (json_type(r->doc, suffix) == JSON_STRING)
		return true;
	for (size_t i = 0; last && last->text_count && i < sizeof marks / sizeof marks[0]; i++)
		if (str_starts_with(last->texts[0], marks[i]))
			return true;
	return false;
}

void field_tools(const struct field_source *s, struct llm_request *r, uint32_t tools)
{
	uint32_t count = json_count(s->doc, tools), root = json_root(s->doc);

	r->forces_tool =
	    forces(s->doc, json_get(s->doc, root, STR("tool_choice"))) ||
	    json_type(s->doc, json_get(s->doc, root, STR("function_call"))) == JSON_OBJECT;
	r->is_autocomplete = is_autocomplete(r);
	if (json_type(s->doc, tools) != JSON_ARRAY || count == 0)
		return;
	r->tool_names = ARENA_ARRAY(s->arena, struct str, count);
	JSON_EACH(s->doc, tools, tool)
	{
		r->tool_names[r->tools++] = tool_name(s, tool);
	}
	r->tool_bytes = (int64_t)json_raw(s->doc, tools).len;
}

void field_needs(struct llm_request *r)
{
	r->needs |= r->images ? LLM_CAN_IMAGES : 0;
	r->needs |= r->audios ? LLM_CAN_AUDIO : 0;
	r->needs |= r->files ? LLM_CAN_PDF : 0;
	r->needs |= r->tools ? LLM_CAN_TOOLS : 0;
	r->needs |= r->effort > LLM_EFFORT_NONE || r->thinking_budget ? LLM_CAN_THINKING : 0;
}

int field_effort(const struct field_source *s, uint32_t object, struct str key,
                 enum llm_effort *out)
{
	static const struct {
		struct str word;
		enum llm_effort effort;
	} words[] = {
	    {STR_INIT("none"), LLM_EFFORT_NONE}, {STR_INIT("minimal"), LLM_EFFORT_NONE},
	    {STR_INIT("low"), LLM_EFFORT_LOW},   {STR_INIT("medium"), LLM_EFFORT_MEDIUM},
	    {STR_INIT("high"), LLM_EFFORT_HIGH}, {STR_INIT("xhigh"), LLM_EFFORT_XHIGH},
	    {STR_INIT("max"), LLM_EFFORT_XHIGH},
	};
	uint32_t node;

	if (field_typed(s, object, key, JSON_STRING, &node) < 0)
		return -1;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (json_text_is(s->doc, node, words[i].word))
			*out = words[i].effort;
	return 0;
}
