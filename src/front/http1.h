/* HTTP/1.1 messages, strictly (RFC 9112, fields RFC 9110): one parser for requests from clients
 * and answers from providers. Pure: bytes in, facts out, any split of the input gives the same
 * result, no I/O.
 *
 * What smuggles is refused, never repaired: bare LF or CR, NUL, obs-fold, space before a colon,
 * two different Content-Length, Content-Length beside Transfer-Encoding, any transfer coding but
 * one final `chunked`, signs or hex or lists in numbers, no Host or two. Requests are refused
 * where nginx refuses; the table of hostile inputs in the tests says how each is answered. */
#ifndef FRONT_HTTP1_H
#define FRONT_HTTP1_H

#include "base/buf.h"
#include "fail.h"

struct http_header {
	struct str name;  /* as sent; compare with str_eq_nocase */
	struct str value; /* without surrounding blanks */
};

enum http_framing {
	HTTP_NO_BODY,
	HTTP_LENGTH, /* content_length bytes */
	HTTP_CHUNKED,
	HTTP_UNTIL_CLOSE, /* answers only */
};

struct http_head {
	struct str method; /* requests */
	struct str target; /* as sent */
	struct str
	    path; /* before '?', not decoded; of absolute-form without scheme and authority */
	struct str query;            /* behind '?'; empty without */
	int status;                  /* answers, 100..599 */
	int minor;                   /* 0 or 1 of HTTP/1.x */
	struct http_header *headers; /* arena */
	int header_count;
	uint64_t names; /* a bit for each that is there, which others share; 0: not known */
	enum http_framing framing;
	int64_t content_length;
	bool keep_alive;       /* the connection may serve another message after this one */
	bool expects_continue; /* Expect: 100-continue */
	bool wants_upgrade;    /* Connection: upgrade with an Upgrade field */
	bool accepts_trailers; /* TE: trailers */
};

/* Looks for the end of a head. *scanned (0 at first) remembers how far; give the same growing
 * bytes each time. Gives the head's length with its empty line; 0: not there yet; -1: can never
 * become a head (f says why: 400, 431). Empty lines before a request line are skipped by the
 * caller with http1_skip_empty. */
int64_t http1_find_head(struct str bytes, size_t *scanned, struct fail *) MUST_USE;

/* How many bytes of CRLF may be dropped before a request line (RFC 9112 2.2: at least one; we
 * take all, so that no split of them matters). Ask while *scanned is 0. */
size_t http1_skip_empty(struct str bytes);

/* `head` is what http1_find_head measured; the results point into it. f: BAD_REQUEST 400,
 * EXPECTATION_FAILED 417, 431, 501 (coding), 505. */
int http1_read_request(struct str head, struct arena *, struct http_head *out,
                       struct fail *) MUST_USE;
/* For an answer to `method`: HEAD, 1xx, 204 and 304 have no body. f: PROVIDER_BAD_RESPONSE. */
int http1_read_answer(struct str head, struct str method, struct arena *, struct http_head *out,
                      struct fail *) MUST_USE;

/* The first header of that name (ASCII case ignored), or the empty str with ptr NULL. */
struct str http_header(const struct http_head *, struct str name);
/* Whether a comma list header has the token, in any of its fields. */
bool http_has_token(const struct http_head *, struct str name, struct str token);

/* The body behind a head, as bytes arrive. */
struct http1_body {
	enum http_framing framing;
	int64_t left; /* of the length, or of the current chunk */
	int state;
	int line_bytes; /* of the current chunk line or trailer section */
	int64_t trailer_bytes;
	int64_t overhead_bytes; /* chunk lines beyond what honest chunking costs */
};

enum http1_fed {
	HTTP1_MORE, /* all was taken, the body goes on */
	HTTP1_END,  /* the body is complete; bytes behind it were not taken */
	HTTP1_BAD,  /* framing is broken: the connection must be closed */
};

void http1_body_init(struct http1_body *, const struct http_head *);
/* Decodes in place: the body's bytes are moved together to the front of `bytes`, *out_len of
 * them; *out_taken of the input were used up (all of it unless HTTP1_END or HTTP1_BAD). Trailers
 * are checked and dropped. */
enum http1_fed http1_body_feed(struct http1_body *, char *bytes, size_t len, size_t *out_len,
                               size_t *out_taken) MUST_USE;
/* What an end of the connection means now: true when it completes the body (HTTP_UNTIL_CLOSE). */
bool http1_body_ends_at_close(const struct http1_body *);

#endif
