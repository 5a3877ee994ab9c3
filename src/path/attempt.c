/* Attempts and their books.
 *
 * 	admit    entry with its bound, open record          nothing goes out before this is kept
 * 	compose  the client's bytes with the named edits, behind a head of ours
 * 	ask      an exchange
 * 	settle   usage, as reported or estimated -> price -> close record
 *
 * Invariant: one open record, one close record, whatever happens; settling twice is harmless.
 * What a failed attempt costs is what its provider bills: nothing before the first token, what
 * was seen of a cut stream, and the input alone when the client left or we gave up while it was
 * at work. Called by request.c. */
#include "path/attempt.h"

#include "base/clock.h"
#include "path/away.h"
#include "path/candidate.h"
#include "limits.h"
#include "metric.h"
#include "provider/provider.h"
#include "path/refusal.h"
#include "path/translation.h"
#include "wire/strip.h"

_Static_assert(WIRE_PIECES_MAX + 1 <= EXCHANGE_PIECES_MAX,
               "a head and an edited body are sent whole");

/* Amounts beyond all integers stay at the highest: wrong, but never for nothing. */
static struct price_amounts price_of(const struct request *r, const struct llm_usage *usage)
{
	struct price_amounts amounts;

	if (price_amounts_of(&r->now.deal, usage, &amounts) < 0)
		return (struct price_amounts){INT64_MAX, INT64_MAX, true};
	return amounts;
}

static void put_amounts(struct entry *e, const struct price_amounts *amounts)
{
	e->cost_nusd = amounts->cost_nusd;
	e->charge_nusd = amounts->charge_nusd;
	e->is_unpriced = amounts->is_unknown;
}

/* Its amounts are charged if this process dies under the attempt: those of its input alone. */
static struct entry new_entry(const struct request *r)
{
	const struct config_model *model = request_model(r);
	struct entry e = {
	    .attempt = (uint16_t)(r->attempts + 1),
	    .account_id = r->key.account_id,
	    .key_id = r->key.id,
	    .opened_ms = r->now.opened_ms,
	    .team_id = r->pay.payer->team_id,
	    .user_id = r->pay.payer->user_id,
	    .tags = r->pay.tags,
	    .held_nusd = r->pay.hold.is_limited ? r->pay.hold.amount_nusd : r->pay.bound_nusd,
	    .usage = {.input = r->decision.counted_tokens},
	    .model = model->name,
	    .provider = r->now.target->config->provider->name,
	    .price_version = r->now.deal.cost->id,
	    .charge_version = r->now.deal.charge_id,
	    .dialect = r->llm.dialect,
	    .tier = r->decision.tier,
	    .has_tier = r->decision.has_tier,
	    .lane = (uint8_t)model->lane,
	    .stream = r->llm.stream,
	};
	struct price_amounts amounts;

	amounts = price_of(r, &e.usage);
	put_amounts(&e, &amounts);
	memcpy(e.request_id, r->id, sizeof r->id);
	return e;
}

static void on_backoff(struct timer *t)
{
	request_resume(LIST_OBJECT(t, struct request, backoff));
}

/* Once for each failure, whatever is chosen and passed over meanwhile. */
static void back_off(struct request *r)
{
	int64_t wait_ms = r->asked && !r->has_backed_off ? candidate_backoff_ms(r, r->asked) : 0;

	if (wait_ms == 0)
		return;
	r->has_backed_off = true;
	timer_set(&r->backoff, &r->worker->loop, wait_ms, on_backoff);
}

/* The next candidate becomes the one that is tried, in a while where its provider just failed. */
static int begin(struct request *r)
{
	if (candidate_choose(r) < 0)
		return -1;
	back_off(r);
	r->now.dialect = translation_dialect(r->now.target->config->provider, &r->llm);
	return 0;
}

static int open_books(struct request *r)
{
	r->now.entry = new_entry(r);
	if (journal_put_open(r->worker->journal, &r->now.entry, &r->now.slot, &r->fail) < 0) {
		payment_settle(r, 0, NULL);
		return -1;
	}
	tariff_note(r->worker->shared->tariff, &r->now.deal);
	r->attempts++;
	metric_add(METRIC_ATTEMPTS_ACTIVE, 1);
	return 0;
}

/* What the client is told when nothing is left that it can pay: how the provider failed that was
 * asked, for the money only kept another from standing in; else why the first was refused. */
