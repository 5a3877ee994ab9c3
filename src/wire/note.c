/* Reading answers: shared by the dialects.
 *
 * The quick look: once content has come, most events of a stream are more of it, and are passed
 * on unread. An event is read only when it has one of the marks below, which every event has that
 * carries usage, an error or a part of the life cycle. Marks begin with a quote, and inside a JSON
 * string a quote is escaped, so text that speaks of "usage" has none. Called for every event of
 * every stream, so it counts in nanoseconds. */
#include "wire/note.h"

#include "wire/field.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

int note_figure(const struct json *doc, uint32_t node, int64_t *out)
{
	return json_i64(doc, node, 0, INT64_C(1) << 40, out);
}

static int read_count(const struct json *doc, uint32_t object, struct str key, int64_t *out)
{
	return note_figure(doc, json_get(doc, object, key), out);
}

int64_t note_count(const struct json *doc, uint32_t object, struct str key)
{
	int64_t value = 0;

	return read_count(doc, object, key, &value) < 0 ? 0 : value;
}

bool note_is_count(const struct json *doc, uint32_t object, struct str key)
{
	int64_t value;

	return read_count(doc, object, key, &value) == 0;
}

int64_t note_without(int64_t total, int64_t *part)
{
	if (*part > total)
		*part = total;
	return total - *part;
}

void note_model(struct wire_noting *n, const struct json *doc, uint32_t node)
{
	if (n->meter->model.len == 0 && json_type(doc, node) == JSON_STRING)
		n->meter->model = arena_copy(n->arena, json_text(doc, node, n->arena));
}

bool note_parse(struct wire_noting *n, struct str data)
{
	struct json_error error;

	return data.len && json_read(n->scratch, data, &error) == 0;
}

/* Is one of the marks at `at`, which has a quote? Nearly always the second letter says no. */
static bool is_mark(struct str data, size_t at)
{
	static const struct str marks[] = {
	    STR_INIT("\"usage\""),         STR_INIT("\"error"),      STR_INIT("\"message_"),
	    STR_INIT("\"response.c"),      STR_INIT("\"response.f"), STR_INIT("\"response.i"),
	    STR_INIT("\"network_error\""), /* chat_went_wrong; its "error" is one above */
	};
	struct str here = str_part(data, at, data.len);

	if (here.len > 1 && here.ptr[1] == 'i') /* most have "id" and "index" */
		return str_starts_with(here, STR("\"insufficient_system_resource\""));
	if (here.len < 3 || (here.ptr[2] != 's' && here.ptr[2] != 'r' && here.ptr[2] != 'e'))
		return false;
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (str_starts_with(here, marks[i]))
			return true;
	return false;
}

static bool has_mark_in_short(struct str data)
{
	for (size_t at = 0; at < data.len; at++)
		if (data.ptr[at] == '"' && is_mark(data, at))
			return true;
	return false;
}

#ifdef __SSE2__
enum { PLACES = 32, WINDOW_BYTES = PLACES + 1 };

