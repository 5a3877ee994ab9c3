/* How many requests one loop has under way: at most requests_max; up to queue_max more wait, each
 * at most queue_wait, in the order of coming; all others get 503 `overloaded` at once. So does
 * everybody while the loop itself is too slow: when its turns have taken overload_turn or longer
 * for a second.
 *
 * Who waits has shown a good key, and its body has not been read. */
#ifndef PATH_TURNSTILE_H
#define PATH_TURNSTILE_H

#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

struct request;

/* Of one worker. */
struct turnstile {
	struct list waiting; /* struct request, by entering_node */
	int waiting_count, inside_count;
	int64_t slow_from_ns; /* since when each turn took too long; 0: the last did not */
	bool is_slow;         /* for long enough */
};

void turnstile_init(struct turnstile *);
/* What a turn of the loop took. */
void turnstile_note_turn(struct turnstile *, int64_t took_ns);

/* 1: it is in. 0: it waits, and is resumed. -1: r->fail says OVERLOADED. */
int turnstile_enter(struct request *);
/* At the request's end, wherever it stands: fine when it never came here. */
void turnstile_leave(struct request *);

#endif
