/* What is kept of a decision beside the books: its trace (src/trace), for replay and tuning. */
#ifndef PATH_DECIDED_H
#define PATH_DECIDED_H

#include "path/request.h"

/* After route_decide: gathers the record. Costs a copy of 320 bytes; never fails the request. */
void decided_note(struct request *, const struct route_wish *);

#endif
