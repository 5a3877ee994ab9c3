/* The dialect of OpenAI responses.
 *
 * 	request   {"model","input": "..." | [items],"instructions","tools","stream",..}
 * 	answer    {"object":"response","model","output":[..],"usage":{"input_tokens",..}}
 * 	stream    event: response.created .. response.output_text.delta .. response.completed
 * 	          data: {"type":"response.completed","response":{the whole answer},..}
 *
 * input_tokens include cached ones, output_tokens include reasoning. What points at state that a
 * provider holds is refused: on a credential that accounts share, one could name another's
 * objects. Called through the dialect table. */
#include "wire/responses.h"

#include "wire/calls.h"
#include "wire/compact.h"
#include "wire/error.h"
#include "wire/field.h"
#include "wire/note.h"
#include "wire/strip.h"
#include "wire/usage.h"

/* ---- request ---- */

static int check_root_references(const struct field_source *s)
{
	static const struct str keys[] = {STR_INIT("previous_response_id"),
	                                  STR_INIT("conversation"), STR_INIT("prompt"),
	                                  STR_INIT("background"), STR_INIT("preset")};

	return field_check_references(s, json_root(s->doc), keys, sizeof keys / sizeof keys[0]);
}

/* https://platform.openai.com/docs/guides/tools-code-interpreter, tools-shell, image-generation */
static int check_tool_references(const struct field_source *s, uint32_t tools)
{
	static const struct str keys[] = {STR_INIT("vector_store_ids"), STR_INIT("container_id"),
	                                  STR_INIT("file_ids"), STR_INIT("file_id")};
	static const struct str inner[] = {STR_INIT("container"), STR_INIT("environment"),
	                                   STR_INIT("input_image_mask")};

	JSON_EACH(s->doc, tools, tool)
	{
		uint32_t container = json_get(s->doc, tool, STR("container"));

		if (json_type(s->doc, container) == JSON_STRING)
			return field_refuse_reference(s, container);
		if (field_check_references(s, tool, keys, 1) < 0)
			return -1;
		for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++)
			if (field_check_references(s, json_get(s->doc, tool, inner[i]), keys,
			                           sizeof keys / sizeof keys[0]) < 0)
				return -1;
	}
	return 0;
}

/* {"id"} alone is a reference too: "type" is optional there. So is an image without its bytes:
 * https://platform.openai.com/docs/guides/tools-image-generation#multi-turn-editing */
static bool is_reference(const struct json *doc, uint32_t item)
{
	uint32_t type = json_get(doc, item, STR("type"));
	bool has_id = json_get(doc, item, STR("id")) != JSON_NONE;

	if (json_text_is(doc, type, STR("image_generation_call")))
		return has_id && field_raw_text(doc, json_get(doc, item, STR("result"))).len == 0;
	if (type == JSON_NONE || json_is_null(doc, type))
		return has_id && json_get(doc, item, STR("role")) == JSON_NONE;
	return json_text_is(doc, type, STR("item_reference"));
}

static int check_item_references(const struct field_source *s, uint32_t item)
{
	static const struct str keys[] = {STR_INIT("file_id")}; /* a picture of the screen */

	if (is_reference(s->doc, item))
		return field_refuse_reference(s, item);
	if (check_tool_references(s, json_get(s->doc, item, STR("tools"))) < 0)
		return -1;
	return field_check_references(s, json_get(s->doc, item, STR("output")), keys, 1);
}

static int read_part(const struct field_source *s, struct turn_list *turns, struct llm_request *r,
                     uint32_t part)
{
	static const struct str keys[] = {STR_INIT("file_id")};
	uint32_t type = json_get(s->doc, part, STR("type"));

	if (field_check_references(s, part, keys, 1) < 0)
		return -1;
	if (json_text_is(s->doc, type, STR("input_file")))
		field_note_document(s, r, part, STR("file_data"));
	else if (json_text_is(s->doc, type, STR("input_audio")))
		field_note_dense(r, (int64_t)json_raw(s->doc, part).len);
	if (json_text_is(s->doc, type, STR("input_image")))
		field_note_image(s, r, json_get(s->doc, part, STR("image_url")));
	else if (json_text_is(s->doc, type, STR("input_audio")))
		r->audios++;
	else if (json_text_is(s->doc, type, STR("input_file")))
		r->files++;
	else {
		field_note_address(s, r, part);
		turn_add_text(turns, field_raw_text(s->doc, json_get(s->doc, part, STR("text"))));
	}
	return 0;
}

static int read_content(const struct field_source *s, struct turn_list *turns,
                        struct llm_request *r, uint32_t content)
{
	if (json_type(s->doc, content) == JSON_STRING)
		turn_add_text(turns, field_raw_text(s->doc, content));
	else
		JSON_EACH(s->doc, content, part)
	if (read_part(s, turns, r, part) < 0)
		return -1;
	return 0;
}

