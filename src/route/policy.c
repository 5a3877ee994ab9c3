/* The order of contract 5: can, should, where.
 *
 *	name -> alias -> tier (scored, named, or none) -> its models in order
 *	     each: allowed? abilities? window?   else rejected
 *	     its targets in the conversation's order -> candidates
 *
 * flux-auto goes on to the next tier up, then down, when no model of the matched one can, but not
 * past the floor and the ceiling; a tier's own alias and a pinned model do not move. Nothing is
 * ever dropped from a request to make it fit. Called once per request, and by the dry run; must
 * never ask about health, which only skips candidates later. */
#include "route/policy.h"

#include "route/conversation.h"
#include "route/judge.h"

enum { LEAST_ANSWER = 4096 }; /* tokens: with less room than that, agents must compact */

struct deciding {
	const struct catalog *catalog;
	const struct llm_request *request;
	const struct route_wish *wish;
	struct arena *arena;
	struct decision *out;
};

/* ---- can ---- */

static bool matches_list(struct str list, struct str name)
{
	struct str glob;

	while (str_next_field(&list, ',', &glob))
		if (str_matches_glob(name, str_trim(glob)))
			return true;
	return false;
}

bool route_is_allowed(struct str allowed, const struct alias *alias, const struct model *m)
{
	if (allowed.len == 0 || matches_list(allowed, m->name) || matches_list(allowed, m->pinned))
		return true;
	if (alias->kind == ALIAS_AUTO)
		return matches_list(allowed, STR("flux-auto"));
	return alias->kind == ALIAS_TIER && matches_list(allowed, catalog_tier_alias(alias->tier));
}

static bool is_allowed(const struct deciding *d, const struct model *m)
{
	const struct route_wish *w = d->wish;
	bool is_allowed = route_is_allowed(w->allowed_models, &d->out->alias, m);

	for (int i = 0; i < w->more_count; i++)
		is_allowed = is_allowed && route_is_allowed(w->more_allowed[i], &d->out->alias, m);
	return is_allowed;
}

static struct str names_of(unsigned abilities, struct arena *arena)
{
	struct str names = STR("");

	for (unsigned bit = 1; bit <= abilities; bit <<= 1)
		if (abilities & bit)
			names = arena_printf(arena, "%.*s%s%s", STR_ARG(names),
			                     names.len ? ", " : "", llm_ability_name(bit));
	return names;
}

/* Fills what is missing; reason is for people. */
static enum route_lack lack_of(const struct deciding *d, const struct model *m,
                               struct route_rejected *out)
{
	unsigned missing = d->request->needs & ~m->config->can;
	int64_t window = m->config->context;

	out->model = m;
	out->required = window_required(&d->out->need, m->config->max_output);
	if (!is_allowed(d, m)) {
		out->reason = STR("not allowed for this key");
		return ROUTE_NOT_ALLOWED;
	}
	if (missing) {
		out->abilities = missing;
		out->reason =
		    arena_printf(d->arena, "lacks %.*s", STR_ARG(names_of(missing, d->arena)));
		return ROUTE_ABILITY;
	}
	if (window_fits(&d->out->need, out->required, window))
		return ROUTE_FITS;
	out->reason = arena_printf(d->arena, "its window of %lld tokens is too small for %lld",
	                           (long long)window, (long long)out->required);
	return ROUTE_CONTEXT;
}

/* ---- where ---- */

/* Those that speak the client's dialect, or those that do not. */
static void add_targets(struct deciding *d, const struct model *m, bool speaks)
{
	struct decision *out = d->out;
	const struct target **first = &out->candidates[out->candidate_count];
	int count = 0;

	for (int i = 0; i < m->target_count; i++)
		if (m->targets[i].config->provider->speaks[d->request->dialect] == speaks &&
		    out->candidate_count + count < LIMIT_CANDIDATES)
			first[count++] = &m->targets[i];
	if (count > 1) {
		if (out->conversation == 0 && d->wish->recalled)
			out->conversation = d->wish->recalled->conversation;
		else if (out->conversation == 0)
			out->conversation = conversation_hash(d->request, d->wish->session);
		conversation_order(out->conversation, first, count);
	}
	out->candidate_count += count;
}

/* Most requests reject nobody: the list is made with the first one. */
static void reject(struct deciding *d, const struct route_rejected *rejected)
{
	struct decision *out = d->out;

	if (out->rejected == NULL)
		out->rejected = ARENA_ARRAY(d->arena, struct route_rejected,
		                            (size_t)d->catalog->model_count + 1);
	out->rejected[out->rejected_count++] = *rejected;
}

static bool is_rejected(const struct decision *out, const struct model *m)
{
	for (int i = 0; i < out->rejected_count; i++)
		if (out->rejected[i].model == m)
			return true;
	return false;
}

static void consider(struct deciding *d, const struct model *m)
{
	struct route_rejected rejected = {0};
	struct decision *out = d->out;

	if (is_rejected(out, m))
		return;
	rejected.lack = lack_of(d, m, &rejected);
	if (rejected.lack != ROUTE_FITS) {
		reject(d, &rejected);
		return;
	}
	if (out->candidate_count == 0)
		out->required_tokens = rejected.required;
	add_targets(d, m, true);
	add_targets(d, m, false);
}

