/* What a body says: its JSON, read in slices of a turn, then its meaning in neutral words; of a
 * long one that is read on a thread of the pool. */
#ifndef PATH_UNDERSTANDING_H
#define PATH_UNDERSTANDING_H

#include "path/request.h"

/* The step `understand`: r->doc, and r->llm where the endpoint serves. END: r->fail. */
enum request_result understanding_step(struct request *);

#endif