static enum llm_role role_of(const struct json *doc, uint32_t role)
{
	if (json_text_is(doc, role, STR("assistant")))
		return LLM_ASSISTANT;
	return json_text_is(doc, role, STR("user")) ? LLM_USER : LLM_SYSTEM;
}

/* Several calls in a row are one turn of the assistant. */
static void add_call(const struct field_source *s, struct turn_list *turns, uint32_t item)
{
	uint32_t arguments = json_get(s->doc, item, STR("arguments"));

	if (turns->count == 0 || turns->turns[turns->count - 1].role != LLM_ASSISTANT)
		turn_add(turns, LLM_ASSISTANT);
	if (arguments == JSON_NONE)
		arguments = json_get(s->doc, item, STR("input"));
	turn_add_call(turns, field_raw_text(s->doc, json_get(s->doc, item, STR("name"))),
	              field_raw_text(s->doc, arguments));
}

static void read_compaction(const struct field_source *s, struct turn_list *turns,
                            struct llm_request *r, uint32_t item)
{
	struct str summary = compact_summary(s->doc, item);

	if (!r->compaction && compact_is_trigger(s->doc, item))
		r->compaction = LLM_COMPACTION_ITEM;
	if (summary.len == 0)
		return;
	r->summaries++;
	turn_add(turns, LLM_USER);
	turn_add_text(turns, summary);
}

static int read_item(const struct field_source *s, struct turn_list *turns, struct llm_request *r,
                     uint32_t item)
{
	uint32_t type = json_get(s->doc, item, STR("type"));
	uint32_t role = json_get(s->doc, item, STR("role"));

	if (check_item_references(s, item) < 0)
		return -1;
	if (json_text_is(s->doc, type, STR("additional_tools"))) /* Codex, with newer models */
		calls_read(s, r, json_get(s->doc, item, STR("tools")));
	field_note_json(r, (int64_t)json_raw(s->doc, json_get(s->doc, item, STR("tools"))).len);
	if (role != JSON_NONE) {
		turn_add(turns, role_of(s->doc, role));
		return read_content(s, turns, r, json_get(s->doc, item, STR("content")));
	}
	if (json_get(s->doc, item, STR("output")) != JSON_NONE) {
		uint32_t output = json_get(s->doc, item, STR("output"));

		turn_add(turns, LLM_TOOL);
		if (json_text_is(s->doc, type, STR("computer_call_output")))
			field_note_image(s, r, json_get(s->doc, output, STR("image_url")));
		return read_content(s, turns, r, output);
	}
	if (json_get(s->doc, item, STR("call_id")) != JSON_NONE)
		add_call(s, turns, item);
	strip_note(r, s->doc, item);
	read_compaction(s, turns, r, item);
	return 0;
}

static int read_input(const struct field_source *s, struct turn_list *turns, struct llm_request *r)
{
	uint32_t input = field_get(s, json_root(s->doc), STR("input"));

	if (input == JSON_NONE)
		return fail_at(s->fail, FAIL_MISSING_FIELD, STR("input"),
		               "input is missing; it must be a string or an array of items");
	if (json_type(s->doc, input) == JSON_STRING) {
		turn_add(turns, LLM_USER);
		turn_add_text(turns, field_raw_text(s->doc, input));
		return 0;
	}
	if (json_type(s->doc, input) != JSON_ARRAY)
		return fail_at(s->fail, FAIL_INVALID_VALUE, STR("input"),
		               "input is %s; it must be a string or an array of items",
		               json_type_name(json_type(s->doc, input)));
	JSON_EACH(s->doc, input, item)
	if (read_item(s, turns, r, item) < 0)
		return -1;
	return 0;
}

static int read_conversation(const struct field_source *s, struct llm_request *r)
{
	struct turn_list turns = {.arena = s->arena};
	uint32_t instructions = json_get(s->doc, json_root(s->doc), STR("instructions"));

	if (json_type(s->doc, instructions) == JSON_STRING) {
		turn_add(&turns, LLM_SYSTEM);
		turn_add_text(&turns, field_raw_text(s->doc, instructions));
	}
	if (read_input(s, &turns, r) < 0)
		return -1;
	field_keep_turns(&turns, r);
	return 0;
}

static int read_options(const struct field_source *s, struct llm_request *r)
{
	const struct json *doc = s->doc;
	uint32_t root = json_root(doc), reasoning, text, format;
	bool store = true;

	r->max_output_node = field_get(s, root, STR("max_output_tokens"));
	if (field_count(s, root, STR("max_output_tokens"), 1, &r->max_output) < 0 ||
	    field_bool(s, root, STR("store"), &store) < 0 ||
	    field_typed(s, root, STR("reasoning"), JSON_OBJECT, &reasoning) < 0 ||
	    field_effort(s, reasoning, STR("effort"), &r->effort) < 0 ||
	    field_typed(s, root, STR("text"), JSON_OBJECT, &text) < 0)
		return -1;
	r->no_store = !store;
	format = json_get(doc, text, STR("format"));
	if (json_text_is(doc, json_get(doc, format, STR("type")), STR("json_schema"))) {
		r->needs |= LLM_CAN_JSON_SCHEMA;
		r->schema_bytes = (int64_t)json_raw(doc, format).len;
	}
	r->session = json_text(doc, json_get(doc, root, STR("prompt_cache_key")), s->arena);
	return 0;
}