static void tell_refusal(struct request *r)
{
	bool has_failed = r->asked && r->before &&
	                  !fail_is_verdict(r->before->kind); /* of thinking, asked again */

	r->fail = has_failed ? *r->before : *r->pay.refused;
	r->now = (struct attempt){.target = has_failed ? r->asked : NULL};
}

static bool try_cheaper(struct request *r)
{
	bool may = payment_may_be_cheaper(r);

	candidate_note(r, ENTRY_REJECTED);
	if (!r->pay.refused) {
		r->pay.refused = ARENA_NEW(r->arena, struct fail);
		*r->pay.refused = r->fail;
	}
	if (may) {
		fail_init(&r->fail, r->arena);
		may = begin(r) == 0;
	}
	if (may)
		return true;
	tell_refusal(r);
	return false;
}

enum request_result attempt_admit(struct request *r)
{
	if (r->now.target == NULL && begin(r) < 0)
		return STEP_END;
	while (!timer_is_set(&r->backoff)) {
		switch (payment_hold(r)) {
		case PAYMENT_WAITS:
			return STEP_WAIT;
		case PAYMENT_HELD:
			return open_books(r) < 0 ? STEP_END : STEP_NEXT;
		case PAYMENT_REFUSED:
			if (!try_cheaper(r))
				return STEP_END;
			break;
		}
	}
	return STEP_WAIT;
}

static void warn_of_price(struct request *r)
{
	if (!r->now.deal.cost->is_unknown && !r->now.deal.charge->is_unknown)
		return;
	attempt_warn(r,
	             ARENA_JOIN(r->arena, STR("the price of "), request_model(r)->name,
	                        STR(" is not known, so the cost told here is not what it cost")));
}

void attempt_warn(struct request *r, struct str sentence)
{
	if (sentence.len)
		r->warnings = ARENA_JOIN(r->arena, r->warnings,
		                         r->warnings.len ? STR("; ") : STR(""), sentence);
}

/* A conversation goes to the first candidate as long as that is well, so that is who made its
 * thinking. Only OpenAI's is bound to an organisation. */
bool attempt_leaves_thinking(const struct request *r)
{
	return r->now.dialect == LLM_RESPONSES &&
	       (r->leaves_thinking ||
	        r->now.target->config->provider != r->decision.candidates[0]->config->provider);
}

/* An earlier turn was served elsewhere: its thinking means nothing to this provider. */
static bool strips(const struct request *r)
{
	return r->llm.foreign_proofs || r->llm.summaries ||
	       (r->llm.proofs && attempt_leaves_thinking(r));
}

static size_t strip(struct request *r)
{
	struct str body = arena_join(r->arena, r->pieces + 1, r->piece_count - 1);
	enum strip_proof least = attempt_leaves_thinking(r) ? STRIP_OWN_PROOF : STRIP_FOREIGN_PROOF;
	struct json_error error;
	struct json doc;

	json_init(&doc);
	doc.nodes_max += WIRE_EDITS_MAX * 4; /* the edits' own members */
	r->pieces[1] = json_read(&doc, body, &error) == 0
	                   ? strip_thinking(&doc, r->llm.dialect, least, r->arena)
	                   : body;
	r->piece_count = 2;
	json_release(&doc);
	if (r->llm.foreign_proofs || (least == STRIP_OWN_PROOF && r->llm.proofs))
		attempt_warn(r, STR("thinking of another provider left out"));
	return r->pieces[1].len;
}

/* The client's own bytes with the named edits. */
static size_t compose_same(struct request *r)
{
	const struct config_target *target = r->now.target->config;
	struct wire_change change = {
	    .model = target->model,
	    .meter_stream = provider_takes_stream_options(target->provider),
	    .no_store = r->no_retain && r->llm.compaction != LLM_COMPACTION_CALL,
	    .max_output = r->pay.lowered,
	    .calls = r->pay.calls,
	    .pins_billing = provider_is_not_anthropic(target->provider),
	    .says_max_tokens = provider_says_max_tokens(target->provider)};
	struct wire_edits edits;
	struct str left_out = {0};
	size_t bytes;

	change.body_version = provider_body_version(target->provider, r->llm.dialect);
	if (change.body_version.len)
		change.body_betas = provider_body_betas(target->provider, stream_head(r->stream),
		                                        r->arena, &left_out);
	attempt_warn(r, left_out);
	if (r->llm.names_others)
		attempt_warn(r, STR("other models than `model` left out (models, fallbacks)"));
	wire_dialect(r->llm.dialect)->edit_request(&r->llm, &change, r->arena, &edits);
	r->piece_count =
	    1 + wire_edit_pieces(&edits, stream_body(r->stream), r->pieces + 1, &bytes);
	return strips(r) ? strip(r) : bytes;
}

