/* Idle connections, by origin, and what all connections of a loop share. The public half
 * (upstream_new and so on) is in upstream/exchange.h; this header is for the files of upstream/.
 * On the loop's thread. */
#ifndef UPSTREAM_POOL_H
#define UPSTREAM_POOL_H

#include "base/timer.h"
#include "upstream/exchange.h"
#include "upstream/link.h"

struct upstream {
	struct loop *loop;
	struct resolver *resolver;
	struct tls_contexts *tls_contexts;
	struct list pools;
	struct list links;     /* all that are not closed */
	struct list exchanges; /* all that were not ended */
	struct list dying;     /* exchanges to be freed at the end of the turn */
	struct loop_task sweep;
	int open_count; /* connected links, idle or in use */
	int idle_count;
	unsigned generation; /* grows with upstream_close_idle: older links are not kept any more */
	char *plain_bytes;   /* see upstream_plain_bytes */
};

/* LOOP_READ_BYTES for what comes out of TLS, while the loop's own hold what goes in. */
char *upstream_plain_bytes(struct upstream *);

void upstream_cut_exchanges(struct upstream *); /* exchange.c: all fail, without a word */

struct pool; /* lives as long as its upstream */

struct pool *pool_find(struct upstream *, const struct origin *); /* makes it when it is new */
struct link *pool_take(struct pool *); /* the one that was used last; NULL: none */
/* NULL: `out_problem` says what is wrong with the files or the host. Borrows. */
struct tls_client *pool_tls_client(struct pool *, const struct origin *, struct buf *out_problem);

/* Facts about the exchange that is done with a link. */
struct pool_verdict {
	bool is_whole;       /* the answer's body came to its end */
	bool is_sent;        /* all of the request is with the kernel */
	bool can_keep_alive; /* as the answer's head says */
	bool has_leftover;   /* bytes came behind the answer */
};

/* Takes the link: it becomes idle, or it is closed. Gives why it was refused, in words; NULL:
 * kept. The one way into the pool. */
const char *pool_return(struct link **, const struct pool_verdict *);

#endif
