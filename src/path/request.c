/* The path of a request: a table of steps and its driver. The only file that knows every layer.
 *
 * 	identify    key -> account; 401 before the body is read        waits for news of the key
 * 	enter       so many at once, some wait, the rest gets 503      waits for others' ends
 * 	read_body   up to limits.h                                     waits for the client
 * 	understand  JSON -> llm_request; 400 with the field's path     in slices, or away
 * 	choose      features, score, tier, candidates                  away where that takes long
 * 	admit       the attempt's worst case, its open record          waits: held money, back-off
 * 	prove       a credential that has to be fetched                waits while there is none
 * 	compose     the client's bytes, edited or translated           away where it is long
 * 	ask         pooled or new connection
 * 	hear        status, first content; or the next candidate       waits for the provider
 * 	relay       events through until the end                       waits for both
 * 	settle      price -> close record; an answer for what failed
 * 	finish      log line, metrics; the arena dies                  waits for the client
 *
 * A step gives NEXT, WAIT or END; END goes to settle, with r->fail set where it failed. Every
 * request settles. The only way in is request_resume: callbacks note nothing but that something
 * happened. Must never block, and never touch r after finish has given it back. */
#include "path/request.h"

#include "path/attempt.h"
#include "base/clock.h"
#include "path/decided.h"
#include "path/dry_run.h"
#include "path/feedback.h"
#include "gate/bad_keys.h"
#include "path/heartbeat.h"
#include "limits.h"
#include "metric.h"
#include "path/proof.h"
#include "provider/provider.h"
#include "path/counting.h"
#include "path/refusal.h"
#include "path/relay.h"
#include "path/reply.h"
#include "path/told.h"
#include "path/tokens.h"
#include "path/translation.h"
#include "path/understanding.h"
#include "path/turnstile.h"

/* ---- identify ---- */

static struct keys_presented presented_keys(const struct request *r)
{
	const struct http_head *head = stream_head(r->stream);
	struct str bearer = http_header(head, STR("authorization"));
	struct str plain = http_header(head, STR("x-api-key"));
	struct keys_presented keys = {.count = 0};

	if (bearer.len > 7 && str_eq_nocase(str_part(bearer, 0, 7), STR("Bearer ")))
		keys.texts[keys.count++] = str_trim(str_part(bearer, 7, bearer.len));
	if (plain.len)
		keys.texts[keys.count++] = plain;
	return keys;
}

static enum request_result ask_for_news_of_keys(struct request *r)
{
	struct worker *w = r->worker;

	r->has_asked_keys = true;
	r->keys_ticket = carrier_ask_keys(w->shared->carrier, &w->loop);
	list_push(&w->asking, &r->asking_node);
	return STEP_WAIT;
}

static enum request_result refuse_key(struct request *r, enum key_verdict verdict)
{
	static const struct {
		enum fail_kind kind;
		const char *sentence;
	} words[] = {
	    [KEY_UNKNOWN] = {FAIL_INVALID_API_KEY, "this key is not known here; make one with "
	                                           "`fluxrouter key create`"},
	    [KEY_EXPIRED] = {FAIL_EXPIRED_API_KEY, "this key has expired; ask for a new one"},
	    [KEY_REVOKED] = {FAIL_INVALID_API_KEY, "this key was revoked; ask for a new one"},
	    [KEY_MALFORMED] = {FAIL_INVALID_API_KEY,
	                       "this is not one of our keys: they begin with sk-flux-"},
	    [KEY_MISSING] = {FAIL_INVALID_API_KEY, "no key was sent; send `Authorization: Bearer "
	                                           "sk-flux-...` or `x-api-key: sk-flux-...`"},
	};

	metric_add(METRIC_BAD_KEYS, 1);
	if (verdict == KEY_UNKNOWN)
		bad_keys_add(r->worker->bad_keys, stream_peer(r->stream));
	fail(&r->fail, words[verdict].kind, "%s", words[verdict].sentence);
	return STEP_END;
}

static enum request_result check_key(struct request *r)
{
	struct worker *w = r->worker;
	struct keys_presented keys = presented_keys(r);
	enum key_verdict verdict =
	    key_identify(w->shared->keys, &keys, clock_wall_ms(), r->arena, &r->key);

	if (verdict == KEY_GOOD && (payment_find(r) == 0 || r->has_asked_keys))
		return STEP_NEXT;
	if (verdict == KEY_GOOD)
		return ask_for_news_of_keys(r);
	if (verdict != KEY_UNKNOWN || r->has_asked_keys)
		return refuse_key(r, verdict);
	if (bad_keys_check(w->bad_keys, stream_peer(r->stream), &r->fail) < 0)
		return STEP_END;
	return ask_for_news_of_keys(r);
}

