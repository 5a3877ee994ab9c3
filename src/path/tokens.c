/* Counting tokens for clients that plan ahead (Claude Code asks dozens of times in a row for its
 * context display).
 *
 *	COMPOSING --> ASKING --N--> answered         the provider's own count
 *	                |
 *	                +--no answer, ASK_MS--> COUNTING --> answered       ours; with a warning
 *
 * Ours is exact for texts of models whose vocabulary is known and installed; others are counted by
 * the nearest one, and without any an estimate is made (token/). Only kinds of providers that
 * count for nothing are asked. No attempt, no entry, no limit of requests: nothing is billed.
 * Called by request.c.
 *
 * https://docs.anthropic.com/en/api/messages-count-tokens */
#include "path/tokens.h"

#include "path/attempt.h"
#include "path/away.h"
#include "base/json_write.h"
#include "limits.h"
#include "provider/provider.h"
#include "path/counting.h"
#include "path/reply.h"
#include "wire/strip.h"

enum { ASK_MS = 5000, ANSWER_BYTES_MAX = 64 * 1024 };

enum tokens_state { TOKENS_COMPOSING, TOKENS_ASKING, TOKENS_COUNTING };

struct tokens {
	struct request *request;
	enum tokens_state state;
	const struct target *target; /* whose model it is; NULL: nobody can serve it */
	struct exchange *exchange;
	struct timer patience;
	struct str pieces[1 + WIRE_PIECES_MAX]; /* a head, the body */
	int piece_count;
	size_t body_bytes;
};

/* ---- whom to ask ---- */

/* The model that would serve, or, where nothing can, the first that the name stands for. */
static const struct model *model_of(const struct request *r)
{
	const struct decision *d = &r->decision;
	const struct catalog *c = r->config->catalog;
	enum llm_tier tier = d->alias.kind == ALIAS_TIER ? d->alias.tier : LLM_STANDARD;

	if (d->candidate_count)
		return d->candidates[0]->model;
	if (d->alias.kind == ALIAS_PINNED)
		return d->alias.model;
	return c->tier_counts[tier] ? c->tiers[tier][0] : NULL;
}

/* It counts, and it is well: waiting for one that is not helps nobody. */
static bool may_be_asked(const struct request *r, const struct target *t)
{
	return provider_counts_tokens(t->config->provider) && !target_is_stopped(t) &&
	       !health_is_open(t->health, &r->config->health);
}

/* Of the model's targets, one that may be asked, else any. */
static const struct target *target_of(const struct request *r, const struct model *model)
{
	for (int i = 0; model && i < model->target_count; i++)
		if (may_be_asked(r, &model->targets[i]))
			return &model->targets[i];
	return model && model->target_count ? &model->targets[0] : NULL;
}

/* Of a long request on the pool. */
static void understand(struct request *r)
{
	r->is_understood = r->llm.is_counted_only = true;
	(void)!wire_dialect(LLM_MESSAGES)->read_request(&r->doc, r->arena, &r->llm, &r->fail);
}

/* What does not fit or lacks an ability can be counted nevertheless; a name that is unknown or not
 * allowed cannot. */
static enum choice_result decide(struct request *r)
{
	enum choice_result result;

	if (!r->is_understood)
		understand(r);
	if (fail_is_set(&r->fail) && !r->has_chosen)
		return CHOICE_NONE;
	result = choice_make(r, 0);
	if (result != CHOICE_NONE || r->fail.kind == FAIL_MODEL_NOT_FOUND ||
	    r->fail.kind == FAIL_MODEL_NOT_ALLOWED)
		return result;
	fail_init(&r->fail, r->arena);
	r->decision.candidate_count = 0;
	return CHOICE_MADE;
}

/* ---- asking ---- */

/* Thinking that only another dialect takes back is left out. */
static void strip(struct request *r, struct tokens *tk)
{
	struct str body = arena_join(r->arena, tk->pieces + 1, tk->piece_count - 1);
	struct json_error error;
	struct json doc;

	json_init(&doc);
	doc.nodes_max += WIRE_EDITS_MAX * 4; /* the edits' own members */
	if (json_read(&doc, body, &error) == 0)
		body = strip_thinking(&doc, LLM_MESSAGES, STRIP_FOREIGN_PROOF, r->arena);
	json_release(&doc);
	tk->pieces[1] = body;
	tk->piece_count = 2;
	tk->body_bytes = body.len;
}

