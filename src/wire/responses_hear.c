/* What a provider that speaks responses answers, in neutral words.
 *
 *	response.created, response.in_progress
 *	( response.output_item.added  ...deltas...  response.output_item.done )*
 *	response.completed | response.incomplete | response.failed,  error at any time
 *
 * Some servers leave out output_index; items come one behind the other, so the newest one is
 * meant. A part's key is its item's place x 16 + the content's. Items of tools that the provider
 * ran itself are passed over. Called by the driver. */
#include "wire/responses_talk.h"

#include "limits.h"
#include "wire/hearing.h"
#include "wire/put.h"
#include "wire/usage.h"

enum { KEY_CONTENTS = 16, KEY_THINKING = 15 };

static int64_t count_of(const struct json *doc, uint32_t object, const char *key, int64_t absent)
{
	int64_t value;

	if (json_i64(doc, json_get(doc, object, str_of(key)), 0, INT64_MAX, &value) < 0)
		return absent;
	return value;
}

/* ---- ends ---- */

static enum talk_finish finish_of(const struct json *doc, uint32_t response)
{
	uint32_t details = json_get(doc, response, STR("incomplete_details"));
	uint32_t reason = json_get(doc, details, STR("reason"));

	if (!json_text_is(doc, json_get(doc, response, STR("status")), STR("incomplete")))
		return TALK_FINISH_STOP;
	return json_text_is(doc, reason, STR("content_filter")) ? TALK_FINISH_FILTER
	                                                        : TALK_FINISH_LENGTH;
}

/* ---- items ---- */

static struct talk_part call_of(const struct wire_job *job, const struct json *doc, uint32_t item)
{
	bool is_custom =
	    json_text_is(doc, json_get(doc, item, STR("type")), STR("custom_tool_call"));

	return (struct talk_part){.kind = TALK_CALL,
	                          .node = JSON_NONE,
	                          .call = is_custom ? TALK_CUSTOM : TALK_FUNCTION,
	                          .id = hearing_text(job, doc, item, "call_id"),
	                          .name = hearing_text(job, doc, item, "name"),
	                          .input_raw =
	                              hearing_raw(doc, item, is_custom ? "input" : "arguments")};
}

static struct talk_seal seal_of(const struct wire_job *job, const struct json *doc, uint32_t item)
{
	struct str proof = hearing_raw(doc, item, "encrypted_content");

	return (struct talk_seal){.kind = proof.len ? TALK_ENCRYPTED : TALK_UNSEALED,
	                          .origin = LLM_RESPONSES,
	                          .raw = proof,
	                          .id = hearing_text(job, doc, item, "id")};
}

static bool is_call(const struct json *doc, uint32_t item)
{
	uint32_t type = json_get(doc, item, STR("type"));

	return json_text_is(doc, type, STR("function_call")) ||
	       json_text_is(doc, type, STR("custom_tool_call"));
}

static void read_note(const struct json *doc, uint32_t annotation, struct talk_note *note)
{
	*note = (struct talk_note){
	    .kind = TALK_NOTE_FOREIGN,
	    .url_raw = hearing_raw(doc, annotation, "url"),
	    .title_raw = hearing_raw(doc, annotation, "title"),
	    .start = count_of(doc, annotation, "start_index", -1),
	    .end = count_of(doc, annotation, "end_index", -1),
	    .document = -1,
	    .json = json_raw(doc, annotation),
	    .origin = LLM_RESPONSES,
	};
	if (note->url_raw.len)
		note->kind = TALK_NOTE_URL;
}

/* ---- whole answers ---- */

static void read_head(const struct wire_job *job, const struct json *doc, uint32_t response,
                      struct talk_head *out)
{
	*out = (struct talk_head){.id = hearing_text(job, doc, response, "id"),
	                          .model = hearing_text(job, doc, response, "model"),
	                          .created_s = count_of(doc, response, "created_at", 0),
	                          .service_tier = hearing_text(job, doc, response, "service_tier")};
}

static void add_logprobs(const struct json *doc, uint32_t item, struct buf *all)
{
	JSON_EACH(doc, json_get(doc, item, STR("content")), content)
	{
		struct str list = json_raw(doc, json_get(doc, content, STR("logprobs")));

		if (list.len <= 2 || list.ptr[0] != '[')
			continue;
		buf_put_byte(all, all->len ? ',' : '[');
		buf_put(all, str_part(list, 1, list.len - 2));
	}
}

