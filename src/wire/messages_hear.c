/* What a provider that speaks messages answers, in neutral words.
 *
 *	message_start, (content_block_start, content_block_delta*, content_block_stop)*,
 *	message_delta, message_stop                    ping and newer events anywhere
 *
 * Blocks of server tools are the provider's own affair and are passed over: what the model says
 * of their results is text. Counts are cumulative, see messages.c. Called by the driver. */
#include "wire/messages_talk.h"

#include "wire/hearing.h"
#include "wire/put.h"
#include "wire/usage.h"

/* ---- reasons ---- */

static enum talk_finish finish_of(struct str word)
{
	static const struct {
		struct str word;
		enum talk_finish finish;
	} rows[] = {
	    {STR_INIT("end_turn"), TALK_FINISH_STOP},
	    {STR_INIT("max_tokens"), TALK_FINISH_LENGTH},
	    {STR_INIT("stop_sequence"), TALK_FINISH_STOP_SEQUENCE},
	    {STR_INIT("tool_use"), TALK_FINISH_CALLS},
	    {STR_INIT("pause_turn"), TALK_FINISH_PAUSE},
	    /* "streaming classifiers intervene": the text until then is no refusal in words */
	    {STR_INIT("refusal"), TALK_FINISH_FILTER},
	    {STR_INIT("model_context_window_exceeded"), TALK_FINISH_OVERFLOW},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (str_eq(rows[i].word, word))
			return rows[i].finish;
	return TALK_FINISH_STOP;
}

/* ---- blocks ---- */

static void read_note(const struct json *doc, uint32_t citation, struct talk_note *note)
{
	int64_t document = -1;

	if (json_i64(doc, json_get(doc, citation, STR("document_index")), 0, INT32_MAX, &document) <
	    0)
		document = -1;
	*note = (struct talk_note){.kind = TALK_NOTE_FOREIGN,
	                           .quote_raw = hearing_raw(doc, citation, "cited_text"),
	                           .url_raw = hearing_raw(doc, citation, "url"),
	                           .title_raw = hearing_raw(doc, citation, "title"),
	                           .start = -1,
	                           .end = -1,
	                           .document = document,
	                           .json = json_raw(doc, citation),
	                           .origin = LLM_MESSAGES};
	if (note->url_raw.len)
		note->kind = TALK_NOTE_URL;
	else if (document >= 0)
		note->kind = TALK_NOTE_DOCUMENT;
}

/* A block as it stands in an answer or at its start in a stream. -1: none that others know. */
static int read_block(const struct wire_job *job, const struct json *doc, uint32_t block,
                      struct talk_part *out)
{
	uint32_t type = json_get(doc, block, STR("type"));

	*out = (struct talk_part){.node = JSON_NONE};
	if (json_text_is(doc, type, STR("text"))) {
		out->kind = TALK_TEXT;
		out->text_raw = hearing_raw(doc, block, "text");
	} else if (json_text_is(doc, type, STR("thinking"))) {
		out->kind = TALK_THINKING;
		out->text_raw = hearing_raw(doc, block, "thinking");
		out->seal = (struct talk_seal){.origin = LLM_MESSAGES,
		                               .raw = hearing_raw(doc, block, "signature")};
	} else if (json_text_is(doc, type, STR("redacted_thinking"))) {
		out->kind = TALK_THINKING;
		out->seal = (struct talk_seal){
		    TALK_REDACTED, LLM_MESSAGES, hearing_raw(doc, block, "data"), {0}};
	} else if (json_text_is(doc, type, STR("tool_use"))) {
		out->kind = TALK_CALL;
		out->id = hearing_text(job, doc, block, "id");
		out->name = hearing_text(job, doc, block, "name");
		out->input_json = hearing_value(doc, block, "input");
	} else {
		return -1;
	}
	if (out->kind == TALK_THINKING && out->seal.kind == TALK_UNSEALED && out->seal.raw.len)
		out->seal.kind = TALK_SIGNATURE;
	return 0;
}

static void add_notes(const struct wire_job *job, const struct json *doc, uint32_t block,
                      struct talk_part *part)
{
	JSON_EACH(doc, json_get(doc, block, STR("citations")), citation)
	read_note(doc, citation, talk_add_note(part, job->arena));
}

/* ---- whole answers ---- */

static void read_head(const struct wire_job *job, const struct json *doc, uint32_t message,
                      struct talk_head *out)
{
	uint32_t usage = json_get(doc, message, STR("usage"));

