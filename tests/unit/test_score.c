/* The decision: rules, bounds, and what may never happen to a conversation. */
#include "route/score.h"

#include "check.h"

static struct score_result decide(const struct score_turn *turns, size_t count)
{
	struct score_request request = {.turns = turns, .turn_count = count};
	struct score_result result;

	score_decide(&request, NULL, &result);
	return result;
}

static void test_tools_lift_to_standard(void)
{
	struct str hello = STR("hello"), done = STR("done");
	struct score_turn turns[] = {{.role = SCORE_USER, .parts = &hello, .part_count = 1},
	                             {.role = SCORE_TOOL_RESULT, .parts = &done, .part_count = 1}};

	CHECK(decide(turns, 1).tier == SCORE_FAST);
	CHECK(decide(turns, 2).tier == SCORE_STANDARD);
	CHECK(decide(turns, 2).rule == SCORE_BY_LOOP);
}

static void test_effort_is_a_hard_signal(void)
{
	struct str hello = STR("hello");
	struct score_turn turn = {.role = SCORE_USER, .parts = &hello, .part_count = 1};
	struct score_request request = {
	    .turns = &turn, .turn_count = 1, .effort = SCORE_EFFORT_HIGH};
	struct score_policy capped = {SCORE_FAST, SCORE_STANDARD, {0, 0, 0}};
	struct score_result result;

	score_decide(&request, NULL, &result);
	CHECK(result.tier == SCORE_REASONING && result.rule == SCORE_BY_EFFORT);
	score_decide(&request, &capped, &result);
	CHECK(result.tier == SCORE_STANDARD && result.rule == SCORE_BY_BOUNDS);
}

int main(void)
{
	test_tools_lift_to_standard();
	test_effort_is_a_hard_signal();
	return check_report("score");
}
