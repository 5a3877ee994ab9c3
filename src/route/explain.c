/* The decision record, as a line for a header and as JSON for the dry run.
 *
 *	{"object":"route","model":"gpt-5-mini","asked":"flux-auto","tier":"fast","lane":"express",
 *	 "decision":"tier=fast score=120 ... scorer=89abcdef config=1a2b3c4d5e6f",
 *	 "score":{"value":120,"by":"text","why":"...","p":{"fast":0.93,...},
 *	          "evidence":[{"kind","name","weight"}],"words":[...]},
 *	 "candidates":[{"model","provider","target","price"}],"rejected":[{"model","reason"}],
 *	 "tokens":{"input","required","window","max_output"},
 *	 "price":{"currency":"USD","estimate_usd","assumed_output_tokens","most_usd","tiers":{...}}}
 *
 * No content of the request is in it, but in "words", which only
 * a dry run has. Pure; must never claim a price to be more than an estimate:
 * most_usd is what a ceiling would hold at most, by the bytes of all that is read. */
#include "route/explain.h"

#include "base/clock.h"
#include "token/picture.h"

/* The answer that an estimate assumes when the request names no length. */
enum { ASSUMED_OUTPUT_TOKENS = 700 };

void decision_put_line(struct buf *out, const struct decision *d, const struct catalog *catalog)
{
	if (d->is_scored) {
		buf_put(out, STR("tier="));
		score_put_line(out, d->score);
	} else if (d->alias.kind == ALIAS_TIER) {
		buf_put(out, STR("tier="));
		buf_put(out, str_of(llm_tier_name(d->matched)));
		buf_put(out, STR(" by=alias"));
	} else {
		buf_put(out, STR("by=name"));
	}
	if (d->has_tier && d->tier != d->matched && d->candidate_count > 0) {
		buf_put(out, STR(" served="));
		buf_put(out, str_of(llm_tier_name(d->tier)));
	}
	if (d->is_scored) {
		buf_put(out, STR(" scorer="));
		buf_put(out, str_part(score_version(&catalog->policy), 0, 8));
	}
	buf_put(out, STR(" config="));
	buf_put(out, str_of(catalog->config->hash));
}

static void put_line(struct json_writer *w, const struct decision *d, const struct catalog *catalog)
{
	struct buf line;

	buf_init(&line, 512);
	decision_put_line(&line, d, catalog);
	json_key_text(w, STR("decision"), buf_str(&line));
	buf_release(&line);
}

static void put_probabilities(struct json_writer *w, const struct score_result *s)
{
	json_put_key(w, STR("p"));
	json_open_object(w);
	for (int tier = 0; tier < SCORE_TIERS; tier++) {
		json_put_key(w, str_of(score_tier_name((enum score_tier)tier)));
		json_put_decimal(w, ((int64_t)s->p_ok[tier] * 1000 + 32768) / 65536, 3);
	}
	json_close_object(w);
}

const char *decision_evidence_kind(enum score_evidence_kind kind)
{
	static const char *const kinds[] = {[SCORE_OF_COUNTER] = "counter",
	                                    [SCORE_OF_FACT] = "fact",
	                                    [SCORE_OF_LENGTH] = "length",
	                                    [SCORE_OF_WORDS] = "words"};

	return kinds[kind];
}

/* Weights are doublings of the odds against the fast tier: plus is harder. */
static void put_evidence(struct json_writer *w, struct str key, const struct score_evidence *row,
                         size_t count)
{
	json_put_key(w, key);
	json_open_array(w);
	for (size_t i = 0; i < count; i++) {
		json_open_object(w);
		json_key_text(w, STR("kind"), str_of(decision_evidence_kind(row[i].kind)));
		json_key_text(w, STR("name"), str_of(row[i].name));
		json_put_key(w, STR("weight"));
		json_put_decimal(w, row[i].weight, 3);
		json_close_object(w);
	}
	json_close_array(w);
}

