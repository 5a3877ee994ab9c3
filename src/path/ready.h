/* Are we alive, do we want requests? For load balancers and process managers; no key needed. */
#ifndef PATH_READY_H
#define PATH_READY_H

struct request;

void ready_answer_health(struct request *);
void ready_answer_ready(struct request *); /* 503 before listening and while draining */

#endif
