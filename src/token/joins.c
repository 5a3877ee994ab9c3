/* Two neighbours are looked at backwards in time: of the two, the token of the higher rank was
 * joined later, so it is taken apart, and what then touches the border must not have been joined
 * before that; and so on until two bytes are left. Of two alike the left one is joined first.
 *
 * The table of pairs grows by rank: for a token's own halves only pairs of lower ranks count, and
 * these are in it by then. Called by vocab.c and, for most of its time, by count.c. */
#include "token/joins.h"

enum { TOKEN_BITS = 20 };
_Static_assert(TOKENS_MAX <= 1 << TOKEN_BITS, "three ranks have room in a word");

static inline uint64_t hash_of(uint64_t pair)
{
	pair *= UINT64_C(0x9e3779b97f4a7c15);
	return pair ^ pair >> 32;
}

static inline uint32_t joined_of(const struct joins *j, uint32_t left, uint32_t right)
{
	uint64_t pair = (uint64_t)left << TOKEN_BITS | right, hash = hash_of(pair);
	uint32_t bit = (uint32_t)hash & (j->pairs_mask << 3 | 7);

	if (!(j->seen[bit / 64] >> bit % 64 & 1))
		return NO_TOKEN;
	for (uint32_t at = (uint32_t)hash & j->pairs_mask; j->pairs[at];
	     at = (at + 1) & j->pairs_mask)
		if (j->pairs[at] >> TOKEN_BITS == pair)
			return (uint32_t)j->pairs[at] & (TOKENS_MAX - 1);
	return NO_TOKEN;
}

bool joins_allows(const struct joins *j, uint32_t left, uint32_t right)
{
	uint32_t before = NO_TOKEN;

	for (;;) {
		if (joined_of(j, left, right) < before)
			return false;
		if (left < JOINS_BYTES && right < JOINS_BYTES)
			return true;
		if (left > right) {
			before = left;
			left = j->halves[left].right;
		} else {
			before = right + 1;
			right = j->halves[right].left;
		}
	}
}

static void put_pair(struct joins *j, struct joins_halves halves, uint32_t token)
{
	uint64_t pair = (uint64_t)halves.left << TOKEN_BITS | halves.right, hash = hash_of(pair);
	uint32_t bit = (uint32_t)hash & (j->pairs_mask << 3 | 7);
	uint32_t at = (uint32_t)hash & j->pairs_mask;

	j->seen[bit / 64] |= UINT64_C(1) << bit % 64;
	while (j->pairs[at])
		at = (at + 1) & j->pairs_mask;
	j->pairs[at] = pair << TOKEN_BITS | token;
	j->halves[token] = halves;
}

/* Longest left halves first. */
static int find_halves(struct joins *j, const struct trie *t, struct str text, uint32_t token,
                       const uint32_t *starts)
{
	struct joins_halves halves = {.left = j->shorter[token]};

	for (;; halves.left = j->shorter[halves.left]) {
		uint32_t len = starts[halves.left + 1] - starts[halves.left], best;
		struct str rest = str_part(text, len, text.len);

		best = trie_longest(t, rest);
		halves.right = trie_token(best);
		if (trie_len(best) == rest.len && halves.left < token && halves.right < token &&
		    joins_allows(j, halves.left, halves.right))
			break;
		if (len == 1)
			return -1;
	}
	put_pair(j, halves, token);
	return 0;
}

int joins_make(struct joins *j, const struct trie *t, const char *texts, const uint32_t *starts,
               uint32_t count)
{
	size_t slots = 16;

	while (slots < 2 * (size_t)count)
		slots *= 2;
	j->pairs_mask = (uint32_t)slots - 1;
	j->pairs = mem_get(slots * sizeof *j->pairs);
	j->seen = mem_get(slots);
	j->halves = mem_get(count * sizeof *j->halves);
	j->shorter = mem_get(count * sizeof *j->shorter);
	for (uint32_t i = 0; i < count; i++) {
		struct str text = {texts + starts[i], starts[i + 1] - starts[i]};

		if (i < JOINS_BYTES ? text.len != 1 : text.len == 1)
			return -1;
		if (text.len > 1)
			j->shorter[i] =
			    trie_token(trie_longest(t, str_part(text, 0, text.len - 1)));
	}
	for (uint32_t i = JOINS_BYTES; i < count; i++) {
		struct str text = {texts + starts[i], starts[i + 1] - starts[i]};

		if (text.len && find_halves(j, t, text, i, starts) < 0)
			return -1;
	}
	return count < JOINS_BYTES ? -1 : 0;
}

void joins_release(struct joins *j)
{
	mem_put(j->halves);
	mem_put(j->shorter);
	mem_put(j->pairs);
	mem_put(j->seen);
	*j = (struct joins){0};
}