static void consider_tier(struct deciding *d, enum llm_tier tier)
{
	d->out->tier = tier;
	for (int i = 0; i < d->catalog->tier_counts[tier]; i++)
		consider(d, d->catalog->tiers[tier][i]);
}

/* ---- should ---- */

/* The configuration's policy within what the key may have. */
static struct score_policy policy_of(const struct deciding *d)
{
	struct score_policy policy = d->catalog->policy;
	enum score_tier floor = (enum score_tier)d->wish->floor;
	enum score_tier ceiling = (enum score_tier)d->wish->ceiling;

	if (!d->wish->has_bounds)
		return policy;
	policy.floor = floor > policy.floor ? floor : policy.floor;
	policy.ceiling = ceiling < policy.ceiling ? ceiling : policy.ceiling;
	policy.floor = policy.floor > policy.ceiling ? policy.ceiling : policy.floor;
	return policy;
}

/* Models of a tier that is out of bounds: not a word about what else they lack. */
static void reject_tier(struct deciding *d, enum llm_tier tier, enum llm_tier bound)
{
	for (int i = 0; i < d->catalog->tier_counts[tier]; i++) {
		struct route_rejected rejected = {.model = d->catalog->tiers[tier][i],
		                                  .lack = ROUTE_BOUNDS};

		rejected.reason = arena_printf(
		    d->arena, "its tier is %s the %s (%s)", tier > bound ? "above" : "below",
		    tier > bound ? "ceiling" : "floor", llm_tier_name(bound));
		if (!is_rejected(d->out, rejected.model))
			reject(d, &rejected);
	}
}

static void try_tier(struct deciding *d, const struct score_policy *policy, int tier)
{
	if (d->out->candidate_count > 0)
		return;
	if (tier < (int)policy->floor)
		reject_tier(d, (enum llm_tier)tier, (enum llm_tier)policy->floor);
	else if (tier > (int)policy->ceiling)
		reject_tier(d, (enum llm_tier)tier, (enum llm_tier)policy->ceiling);
	else
		consider_tier(d, (enum llm_tier)tier);
}

static void judge(struct deciding *d, const struct score_policy *policy)
{
	static const struct score_gist nothing;
	const struct route_recalled *recalled = d->wish->recalled;
	struct judging judging = {policy, d->wish->explains, d->arena};
	struct score_result *score = ARENA_NEW(d->arena, struct score_result);

	d->out->score = score;
	if (!recalled) {
		judge_request(&judging, d->request, score);
		return;
	}
	score_again(recalled->is_scored ? recalled->gist : &nothing, policy, score);
	score->score = recalled->score;
}

static void consider_auto(struct deciding *d)
{
	struct decision *out = d->out;
	struct score_policy policy = policy_of(d);
	judge(d, &policy);
	out->is_scored = true;
	out->matched = (enum llm_tier)out->score->tier;
	for (int tier = (int)out->matched; tier < LLM_TIERS; tier++)
		try_tier(d, &policy, tier);
	for (int tier = (int)out->matched - 1; tier >= 0; tier--)
		try_tier(d, &policy, tier);
}

static void consider_alias(struct deciding *d)
{
	struct decision *out = d->out;

	out->has_tier = out->alias.kind != ALIAS_PINNED;
	if (out->alias.kind == ALIAS_AUTO) {
		consider_auto(d);
	} else if (out->alias.kind == ALIAS_TIER) {
		out->matched = out->alias.tier;
		if (d->wish->has_bounds && out->alias.tier > d->wish->ceiling)
			reject_tier(d, out->alias.tier, d->wish->ceiling);
		else
			consider_tier(d, out->alias.tier);
	} else {
		consider(d, out->alias.model);
	}
}

/* ---- nothing is left: say the most that can be said ---- */

static int fail_ability(const struct deciding *d, struct fail *f)
{
	unsigned missing = d->request->needs;

	for (int i = 0; i < d->out->rejected_count; i++)
		if (d->out->rejected[i].lack == ROUTE_ABILITY)
			missing &= d->out->rejected[i].abilities;
	if (missing == 0) /* one lacks this, the other that */
		missing = d->request->needs;
	return fail(f, FAIL_UNSUPPORTED_CONTENT,
	            "the request needs %.*s, and no model of \"%.*s\" has that",
	            STR_ARG(names_of(missing, d->arena)), STR_ARG(str_part(d->out->asked, 0, 80)));
}

static const struct route_rejected *widest(const struct decision *out)
{
	const struct route_rejected *best = NULL;

	for (int i = 0; i < out->rejected_count; i++)
		if (out->rejected[i].lack == ROUTE_CONTEXT &&
		    (!best ||
		     out->rejected[i].model->config->context > best->model->config->context))
			best = &out->rejected[i];
	return best;
}