static __m128i bytes_at(const char *at)
{
	return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* For 16 places: a quote, and behind it the first letter of a mark. 'e', 'm' and 'u' differ in two
 * bits; '}' is the fourth that does. 'i' and 'n' are apart, and so is 'r'. */
static unsigned candidates_in(const char *at)
{
	__m128i next = bytes_at(at + 1);
	__m128i is_e_m_u =
	    _mm_cmpeq_epi8(_mm_and_si128(next, _mm_set1_epi8((char)0xe7)), _mm_set1_epi8('e'));
	__m128i is_i_n = _mm_or_si128(_mm_cmpeq_epi8(next, _mm_set1_epi8('i')),
	                              _mm_cmpeq_epi8(next, _mm_set1_epi8('n')));
	__m128i is_r = _mm_cmpeq_epi8(next, _mm_set1_epi8('r'));
	__m128i letters = _mm_or_si128(is_e_m_u, _mm_or_si128(is_i_n, is_r));
	__m128i quotes = _mm_cmpeq_epi8(bytes_at(at), _mm_set1_epi8('"'));

	return (unsigned)_mm_movemask_epi8(_mm_and_si128(quotes, letters));
}

/* The last window lies over the one before it. No mark is as short as what is behind it. */
static bool has_mark(struct str data)
{
	size_t last = data.len - WINDOW_BYTES;

	if (data.len < WINDOW_BYTES)
		return has_mark_in_short(data);
	for (size_t at = 0;; at = at + PLACES < last ? at + PLACES : last) {
		unsigned bits = candidates_in(data.ptr + at) | candidates_in(data.ptr + at + 16)
		                                                   << 16;

		for (; bits; bits &= bits - 1)
			if (is_mark(data, at + (size_t)__builtin_ctz(bits)))
				return true;
		if (at == last)
			return false;
	}
}
#else
static bool has_mark(struct str data)
{
	return has_mark_in_short(data);
}
#endif

bool note_is_plain_content(const struct wire_noting *n, struct str data)
{
	return n->meter->has_content && data.len && data.ptr[0] == '{' && !has_mark(data);
}

void note_count_content(struct wire_noting *n, enum wire_kind kind, const struct sse_event *e)
{
	struct wire_meter *m = n->meter;
	int64_t bytes = (int64_t)e->data.len;

	if (kind != WIRE_CONTENT)
		return;
	m->has_content = true;
	if (e->name.len && !str_ends_with(e->name, STR("delta")))
		return;
	m->least_payload = m->events && m->least_payload < bytes ? m->least_payload : bytes;
	m->events++;
	m->payload_bytes += bytes;
}

/* The comma behind it for the first member, else the one in front. */
struct str note_member_with_comma(const struct json *doc, uint32_t object, uint32_t value)
{
	struct str whole = json_raw(doc, object);
	struct str raw = json_raw(doc, value);
	size_t end = (size_t)(raw.ptr - whole.ptr) + raw.len;
	uint32_t before = JSON_NONE;

	JSON_EACH(doc, object, key)
	{
		if (json_value(key) == value && before != JSON_NONE) {
			struct str left = json_raw(doc, before);
			size_t from = (size_t)(left.ptr - whole.ptr) + left.len;

			return str_part(whole, from, end - from);
		}
		if (json_value(key) == value && json_next(doc, object, key) != JSON_NONE) {
			size_t from = (size_t)(json_raw(doc, key).ptr - whole.ptr);
			struct str next = json_raw(doc, json_next(doc, object, key));

			return str_part(whole, from, (size_t)(next.ptr - whole.ptr) - from);
		}
		before = json_value(key);
	}
	return STR("");
}

/* chat's older name of it is refused by models that think, its newer one by some providers. */
static struct str limit_key(const struct llm_request *r, const struct wire_change *change)
{
	if (r->dialect == LLM_RESPONSES)
		return STR("\"max_output_tokens\":");
	return r->dialect == LLM_CHAT && !change->says_max_tokens
	           ? STR("\"max_completion_tokens\":")
	           : STR("\"max_tokens\":");
}

static bool is_in_path_or_said(const struct json *doc, uint32_t key)
{
	return json_text_is(doc, key, STR("stream")) ||
	       json_text_is(doc, key, STR("anthropic_version")) ||
	       json_text_is(doc, key, STR("anthropic_beta"));
}

static size_t offset_of(const struct json *doc, struct str raw)
{
	return (size_t)(raw.ptr - doc->bytes.ptr);
}

/* A member goes with the comma in front of it, or with all up to the next one where none before it
 * stays: so neighbours that go never overlap. `model` stays as something else, so there is always
 * one that does. */
static void cut_member(struct wire_edits *e, const struct json *doc, uint32_t key,
                       const struct str *last)
{
	struct str raw = json_raw(doc, json_value(key));
	struct str next = json_raw(doc, json_next(doc, json_root(doc), key));
	size_t from = last ? offset_of(doc, *last) + last->len : offset_of(doc, json_raw(doc, key));
	size_t to = last ? offset_of(doc, raw) + raw.len : offset_of(doc, next);

	wire_edit_add(e, (struct wire_edit){.at = from, .cut = to - from});
}

static void cut_members(const struct llm_request *r, bool has_version, struct wire_edits *out)
{
	const struct json *doc = r->doc;
	struct str last = {0};
	bool stays = false;

	JSON_EACH(doc, json_root(doc), key)
	{
		bool goes =
		    field_names_others(doc, key) || (has_version && is_in_path_or_said(doc, key));

		if (goes)
			cut_member(out, doc, key, stays ? &last : NULL);
		stays = stays || !goes;
		last = json_raw(doc, json_value(key));
	}
}

/* In place of the model: the path has that. */
static void put_version(const struct llm_request *r, const struct wire_change *change,
                        struct arena *arena, struct wire_edits *out)
{
	const struct json *doc = r->doc;
	struct str value = json_raw(doc, r->model_node);
	struct str said =
	    ARENA_JOIN(arena, STR("\"anthropic_version\":\""), change->body_version, STR("\""));
	size_t from = 0;

	if (change->body_betas.len)
		said = ARENA_JOIN(arena, said, STR(",\"anthropic_beta\":"), change->body_betas);
	JSON_EACH(doc, json_root(doc), key)
	if (json_value(key) == r->model_node)
		from = offset_of(doc, json_raw(doc, key));
	wire_edit_add(out, (struct wire_edit){.at = from,
	                                      .cut = offset_of(doc, value) + value.len - from,
	                                      .put = said});
}

static void lower_limits(const struct llm_request *r, int64_t most, struct arena *arena,
                         struct wire_edits *out)
{
	const uint32_t nodes[] = {r->max_output_node, r->other_max_output_node};
	int64_t asked;

	for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
		bool is_low = json_i64(r->doc, nodes[i], 1, most, &asked) == 0;

		if (nodes[i] != JSON_NONE && !is_low)
			wire_edit_replace(out, r->doc, nodes[i], arena_i64(arena, most));
	}
}

void wire_edit_common(const struct llm_request *r, const struct wire_change *change,
                      struct arena *arena, struct wire_edits *out)
{
	*out = (struct wire_edits){0};
	if (change->body_version.len || r->names_others)
		cut_members(r, change->body_version.len > 0, out);
	if (change->body_version.len)
		put_version(r, change, arena, out);
	else
		wire_edit_replace(out, r->doc, r->model_node,
		                  ARENA_JOIN(arena, STR("\""), change->model, STR("\"")));
	if (change->max_output && r->max_output_node != JSON_NONE)
		lower_limits(r, change->max_output, arena, out);
	else if (change->max_output)
		wire_edit_add_member(
		    out, r->doc, json_root(r->doc),
		    ARENA_JOIN(arena, limit_key(r, change), arena_i64(arena, change->max_output)),
		    arena);
	calls_edit(r, &change->calls, arena, out);
}

void wire_edit_no_store(const struct llm_request *r, struct arena *arena, struct wire_edits *out)
{
	uint32_t root = json_root(r->doc);
	uint32_t store = json_get(r->doc, root, STR("store"));

	if (store != JSON_NONE)
		wire_edit_replace(out, r->doc, store, STR("false"));
	else
		wire_edit_add_member(out, r->doc, root, STR("\"store\":false"), arena);
}
