/* OpenAI responses, as the simulator says them. A stream, each event with the next
 * sequence_number:
 *
 *	response.created, response.in_progress      the response without output
 *	response.output_item.added                  a message without content
 *	response.content_part.added                 an empty text
 *	response.output_text.delta ..
 *	response.output_text.done, response.content_part.done, response.output_item.done
 *	response.completed                          or response.incomplete: all of it, with usage
 *
 * The response object has every field that the OpenResponses schema asks for; what the request
 * said comes back as it was said. https://platform.openai.com/docs/api-reference/responses */
#include "demo/speech.h"

/* How far the answer is. */
enum phase { RUNNING, FINISHED };

static struct str item_id(const struct speech *s)
{
	return arena_printf(s->arena, "msg_demo_%.*s", STR_ARG(s->id));
}

static struct str end_status(const struct speech *s)
{
	return s->is_cut ? STR("incomplete") : STR("completed");
}

static void put_part(struct json_writer *w, struct str text)
{
	json_open_object(w);
	json_key_text(w, STR("type"), STR("output_text"));
	json_key_text(w, STR("text"), text);
	json_key_raw(w, STR("annotations"), STR("[]"));
	json_key_raw(w, STR("logprobs"), STR("[]"));
	json_close_object(w);
}

static void put_item(const struct speech *s, struct json_writer *w, enum phase phase)
{
	json_open_object(w);
	json_key_text(w, STR("id"), item_id(s));
	json_key_text(w, STR("type"), STR("message"));
	json_key_text(w, STR("status"), phase == FINISHED ? end_status(s) : STR("in_progress"));
	json_key_text(w, STR("role"), STR("assistant"));
	json_put_key(w, STR("content"));
	json_open_array(w);
	if (phase == FINISHED)
		put_part(w, s->text);
	json_close_array(w);
	json_close_object(w);
}

static void put_usage(const struct speech *s, struct json_writer *w)
{
	json_put_key(w, STR("usage"));
	json_open_object(w);
	json_key_i64(w, STR("input_tokens"), s->input_tokens);
	json_key_raw(w, STR("input_tokens_details"), STR("{\"cached_tokens\":0}"));
	json_key_i64(w, STR("output_tokens"), s->output_tokens);
	json_key_raw(w, STR("output_tokens_details"), STR("{\"reasoning_tokens\":0}"));
	json_key_i64(w, STR("total_tokens"), s->input_tokens + s->output_tokens);
	json_close_object(w);
}

/* A function comes back with all its fields, also those that the request left out. */
static void put_tool(const struct speech *s, struct json_writer *w, uint32_t tool)
{
	static const struct str keys[] = {STR_INIT("name"), STR_INIT("description"),
	                                  STR_INIT("parameters"), STR_INIT("strict")};

	if (!json_text_is(s->doc, json_get(s->doc, tool, STR("type")), STR("function"))) {
		json_put_raw(w, json_raw(s->doc, tool));
		return;
	}
	json_open_object(w);
	json_key_text(w, STR("type"), STR("function"));
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		uint32_t value = json_get(s->doc, tool, keys[i]);

		json_key_raw(w, keys[i],
		             value == JSON_NONE ? STR("null") : json_raw(s->doc, value));
	}
	json_close_object(w);
}

static void put_tools(const struct speech *s, struct json_writer *w)
{
	uint32_t tools = json_get(s->doc, json_root(s->doc), STR("tools"));

	json_put_key(w, STR("tools"));
	json_open_array(w);
	JSON_EACH(s->doc, tools, tool)
	put_tool(s, w, tool);
	json_close_array(w);
}

/* text and reasoning are objects whose members have defaults of their own. */
static void put_object_with(struct speech *s, struct json_writer *w, struct str key,
                            const struct str (*members)[2])
{
	uint32_t object = json_get(s->doc, json_root(s->doc), key);

	json_put_key(w, key);
	json_open_object(w);
	for (int i = 0; i < 2; i++) {
		uint32_t value = json_get(s->doc, object, members[i][0]);

		json_key_raw(w, members[i][0],
		             value == JSON_NONE ? members[i][1] : json_raw(s->doc, value));
	}
	json_close_object(w);
}

