/* Which two tokens may be neighbours. Joining pairs by rank gives each text one sequence of tokens,
 * and a sequence is that one if joining gives each of its tokens by itself and leaves each two
 * neighbours apart: what happens at one border asks for nothing beyond the two tokens there. So
 * text may be cut from its front, without joining anything. (An algorithm that is known from
 * https://github.com/github/rust-gems, crates/bpe.)
 *
 * Some 7 MB for 200,000 tokens. Pure but for memory.
 *
 * THREADS: read-only once it is made. */
#ifndef TOKEN_JOINS_H
#define TOKEN_JOINS_H

#include "token/trie.h"

enum { JOINS_BYTES = 256 }; /* tokens below it are single bytes, and all that are */

struct joins {
	struct joins_halves {
		uint32_t left, right; /* of which a token is joined last */
	} * halves;
	uint32_t *shorter; /* the longest token with which a longer one begins */
	uint64_t *pairs;   /* left, right and what they give, 20 bits each; 0: the slot is free */
	uint64_t *seen;    /* bits by a hash: without, there is no such pair */
	uint32_t pairs_mask;
};

/* As trie_make, whose result it asks. -1: a token cannot be made by joining pairs of lower rank. */
int joins_make(struct joins *out, const struct trie *, const char *texts, const uint32_t *starts,
               uint32_t count) MUST_USE;
void joins_release(struct joins *);

/* `left` stays as it is where `right` follows, and `right` where `left` goes before. */
bool joins_allows(const struct joins *, uint32_t left, uint32_t right);

#endif
