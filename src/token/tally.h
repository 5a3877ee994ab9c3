/* How many tokens a request's input has, by a vocabulary or without one:
 *
 *	tokens of every text (decoded; system texts, turns, calls and results)
 *	+ 4 for every turn and 3 for the answer's beginning
 *	+ tokens of the tools' definitions, as they stand in the body, and of an answer's schema
 *	+ 1,000 for every image and audio, 3,000 for every document
 *
 * Four and three are OpenAI's own figures for chat:
 * https://github.com/openai/openai-cookbook, "How to count tokens with tiktoken". Definitions of
 * tools are counted as JSON, which is a little more than what providers make of them; images are
 * what a large one comes to at most providers. Pure. */
#ifndef TOKEN_TALLY_H
#define TOKEN_TALLY_H

#include "llm.h"
#include "token/vocab.h"

struct tally {
	struct str *texts; /* insides of JSON strings, escapes and all */
	int text_count;
	struct str tools; /* JSON */
	int64_t rest;     /* tokens of what has no text, by the figures above */
	size_t bytes;     /* of the texts and tools */
};

/* What there is to count. Borrows from the request. Arena. */
void tally_take(struct tally *, const struct llm_request *, struct arena *);
/* Without a vocabulary by token/guess.h. The arena is for texts that have escapes. */
int64_t tally_count(const struct tally *, const struct vocab *, struct arena *);

#endif
