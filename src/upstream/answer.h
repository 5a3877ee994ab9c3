/* One answer being read: interim heads are skipped, the head is kept, the body is decoded and
 * either handed over piece by piece or gathered. Pure: bytes in, facts out, any split of the
 * input gives the same result, no I/O. */
#ifndef UPSTREAM_ANSWER_H
#define UPSTREAM_ANSWER_H

#include "front/http1.h"

enum answer_fed {
	ANSWER_MORE, /* all is well, and not all is here */
	ANSWER_END,  /* the body is whole */
	ANSWER_BAD,  /* no HTTP, or not as we can take it */
	ANSWER_TOO_LARGE,
};

struct answer {
	struct arena *arena; /* borrows; for the head and `problem` */
	struct str method;   /* of the request */
	size_t gather_max;   /* 0: hand over */

	struct http_head *head; /* NULL: not whole yet */
	struct http1_body body;
	struct str
	    fresh; /* handed over: body bytes of the last feed, not taken; good until it returns */
	struct buf kept;    /* handed over: bytes of earlier feeds; gathered: all */
	struct str problem; /* in words */
	size_t leftover;    /* bytes behind the end, in the last feed */

	struct buf head_bytes; /* of a head that comes in parts */
	size_t scanned;
	int interim_heads;
};

void answer_init(struct answer *, struct arena *, struct str method, size_t gather_max);
void answer_release(struct answer *);
/* `bytes` is written to. Feeding nothing is fine. Not after another result than ANSWER_MORE. */
enum answer_fed answer_feed(struct answer *, char *bytes, size_t len) MUST_USE;
/* Where the next bytes are best put, to be fed from there; NULL: no matter. */
char *answer_room(struct answer *, size_t *out_bytes);
/* Whether an end of the connection, in order, completes it. */
bool answer_ends_at_close(const struct answer *);

struct str answer_body(const struct answer *); /* what is there and was not taken */
void answer_take(struct answer *, size_t bytes);
/* Before the memory of the last feed goes: what was not taken is kept. */
void answer_keep(struct answer *);

#endif
