/* Heads and bodies of answers.
 *
 * The headers are a list of our own making: nothing of a provider's head is passed on but what
 * is named here, so nothing of its account can leak. A header whose value cannot be known yet is
 * left out; the request id never is. Called by request, relay and the endpoints' answer
 * functions; writes to the stream and nothing else. */
#include "path/reply.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "limits.h"
#include "metric.h"
#include "path/translation.h"
#include "route/window.h"

enum { REPLY_HEADERS_MAX = 36, REPLY_VALUE_BYTES = 1024, RETRY_AFTER_MS = 1000 };

struct headers {
	struct http_header list[REPLY_HEADERS_MAX];
	int count;
	struct arena *arena;
	bool is_early; /* it is not known yet which target will serve */
};

static void put(struct headers *h, struct str name, struct str value)
{
	must(h->count < REPLY_HEADERS_MAX);
	if (value.len)
		h->list[h->count++] = (struct http_header){name, value};
}

/* What came from outside may hold anything; a header holds visible ASCII. */
static void put_foreign(struct headers *h, struct str name, struct str value)
{
	struct str clean = arena_copy(h->arena, str_part(value, 0, REPLY_VALUE_BYTES));
	char *bytes = (char *)(uintptr_t)clean.ptr;

	if (str_is_printable(value)) {
		put(h, name, clean);
		return;
	}
	for (size_t i = 0; i < clean.len; i++)
		if (bytes[i] < ' ' || bytes[i] > '~')
			bytes[i] = '?';
	put(h, name, clean);
}

static void put_nusd(struct headers *h, struct str name, int64_t nusd)
{
	char room[32];
	struct buf text = {.ptr = room, .cap = sizeof room, .max = sizeof room};

	buf_put_nusd(&text, nusd);
	put(h, name, arena_copy(h->arena, buf_str(&text)));
}

static struct str decision_line(const struct request *r)
{
	char room[512];
	struct buf line = {.ptr = room, .cap = sizeof room, .max = sizeof room};

	decision_put_line(&line, &r->decision, r->config->catalog);
	return arena_copy(r->arena, buf_str(&line));
}

static void put_target(struct headers *h, const struct request *r)
{
	const struct model *model = r->now.target->model;
	bool is_pinned = r->decision.alias.kind == ALIAS_PINNED;

	put(h, STR("X-Flux-Model"), model->name);
	put(h, STR("X-Flux-Routed-Model"), model->name);
	put(h, STR("X-Flux-Routed"), is_pinned ? STR("false") : STR("true"));
	put_foreign(h, STR("X-Flux-Model-Version"), r->now.meter.model);
	put(h, STR("X-Flux-Lane"), str_of(catalog_lane_name(model->config->lane)));
	put(h, STR("X-Flux-Provider"), r->now.target->config->provider->name);
}

static void put_decision(struct headers *h, const struct request *r)
{
	if (r->now.target && !h->is_early)
		put_target(h, r);
	if (r->decision.has_tier)
		put(h, STR("X-Flux-Tier"), str_of(llm_tier_name(r->decision.tier)));
	put_foreign(h, STR("X-Flux-Decision"), decision_line(r));
	put_foreign(h, STR("X-Flux-Attempts"), r->attempts_text);
}

/* 0.437: that share of the window is what the request needs (contract 9). */
static struct str pressure_text(int64_t required, int64_t window, struct arena *arena)
{
	int64_t thousandths = required >= window ? 1000 : (required * 1000 + window / 2) / window;
	char text[] = {(char)('0' + thousandths / 1000), '.', (char)('0' + thousandths / 100 % 10),
	               (char)('0' + thousandths / 10 % 10), (char)('0' + thousandths % 10)};

	return arena_copy(arena, (struct str){text, sizeof text});
}

/* Of the model that serves, or of the widest where none could. */
static void put_window(struct headers *h, const struct request *r)
{
	int64_t window = r->fail.model_window, required = r->fail.required_tokens;

	if (r->now.target && !h->is_early) {
		const struct config_model *model = r->now.target->model->config;

		window = model->context;
		required = window_required(&r->decision.need, model->max_output);
	}
	if (window > 0) {
		put(h, STR("X-Flux-Model-Window"), arena_i64(h->arena, window));
		put(h, STR("X-Flux-Context-Pressure"), pressure_text(required, window, h->arena));
	}
	if (r->decision.counted_tokens)
		put(h, STR("X-Flux-Context-Tokens-Counted"),
		    arena_i64(h->arena, r->decision.counted_tokens));
}

