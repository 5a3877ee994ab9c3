/* What is to go out on one connection: copied bytes in one growing buffer, borrowed ones by
 * reference, in order, and a chunk around what one turn of the loop says. Private to front.
 *
 * At most OUT_MAX_BYTES are copied; beyond that out_is_over, and the connection is of no use. */
#ifndef FRONT_OUT_H
#define FRONT_OUT_H

#include "base/buf.h"

#include <uv.h>

enum {
	OUT_FEW_PIECES = 3,   /* held in place: a head, a body, an end */
	OUT_KEEP_BYTES = 512, /* a stream between two events holds no more: most events fit */
	OUT_MAX_BYTES = 64 * 1024 * 1024,
	OUT_COPY_BYTES = 512, /* shorter ones are cheaper copied than told to the kernel apart */
};

struct out_piece {
	const char *borrowed; /* NULL: copied, at `from` in the bytes */
	size_t from;
	size_t len;
};

struct out {
	struct buf bytes;
	struct out_piece few[OUT_FEW_PIECES];
	struct out_piece *many; /* instead of few, once they are more */
	int count;
	int room;
	int first; /* pieces before it are gone */
	int chunk; /* the piece that begins the open chunk, or -1 */
	size_t chunk_bytes;
	size_t total; /* bytes of all pieces */
};

void out_init(struct out *);    /* takes no memory yet */
void out_release(struct out *); /* back to the state after out_init */
void out_clear(struct out *);   /* all has gone out; keeps a small buffer */

void out_copy(struct out *, struct str bytes);
void out_borrow(struct out *, struct str bytes); /* must stay until out_clear or out_release */

/* Room for text that is written in place: at most `bytes`, counted by out_wrote. NULL: over the
 * maximum. */
char *out_room(struct out *, size_t bytes) MUST_USE;
void out_wrote(struct out *, size_t bytes);

/* Bytes put between these two are one chunk (RFC 9112 7.1): its size line is filled in at the end.
 * Beginning an open one and ending none change nothing. */
void out_begin_chunk(struct out *);
void out_end_chunk(struct out *);

/* The first bytes have gone; no chunk is open. What they took is used again. */
void out_drop(struct out *, size_t bytes);

bool out_is_over(const struct out *);
/* The pieces from number `first` (0, or out.first once some were dropped) on, at most `max`; gives
 * how many. */
int out_fill(const struct out *, int first, uv_buf_t *bufs, int max);

#endif
