/* The dialect of Anthropic messages.
 *
 * 	request   {"model","max_tokens","system": "..." | [..],"messages":[{"role","content"}],..}
 * 	answer    {"type":"message","model","content":[..],"usage":{"input_tokens",..}}
 * 	stream    event: message_start         data: {"message":{..,"usage":{the input}}}
 * 	          event: content_block_start / _delta / _stop, ping
 * 	          event: message_delta         data: {"delta":{..},"usage":{cumulative counts}}
 * 	          event: message_stop
 *
 * input_tokens exclude cached and cache-written ones. Counts in message_delta are cumulative:
 * they replace those of message_start, and what it does not name stays. Called through the
 * dialect table. */
#include "wire/messages.h"

#include "wire/calls.h"
#include "wire/error.h"
#include "wire/field.h"
#include "wire/note.h"
#include "wire/strip.h"
#include "wire/usage.h"

/* ---- request ---- */

static struct str member_text(const struct field_source *s, uint32_t object, struct str key)
{
	return field_raw_text(s->doc, json_get(s->doc, object, key));
}

static void count_image(const struct field_source *s, struct llm_request *r, uint32_t block)
{
	if (json_text_is(s->doc, json_get(s->doc, block, STR("type")), STR("image")))
		field_note_image(
		    s, r, json_get(s->doc, json_get(s->doc, block, STR("source")), STR("data")));
}

/* {"type":"file","file_id"} as a source; container_upload has its own. */
static int check_file(const struct field_source *s, uint32_t object)
{
	static const struct str keys[] = {STR_INIT("file_id")};

	return field_check_references(s, object, keys, 1);
}

/* A document may be made of blocks, with images among them. */
static int count_document(const struct field_source *s, struct llm_request *r, uint32_t source)
{
	uint32_t content = json_get(s->doc, source, STR("content"));
	int64_t images = r->image_bytes;

	r->files++;
	if (content == JSON_NONE) {
		field_note_document(s, r, source, STR("data"));
		return 0;
	}
	if (json_type(s->doc, content) == JSON_ARRAY)
		JSON_EACH(s->doc, content, block)
		{
			if (check_file(s, json_get(s->doc, block, STR("source"))) < 0)
				return -1;
			count_image(s, r, block);
		}
	field_note_dense(r, (int64_t)json_raw(s->doc, content).len - (r->image_bytes - images));
	return 0;
}

/* What has a source and is neither, such as a video of other providers, is a document too. */
static int count_media(const struct field_source *s, struct llm_request *r, uint32_t block)
{
	uint32_t type = json_get(s->doc, block, STR("type"));
	uint32_t source = json_get(s->doc, block, STR("source"));

	if (check_file(s, block) < 0 || check_file(s, source) < 0)
		return -1;
	if (json_text_is(s->doc, type, STR("document")))
		return count_document(s, r, source);
	if (json_text_is(s->doc, type, STR("image")))
		count_image(s, r, block);
	else if (json_type(s->doc, source) == JSON_OBJECT)
		field_note_document(s, r, source, STR("data"));
	return 0;
}

static int add_texts(const struct field_source *s, struct turn_list *turns, struct llm_request *r,
                     uint32_t content)
{
	if (json_type(s->doc, content) == JSON_STRING) {
		turn_add_text(turns, field_raw_text(s->doc, content));
		return 0;
	}
	JSON_EACH(s->doc, content, block)
	{
		if (count_media(s, r, block) < 0)
			return -1;
		turn_add_text(turns, member_text(s, block, STR("text")));
	}
	return 0;
}

static int add_tool_result(const struct field_source *s, struct turn_list *turns,
                           struct llm_request *r, uint32_t block)
{
	struct llm_turn *turn = turn_add(turns, LLM_TOOL);

	if (field_bool(s, block, STR("is_error"), &turn->is_error) < 0)
		return -1;
	return add_texts(s, turns, r, json_get(s->doc, block, STR("content")));
}

/* A block beside tool results goes to a turn of its role: the newest, if it is that. */
static int add_block(const struct field_source *s, struct turn_list *turns, struct llm_request *r,
                     enum llm_role role, uint32_t block)
{
	uint32_t type = json_get(s->doc, block, STR("type"));
	struct str input = json_raw(s->doc, json_get(s->doc, block, STR("input")));

	if (turns->count == 0 || turns->turns[turns->count - 1].role != role)
		turn_add(turns, role);
	if (count_media(s, r, block) < 0)
		return -1;
	strip_note(r, s->doc, block);
	if (json_text_is(s->doc, type, STR("tool_use")))
		turn_add_call(turns, member_text(s, block, STR("name")), input);
	else
		turn_add_text(turns, member_text(s, block, STR("text")));
	return 0;
}