static void put_score(struct json_writer *w, const struct decision *d,
                      const struct catalog *catalog)
{
	json_put_key(w, STR("score"));
	if (!d->is_scored) {
		json_put_null(w);
		return;
	}
	json_open_object(w);
	json_key_i64(w, STR("value"), d->score->score);
	json_key_text(w, STR("tier"), str_of(score_tier_name(d->score->tier)));
	json_key_text(w, STR("by"), str_of(score_rule_name(d->score->rule)));
	json_key_text(w, STR("why"), str_of(score_rule_why(d->score->rule)));
	json_key_i64(w, STR("deciding_turn"), (int64_t)d->score->deciding_turn);
	put_probabilities(w, d->score);
	put_evidence(w, STR("evidence"), d->score->evidence, d->score->evidence_count);
	put_evidence(w, STR("words"), d->score->words, d->score->word_count);
	json_key_text(w, STR("scorer"), score_version(&catalog->policy));
	json_close_object(w);
}

static void put_candidates(struct json_writer *w, const struct decision *d)
{
	json_put_key(w, STR("candidates"));
	json_open_array(w);
	for (int i = 0; i < d->candidate_count; i++) {
		const struct target *t = d->candidates[i];

		json_open_object(w);
		json_key_text(w, STR("model"), t->model->name);
		json_key_text(w, STR("provider"), t->config->provider->name);
		json_key_text(w, STR("target"), t->name);
		json_key_raw(w, STR("price"), t->model->price_json);
		json_close_object(w);
	}
	json_close_array(w);
}

static void put_rejected(struct json_writer *w, const struct decision *d)
{
	json_put_key(w, STR("rejected"));
	json_open_array(w);
	for (int i = 0; i < d->rejected_count; i++) {
		json_open_object(w);
		json_key_text(w, STR("model"), d->rejected[i].model->name);
		json_key_text(w, STR("reason"), d->rejected[i].reason);
		json_close_object(w);
	}
	json_close_array(w);
}

static void put_known(struct json_writer *w, struct str key, int64_t value)
{
	if (value > 0)
		json_key_i64(w, key, value);
	else
		json_key_null(w, key);
}

static void put_tokens(struct json_writer *w, const struct decision *d)
{
	const struct model *m = d->candidate_count ? d->candidates[0]->model : NULL;

	json_put_key(w, STR("tokens"));
	json_open_object(w);
	json_key_i64(w, STR("input"), d->counted_tokens);
	json_key_i64(w, STR("required"), d->required_tokens);
	put_known(w, STR("window"), m ? m->config->context : 0);
	put_known(w, STR("max_output"), m ? m->config->max_output : 0);
	json_close_object(w);
}

/* ---- prices ---- */

static int64_t least(int64_t a, int64_t b)
{
	return b > 0 && b < a ? b : a;
}

static int64_t assumed_output(const struct llm_request *r)
{
	return least(ASSUMED_OUTPUT_TOKENS, r->max_output);
}

/* The cost: who asks may have a mark-up or prices of his own. */
static struct price_deal deal_of(const struct model *m)
{
	return price_deal_of(&m->config->prices, NULL, clock_wall_ms());
}

int64_t decision_estimate_nusd(const struct decision *d, const struct model *m,
                               const struct llm_request *r)
{
	struct llm_usage usage = {.input = d->counted_tokens,
	                          .output = assumed_output(r) * (r->choices > 0 ? r->choices : 1)};
	struct price_deal deal = deal_of(m);
	struct price_amounts amounts;

	return price_amounts_of(&deal, &usage, &amounts) < 0 ? INT64_MAX : amounts.cost_nusd;
}

/* The client's own dialect, or another one where it is not spoken there. */
static bool speaks_chat_alone(const struct target *t, const struct llm_request *r)
{
	const bool *speaks = t->config->provider->speaks;

	if (speaks[r->dialect])
		return r->dialect == LLM_CHAT;
	return !speaks[LLM_RESPONSES] && !speaks[LLM_MESSAGES] && !speaks[LLM_GEMINI];
}

