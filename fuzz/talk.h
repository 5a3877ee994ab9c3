/* Translations under fuzz: a small request of each dialect, for targets of each, and what is
 * checked of streams: neutral events in order, the client's in JSON. */
#ifndef FUZZ_TALK_H
#define FUZZ_TALK_H

#include "wire/translate.h"

struct talk_order {
	int open;  /* number of the open part + 1; 0: none */
	int parts; /* so far */
	enum { ORDER_FRESH, ORDER_BEGUN, ORDER_FINISHED, ORDER_OVER } state;
};

__attribute__((unused)) static void order_check(struct talk_order *o, const struct talk_event *e)
{
	bool is_inner = e->type == TALK_DELTA || e->type == TALK_NOTE || e->type == TALK_CLOSE;

	must(o->state != ORDER_OVER);
	must(e->type == TALK_ERROR || (o->state == ORDER_FRESH) == (e->type == TALK_HEAD));
	must(!is_inner || (e->number + 1 == o->open && e->part));
	if (e->type == TALK_HEAD)
		o->state = ORDER_BEGUN;
	if (e->type == TALK_OPEN) {
		must(o->open == 0 && e->number == o->parts++ && o->state == ORDER_BEGUN);
		o->open = o->parts;
	}
	if (e->type == TALK_CLOSE)
		o->open = 0;
	if (e->type == TALK_FINISH) {
		must(o->open == 0 && o->state == ORDER_BEGUN);
		o->state = ORDER_FINISHED;
	}
	if (e->type == TALK_END)
		must(o->state == ORDER_FINISHED);
	if (e->type == TALK_END || e->type == TALK_ERROR)
		o->state = ORDER_OVER;
}

/* Whole events, each with JSON or chat's [DONE]. */
__attribute__((unused)) static void order_check_said(struct str said, struct arena *arena)
{
	struct json_error error;
	struct sse sse = {0};
	struct sse_event e;
	struct json doc;

	json_init(&doc);
	doc.allows_duplicates = true; /* as the provider had them */
	while (said.len) {
		must(sse_next(&sse, said, arena, &e) == SSE_EVENT);
		said = str_part(said, e.raw.len, said.len);
		must(str_eq(e.data, STR("[DONE]")) || json_read(&doc, e.data, &error) == 0);
	}
	json_release(&doc);
}

/* What is done with an answer's bytes once the request has gone out. */
typedef void talk_hear(struct wire_job *, struct str answer, struct buf *out);

static void talk_run_one(struct wire_job *job, struct str ask, talk_hear *hear, struct str answer)
{
	struct fail f = {.arena = job->arena};
	struct json doc, events;
	struct json_error error;
	struct buf out;

	json_init(&doc), json_init(&events);
	buf_init(&out, 1 << 24);
	must(json_read(&doc, ask, &error) == 0);
	job->doc = &doc, job->events = &events;
	job_init(job, &f);
	must(translate_request(job, &out) == 0);
	buf_clear(&out);
	hear(job, answer, &out);
	translate_release(job);
	job->doc = NULL, job->events = NULL;
	json_release(&doc), json_release(&events), buf_release(&out);
}

__attribute__((unused)) static void talk_run(talk_hear *hear, struct str answer)
{
	static const struct str asks[LLM_DIALECTS] = {
	    STR_INIT("{\"model\":\"m\",\"stream\":true,\"messages\":[],\"stream_options\":{"
	             "\"include_usage\":true},\"tools\":[{\"type\":\"custom\",\"custom\":{"
	             "\"name\":\"p\"}}]}"),
	    STR_INIT("{\"model\":\"m\",\"stream\":true,\"input\":\"u\",\"tools\":[{\"type\":"
	             "\"custom\",\"name\":\"p\"}]}"),
	    STR_INIT("{\"model\":\"m\",\"stream\":true,\"max_tokens\":9,\"messages\":[{\"role\":"
	             "\"user\",\"content\":\"u\"}]}")};

	for (int pair = 0; pair < LLM_DIALECTS * LLM_WIRES; pair++) {
		enum llm_dialect client = pair % LLM_DIALECTS, target = pair / LLM_DIALECTS;
		struct wire_job job = {.client = client, .request_id = STR("r")};
		struct arena arena;

		arena_init(&arena);
		job.arena = job.scratch = &arena;
		if (client == LLM_RESPONSES)
			job.compaction = answer.len % 3;
		job.target = (struct wire_target){
		    .dialect = target, .model = STR("m"), .habits = WIRE_NO_CUSTOM_TOOLS};
		if (translate_is_possible(client, target))
			talk_run_one(&job, asks[client], hear, answer);
		arena_release(&arena);
	}
}

#endif
