/* One request's two byte directions, seen from the gateway: a head and a body come in, an answer
 * goes out. HTTP/1 has one active stream on a connection, HTTP/2 many; whoever serves requests
 * knows only this.
 *
 * Life: front makes a stream when a whole head has arrived and calls the server's on_request.
 * The server sets itself as owner, asks for the body, answers, and closes the stream once
 * stream_state says SENT or GONE. Everything that happens is told by one call of on_event, which
 * may only note and resume; what happened is asked with the functions below. Writes go out at
 * the end of the loop's turn, together. All of it on the loop's thread.
 *
 * A client that closes its sending side is taken as gone, as if it had closed the whole connection:
 * that is how SDKs abort, and a provider must not go on working for nobody.
 *
 * Bytes given as "borrowed" must stay as they are until the stream is closed. */
#ifndef FRONT_STREAM_H
#define FRONT_STREAM_H

#include "base/loop.h"
#include "front/http1.h"

struct stream;

enum stream_state {
	STREAM_READING, /* head is here; the body may be asked for */
	STREAM_BODY,    /* the body is whole, or there is none */
	STREAM_REFUSED, /* the body will not come: see stream_body_fail; an answer can be sent */
	STREAM_SENDING, /* stream_begin was called */
	STREAM_SENT,    /* all of the answer has been handed to the kernel */
	STREAM_GONE,    /* the client closed or broke the connection, or the connection was cut */
};

struct loop *stream_loop(const struct stream *);
struct arena *stream_arena(const struct stream *); /* the request's; dies in stream_close */
const struct http_head *stream_head(const struct stream *);
/* "127.0.0.1", "::1", "unix"; where trusted proxies stand between, whom they name. */
struct str stream_peer(const struct stream *);
int64_t stream_started_ns(const struct stream *); /* monotonic: the head's first byte */
enum stream_state stream_state(const struct stream *);

void stream_set_owner(struct stream *, void (*on_event)(void *owner), void *owner);
void *stream_owner(const struct stream *);

/* Gathers the body (sends 100 Continue first where it is expected). Ends in STREAM_BODY,
 * STREAM_REFUSED or STREAM_GONE; tells on_event unless it is so at once. */
void stream_read_body(struct stream *, size_t max_bytes);
struct str stream_body(const struct stream *); /* writable by its owner; lives until stream_close */
void stream_drop_body(struct stream *);        /* or until here: nobody needs it any more */
/* BODY_TOO_LARGE, BAD_REQUEST, OVERLOADED (global body budget), REQUEST_TIMEOUT,
 * LENGTH_REQUIRED. */
void stream_body_fail(const struct stream *, struct fail *);

enum stream_length { STREAM_CHUNKED = -1 }; /* else the body's exact length */

/* Status and headers. Date, Connection, Content-Length or Transfer-Encoding are added. HTTP/1.0
 * clients get a body that ends with the connection instead of chunks. With a body not wholly
 * read the connection closes after the answer. */
void stream_begin(struct stream *, int status, const struct http_header *, int count,
                  int64_t body_bytes);
void stream_write(struct stream *, struct str bytes);          /* copies */
void stream_write_borrowed(struct stream *, struct str bytes); /* no copy */
/* The end of the body. Trailers only on chunked bodies to clients that sent TE: trailers; else
 * they are left out. */
void stream_end(struct stream *, const struct http_header *trailers, int count);
/* Ends a begun answer so that the client must see a break: no final chunk, connection cut (RST
 * or FIN with missing bytes). What was written before goes out first; then the state becomes
 * SENT. */
void stream_break(struct stream *);

/* Bytes written and not yet taken by the kernel. Above LIMIT_STREAM_UNSENT_BYTES the owner
 * pauses its source; on_event is called when it falls under half of that again. */
size_t stream_unsent_bytes(const struct stream *);

/* The owner is done: in SENT or REFUSED-and-answered the connection goes on to its next request,
 * in any other state it is cut. Takes the stream; *s becomes NULL. */
void stream_close(struct stream **);

#endif
