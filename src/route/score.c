/* The decision: every user message gets probabilities, the hardest one sets the tier, rules lift
 * it, bounds clip it.
 *
 *   message --> reading --> z --> curve --> p --> facts move the odds --> tier = argmax p - toll
 *   tiers of all messages --> the highest --> agent loop: at least standard
 *       --> failures and corrections: up --> client's effort --> floor, ceiling
 *
 * What the walk finds is gathered in the gist, and the rules read nothing else: so a decision can
 * be made again from the gist alone (score_again), and is the same.
 *
 * Invariants: pure and allocation-free; appending turns never lowers the tier, since every step is
 * a maximum or a count that only grows, and what a turn is given to read depends on the turns
 * before it alone. Called by the request path and by the dry run. Must never look at which model a
 * prompt asks for, and must never use floating point. */
#include "route/score.h"

#include "base/buf.h"
#include "route/odds.h"
#include "route/reading.h"

#define SYSTEM_BYTES 384
#define LATER_HEAD_BYTES 768 /* of every user message but the first */
#define LATER_TAIL_BYTES 256
#define AMPLE_BYTES 8192 /* of canonical user text; then messages are only skimmed */
#define SKIM_BYTES 192
#define LAST_BYTES 12288 /* then no more are read */
#define FAILING_ROW 3
#define REPEATING_ROW 2
#define FAILURE_PREFIX 96

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

static const struct scorer *scorer_of(const struct score_policy *policy)
{
	return policy && policy->scorer ? policy->scorer : scorer_current();
}

struct str score_version(const struct score_policy *policy)
{
	return str_of(scorer_of(policy)->version);
}

/* ---- one message --------------------------------------------------------------------------- */

struct walk {
	const struct scorer *scorer;
	const struct score_request *request;
	const struct score_policy *policy;
	struct score_result *result;
	struct score_gist *gist; /* of the result */
	uint64_t request_facts;  /* of the parameters and the system prompt */
	size_t read_bytes;
	uint32_t assistants;
	uint32_t failing_row, repeating_row; /* failed tool results, the same calls */
	uint64_t last_calls;
	bool explains; /* fill in evidence of words */
};

static struct gather_source source_of(const struct score_turn *turn)
{
	return (struct gather_source){turn->parts, turn->part_count, turn->is_escaped};
}

static int32_t steps_of(const struct scorer *scorer, uint64_t facts, int tier)
{
	int32_t steps = 0;

	for (; facts; facts &= facts - 1)
		steps += scorer->structure[__builtin_ctzll(facts)][tier];
	return steps;
}

/* How hard the words alone look: facts decide about tiers, but they are estimates, this was
 * measured. */
static void note_score(struct score_result *r, uint32_t p, int32_t margin)
{
	int32_t score = (int32_t)((ODDS_ONE - odds_move(p, margin)) * 1000 / ODDS_ONE);

	if (score > r->score)
		r->score = score;
}

static struct score_message message_of(const struct walk *w, const struct reading *r,
                                       uint64_t facts)
{
	struct score_message m = {.is_later = w->gist->users > 0, .facts = facts};
	int32_t z[SCORE_TIERS];

	reading_weigh(w->scorer, r, z);
	for (int t = 0; t < SCORE_TIERS; t++)
		m.p[t] = (uint16_t)reading_curve(&w->scorer->curve[t], z[t]);
	note_score(w->result, m.p[SCORE_FAST], m.is_later ? w->scorer->later_margin : 0);
	return m;
}

static void probabilities(const struct scorer *scorer, const struct score_message *m,
                          uint32_t out_p[SCORE_TIERS])
{
	int32_t margin = m->is_later ? scorer->later_margin : 0;

	for (int t = 0; t < SCORE_TIERS; t++) {
		out_p[t] = odds_move(m->p[t], steps_of(scorer, m->facts, t) + margin);
		if (t > 0 && out_p[t] < out_p[t - 1])
			out_p[t] = out_p[t - 1];
	}
}

/* Standard, unless another tier earned it. */
static enum score_tier tier_of(const uint32_t p[SCORE_TIERS], const struct score_policy *policy)
{
	enum score_tier best = SCORE_STANDARD;

	for (int t = 0; t < SCORE_TIERS; t++)
		if ((int32_t)p[t] - policy->toll[t] > (int32_t)p[best] - policy->toll[best])
			best = (enum score_tier)t;
	return best;
}

