/* The dry run as a page for people: `fluxrouter route --explain`. */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

#include "route/policy.h"

/* Of a decision that has candidates. Not a format that a program may read. */
void page_put_decision(struct buf *, const struct decision *, const struct catalog *,
                       const struct llm_request *);

#endif
