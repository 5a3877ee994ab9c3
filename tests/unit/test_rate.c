/* Rates: exact over any split of time, debts, limits that change. */
#include "check.h"
#include "gate/rate.h"

static void test_steady(void)
{
	struct rate r = {0};
	int64_t now = 1000, in = 0;

	rate_fill(&r, 7, RATE_MINUTE_US, now);
	CHECK(rate_left(&r, RATE_MINUTE_US) == 7);
	for (int i = 0; i < 7; i++) {
		CHECK(rate_can(&r, RATE_MINUTE_US, 1));
		rate_take(&r, RATE_MINUTE_US, 1);
	}
	CHECK(!rate_can(&r, RATE_MINUTE_US, 1));
	CHECK(rate_wait_us(&r, RATE_MINUTE_US, 1) == (RATE_MINUTE_US + 6) / 7);
	for (int i = 0; i < 60 * 1000; i++) { /* a minute in odd steps: seven more, no less */
		now += 1000;
		rate_fill(&r, 7, RATE_MINUTE_US, now);
		if (!rate_can(&r, RATE_MINUTE_US, 1))
			continue;
		rate_take(&r, RATE_MINUTE_US, 1);
		in++;
	}
	CHECK(in == 7);
}

static void test_debt(void)
{
	struct rate r = {0};

	rate_fill(&r, 100, RATE_SECOND_US, 0);
	rate_take(&r, RATE_SECOND_US, 250);
	CHECK(!rate_can(&r, RATE_SECOND_US, 1) && rate_left(&r, RATE_SECOND_US) == 0);
	rate_fill(&r, 100, RATE_SECOND_US, 1500 * 1000);
	CHECK(!rate_can(&r, RATE_SECOND_US, 1));
	CHECK(rate_wait_us(&r, RATE_SECOND_US, 1) == 10 * 1000);
	rate_fill(&r, 100, RATE_SECOND_US, 1510 * 1000);
	CHECK(rate_can(&r, RATE_SECOND_US, 1));
	rate_take(&r, RATE_SECOND_US, -1000); /* given back: full, not more */
	CHECK(rate_left(&r, RATE_SECOND_US) == 100);
	rate_take(&r, RATE_SECOND_US, INT64_MAX);
	rate_take(&r, RATE_SECOND_US, INT64_MAX);
	CHECK(!rate_can(&r, RATE_SECOND_US, 1));
}

static void test_large(void)
{
	struct rate r = {0};

	rate_fill(&r, 1000, RATE_MINUTE_US, 0);
	CHECK(rate_can(&r, RATE_MINUTE_US, 5000)); /* more than the limit: when it is full */
	rate_take(&r, RATE_MINUTE_US, 5000);
	rate_fill(&r, 1000, RATE_MINUTE_US, RATE_MINUTE_US * 4);
	CHECK(!rate_can(&r, RATE_MINUTE_US, 1));
	rate_fill(&r, 1000, RATE_MINUTE_US, RATE_MINUTE_US * 5);
	CHECK(rate_left(&r, RATE_MINUTE_US) == 1000);
}

static void test_change(void)
{
	struct rate r = {0};

	rate_fill(&r, 100, RATE_MINUTE_US, 0);
	rate_take(&r, RATE_MINUTE_US, 90);
	rate_fill(&r, 1000, RATE_MINUTE_US, 0); /* raised: nothing at once */
	CHECK(rate_left(&r, RATE_MINUTE_US) == 10);
	rate_fill(&r, 5, RATE_MINUTE_US, 0); /* lowered: at once */
	CHECK(rate_left(&r, RATE_MINUTE_US) == 5);
	rate_fill(&r, 5, RATE_MINUTE_US, -1000); /* a clock that goes back gives nothing */
	CHECK(rate_left(&r, RATE_MINUTE_US) == 5);
	rate_fill(&r, 1000 * 1000 * 1000, RATE_MINUTE_US, INT64_MAX / 2);
	CHECK(rate_left(&r, RATE_MINUTE_US) == 1000 * 1000 * 1000);
}

int main(void)
{
	test_steady();
	test_debt();
	test_large();
	test_change();
	return check_report("rate");
}
