/* A new connection to an origin: its name looked up, the addresses tried side by side (RFC
 * 8305), a proxy asked for a tunnel, TLS shaken; all of it within the origin's connect_ms. On
 * the loop's thread. */
#ifndef UPSTREAM_DIAL_H
#define UPSTREAM_DIAL_H

#include "upstream/pool.h"

struct dial;

struct dial_result {
	struct link *link; /* given, ready to send; NULL: failed */
	enum exchange_failure failure;
	struct str detail; /* good only inside the call */
};

/* Calls on_result once, in a later call of the loop, unless cancelled; then the dial is gone.
 * The origin is borrowed until then. */
struct dial *dial_start(struct pool *, struct upstream *, const struct origin *,
                        void (*on_result)(void *owner, const struct dial_result *), void *owner);
void dial_cancel(struct dial **); /* fine with NULL */

#endif
