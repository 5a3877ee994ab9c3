/* Two clocks that are never mixed: monotonic for waits and measures, calendar for the books and
 * the log. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/buf.h"

int64_t clock_mono_ns(void); /* never goes back; zero point unknown */
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

#endif
