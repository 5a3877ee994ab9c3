/* The dialect of OpenAI chat completions.
 *
 * 	request   {"model","messages":[{"role","content": "..." | [{"type":"text","text"}]}],..}
 * 	answer    {"model","choices":[{"message"}],"usage":{"prompt_tokens","completion_tokens",..}}
 * 	stream    data: {"choices":[{"delta":{..},"finish_reason":null}]} ..
 * 	          data: {"choices":[],"usage":{..}}
 * 	          data: [DONE]
 *
 * prompt_tokens include cached ones, completion_tokens include reasoning. With
 * stream_options.include_usage every chunk has "usage":null but one, which has no choices and
 * the figures; providers differ (on every chunk, on the last, never): the last one counts, never
 * a sum. Called through the dialect table. */
#include "wire/chat.h"

#include "wire/calls.h"
#include "wire/chat_talk.h"
#include "wire/error.h"
#include "wire/field.h"
#include "wire/note.h"
#include "wire/usage.h"

/* ---- request ---- */

static int read_part(const struct field_source *s, struct turn_list *turns, struct llm_request *r,
                     uint32_t part)
{
	static const struct str keys[] = {STR_INIT("file_id")};
	uint32_t type = json_get(s->doc, part, STR("type"));
	uint32_t image = json_get(s->doc, part, STR("image_url"));

	if (field_check_references(s, json_get(s->doc, part, STR("file")), keys, 1) < 0)
		return -1;
	if (json_text_is(s->doc, type, STR("file")))
		field_note_document(s, r, json_get(s->doc, part, STR("file")), STR("file_data"));
	else if (json_text_is(s->doc, type, STR("input_audio")))
		field_note_document(s, r, json_get(s->doc, part, STR("input_audio")), STR("data"));
	if (json_text_is(s->doc, type, STR("image_url")))
		field_note_image(s, r, json_type(s->doc, image) == JSON_STRING
		                           ? image
		                           : json_get(s->doc, image, STR("url")));
	else if (json_text_is(s->doc, type, STR("input_audio")))
		r->audios++;
	else if (json_text_is(s->doc, type, STR("file")))
		r->files++;
	else {
		field_note_address(s, r, part);
		turn_add_text(turns, field_raw_text(s->doc, json_get(s->doc, part, STR("text"))));
	}
	return 0;
}

static enum llm_role role_of(const struct json *doc, uint32_t role)
{
	if (json_text_is(doc, role, STR("user")))
		return LLM_USER;
	if (json_text_is(doc, role, STR("assistant")))
		return LLM_ASSISTANT;
	if (json_text_is(doc, role, STR("tool")) || json_text_is(doc, role, STR("function")))
		return LLM_TOOL;
	return LLM_SYSTEM;
}

static void read_calls(const struct field_source *s, struct turn_list *turns, uint32_t calls)
{
	JSON_EACH(s->doc, calls, call)
	{
		uint32_t function = json_get(s->doc, call, STR("function"));

		turn_add_call(turns,
		              field_raw_text(s->doc, json_get(s->doc, function, STR("name"))),
		              field_raw_text(s->doc, json_get(s->doc, function, STR("arguments"))));
	}
}

static int read_message(const struct field_source *s, struct turn_list *turns,
                        struct llm_request *r, uint32_t message)
{
	uint32_t content = field_get(s, message, STR("content"));
	struct str role;

	if (field_need_text(s, message, STR("role"), &role) < 0)
		return -1;
	turn_add(turns, role_of(s->doc, json_get(s->doc, message, STR("role"))));
	if (json_type(s->doc, content) == JSON_STRING)
		turn_add_text(turns, field_raw_text(s->doc, content));
	else
		JSON_EACH(s->doc, content, part)
	if (read_part(s, turns, r, part) < 0)
		return -1;
	read_calls(s, turns, json_get(s->doc, message, STR("tool_calls")));
	if (field_get(s, message, STR("audio")) != JSON_NONE) /* {"id"}: an answer of before */
		field_note_document(s, r, json_get(s->doc, message, STR("audio")), STR("data"));
	return 0;
}

static int read_messages(const struct field_source *s, struct llm_request *r)
{
	struct turn_list turns = {.arena = s->arena};
	uint32_t messages;

	if (field_need(s, json_root(s->doc), STR("messages"), JSON_ARRAY, &messages) < 0)
		return -1;
	JSON_EACH(s->doc, messages, message)
	if (read_message(s, &turns, r, message) < 0)
		return -1;
	if (turns.count == 0)
		return fail_at(s->fail, FAIL_INVALID_VALUE, STR("messages"),
		               "messages is empty; give at least one message");
	field_keep_turns(&turns, r);
	return 0;
}