/* One list for all texts; empty: none. */
static struct str logprobs_of(struct wire_job *job, const struct json *doc, uint32_t output)
{
	struct str list;
	struct buf all;

	buf_init(&all, LIMIT_ANSWER_BYTES);
	JSON_EACH(doc, output, item) add_logprobs(doc, item, &all);
	if (all.len)
		buf_put_byte(&all, ']');
	list = buf_is_over(&all) ? STR("") : arena_copy(job->arena, buf_str(&all));
	buf_release(&all);
	return list;
}

static void read_contents(struct wire_job *job, const struct json *doc, uint32_t item,
                          struct talk_answer *out)
{
	JSON_EACH(doc, json_get(doc, item, STR("content")), content)
	{
		uint32_t type = json_get(doc, content, STR("type"));
		bool is_refusal = json_text_is(doc, type, STR("refusal"));
		struct str text = hearing_raw(doc, content, is_refusal ? "refusal" : "text");
		struct talk_part *part;

		if (text.len == 0)
			continue;
		part = talk_grow_parts(&out->parts, &out->part_count, job->arena,
		                       is_refusal ? TALK_REFUSAL : TALK_TEXT);
		part->node = JSON_NONE;
		part->text_raw = text;
		JSON_EACH(doc, json_get(doc, content, STR("annotations")), annotation)
		read_note(doc, annotation, talk_add_note(part, job->arena));
	}
}

static void read_thinking(struct wire_job *job, const struct json *doc, uint32_t item,
                          struct talk_answer *out)
{
	struct talk_part *part =
	    talk_grow_parts(&out->parts, &out->part_count, job->arena, TALK_THINKING);
	uint32_t texts = json_get(doc, item, STR("content"));
	struct talk_part *pieces = NULL;
	int count = 0;

	if (json_count(doc, texts) == 0)
		texts = json_get(doc, item, STR("summary"));
	JSON_EACH(doc, texts, text)
	talk_grow_parts(&pieces, &count, job->arena, TALK_TEXT)->text_raw =
	    hearing_raw(doc, text, "text");
	part->node = JSON_NONE;
	part->text_raw = put_joined_text(pieces, count, job->arena);
	part->seal = seal_of(job, doc, item);
}

static void read_item(struct wire_job *job, const struct json *doc, uint32_t item,
                      struct talk_answer *out)
{
	uint32_t type = json_get(doc, item, STR("type"));

	if (json_text_is(doc, type, STR("message")))
		read_contents(job, doc, item, out);
	else if (json_text_is(doc, type, STR("reasoning")))
		read_thinking(job, doc, item, out);
	else if (is_call(doc, item))
		*talk_grow_parts(&out->parts, &out->part_count, job->arena, TALK_CALL) =
		    call_of(job, doc, item);
	else
		job_lose(job, json_text(doc, type, job->arena));
}

/* Some servers leave the status of a good answer out. */
static bool is_unfinished(const struct json *doc, uint32_t response)
{
	uint32_t status = json_get(doc, response, STR("status"));

	return json_type(doc, status) == JSON_STRING &&
	       !json_text_is(doc, status, STR("completed")) &&
	       !json_text_is(doc, status, STR("incomplete"));
}

int responses_read_answer(struct wire_job *job, const struct json *doc, struct talk_answer *out)
{
	uint32_t root = json_root(doc), output = json_get(doc, root, STR("output"));

	if (json_type(doc, output) != JSON_ARRAY || is_unfinished(doc, root))
		return -1;
	read_head(job, doc, root, &out->head);
	JSON_EACH(doc, output, item) read_item(job, doc, item, out);
	out->logprobs_json = logprobs_of(job, doc, output);
	out->finish = finish_of(doc, root);
	for (int i = 0; i < out->part_count; i++)
		if (out->parts[i].kind == TALK_REFUSAL && out->finish == TALK_FINISH_STOP)
			out->finish = TALK_FINISH_REFUSAL;
	usage_read_responses(doc, json_get(doc, root, STR("usage")), output, &out->usage);
	out->has_usage = out->usage.reported;
	return 0;
}

/* ---- streams ---- */

static struct responses_hearing *hearing(struct wire_job *job)
{
	return job->reading;
}

static int key_of(struct wire_job *job, uint32_t root, int content)
{
	int newest = hearing(job)->items > 0 ? hearing(job)->items - 1 : 0;
	int64_t item = count_of(job->events, root, "output_index", newest);

	return (int)(item & 0xffffff) * KEY_CONTENTS + content % KEY_THINKING;
}