/* One that is answered here. What is away may not be looked at. */
static enum request_result ask_endpoint(struct request *r)
{
	r->endpoint->answer(r);
	return !r->is_away && (r->has_begun || fail_is_set(&r->fail)) ? STEP_END : STEP_WAIT;
}

static enum request_result step_identify(struct request *r)
{
	const struct http_head *head = stream_head(r->stream);
	enum request_result result;

	if (r->endpoint == NULL &&
	    endpoint_find(head, &r->endpoint, &r->path_id, &r->allow, &r->fail) < 0)
		return STEP_END;
	if (r->endpoint->kind == ENDPOINT_SERVE)
		r->dialect = r->endpoint->dialect;
	if (r->endpoint->kind != ENDPOINT_OPEN && (result = check_key(r)) != STEP_NEXT)
		return result;
	if (r->endpoint->answer == NULL || r->endpoint->kind == ENDPOINT_TELL)
		return STEP_NEXT;
	return ask_endpoint(r);
}

/* ---- enter ---- */

static enum request_result step_enter(struct request *r)
{
	int entered = turnstile_enter(r);

	return entered > 0 ? STEP_NEXT : entered == 0 ? STEP_WAIT : STEP_END;
}

/* ---- read_body ---- */

static bool is_json_type(struct str type)
{
	struct str name = str_trim(str_part(type, 0, str_find_byte(type, ';')));

	return name.len == 0 || str_eq_nocase(name, STR("application/json")) ||
	       str_ends_with(name, STR("+json"));
}

static int check_body_headers(struct request *r)
{
	const struct http_head *head = stream_head(r->stream);
	struct str type = http_header(head, STR("content-type"));
	struct str coding = http_header(head, STR("content-encoding"));

	if (!is_json_type(type))
		return fail(&r->fail, FAIL_UNSUPPORTED_MEDIA_TYPE,
		            "content-type is %.*s; it must be application/json", STR_ARG(type));
	if (coding.len && !str_eq_nocase(coding, STR("identity")))
		return fail(&r->fail, FAIL_UNSUPPORTED_MEDIA_TYPE,
		            "content-encoding is %.*s; send the body without one", STR_ARG(coding));
	if (head->framing == HTTP_NO_BODY && http_header(head, STR("content-length")).ptr == NULL)
		return fail(&r->fail, FAIL_LENGTH_REQUIRED,
		            "no body was sent; send JSON with Content-Length or chunked");
	return 0;
}

static enum request_result step_read_body(struct request *r)
{
	switch (stream_state(r->stream)) {
	case STREAM_READING:
		if (check_body_headers(r) < 0)
			return STEP_END;
		stream_read_body(r->stream, LIMIT_BODY_BYTES);
		return stream_state(r->stream) == STREAM_READING ? STEP_WAIT : step_read_body(r);
	case STREAM_BODY:
		return STEP_NEXT;
	case STREAM_REFUSED:
		stream_body_fail(r->stream, &r->fail);
		return STEP_END;
	default:
		return STEP_WAIT;
	}
}

/* ---- understand, choose ---- */

static void on_later(struct loop_task *task)
{
	request_resume(LIST_OBJECT(task, struct request, later));
}

static enum request_result step_understand(struct request *r)
{
	return understanding_step(r);
}

static enum request_result step_choose(struct request *r)
{
	static const enum metric tiers[LLM_TIERS] = {METRIC_TIER_FAST, METRIC_TIER_STANDARD,
	                                             METRIC_TIER_REASONING};
	enum choice_result result;

	if (r->endpoint->kind == ENDPOINT_TELL) {
		return ask_endpoint(r);
	}
	result = counting_choose(r);
	if (result != CHOICE_MADE)
		return result == CHOICE_WAITS ? STEP_WAIT : STEP_END;
	r->has_decision = true;
	if (r->decision.is_scored)
		metric_add(tiers[r->decision.tier], 1);
	if (r->endpoint->kind != ENDPOINT_ROUTE) {
		decided_note(r, &r->wish);
		heartbeat_start(r);
		return STEP_NEXT;
	}
	dry_run_answer(r);
	return STEP_END;
}

/* ---- admit, compose, ask ---- */

static enum request_result step_admit(struct request *);

/* Back to admit with the next candidate. */
static enum request_result try_next(struct request *r)
{
	relay_release(r);
	translation_release(r);
	exchange_end(&r->now.exchange);
	metric_add(METRIC_FAILOVERS, 1);
	if (!r->before)
		r->before = ARENA_NEW(r->arena, struct fail);
	*r->before = r->fail;
	r->now = (struct attempt){0};
	fail_init(&r->fail, r->arena);
	r->step = REQUEST_admit;
	return step_admit(r);
}

static enum request_result step_admit(struct request *r)
{
	return attempt_admit(r);
}

