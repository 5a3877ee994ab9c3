/* So much per second or minute, without a queue: a bucket that fills evenly up to its limit and is
 * emptied by what is let in. Integers; the monotonic clock only, so that a calendar that steps
 * changes nothing.
 *
 * THREADS: none of its own; the caller guards it. */
#ifndef GATE_RATE_H
#define GATE_RATE_H

#include <stdbool.h>
#include <stdint.h>

enum { RATE_SECOND_US = 1000 * 1000, RATE_MINUTE_US = 60 * RATE_SECOND_US };

/* Zeroed: full. What is in it counts in limit's units x window. */
struct rate {
	int64_t limit; /* 0: never used */
	int64_t level; /* below 0: more was used than was let in for */
	int64_t at_us;
};

/* Brings it to that time and limit (1..1e9): a lower limit takes away, a higher one gives nothing
 * at once. */
void rate_fill(struct rate *, int64_t limit, int64_t window_us, int64_t mono_us);
/* After rate_fill. What is more than the limit is let in when it is full. */
bool rate_can(const struct rate *, int64_t window_us, int64_t count);
void rate_take(struct rate *, int64_t window_us, int64_t count); /* below 0: gives back */
int64_t rate_left(const struct rate *, int64_t window_us);
int64_t rate_wait_us(const struct rate *, int64_t window_us, int64_t count); /* until it can */

#endif
