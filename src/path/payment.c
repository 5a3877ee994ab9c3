/* Holding and settling.
 *
 *	bound     what an attempt may cost: all bytes of its body as tokens, all output it may give
 *	least     the same with the least output that is of use, and tokens as they were counted
 *	hold      the bound, or what the ceilings leave, but the least; output and calls of the
 *	          provider's tools are lowered to it
 *
 * The floor of an answer's length: what was asked or 1,024, whichever is less; with thinking its
 * budget + 4,096; with tools 8,192; never more than was asked. Where a term says `clamp: false` it
 * is what was asked.
 *
 * Invariants: what is held is settled exactly once, also when the request dies waiting. Nothing is
 * held for an attempt that is not made. Called by request.c and attempt.c; must never block. */
#include "path/payment.h"

#include "base/clock.h"
#include "base/log.h"
#include "path/bound.h"
#include "path/calling.h"
#include "path/candidate.h"
#include "gate/account.h"
#include "limits.h"
#include "metric.h"
#include "path/counting.h"
#include "path/request.h"

enum {
	LEAST_OUTPUT = 1024,
	LEAST_WITH_THINKING = 4096,
	LEAST_WITH_TOOLS = 8192,
	UNTOLD_OUTPUT =
	    32 * 1024, /* where neither client nor catalog says how long an answer may be */
	HELD_SHARE = 4,
};

int payment_find(struct request *r)
{
	payer_put(&r->pay.payer);
	r->pay.payer = account_payer(r->worker->shared->accounts, r->key.id);
	return r->pay.payer ? 0 : -1;
}

/* Tags go into reports and file names: a set of characters that is harmless everywhere. */
int payment_read_tags(struct request *r)
{
	struct str tags = http_header(stream_head(r->stream), STR("x-flux-tags"));

	for (size_t i = 0; i < tags.len; i++) {
		char c = tags.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      str_find_byte(STR("._-:=,;/+@ "), c) < 11))
			return fail_at(&r->fail, FAIL_INVALID_VALUE, STR("X-Flux-Tags"),
			               "X-Flux-Tags has a character that it may not have; use "
			               "letters, digits and . _ - : = , ; / + @");
	}
	if (tags.len > LIMIT_TAGS_BYTES)
		return fail_at(&r->fail, FAIL_INVALID_VALUE, STR("X-Flux-Tags"),
		               "X-Flux-Tags has %zu bytes; %d are the most", tags.len,
		               LIMIT_TAGS_BYTES);
	r->pay.tags = tags;
	return 0;
}

static int64_t floor_output(const struct request *r, int64_t asked)
{
	int64_t floor = LEAST_OUTPUT;

	if (!r->pay.payer->clamp)
		return asked;
	if (r->llm.thinking_budget)
		floor = r->llm.thinking_budget + LEAST_WITH_THINKING;
	if (r->llm.tools && floor < LEAST_WITH_TOOLS)
		floor = LEAST_WITH_TOOLS;
	return floor < asked ? floor : asked;
}

/* ---- holding ---- */

/* The house's ceiling is that of now, not of when the request came: it may have waited. */
static int64_t global_nusd(void)
{
	struct config *config = config_current();
	int64_t nusd = config->global_month_nusd;

	config_put(&config);
	return nusd;
}

/* INT64_MAX: none. */
static int64_t least_ceiling(const struct request *r)
{
	int64_t least = r->pay.wait.ask.global_nusd;

	for (int i = 0; i < STORE_SCOPE_COUNT; i++)
		if (r->pay.payer->ceilings[i] < least)
			least = r->pay.payer->ceilings[i];
	return least;
}

static bool is_limited(const struct request *r)
{
	return least_ceiling(r) != INT64_MAX;
}

/* Under a ceiling nothing is served whose worst case cannot be told. */
static int check_bounded(struct request *r)
{
	struct str path;

	if (r->llm.unbounded_node != JSON_NONE) {
		path = json_path(&r->doc, r->llm.unbounded_node, r->arena);
		return fail_at(&r->fail, FAIL_UNSUPPORTED_CONTENT, path,
		               "what the document at %.*s costs cannot be told before, and a "
		               "ceiling is set; send it inside the body",
		               STR_ARG(path));
	}
	if (calling_check(r) < 0)
		return -1;
	return r->pay.bound_nusd <= LIMIT_NUSD_MAX ? 0 : bound_refuse(r);
}

