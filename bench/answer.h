/* An HTTP/1.1 answer as the load generator reads it: status, framing, body bytes. Pure: bytes in,
 * state out; any split of the input gives the same result. It is made to be cheap and to notice
 * wrong lengths, not to be complete: an answer framed by the end of the connection counts as
 * broken, since the rig measures kept-alive connections. */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

#include "base/str.h"

enum answer_state {
	ANSWER_HEAD,      /* up to the empty line */
	ANSWER_LENGTH,    /* body of Content-Length */
	ANSWER_SIZE,      /* a chunk's size line */
	ANSWER_CHUNK,     /* a chunk's bytes */
	ANSWER_CHUNK_END, /* CRLF behind them */
	ANSWER_TRAILER,   /* lines behind the last chunk */
	ANSWER_DONE,      /* complete: the next byte belongs to the next answer */
	ANSWER_BROKEN,
};

struct answer {
	enum answer_state state;
	int status;
	int64_t left; /* bytes of body or chunk to come; the number being read in ANSWER_SIZE */
	int64_t body_bytes; /* seen so far, without framing */
	int64_t newlines;   /* in the body: two per SSE event of the stub */
	size_t line_bytes;  /* of the trailer line; in ANSWER_SIZE 1 and more: an extension */
	size_t head_bytes;
	char head[4096];
};

void answer_init(struct answer *);

/* Takes a first part of `bytes` and gives how many that were (at least 1 unless done or broken).
 * *out_body is the body part among them, empty where there was none. Call again with the rest until
 * all is taken or the answer is done. */
size_t answer_feed(struct answer *, struct str bytes, struct str *out_body);

#endif
