/* Refitting: a table that was spoilt is repaired by labels, what no label shows stays, the same
 * labels give the same table, and rows kept apart are not learned from. */
#include "route/refit.h"

#include "check.h"
#include "conversations.h"

enum { ROWS = 1500 };

static struct refit_row rows[ROWS];
static struct scorer spoilt;

/* Labels are what the built-in scorer decides. */
static void make_rows(void)
{
	static struct talk talk;

	for (int i = 0; i < ROWS; i++) {
		struct score_result result;

		talk_draw(&talk, 900000 + (uint32_t)i);
		talk.request.turn_count = 1;
		talk.request.effort = SCORE_EFFORT_UNSET;
		score_decide(&talk.request, NULL, &result);
		rows[i] = (struct refit_row){result.gist, result.tier, i % 4 == 0};
	}
}

static struct refit begin(const struct scorer *scorer)
{
	struct score_wish wish = {
	    .scorer = scorer, .quality = SCORE_QUALITY_BALANCED, .ceiling = SCORE_REASONING};

	return (struct refit){
	    .scorer = scorer, .policy = score_policy_of(&wish), .rows = rows, .count = ROWS};
}

static void test_repairs(void)
{
	struct refit r, again;
	struct refit_figures before, after;

	spoilt = *scorer_current();
	for (int t = 0; t < SCORE_TIERS; t++)
		spoilt.structure[FACT_PROOF][t] = spoilt.structure[FACT_HARD_FAULT][t] = 100;
	r = begin(&spoilt);
	refit_run(&r);
	before = refit_measure(&r, spoilt.structure, true);
	after = refit_measure(&r, r.structure, true);
	CHECK(before.rows == ROWS / 4 && after.rows == before.rows);
	CHECK(after.right > before.right + 10);
	CHECK(after.right + after.too_low + after.too_high == after.rows);
	again = begin(&spoilt);
	refit_run(&again);
	CHECK(memcmp(r.structure, again.structure, sizeof r.structure) == 0);
	CHECK(memcmp(r.structure[FACT_LOGPROBS], spoilt.structure[FACT_LOGPROBS],
	             sizeof r.structure[0]) == 0); /* no row shows it */
}

/* What is kept apart may say what it likes. */
static void test_kept_apart(void)
{
	struct refit with = begin(&spoilt), without = begin(&spoilt);

	refit_run(&with);
	for (int i = 0; i < ROWS; i++)
		if (rows[i].is_apart)
			rows[i].should_be = (enum score_tier)(i / 4 % SCORE_TIERS);
	refit_run(&without);
	CHECK(memcmp(with.structure, without.structure, sizeof with.structure) == 0);
}

int main(void)
{
	make_rows();
	test_repairs();
	test_kept_apart();
	return check_report("refit");
}
