/* The decision: every user message gets probabilities, the hardest one sets the tier, rules lift it, bounds clip it.
 *
 *   turns --> p(fast), p(standard), p(reasoning) each --> tier = argmax p - toll --> max over the conversation
 *         --> agent loop: at least standard --> failures and corrections: up --> client's effort --> floor, ceiling
 *
 * Invariants: pure and allocation-free; appending turns never lowers the tier, since every step is a maximum or a
 * count that only grows. Called by the request path and by the dry run. Must never look at which model a prompt asks
 * for, and must never use floating point. */
#include "route/score.h"

#include "base/buf.h"

#define ONE 65536
#define TURN_SCAN_BYTES 4096

#define TIER_NAME(id, name) name,
#define RULE_NAME(id, name, why) name,
#define RULE_WHY(id, name, why) why,
static const char *const tier_names[] = {SCORE_TIER_TABLE(TIER_NAME)};
static const char *const rule_names[] = {SCORE_RULE_TABLE(RULE_NAME)};
static const char *const rule_whys[] = {SCORE_RULE_TABLE(RULE_WHY)};

const char *score_tier_name(enum score_tier tier)
{
	must(tier < SCORE_TIERS);
	return tier_names[tier];
}

const char *score_rule_name(enum score_rule rule)
{
	must(rule < SCORE_RULES);
	return rule_names[rule];
}

const char *score_rule_why(enum score_rule rule)
{
	must(rule < SCORE_RULES);
	return rule_whys[rule];
}

struct str score_version(void)
{
	return STR("0000000000000001");
}

/* ---- policy --------------------------------------------------------------------------------------------------- */

/* Lambda in 1/65536 of success per price of one fast call at 1/5/25, for quality 0, 10 .. 100: a log scale. */
static const int32_t lambda_steps[] = {6000, 3600, 2160, 1300, 780, 470, 280, 170, 100, 50, 0};

static int32_t lambda_of(int quality)
{
	int q = quality < 0 ? 0 : quality > 100 ? 100 : quality;
	int step = q / 10, rest = q % 10;

	if (step == 10)
		return lambda_steps[10];
	return lambda_steps[step] + (lambda_steps[step + 1] - lambda_steps[step]) * rest / 10;
}

struct score_policy score_policy_of(const struct score_wish *wish)
{
	struct score_policy p = {.floor = wish->floor, .ceiling = wish->ceiling};
	int64_t prices = wish->price[0] + wish->price[1] + wish->price[2];

	for (int t = 0; t < SCORE_TIERS; t++) {
		static const int64_t usual[SCORE_TIERS] = {1, 5, 25};
		int64_t relative = prices > 0 ? wish->price[t] * 31 * 256 / prices : usual[t] * 256;
		p.toll[t] = (int32_t)(lambda_of(wish->quality) * relative / 256);
	}
	if (p.ceiling < p.floor)
		p.ceiling = p.floor;
	return p;
}

/* ---- one text ------------------------------------------------------------------------------------------------- */

struct cue {
	const char *word; /* lower case, matched at the start of a word */
	int32_t weight;   /* 1/1024 of log-odds towards hard */
};

static const struct cue cues[] = {
    {"prove", 2400},     {"proof", 2000},      {"theorem", 1800},        {"derive", 1400},
    {"integral", 1200},  {"deadlock", 1500},   {"race condition", 1800}, {"concurren", 900},
    {"optimi", 700},     {"algorithm", 700},   {"architect", 800},       {"debug", 700},
    {"refactor", 600},   {"distributed", 900}, {"complexity", 700},      {"why does", 400},
    {"translate", -900}, {"summar", -700},     {"rewrite", -700},        {"classify", -1100},
    {"extract", -800},   {"hello", -900},      {"thanks", -900},         {"hi ", -700},
};

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool text_has_cue(struct str text, size_t at, const char *word)
{
	for (size_t i = 0; word[i]; i++)
		if (at + i >= text.len || fold(text.ptr[at + i]) != word[i])
			return false;
	return true;
}

/* How hard the text looks, 1/1024 of log-odds. Parts are gathered first, so that no cut can matter. */
static int32_t text_weight(const struct score_turn *turn)
{
	char gathered[TURN_SCAN_BYTES];
	struct str text = {gathered, 0};
	int32_t weight = 0;

	for (size_t i = 0; i < turn->part_count && text.len < sizeof(gathered); i++) {
		struct str part = str_part(turn->parts[i], 0, sizeof(gathered) - text.len);
		if (part.len)
			memcpy(gathered + text.len, part.ptr, part.len);
		text.len += part.len;
	}
	for (size_t c = 0; c < sizeof(cues) / sizeof(cues[0]); c++)
		for (size_t at = 0; at < text.len; at++)
			if ((at == 0 || text.ptr[at - 1] <= ' ') &&
			    text_has_cue(text, at, cues[c].word)) {
				weight += cues[c].weight;
				break;
			}
	for (size_t length = 32; length < text.len; length *= 2)
		weight += 150;
	return weight - 600;
}