/* The client's own bytes, but for the model. Of a long request that is stripped on the pool. */
static void compose(struct request *r)
{
	struct tokens *tk = r->tokens;
	struct wire_change change = {.model = tk->target->config->model};
	struct wire_edits edits;

	wire_dialect(LLM_MESSAGES)->edit_request(&r->llm, &change, r->arena, &edits);
	tk->piece_count =
	    1 + wire_edit_pieces(&edits, stream_body(r->stream), tk->pieces + 1, &tk->body_bytes);
	if (r->llm.foreign_proofs)
		strip(r, tk);
}

static void on_exchange(void *owner)
{
	request_resume(owner);
}

static void on_impatient(struct timer *t)
{
	struct tokens *tk = LIST_OBJECT(t, struct tokens, patience);

	exchange_end(&tk->exchange);
	request_resume(tk->request);
}

static void ask(struct request *r, struct tokens *tk)
{
	const struct config_provider *provider = tk->target->config->provider;
	struct provider_ask head = {.provider = provider,
	                            .api_key = tk->target->config->api_key,
	                            .dialect = LLM_MESSAGES,
	                            .client = stream_head(r->stream),
	                            .model = tk->target->config->model,
	                            .body_bytes = (int64_t)tk->body_bytes,
	                            .counts = true};
	struct exchange_ask ask = {.origin = tk->target->config->origin,
	                           .method = STR("POST"),
	                           .pieces = tk->pieces,
	                           .piece_count = tk->piece_count,
	                           .gather_max = ANSWER_BYTES_MAX};

	tk->pieces[0] = provider_head(&head, r->arena);
	tk->state = TOKENS_ASKING;
	tk->exchange = exchange_start(r->worker->upstream, &ask, r->arena, on_exchange, r);
	timer_set(&tk->patience, &r->worker->loop, ASK_MS, on_impatient);
}

static int read_answer(struct request *r, struct exchange *x, int64_t *out_tokens)
{
	struct json *doc = r->events;
	struct json_error error;

	if (exchange_state(x) != EXCHANGE_DONE || exchange_head(x)->status != 200 ||
	    json_read(doc, exchange_body(x), &error) < 0)
		return -1;
	return json_i64(doc, json_get(doc, json_root(doc), STR("input_tokens")), 0,
	                INT64_C(1) << 40, out_tokens);
}

/* ---- answering ---- */

static void reply(struct request *r, int64_t tokens)
{
	struct json_writer w;
	struct buf body;

	buf_init(&body, 256);
	json_writer_init(&w, &body);
	json_open_object(&w);
	json_key_i64(&w, STR("input_tokens"), tokens);
	json_close_object(&w);
	reply_own(r, STR("application/json"), buf_str(&body));
	buf_release(&body);
}

static void begin(struct request *r)
{
	struct tokens *tk;

	if (decide(r) != CHOICE_MADE)
		return;
	tk = r->tokens = ARENA_NEW(r->arena, struct tokens);
	tk->request = r;
	tk->target = target_of(r, model_of(r));
	tk->state = TOKENS_COUNTING;
	if (tk->target == NULL || !may_be_asked(r, tk->target))
		return;
	tk->state = TOKENS_COMPOSING;
	if (r->llm.foreign_proofs && away_is_worth_it(r))
		away_go(r, compose);
	else
		compose(r);
}

/* True where the provider told it; what else becomes of asking leads to our own count. */
static bool heard(struct request *r, struct tokens *tk)
{
	int64_t tokens = 0;
	int result;

	if (tk->exchange && exchange_state(tk->exchange) < EXCHANGE_DONE)
		return false;
	timer_cancel(&tk->patience);
	result = tk->exchange ? read_answer(r, tk->exchange, &tokens) : -1;
	exchange_end(&tk->exchange);
	if (result == 0) {
		reply(r, tokens);
		return true;
	}
	tk->state = TOKENS_COUNTING;
	attempt_warn(r, STR("counted here, since the provider did not tell"));
	return false;
}

void tokens_answer(struct request *r)
{
	int64_t tokens;

	if (!r->is_understood && away_is_worth_it(r)) {
		away_go(r, understand);
		return;
	}
	if (r->tokens == NULL)
		begin(r);
	if (r->tokens && !r->is_away && r->tokens->state == TOKENS_COMPOSING) {
		ask(r, r->tokens);
		return;
	}
	if (r->is_away || r->tokens == NULL ||
	    (r->tokens->state == TOKENS_ASKING && heard(r, r->tokens)) ||
	    r->tokens->state == TOKENS_ASKING)
		return;
	if (counting_ask(r, r->tokens->target ? r->tokens->target->config->model : r->llm.model,
	                 &tokens))
		reply(r, tokens);
}

void tokens_release(struct request *r)
{
	if (r->tokens == NULL)
		return;
	timer_cancel(&r->tokens->patience);
	exchange_end(&r->tokens->exchange);
}