/* Does that message decide now? The hardest one does: the highest tier, then the least likely. */
static bool weigh_message(const struct scorer *scorer, const struct score_message *m,
                          const struct score_policy *policy, bool is_first,
                          struct score_result *best)
{
	uint32_t p[SCORE_TIERS];
	enum score_tier tier;

	probabilities(scorer, m, p);
	tier = tier_of(p, policy);
	if (!is_first && (tier < best->text_tier ||
	                  (tier == best->text_tier && p[SCORE_FAST] >= best->p_ok[SCORE_FAST])))
		return false;
	best->text_tier = tier;
	memcpy(best->p_ok, p, sizeof(p));
	return true;
}

/* ---- the front: messages that decide under some policy -------------------------------------- */

/* What a message gains by each step up, 1/65536. */
struct gains {
	uint32_t step[SCORE_TIERS];
};

static struct gains gains_of(const struct scorer *scorer, const struct score_message *m)
{
	struct gains g = {{0}};
	uint32_t p[SCORE_TIERS];

	probabilities(scorer, m, p);
	for (int t = 1; t < SCORE_TIERS; t++)
		g.step[t] = p[t] - p[t - 1];
	return g;
}

/* Whatever the prices, b gets no higher a tier than a. */
static bool covers(const struct gains *a, const struct gains *b)
{
	for (int t = 1; t < SCORE_TIERS; t++)
		if (a->step[t] < b->step[t])
			return false;
	return true;
}

/* The first of them that another one covers; FRONT_MAX + 1: none. `spared` stays. */
static int covered(const struct scorer *scorer, const struct score_message *all, int spared)
{
	struct gains gains[SCORE_FRONT_MAX + 1];

	for (int i = 0; i <= SCORE_FRONT_MAX; i++)
		gains[i] = gains_of(scorer, &all[i]);
	for (int i = 0; i <= SCORE_FRONT_MAX; i++)
		for (int by = 0; by <= SCORE_FRONT_MAX && i != spared; by++)
			if (by != i && covers(&gains[by], &gains[i]))
				return i;
	return SCORE_FRONT_MAX + 1;
}

/* While there is room all are kept: under other weights of facts another one may cover. The one
 * that decides always stays. */
static void front_add(struct score_gist *g, const struct scorer *scorer,
                      const struct score_message *m, bool decides)
{
	struct score_message all[SCORE_FRONT_MAX + 1];
	int out;

	if (g->front_count < SCORE_FRONT_MAX) {
		g->deciding = decides ? g->front_count : g->deciding;
		g->front[g->front_count++] = *m;
		return;
	}
	memcpy(all, g->front, sizeof(g->front));
	all[SCORE_FRONT_MAX] = *m;
	g->deciding = decides ? SCORE_FRONT_MAX : g->deciding;
	out = covered(scorer, all, g->deciding);
	g->front_is_cut |= out > SCORE_FRONT_MAX;
	if (out > SCORE_FRONT_MAX)
		out = g->deciding == 0;
	all[out] = all[SCORE_FRONT_MAX];
	g->deciding = g->deciding == SCORE_FRONT_MAX ? out : g->deciding;
	memcpy(g->front, all, sizeof(g->front));
}

/* ---- evidence ------------------------------------------------------------------------------ */

/* What weighs most, the heaviest first; of the same weight, what came first. */
struct pick {
	int32_t weight;
	uint32_t what;
};

struct picks {
	struct pick row[SCORE_EVIDENCE_MAX];
	size_t count, max;
};

static void pick(struct picks *p, int32_t weight, uint32_t what)
{
	size_t at = p->count;

	if (weight == 0 || (at == p->max && abs(weight) <= abs(p->row[at - 1].weight)))
		return;
	if (at < p->max)
		p->count++;
	else
		at--;
	for (; at > 0 && abs(p->row[at - 1].weight) < abs(weight); at--)
		p->row[at] = p->row[at - 1];
	p->row[at] = (struct pick){weight, what};
}

static struct score_evidence evidence_of(enum score_evidence_kind kind, struct str name,
                                         int32_t weight)
{
	struct score_evidence e = {.kind = kind, .weight = weight};

	memcpy(e.name, name.ptr, name.len < sizeof(e.name) ? name.len : sizeof(e.name) - 1);
	return e;
}

