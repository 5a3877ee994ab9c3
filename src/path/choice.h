/* The choice of a model: at once for most requests, on a thread of the pool for long ones, which
 * take milliseconds to be scored. */
#ifndef PATH_CHOICE_H
#define PATH_CHOICE_H

#include "path/request.h"

enum choice_result {
	CHOICE_MADE,  /* r->decision */
	CHOICE_NONE,  /* r->fail */
	CHOICE_WAITS, /* the request is resumed, and asks again */
};

/* By what the request says, its headers and its key (r->wish). `counted_tokens`: exactly; 0: they
 * are estimated. */
enum choice_result choice_make(struct request *, int64_t counted_tokens) MUST_USE;

#endif