static enum llm_role role_of(const struct json *doc, uint32_t role)
{
	if (json_text_is(doc, role, STR("assistant")))
		return LLM_ASSISTANT;
	return json_text_is(doc, role, STR("system")) ? LLM_SYSTEM : LLM_USER;
}

static int read_blocks(const struct field_source *s, struct turn_list *turns, struct llm_request *r,
                       enum llm_role role, uint32_t content)
{
	int before = turns->count;

	JSON_EACH(s->doc, content, block)
	{
		uint32_t type = json_get(s->doc, block, STR("type"));

		if (json_text_is(s->doc, type, STR("tool_result"))) {
			if (add_tool_result(s, turns, r, block) < 0)
				return -1;
			continue;
		}
		if (turns->count == before)
			turn_add(turns, role);
		if (add_block(s, turns, r, role, block) < 0)
			return -1;
	}
	return 0;
}

static int read_message(const struct field_source *s, struct turn_list *turns,
                        struct llm_request *r, uint32_t message)
{
	uint32_t content = field_get(s, message, STR("content"));
	enum llm_role role = role_of(s->doc, json_get(s->doc, message, STR("role")));
	struct str word;

	if (field_need_text(s, message, STR("role"), &word) < 0)
		return -1;
	if (json_type(s->doc, content) == JSON_ARRAY)
		return read_blocks(s, turns, r, role, content);
	turn_add(turns, role);
	turn_add_text(turns, field_raw_text(s->doc, content));
	return 0;
}

static int read_messages(const struct field_source *s, struct llm_request *r)
{
	struct turn_list turns = {.arena = s->arena};
	uint32_t rules = field_get(s, json_root(s->doc), STR("system"));
	uint32_t messages;

	if (field_need(s, json_root(s->doc), STR("messages"), JSON_ARRAY, &messages) < 0)
		return -1;
	if (json_count(s->doc, messages) == 0)
		return fail_at(s->fail, FAIL_INVALID_VALUE, STR("messages"),
		               "messages is empty; give at least one message");
	if (rules != JSON_NONE) {
		turn_add(&turns, LLM_SYSTEM);
		if (add_texts(s, &turns, r, rules) < 0)
			return -1;
	}
	JSON_EACH(s->doc, messages, message)
	if (read_message(s, &turns, r, message) < 0)
		return -1;
	field_keep_turns(&turns, r);
	return 0;
}

static int read_thinking(const struct field_source *s, struct llm_request *r)
{
	uint32_t root = json_root(s->doc), thinking, output;

	if (field_typed(s, root, STR("thinking"), JSON_OBJECT, &thinking) < 0 ||
	    field_count(s, thinking, STR("budget_tokens"), 0, &r->thinking_budget) < 0 ||
	    field_typed(s, root, STR("output_config"), JSON_OBJECT, &output) < 0 ||
	    field_effort(s, output, STR("effort"), &r->effort) < 0)
		return -1;
	if (r->effort == LLM_EFFORT_UNSET &&
	    json_text_is(s->doc, json_get(s->doc, thinking, STR("type")), STR("disabled")))
		r->effort = LLM_EFFORT_NONE;
	return 0;
}

static void read_schema(const struct field_source *s, struct llm_request *r)
{
	uint32_t root = json_root(s->doc);
	uint32_t output = json_get(s->doc, root, STR("output_config"));
	uint32_t format = json_get(s->doc, output, STR("format"));

	if (format == JSON_NONE)
		format = json_get(s->doc, root, STR("output_format"));
	if (json_text_is(s->doc, json_get(s->doc, format, STR("type")), STR("json_schema"))) {
		r->needs |= LLM_CAN_JSON_SCHEMA;
		r->schema_bytes = (int64_t)json_raw(s->doc, format).len;
	}
}

/* Message threads live at one provider; the SDK replays the whole history when told so. */
static int refuse_thread(const struct field_source *s)
{
	if (field_get(s, json_root(s->doc), STR("thread")) == JSON_NONE)
		return 0;
	return fail_at(s->fail, FAIL_THREADS_UNSUPPORTED, STR("thread"),
	               "thread is not served here; send the whole conversation in messages");
}

static int read_request(const struct json *doc, struct arena *arena, struct llm_request *out,
                        struct fail *f)
{
	struct field_source s = {doc, arena, f};
	uint32_t root = json_root(doc), limit;

