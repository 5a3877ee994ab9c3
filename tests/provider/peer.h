/* The provider as a whole, and one connection to it. */
#ifndef TESTS_PROVIDER_PEER_H
#define TESTS_PROVIDER_PEER_H

#include "pipe.h"
#include "play.h"
#include "record.h"

struct provider {
	uv_loop_t *loop;
	struct script script;
	struct record_book book;
	struct list peers; /* struct peer */
	int64_t peer_count;
	int64_t next_peer;
	int64_t request_count;
	bool is_proxy;
	struct str proxy_auth; /* "user:password"; empty: none asked */
};

enum peer_state {
	PEER_HEARING,  /* reads a request */
	PEER_PLAYING,  /* answers it */
	PEER_DRAINING, /* has answered before it had read all */
	PEER_TUNNEL,   /* carries bytes for CONNECT */
	PEER_CLOSING
};

struct tunnel;

struct peer {
	struct list_node node;
	struct provider *provider;
	enum peer_state state;
	struct pipe pipe;
	uv_timer_t timer;
	int open_handles;
	int64_t id;
	int64_t requests;
	struct heard heard;
	struct play play;
	enum deed deed;
	bool is_control;  /* this request is for /_flux and leaves no record */
	struct buf ahead; /* bytes of the next request that came early */
	int64_t slow_ms;  /* > 0: pause between reads */
	int64_t sent_bytes;
	int64_t first_mono_ns; /* first byte of this request; 0: none yet */
	int64_t heard_mono_ns;
	int64_t answer_mono_ns;
	struct tunnel *tunnel; /* NULL unless PEER_TUNNEL */
};

void peer_accept(struct provider *, uv_stream_t *listener, SSL_CTX *tls);
/* Ends this connection, with a record when a request was under way. Twice is harmless. */
void peer_end(struct peer *, enum ending, bool reset);
/* Writes `raw` as the whole answer to the current request. */
void peer_answer_raw(struct peer *, struct str raw);

#endif
