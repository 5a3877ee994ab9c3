/* POST /v1/route: where a request would go, why, and what it would cost. Calls no provider. */
#ifndef PATH_DRY_RUN_H
#define PATH_DRY_RUN_H

struct request;

void dry_run_answer(struct request *);

#endif