static void warn(struct request *r, struct str sentence)
{
	r->warnings =
	    ARENA_JOIN(r->arena, r->warnings, r->warnings.len ? STR("; ") : STR(""), sentence);
}

static void warn_of_calls(struct request *r, const char *why)
{
	warn(r, arena_printf(r->arena, "calls of the provider's tools limited to %lld, %s",
	                     (long long)calling_most(r, r->pay.each), why));
}

static void tell_lowered(struct request *r, struct bound_extent asked)
{
	struct payment *p = &r->pay;

	if (p->max_output < asked.output) {
		p->lowered = p->max_output;
		warn(r, arena_printf(r->arena,
		                     "max output of %lld tokens lowered to %lld, which is what the "
		                     "ceiling leaves",
		                     (long long)asked.output, (long long)p->max_output));
	}
	if (calling_most(r, p->each) < calling_most(r, asked.each))
		warn_of_calls(r, "which is what the ceiling leaves");
}

/* The least that is of use. */
static struct bound_extent least_of(const struct request *r)
{
	bool may_lower = r->pay.payer->clamp && r->pay.each > 1;

	return (struct bound_extent){floor_output(r, r->pay.max_output),
	                             may_lower ? 1 : r->pay.each};
}

/* With one call of each tool, and all else as it was asked. */
static int64_t one_call_nusd(const struct request *r)
{
	return bound_nusd(r, BOUND_BY_BYTES, (struct bound_extent){r->pay.max_output, 1});
}

/* What the ceilings left of the bound decides how far the attempt may go: fewer searches do less
 * harm than half an answer. */
static void fit(struct request *r)
{
	struct payment *p = &r->pay;
	struct bound_extent asked = {p->max_output, p->each}, e = least_of(r);
	struct bound_room room = {p->hold.amount_nusd, BOUND_BY_BYTES};

	if (bound_nusd(r, BOUND_BY_BYTES, e) > room.nusd)
		room.basis = BOUND_BY_COUNT;
	bound_most_within(r, room, &e, &e.output, asked.output);
	bound_most_within(r, room, &e, &e.each, asked.each);
	p->max_output = e.output;
	p->each = e.each;
	p->bound_nusd = bound_nusd(r, BOUND_BY_BYTES, e);
	p->window_nusd = bound_window_nusd(r, e);
	limits_lower(r->worker->shared->limits, &p->hold, bound_nusd(r, room.basis, e));
	tell_lowered(r, asked);
}

static void admitted(struct request *r)
{
	struct payment *p = &r->pay;

	if (p->hold.is_limited && p->hold.amount_nusd < p->bound_nusd)
		fit(r);
	p->calls = calling_limit(r, p->each, p->hold.is_limited && p->bound_nusd > 0);
	r->now.opened_ms = p->hold.wall_ms;
}

static enum payment_result ask(struct request *);

/* Where bytes say that it costs too much, the exact count decides. */
static bool may_count(const struct request *r)
{
	return r->counting == NULL && is_limited(r) &&
	       counting_would_be_exact(r->now.target->config->model);
}

static enum payment_result act_on(struct request *r, const struct limit_verdict *v)
{
	int64_t tokens;

	switch (v->result) {
	case LIMIT_ADMITTED:
		timer_cancel(&r->pay.patience);
		admitted(r);
		return PAYMENT_HELD;
	case LIMIT_WAITS:
		return PAYMENT_WAITS;
	case LIMIT_REFUSED:
		if (!may_count(r))
			break;
		return counting_ask(r, r->now.target->config->model, &tokens) ? ask(r)
		                                                              : PAYMENT_WAITS;
	}
	timer_cancel(&r->pay.patience);
	limits_say(v, &r->fail);
	if (r->fail.money)
		metric_add(METRIC_CEILING_REFUSED, 1);
	return PAYMENT_REFUSED;
}

