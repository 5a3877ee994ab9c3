/* The few facts that a built-in answer depends on, seen in a request's JSON body. */
#ifndef TESTS_PROVIDER_ASKED_H
#define TESTS_PROVIDER_ASKED_H

#include "heard.h"

enum usage_part {
	USAGE_INPUT,
	USAGE_OUTPUT,
	USAGE_CACHED,
	USAGE_REASONING,
	USAGE_WRITTEN,
	USAGE_PARTS
};

/* What a script wishes of a built-in answer; all empty: plain text. */
struct wish {
	struct str say;
	struct str tool_name;
	struct str tool_input; /* a JSON object as text; of a custom tool its text */
	bool calls_again;      /* also where the request holds tool results */
	bool is_custom;
	int64_t usage[USAGE_PARTS];
	bool has_usage;
};

/* All texts are JSON already, with their quotes, in the arena given to asked_read. */
struct asked {
	struct str model;
	struct str say;
	struct str tool_name;   /* empty: answer with text */
	struct str tool_input;  /* the input as one JSON string */
	struct str tool_object; /* the input as a JSON object */
	bool is_custom;         /* tool_input is a custom tool's text */
	int number;             /* the answers' in the conversation, from 1: ids end in it */
	struct str *words;      /* `say` in the pieces a stream sends */
	size_t word_count;
	bool wants_stream;
	bool wants_usage; /* stream_options.include_usage */
	int64_t usage[USAGE_PARTS];
};

void asked_read(struct asked *, const struct heard *, const struct wish *, struct arena *);

struct str json_text(struct arena *, struct str raw); /* raw as a JSON string */
/* The bytes of a top-level member's value, strings with their quotes; empty where absent. Believes
 * its input. */
struct str json_member(struct str object, struct str name);

#endif