static int read_request(const struct json *doc, struct arena *arena, struct llm_request *out,
                        struct fail *f)
{
	struct field_source s = {doc, arena, f};
	uint32_t tools = json_get(doc, json_root(doc), STR("tools"));

	out->dialect = LLM_RESPONSES;
	if (field_common(&s, out) < 0 || check_root_references(&s) < 0 ||
	    check_tool_references(&s, tools) < 0 || read_conversation(&s, out) < 0 ||
	    read_options(&s, out) < 0)
		return -1;
	field_tools(&s, out, tools);
	calls_read(&s, out, tools);
	calls_read_root(&s, out);
	field_needs(out);
	return 0;
}

static void edit_request(const struct llm_request *r, const struct wire_change *change,
                         struct arena *arena, struct wire_edits *out)
{
	wire_edit_common(r, change, arena, out);
	if (change->no_store && !r->no_store)
		wire_edit_no_store(r, arena, out);
}

/* ---- answer ---- */

static void read_response(const struct json *doc, uint32_t response, struct wire_noting *n,
                          struct str *out_usage)
{
	uint32_t usage = json_get(doc, response, STR("usage"));

	note_model(n, doc, json_get(doc, response, STR("model")));
	usage_note_service(doc, json_get(doc, response, STR("service_tier")),
	                   &n->meter->usage.service);
	if (json_type(doc, usage) == JSON_OBJECT) {
		usage_read_responses(doc, usage, json_get(doc, response, STR("output")),
		                     &n->meter->usage);
		n->meter->has_usage = n->meter->usage.reported;
		*out_usage = n->meter->has_usage ? json_raw(doc, usage) : STR("");
	}
}

/* A response may have failed under a status of 200; what it used is billed all the same. */
static int read_answer(const struct json *doc, struct wire_noting *n, struct str *out_usage)
{
	if (json_type(doc, json_get(doc, json_root(doc), STR("output"))) != JSON_ARRAY)
		return -1;
	read_response(doc, json_root(doc), n, out_usage);
	return json_text_is(doc, json_get(doc, json_root(doc), STR("status")), STR("failed")) ? -1
	                                                                                      : 0;
}

/* ---- stream ---- */

static enum wire_kind kind_of(const struct json *doc, uint32_t type)
{
	static const struct {
		struct str name;
		enum wire_kind kind;
	} kinds[] = {
	    {STR_INIT("response.created"), WIRE_LIFECYCLE},
	    {STR_INIT("response.queued"), WIRE_LIFECYCLE},
	    {STR_INIT("response.in_progress"), WIRE_LIFECYCLE},
	    {STR_INIT("response.completed"), WIRE_END},
	    {STR_INIT("response.incomplete"), WIRE_END},
	    {STR_INIT("response.failed"), WIRE_ERROR},
	    {STR_INIT("error"), WIRE_ERROR},
	};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (json_text_is(doc, type, kinds[i].name))
			return kinds[i].kind;
	return WIRE_CONTENT;
}

/* A message that was only begun, or a part of it, says nothing yet. */
static bool opens_empty_text(const struct json *doc, uint32_t root)
{
	uint32_t type = json_get(doc, root, STR("type"));
	uint32_t item = json_get(doc, root, STR("item")), part = json_get(doc, root, STR("part"));

	if (json_text_is(doc, type, STR("response.output_item.added")))
		return json_text_is(doc, json_get(doc, item, STR("type")), STR("message")) &&
		       json_count(doc, json_get(doc, item, STR("content"))) == 0;
	return json_text_is(doc, type, STR("response.content_part.added")) &&
	       json_text_is(doc, json_get(doc, part, STR("text")), STR(""));
}

static void note_event(struct wire_noting *n, const struct sse_event *e, struct wire_note *out)
{
	const struct json *doc = n->scratch;

	*out = (struct wire_note){.kind = WIRE_LIFECYCLE};
	if (note_is_plain_content(n, e->data)) {
		out->kind = WIRE_CONTENT;
	} else if (note_parse(n, e->data)) {
		out->kind = kind_of(doc, json_get(doc, json_root(doc), STR("type")));
		if (out->kind == WIRE_CONTENT && opens_empty_text(doc, json_root(doc)))
			out->kind = WIRE_LIFECYCLE;
		read_response(doc, json_get(doc, json_root(doc), STR("response")), n, &out->usage);
	}
	note_count_content(n, out->kind, e);
}

const struct dialect wire_responses = {
    .name = STR_INIT("responses"),
    .read_request = read_request,
    .edit_request = edit_request,
    .read_answer = read_answer,
    .note_event = note_event,
    .put_error = error_put_openai,
    .put_stream_error = error_put_responses_event,
};