static int64_t overhead_us(const struct request *r)
{
	return (clock_mono_ns() - stream_started_ns(r->stream) - r->waited_ns) / 1000;
}

static void put_rest(struct headers *h, const struct limit_rest *rest, const struct str *names)
{
	if (rest->limit == 0)
		return;
	put(h, names[0], arena_i64(h->arena, rest->limit));
	put(h, names[1], arena_i64(h->arena, rest->left));
	put(h, names[2],
	    arena_printf(h->arena, "%lld.%03llds", (long long)rest->reset_ms / 1000,
	                 (long long)rest->reset_ms % 1000));
}

/* As OpenAI's: https://platform.openai.com/docs/guides/rate-limits */
static void put_rates(struct headers *h, const struct limit_pass *pass)
{
	static const struct str requests[] = {STR_INIT("x-ratelimit-limit-requests"),
	                                      STR_INIT("x-ratelimit-remaining-requests"),
	                                      STR_INIT("x-ratelimit-reset-requests")};
	static const struct str tokens[] = {STR_INIT("x-ratelimit-limit-tokens"),
	                                    STR_INIT("x-ratelimit-remaining-tokens"),
	                                    STR_INIT("x-ratelimit-reset-tokens")};

	put_rest(h, &pass->requests, requests);
	put_rest(h, &pass->tokens_rest, tokens);
}

static void put_common(struct headers *h, const struct request *r)
{
	put(h, STR("X-Flux-Request-Id"), r->id_text);
	put(h, STR("x-request-id"), r->id_text);
	put(h, STR("request-id"), r->id_text);
	put_foreign(h, STR("X-Flux-Original-Model"), r->llm.model);
	if (r->has_decision)
		put_decision(h, r);
	put_window(h, r);
	if (!h->is_early)
		put_foreign(h, STR("X-Flux-Warnings"), r->warnings);
	put_rates(h, &r->pay.pass);
	if (r->no_retain)
		put(h, STR("X-Flux-No-Retain"), STR("applied"));
	put(h, STR("X-Flux-Overhead-Us"), arena_i64(h->arena, overhead_us(r)));
}

static void begin(struct request *r, int status, const struct headers *h, int64_t body_bytes)
{
	r->has_begun = true;
	r->told_bytes = h->is_early ? 0 : r->warnings.len;
	r->status = status;
	stream_begin(r->stream, status, h->list, h->count, body_bytes);
}

void reply_whole(struct request *r, const struct str *pieces, int count, size_t bytes)
{
	struct headers h = {.arena = r->arena};

	put(&h, STR("Content-Type"), STR("application/json"));
	put_common(&h, r);
	put_nusd(&h, STR("X-Flux-Cost-Usd"), r->charge_nusd);
	begin(r, exchange_head(r->now.exchange)->status, &h, (int64_t)bytes);
	for (int i = 0; i < count; i++)
		stream_write_borrowed(r->stream, pieces[i]);
	stream_end(r->stream, NULL, 0);
}

static void begin_stream(struct request *r, struct headers *h, struct str content_type)
{
	put_foreign(h, STR("Content-Type"), content_type);
	put(h, STR("Cache-Control"), STR("no-cache"));
	put(h, STR("X-Accel-Buffering"), STR("no"));
	put_common(h, r);
	begin(r, 200, h, STREAM_CHUNKED);
}

void reply_begin_stream(struct request *r, struct str content_type)
{
	struct headers h = {.arena = r->arena};

	begin_stream(r, &h, content_type);
}

void reply_begin_early(struct request *r)
{
	struct headers h = {.arena = r->arena, .is_early = true};

	begin_stream(r, &h, STR("text/event-stream"));
}

/* What came up since the head. */
static struct str late_warnings(const struct request *r)
{
	struct str late = str_part(r->warnings, r->told_bytes, r->warnings.len);

	return str_starts_with(late, STR("; ")) ? str_part(late, 2, late.len) : late;
}

