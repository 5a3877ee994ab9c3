/* Byte pair encoding: within a piece, the two neighbours that together are the token of the lowest
 * rank are joined, leftmost first, until no two are (Sennrich, Haddow, Birch 2016, over bytes).
 *
 * Nothing is joined here: most pieces are one token, and of the others the longest token that may
 * stand next (joins.h) is taken again and again. Where none may, the last one was too long: where
 * it ended is dead, and a shorter one is tried. Each place dies once, so the work grows with the
 * text, also with one that a stranger made.
 *
 * Which token is the longest at a place can be asked before it is known that one will begin there.
 * In scripts of three bytes a character most places are asked for anyway; asked one after another,
 * without waiting for each other, they take a third of the time, which goes into fetching memory.
 *
 * THREADS: any; nothing is shared but the vocabulary, which nobody changes. */
#include "token/count.h"

#include "token/memo.h"
#include "token/split.h"

enum { SHORT_MAX = 256, WORD_BITS = 64, WIDE_BYTES = 3, WIDE_FIRST = 0xe0 };

struct walk {
	const struct vocab *v;
	struct memo *memo;
	struct str piece;
	uint32_t *tokens;      /* room for as many as the piece has bytes */
	uint64_t *dead;        /* places where no token may begin, a bit each */
	const uint32_t *ahead; /* NULL, or the longest tokens at places; 0: it was not asked */
};

static bool is_dead(const struct walk *w, size_t at)
{
	return at < w->piece.len && w->dead[at / WORD_BITS] >> at % WORD_BITS & 1;
}

static uint32_t longest_at(const struct walk *w, size_t at)
{
	if (w->ahead && w->ahead[at])
		return w->ahead[at];
	return trie_longest(&w->v->trie, str_part(w->piece, at, w->piece.len));
}

/* The piece has more than one token; `best` is the longest with which it begins. */
static int64_t walk_piece(const struct walk *w, uint32_t best)
{
	uint32_t token = trie_token(best);
	size_t at = 0, count = 0, len = trie_len(best);

	for (;;) {
		if (!is_dead(w, at + len) &&
		    (!count || memo_allows(w->memo, &w->v->joins, w->tokens[count - 1], token))) {
			w->tokens[count++] = token;
			at += len;
			if (at == w->piece.len)
				return (int64_t)count;
			best = longest_at(w, at);
			token = trie_token(best);
			len = trie_len(best);
			continue;
		}
		if (len > 1) {
			token = w->v->joins.shorter[token];
		} else {
			must(count > 0); /* one sequence is right, and is not given up */
			w->dead[at / WORD_BITS] |= UINT64_C(1) << at % WORD_BITS;
			token = w->tokens[--count];
			at -= w->v->lens[token];
		}
		len = w->v->lens[token];
	}
}

static int64_t count_short(struct walk *w, uint32_t best)
{
	uint32_t tokens[SHORT_MAX], ahead[SHORT_MAX];
	uint64_t dead[SHORT_MAX / WORD_BITS] = {0};

	w->tokens = tokens;
	w->dead = dead;
	if ((unsigned char)w->piece.ptr[0] >= WIDE_FIRST) {
		memset(ahead, 0, w->piece.len * sizeof ahead[0]);
		for (size_t at = WIDE_BYTES; at < w->piece.len; at += WIDE_BYTES)
			ahead[at] = longest_at(w, at);
		w->ahead = ahead;
	}
	return walk_piece(w, best);
}

static int64_t count_long(struct walk *w, uint32_t best)
{
	int64_t count;

	w->tokens = mem_get(w->piece.len * sizeof *w->tokens);
	w->dead = mem_get((w->piece.len / WORD_BITS + 1) * sizeof *w->dead);
	count = walk_piece(w, best);
	mem_put(w->tokens);
	mem_put(w->dead);
	return count;
}

static int64_t count_piece(const struct vocab *v, struct memo *memo, struct str piece)
{
	uint32_t best = trie_longest(&v->trie, piece);
	struct walk w = {.v = v, .memo = memo, .piece = piece};

	if (trie_len(best) == piece.len)
		return 1;
	return piece.len <= SHORT_MAX ? count_short(&w, best) : count_long(&w, best);
}

static int64_t count_remembered(const struct vocab *v, struct memo *memo, struct str piece)
{
	struct memo_piece key = memo_piece(piece);
	size_t place = memo_place(key);

	if (memo->pieces[place].low != key.low || memo->pieces[place].high != key.high) {
		memo->pieces[place] = key;
		memo->counts[place] = (uint8_t)count_piece(v, memo, piece);
	}
	return memo->counts[place];
}

int64_t count_tokens(const struct vocab *v, struct str text)
{
	struct memo *memo = memo_take(v);
	int64_t count = 0;

	while (text.len) {
		size_t bytes = split_piece(v, str_part(text, 0, COUNT_PIECE_MAX));
		struct str piece = {text.ptr, bytes};

		count += bytes <= MEMO_PIECE_MAX && text.len >= MEMO_ROOM
		             ? count_remembered(v, memo, piece)
		             : count_piece(v, memo, piece);
		text = str_part(text, bytes, text.len);
	}
	return count;
}