	*out = (struct talk_head){.id = hearing_text(job, doc, message, "id"),
	                          .model = hearing_text(job, doc, message, "model"),
	                          .service_tier = hearing_text(job, doc, usage, "service_tier")};
}

int messages_read_answer(struct wire_job *job, const struct json *doc, struct talk_answer *out)
{
	uint32_t root = json_root(doc), content = json_get(doc, root, STR("content"));
	struct llm_usage told = {0};
	struct talk_part part;

	if (json_type(doc, content) != JSON_ARRAY)
		return -1;
	read_head(job, doc, root, &out->head);
	JSON_EACH(doc, content, block)
	{
		struct talk_part *added;

		if (read_block(job, doc, block, &part) < 0) {
			job_lose(job, hearing_text(job, doc, block, "type"));
			continue;
		}
		added = talk_grow_parts(&out->parts, &out->part_count, job->arena, part.kind);
		*added = part;
		add_notes(job, doc, block, added);
	}
	out->finish = finish_of(hearing_text(job, doc, root, "stop_reason"));
	out->finish_raw = hearing_raw(doc, root, "stop_sequence");
	usage_read_messages(doc, json_get(doc, root, STR("usage")), true, &told, &out->usage);
	out->has_usage = out->usage.reported;
	return 0;
}

/* ---- streams ---- */

static void hear_usage(struct wire_job *job, uint32_t usage, bool is_final, struct flow *flow)
{
	struct messages_hearing *h = job->reading;

	if (json_type(job->events, usage) != JSON_OBJECT)
		return;
	usage_read_messages(job->events, usage, is_final, &h->told, &h->usage);
	flow_usage(flow, &h->usage);
}

static void hear_start(struct wire_job *job, uint32_t root, struct flow *flow)
{
	uint32_t message = json_get(job->events, root, STR("message"));
	struct talk_head head;

	read_head(job, job->events, message, &head);
	flow_head(flow, &head);
	hear_usage(job, json_get(job->events, message, STR("usage")), false, flow);
}

static int index_of(const struct wire_job *job, uint32_t root)
{
	int64_t index = 0;

	if (json_i64(job->events, json_get(job->events, root, STR("index")), 0, 1 << 20, &index) <
	    0)
		return 0;
	return (int)index;
}

static void hear_block(struct wire_job *job, uint32_t root, struct flow *flow)
{
	const struct json *doc = job->events;
	uint32_t block = json_get(doc, root, STR("content_block"));
	int index = index_of(job, root);
	struct talk_part part;
	struct str text, input;

	if (read_block(job, doc, block, &part) < 0) {
		job_lose(job, hearing_text(job, doc, block, "type"));
		return;
	}
	text = part.text_raw;
	input = json_count(doc, json_get(doc, block, STR("input"))) ? part.input_json : STR("");
	part.text_raw = part.input_json = STR("");
	flow_open(flow, index, &part);
	flow_delta(flow, index, TALK_DELTA_TEXT, text);
	flow_delta(flow, index, TALK_DELTA_INPUT, put_escaped(input, job->scratch));
}

static void hear_citation(struct wire_job *job, uint32_t delta, int index, struct flow *flow)
{
	struct talk_note *note = ARENA_NEW(job->scratch, struct talk_note);

	read_note(job->events, json_get(job->events, delta, STR("citation")), note);
	flow_note(flow, index, note);
}

static void hear_delta(struct wire_job *job, uint32_t root, struct flow *flow)
{
	const struct json *doc = job->events;
	uint32_t delta = json_get(doc, root, STR("delta"));
	uint32_t type = json_get(doc, delta, STR("type"));
	int index = index_of(job, root);

	if (json_text_is(doc, type, STR("text_delta"))) {
		flow_delta(flow, index, TALK_DELTA_TEXT, hearing_raw(doc, delta, "text"));
	} else if (json_text_is(doc, type, STR("thinking_delta"))) {
		flow_delta(flow, index, TALK_DELTA_TEXT, hearing_raw(doc, delta, "thinking"));
	} else if (json_text_is(doc, type, STR("input_json_delta"))) {
		flow_delta(flow, index, TALK_DELTA_INPUT, hearing_raw(doc, delta, "partial_json"));
	} else if (json_text_is(doc, type, STR("signature_delta"))) {
		struct talk_seal seal = {
		    TALK_SIGNATURE, LLM_MESSAGES, hearing_raw(doc, delta, "signature"), {0}};

		flow_seal(flow, index, &seal);
	} else if (json_text_is(doc, type, STR("citations_delta"))) {
		hear_citation(job, delta, index, flow);
	}
}

static void hear_stop(struct wire_job *job, uint32_t root, struct flow *flow)
{
	flow_close(flow, index_of(job, root));
}

static void hear_end(struct wire_job *job, uint32_t root, struct flow *flow)
{
	const struct json *doc = job->events;
	uint32_t delta = json_get(doc, root, STR("delta"));
	struct str reason = hearing_text(job, doc, delta, "stop_reason");

	hear_usage(job, json_get(doc, root, STR("usage")), true, flow);
	if (reason.len)
		flow_finish(flow, finish_of(reason), hearing_raw(doc, delta, "stop_sequence"));
}

static void hear_last(struct wire_job *job, uint32_t root, struct flow *flow)
{
	(void)job, (void)root;
	flow_end(flow);
}

static const struct hearing_row events[] = {
    {STR_INIT("content_block_delta"), hear_delta},
    {STR_INIT("content_block_start"), hear_block},
    {STR_INIT("content_block_stop"), hear_stop},
    {STR_INIT("message_start"), hear_start},
    {STR_INIT("message_delta"), hear_end},
    {STR_INIT("message_stop"), hear_last},
    {STR_INIT("error"), hearing_error},
};

int messages_read_event(struct wire_job *job, const struct sse_event *e, struct flow *flow)
{
	return hearing_event(job, e, flow, events, sizeof events / sizeof events[0]);
}