static void on_impatient(struct timer *t)
{
	request_resume(LIST_OBJECT(t, struct request, pay.patience));
}

static void be_patient(struct request *r)
{
	if (timer_is_set(&r->pay.patience))
		return;
	timer_set(&r->pay.patience, &r->worker->loop, LIMIT_CEILING_WAIT_MS, on_impatient);
}

/* Calls of each of the provider's tools. Where the request leaves their number open, no more
 * than a fourth of a ceiling is held, but for one call at least: agents send a search along with
 * every request, and several of them work at once. */
static int64_t calls_each(const struct request *r, int64_t output)
{
	struct bound_extent e = {output, 1};
	struct bound_room room = {least_ceiling(r) / HELD_SHARE, BOUND_BY_BYTES};
	int64_t each = llm_calls_each(&r->llm);

	if (!is_limited(r) || !llm_leaves_calls_open(&r->llm))
		return each;
	return bound_most_within(r, room, &e, &e.each, each);
}

/* How far it may go, and what that costs. */
static void find_bound(struct request *r)
{
	struct payment *p = &r->pay;
	int64_t asked = bound_asked_output(r);

	p->lowered = 0;
	r->warnings = STR("");
	if (asked == 0 && is_limited(r)) {
		p->lowered = asked = UNTOLD_OUTPUT;
		warn(r, STR("max output of 32768 tokens set, since a ceiling is"));
	} else if (asked && r->llm.max_output > asked) {
		p->lowered = asked;
		warn(r, arena_printf(r->arena,
		                     "max output of %lld tokens lowered to %lld, the most that "
		                     "%.*s gives",
		                     (long long)r->llm.max_output, (long long)asked,
		                     STR_ARG(request_model(r)->name)));
	}
	p->max_output = asked;
	p->each = calls_each(r, asked);
	p->bound_nusd = bound_nusd(r, BOUND_BY_BYTES, (struct bound_extent){asked, p->each});
	p->window_nusd = bound_window_nusd(r, (struct bound_extent){asked, p->each});
	if (is_limited(r) && p->bound_nusd > 0 && calling_most(r, p->each) > 0 &&
	    !llm_limits_calls(&r->llm))
		warn_of_calls(r, "since a ceiling is set");
}

static void find_deal(struct request *r)
{
	const struct payer *p = r->pay.payer;
	struct config_payer payer = {.account = r->key.account_name,
	                             .plan = p->plan,
	                             .has_markup = p->has_markup,
	                             .markup_bp = p->charge_bp,
	                             .apply_floor = p->apply_floor};

	r->now.deal = config_deal(r->config, &payer, request_model(r), clock_wall_ms());
}

static enum payment_result ask(struct request *r)
{
	struct payment *p = &r->pay;
	struct limit_verdict v;
	int64_t closer_nusd;
	bool may_be_fewer;

	if (payment_find(r) < 0) {
		fail(&r->fail, FAIL_STORE, "the account of this key is not known yet; try again");
		return PAYMENT_REFUSED;
	}
	if (p->payer->is_revoked) {
		fail(&r->fail, FAIL_INVALID_API_KEY, "this key was revoked; ask for a new one");
		return PAYMENT_REFUSED;
	}
	find_deal(r);
	p->wait.ask.global_nusd = global_nusd();
	find_bound(r);
	p->is_limited_elsewhere = false;
	if (is_limited(r) && check_bounded(r) < 0)
		return PAYMENT_REFUSED;
	closer_nusd = bound_nusd(r, BOUND_BY_COUNT, least_of(r));
	may_be_fewer = p->payer->clamp && p->each > 1 && llm_leaves_calls_open(&r->llm);
	p->wait.hold = &p->hold;
	p->wait.pass = &p->pass;
	p->wait.ask = (struct limit_ask){
	    .need_nusd = p->bound_nusd <= LIMIT_NUSD_MAX ? p->bound_nusd : 0,
	    .least_nusd = closer_nusd < p->bound_nusd ? closer_nusd : p->bound_nusd,
	    .tokens = r->decision.counted_tokens,
	    .global_nusd = p->wait.ask.global_nusd,
	    .modest_nusd = may_be_fewer ? one_call_nusd(r) : 0};
	v = limits_admit(r->worker->shared->limits, p->payer, &p->wait, &r->worker->inbox);
	if (v.result == LIMIT_WAITS) {
		be_patient(r);
		metric_add(METRIC_CEILING_WAITS, 1);
	}
	return act_on(r, &v);
}

