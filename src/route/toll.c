/* What a tier's price takes off its probability of success: lambda x price.
 *
 *   quality 0 .. 100   --> lambda, falling on a log scale
 *   wished share       --> lambda, by bisection over the file's sketch of typical requests
 *
 * Invariants: pure; computed once when a configuration is loaded, so that a decision stays a
 * function of the request. Called by config; score.c uses the result. No floating point. */
#include "route/scorer_file.h"

#define USUAL_PRICES 31 /* 1 + 5 + 25: tolls are relative to these */
#define LAMBDA_MOST 16384
#define PRICE_MOST ((int64_t)1 << 40)

/* Lambda in 1/65536 of success per 1/31 of the three prices together, for quality 0, 10 .. 100. */
static const int32_t lambdas[] = {4200, 3000, 2050, 1300, 830, 520, 310, 180, 90, 35, 0};

static int32_t lambda_of(int quality)
{
	int q = quality < 0 ? 0 : quality > 100 ? 100 : quality;
	int step = q / 10, rest = q % 10;

	if (step == 10)
		return lambdas[10];
	return lambdas[step] + (lambdas[step + 1] - lambdas[step]) * rest / 10;
}

/* Prices as 1/1024 of USUAL_PRICES, whatever unit the operator counts in. */
static void relative_prices(const struct score_wish *wish, int64_t out[SCORE_TIERS])
{
	static const int64_t usual[SCORE_TIERS] = {1, 5, 25};
	int64_t price[SCORE_TIERS], all = 0;

	for (int t = 0; t < SCORE_TIERS; t++) {
		price[t] = wish->price[t] < 0            ? 0
		           : wish->price[t] > PRICE_MOST ? PRICE_MOST
		                                         : wish->price[t];
		all += price[t];
	}
	for (int t = 0; t < SCORE_TIERS; t++)
		out[t] = all > 0 ? price[t] * USUAL_PRICES * 1024 / all : usual[t] * 1024;
}

static void set_tolls(struct score_policy *p, const int64_t relative[SCORE_TIERS], int32_t lambda)
{
	for (int t = 0; t < SCORE_TIERS; t++)
		p->toll[t] = (int32_t)(lambda * relative[t] / 1024);
}

/* How many of the sketch's requests would go to the reasoning tier. */
static int reasoning_count(const struct scorer *scorer, const struct score_policy *p)
{
	int count = 0;

	for (int i = 0; i < SCORER_SKETCH; i++) {
		const uint16_t *ok = scorer->sketch[i];
		int32_t reasoning = ok[SCORE_REASONING] - p->toll[SCORE_REASONING];
		count += reasoning > ok[SCORE_STANDARD] - p->toll[SCORE_STANDARD] &&
		         reasoning > ok[SCORE_FAST] - p->toll[SCORE_FAST];
	}
	return count;
}

/* The smallest lambda whose share of reasoning does not pass the wish. */
static void meet_share(struct score_policy *p, const int64_t relative[SCORE_TIERS], int percent)
{
	const struct scorer *scorer = p->scorer ? p->scorer : scorer_current();
	int32_t low = 0, high = LAMBDA_MOST;

	while (low < high) {
		int32_t middle = (low + high) / 2;
		set_tolls(p, relative, middle);
		if (reasoning_count(scorer, p) * 100 > percent * SCORER_SKETCH)
			low = middle + 1;
		else
			high = middle;
	}
	set_tolls(p, relative, low);
}

struct score_policy score_policy_of(const struct score_wish *wish)
{
	struct score_policy p = {
	    .scorer = wish->scorer, .floor = wish->floor, .ceiling = wish->ceiling};
	int64_t relative[SCORE_TIERS];

	relative_prices(wish, relative);
	set_tolls(&p, relative, lambda_of(wish->quality));
	if (wish->reasoning_percent > 0 && wish->reasoning_percent < 100)
		meet_share(&p, relative, wish->reasoning_percent);
	if (p.ceiling < p.floor)
		p.ceiling = p.floor;
	return p;
}
