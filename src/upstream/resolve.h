/* Host names to addresses: looked up off the loop by getaddrinfo, kept LIMIT_RESOLVE_TTL_MS
 * (getaddrinfo tells no TTL), failures RESOLVE_FAILED_TTL_MS. However many ask for one name at
 * once, it is looked up once. Addresses written as such need no look-up. One resolver per loop,
 * on the loop's thread. */
#ifndef UPSTREAM_RESOLVE_H
#define UPSTREAM_RESOLVE_H

#include "base/loop.h"

#include <netinet/in.h>

enum { RESOLVE_ADDRESSES = 16, RESOLVE_FAILED_TTL_MS = 2000 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Addresses in the order in which they should be tried: families take turns, the one that the
 * system prefers first (RFC 8305 4). Ports are 0. */
struct addresses {
	int count; /* 0: not found */
	union address list[RESOLVE_ADDRESSES];
	char problem[80]; /* why not, in words */
};

struct resolver;

struct resolver *resolver_new(struct loop *);
void resolver_free(struct resolver **); /* nobody may be waiting */

/* One who asks. Embed it; zero it before first use. */
struct resolve_wait {
	struct list_node node;
	/* The addresses are good only inside this call. */
	void (*on_addresses)(struct resolve_wait *, const struct addresses *);
};

/* Calls wait->on_addresses once: before it returns when the answer is known, else later. */
void resolve(struct resolver *, struct str host, struct resolve_wait *);
void resolve_cancel(struct resolve_wait *); /* fine when not waiting */

void address_set_port(union address *, int port);
#define ADDRESS_TEXT_BYTES 64
/* 127.0.0.1:9 or [::1]:9; gives `out`. */
const char *address_text(const union address *, char out[ADDRESS_TEXT_BYTES]);

#endif