static int compose(struct request *r)
{
	struct provider_ask ask = {.provider = r->now.target->config->provider,
	                           .api_key = r->now.target->config->api_key,
	                           .dialect = r->now.dialect,
	                           .client = stream_head(r->stream),
	                           .model = r->now.target->config->model,
	                           .stream = r->llm.stream};

	warn_of_price(r);
	r->pieces =
	    ARENA_ARRAY(r->is_away ? r->arena : r->scratch, struct str, WIRE_PIECES_MAX + 1);
	r->piece_count = 2;
	if (translation_is_needless(r)) {
		ask.body_bytes = (int64_t)compose_same(r);
		ask.compacts = r->llm.compaction == LLM_COMPACTION_CALL;
	} else if (translation_compose(r, r->pay.lowered, &r->pieces[1]) < 0)
		return -1;
	else
		ask.body_bytes = (int64_t)r->pieces[1].len;
	ask.body = r->pieces + 1;
	ask.body_pieces = r->piece_count - 1;
	ask.now_s = clock_wall_ms() / 1000;
	ask.proof = ask.provider->credential ? &r->now.proof : NULL;
	r->pieces[0] = provider_head(&ask, r->arena);
	return 0;
}

/* On the pool. */
static void compose_away(struct request *r)
{
	r->now.composing = compose(r);
	r->now.is_composed = true;
}

/* Edits are made beside the bytes; who signs them, or writes them anew, goes through all. */
bool attempt_composes_away(struct request *r)
{
	if (r->now.is_composed || !away_is_worth_it(r) ||
	    (translation_is_needless(r) && !strips(r) &&
	     r->now.target->config->provider->credential == NULL))
		return false;
	away_go(r, compose_away);
	return true;
}

int attempt_compose(struct request *r)
{
	return r->now.is_composed ? r->now.composing : compose(r);
}

static void on_exchange(void *owner)
{
	request_resume(owner);
}

void attempt_ask(struct request *r)
{
	const struct config_target *target = r->now.target->config;
	struct exchange_ask ask = {.origin = r->llm.stream ? target->stream_origin : target->origin,
	                           .method = STR("POST"),
	                           .pieces = r->pieces,
	                           .piece_count = r->piece_count,
	                           .gather_max = LIMIT_ANSWER_BYTES};

	r->asked = r->now.target;
	r->has_backed_off = false;
	r->now.asked_ns = clock_mono_ns();
	r->now.exchange = exchange_start(r->worker->upstream, &ask, r->arena, on_exchange, r);
}

static struct price_amounts price_usage(struct request *r)
{
	wire_estimate_missing(&r->now.meter, r->decision.counted_tokens,
	                      (int64_t)exchange_body(r->now.exchange).len,
	                      payment_most_output(r));
	return price_of(r, &r->now.meter.usage);
}

int64_t attempt_charge_so_far(const struct request *r)
{
	struct price_amounts amounts = {0};

	if (price_amounts_of(&r->now.deal, &r->now.meter.usage, &amounts) < 0)
		return r->charge_nusd;
	return r->charge_nusd + amounts.charge_nusd;
}

static int read_translated(struct request *r, struct attempt_answer *out)
{
	struct json_error error;
	struct json doc;
	int result;

	json_init(&doc);
	result = json_read(&doc, exchange_body(r->now.exchange), &error) < 0
	             ? -1
	             : translation_read_answer(r, &doc);
	if (result == 0) {
		out->pieces[0] =
		    translation_write_answer(r, r->charge_nusd + price_usage(r).charge_nusd);
		out->count = 1;
		out->bytes = out->pieces[0].len;
	}
	json_release(&doc);
	return result < 0 || out->bytes == 0 ? -1 : 0;
}

