/* Calendar arithmetic against the C library's, day by day over 800 years, and the two formats. */
#include "base/clock.h"

#include "check.h"

enum { MS_PER_DAY = 86400000 };

static void test_days(void)
{
	bool right = true;

	for (int64_t day = -150000; day < 150000; day += 1) {
		struct clock_day d = clock_day_of(day * MS_PER_DAY + MS_PER_DAY - 1);
		time_t seconds = day * 86400;
		struct tm tm;

		gmtime_r(&seconds, &tm);
		right &=
		    d.year == tm.tm_year + 1900 && d.month == tm.tm_mon + 1 && d.day == tm.tm_mday;
		right &= clock_wall_ms_of(d) == day * MS_PER_DAY;
	}
	CHECK(right);
}

static void test_formats(void)
{
	static const struct {
		int64_t ms;
		const char *rfc3339, *http;
	} rows[] = {
	    {0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
	    {-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT"},
	    {784111777000, "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT"},
	    {1709251199999, "2024-02-29T23:59:59.999Z", "Thu, 29 Feb 2024 23:59:59 GMT"},
	    {4107542400000, "2100-03-01T00:00:00.000Z", "Mon, 01 Mar 2100 00:00:00 GMT"},
	};
	struct buf b;

	buf_init(&b, 100);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_clear(&b);
		clock_put_rfc3339(&b, rows[i].ms);
		CHECK_STR(buf_str(&b), str_of(rows[i].rfc3339));
		buf_clear(&b);
		clock_put_http_date(&b, rows[i].ms);
		CHECK_STR(buf_str(&b), str_of(rows[i].http));
	}
	buf_release(&b);
}

static void test_now(void)
{
	int64_t before = clock_mono_ns(), wall = clock_wall_ms();

	CHECK(clock_mono_ns() >= before);
	CHECK(wall / 1000 - (int64_t)time(NULL) <= 1 && (int64_t)time(NULL) - wall / 1000 <= 1);
}

static void test_span(void)
{
	int64_t ms = 7;

	CHECK(clock_read_span(STR("30d"), &ms) == 0 && ms == 30 * 86400000LL);
	CHECK(clock_read_span(STR("90m"), &ms) == 0 && ms == 5400000);
	CHECK(clock_read_span(STR("100y"), &ms) == 0 && ms == 3153600000000);
	CHECK(clock_read_span(STR("101y"), &ms) < 0);
	CHECK(clock_read_span(STR("0d"), &ms) < 0 && clock_read_span(STR("d"), &ms) < 0);
	CHECK(clock_read_span(STR("30"), &ms) < 0 && clock_read_span(STR("-3d"), &ms) < 0);
	CHECK(clock_read_span(STR(""), &ms) < 0 && ms == 3153600000000);
}

static void test_day(void)
{
	int64_t ms = 7;

	CHECK(clock_read_day(STR("1970-01-02"), &ms) == 0 && ms == 86400000);
	CHECK(clock_read_day(STR("2024-02-29"), &ms) == 0);
	CHECK(clock_read_day(STR("2025-02-29"), &ms) < 0);
	CHECK(clock_read_day(STR("2025-2-1"), &ms) < 0);
	CHECK(clock_read_day(STR("2025-13-01"), &ms) < 0);
	CHECK(clock_read_day(STR("2025/01/01"), &ms) < 0);
}

static void test_month(void)
{
	int64_t ms = 7, next = 8;

	CHECK(clock_read_month(STR("1970-01"), &ms, &next) == 0);
	CHECK(ms == 0 && next == 31LL * MS_PER_DAY);
	CHECK(clock_read_month(STR("2024-12"), &ms, &next) == 0);
	CHECK(ms == 1733011200000 && next == 1735689600000);
	CHECK(clock_read_month(STR("2024-13"), &ms, &next) < 0);
	CHECK(clock_read_month(STR("2024-1"), &ms, &next) < 0);
	CHECK(clock_read_month(STR("2024-1x"), &ms, &next) < 0);
	CHECK(clock_read_month(STR("2024/11"), &ms, &next) < 0 && next == 1735689600000);
}

static void test_moments(void)
{
	int64_t ms = 7;

	CHECK(clock_read_rfc3339(STR("1970-01-02T01:02:03Z"), &ms) == 0 && ms == 90123000);
	CHECK(clock_read_rfc3339(STR("1970-01-02T01:02:03.456Z"), &ms) == 0 && ms == 90123000);
	CHECK(clock_read_rfc3339(STR("1970-01-02T01:02:03+01:00"), &ms) < 0);
	CHECK(clock_read_rfc3339(STR("1970-01-02T25:02:03Z"), &ms) < 0);
	CHECK(clock_read_rfc3339(STR("1970-01-02 01:02:03Z"), &ms) < 0);
	CHECK(clock_read_rfc3339(STR("1970-01-02T01:02:03xZ"), &ms) < 0);
	CHECK(clock_read_rfc3339(STR(""), &ms) < 0 && ms == 90123000);
	CHECK(clock_read_http_date(STR("Sun, 06 Nov 1994 08:49:37 GMT"), &ms) == 0);
	CHECK(ms == 784111777000); /* RFC 9110 5.6.7 */
	CHECK(clock_read_http_date(STR("Sun, 06 Nox 1994 08:49:37 GMT"), &ms) < 0);
	CHECK(clock_read_http_date(STR("Sunday, 06-Nov-94 08:49:37 GMT"), &ms) < 0);
	CHECK(clock_read_http_date(STR(""), &ms) < 0 && ms == 784111777000);
}

int main(void)
{
	test_days();
	test_formats();
	test_now();
	test_span();
	test_day();
	test_month();
	test_moments();
	return check_report("clock");
}
