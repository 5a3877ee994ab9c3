/* Deadlines: a wheel with one place per 50 ms. Setting and cancelling cost nothing, so each may
 * be moved with every byte; a timer fires up to 50 ms late, never early. Embed it in what waits;
 * zero it before first use. */
#ifndef BASE_TIMER_H
#define BASE_TIMER_H

#include "base/loop.h"

struct timer {
	struct list_node node;
	struct loop *loop;
	int64_t due_tick;
	void (*on_due)(struct timer *);
};

/* Once, in `wait_ms` (0 or more) from now; a timer that is set already is moved. */
void timer_set(struct timer *, struct loop *, int64_t wait_ms, void (*on_due)(struct timer *));
void timer_cancel(struct timer *); /* fine when not set */
bool timer_is_set(const struct timer *);

#endif