static int read_same(struct request *r, struct attempt_answer *out)
{
	struct wire_noting noting = {.meter = &r->now.meter,
	                             .scratch = r->events,
	                             .arena = r->arena,
	                             .counts_rest =
	                                 provider_counts_rest(r->now.target->config->provider)};
	struct str body = exchange_body(r->now.exchange);
	struct str usage = {0};
	struct wire_edits edits = {0};
	struct json_error error;

	if (json_read(noting.scratch, body, &error) < 0 ||
	    wire_dialect(r->llm.dialect)->read_answer(noting.scratch, &noting, &usage) < 0)
		return -1;
	if (usage.len && r->config->cost_in_usage)
		wire_edit_cost(&edits, (size_t)(usage.ptr - body.ptr) + usage.len - 1, usage,
		               r->charge_nusd + price_usage(r).charge_nusd, r->arena);
	out->count = wire_edit_pieces(&edits, body, out->pieces, &out->bytes);
	return 0;
}

void attempt_read_answer(struct request *r, struct attempt_answer *out)
{
	out->bytes = 0;
	out->result = r->now.job ? read_translated(r, out) : read_same(r, out);
}

/* On the pool. */
static void read_away(struct request *r)
{
	r->now.read = ARENA_NEW(r->arena, struct attempt_answer);
	attempt_read_answer(r, r->now.read);
}

bool attempt_reads_away(struct request *r)
{
	if (exchange_body(r->now.exchange).len < AWAY_BYTES)
		return false;
	away_go(r, read_away);
	return true;
}

/* A status that says no: whatever came of its text is no output. */
static bool was_refused(const struct request *r)
{
	struct exchange *x = r->now.exchange;

	return x && exchange_state(x) >= EXCHANGE_BODY && exchange_head(x) &&
	       exchange_head(x)->status / 100 != 2;
}

/* Before content a provider bills nothing, unless it was left at work. */
static bool is_billed(const struct request *r, enum entry_end end)
{
	const struct wire_meter *m = &r->now.meter;

	if (end == ENTRY_OK || m->has_usage)
		return true;
	if (m->has_content)
		return end != ENTRY_REJECTED;
	return (end == ENTRY_CLIENT_GONE || end == ENTRY_TIMEOUT) && r->now.exchange &&
	       exchange_was_sent(r->now.exchange) && !was_refused(r);
}

static void fill_times(struct request *r, struct entry *e)
{
	int64_t first = r->now.exchange ? exchange_first_byte_ns(r->now.exchange) : 0;

	e->closed_ms = clock_wall_ms();
	e->duration_ms = (uint32_t)(e->closed_ms > e->opened_ms ? e->closed_ms - e->opened_ms : 0);
	if (first > r->now.asked_ns) {
		e->first_byte_ms = (uint32_t)((first - r->now.asked_ns) / 1000000);
		metric_observe(METRIC_FIRST_BYTE_SECONDS, first - r->now.asked_ns);
	}
}

static void count(const struct entry *e)
{
	static const enum metric ends[ENTRY_END_COUNT] = {
	    [ENTRY_OK] = METRIC_ATTEMPTS_OK,
	    [ENTRY_CLIENT_GONE] = METRIC_ATTEMPTS_CLIENT_GONE,
	    [ENTRY_PROVIDER_FAILED] = METRIC_ATTEMPTS_FAILED,
	    [ENTRY_BROKEN] = METRIC_ATTEMPTS_BROKEN,
	    [ENTRY_TIMEOUT] = METRIC_ATTEMPTS_TIMEOUT,
	    [ENTRY_REJECTED] = METRIC_ATTEMPTS_REJECTED,
	    [ENTRY_LOST] = METRIC_ATTEMPTS_FAILED,
	};

	metric_add(ends[e->end], 1);
	metric_add(METRIC_ATTEMPTS_ACTIVE, -1);
	metric_add(METRIC_TOKENS_INPUT, e->usage.input);
	metric_add(METRIC_TOKENS_CACHE_READ, e->usage.cache_read);
	metric_add(METRIC_TOKENS_CACHE_WRITE, e->usage.cache_write_5m + e->usage.cache_write_1h);
	metric_add(METRIC_TOKENS_OUTPUT, e->usage.output);
	metric_add(METRIC_COST_NUSD, e->cost_nusd);
	metric_add(METRIC_CHARGE_NUSD, e->charge_nusd);
	if (!e->usage.reported && e->cost_nusd)
		metric_add(METRIC_ESTIMATED, 1);
	if (e->is_unpriced)
		metric_add(METRIC_UNPRICED, 1);
}