static int thinking_key(struct wire_job *job, uint32_t root)
{
	return key_of(job, root, 0) + KEY_THINKING;
}

static int content_key(struct wire_job *job, uint32_t root)
{
	return key_of(job, root, (int)(count_of(job->events, root, "content_index", 0) & 0xff));
}

static void hear_start(struct wire_job *job, uint32_t root, struct flow *flow)
{
	struct talk_head head;

	read_head(job, job->events, json_get(job->events, root, STR("response")), &head);
	flow_head(flow, &head);
}

static void open_thinking(struct wire_job *job, uint32_t root, struct flow *flow)
{
	struct talk_part part = {
	    .kind = TALK_THINKING, .node = JSON_NONE, .seal = {.origin = LLM_RESPONSES}};

	flow_open(flow, thinking_key(job, root), &part);
}

static void hear_item(struct wire_job *job, uint32_t root, struct flow *flow)
{
	const struct json *doc = job->events;
	uint32_t item = json_get(doc, root, STR("item"));
	struct talk_part part;

	hearing(job)->items++;
	hearing(job)->has_delta = false;
	hearing(job)->summary = 0;
	if (json_text_is(doc, json_get(doc, item, STR("type")), STR("reasoning"))) {
		open_thinking(job, root, flow);
	} else if (is_call(doc, item)) {
		part = call_of(job, doc, item);
		part.input_raw = STR("");
		flow_open(flow, key_of(job, root, 0), &part);
	} else if (!json_text_is(doc, json_get(doc, item, STR("type")), STR("message"))) {
		job_lose(job, hearing_text(job, doc, item, "type"));
	}
}

static void hear_words(struct wire_job *job, uint32_t root, enum talk_kind kind, struct flow *flow)
{
	struct talk_part part = {.kind = kind, .node = JSON_NONE};
	int key = content_key(job, root);

	hearing(job)->has_delta = true;
	flow_open(flow, key, &part);
	flow_delta(flow, key, TALK_DELTA_TEXT, hearing_raw(job->events, root, "delta"));
}

static void hear_text(struct wire_job *job, uint32_t root, struct flow *flow)
{
	struct str tokens = json_raw(job->events, json_get(job->events, root, STR("logprobs")));

	hear_words(job, root, TALK_TEXT, flow);
	if (tokens.len > 2)
		flow_delta(flow, content_key(job, root), TALK_DELTA_LOGPROBS,
		           str_part(tokens, 1, tokens.len - 2));
}

static void hear_refusal(struct wire_job *job, uint32_t root, struct flow *flow)
{
	hearing(job)->has_refusal = true;
	hear_words(job, root, TALK_REFUSAL, flow);
}

/* Paragraphs of a summary are told apart by an empty line. */
static void hear_summary(struct wire_job *job, uint32_t root, struct flow *flow)
{
	int64_t part = count_of(job->events, root, "summary_index", 0);
	int key = thinking_key(job, root);

	hearing(job)->has_delta = true;
	open_thinking(job, root, flow);
	if (part > hearing(job)->summary)
		flow_delta(flow, key, TALK_DELTA_TEXT, STR("\\n\\n"));
	hearing(job)->summary = part;
	flow_delta(flow, key, TALK_DELTA_TEXT, hearing_raw(job->events, root, "delta"));
}

static void hear_thought(struct wire_job *job, uint32_t root, struct flow *flow)
{
	hearing(job)->has_delta = true;
	open_thinking(job, root, flow);
	flow_delta(flow, thinking_key(job, root), TALK_DELTA_TEXT,
	           hearing_raw(job->events, root, "delta"));
}

static void hear_input(struct wire_job *job, uint32_t root, struct flow *flow)
{
	hearing(job)->has_delta = true;
	flow_delta(flow, key_of(job, root, 0), TALK_DELTA_INPUT,
	           hearing_raw(job->events, root, "delta"));
}

static void hear_annotation(struct wire_job *job, uint32_t root, struct flow *flow)
{
	struct talk_note *note = ARENA_NEW(job->scratch, struct talk_note);

	read_note(job->events, json_get(job->events, root, STR("annotation")), note);
	flow_note(flow, content_key(job, root), note);
}

static void hear_whole_thinking(struct wire_job *job, uint32_t root, struct flow *flow)
{
	const struct json *doc = job->events;
	uint32_t item = json_get(doc, root, STR("item"));
	struct talk_seal seal = seal_of(job, doc, item);
	struct talk_answer whole = {0};
	int key = thinking_key(job, root);

	if (!hearing(job)->has_delta) {
		read_thinking(job, doc, item, &whole);
		open_thinking(job, root, flow);
		flow_delta(flow, key, TALK_DELTA_TEXT, whole.parts[0].text_raw);
	}
	flow_seal(flow, key, &seal);
	flow_close(flow, key);
}