/* `what` is a counter, or a fact behind the last counter. */
static struct score_evidence evidence_named(const struct pick *p)
{
	int fact = (int)p->what - FEATURE_COUNTERS;

	if (fact >= 0)
		return evidence_of(SCORE_OF_FACT, str_of(structure_fact_name(fact)), p->weight);
	return evidence_of(SCORE_OF_COUNTER, str_of(feature_counter_name((int)p->what)), p->weight);
}

/* Success lost, 1/65536, as thousandths of a doubling of the odds around even odds: d log2(odds) =
 * 4 dp / ln 2. */
static int32_t weight_of_loss(int32_t z)
{
	return (int32_t)(-(int64_t)z * 5771 / ODDS_ONE);
}

/* Of a pair of words in canonical text: what its own buckets weigh. */
static void explain_words(const struct walk *w, const struct reading *r)
{
	struct str text = {r->canon.text, r->canon.len}, word, pair = {0};
	struct picks picks = {.max = SCORE_WORDS_MAX};

	while (str_next_field(&text, ' ', &word)) {
		struct feature_sentence s;
		int64_t sum = 0;
		struct str both =
		    pair.len ? (struct str){pair.ptr, (size_t)(word.ptr + word.len - pair.ptr)}
		             : word;
		pair = word;
		if (both.len >= sizeof(((struct score_evidence *)0)->name))
			continue;
		feature_read_sentence(&w->scorer->lexicon, both, true, &s);
		for (size_t i = 0; i < s.id_count; i++)
			sum += w->scorer->buckets[s.ids[i]][SCORE_FAST];
		pick(&picks, weight_of_loss(reading_words_part(w->scorer, r, sum, SCORE_FAST)),
		     (uint32_t)(both.ptr - r->canon.text) * 256 + (uint32_t)both.len);
	}
	for (size_t i = 0; i < picks.count; i++) {
		struct pick *p = &picks.row[i];
		struct str words = {r->canon.text + p->what / 256, p->what % 256};
		w->result->words[i] = evidence_of(SCORE_OF_WORDS, words, p->weight);
	}
	w->result->word_count = picks.count;
}

static void gather_evidence(struct walk *w, const struct reading *r, uint64_t facts)
{
	const struct scorer *s = w->scorer;
	struct picks picks = {.max = SCORE_EVIDENCE_MAX};

	for (uint32_t c = 0; c < FEATURE_COUNTERS; c++)
		if (r->levels[c])
			pick(&picks,
			     weight_of_loss(s->levels[c][r->levels[c]][SCORE_FAST] -
			                    s->levels[c][0][SCORE_FAST]),
			     c);
	for (; facts; facts &= facts - 1) {
		uint32_t fact = (uint32_t)__builtin_ctzll(facts);
		pick(&picks, -s->structure[fact][SCORE_FAST] * 1000 / ODDS_DOUBLING,
		     FEATURE_COUNTERS + fact);
	}
	w->result->evidence_count = picks.count;
	for (size_t i = 0; i < picks.count; i++)
		w->result->evidence[i] = evidence_named(&picks.row[i]);
	w->result->word_count = 0;
	if (w->explains)
		explain_words(w, r);
}

/* ---- the conversation ---------------------------------------------------------------------- */

static void note_correction(struct walk *w, const struct reading *r)
{
	const uint16_t *c = r->set.counts + FEATURE_LEXICON;
	uint32_t again = c[LEX_FIX_AGAIN], words = r->set.counts[FEATURE_WORDS];

	if (w->assistants && words <= 60 &&
	    (again >= 2 || (again && (c[LEX_NEGATION] || c[LEX_FAULT] || words <= 6))))
		w->gist->corrections++;
}

static struct canon_limits limits_of(const struct walk *w)
{
	if (w->gist->users == 0)
		return (struct canon_limits){CANON_HEAD_BYTES, CANON_TAIL_BYTES};
	if (w->read_bytes < AMPLE_BYTES)
		return (struct canon_limits){LATER_HEAD_BYTES, LATER_TAIL_BYTES};
	return (struct canon_limits){SKIM_BYTES, 0};
}

