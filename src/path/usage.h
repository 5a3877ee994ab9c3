/* GET /v1/usage: how the ceilings of the caller's key and account stand, before it hurts. */
#ifndef PATH_USAGE_H
#define PATH_USAGE_H

struct request;

/* Called by the endpoint table, and again while r waits for the store. */
void usage_answer(struct request *);

#endif