int64_t decision_most_nusd(const struct target *t, const struct llm_request *r)
{
	const struct model *m = t->model;
	int64_t ceiling = m->config->max_output ? m->config->max_output : m->config->context;
	int64_t reading = least((int64_t)(r->doc ? r->doc->bytes.len : 0), m->config->context);
	struct price_bound bound = {
	    .input_tokens = reading * (1 + r->may_compact),
	    .again_tokens = speaks_chat_alone(t, r) ? 0 : reading,
	    .messages = r->turn_count,
	    .tools = r->tools,
	    .pictures = (int64_t)r->images * picture_weight(m->name, t->config->model),
	    .choices = (r->choices > 0 ? r->choices : 1) + r->may_compact,
	    .calls = llm_most_calls(r, llm_calls_each(r)),
	    .found_tokens = llm_most_found(r),
	    .service = r->service,
	    .max_output = r->max_output > 0 ? least(r->max_output, ceiling) : ceiling,
	};
	struct price_deal deal = deal_of(m);
	int64_t most = 0;

	if (bound.max_output == 0 || price_bound_nusd(&deal, &bound, &most) < 0)
		return -1;
	return most;
}

static void put_tier_prices(struct json_writer *w, const struct decision *d,
                            const struct catalog *catalog, const struct llm_request *r)
{
	json_put_key(w, STR("tiers"));
	json_open_object(w);
	for (int tier = 0; tier < LLM_TIERS; tier++) {
		const struct model *m;

		if (catalog->tier_counts[tier] == 0)
			continue;
		m = catalog->tiers[tier][0];
		json_put_key(w, str_of(llm_tier_name((enum llm_tier)tier)));
		json_open_object(w);
		json_key_text(w, STR("model"), m->name);
		json_key_nusd(w, STR("estimate_usd"), decision_estimate_nusd(d, m, r));
		json_close_object(w);
	}
	json_close_object(w);
}

static void put_price(struct json_writer *w, const struct decision *d,
                      const struct catalog *catalog, const struct llm_request *r)
{
	const struct target *t = d->candidate_count ? d->candidates[0] : NULL;
	const struct model *m = t ? t->model : NULL;
	int64_t most = t ? decision_most_nusd(t, r) : -1;

	json_put_key(w, STR("price"));
	json_open_object(w);
	json_key_text(w, STR("currency"), STR("USD"));
	json_key_i64(w, STR("assumed_output_tokens"), assumed_output(r));
	if (m)
		json_key_nusd(w, STR("estimate_usd"), decision_estimate_nusd(d, m, r));
	else
		json_key_null(w, STR("estimate_usd"));
	if (most >= 0)
		json_key_nusd(w, STR("most_usd"), most);
	else
		json_key_null(w, STR("most_usd"));
	put_tier_prices(w, d, catalog, r);
	json_close_object(w);
}

static void put_what(struct json_writer *w, const struct decision *d)
{
	const struct target *t = d->candidate_count ? d->candidates[0] : NULL;

	if (t) {
		json_key_text(w, STR("model"), t->model->name);
		json_key_text(w, STR("provider"), t->config->provider->name);
		json_key_text(w, STR("lane"), str_of(catalog_lane_name(t->model->config->lane)));
	} else {
		json_key_null(w, STR("model"));
	}
	json_key_text(w, STR("asked"), d->asked);
	if (d->has_tier)
		json_key_text(w, STR("tier"), str_of(llm_tier_name(d->tier)));
	else
		json_key_null(w, STR("tier"));
	if (d->has_tier && d->tier != d->matched)
		json_key_text(w, STR("matched_tier"), str_of(llm_tier_name(d->matched)));
}

void decision_put_json(struct json_writer *w, const struct decision *d,
                       const struct catalog *catalog, const struct llm_request *r)
{
	json_open_object(w);
	json_key_text(w, STR("object"), STR("route"));
	put_what(w, d);
	json_key_text(w, STR("dialect"), str_of(llm_dialect_name(r->dialect)));
	put_line(w, d, catalog);
	put_score(w, d, catalog);
	put_candidates(w, d);
	put_rejected(w, d);
	put_tokens(w, d);
	put_price(w, d, catalog, r);
	json_key_text(w, STR("config"), str_of(catalog->config->hash));
	json_close_object(w);
}
