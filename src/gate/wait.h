/* Queues of those that wait for money. Private to gate/; limit.h has the inbox. */
#ifndef GATE_WAIT_H
#define GATE_WAIT_H

#include "gate/judging.h"

/* At the end of the book's queue or looks, with what the judging says it is blocked on. */
void wait_enqueue(struct limit_wait *, const struct judging *, struct list *queue);
/* It is blocked on nothing any more; the house's mutex is held where its ceiling counts. */
void wait_unblock(struct limit_wait *);

#endif