static void weight_to_odds(int32_t weight, uint32_t out_p[SCORE_TIERS])
{
	static const int32_t top[SCORE_TIERS] = {58000, 60500, 62500},
	                     slope[SCORE_TIERS] = {8, 4, 1};

	for (int t = 0; t < SCORE_TIERS; t++) {
		int32_t p = top[t] - slope[t] * (weight + 600);
		out_p[t] = (uint32_t)(p < 2000 ? 2000 : p > 64000 ? 64000 : p);
		if (t > 0 && out_p[t] < out_p[t - 1])
			out_p[t] = out_p[t - 1];
	}
}

static enum score_tier tier_of(const uint32_t p[SCORE_TIERS], const struct score_policy *policy)
{
	enum score_tier best = SCORE_STANDARD;

	for (int t = 0; t < SCORE_TIERS; t++)
		if ((int32_t)p[t] - policy->toll[t] > (int32_t)p[best] - policy->toll[best])
			best = (enum score_tier)t;
	return best;
}

/* ---- the conversation ----------------------------------------------------------------------------------------- */

struct walk {
	const struct score_policy *policy;
	struct score_result *result;
	uint32_t users, results, failing_row,
	    failures; /* failures: rows of three failed tool results */
};

static void walk_user(struct walk *w, const struct score_turn *turn, size_t index)
{
	uint32_t p[SCORE_TIERS];
	int32_t weight = text_weight(turn) - (w->users ? 300 : 0);
	enum score_tier tier;

	weight_to_odds(weight, p);
	tier = tier_of(p, w->policy);
	if (w->users++ == 0 || tier > w->result->text_tier) {
		w->result->text_tier = tier;
		memcpy(w->result->p_ok, p, sizeof(p));
		w->result->deciding_turn = index;
		w->result->rule = tier == SCORE_STANDARD ? SCORE_BY_DEFAULT : SCORE_BY_TEXT;
	}
}

static void walk_turn(struct walk *w, const struct score_turn *turn, size_t index)
{
	if (turn->role == SCORE_USER)
		walk_user(w, turn, index);
	if (turn->role != SCORE_TOOL_RESULT)
		return;
	w->results++;
	w->failing_row = turn->is_error ? w->failing_row + 1 : 0;
	w->failures += w->failing_row == 3;
}

static void lift(struct score_result *r, enum score_tier least, enum score_rule rule)
{
	if (r->tier >= least)
		return;
	r->tier = least;
	r->rule = rule;
}

static void apply_effort(const struct score_request *request, struct score_result *r)
{
	bool low = request->effort == SCORE_EFFORT_NONE || request->effort == SCORE_EFFORT_LOW;

	if (request->effort >= SCORE_EFFORT_HIGH || request->thinking_tokens >= 16384)
		lift(r, SCORE_REASONING, SCORE_BY_EFFORT);
	if (!low || r->tier <= SCORE_STANDARD)
		return;
	r->tier = SCORE_STANDARD;
	r->rule = SCORE_BY_EFFORT;
}

static void apply_bounds(const struct score_policy *policy, struct score_result *r)
{
	enum score_tier within = r->tier;

	if (within < policy->floor)
		within = policy->floor;
	if (within > policy->ceiling)
		within = policy->ceiling;
	if (within != r->tier)
		r->rule = SCORE_BY_BOUNDS;
	r->tier = within;
}

void score_decide(const struct score_request *request, const struct score_policy *policy,
                  struct score_result *out_result)
{
	static const struct score_policy balanced = {
	    SCORE_FAST, SCORE_REASONING, {470, 2350, 11750}};
	struct score_result r = {.text_tier = SCORE_STANDARD, .deciding_turn = request->turn_count};
	struct walk w = {.policy = policy ? policy : &balanced, .result = &r};

	weight_to_odds(0, r.p_ok);
	for (size_t i = 0; i < request->turn_count; i++)
		walk_turn(&w, &request->turns[i], i);
	r.tier = r.text_tier;
	r.score = (int32_t)((ONE - r.p_ok[SCORE_FAST]) * 1000 / ONE);
	if (w.results)
		lift(&r, SCORE_STANDARD, SCORE_BY_LOOP);
	if (w.failures)
		lift(&r, SCORE_REASONING, SCORE_BY_FAILURES);
	apply_effort(request, &r);
	apply_bounds(w.policy, &r);
	*out_result = r;
}

/* ---- in words ------------------------------------------------------------------------------------------------- */

void score_put_line(struct buf *out, const struct score_result *r)
{
	buf_printf(out, "%s score=%d p=.%02u/.%02u/.%02u by=%s", score_tier_name(r->tier), r->score,
	           r->p_ok[0] * 100 / ONE, r->p_ok[1] * 100 / ONE, r->p_ok[2] * 100 / ONE,
	           score_rule_name(r->rule));
	for (size_t i = 0; i < r->evidence_count && i < 4; i++) {
		int32_t tenths = r->evidence[i].weight * 10 / ONE;
		buf_printf(out, " %s%c%d.%d", r->evidence[i].name, tenths < 0 ? '-' : '+',
		           abs(tenths) / 10, abs(tenths) % 10);
	}
}
