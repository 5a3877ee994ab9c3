/* What is said? One row of functions per dialect: reading a client's request into neutral words,
 * the named edits that a request gets when both sides speak the same dialect, reading usage and
 * meaning out of answers and stream events, and errors in the dialect's own shape. Pure, no I/O,
 * knows no sockets and no configuration.
 *
 * Sources: OpenAI API reference (chat completions, responses), Anthropic API reference
 * (messages, streaming, errors); docs/design.md tells what byte-exact means. */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include "base/buf.h"
#include "fail.h"
#include "llm.h"
#include "wire/calls.h"
#include "wire/edit.h"
#include "wire/sse.h"
#include "wire/usage.h"

/* ---- requests ---- */

/* What is changed in a request that goes to a target of its own dialect. */
struct wire_change {
	struct str model;        /* the provider's id */
	bool meter_stream;       /* chat: ask for the usage chunk */
	bool no_store;           /* set store: false where the dialect has it */
	int64_t max_output;      /* replace the asked output limit by this, or add it; 0: leave */
	bool pins_billing;       /* messages: Claude Code's billing header, new in every request */
	bool says_max_tokens;    /* chat: that is its name there, not max_completion_tokens */
	struct wire_calls calls; /* of the provider's tools */
	/* messages: anthropic_version in place of model, and no stream: both stand in the path.
	 * Empty: not so. */
	struct str body_version;
	struct str body_betas; /* with it: anthropic_beta, a JSON array; empty: none */
};

/* ---- answers ---- */

/* What was learned of an attempt's answer so far. */
struct wire_meter {
	struct llm_usage usage;   /* as far as reported */
	struct llm_usage told;    /* messages: the newest word on each figure */
	struct usage_calls calls; /* that were told of, should usage not come */
	bool has_usage;
	bool has_content;      /* some content was seen */
	struct str model;      /* the version that the provider names; arena; empty: not told */
	int64_t events;        /* content events of a stream */
	int64_t payload_bytes; /* of them */
	int64_t least_payload; /* of the smallest one: the frame around the text */
};

enum wire_kind {
	WIRE_LIFECYCLE, /* a frame before content: role chunk, message_start, created, ping */
	WIRE_CONTENT,
	WIRE_END,   /* the dialect's terminal event */
	WIRE_ERROR, /* the provider says that it failed */
};

/* What one event means and which named edits it may get. The spans point into the event's data. */
struct wire_note {
	enum wire_kind kind;
	struct str usage;   /* the usage object, where cost_usd goes; empty: none */
	bool is_usage_only; /* chat: the chunk that exists only because usage was asked for */
	struct str
	    null_usage; /* chat: `,"usage":null` that is there only because usage was asked for */
};

struct wire_noting {
	struct wire_meter *meter;
	struct json *scratch; /* reused for every event */
	struct arena *arena;  /* the request's; for texts that must stay */
	bool hides_usage;     /* the client did not ask for the usage chunk */
	bool counts_rest;     /* chat: see wire/usage.h */
};

struct dialect {
	struct str name;
	/* f: MISSING_FIELD, INVALID_VALUE, UNSUPPORTED_PARAMETER, each with its JSON path. */
	int (*read_request)(const struct json *, struct arena *, struct llm_request *out,
	                    struct fail *);
	void (*edit_request)(const struct llm_request *, const struct wire_change *, struct arena *,
	                     struct wire_edits *out);
	/* The usage object of a whole answer goes to *out_usage. -1: the body is no answer of
	 * this dialect. */
	int (*read_answer)(const struct json *, struct wire_noting *, struct str *out_usage);
	void (*note_event)(struct wire_noting *, const struct sse_event *, struct wire_note *out);
	void (*put_error)(struct buf *, const struct fail *, struct str request_id);
	/* The event that ends a stream as broken. is_first: no other event was sent before. */
	void (*put_stream_error)(struct buf *, const struct fail *, struct str request_id,
	                         bool is_first);
};

const struct dialect *wire_dialect(enum llm_dialect);

/* The named member of usage: `"cost_usd":0.001,"currency":"USD"` behind what is there. `at`: where
 * the object's last brace stands in what is edited. */
void wire_edit_cost(struct wire_edits *, size_t at, struct str usage_object, int64_t charge_nusd,
                    struct arena *);

/* What was not reported, from what was sent and seen: `input_tokens` as the router counted them,
 * output from the events' payload or from the answer's bytes, but never above `most_output` (0: no
 * limit is known). Marks usage as not reported where it has to guess. */
void wire_estimate_missing(struct wire_meter *, int64_t input_tokens, int64_t answer_bytes,
                           int64_t most_output);

/* A request's dialect by its shape, for bodies that come without a path. */
enum llm_dialect wire_guess_dialect(const struct json *);

#endif
