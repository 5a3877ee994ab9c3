/* One request to a provider and its answer, over a pooled or a new connection: plain or TLS,
 * direct or through a CONNECT proxy, IPv4 or IPv6 (RFC 8305). Knows HTTP, not LLMs.
 *
 * Whatever happens is told by one call of on_event, which may only note and resume. An exchange
 * can be ended in any state; ending returns the connection to its pool when the answer was read
 * whole, else closes it at once. A pooled connection that turns out closed before the first byte
 * of an answer is replaced by a new one, once, unseen. All on the loop's thread. */
#ifndef UPSTREAM_EXCHANGE_H
#define UPSTREAM_EXCHANGE_H

#include "base/loop.h"
#include "front/http1.h"

struct upstream; /* per loop: pools, TLS, names */

/* Where a provider is. Part of a config snapshot; connections are pooled by `pool_key`, so that
 * they outlive a reload that changed nothing about the origin. */
struct origin {
	struct str
	    pool_key; /* scheme, host, port, proxy, TLS files: equal keys may share connections */
	bool tls;
	struct str host; /* name or address, no brackets; also SNI and the name that is verified */
	int port;
	struct str ca_file;   /* empty: the system's store */
	struct str cert_file; /* client certificate; empty: none */
	struct str key_file;
	struct str proxy_host; /* empty: direct */
	int proxy_port;
	struct str proxy_authorization; /* value of Proxy-Authorization; empty: none; secret */
	int64_t connect_ms;             /* name, TCP, proxy and TLS together */
	int64_t first_byte_ms;          /* from sent request to the answer's head */
	int64_t idle_ms;                /* between two pieces of the body */
	int64_t total_ms;               /* all of it; 0: no limit */
};

enum { EXCHANGE_PIECES_MAX = 30 };

struct exchange_ask {
	const struct origin *origin;
	struct str method;
	const struct str
	    *pieces;     /* the whole request: head and body; borrowed until exchange_end */
	int piece_count; /* at most EXCHANGE_PIECES_MAX */
	/* 0: pieces of the body are handed over as they come; else the body of an answer is
	 * gathered up to this many bytes and told once, whole, unless it is an event stream with
	 * status 2xx. */
	size_t gather_max;
};

enum exchange_state {
	EXCHANGE_CONNECTING,
	EXCHANGE_SENDING,
	EXCHANGE_WAITING, /* for the head */
	EXCHANGE_BODY,    /* head is there */
	EXCHANGE_DONE,    /* body is whole */
	EXCHANGE_FAILED,
};

/* How it failed; the names go into X-Flux-Attempts and metrics. */
#define EXCHANGE_FAILURES(X)                                                                       \
	X(NONE, "")                                                                                \
	X(DNS, "name not found")                                                                   \
	X(CONNECT, "connect failed")                                                               \
	X(PROXY, "proxy refused")                                                                  \
	X(TLS, "TLS failed")                                                                       \
	X(CONNECT_TIMEOUT, "connect timeout")                                                      \
	X(FIRST_BYTE_TIMEOUT, "first byte timeout")                                                \
	X(IDLE_TIMEOUT, "idle timeout")                                                            \
	X(TOTAL_TIMEOUT, "total timeout")                                                          \
	X(RESET, "connection reset")                                                               \
	X(TRUNCATED, "truncated")                                                                  \
	X(BAD_RESPONSE, "bad response")                                                            \
	X(TOO_LARGE, "answer too large")

enum exchange_failure {
#define X(name, text) EXCHANGE_##name##_FAILURE,
	EXCHANGE_FAILURES(X)
#undef X
};

struct exchange;

struct upstream *upstream_new(struct loop *);
void upstream_free(struct upstream **); /* cuts what is still open */
/* Idle connections close now, those in use after their answer; TLS files are read anew. */
void upstream_close_idle(struct upstream *);
int upstream_open_connections(const struct upstream *);
int upstream_idle_connections(const struct upstream *);

/* Never fails at once: even a hopeless exchange tells its failure by on_event in a later turn. */
struct exchange *exchange_start(struct upstream *, const struct exchange_ask *, struct arena *,
                                void (*on_event)(void *owner), void *owner);
enum exchange_state exchange_state(const struct exchange *);
enum exchange_failure exchange_failure(const struct exchange *);
const char *exchange_failure_name(enum exchange_failure);
struct str exchange_failure_detail(
    const struct exchange *); /* for the log: "connect: refused by 127.0.0.1:9" */
const struct http_head *
exchange_head(const struct exchange *); /* from EXCHANGE_BODY on; 1xx are skipped */

/* The decoded body bytes that have arrived and were not taken. Those of this event are good only
 * inside on_event; what is not taken there is kept, and reading pauses until it is. DONE and
 * FAILED may be told together with the last bytes. With gather_max: all of it, from EXCHANGE_DONE
 * until exchange_end; writable; not to be taken. */
struct str exchange_body(const struct exchange *);
void exchange_take(struct exchange *, size_t bytes);
void exchange_pause(struct exchange *);
void exchange_resume(struct exchange *); /* may tell on_event in a later turn */

bool exchange_was_reused(const struct exchange *);
bool exchange_was_sent(const struct exchange *); /* some byte of the request went to the provider */
bool exchange_is_sending(const struct exchange *);       /* its pieces are still needed */
int64_t exchange_first_byte_ns(const struct exchange *); /* monotonic; 0: none yet */

/* Takes it; *ex becomes NULL; fine with NULL. No event after this. */
void exchange_end(struct exchange **);

#endif
