/* One connection to an origin: bytes both ways over TCP, with TLS over it or not. Knows no HTTP.
 *
 * A link has one user at a time: first the dial that opens it, then an exchange, between
 * exchanges its pool. It reads all the time, also for its pool, so that a close by the provider
 * is noticed at once; it stops only when it is paused. What happens is told to the user by the
 * calls of struct link_user, never from inside a function of this header, and any of them may
 * close the link. All on the loop's thread. */
#ifndef UPSTREAM_LINK_H
#define UPSTREAM_LINK_H

#include "base/tls.h"
#include "upstream/resolve.h"

struct link;
struct pool;
struct upstream;

enum link_end {
	LINK_ENDED,      /* the peer closed in order */
	LINK_CUT,        /* closed without TLS's close_notify: what came may be a part only */
	LINK_BROKEN,     /* connect failed, reset, or another error: link_problem */
	LINK_TLS_FAILED, /* link_problem */
};

struct link_user {
	/* Where the next bytes may be put directly; NULL: into shared memory. May be NULL. */
	char *(*room)(struct link *, size_t *out_bytes);
	void (*on_open)(struct link *); /* connected; again when TLS is up */
	void (*on_bytes)(struct link *, char *bytes, size_t len); /* writable, good inside only */
	void (*on_sent)(struct link *); /* a link_send that was not done at once is done now */
	void (*on_end)(struct link *, enum link_end); /* only link_close is left to do */
};

struct link *link_new(struct upstream *, struct pool *);
/* Begins; then on_open or on_end. A status of libuv below 0: it could not even begin (then only
 * link_close). */
int link_connect(struct link *, const union address *) MUST_USE;
void link_start_tls(struct link *, struct tls_client *); /* then on_open or on_end */
void link_close(struct link **); /* at once; harmless with NULL; memory goes later */

void link_use(struct link *, const struct link_user *, void *owner);
void *link_owner(const struct link *);
struct pool *link_pool(const struct link *);
const union address *link_peer(const struct link *);
const char *link_problem(const struct link *); /* in words */
int link_status(const struct link *);          /* libuv's, of LINK_BROKEN */

/* The pieces and the array are borrowed until all is sent or the link closed. What the kernel
 * does not take at once follows when it can. A failure to send shows as the end of reading: an
 * early answer may still be there. */
void link_send(struct link *, const struct str *pieces, int count);
bool link_is_sending(const struct link *);
bool link_has_sent(const struct link *); /* a byte of the last link_send was taken by the kernel */
size_t link_unsent_bytes(const struct link *);

void link_pause(struct link *); /* both harmless when it is so already */
void link_resume(struct link *);

/* For the pool: its list of idle links. */
struct link_idle {
	struct list_node node;
	int64_t since_ns;
	unsigned generation; /* of the upstream when the link was made */
};

struct link_idle *link_idle(struct link *);
struct link *link_of_idle(struct list_node *);

/* For upstream_free: the link must not look at its upstream any more. */
struct link *link_of_list(struct list_node *);

#endif
