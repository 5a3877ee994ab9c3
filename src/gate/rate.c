/* Rates as buckets that fill.
 *
 *	level = limit x window  full
 *	      |   + limit for each microsecond, - window for each unit that is let in
 *	      0   empty; below: a debt, of what turned out larger than it was let in for
 *
 * Exact: nothing is lost to rounding between two looks. With limits to 1e9 and windows to 6e7 us
 * all products stay below 2^62. Called by limit.c for every request with rates. */
#include "gate/rate.h"

#include "base/must.h"

#define DEBT_MAX (INT64_C(1) << 60)

static int64_t full(const struct rate *r, int64_t window_us)
{
	return r->limit * window_us;
}

void rate_fill(struct rate *r, int64_t limit, int64_t window_us, int64_t mono_us)
{
	int64_t elapsed_us = mono_us - r->at_us, top = limit * window_us;

	must(limit > 0 && limit <= 1000 * 1000 * 1000);
	if (r->limit == 0)
		r->level = top;
	else if (elapsed_us > RATE_MINUTE_US * 16) /* no debt that counts is older */
		r->level = r->level < 0 ? r->level + limit * RATE_MINUTE_US * 16 : top;
	else if (elapsed_us > 0)
		r->level += limit * elapsed_us;
	if (r->level > top)
		r->level = top;
	r->limit = limit;
	r->at_us = mono_us;
}

static int64_t need_of(const struct rate *r, int64_t window_us, int64_t count)
{
	return (count < r->limit ? count : r->limit) * window_us;
}

bool rate_can(const struct rate *r, int64_t window_us, int64_t count)
{
	return r->level >= need_of(r, window_us, count);
}

void rate_take(struct rate *r, int64_t window_us, int64_t count)
{
	int64_t units;

	if (__builtin_mul_overflow(count, window_us, &units) || units > DEBT_MAX)
		units = DEBT_MAX;
	r->level = r->level < units - DEBT_MAX ? -DEBT_MAX : r->level - units;
	if (r->level > full(r, window_us))
		r->level = full(r, window_us);
}

int64_t rate_left(const struct rate *r, int64_t window_us)
{
	return r->level > 0 ? r->level / window_us : 0;
}

int64_t rate_wait_us(const struct rate *r, int64_t window_us, int64_t count)
{
	int64_t missing = need_of(r, window_us, count) - r->level;

	return missing > 0 ? (missing + r->limit - 1) / r->limit : 0;
}