static void walk_user(struct walk *w, const struct score_turn *turn, size_t index)
{
	struct score_result *best = w->result;
	struct gather_source source = source_of(turn);
	struct reading reading;
	struct score_message message;
	bool decides;

	if (w->read_bytes >= LAST_BYTES)
		return;
	reading_read(w->scorer, &source, limits_of(w), &reading);
	w->read_bytes += reading.canon.len;
	message = message_of(w, &reading,
	                     structure_of_user(reading.ask, &reading.canon) | w->request_facts);
	note_correction(w, &reading);
	decides = weigh_message(w->scorer, &message, w->policy, w->gist->users++ == 0, best);
	front_add(w->gist, w->scorer, &message, decides);
	if (!decides)
		return;
	best->deciding_turn = index;
	gather_evidence(w, &reading, message.facts);
}

/* Does a tool result begin as reports of failure do? For dialects whose results carry no mark. */
static bool looks_failed(const struct score_turn *turn)
{
	static const struct str openings[] = {
	    STR_INIT("error"),        STR_INIT("traceback"),      STR_INIT("fatal"),
	    STR_INIT("exception"),    STR_INIT("command failed"), STR_INIT("failed"),
	    STR_INIT("{\"error\""),   STR_INIT("<error"),         STR_INIT("<tool_use_error"),
	    STR_INIT("exit code: 1"), STR_INIT("exit code 1"),    STR_INIT("permission denied"),
	};
	struct gather_source source = source_of(turn);
	char prefix[FAILURE_PREFIX];
	struct str text = {prefix, gather_prefix(&source, prefix, sizeof(prefix))};

	while (text.len && (text.ptr[0] <= ' ' || text.ptr[0] == '['))
		text = str_part(text, 1, text.len);
	for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++)
		if (str_eq_nocase(str_part(text, 0, openings[i].len), openings[i]))
			return true;
	return false;
}

static void walk_result(struct walk *w, const struct score_turn *turn)
{
	w->gist->has_results = true;
	w->failing_row = turn->is_error || looks_failed(turn) ? w->failing_row + 1 : 0;
	w->gist->failures += w->failing_row == FAILING_ROW;
}

static void walk_assistant(struct walk *w, const struct score_turn *turn)
{
	bool repeats = turn->calls_hash && turn->calls_hash == w->last_calls;

	w->assistants++;
	w->gist->has_results |= turn->tool_calls > 0;
	w->repeating_row = repeats ? w->repeating_row + 1 : 0;
	w->gist->failures += w->repeating_row == REPEATING_ROW;
	w->last_calls = turn->calls_hash;
}

static void walk_system(struct walk *w, const struct score_turn *turn)
{
	struct gather_source source = source_of(turn);
	struct reading reading;

	if (w->gist->users)
		return;
	reading_read_ask(w->scorer, &source, (struct canon_limits){SYSTEM_BYTES, 0}, &reading);
	w->request_facts |= structure_of_system(reading.ask);
}

static void walk_turn(struct walk *w, size_t index)
{
	const struct score_turn *turn = &w->request->turns[index];

	switch (turn->role) {
	case SCORE_SYSTEM:
		walk_system(w, turn);
		break;
	case SCORE_USER:
		walk_user(w, turn, index);
		break;
	case SCORE_ASSISTANT:
		walk_assistant(w, turn);
		break;
	case SCORE_TOOL_RESULT:
		walk_result(w, turn);
	}
}

/* ---- rules --------------------------------------------------------------------------------- */

static void lift(struct score_result *r, enum score_tier least, enum score_rule rule)
{
	if (r->tier >= least)
		return;
	r->tier = least;
	r->rule = rule;
}

