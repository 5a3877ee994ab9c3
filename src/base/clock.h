/* Two clocks that are never mixed: monotonic for waits and measures, calendar for the books and
 * the log. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/buf.h"

int64_t clock_mono_ns(void); /* never goes back; zero point unknown */
/* The same, some milliseconds late, for a quarter of the price: where tens of them are counted. */
int64_t clock_mono_coarse_ns(void);
int64_t clock_wall_ms(void); /* milliseconds since 1970-01-01 UTC; may step */

/* A calendar day in UTC, proleptic Gregorian. */
struct clock_day {
	int year;
	int month; /* 1..12 */
	int day;   /* 1..31 */
};

struct clock_day clock_day_of(int64_t wall_ms);
int64_t clock_wall_ms_of(struct clock_day); /* that day's first millisecond */

/* 2026-11-22T15:20:43.123Z (RFC 3339). */
void clock_put_rfc3339(struct buf *, int64_t wall_ms);
/* Sun, 22 Nov 2026 15:20:43 GMT (RFC 9110 5.6.7), for the Date header. */
void clock_put_http_date(struct buf *, int64_t wall_ms);
/* 2026-11-22. */
void clock_put_day(struct buf *, int64_t wall_ms);

/* 2026-11-22T15:20:43Z, with or without a fraction, which is left out; and the form of
 * clock_put_http_date. -1: something else. */
int clock_read_rfc3339(struct str text, int64_t *out_ms) MUST_USE;
int clock_read_http_date(struct str text, int64_t *out_ms) MUST_USE;

/* 30d, 12h, 90m, 2w, 1y -> milliseconds. -1: something else, or over a century. */
int clock_read_span(struct str text, int64_t *out_ms) MUST_USE;
/* 2026-11-22 -> its first millisecond, UTC. -1: no such day. */
int clock_read_day(struct str text, int64_t *out_ms) MUST_USE;
/* 2026-11 -> its first millisecond, UTC, and the next month's. -1: no such month. */
int clock_read_month(struct str text, int64_t *out_ms, int64_t *out_next_ms) MUST_USE;

#endif
