/* The fields of an HTTP/2 request as they come, and the head that they make. Pure.
 *
 * RFC 9113 8.2 and 8.3 are nghttp2's to check (names in lower case, pseudo-fields, no fields of
 * the connection); what is left is judged by the very code that judges heads of HTTP/1, so that
 * none is taken on one of them that is refused on the other. Private to front. */
#ifndef FRONT_H2_HEAD_H
#define FRONT_H2_HEAD_H

#include "front/http1.h"

struct h2_head {
	int32_t stream; /* whose; 0: nobody's, fields are dropped */
	struct buf method, path, authority, fields;
	size_t bytes;        /* RFC 9113 10.5.1: of names and values, and 32 for each field */
	const char *problem; /* what was wrong with a field; NULL: nothing */
};

void h2_head_init(struct h2_head *);
void h2_head_release(struct h2_head *); /* back to the state after h2_head_init */
void h2_head_begin(struct h2_head *, int32_t stream);
void h2_head_put(struct h2_head *, struct str name, struct str value);
void h2_head_pass(struct h2_head *, struct str name, struct str value); /* only counts it */
/* As http1_read_request. `is_whole`: no body follows. The results lie in the arena. */
int h2_head_read(struct h2_head *, bool is_whole, struct arena *, struct http_head *out,
                 struct fail *) MUST_USE;

#endif