static int read_limits(const struct field_source *s, struct llm_request *r)
{
	uint32_t root = json_root(s->doc);
	struct str newer = STR("max_completion_tokens"), older = STR("max_tokens");
	bool has_newer = field_get(s, root, newer) != JSON_NONE;
	int64_t other = 0;

	r->max_output_node = field_get(s, root, has_newer ? newer : older);
	r->other_max_output_node = has_newer ? field_get(s, root, older) : JSON_NONE;
	if (field_count(s, root, older, 1, &other) < 0)
		return -1;
	r->max_output = other;
	if (field_count(s, root, newer, 1, &r->max_output) < 0)
		return -1;
	if (other > r->max_output) /* nobody knows which of them a provider obeys */
		r->max_output = other;
	return field_count(s, root, STR("n"), 1, &r->choices);
}

static int read_options(const struct field_source *s, struct llm_request *r)
{
	const struct json *doc = s->doc;
	uint32_t root = json_root(doc), options, format, stop = field_get(s, root, STR("stop"));
	bool store = true;

	if (field_typed(s, root, STR("stream_options"), JSON_OBJECT, &options) < 0 ||
	    field_bool(s, options, STR("include_usage"), &r->wants_stream_usage) < 0 ||
	    field_bool(s, root, STR("store"), &store) < 0 ||
	    field_bool(s, root, STR("logprobs"), &r->logprobs) < 0 ||
	    field_effort(s, root, STR("reasoning_effort"), &r->effort) < 0 ||
	    field_typed(s, root, STR("response_format"), JSON_OBJECT, &format) < 0)
		return -1;
	r->no_store = !store;
	r->stops =
	    json_type(doc, stop) == JSON_ARRAY ? (int)json_count(doc, stop) : stop != JSON_NONE;
	if (json_text_is(doc, json_get(doc, format, STR("type")), STR("json_schema"))) {
		r->needs |= LLM_CAN_JSON_SCHEMA;
		r->schema_bytes = (int64_t)json_raw(doc, format).len;
	}
	r->session = json_text(doc, json_get(doc, root, STR("prompt_cache_key")), s->arena);
	r->predicted_bytes = (int64_t)json_raw(doc, field_get(s, root, STR("prediction"))).len;
	return 0;
}

/* OpenRouter's presets, answers of xAI's that are to be fetched later, what Gemini has cached:
 * https://ai.google.dev/gemini-api/docs/openai, "extra_body",
 * https://openrouter.ai/docs/guides/features/presets,
 * https://docs.x.ai/docs/guides/deferred-chat-completions */
static int check_root_references(const struct field_source *s)
{
	static const struct str keys[] = {STR_INIT("preset"), STR_INIT("deferred")};
	static const struct str cached[] = {STR_INIT("cached_content")};
	uint32_t root = json_root(s->doc), extra = json_get(s->doc, root, STR("extra_body"));

	if (field_check_references(s, json_get(s->doc, extra, STR("google")), cached, 1) < 0)
		return -1;
	return field_check_references(s, root, keys, sizeof keys / sizeof keys[0]);
}

static int read_request(const struct json *doc, struct arena *arena, struct llm_request *out,
                        struct fail *f)
{
	struct field_source s = {doc, arena, f};

	out->dialect = LLM_CHAT;
	if (field_common(&s, out) < 0 || check_root_references(&s) < 0 ||
	    read_messages(&s, out) < 0 || read_limits(&s, out) < 0 || read_options(&s, out) < 0)
		return -1;
	field_tools(&s, out, json_get(doc, json_root(doc), STR("tools")));
	calls_read(&s, out, json_get(doc, json_root(doc), STR("tools")));
	calls_read_root(&s, out);
	field_needs(out);
	return 0;
}

static void edit_stream_options(const struct llm_request *r, struct arena *arena,
                                struct wire_edits *out)
{
	uint32_t root = json_root(r->doc);
	uint32_t options = json_get(r->doc, root, STR("stream_options"));
	uint32_t usage = json_get(r->doc, options, STR("include_usage"));

	if (usage != JSON_NONE)
		wire_edit_replace(out, r->doc, usage, STR("true"));
	else if (json_type(r->doc, options) == JSON_OBJECT)
		wire_edit_add_member(out, r->doc, options, STR("\"include_usage\":true"), arena);
	else if (options != JSON_NONE)
		wire_edit_replace(out, r->doc, options, STR("{\"include_usage\":true}"));
	else
		wire_edit_add_member(out, r->doc, root,
		                     STR("\"stream_options\":{\"include_usage\":true}"), arena);
}

static void edit_request(const struct llm_request *r, const struct wire_change *change,
                         struct arena *arena, struct wire_edits *out)
{
	wire_edit_common(r, change, arena, out);
	if (change->meter_stream && r->stream && !r->wants_stream_usage)
		edit_stream_options(r, arena, out);
	if (change->no_store && !r->no_store)
		wire_edit_no_store(r, arena, out);
}

