/* Byte pair encoding: within a piece, the two neighbours that together are the token of the lowest
 * rank are joined, leftmost first, until no two are (Sennrich, Haddow, Birch 2016, over bytes).
 * Most pieces are one token and cost one look-up. Short ones are joined in arrays, long ones,
 * which a stranger may make as long as a body, with a heap: n log n.
 *
 * THREADS: any; nothing is shared but the vocabulary, which nobody changes. */
#include "token/count.h"

#include "token/split.h"

enum { SHORT_MAX = 128, LANES = 4 };

/* ---- short pieces ---- */

/* Parts by where they begin. A pair's figure has its rank above and its place below, so that the
 * lowest figure is the pair to join. */
struct parts {
	struct str piece;
	int32_t pairs[SHORT_MAX]; /* of each part and its next; NO_PAIR: none */
	uint8_t next[SHORT_MAX], before[SHORT_MAX];
};

#define NO_PAIR INT32_MAX
_Static_assert((int64_t)VOCAB_TOKENS_MAX *SHORT_MAX <= NO_PAIR, "a pair's figure has room");

static int32_t pair_of(const struct vocab *v, const struct parts *p, size_t at)
{
	size_t next = p->next[at];
	uint32_t rank;

	if (next == p->piece.len)
		return NO_PAIR;
	rank = vocab_rank(v, (struct str){p->piece.ptr + at, p->next[next] - at});
	return rank == VOCAB_NO_TOKEN ? NO_PAIR : (int32_t)(rank * SHORT_MAX + at);
}

/* Lane by lane, which compilers do at once. */
static int32_t lowest(const struct parts *p)
{
	int32_t lanes[LANES] = {NO_PAIR, NO_PAIR, NO_PAIR, NO_PAIR}, lowest = NO_PAIR;

	for (size_t at = 0; at < p->piece.len; at += LANES)
		for (int i = 0; i < LANES; i++)
			lanes[i] = p->pairs[at + (size_t)i] < lanes[i] ? p->pairs[at + (size_t)i]
			                                               : lanes[i];
	for (int i = 0; i < LANES; i++)
		lowest = lanes[i] < lowest ? lanes[i] : lowest;
	return lowest;
}

static int64_t count_short(const struct vocab *v, struct str piece)
{
	struct parts p; /* filled as far as the piece goes */
	int64_t count = (int64_t)piece.len;
	int32_t pair;

	p.piece = piece;
	for (size_t at = 0; at < piece.len; at++) {
		p.next[at] = (uint8_t)(at + 1);
		p.before[at] = (uint8_t)(at - 1);
	}
	for (size_t at = 0; at < (piece.len + LANES - 1) / LANES * LANES; at++)
		p.pairs[at] = at + 1 < piece.len ? pair_of(v, &p, at) : NO_PAIR;
	for (; (pair = lowest(&p)) != NO_PAIR; count--) {
		size_t at = (size_t)pair % SHORT_MAX, gone = p.next[at];

		p.next[at] = p.next[gone];
		p.pairs[gone] = NO_PAIR;
		if (p.next[at] < piece.len)
			p.before[p.next[at]] = (uint8_t)at;
		p.pairs[at] = pair_of(v, &p, at);
		if (at > 0)
			p.pairs[p.before[at]] = pair_of(v, &p, p.before[at]);
	}
	return count;
}

/* ---- long pieces ---- */

/* A pair that may be joined. It is out of date where `joined` at its place says otherwise. */
struct pair {
	uint32_t rank, at;
};

/* Parts are linked by where they begin. */
struct chain {
	const struct vocab *v;
	struct str piece;
	uint32_t *next, *before, *joined;
	struct pair *heap; /* lowest first; of two alike, the left one */
	size_t heap_count;
};

static bool goes_first(struct pair a, struct pair b)
{
	return a.rank != b.rank ? a.rank < b.rank : a.at < b.at;
}

static void heap_put(struct chain *c, struct pair pair)
{
	size_t at = c->heap_count++;

	for (; at > 0 && goes_first(pair, c->heap[(at - 1) / 2]); at = (at - 1) / 2)
		c->heap[at] = c->heap[(at - 1) / 2];
	c->heap[at] = pair;
}

static struct pair heap_take(struct chain *c)
{
	struct pair first = c->heap[0], last = c->heap[--c->heap_count];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < c->heap_count) {
		if (child + 1 < c->heap_count && goes_first(c->heap[child + 1], c->heap[child]))
			child++;
		if (!goes_first(c->heap[child], last))
			break;
		c->heap[at] = c->heap[child];
		at = child;
	}
	c->heap[at] = last;
	return first;
}

/* What the part at `at` and its next make together. */
static void offer(struct chain *c, uint32_t at)
{
	uint32_t next = c->next[at];

	c->joined[at] = VOCAB_NO_TOKEN;
	if (next == c->piece.len)
		return;
	c->joined[at] = vocab_rank(c->v, str_part(c->piece, at, c->next[next] - at));
	if (c->joined[at] != VOCAB_NO_TOKEN)
		heap_put(c, (struct pair){c->joined[at], at});
}

static void join(struct chain *c, uint32_t at)
{
	uint32_t gone = c->next[at];

	c->joined[gone] = VOCAB_NO_TOKEN;
	c->next[at] = c->next[gone];
	if (c->next[at] < c->piece.len)
		c->before[c->next[at]] = at;
	offer(c, at);
	if (at > 0)
		offer(c, c->before[at]);
}

static int64_t count_long(const struct vocab *v, struct str piece)
{
	struct chain c = {.v = v, .piece = piece};
	int64_t count = (int64_t)piece.len;

	c.next = mem_get(3 * piece.len * sizeof *c.next);
	c.before = c.next + piece.len;
	c.joined = c.before + piece.len;
	c.heap = mem_get(3 * piece.len * sizeof *c.heap); /* each join offers two more */
	for (uint32_t i = 0; i < piece.len; i++) {
		c.next[i] = i + 1;
		c.before[i] = i ? i - 1 : 0;
	}
	for (uint32_t i = 0; i < piece.len; i++)
		offer(&c, i);
	while (c.heap_count) {
		struct pair pair = heap_take(&c);

		if (c.joined[pair.at] != pair.rank)
			continue;
		join(&c, pair.at);
		count--;
	}
	mem_put(c.next);
	mem_put(c.heap);
	return count;
}

/* ---- texts ---- */

static int64_t count_piece(const struct vocab *v, struct str piece)
{
	if (piece.len == 1 || vocab_rank(v, piece) != VOCAB_NO_TOKEN)
		return 1;
	return piece.len <= SHORT_MAX ? count_short(v, piece) : count_long(v, piece);
}

int64_t count_tokens(const struct vocab *v, struct str text)
{
	int64_t count = 0;

	while (text.len) {
		size_t bytes = split_piece(v, str_part(text, 0, COUNT_PIECE_MAX));

		count += count_piece(v, str_part(text, 0, bytes));
		text = str_part(text, bytes, text.len);
	}
	return count;
}
