/* The record of one decision, without content: enough to decide again under another configuration.
 * 320 bytes each; docs/routing.md, "Decision records". Pure. */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include "route/policy.h"

enum { TRACE_BYTES = 320, TRACE_NAME_MAX = 95, TRACE_FORMAT = 1, TRACE_ID_BYTES = 16 };

enum trace_kind { TRACE_HEADER = 1, TRACE_DECISION, TRACE_FEEDBACK };

/* A decision, or what somebody said about one (then only id, time, account, key and should_be). */
struct trace {
	enum trace_kind kind;
	uint8_t request_id[TRACE_ID_BYTES];
	int64_t at_ms; /* calendar; of the record */
	int64_t account_id, key_id;
	enum llm_tier should_be; /* TRACE_FEEDBACK */

	char config[13];  /* hash of the configuration that decided */
	uint64_t scorer;  /* hash of its scorer, */
	uint64_t words;   /* and of all in it but the weights of facts */
	struct str asked; /* the model as named; at most TRACE_NAME_MAX bytes are kept */
	bool is_scored;   /* flux-auto: score and gist mean something */
	bool has_tier, is_stream, is_managed; /* is_managed: x-wl-context-managed */
	bool has_sample;                      /* its content was kept, too */
	enum llm_dialect dialect;
	enum llm_tier matched, tier;
	enum score_rule rule;
	int score;
	struct score_gist gist;
	bool has_bounds; /* the key's or account's own */
	enum llm_tier floor, ceiling;
	unsigned needs; /* enum llm_ability bits */
	uint64_t conversation;
	int64_t counted_tokens, context_tokens, expected_output, max_output; /* 0: not said */
	int64_t tool_bytes, schema_bytes, text_bytes;
	int turns, tools, images, files; /* at most 65,535 each are kept */
};

/* What the decision had to go on. Names are borrowed. */
void trace_fill(struct trace *out, const struct llm_request *, const struct route_wish *,
                const struct decision *, const struct catalog *);

/* What route_decide needs to decide again. It points into itself and into the trace: do not copy
 * it. The key's list of models is not kept: the caller knows what it is now. */
struct trace_recall {
	struct llm_request request;
	struct route_wish wish;
	struct route_recalled recalled;
};
void trace_recall(const struct trace *, struct trace_recall *out);

void trace_write(uint8_t out[TRACE_BYTES], const struct trace *);
void trace_write_header(uint8_t out[TRACE_BYTES]);
/* -1: damaged, or no trace. Texts borrow from the bytes. */
int trace_read(const uint8_t bytes[TRACE_BYTES], struct trace *out) MUST_USE;

/* The milliseconds that a UUIDv7 begins with. */
int64_t trace_id_ms(const uint8_t request_id[TRACE_ID_BYTES]);

#endif
