/* A client's connection, and the stream that it bears: HTTP/1, one request at a time. Private to
 * front: whoever serves requests sees stream.h.
 *
 * Memory: a conn is about 1.1 KiB with its stream; everything else is taken while it is used. */
#ifndef FRONT_CONN_H
#define FRONT_CONN_H

#include "base/timer.h"
#include "base/tls.h"
#include "front/answer.h"
#include "front/body.h"
#include "front/listen.h"
#include "front/out.h"

enum { FRONT_LISTENERS = 80, FRONT_SPARES = 32, PEER_BYTES = 46, DATE_BYTES = 32 };
enum { CONN_LOOK_MS = 1000 }; /* between two looks at a client that is not read from */

struct listener;
struct h2;

struct front {
	struct loop *loop;
	struct front_server server;
	struct list open;    /* conns up to CONN_LINGERING */
	struct list closing; /* the others */
	int conn_count;      /* of both lists */
	int conn_max;
	struct front_trust trust;
	int stream_count;                  /* of HTTP/2; has the same maximum */
	bool is_leaving;                   /* answers say that the connection ends with them */
	bool is_draining;                  /* it ends also behind those that had said otherwise */
	struct arena spares[FRONT_SPARES]; /* the last requests', emptied, for the next ones */
	int spare_count;
	struct listener *listeners[FRONT_LISTENERS];
	int listener_count;
	int64_t date_s; /* the second that `date` tells */
	char date[DATE_BYTES];
	size_t date_len;
};

enum conn_state {
	CONN_OPENING,   /* before HTTP: the proxy's word about the client, the TLS handshake */
	CONN_WAITING,   /* for a head, whole */
	CONN_BUSY,      /* a stream is being served */
	CONN_SHARED,    /* HTTP/2: any number of streams are */
	CONN_LINGERING, /* answered for the last time: what still comes is dropped, so that the
	                   client reads the answer before it sees a reset */
	CONN_CLOSING,   /* uv_close was called */
	CONN_CLOSED,    /* only its stream still holds it */
};

/* How far the request's body is. */
enum stream_input {
	INPUT_UNASKED,
	INPUT_COMING,
	INPUT_WHOLE,
	INPUT_REFUSED,
};

struct stream {
	struct conn *conn;
	enum stream_state state;
	enum stream_input input;
	struct arena arena;
	struct str peer; /* where proxies tell it; else empty */
	struct http_head head;
	int64_t started_ns;
	void (*on_event)(void *owner);
	void *owner;

	size_t max_bytes; /* of the body, as the owner asked */
	int64_t asked_ms; /* when; of the loop's clock */
	struct body body;
	struct http1_body chunks;
	enum fail_kind refusal;

	enum answer_framing framing;
	bool is_bodyless; /* HEAD, 204, 304: what is written is dropped */
	bool keeps_alive; /* the connection serves another request after this one */
	bool is_ended;    /* stream_end or stream_break was called */
	bool is_breaking; /* stream_break was */
	bool was_full;    /* unsent bytes were above the limit, and the owner waits to hear of it */
	int64_t body_left; /* of ANSWER_LENGTH */
};

struct conn {
	uv_tcp_t tcp; /* unix sockets too: libuv cares only how they were opened */
	struct front *front;
	struct list_node node;
	enum conn_state state;
	bool has_stream;
	bool is_unix;
	bool is_paused;     /* not reading: the client sends ahead too far */
	bool awaits_proxy;  /* the proxy's word about its client is still to come */
	bool speaks_http2;  /* if its first bytes say so */
	struct tls *tls;    /* NULL: none */
	struct h2 *h2;      /* NULL: HTTP/1 */
	struct timer timer; /* one wait at a time; which one follows from the state */
	struct loop_task task;

	struct buf kept; /* bytes that arrived and could not be used yet */
	struct str
	    input; /* the unused bytes: in `kept`, or in the loop's read buffer during a read */
	size_t scanned;  /* of the head that input begins with */
	int64_t head_ns; /* when its first byte came; 0: none yet */

	struct out out;
	struct conn_write *writing; /* what the kernel did not take at once */
	size_t stuck_bytes;         /* of it, when the write timer was set */
	int64_t linger_bytes;       /* that may still be dropped */
	char peer[PEER_BYTES];
	struct stream stream;
};

/* For a client that waits in listener's queue. */
void conn_accept(struct front *, uv_stream_t *listener, const struct front_manner *, bool is_unix);
/* The client is gone, or shall be: closes and tells the stream's owner. */
void conn_cut(struct conn *);
/* Says that it goes, where the protocol has a word for that without an answer. */
void conn_leave(struct conn *);
/* Closes a connection that waits for a request. */
void conn_drain(struct conn *);

/* For stream.c. */
void conn_ask_body(struct conn *);    /* the stream wants its body: takes what is there */
void conn_say(struct conn *);         /* there is news for the client: told at the turn's end */
void conn_end_request(struct conn *); /* its stream was closed by the owner */
void conn_note_peer(struct conn *);   /* fills in `peer` unless it is */
size_t conn_unsent(const struct conn *);
struct str front_date(struct front *);

/* conn.c, for conn_read.c and conn_write.c. */
void conn_wait(struct conn *, int64_t ms);
void conn_close(struct conn *, bool reset); /* reset: what was sent must not look complete */
void conn_linger(struct conn *);
void conn_drop_input(struct conn *); /* while lingering */
void conn_shut(struct conn *);       /* the sending side */
void conn_tell(struct stream *);
void conn_end(struct conn *); /* nothing more is to be said, and nothing is missing */
void conn_free_when_unused(struct conn *);
struct arena conn_take_arena(struct front *); /* of a request that has ended */
void conn_give_arena(struct front *, struct arena *);

/* conn_open.c */
/* How the connection begins. false: its peer may not begin it so. */
bool conn_begin(struct conn *, const struct front_manner *);
void conn_open(struct conn *, char *bytes, size_t len); /* that came while CONN_OPENING */

/* conn_tls.c */
void conn_read_cipher(struct conn *, struct str cipher);
/* Encrypts a part of what is to go out; gives what the socket shall get, empty when that is all. */
struct buf *conn_encrypt(struct conn *);
bool conn_has_cipher(const struct conn *); /* to be sent */
void conn_say_close(struct conn *);        /* all that was to be said was said (close_notify) */

/* conn_read.c */
void conn_init_input(struct conn *);
int conn_start_reading(struct conn *);
void conn_resume(struct conn *); /* reading, when it was paused */
/* Where the next bytes of the client had best go; where they went. */
void conn_room(struct conn *, uv_buf_t *out, uv_buf_t other);
void conn_take(struct conn *, char *bytes, size_t len);
void conn_use_input(struct conn *);
void conn_settle_input(struct conn *); /* after use: keeps the rest, sets the wait */
/* An answer of front's own, in the server's words: headers in the arena, the body to be
 * released. */
void conn_fill_refusal(struct front *, const struct fail *, struct arena *, struct front_refusal *);
void conn_put_refusal(struct conn *, const struct fail *, const struct http_header *extra);
void conn_refuse_late_head(struct conn *);
void conn_refuse_body(struct conn *, enum fail_kind);

/* conn_write.c */
void conn_flush(struct conn *);
void conn_note_sent(struct conn *);
size_t conn_queued(const struct conn *); /* in libuv's hands */

#endif
