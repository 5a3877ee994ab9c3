/* The bytes of one request's body, gathered, and the budget that all bodies of the process share
 * (front_set_body_memory in listen.h). Bytes are asked of the budget as they come. Private
 * to front. */
#ifndef FRONT_BODY_H
#define FRONT_BODY_H

#include "base/arena.h"

struct body {
	char *ptr;
	size_t len;
	size_t cap;
	void *heap;      /* what ptr points to, unless it is in an arena */
	size_t reserved; /* of the budget */
};

/* One byte of room behind `cap`: a read that asks for it and gets all but it has emptied the
 * socket, which saves libuv a second read to find out. */
enum { BODY_SLACK = 1 };

/* Room for exactly that much, of the arena when it is little. -1: the budget does not have it. */
int body_expect(struct body *, struct arena *, size_t bytes) MUST_USE;
/* Adds; grows in doubling steps up to `max`, which the caller has checked. -1: over the budget. */
int body_add(struct body *, struct str bytes, size_t max) MUST_USE;
/* So many more are in their place already. -1: over the budget. */
int body_grew(struct body *, size_t bytes) MUST_USE;
void body_release(struct body *);

#endif
