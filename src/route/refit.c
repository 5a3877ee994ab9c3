/* Coordinate descent over the weights of facts.
 *
 *	loss of a row   for each other tier: how much of a safe lead the wished tier lacks over it,
 *	                in what the router compares: p - toll
 *	loss            sum over rows + a pull towards the weights to begin with
 *
 * Steps of 1/2, 1/4 and 1/8 doubling of the odds, up or down, are kept when the loss falls; until
 * none does. A weight is only touched when facts of several rows bear it, so a log of one kind of
 * request leaves the others alone. The message that decided stands for a conversation while
 * fitting; measuring asks the whole rule (score_again).
 *
 * Invariants: pure but for its memory; no floating point; rows kept apart are not read while
 * fitting. Called by `fluxrouter tune`. */
#include "route/refit.h"

#include "route/odds.h"

enum {
	LEAD = ODDS_ONE / 16, /* that the wished tier should have */
	PULL = 24,            /* loss of a row per step away, 1/65536 of success */
	ROWS_MIN = 5,         /* that must show a fact */
	WEIGHT_MOST = 8 * ODDS_DOUBLING,
	PASSES_MAX = 12,
};

struct fitting {
	struct refit *fit;
	const struct score_message **messages; /* of the rows to fit, NULL: text does not decide */
	int shown[STRUCTURE_FACTS];
};

static int64_t shortfall(const struct refit *r, const struct score_message *m,
                         enum score_tier should_be)
{
	int32_t worth[SCORE_TIERS], lack;
	int64_t loss = 0;

	for (int t = 0; t < SCORE_TIERS; t++) {
		int32_t steps = m->is_later ? r->scorer->later_margin : 0;

		for (uint64_t facts = m->facts; facts; facts &= facts - 1)
			steps += r->structure[__builtin_ctzll(facts)][t];
		worth[t] = (int32_t)odds_move(m->p[t], steps) - r->policy.toll[t];
	}
	for (int t = 0; t < SCORE_TIERS; t++) {
		lack = LEAD + worth[t] - worth[should_be];
		if (t != (int)should_be && lack > 0)
			loss += lack;
	}
	return loss;
}

static int64_t loss_of_fact(const struct fitting *f, int fact)
{
	const struct refit *r = f->fit;
	int64_t loss = 0;

	for (int i = 0; i < r->count; i++)
		if (f->messages[i] && f->messages[i]->facts >> fact & 1)
			loss += shortfall(r, f->messages[i], r->rows[i].should_be);
	for (int t = 0; t < SCORE_TIERS; t++)
		loss += (int64_t)PULL * f->shown[fact] *
		        abs(r->structure[fact][t] - r->scorer->structure[fact][t]) / 8;
	return loss;
}

/* Whether any step of that size helped. */
static bool try_steps(struct fitting *f, int fact, int step)
{
	int64_t best = loss_of_fact(f, fact);
	bool helped = false;

	for (int t = 0; t < SCORE_TIERS; t++)
		for (int way = -1; way <= 1; way += 2) {
			int16_t *weight = &f->fit->structure[fact][t], was = *weight;
			int64_t loss;

			*weight = (int16_t)(was + way * step);
			if (abs(*weight) > WEIGHT_MOST || (loss = loss_of_fact(f, fact)) >= best) {
				*weight = was;
				continue;
			}
			best = loss;
			helped = true;
		}
	return helped;
}

static void descend(struct fitting *f, int step)
{
	bool helped = true;

	for (int pass = 0; pass < PASSES_MAX && helped; pass++) {
		helped = false;
		for (int fact = 0; fact < STRUCTURE_FACTS; fact++)
			if (f->shown[fact] >= ROWS_MIN)
				helped |= try_steps(f, fact, step);
	}
}

/* Effort, failures and the like decide before the text does: such a row says nothing about it,
 * unless the text should have got further. */
static bool text_decides(const struct refit *r, const struct refit_row *row)
{
	struct score_result result;

	score_again(&row->gist, &r->policy, &result);
	return result.tier == result.text_tier || row->should_be > result.tier;
}

void refit_run(struct refit *r)
{
	struct fitting f = {.fit = r};

	memcpy(r->structure, r->scorer->structure, sizeof(r->structure));
	f.messages = mem_get(sizeof(*f.messages) * (size_t)(r->count + 1));
	for (int i = 0; i < r->count; i++) {
		const struct refit_row *row = &r->rows[i];

		if (row->is_apart || row->gist.front_count == 0 || !text_decides(r, row))
			continue;
		f.messages[i] = &row->gist.front[row->gist.deciding];
		for (uint64_t facts = f.messages[i]->facts; facts; facts &= facts - 1)
			f.shown[__builtin_ctzll(facts)]++;
	}
	for (int step = ODDS_DOUBLING / 2; step >= ODDS_DOUBLING / 8; step /= 2)
		descend(&f, step);
	mem_put(f.messages);
}

struct refit_figures refit_measure(const struct refit *r,
                                   const int16_t structure[STRUCTURE_FACTS][SCORE_TIERS],
                                   bool apart)
{
	struct scorer *scorer = mem_get(sizeof(*scorer));
	struct score_policy policy = r->policy;
	struct refit_figures out = {.rows = 0};

	*scorer = *r->scorer;
	memcpy(scorer->structure, structure, sizeof(scorer->structure));
	policy.scorer = scorer;
	for (int i = 0; i < r->count; i++) {
		struct score_result result;

		if (r->rows[i].is_apart != apart)
			continue;
		score_again(&r->rows[i].gist, &policy, &result);
		out.rows++;
		out.right += result.tier == r->rows[i].should_be;
		out.too_low += result.tier < r->rows[i].should_be;
		out.too_high += result.tier > r->rows[i].should_be;
	}
	mem_put(scorer);
	return out;
}