static enum request_result step_prove(struct request *r)
{
	switch (proof_take(r)) {
	case AUTH_WAITS:
		return STEP_WAIT;
	case AUTH_READY:
		return STEP_NEXT;
	default:
		refusal_no_credential(r);
		return attempt_was_not_asked(r, "no credential") ? try_next(r) : STEP_END;
	}
}

static enum request_result step_compose(struct request *r)
{
	if (attempt_composes_away(r))
		return STEP_WAIT;
	if (attempt_compose(r) == 0)
		return STEP_NEXT;
	return attempt_was_not_asked(r, "cannot say this") ? try_next(r) : STEP_END;
}

static enum request_result step_ask(struct request *r)
{
	attempt_ask(r);
	relay_init(r);
	return STEP_NEXT;
}

/* ---- hear ---- */

/* The answer is whole, or will never be: nobody hears of it but the books. */
static enum request_result end_draining(struct request *r)
{
	fail_init(&r->fail, r->arena);
	fail(&r->fail, FAIL_CLIENT_CLOSED, "the client closed the connection");
	return STEP_END;
}

/* Back to admit with the next candidate; or the end, with the failure of the last. */
static enum request_result give_up(struct request *r)
{
	if (r->is_draining)
		return end_draining(r);
	return attempt_gave_up(r) ? try_next(r) : STEP_END;
}

static enum request_result hear_answer(struct request *r)
{
	struct attempt_answer own, *answer = r->now.read;

	if (answer == NULL && attempt_reads_away(r))
		return STEP_WAIT;
	if (answer == NULL)
		attempt_read_answer(r, answer = &own);
	if (answer->result < 0) {
		refusal_of_body(r, "its body is not an answer of this API");
		return give_up(r);
	}
	if (r->is_draining)
		return end_draining(r);
	attempt_settle(r, ENTRY_OK);
	reply_whole(r, answer->pieces, answer->count, answer->bytes);
	return STEP_END;
}

static enum request_result hear_stream(struct request *r)
{
	switch (relay_step(r)) {
	case RELAY_ERROR:
		break;
	case RELAY_BROKEN:
		refusal_broken_stream(r);
		break;
	case RELAY_SILENT:
		refusal_silent_stream(r);
		break;
	default:
		return r->has_content ? STEP_NEXT : STEP_WAIT;
	}
	return r->has_content && !r->is_draining ? STEP_END : give_up(r);
}

/* What is not as it was asked for need not end. */
static enum request_result hear_good_status(struct request *r)
{
	bool is_stream = relay_is_stream(exchange_head(r->now.exchange));

	if (is_stream && !r->llm.stream) {
		refusal_bad_answer(r, "it is an event stream that nobody asked for");
		return give_up(r);
	}
	if (is_stream)
		return hear_stream(r);
	if (exchange_state(r->now.exchange) < EXCHANGE_DONE)
		return STEP_WAIT;
	if (!r->llm.stream)
		return hear_answer(r);
	refusal_of_body(r, "it is no event stream");
	return give_up(r);
}

static enum request_result step_hear(struct request *r)
{
	struct exchange *x = r->now.exchange;
	enum exchange_state state = exchange_state(x);

	if (state == EXCHANGE_FAILED && exchange_body(x).len == 0 && !relay_has_more(r)) {
		refusal_of_exchange(r);
		return give_up(r);
	}
	if (state < EXCHANGE_BODY)
		return STEP_WAIT;
	if (exchange_head(x)->status / 100 == 2)
		return hear_good_status(r);
	if (state != EXCHANGE_DONE)
		return STEP_WAIT;
	refusal_of_status(r);
	if (!r->is_draining && attempt_may_leave_thinking(r))
		return try_next(r);
	return give_up(r);
}

/* ---- relay ---- */

/* Once there is content nothing is sent anew, and a stream may last: what it asked, which may be
 * megabytes, need not. */
static void forget_body(struct request *r)
{
	if (!r->has_content || r->now.job || stream_body(r->stream).len == 0 ||
	    exchange_is_sending(r->now.exchange))
		return;
	r->llm.model = arena_copy(r->arena, r->llm.model); /* for the log */
	stream_drop_body(r->stream);
}

static enum request_result step_relay(struct request *r)
{
	enum relay_result result;

	if (!r->llm.stream)
		return STEP_NEXT;
	if (r->now.job == NULL) /* a translation says some of the request back */
		json_release(&r->doc);
	result = relay_step(r);
	forget_body(r);
	if (r->is_draining && result >= RELAY_IS_OVER)
		return end_draining(r);
	switch (result) {
	case RELAY_IS_OVER:
		attempt_settle(r, ENTRY_OK);
		reply_end_stream(r);
		return STEP_NEXT;
	case RELAY_ERROR:
		return STEP_END;
	case RELAY_BROKEN:
		refusal_broken_stream(r);
		return STEP_END;
	default:
		return STEP_WAIT;
	}
}