/* Agents take the excess off, so the maximum is what fits beside the answer that they ask for. */
static int fail_too_long(long long counted, long long window, long long answer, struct fail *f)
{
	if (answer >= window)
		return fail(f, FAIL_CONTEXT_LENGTH_EXCEEDED,
		            "prompt is too long: %lld tokens > %lld maximum", counted, window);
	return fail(f, FAIL_CONTEXT_LENGTH_EXCEEDED,
	            "prompt is too long: %lld tokens > %lld maximum (with %lld for the answer)",
	            counted, window - answer, answer);
}

/* The words that agents of the dialect know and compact on (contract 8 and 9). Claude Code asks
 * for a shorter answer when it hears of `max_tokens`, but for no less than 3,000 tokens and 1,000
 * to spare: with less room than that, only a shorter prompt helps. */
static int fail_in_native_words(const struct deciding *d, const struct route_rejected *r,
                                struct fail *f)
{
	long long window = r->model->config->context, counted = d->out->counted_tokens;
	long long answer = r->required - counted;

	if (d->request->dialect != LLM_MESSAGES)
		return fail_at(f, FAIL_CONTEXT_LENGTH_EXCEEDED,
		               d->request->dialect == LLM_CHAT ? STR("messages") : STR("input"),
		               "This model's maximum context length is %lld tokens. However, this "
		               "request needs %lld (about %lld of input and %lld for the answer): "
		               "shorten it, or ask for less",
		               window, (long long)r->required, counted, answer);
	if (counted > window - LEAST_ANSWER)
		return fail_too_long(counted, window, answer, f);
	return fail(
	    f, FAIL_CONTEXT_LENGTH_EXCEEDED,
	    "input length and `max_tokens` exceed context limit: %lld + %lld > %lld, decrease "
	    "input length or `max_tokens` and try again",
	    counted, answer, window);
}

static bool has_client_contract(const struct route_wish *w)
{
	return w->context_tokens > 0 || w->expected_output > 0 || w->context_managed;
}

static int fail_context(const struct deciding *d, struct fail *f)
{
	const struct route_rejected *r = widest(d->out);

	d->out->required_tokens = r->required;
	if (has_client_contract(d->wish))
		fail(f,
		     d->wish->context_managed ? FAIL_CONTEXT_OVERFLOW
		                              : FAIL_CONTEXT_WINDOW_EXCEEDED,
		     "the request needs %lld tokens, and the largest window of \"%.*s\" is %lld "
		     "(%.*s); shorten it",
		     (long long)r->required, STR_ARG(str_part(d->out->asked, 0, 80)),
		     (long long)r->model->config->context, STR_ARG(r->model->name));
	else
		fail_in_native_words(d, r, f);
	f->required_tokens = r->required;
	f->model_window = r->model->config->context;
	f->routed_model = arena_copy(f->arena, r->model->name);
	return -1;
}

static int fail_with_nothing(const struct deciding *d, struct fail *f)
{
	enum route_lack furthest = ROUTE_FITS;

	for (int i = 0; i < d->out->rejected_count; i++)
		if (d->out->rejected[i].lack > furthest)
			furthest = d->out->rejected[i].lack;
	if (furthest == ROUTE_CONTEXT)
		return fail_context(d, f);
	if (furthest == ROUTE_ABILITY)
		return fail_ability(d, f);
	if (furthest == ROUTE_NOT_ALLOWED)
		return fail_at(f, FAIL_MODEL_NOT_ALLOWED, STR("model"),
		               "this key may not use \"%.*s\"; GET /v1/models lists what it may",
		               STR_ARG(str_part(d->out->asked, 0, 80)));
	if (furthest == ROUTE_BOUNDS)
		return fail_at(f, FAIL_MODEL_NOT_ALLOWED, STR("model"),
		               "no tier between the floor and the ceiling set for this key has a "
		               "model for \"%.*s\"",
		               STR_ARG(str_part(d->out->asked, 0, 80)));
	return fail_at(
	    f, FAIL_MODEL_NOT_FOUND, STR("model"),
	    "\"%.*s\" has no model in this configuration; GET /v1/models lists what there is",
	    STR_ARG(str_part(d->out->asked, 0, 80)));
}

int route_decide(const struct catalog *catalog, const struct llm_request *request,
                 const struct route_wish *wish, struct decision *out, struct fail *f)
{
	static const struct score_result unscored;
	struct deciding d = {catalog, request, wish, f->arena, out};

	*out = (struct decision){.asked = request->model, .score = &unscored};
	if (catalog_resolve(catalog, request->model, &out->alias, f) < 0)
		return -1;
	out->counted_tokens = wish->recalled         ? wish->recalled->counted_tokens
	                      : wish->counted_tokens ? wish->counted_tokens
	                                             : route_estimate_tokens(request);
	out->need = (struct window_need){
	    .header_context = wish->context_tokens,
	    .header_output = wish->expected_output,
	    .counted = out->counted_tokens,
	    .body_max = request->max_output,
	    .is_managed_alias = out->alias.kind != ALIAS_PINNED,
	};
	consider_alias(&d);
	return out->candidate_count > 0 ? 0 : fail_with_nothing(&d, f);
}
