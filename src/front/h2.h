/* HTTP/2 (RFC 9113) on a client's connection: frames and HPACK are libnghttp2's, streams are ours.
 * Private to front.
 *
 * Memory: an idle connection is some 20 KiB, nghttp2's, beside TLS; a stream what a request is, and
 * of its answer at most LIMIT_STREAM_UNSENT_BYTES and what its owner wrote on top. */
#ifndef FRONT_H2_H
#define FRONT_H2_H

#include "front/conn.h"
#include "front/h2_head.h"

#include <nghttp2/nghttp2.h>

struct h2_stream {
	struct stream stream; /* first: it is cast back */
	struct list_node node;
	struct list_node news; /* on h2.news when its owner is to be told something */
	int32_t id;
	bool is_new;       /* its owner has not heard of it */
	bool has_ended;    /* the client has sent all of it */
	bool is_closed;    /* nghttp2 knows it no more */
	bool is_waiting;   /* nghttp2 waits for more of the answer's body */
	bool is_lost;      /* of the body some could not be kept before it was asked for */
	struct out out;    /* of the answer's body, before it is framed */
	size_t held_bytes; /* of the body, for which the client was given no room again yet */
	int64_t heard_ms;  /* when some of it came */
	int64_t moved_ms;  /* when some of the answer went out */
	size_t moved_bytes, noted_bytes; /* of the answer; at moved_ms */
	nghttp2_nv *trailers;
	size_t trailer_count;
};

struct h2 {
	struct conn *conn;
	nghttp2_session *session;
	struct list streams;
	struct list news;
	int count;
	int open_count;        /* of those, that the client may think open */
	struct h2_head head;   /* that is coming */
	int64_t head_ms;       /* since when, or the preface; 0: none is */
	int64_t strange_bytes; /* that came and belong to no frame that was begun; may be ahead */
	int64_t patience;      /* left; below 0 the connection ends */
	int64_t patience_ms;
	int64_t idle_ms;   /* since when there is no stream */
	int64_t stuck_ms;  /* since when the socket has taken nothing */
	int64_t going_ms;  /* since when it has been told that we go; 0: not */
	bool is_looked_at; /* the timer is for a look, not for the idle connection */
	bool is_going;     /* which streams will still be served was told */
};

/* --- for conn*.c --- */

void h2_start(struct conn *); /* CONN_SHARED from now on */
void h2_take(struct conn *, struct str bytes);
void h2_turn(struct conn *); /* what was said goes out */
void h2_look(struct conn *); /* the connection's timer */
void h2_drain(struct conn *);
void h2_gone(struct conn *); /* tells every owner; the connection is closing or lingering */
bool h2_is_unused(const struct h2 *); /* no owner holds a stream */
void h2_free(struct h2 **);

/* --- for stream.c --- */

void h2_ask_body(struct stream *);
void h2_begin(struct stream *, int status, const struct http_header *, int count);
void h2_keep_trailers(struct stream *, const struct http_header *, int count);
void h2_say(struct stream *); /* there is more of the answer, or its end */
void h2_end_request(struct stream *);

/* --- between h2*.c --- */

nghttp2_session *h2_session(struct h2 *);
void h2_tire(struct h2 *, int64_t cost); /* negative: it was of use */
void h2_note(struct h2_stream *);        /* its owner is to be told */
struct h2_stream *h2_add_stream(struct h2 *, int32_t id);
void h2_refuse_head(struct h2_stream *, const struct fail *);

static inline struct h2_stream *h2_of(const struct stream *s)
{
	return (struct h2_stream *)(uintptr_t)s;
}

/* How much of the connection's patience things cost. It has LIMIT_H2_PATIENCE. */
enum {
	H2_COST_RESET = 32,  /* a stream that was begun for nothing */
	H2_COST_REFUSED = 8, /* one too many; or somebody has not read yet how many may be */
	H2_COST_SETTINGS = 16,
	H2_COST_CONTINUATION = 16,
	H2_COST_FRAME = 1,   /* that carries nothing of a message */
	H2_GAIN_STREAM = 32, /* that was served */
	H2_GAIN_DATA = 2,    /* a piece of an answer: the client makes room again for it, twice */
	H2_STRANGE_BYTES =
	    1024,           /* for the cost of a frame: a body that nobody wants is among them */
	H2_SMALL_DATA = 32, /* bytes; a shorter frame is one that carries nothing */
};

#endif
