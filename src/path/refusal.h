/* A provider's failure in our own words: what the client is told when an exchange, a status or a
 * stream went wrong. Nothing of the provider's account, URL or keys is in it. Each fills
 * r->fail. */
#ifndef PATH_REFUSAL_H
#define PATH_REFUSAL_H

#include "path/request.h"

void refusal_of_exchange(struct request *); /* no whole answer came */
void refusal_of_status(struct request *);   /* an answer that is not 2xx */
/* It is about encrypted thinking that the provider cannot read; after refusal_of_status. */
bool refusal_is_of_thinking(const struct request *);
void refusal_no_credential(struct request *); /* it could not be fetched */
void refusal_bad_answer(struct request *, const char *why);
void refusal_of_body(struct request *,
                     const char *why); /* the same, or the error that it tells of */
void refusal_of_event(struct request *, struct str data); /* an error in its stream */
struct wire_fault;
void refusal_of_fault(struct request *, const struct wire_fault *); /* the same, read before */
void refusal_broken_stream(struct request *);
void refusal_silent_stream(struct request *);

#endif
