/* A memo for each thread, and whose it is. A vocabulary may lie where one lay that was freed: so
 * each has a serial number. An empty place is no piece, for a piece has a length, and an empty
 * border no border, for no token has so high a rank. Called by count.c. */
#include "token/memo.h"

static _Thread_local struct memo memo;

struct memo *memo_take(const struct vocab *v)
{
	if (memo.serial != v->serial) {
		memset(memo.pieces, 0, sizeof memo.pieces);
		memset(memo.borders, 0xff, sizeof memo.borders);
		memo.serial = v->serial;
	}
	return &memo;
}
