/* Which token is the longest one that a text begins with. A trie over all tokens' texts, its first
 * two bytes a table, the rest a double array (Aoe, An Efficient Digital Search Algorithm by Using a
 * Double-Array Structure, 1989): a step is one look into eight bytes.
 *
 * Some 4 MB for 200,000 tokens. Pure but for memory.
 *
 * THREADS: read-only once it is made. */
#ifndef TOKEN_TRIE_H
#define TOKEN_TRIE_H

#include "base/str.h"

struct trie_node {
	/* Where its children are, above; 0: it has none. A child by byte b is at the place that
	 * many + b. Below, TRIE_CHILD and by which byte it is a child; without, it is nobody's. */
	uint32_t way;
	uint32_t
	    best; /* the longest token that the text of this node begins with, and its length */
};

enum { TOKENS_MAX = 1 << 20 }; /* of a vocabulary */
#define NO_TOKEN UINT32_MAX

enum { TRIE_WAY_SHIFT = 9, TRIE_CHILD = 0x100, TRIE_LABEL = 0x1ff, TRIE_LEN_SHIFT = 24 };

struct trie {
	uint32_t *roots;     /* nodes of texts of two bytes; 0: no token begins so */
	uint32_t bytes[256]; /* tokens of one byte, and 1 */
	struct trie_node *nodes;
};

/* Texts by rank, one behind the other; `starts` has one more than there are. Every byte by itself
 * is one of them. -1: they are too many for a node's figure. */
int trie_make(struct trie *out, const char *texts, const uint32_t *starts, uint32_t count) MUST_USE;
void trie_release(struct trie *);

/* A token and its length in one figure. */
static inline uint32_t trie_token(uint32_t best)
{
	return best & (TOKENS_MAX - 1);
}

static inline size_t trie_len(uint32_t best)
{
	return best >> TRIE_LEN_SHIFT;
}

/* The text is not empty. Gives the token and its length. */
static inline uint32_t trie_longest(const struct trie *t, struct str text)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	const struct trie_node *node;
	uint32_t root = text.len > 1 ? t->roots[p[0] << 8 | p[1]] : 0;

	if (!root)
		return t->bytes[p[0]];
	node = &t->nodes[root];
	for (size_t i = 2; i < text.len && node->way >> TRIE_WAY_SHIFT; i++) {
		const struct trie_node *child = &t->nodes[(node->way >> TRIE_WAY_SHIFT) + p[i]];

		if ((child->way & TRIE_LABEL) != (TRIE_CHILD | p[i]))
			break;
		node = child;
	}
	return node->best;
}

#endif