	out->dialect = LLM_MESSAGES;
	if (field_common(&s, out) < 0 || refuse_thread(&s) < 0 || read_messages(&s, out) < 0 ||
	    (out->is_counted_only
	         ? field_typed(&s, root, STR("max_tokens"), JSON_NUMBER, &limit)
	         : field_need(&s, root, STR("max_tokens"), JSON_NUMBER, &limit)) < 0 ||
	    field_count(&s, root, STR("max_tokens"), 0, &out->max_output) < 0 ||
	    read_thinking(&s, out) < 0)
		return -1;
	out->max_output_node = limit;
	read_schema(&s, out);
	out->stops = (int)json_count(doc, json_get(doc, root, STR("stop_sequences")));
	out->session = json_text(
	    doc, json_get(doc, json_get(doc, root, STR("metadata")), STR("user_id")), arena);
	field_tools(&s, out, json_get(doc, root, STR("tools")));
	calls_read(&s, out, json_get(doc, root, STR("tools")));
	calls_read_root(&s, out);
	field_needs(out);
	return 0;
}

/* ---- answer ---- */

static void read_usage(struct wire_noting *n, uint32_t usage, bool is_final)
{
	usage_read_messages(n->scratch, usage, is_final, &n->meter->told, &n->meter->usage);
	n->meter->has_usage = n->meter->usage.reported;
}

static int read_answer(const struct json *doc, struct wire_noting *n, struct str *out_usage)
{
	uint32_t usage = json_get(doc, json_root(doc), STR("usage"));

	if (json_type(doc, json_get(doc, json_root(doc), STR("content"))) != JSON_ARRAY)
		return -1;
	note_model(n, doc, json_get(doc, json_root(doc), STR("model")));
	if (json_type(doc, usage) == JSON_OBJECT) {
		read_usage(n, usage, true);
		*out_usage = n->meter->has_usage ? json_raw(doc, usage) : STR("");
	}
	return 0;
}

/* ---- stream ---- */

/* The input is known from message_start on, the output only with message_delta. */
static void note_usage(struct wire_noting *n, uint32_t usage, bool is_final, struct wire_note *out)
{
	if (json_type(n->scratch, usage) != JSON_OBJECT)
		return;
	read_usage(n, usage, is_final);
	out->usage = json_raw(n->scratch, usage);
}

/* A text that begins with nothing says nothing yet. */
static bool opens_empty_text(const struct json *doc, uint32_t root)
{
	uint32_t block = json_get(doc, root, STR("content_block"));

	return json_text_is(doc, json_get(doc, block, STR("type")), STR("text")) &&
	       json_text_is(doc, json_get(doc, block, STR("text")), STR(""));
}

static void note_typed(struct wire_noting *n, struct wire_note *out)
{
	const struct json *doc = n->scratch;
	uint32_t root = json_root(doc), type = json_get(doc, root, STR("type"));
	uint32_t message = json_get(doc, root, STR("message"));

	if (json_text_is(doc, type, STR("message_start"))) {
		note_model(n, doc, json_get(doc, message, STR("model")));
		note_usage(n, json_get(doc, message, STR("usage")), false, out);
	} else if (json_text_is(doc, type, STR("message_delta"))) {
		out->kind = WIRE_CONTENT;
		note_usage(n, json_get(doc, root, STR("usage")), true, out);
	} else if (json_text_is(doc, type, STR("message_stop"))) {
		out->kind = WIRE_END;
	} else if (json_text_is(doc, type, STR("error"))) {
		out->kind = WIRE_ERROR;
	} else if (!json_text_is(doc, type, STR("ping")) && !opens_empty_text(doc, root)) {
		out->kind = WIRE_CONTENT;
	}
}

static void note_event(struct wire_noting *n, const struct sse_event *e, struct wire_note *out)
{
	*out = (struct wire_note){.kind = WIRE_LIFECYCLE};
	if (note_is_plain_content(n, e->data))
		out->kind = WIRE_CONTENT;
	else if (note_parse(n, e->data))
		note_typed(n, out);
	note_count_content(n, out->kind, e);
}

/* Claude Code's first block of `system` counts its requests for Anthropic's books. Before anybody
 * else's cache it would make each request another one. */
static void pin_billing(const struct llm_request *r, struct wire_edits *out)
{
	static const struct str head = STR_INIT("x-anthropic-billing-header:");
	uint32_t rules = json_get(r->doc, json_root(r->doc), STR("system"));
	uint32_t text = json_get(r->doc, json_first(r->doc, rules), STR("text"));

	if (json_type(r->doc, rules) == JSON_ARRAY &&
	    str_starts_with(field_raw_text(r->doc, text), head))
		wire_edit_replace(out, r->doc, text, STR("\"x-anthropic-billing-header:\""));
}

static void edit_request(const struct llm_request *r, const struct wire_change *change,
                         struct arena *arena, struct wire_edits *out)
{
	wire_edit_common(r, change, arena, out);
	if (change->pins_billing)
		pin_billing(r, out);
}

const struct dialect wire_messages = {
    .name = STR_INIT("messages"),
    .read_request = read_request,
    .edit_request = edit_request,
    .read_answer = read_answer,
    .note_event = note_event,
    .put_error = error_put_anthropic,
    .put_stream_error = error_put_messages_event,
};