enum payment_result payment_hold(struct request *r)
{
	struct payment *p = &r->pay;
	struct limit_verdict v;
	enum limit_wait_state state = p->wait.state; /* another thread may decide it meanwhile */

	switch (state) {
	case LIMIT_IDLE:
		break;
	case LIMIT_QUEUED:
		if (timer_is_set(&p->patience))
			return PAYMENT_WAITS;
		v = limits_give_up(r->worker->shared->limits, &p->wait);
		return act_on(r, &v);
	case LIMIT_DECIDED:
		v = limits_decided(&p->wait);
		if (!p->wait.is_changed)
			return act_on(r, &v);
		break;
	}
	return ask(r);
}

enum payment_result payment_look(struct request *r)
{
	struct payment *p = &r->pay;

	if (p->payer == NULL) {
		fail(&r->fail, FAIL_STORE, "the account of this key is not known yet; try again");
		return PAYMENT_REFUSED;
	}
	if (p->wait.state == LIMIT_IDLE) {
		limits_look(r->worker->shared->limits, p->payer, &p->wait, &r->worker->inbox);
		be_patient(r);
	}
	if (p->wait.state == LIMIT_QUEUED && timer_is_set(&p->patience))
		return PAYMENT_WAITS;
	limits_give_up(r->worker->shared->limits, &p->wait);
	timer_cancel(&p->patience);
	return PAYMENT_HELD;
}

bool payment_may_be_cheaper(const struct request *r)
{
	bool is_too_dear = r->fail.money && !fail_can_retry(r->fail.kind);

	return (is_too_dear || r->pay.is_limited_elsewhere) && candidate_is_left(r);
}

/* ---- settling ---- */

int64_t payment_most_output(const struct request *r)
{
	int64_t answers = r->llm.choices + (r->llm.may_compact ? 1 : 0);

	return r->pay.max_output * answers;
}

/* Somebody billed what cannot have been: nothing more goes there until an operator has looked. */
static void note_overrun(const struct request *r, int64_t charge_nusd)
{
	struct log_line l;

	metric_add(METRIC_OVERRUNS, 1);
	target_stop(r->now.target);
	log_start(&l, LOG_ERROR, "overrun: billed above the bound, the target is stopped");
	log_text(&l, "id", r->id_text);
	log_text(&l, "target", r->now.target->name);
	log_nusd(&l, "held_usd", r->pay.hold.amount_nusd);
	log_nusd(&l, "bound_usd", r->pay.window_nusd);
	log_nusd(&l, "charge_usd", charge_nusd);
	log_end(&l);
}

void payment_settle(struct request *r, int64_t charge_nusd, const struct llm_usage *usage)
{
	struct payment *p = &r->pay;

	/* What is only estimated nobody billed. */
	if (limits_settle(r->worker->shared->limits, &p->hold, charge_nusd) &&
	    charge_nusd > p->window_nusd && usage && usage->reported)
		note_overrun(r, charge_nusd);
	if (usage)
		p->tokens += usage->input + usage->cache_read + usage->cache_write_5m +
		             usage->cache_write_1h + usage->output;
}

void payment_end(struct request *r)
{
	struct limits *limits = r->worker->shared->limits;
	struct payment *p = &r->pay;

	timer_cancel(&p->patience);
	if (p->wait.state != LIMIT_IDLE)
		limits_give_up(limits, &p->wait);
	limits_settle(limits, &p->hold, 0);
	limits_leave(limits, &p->pass, p->tokens);
	payer_put(&p->payer);
}