/* ---- answer ---- */

static void read_usage(struct wire_noting *n, uint32_t usage)
{
	usage_read_chat(n->scratch, usage, n->counts_rest, &n->meter->usage);
	n->meter->has_usage = n->meter->usage.reported;
}

static bool choices_went_wrong(const struct json *doc, uint32_t choices)
{
	JSON_EACH(doc, choices, choice)
	if (chat_went_wrong(doc, choice))
		return true;
	return false;
}

static int read_answer(const struct json *doc, struct wire_noting *n, struct str *out_usage)
{
	uint32_t usage = json_get(doc, json_root(doc), STR("usage"));
	uint32_t choices = json_get(doc, json_root(doc), STR("choices"));

	if (json_type(doc, choices) != JSON_ARRAY || choices_went_wrong(doc, choices))
		return -1;
	note_model(n, doc, json_get(doc, json_root(doc), STR("model")));
	if (json_type(doc, usage) == JSON_OBJECT) {
		read_usage(n, usage);
		*out_usage = n->meter->has_usage ? json_raw(doc, usage) : STR("");
	}
	return 0;
}

/* ---- stream ---- */

/* Anything in a delta but the role, and any value but null and "" and [], is content. */
static bool has_content(const struct json *doc, uint32_t choice)
{
	uint32_t delta = json_get(doc, choice, STR("delta"));

	if (json_type(doc, json_get(doc, choice, STR("finish_reason"))) == JSON_STRING)
		return true;
	JSON_EACH(doc, delta, key)
	if (!json_text_is(doc, key, STR("role")) && json_raw(doc, json_value(key)).len > 2 &&
	    !json_is_null(doc, json_value(key)))
		return true;
	return false;
}

static void note_choices(struct wire_noting *n, struct wire_note *out, uint32_t choices)
{
	JSON_EACH(n->scratch, choices, choice)
	if (has_content(n->scratch, choice))
		out->kind = WIRE_CONTENT;
}

static void note_usage(struct wire_noting *n, struct wire_note *out, uint32_t choices)
{
	const struct json *doc = n->scratch;
	uint32_t usage = usage_of_chat(doc);

	if (json_type(doc, usage) == JSON_OBJECT) {
		read_usage(n, usage);
		out->usage = n->meter->has_usage ? json_raw(doc, usage) : STR("");
		out->is_usage_only = json_count(doc, choices) == 0;
	} else if (json_is_null(doc, usage) && n->hides_usage) {
		out->null_usage = note_member_with_comma(doc, json_root(doc), usage);
	}
}

static void note_chunk(struct wire_noting *n, struct wire_note *out)
{
	const struct json *doc = n->scratch;
	uint32_t root = json_root(doc);
	uint32_t choices = json_get(doc, root, STR("choices"));
	uint32_t error = json_get(doc, root, STR("error"));

	note_model(n, doc, json_get(doc, root, STR("model")));
	usage_note_service(doc, json_get(doc, root, STR("service_tier")), &n->meter->usage.service);
	note_choices(n, out, choices);
	note_usage(n, out, choices);
	if (choices_went_wrong(doc, choices) || (error != JSON_NONE && !json_is_null(doc, error)) ||
	    json_text_is(doc, json_get(doc, root, STR("object")), STR("error"))) /* vLLM */
		out->kind = WIRE_ERROR;
}

/* Where usage was asked for, OpenAI ends every chunk but one with a null. What stands right before
 * the root's closing brace is a member of the root, so it can be cut without reading the chunk. */
static bool is_plain_chunk(struct wire_noting *n, struct str data, struct wire_note *out)
{
	struct str null = STR(",\"usage\":null");
	struct str body = data;

	if (str_ends_with(data, STR(",\"usage\":null}")))
		body = str_part(data, 0, data.len - null.len - 1);
	if (!note_is_plain_content(n, body))
		return false;
	if (body.len < data.len && n->hides_usage)
		out->null_usage = str_part(data, body.len, null.len);
	return true;
}

static void note_event(struct wire_noting *n, const struct sse_event *e, struct wire_note *out)
{
	*out = (struct wire_note){.kind = WIRE_LIFECYCLE};
	if (str_eq(str_trim(e->data), STR("[DONE]")))
		out->kind = WIRE_END;
	else if (is_plain_chunk(n, e->data, out))
		out->kind = WIRE_CONTENT;
	else if (note_parse(n, e->data))
		note_chunk(n, out);
	note_count_content(n, out->kind, e);
}

const struct dialect wire_chat = {
    .name = STR_INIT("chat"),
    .read_request = read_request,
    .edit_request = edit_request,
    .read_answer = read_answer,
    .note_event = note_event,
    .put_error = error_put_openai,
    .put_stream_error = error_put_chat_event,
};