static void apply_effort(const struct score_gist *g, struct score_result *r)
{
	bool low = g->effort == SCORE_EFFORT_NONE || g->effort == SCORE_EFFORT_LOW;

	if (g->effort >= SCORE_EFFORT_HIGH || g->thinking_tokens >= SCORE_THINKING_HIGH)
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

static enum score_rule rule_of_text(const struct walk *w)
{
	const struct score_result *r = w->result;

	if (w->gist->users == 0 || r->text_tier == SCORE_STANDARD)
		return SCORE_BY_DEFAULT;
	for (size_t i = r->deciding_turn + 1; i < w->request->turn_count; i++)
		if (w->request->turns[i].role == SCORE_USER)
			return SCORE_BY_EARLIER;
	return r->evidence_count && r->evidence[0].kind == SCORE_OF_FACT ? SCORE_BY_STRUCTURE
	                                                                 : SCORE_BY_TEXT;
}

/* result->text_tier and rule are set; the gist says the rest. */
static void apply_rules(const struct score_gist *g, const struct score_policy *policy,
                        struct score_result *r)
{
	r->tier = r->text_tier;
	if (g->has_results)
		lift(r, SCORE_STANDARD, SCORE_BY_LOOP);
	if (g->corrections)
		lift(r, g->corrections > 1 ? SCORE_REASONING : SCORE_STANDARD, SCORE_BY_CORRECTION);
	if (g->failures)
		lift(r, SCORE_REASONING, SCORE_BY_FAILURES);
	apply_effort(g, r);
	apply_bounds(policy, r);
}

static struct score_policy balanced_policy(void)
{
	return score_policy_of(
	    &(struct score_wish){.quality = SCORE_QUALITY_BALANCED, .ceiling = SCORE_REASONING});
}

static void begin_result(struct score_result *r, const struct scorer *scorer)
{
	memset(r, 0, sizeof(*r));
	r->text_tier = SCORE_STANDARD;
	for (int t = 0; t < SCORE_TIERS; t++)
		r->p_ok[t] = reading_curve(&scorer->curve[t], scorer->bias[t]);
}

static void decide(const struct score_request *request, const struct score_policy *policy,
                   bool explains, struct score_result *out_result)
{
	struct score_policy own = policy ? *policy : balanced_policy();
	struct walk w = {.scorer = scorer_of(policy),
	                 .request = request,
	                 .policy = &own,
	                 .result = out_result,
	                 .gist = &out_result->gist,
	                 .request_facts = structure_of_request(request),
	                 .explains = explains};

	begin_result(out_result, w.scorer);
	out_result->deciding_turn = request->turn_count;
	out_result->gist.effort = request->effort;
	out_result->gist.thinking_tokens = request->thinking_tokens;
	for (size_t i = 0; i < request->turn_count; i++)
		walk_turn(&w, i);
	out_result->rule = rule_of_text(&w);
	apply_rules(&out_result->gist, w.policy, out_result);
}

void score_decide(const struct score_request *request, const struct score_policy *policy,
                  struct score_result *out_result)
{
	decide(request, policy, false, out_result);
}

void score_explain(const struct score_request *request, const struct score_policy *policy,
                   struct score_result *out_result)
{
	decide(request, policy, true, out_result);
}

void score_again(const struct score_gist *gist, const struct score_policy *policy,
                 struct score_result *out_result)
{
	struct score_policy own = policy ? *policy : balanced_policy();
	const struct scorer *scorer = scorer_of(policy);

	begin_result(out_result, scorer);
	out_result->gist = *gist;
	for (int i = 0; i < gist->front_count; i++)
		weigh_message(scorer, &gist->front[i], &own, i == 0, out_result);
	out_result->rule =
	    out_result->text_tier == SCORE_STANDARD ? SCORE_BY_DEFAULT : SCORE_BY_TEXT;
	apply_rules(gist, &own, out_result);
}

/* ---- in words ------------------------------------------------------------------------------ */

void score_put_line(struct buf *out, const struct score_result *r)
{
	int said = 0;

	buf_put(out, str_of(score_tier_name(r->tier)));
	buf_put(out, STR(" score="));
	buf_put_i64(out, r->score);
	buf_put(out, STR(" p="));
	for (int tier = 0; tier < SCORE_TIERS; tier++) {
		buf_put(out, tier ? STR("/.") : STR("."));
		buf_put_digits(out, r->p_ok[tier] * 100 / ODDS_ONE, 2);
	}
	buf_put(out, STR(" by="));
	buf_put(out, str_of(score_rule_name(r->rule)));
	for (size_t i = 0; i < r->evidence_count && said < 3; i++) {
		int32_t weight = r->evidence[i].weight;
		buf_put(out, said++ ? STR(", ") : STR(": "));
		buf_put(out, str_of(r->evidence[i].name));
		buf_put_byte(out, weight < 0 ? '-' : '+');
		buf_put_i64(out, abs(weight) / 1000);
		buf_put_byte(out, '.');
		buf_put_i64(out, abs(weight) / 100 % 10);
	}
}
