/* Writes a decision as lines: what would serve and why, the three probabilities with the price that
 * was taken off each, what weighed, who was left out for what, tokens and prices.
 *
 * Pure. Called by `fluxrouter route --explain`; programs read the JSON instead, so nothing here is
 * a format that anybody may rely on. */
#include "cli/page.h"

#include "base/decimal.h"
#include "route/explain.h"

/* 1/65536 as per cent with one decimal. */
static void put_percent(struct buf *out, int64_t share)
{
	int64_t tenths = (share * 1000 + (share < 0 ? -32768 : 32768)) / 65536;

	buf_printf(out, "%s%lld.%lld %%", tenths < 0 ? "-" : "", (long long)(llabs(tenths) / 10),
	           (long long)(llabs(tenths) % 10));
}

static void put_usd(struct buf *out, int64_t nusd)
{
	buf_put(out, STR("$"));
	buf_put_nusd(out, nusd);
}

static void put_what(struct buf *out, const struct decision *d)
{
	const struct target *t = d->candidates[0];

	buf_printf(out, "%.*s -> %.*s at %.*s", STR_ARG(d->asked), STR_ARG(t->model->name),
	           STR_ARG(t->config->provider->name));
	if (d->has_tier)
		buf_printf(out, ", tier %s", llm_tier_name(d->tier));
	buf_printf(out, ", lane %s\n", catalog_lane_name(t->model->config->lane));
	if (d->has_tier && d->tier != d->matched)
		buf_printf(out, "matched was %s, of which no model can: see below\n",
		           llm_tier_name(d->matched));
}

static void put_evidence(struct buf *out, const struct score_evidence *row, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct score_evidence *e = &row[i];

		buf_printf(out, "  %c%d.%03d  %-8s %s\n", e->weight < 0 ? '-' : '+',
		           abs(e->weight) / 1000, abs(e->weight) % 1000,
		           decision_evidence_kind(e->kind), e->name);
	}
}

static void put_score(struct buf *out, const struct decision *d, const struct catalog *catalog)
{
	const struct score_result *s = d->score;

	buf_printf(out, "decided by %s: %s\n\nhow likely each tier does it well\n",
	           score_rule_name(s->rule), score_rule_why(s->rule));
	for (int t = 0; t < SCORE_TIERS; t++) {
		buf_printf(out, "  %-9s ", score_tier_name((enum score_tier)t));
		put_percent(out, s->p_ok[t]);
		buf_put(out, STR(", its price takes off "));
		put_percent(out, catalog->policy.toll[t]);
		buf_put(out, (int)s->text_tier == t ? STR("  <- the most\n") : STR("\n"));
	}
	buf_printf(out,
	           "  the words alone look %d of 1000 hard; message %zu of the conversation "
	           "decided\n",
	           s->score, s->deciding_turn + 1);
	if (s->evidence_count + s->word_count)
		buf_put(out,
		        STR("\nwhat weighed, in doublings of the odds (+ harder, - easier)\n"));
	put_evidence(out, s->evidence, s->evidence_count);
	put_evidence(out, s->words, s->word_count);
}

static void put_models(struct buf *out, const struct decision *d)
{
	buf_put(out, STR("\ncandidates, in the order to try\n"));
	for (int i = 0; i < d->candidate_count; i++)
		buf_printf(out, "  %.*s  %.*s\n", STR_ARG(d->candidates[i]->model->name),
		           STR_ARG(d->candidates[i]->name));
	if (d->rejected_count)
		buf_put(out, STR("left out\n"));
	for (int i = 0; i < d->rejected_count; i++)
		buf_printf(out, "  %.*s: %.*s\n", STR_ARG(d->rejected[i].model->name),
		           STR_ARG(d->rejected[i].reason));
}

static void put_prices(struct buf *out, const struct decision *d, const struct catalog *catalog,
                       const struct llm_request *r)
{
	const struct model *m = d->candidates[0]->model;
	int64_t most = decision_most_nusd(d->candidates[0], r);

	buf_printf(out, "\ntokens: about %lld in, %lld needed", (long long)d->counted_tokens,
	           (long long)d->required_tokens);
	if (m->config->context)
		buf_printf(out, " of a window of %lld", (long long)m->config->context);
	buf_put(out, STR("\nprice: about "));
	put_usd(out, decision_estimate_nusd(d, m, r));
	if (most >= 0) {
		buf_put(out, STR(", at most "));
		put_usd(out, most);
	}
	buf_put_byte(out, '\n');
	for (int t = 0; t < LLM_TIERS; t++) {
		const struct model *of = catalog->tier_counts[t] ? catalog->tiers[t][0] : NULL;

		if (!of)
			continue;
		buf_printf(out, "  as %-9s ", llm_tier_name((enum llm_tier)t));
		put_usd(out, decision_estimate_nusd(d, of, r));
		buf_printf(out, "  (%.*s)\n", STR_ARG(of->name));
	}
}

void page_put_decision(struct buf *out, const struct decision *d, const struct catalog *catalog,
                       const struct llm_request *r)
{
	must(d->candidate_count > 0);
	put_what(out, d);
	if (d->is_scored)
		put_score(out, d, catalog);
	put_models(out, d);
	put_prices(out, d, catalog, r);
	buf_put(out, STR("\n"));
	decision_put_line(out, d, catalog);
	buf_put_byte(out, '\n');
}