void reply_end_stream(struct request *r)
{
	struct headers h = {.arena = r->arena};

	if (stream_head(r->stream)->accepts_trailers) {
		put_nusd(&h, STR("X-Flux-Cost-Usd"), r->charge_nusd);
		put_foreign(&h, STR("X-Flux-Warnings"), late_warnings(r));
	}
	stream_end(r->stream, h.list, h.count);
}

static void put_failure(struct headers *h, const struct request *r)
{
	const struct fail *f = &r->fail;

	put(h, STR("X-Flux-Error-Source"),
	    fail_is_providers(f->kind) ? STR("provider") : STR("router"));
	if (!fail_can_retry(f->kind))
		put(h, STR("x-should-retry"), STR("false"));
	if (f->retry_after_ms) {
		put(h, STR("Retry-After"),
		    arena_printf(h->arena, "%lld", (long long)(f->retry_after_ms + 999) / 1000));
		put(h, STR("retry-after-ms"),
		    arena_printf(h->arena, "%lld", (long long)f->retry_after_ms));
	}
	put(h, STR("Allow"), r->allow);
	if (f->kind == FAIL_INVALID_API_KEY || f->kind == FAIL_EXPIRED_API_KEY)
		put(h, STR("WWW-Authenticate"), STR("Bearer"));
	put_nusd(h, STR("X-Flux-Cost-Usd"), r->charge_nusd);
}

static void fail_begun(struct request *r)
{
	struct buf event;

	buf_init(&event, LIMIT_EVENT_BYTES);
	if (r->now.job)
		translation_put_error(r, &event);
	else
		wire_dialect(r->dialect)
		    ->put_stream_error(&event, &r->fail, r->id_text, !r->has_content);
	stream_write(r->stream, buf_str(&event));
	buf_release(&event);
	stream_break(r->stream);
}

/* Who is told to come again is told when. */
static void set_retry_after(struct fail *f)
{
	if (f->retry_after_ms == 0 && fail_waits(f->kind))
		f->retry_after_ms = RETRY_AFTER_MS;
}

void reply_fail(struct request *r)
{
	struct headers h = {.arena = r->arena};
	struct buf body;

	set_retry_after(&r->fail);
	if (r->has_begun) {
		fail_begun(r);
		return;
	}
	buf_init(&body, 64 * 1024);
	wire_dialect(r->dialect)->put_error(&body, &r->fail, r->id_text);
	put(&h, STR("Content-Type"), STR("application/json"));
	put_common(&h, r);
	put_failure(&h, r);
	begin(r, fail_status(&r->fail), &h, (int64_t)body.len);
	stream_write(r->stream, buf_str(&body));
	stream_end(r->stream, NULL, 0);
	buf_release(&body);
}

void reply_own(struct request *r, struct str content_type, struct str body)
{
	struct headers h = {.arena = r->arena};

	put(&h, STR("Content-Type"), content_type);
	put_common(&h, r);
	put_nusd(&h, STR("X-Flux-Cost-Usd"), r->charge_nusd);
	begin(r, 200, &h, (int64_t)body.len);
	stream_write(r->stream, body);
	stream_end(r->stream, NULL, 0);
}

void reply_bad_head(const struct fail *f, struct front_refusal *out, void *worker)
{
	struct worker *w = worker;
	uint8_t id[UUID_BYTES];
	char text[UUID_TEXT_BYTES];
	struct str id_text;

	uuid7_make(&w->ids, clock_wall_ms(), id);
	uuid_text(id, text);
	id_text = arena_copy(out->arena, (struct str){text, sizeof text});
	wire_dialect(LLM_CHAT)->put_error(&out->body, f, id_text);
	out->headers[out->count++] = (struct http_header){STR("X-Flux-Request-Id"), id_text};
	out->headers[out->count++] = (struct http_header){STR("x-request-id"), id_text};
	out->headers[out->count++] = (struct http_header){STR("request-id"), id_text};
	out->headers[out->count++] =
	    (struct http_header){STR("X-Flux-Error-Source"), STR("router")};
	if (!fail_can_retry(f->kind))
		out->headers[out->count++] =
		    (struct http_header){STR("x-should-retry"), STR("false")};
	metric_add(METRIC_REQUESTS_4XX, 1);
}