static void add_attempt_text(struct request *r, const char *end)
{
	r->attempts_text =
	    ARENA_JOIN(r->arena, r->attempts_text, r->attempts_text.len ? STR("; ") : STR(""),
	               r->now.target->name, STR(" "), str_of(end));
}

/* How an attempt ended that was not given up; attempt_gave_up knows better words for those. */
static const char *const end_names[ENTRY_END_COUNT] = {
    [ENTRY_OK] = "ok",
    [ENTRY_CLIENT_GONE] = "client gone",
    [ENTRY_PROVIDER_FAILED] = "failed",
    [ENTRY_BROKEN] = "broken",
    [ENTRY_TIMEOUT] = "timeout",
    [ENTRY_REJECTED] = "rejected",
    [ENTRY_LOST] = "lost",
};

void attempt_settle(struct request *r, enum entry_end end)
{
	struct price_amounts amounts = {0};
	struct entry *e = &r->now.entry;

	candidate_note(r, end);
	if (r->now.slot.sequence == 0)
		return;
	if (is_billed(r, end)) {
		amounts = price_usage(r);
		e->usage = r->now.meter.usage;
	} else {
		e->usage = (struct llm_usage){.reported = true};
	}
	put_amounts(e, &amounts);
	e->end = end;
	e->status = (uint16_t)(r->has_content          ? r->status
	                       : fail_is_set(&r->fail) ? fail_status(&r->fail)
	                                               : 200);
	fill_times(r, e);
	r->charge_nusd += e->charge_nusd;
	if (r->has_content || end == ENTRY_OK || end == ENTRY_CLIENT_GONE)
		add_attempt_text(r, end_names[end]);
	journal_put_close(r->worker->journal, &r->now.slot, e);
	payment_settle(r, e->charge_nusd, &e->usage);
	count(e);
}

bool attempt_was_not_asked(struct request *r, const char *why)
{
	add_attempt_text(r, why);
	attempt_settle(r, ENTRY_REJECTED);
	return candidate_may_follow(r);
}

bool attempt_may_leave_thinking(struct request *r)
{
	if (r->leaves_thinking || !refusal_is_of_thinking(r))
		return false;
	r->leaves_thinking = true;
	r->tried &= ~(1u << r->candidate);
	add_attempt_text(r, "thinking refused");
	attempt_settle(r, ENTRY_REJECTED);
	return true;
}

/* Long thinking looks like silence: a request for reasoning, or one that named its model, is not
 * moved because it takes its time. A provider that was never reached is another matter. */
static bool may_move_for_time(const struct request *r)
{
	return !exchange_was_sent(r->now.exchange) ||
	       (r->decision.alias.kind != ALIAS_PINNED &&
	        !(r->decision.has_tier && r->decision.tier == LLM_REASONING));
}

/* When all have failed the client is told when the first of them wants to be asked again. */
static void tell_soonest(struct request *r)
{
	int64_t now_ms = r->fail.retry_after_ms;

	if (now_ms > 0 && (r->told_ms == 0 || now_ms < r->told_ms))
		r->told_ms = now_ms;
	r->fail.retry_after_ms = r->told_ms;
}

bool attempt_gave_up(struct request *r)
{
	enum exchange_failure how = exchange_failure(r->now.exchange);
	bool is_timeout = r->fail.kind == FAIL_PROVIDER_TIMEOUT;
	const struct http_head *head = exchange_state(r->now.exchange) == EXCHANGE_FAILED
	                                   ? NULL
	                                   : exchange_head(r->now.exchange);

	if (how != EXCHANGE_NONE_FAILURE)
		add_attempt_text(r, exchange_failure_name(how));
	else if (head && head->status != 200)
		add_attempt_text(r, arena_printf(r->arena, "status %d", head->status).ptr);
	else
		add_attempt_text(r, is_timeout ? "no content" : "bad answer");
	r->fail.attempts = r->attempts_text;
	attempt_settle(r, fail_is_verdict(r->fail.kind) ? ENTRY_REJECTED
	                  : is_timeout                           ? ENTRY_TIMEOUT
	                                                         : ENTRY_PROVIDER_FAILED);
	tell_soonest(r);
	return !fail_is_verdict(r->fail.kind) && (!is_timeout || may_move_for_time(r)) &&
	       candidate_may_follow(r);
}
