/* What goes out to the client: the transparency headers of contract 6 on everything, whole
 * answers, streams, failures in the caller's dialect, and answers of our own. */
#ifndef PATH_REPLY_H
#define PATH_REPLY_H

#include "path/request.h"

/* A provider's whole answer in pieces that live as long as the stream. */
void reply_whole(struct request *, const struct str *pieces, int count, size_t bytes);
void reply_begin_stream(struct request *, struct str content_type);
/* The same before it is known who will serve: without what only that tells. */
void reply_begin_early(struct request *);
/* With the final cost as a trailer, for clients that take trailers. */
void reply_end_stream(struct request *);
/* r->fail as an answer, or as the end of a stream that has begun. */
void reply_fail(struct request *);
/* Our own JSON or text, status 200. */
void reply_own(struct request *, struct str content_type, struct str body);

/* Front's on_bad_head: there is no request yet. */
void reply_bad_head(const struct fail *, struct front_refusal *out, void *worker);

#endif
