/* From one dialect to another by way of neutral words: M + N, not M x N. One row of functions per
 * dialect (three for clients and providers, gemini for providers only), and the driver that calls
 * them. Same dialect on both sides goes by wire.h instead, byte by byte.
 *
 * REQUESTS
 *	struct wire_job job = {.client = .., .target = .., .doc = .., ..};
 *
 *	job_init(&job, &fail);
 *	if (translate_request(&job, &body) < 0)     reads, checks features, renames, writes
 *		...                                 UNSUPPORTED_CONTENT and the like, with a path
 *	job.warnings -> X-Flux-Warnings
 *
 * STREAMS  Per event of the provider (an EOF before END or ERROR is a failure):
 *	translate_read(&job, &sse_event, &events)   0..n neutral events; -1: not this dialect
 *	for each event:
 *		look at it: OPEN, DELTA, FINISH are content, HEAD and USAGE are not; usage -> meter;
 *		ERROR -> fail over or translate_write_error; set job.charge_nusd
 *		translate_write(&job, event, &out)  0..n of the client's events, whole, with SSE
 *
 * WHOLE ANSWERS
 *	translate_answer(&job, &doc, &answer)       -1: the body is no answer of that dialect
 *	price answer->usage, set job.charge_nusd
 *	translate_write_answer(&job, &answer, &body)
 *
 * Events borrow from the provider's bytes and from job.scratch: write them before either goes. */
#ifndef WIRE_TRANSLATE_H
#define WIRE_TRANSLATE_H

#include "base/buf.h"
#include "wire/flow.h"
#include "wire/job.h"
#include "wire/sse.h"

struct translator {
	struct str name;
	/* What this dialect's requests can hold, and what its writer can say: enum feature_level
	 * per feature. The driver warns of or refuses the rest, see feature.h. */
	const uint8_t *reads; /* NULL: provider only */
	const uint8_t *writes;
	size_t reading_bytes; /* of the zeroed states, at most TRANSLATE_STATE_MAX; 0: none */
	size_t writing_bytes;

	/* The client's request, whose light read_request has passed. Marks out->use. Members of
	 * the document that it does not know are dropped by job_drop, or refused by job_refuse
	 * where leaving them out changes the meaning. -1: refused. NULL: provider only. */
	int (*read_talk)(struct wire_job *, struct talk *out);
	/* The provider's request body. Never fails on what the feature table lets pass, but for
	 * values: job_refuse. */
	int (*write_request)(struct wire_job *, const struct talk *, struct buf *out);

	/* One event of the provider, through the flow; job->events is free to parse it into.
	 * -1: it is no event of this dialect. Events and types that are not known are skipped. */
	int (*read_event)(struct wire_job *, const struct sse_event *, struct flow *);
	/* The provider's whole answer. -1: it is none. */
	int (*read_answer)(struct wire_job *, const struct json *, struct talk_answer *out);

	/* To the client; names and ids are the client's again. NULL: provider only. TALK_ERROR is
	 * not given to it: its words are the provider's. */
	void (*write_event)(struct wire_job *, const struct talk_event *, struct buf *out);
	void (*write_answer)(struct wire_job *, const struct talk_answer *, struct buf *out);
	/* The event that ends the stream as broken, in our words; NULL: wire.h's put_stream_error
	 * is as good. */
	void (*write_error)(struct wire_job *, const struct fail *, struct buf *out);
	/* Frees what the writing state holds beside the arena; may be NULL. */
	void (*release_writing)(struct wire_job *);
};

enum { TRANSLATE_STATE_MAX = 2048 };

const struct translator *translate_row(enum llm_dialect); /* NULL: not there yet */
/* Both sides can be translated between. */
bool translate_is_possible(enum llm_dialect client, enum llm_dialect target);

/* What becomes of a feature of `client` at a provider that speaks `target`. */
enum feature_fate translate_fate(enum feature, enum llm_dialect client, enum llm_dialect target);

int translate_request(struct wire_job *, struct buf *out) MUST_USE;

struct talk_events {
	struct talk_event *list; /* scratch */
	int count;
};

int translate_read(struct wire_job *, const struct sse_event *, struct talk_events *out) MUST_USE;
void translate_write(struct wire_job *, const struct talk_event *, struct buf *out);
void translate_write_error(struct wire_job *, const struct fail *, struct buf *out);

int translate_answer(struct wire_job *, const struct json *, struct talk_answer *out) MUST_USE;
void translate_write_answer(struct wire_job *, const struct talk_answer *, struct buf *out);

/* Ends the job, after job_init at the latest; once is enough, twice is harmless. */
void translate_release(struct wire_job *);

#endif