static void hear_whole_message(struct wire_job *job, uint32_t root, struct flow *flow)
{
	struct talk_answer whole = {0};
	int key = key_of(job, root, 0);

	if (hearing(job)->has_delta)
		return;
	read_contents(job, job->events, json_get(job->events, root, STR("item")), &whole);
	for (int i = 0; i < whole.part_count && i < KEY_THINKING; i++) {
		struct talk_part part = {.kind = whole.parts[i].kind, .node = JSON_NONE};

		flow_open(flow, key + i, &part);
		flow_delta(flow, key + i, TALK_DELTA_TEXT, whole.parts[i].text_raw);
		for (int k = 0; k < whole.parts[i].note_count; k++)
			flow_note(flow, key + i, &whole.parts[i].notes[k]);
		flow_close(flow, key + i);
	}
}

/* What only the finished item tells: a proof, or all of it where no delta came. */
static void hear_item_done(struct wire_job *job, uint32_t root, struct flow *flow)
{
	const struct json *doc = job->events;
	uint32_t item = json_get(doc, root, STR("item"));
	uint32_t type = json_get(doc, item, STR("type"));

	if (json_text_is(doc, type, STR("reasoning"))) {
		hear_whole_thinking(job, root, flow);
	} else if (json_text_is(doc, type, STR("message"))) {
		hear_whole_message(job, root, flow);
	} else if (is_call(doc, item)) {
		int key = key_of(job, root, 0);

		if (!hearing(job)->has_delta)
			flow_delta(flow, key, TALK_DELTA_INPUT, call_of(job, doc, item).input_raw);
		flow_close(flow, key);
	}
	hearing(job)->has_delta = false;
}

static void hear_part_done(struct wire_job *job, uint32_t root, struct flow *flow)
{
	flow_close(flow, content_key(job, root));
}

static void hear_usage(struct wire_job *job, uint32_t response, struct flow *flow)
{
	uint32_t output = json_get(job->events, response, STR("output"));
	struct llm_usage usage = {0};

	usage_read_responses(job->events, json_get(job->events, response, STR("usage")), output,
	                     &usage);
	if (usage.reported)
		flow_usage(flow, &usage);
}

static void hear_end(struct wire_job *job, uint32_t root, struct flow *flow)
{
	uint32_t response = json_get(job->events, root, STR("response"));
	enum talk_finish finish = finish_of(job->events, response);

	hear_usage(job, response, flow);
	if (finish == TALK_FINISH_STOP && hearing(job)->has_refusal)
		finish = TALK_FINISH_REFUSAL;
	flow_finish(flow, finish, STR(""));
	flow_end(flow);
}

/* What a failed response used is billed all the same. */
static void hear_failed(struct wire_job *job, uint32_t root, struct flow *flow)
{
	hear_usage(job, json_get(job->events, root, STR("response")), flow);
	hearing_error(job, root, flow);
}

static const struct hearing_row events[] = {
    {STR_INIT("response.output_text.delta"), hear_text},
    {STR_INIT("response.function_call_arguments.delta"), hear_input},
    {STR_INIT("response.custom_tool_call_input.delta"), hear_input},
    {STR_INIT("response.reasoning_summary_text.delta"), hear_summary},
    {STR_INIT("response.reasoning_text.delta"), hear_thought},
    {STR_INIT("response.refusal.delta"), hear_refusal},
    {STR_INIT("response.output_text.annotation.added"), hear_annotation},
    {STR_INIT("response.output_item.added"), hear_item},
    {STR_INIT("response.output_item.done"), hear_item_done},
    {STR_INIT("response.content_part.done"), hear_part_done},
    {STR_INIT("response.created"), hear_start},
    {STR_INIT("response.in_progress"), hear_start},
    {STR_INIT("response.completed"), hear_end},
    {STR_INIT("response.incomplete"), hear_end},
    {STR_INIT("response.failed"), hear_failed},
    {STR_INIT("error"), hearing_error},
};

int responses_read_event(struct wire_job *job, const struct sse_event *e, struct flow *flow)
{
	if (str_eq(e->data, STR("[DONE]")))
		return 0;
	return hearing_event(job, e, flow, events, sizeof events / sizeof events[0]);
}
