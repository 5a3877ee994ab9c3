/* Heads of answers, as text. Private to front. */
#ifndef FRONT_ANSWER_H
#define FRONT_ANSWER_H

#include "front/http1.h"
#include "front/out.h"

enum answer_framing {
	ANSWER_BARE, /* no body and no word about its length: 204, 304, 1xx */
	ANSWER_LENGTH,
	ANSWER_CHUNKED,
	ANSWER_UNTIL_CLOSE,
	ANSWER_FRAMED, /* HTTP/2: as its frames say */
};

enum answer_connection {
	ANSWER_KEEPS,      /* nothing to say in HTTP/1.1 */
	ANSWER_SAYS_KEEPS, /* to an HTTP/1.0 client that asked */
	ANSWER_CLOSES,
};

struct answer {
	int status;
	const struct http_header *headers;
	int count;
	enum answer_framing framing;
	int64_t length; /* of ANSWER_LENGTH */
	enum answer_connection connection;
	struct str date; /* as the Date field has it */
};

void answer_put_head(struct out *, const struct answer *);
/* Name: value CRLF for each; a byte of a value that would end its line becomes a blank. */
void answer_put_fields(struct out *, const struct http_header *, int count);

#endif
