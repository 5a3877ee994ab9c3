/* What a thread counted lately: short pieces, which are the same few thousand words in most texts,
 * and which tokens may stand side by side. It saves the way through tables that are larger than a
 * processor's nearer caches, and says what they would say.
 *
 * THREADS: each has its own, 204 KB once it counted anything. */
#ifndef TOKEN_MEMO_H
#define TOKEN_MEMO_H

#include "token/vocab.h"

enum {
	MEMO_PIECE_MAX = 15, /* bytes of a piece that is kept */
	MEMO_ROOM = 16,      /* bytes that must be readable where it begins */
	MEMO_PIECES = 8192,
	MEMO_BORDERS = 8192,
};

struct memo {
	uint64_t serial; /* of the vocabulary */
	struct memo_piece {
		uint64_t low, high; /* its bytes, zeros behind; its length in the last byte */
	} pieces[MEMO_PIECES];
	uint8_t counts[MEMO_PIECES];
	uint64_t borders[MEMO_BORDERS]; /* two tokens and, lowest, whether they may */
};

/* This thread's, empty where it counted by another vocabulary before. */
struct memo *memo_take(const struct vocab *);

/* Where a short piece is kept, or would be. MEMO_ROOM bytes are there from its beginning. */
static inline struct memo_piece memo_piece(struct str piece)
{
	unsigned bits = (unsigned)piece.len * 8;
	uint64_t low, high;

	memcpy(&low, piece.ptr, sizeof low);
	memcpy(&high, piece.ptr + sizeof low, sizeof high);
	low &= bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX;
	high &= bits > 64 ? (UINT64_C(1) << (bits - 64)) - 1 : 0;
	return (struct memo_piece){low, high | (uint64_t)piece.len << 56};
}

static inline size_t memo_place(struct memo_piece piece)
{
	uint64_t hash = piece.low ^ piece.high * UINT64_C(0x9e3779b97f4a7c15);

	return (hash * UINT64_C(0xff51afd7ed558ccd)) >> 40 & (MEMO_PIECES - 1);
}

/* joins_allows, remembered. */
static inline bool memo_allows(struct memo *m, const struct joins *joins, uint32_t left,
                               uint32_t right)
{
	uint64_t both = (uint64_t)left << 32 | right << 1;
	uint64_t *border =
	    &m->borders[both * UINT64_C(0x9e3779b97f4a7c15) >> 40 & (MEMO_BORDERS - 1)];

	if ((*border & ~UINT64_C(1)) != both)
		*border = both | joins_allows(joins, left, right);
	return *border & 1;
}

#endif
