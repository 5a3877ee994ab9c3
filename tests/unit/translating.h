/* A translation under test: a client's request, a provider's stream in pieces of any size or its
 * whole answer, and what comes out at the other side. A test begins with translating_init and
 * ends with translating_release; texts live until then. */
#ifndef TESTS_UNIT_TRANSLATING_H
#define TESTS_UNIT_TRANSLATING_H

#include "check.h"

#include "wire/translate.h"

struct translating {
	struct arena arena, scratch;
	struct json doc, events;
	struct fail fail;
	struct wire_job job;
	struct buf out;
};

/* Habits and the like may be set in t->job.target between init and request. */
__attribute__((unused)) static void translating_init(struct translating *t, enum llm_dialect client,
                                                     enum llm_dialect target)
{
	*t = (struct translating){0};
	arena_init(&t->arena);
	arena_init(&t->scratch);
	json_init(&t->doc);
	json_init(&t->events);
	fail_init(&t->fail, &t->arena);
	buf_init(&t->out, 1 << 24);
	t->job = (struct wire_job){.client = client,
	                           .target = {.dialect = target, .model = STR("real-model")},
	                           .doc = &t->doc,
	                           .arena = &t->arena,
	                           .scratch = &t->scratch,
	                           .events = &t->events,
	                           .request_id = STR("0192-req"),
	                           .now_s = 1764000000,
	                           .input_tokens = 11};
}

__attribute__((unused)) static void translating_release(struct translating *t)
{
	translate_release(&t->job);
	buf_release(&t->out);
	json_release(&t->doc);
	json_release(&t->events);
	arena_release(&t->scratch);
	arena_release(&t->arena);
}

/* The provider's body; empty: refused, see t->fail. It is checked to be JSON. */
__attribute__((unused)) static struct str translating_request(struct translating *t,
                                                              struct str body)
{
	struct json_error error;
	struct json check;

	must(json_read(&t->doc, body, &error) == 0);
	job_init(&t->job, &t->fail);
	buf_clear(&t->out);
	if (translate_request(&t->job, &t->out) < 0)
		return STR("");
	json_init(&check);
	CHECK(json_read(&check, buf_str(&t->out), &error) == 0);
	json_release(&check);
	return arena_copy(&t->arena, buf_str(&t->out));
}

/* The neutral grammar: see talk.h. */
struct translating_order {
	bool has_head, has_finish, is_over;
	int open; /* number of the open part; -1: none */
	int parts;
};

__attribute__((unused)) static void translating_check(struct translating_order *o,
                                                      const struct talk_event *e)
{
	CHECK(!o->is_over);
	CHECK(o->has_head == (e->type != TALK_HEAD) || e->type == TALK_ERROR);
	switch (e->type) {
	case TALK_HEAD:
		o->has_head = true;
		o->open = -1;
		break;
	case TALK_OPEN:
		CHECK(o->open < 0 && e->number == o->parts && !o->has_finish);
		o->open = o->parts++;
		break;
	case TALK_DELTA:
	case TALK_NOTE:
	case TALK_CLOSE:
		CHECK(o->open >= 0 && e->number == o->open && e->part);
		o->open = e->type == TALK_CLOSE ? -1 : o->open;
		break;
	case TALK_FINISH:
		CHECK(o->open < 0 && !o->has_finish);
		o->has_finish = true;
		break;
	case TALK_END:
		CHECK(o->has_finish);
		o->is_over = true;
		break;
	case TALK_ERROR:
		o->is_over = true;
		break;
	case TALK_USAGE:
		break;
	}
}

/* What the client gets of a provider's stream that arrives in pieces; after a request. Events
 * are checked for their order. `out_is_over`: END or ERROR came. */
__attribute__((unused)) static struct str
translating_stream(struct translating *t, struct str stream, size_t piece, bool *out_is_over)
{
	struct translating_order order = {.open = -1};
	struct sse sse = {0};
	size_t taken = 0, there = 0;
	struct sse_event e;

	buf_clear(&t->out);
	while (there < stream.len) {
		there += piece < stream.len - there ? piece : stream.len - there;
		while (sse_next(&sse, str_part(stream, taken, there - taken), &t->scratch, &e) ==
		       SSE_EVENT) {
			struct talk_events events;

			taken += e.raw.len;
			if (!CHECK(translate_read(&t->job, &e, &events) == 0))
				return STR("");
			for (int i = 0; i < events.count; i++) {
				translating_check(&order, &events.list[i]);
				translate_write(&t->job, &events.list[i], &t->out);
			}
		}
		arena_reset(&t->scratch);
	}
	*out_is_over = order.is_over;
	return arena_copy(&t->arena, buf_str(&t->out));
}

/* The client's body for a provider's whole answer; empty: it was none. */
__attribute__((unused)) static struct str translating_answer(struct translating *t, struct str body)
{
	struct talk_answer answer;
	struct json_error error;
	struct json doc;
	int status;

	json_init(&doc);
	must(json_read(&doc, body, &error) == 0);
	buf_clear(&t->out);
	status = translate_answer(&t->job, &doc, &answer);
	if (status == 0)
		translate_write_answer(&t->job, &answer, &t->out);
	json_release(&doc);
	return status < 0 ? STR("") : arena_copy(&t->arena, buf_str(&t->out));
}

#endif
