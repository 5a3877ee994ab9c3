/* Odds: doublings add up, ends hold, order is kept. */
#include "route/odds.h"

#include "check.h"

static void test_doublings(void)
{
	CHECK(odds_move(ODDS_ONE / 2, 0) == ODDS_ONE / 2);
	CHECK(odds_move(ODDS_ONE / 2, ODDS_DOUBLING) / 10 == ODDS_ONE * 2 / 3 / 10);
	CHECK(odds_move(ODDS_ONE / 2, -ODDS_DOUBLING) / 10 == ODDS_ONE / 3 / 10);
	CHECK(odds_move(ODDS_ONE / 5, 2 * ODDS_DOUBLING) / 10 == ODDS_ONE / 2 / 10);
}

static void test_ends(void)
{
	CHECK(odds_move(0, -100000) >= 1);
	CHECK(odds_move(ODDS_ONE, 100000) <= ODDS_ONE - 1);
	CHECK(odds_move(UINT32_MAX, 0) <= ODDS_ONE - 1);
}

static void test_order(void)
{
	for (int32_t steps = -900; steps < 900; steps += 7)
		for (uint32_t p = 1; p < ODDS_ONE - 700; p += 600) {
			CHECK(odds_move(p, steps) <= odds_move(p + 600, steps));
			CHECK(odds_move(p, steps) <= odds_move(p, steps + 7));
		}
}

int main(void)
{
	test_doublings();
	test_ends();
	test_order();
	return check_report("odds");
}
