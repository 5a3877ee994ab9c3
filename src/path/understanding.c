/* Called by request.c. No turn of the loop takes much longer than a millisecond for it, whatever
 * the client sent. */
#include "path/understanding.h"

#include "limits.h"
#include "path/away.h"

enum { JSON_SLICE_BYTES = 128 * 1024 };

/* Counts lines: also on the pool. */
static void refuse_json(struct request *r)
{
	const struct json_error *error = &r->reader.error;
	struct json_place place = json_place(stream_body(r->stream), error->offset);

	r->is_understood = true;
	if (stream_body(r->stream).len == 0)
		(void)!fail(&r->fail, FAIL_INVALID_JSON, "the body is empty; it must be JSON");
	else
		(void)!fail(&r->fail, FAIL_INVALID_JSON,
		            "the body is not valid JSON: %s at line %zu, column %zu", error->reason,
		            place.line, place.column);
}

static enum json_step read_slice(struct request *r)
{
	if (!r->is_reading_json) {
		r->is_reading_json = true;
		json_init(&r->doc);
		r->doc.nodes_max = LIMIT_JSON_NODES;
		r->doc.depth_max = LIMIT_JSON_DEPTH;
		json_reader_init(&r->reader, &r->doc, stream_body(r->stream));
	}
	return json_reader_step(&r->reader, JSON_SLICE_BYTES);
}

/* X-Flux-No-Retain: 1 keeps content out of logs, and out of the provider's store where it can be
 * said. */
static void read_own_headers(struct request *r)
{
	struct str no_retain = http_header(stream_head(r->stream), STR("x-flux-no-retain"));

	r->no_retain = str_eq(no_retain, STR("1")) || str_eq_nocase(no_retain, STR("true"));
}

/* A long conversation takes milliseconds: also on the pool. */
static void understand(struct request *r)
{
	r->is_understood = true;
	(void)!wire_dialect(r->dialect)->read_request(&r->doc, r->arena, &r->llm, &r->fail);
}

static enum request_result do_all(struct request *r, void (*work)(struct request *))
{
	if (!away_is_worth_it(r)) {
		work(r);
		return fail_is_set(&r->fail) ? STEP_END : STEP_NEXT;
	}
	away_go(r, work);
	return STEP_WAIT;
}

enum request_result understanding_step(struct request *r)
{
	if (r->is_understood)
		return fail_is_set(&r->fail) ? STEP_END : STEP_NEXT;
	switch (read_slice(r)) {
	case JSON_MORE:
		loop_next_turn(&r->worker->loop, &r->later);
		return STEP_WAIT;
	case JSON_FAILED:
		return do_all(r, refuse_json);
	case JSON_DONE:
		break;
	}
	if (r->endpoint->kind == ENDPOINT_TELL)
		return STEP_NEXT;
	if (r->endpoint->kind == ENDPOINT_ROUTE)
		r->dialect = wire_guess_dialect(&r->doc);
	if (str_ends_with(str_of(r->endpoint->path), STR("/compact")))
		r->llm.compaction = LLM_COMPACTION_CALL;
	read_own_headers(r);
	return payment_read_tags(r) < 0 ? STEP_END : do_all(r, understand);
}