/* ---- settle, finish ---- */

static enum request_result step_settle(struct request *r)
{
	attempt_settle(r, r->relay.is_over && !r->is_draining     ? ENTRY_OK
	                  : r->fail.kind == FAIL_CLIENT_CLOSED    ? ENTRY_CLIENT_GONE
	                  : r->fail.kind == FAIL_PROVIDER_TIMEOUT ? ENTRY_TIMEOUT
	                                                          : ENTRY_BROKEN);
	payment_end(r);
	r->fail.attempts = r->attempts_text;
	if (fail_is_set(&r->fail) && r->fail.kind != FAIL_CLIENT_CLOSED)
		reply_fail(r);
	return STEP_NEXT;
}

static enum request_result step_finish(struct request *r)
{
	enum stream_state state = stream_state(r->stream);
	int64_t duration_ns;

	if (state != STREAM_SENT && state != STREAM_GONE)
		return STEP_WAIT;
	duration_ns = clock_mono_ns() - stream_started_ns(r->stream);
	told_log(r, duration_ns);
	told_count(r, duration_ns);
	return STEP_NEXT;
}

/* ---- the driver ---- */

static enum request_result (*const steps[])(struct request *) = {
#define X(name) [REQUEST_##name] = step_##name,
    REQUEST_STEPS(X)
#undef X
};

static void release(struct request *r)
{
	struct stream *stream = r->stream;

	payment_end(r);
	turnstile_leave(r);
	timer_cancel(&r->backoff);
	heartbeat_stop(r);
	relay_release(r);
	translation_release(r);
	feedback_release(r);
	tokens_release(r);
	counting_release(r);
	exchange_end(&r->now.exchange);
	loop_drop_task(&r->later);
	list_remove(&r->asking_node);
	proof_release(r);
	list_remove(&r->node);
	if (r->is_reading_json)
		json_release(&r->doc);
	config_put(&r->config);
	stream_close(&stream);
}

/* The provider is at work, and bills it whether somebody listens or not. */
static bool drains(const struct request *r)
{
	return (r->step == REQUEST_hear || r->step == REQUEST_relay) && r->now.exchange &&
	       exchange_was_sent(r->now.exchange) && r->now.target->config->provider->drains;
}

static void note_client_gone(struct request *r)
{
	if (r->step >= REQUEST_settle || stream_state(r->stream) != STREAM_GONE)
		return;
	r->is_draining = drains(r) && r->worker->state != SHARED_CUT;
	if (r->is_draining)
		return;
	fail_init(&r->fail, r->arena);
	fail(&r->fail, FAIL_CLIENT_CLOSED, "the client closed the connection");
	r->step = REQUEST_settle;
}

/* Gives false when the request is over and gone. */
static bool walk(struct request *r)
{
	if (r->is_away)
		return true;
	note_client_gone(r);
	heartbeat_give(r);
	for (;;) {
		switch (steps[r->step](r)) {
		case STEP_WAIT:
			return true;
		case STEP_END:
			r->step = REQUEST_settle;
			break;
		case STEP_NEXT:
			if (r->step == REQUEST_finish) {
				release(r);
				return false;
			}
			r->step++;
			break;
		}
	}
}

void request_resume(struct request *r)
{
	if (r->is_running) {
		r->wants_resume = true;
		return;
	}
	r->is_running = true;
	if (r->wait_from_ns)
		r->waited_ns += clock_mono_ns() - r->wait_from_ns;
	do {
		r->wants_resume = false;
		if (!walk(r))
			return;
	} while (r->wants_resume);
	r->is_running = false;
	r->wait_from_ns = clock_mono_ns();
}

static void on_stream(void *owner)
{
	request_resume(owner);
}

void request_start(struct stream *stream, void *worker)
{
	struct request *r = ARENA_NEW(stream_arena(stream), struct request);
	char text[UUID_TEXT_BYTES];

	r->worker = worker;
	r->stream = stream;
	r->arena = stream_arena(stream);
	r->scratch = &r->worker->loop.scratch;
	r->events = &r->worker->scratch;
	r->config = config_current();
	stream_peer(stream); /* known now; after a reset no more */
	r->dialect = endpoint_dialect(stream_head(stream));
	r->later.run = on_later;
	fail_init(&r->fail, r->arena);
	uuid7_make(&r->worker->ids, clock_wall_ms(), r->id);
	uuid_text(r->id, text);
	r->id_text = arena_copy(r->arena, (struct str){text, sizeof text});
	list_push(&r->worker->requests, &r->node);
	metric_add(METRIC_REQUESTS_ACTIVE, 1);
	stream_set_owner(stream, on_stream, r);
	request_resume(r);
}
