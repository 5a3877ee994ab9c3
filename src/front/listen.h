/* Listening sockets and the connections that they bear. One `front` per loop; several loops
 * share an address with SO_REUSEPORT (unix sockets: each loop accepts on the same descriptor).
 *
 * The process must ignore SIGPIPE. Above the most connections (front_set_connections) a
 * connection is accepted, told 503 with Retry-After, and closed.
 *
 * A socket that was inherited (front/inherit.h) is taken before one is made; port 0 always makes a
 * new one.
 *
 * Addresses, numeric: "127.0.0.1:8686", "[::1]:8686", "unix:/run/x.sock". */
#ifndef FRONT_LISTEN_H
#define FRONT_LISTEN_H

#include "base/cidr.h"
#include "base/tls.h"
#include "front/stream.h"

struct front;

/* An answer to what never became a request: a JSON body and the headers that go with it. */
struct front_refusal {
	struct buf body;
	struct http_header headers[8]; /* Content-Type is added */
	int count;
	struct arena *arena; /* for the headers' texts */
};

struct front_server {
	void (*on_request)(struct stream *, void *server); /* a head has arrived */
	/* A head that cannot be parsed or does not come, or one connection too many: fill in the
	 * error answer for this failure. Front sends it and closes. */
	void (*on_bad_head)(const struct fail *, struct front_refusal *out, void *server);
	void *server;
};

/* How those are served that connect to an address. All zero: in plain HTTP/1. */
struct front_manner {
	struct tls_server *tls; /* NULL: none; counted */
	bool has_proxy_header;  /* each connection begins with one, and comes from a trusted peer */
	bool speaks_http2;      /* without TLS too, to who begins with its preface */
};

/* Proxies whose word about their clients counts. */
struct front_trust {
	const struct cidr *ranges;
	int count;
	bool has_unix; /* who connects to a unix socket is one */
};

struct front *front_new(struct loop *, const struct front_server *);
void front_set_connections(struct front *, int max); /* of this front; LIMIT_CONNECTIONS at first */
void front_free(struct front **);  /* all connections must be closed: see front_connections */
void front_close(struct front **); /* cuts them, turns the loop until they are gone, and frees */

/* -1: f names the address and the system's reason (in use, no permission). Port 0 picks one: see
 * front_address. */
int front_listen(struct front *, struct str address, struct fail *) MUST_USE;
/* For connections from now on; the first address that was listened on is number 0. */
void front_set_manner(struct front *, int index, const struct front_manner *);
void front_set_trust(struct front *, const struct front_trust *);          /* copies */
struct str front_address(const struct front *, int index, struct arena *); /* as bound */
/* After all fronts listen: takes one more inherited socket on an address of its own, for the
 * process before had more loops. false: there is none. */
bool front_listen_rest(struct front *);
void front_stop_listening(struct front *);

/* Leaving: each connection ends after its next answer (Connection: close), or when it was idle for
 * as long as ever; of HTTP/2 soon, in two steps (GOAWAY). A client that sends its next request
 * just now is answered. */
void front_leave(struct front *);
/* Draining: idle connections close now, busy ones after their answer (Connection: close). */
void front_drain(struct front *);
void front_cut_all(struct front *); /* the drain limit is over */
int front_connections(const struct front *);

/* Global body budget: bytes of all request bodies of all loops. THREADS: atomics. */
void front_set_body_memory(size_t max_bytes);
size_t front_body_memory_used(void);

#endif