static void put_echoes(struct speech *s, struct json_writer *w)
{
	static const struct str reasoning[2][2] = {{STR_INIT("effort"), STR_INIT("null")},
	                                           {STR_INIT("summary"), STR_INIT("null")}};
	static const struct str text[2][2] = {{STR_INIT("format"), STR_INIT("{\"type\":\"text\"}")},
	                                      {STR_INIT("verbosity"), STR_INIT("\"medium\"")}};
	static const struct str rows[][2] = {
	    {STR_INIT("background"), STR_INIT("false")},
	    {STR_INIT("instructions"), STR_INIT("null")},
	    {STR_INIT("max_output_tokens"), STR_INIT("null")},
	    {STR_INIT("max_tool_calls"), STR_INIT("null")},
	    {STR_INIT("parallel_tool_calls"), STR_INIT("true")},
	    {STR_INIT("presence_penalty"), STR_INIT("0")},
	    {STR_INIT("frequency_penalty"), STR_INIT("0")},
	    {STR_INIT("previous_response_id"), STR_INIT("null")},
	    {STR_INIT("prompt_cache_key"), STR_INIT("null")},
	    {STR_INIT("safety_identifier"), STR_INIT("null")},
	    {STR_INIT("store"), STR_INIT("false")},
	    {STR_INIT("temperature"), STR_INIT("1")},
	    {STR_INIT("tool_choice"), STR_INIT("\"auto\"")},
	    {STR_INIT("top_logprobs"), STR_INIT("0")},
	    {STR_INIT("top_p"), STR_INIT("1")},
	    {STR_INIT("truncation"), STR_INIT("\"disabled\"")},
	    {STR_INIT("user"), STR_INIT("null")},
	    {STR_INIT("metadata"), STR_INIT("{}")},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		speech_echo(s, w, rows[i][0], rows[i][1]);
	put_object_with(s, w, STR("reasoning"), reasoning);
	put_object_with(s, w, STR("text"), text);
	put_tools(s, w);
}

/* The members of the response object. */
static void put_response(struct speech *s, struct json_writer *w, enum phase phase)
{
	bool is_done = phase == FINISHED;

	json_key_text(w, STR("id"), arena_printf(s->arena, "resp_demo_%.*s", STR_ARG(s->id)));
	json_key_text(w, STR("object"), STR("response"));
	json_key_i64(w, STR("created_at"), s->created_s);
	if (is_done && !s->is_cut)
		json_key_i64(w, STR("completed_at"), s->created_s);
	else
		json_key_null(w, STR("completed_at"));
	json_key_text(w, STR("status"), is_done ? end_status(s) : STR("in_progress"));
	json_key_null(w, STR("error"));
	json_key_raw(w, STR("incomplete_details"),
	             is_done && s->is_cut ? STR("{\"reason\":\"max_output_tokens\"}")
	                                  : STR("null"));
	json_key_text(w, STR("model"), s->asked->model);
	json_key_text(w, STR("service_tier"), STR("default"));
	put_echoes(s, w);
	json_put_key(w, STR("output"));
	json_open_array(w);
	if (is_done)
		put_item(s, w, FINISHED);
	json_close_array(w);
	if (is_done)
		put_usage(s, w);
	else
		json_key_null(w, STR("usage"));
}

static void put_whole(struct speech *s, struct json_writer *w)
{
	put_response(s, w, FINISHED);
}

static void open_event(struct speech *s, const char *type, int *number)
{
	speech_open_event(s, type);
	json_key_text(&s->writer, STR("type"), str_of(type));
	json_key_i64(&s->writer, STR("sequence_number"), (*number)++);
}

static void put_response_event(struct speech *s, const char *type, int *number, enum phase phase)
{
	open_event(s, type, number);
	json_put_key(&s->writer, STR("response"));
	json_open_object(&s->writer);
	put_response(s, &s->writer, phase);
	json_close_object(&s->writer);
	speech_close_event(s);
}

static void put_item_event(struct speech *s, const char *type, int *number, enum phase phase)
{
	open_event(s, type, number);
	json_key_i64(&s->writer, STR("output_index"), 0);
	json_put_key(&s->writer, STR("item"));
	put_item(s, &s->writer, phase);
	speech_close_event(s);
}

/* An event of the text part; the caller adds what it is about, and closes it. */
static void open_part_event(struct speech *s, const char *type, int *number)
{
	open_event(s, type, number);
	json_key_text(&s->writer, STR("item_id"), item_id(s));
	json_key_i64(&s->writer, STR("output_index"), 0);
	json_key_i64(&s->writer, STR("content_index"), 0);
}

static void put_part_event(struct speech *s, const char *type, int *number, struct str text)
{
	open_part_event(s, type, number);
	json_put_key(&s->writer, STR("part"));
	put_part(&s->writer, text);
	speech_close_event(s);
}

static void put_text(struct speech *s, int *number)
{
	struct str rest = s->text, piece;

	while (speech_next_piece(&rest, &piece)) {
		open_part_event(s, "response.output_text.delta", number);
		json_key_text(&s->writer, STR("delta"), piece);
		json_key_raw(&s->writer, STR("logprobs"), STR("[]"));
		speech_close_event(s);
	}
	open_part_event(s, "response.output_text.done", number);
	json_key_text(&s->writer, STR("text"), s->text);
	json_key_raw(&s->writer, STR("logprobs"), STR("[]"));
	speech_close_event(s);
}

static void put_stream(struct speech *s)
{
	int number = 0;

	put_response_event(s, "response.created", &number, RUNNING);
	put_response_event(s, "response.in_progress", &number, RUNNING);
	put_item_event(s, "response.output_item.added", &number, RUNNING);
	put_part_event(s, "response.content_part.added", &number, STR(""));
	put_text(s, &number);
	put_part_event(s, "response.content_part.done", &number, s->text);
	put_item_event(s, "response.output_item.done", &number, FINISHED);
	put_response_event(s, s->is_cut ? "response.incomplete" : "response.completed", &number,
	                   FINISHED);
}

const struct speech_dialect speech_responses = {"/responses", put_whole, put_stream};
