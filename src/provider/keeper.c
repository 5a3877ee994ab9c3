/* The keeper's thread.
 *
 *	named, due, wished for -> ask -> exchange -> hear -> (next step) -> set, timer before its
 *	                           \________\__________\--> fail, timer              end
 *
 * Invariant: a credential has an exchange, or a timer, or is about to be begun with, or lasts. The
 * clock of the other side is learnt from the Date of its answers: what refusals say of it serves
 * the next try (a JWT is refused by its times), and requests are signed by what came with a grant.
 * Must never put into the log what was sent or what came, but a status and an error's code (RFC
 * 6749 5.2).
 *
 * THREADS: all but keeper_start, keeper_stop and on_change runs on the keeper's own. Until it has
 * let go of all credentials it watches the table, so that nobody else frees what it may hold. */
#include "provider/keeper.h"

#include "base/clock.h"
#include "base/json_read.h"
#include "base/log.h"
#include "base/random.h"
#include "metric.h"
#include "provider/credential.h"
#include "provider/provider.h"
#include "version.h"

#include <stdatomic.h>

enum {
	ANSWER_BYTES_MAX = 256 * 1024,
	HEAD_BYTES_MAX = 128 * 1024,
	LEAD_MAX_MS = 600 * 1000,
	PAUSE_FIRST_MS = 1000,
	PAUSE_MAX_MS = 60 * 1000,
	SKEW_LEAST_S = 60,
	SKEW_MAX_S = 86400,
};

struct keeper {
	struct loop loop;
	struct upstream *upstream;
	uv_thread_t thread;
	atomic_bool is_stopping;
	void (*on_news)(void *);
	void *news_arg;
};

/* Of credentials: timers and exchanges know nobody else. */
static _Thread_local struct keeper *own;

static void begin(struct credential *);

static void on_due(struct timer *t)
{
	begin(LIST_OBJECT(t, struct credential, timer));
}

static int64_t skew_of(const struct http_head *head, int64_t before_s)
{
	int64_t date_ms, skew_s;

	if (!head || clock_read_http_date(http_header(head, STR("date")), &date_ms) < 0)
		return before_s;
	skew_s = (date_ms - clock_wall_ms()) / 1000;
	if (skew_s > SKEW_MAX_S || skew_s < -SKEW_MAX_S)
		return before_s;
	return skew_s > SKEW_LEAST_S || skew_s < -SKEW_LEAST_S ? skew_s : 0;
}

/* ---- ends ---- */

static void end_work(struct credential *c)
{
	exchange_end(&c->exchange);
	arena_wipe(&c->work_arena);
	c->work = (struct auth_work){.auth = NULL};
	own->on_news(own->news_arg);
}

/* A quarter more or less, so that nodes that failed together do not ask together. */
static int64_t pause_ms(int tries)
{
	int64_t pause = tries < 7 ? (int64_t)PAUSE_FIRST_MS << (tries - 1) : PAUSE_MAX_MS;
	uint16_t dice;

	random_bytes(&dice, sizeof dice);
	pause = pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS;
	return pause * 3 / 4 + pause / 2 * dice / UINT16_MAX;
}

static void give_up(struct credential *c, struct str why)
{
	int64_t pause = pause_ms(++c->tries);

	metric_add(METRIC_CREDENTIALS_FAILED, 1);
	log_say(LOG_WARN,
	        "provider %.*s: its credential could not be fetched: %.*s; trying again in %lld ms",
	        STR_ARG(c->auth.place.name), STR_ARG(why), (long long)pause);
	credential_fail(c);
	end_work(c);
	timer_set(&c->timer, &own->loop, pause, on_due);
}

static void keep(struct credential *c)
{
	int64_t life_ms = c->work.grant.life_s * 1000;
	int64_t lead_ms = life_ms / 5 < LEAD_MAX_MS ? life_ms / 5 : LEAD_MAX_MS;

	c->tries = 0;
	metric_add(METRIC_CREDENTIALS_OK, 1);
	credential_set(c, &c->work.grant, c->skew_s);
	end_work(c);
	if (life_ms)
		timer_set(&c->timer, &own->loop, life_ms - lead_ms, on_due);
}

/* ---- exchanges ---- */

static struct str head_of(struct credential *c)
{
	const struct auth_work *work = &c->work;
	const struct url *url = &c->auth.place.url;
	struct buf head;
	struct str text;

	buf_init(&head, HEAD_BYTES_MAX);
	buf_put(&head, work->method);
	buf_put_byte(&head, ' ');
	buf_put(&head, url->path.len || work->path.len ? url->path : STR("/"));
	buf_put(&head, work->path);
	buf_put(&head, STR(" HTTP/1.1\r\nhost: "));
	provider_put_host(&head, url);
	buf_put(&head, STR("\r\nuser-agent: fluxrouter/" FLUXROUTER_VERSION "\r\n"));
	buf_put(&head, work->lines);
	if (work->body.len)
		buf_put(&head, STR("content-type: application/x-www-form-urlencoded\r\n"));
	buf_printf(&head, "content-length: %zu\r\n\r\n", work->body.len);
	text = arena_copy(&c->work_arena, buf_str(&head));
	if (head.len)
		explicit_bzero(head.ptr, head.len);
	buf_release(&head);
	return text;
}

static void on_exchange(void *);

static void ask(struct credential *c)
{
	const struct auth_style *style = auth_style_of(c->auth.style);
	struct exchange_ask ask = {.origin = c->auth.place.origin,
	                           .pieces = c->pieces,
	                           .piece_count = 2,
	                           .gather_max = ANSWER_BYTES_MAX};
	struct fail f;

	fail_init(&f, &c->work_arena);
	c->work.method = c->work.path = c->work.lines = c->work.body = STR("");
	if (style->ask(&c->work, &f) < 0) {
		give_up(c, f.message);
		return;
	}
	if (c->auth.place.origin == NULL) { /* the configuration had all */
		keep(c);
		return;
	}
	c->pieces[0] = head_of(c);
	c->pieces[1] = c->work.body;
	ask.method = c->work.method;
	ask.piece_count = c->work.body.len ? 2 : 1;
	c->exchange = exchange_start(own->upstream, &ask, &c->work_arena, on_exchange, c);
}

/* {"error":"invalid_grant"}: a code of a few letters, no text of theirs. */
static struct str error_code(struct credential *c, struct str body)
{
	struct str code = {0};
	struct json_error error;
	struct json doc;

	json_init(&doc);
	if (json_read(&doc, body, &error) == 0)
		code = arena_copy(
		    &c->work_arena,
		    json_text(&doc, json_get(&doc, json_root(&doc), STR("error")), &c->work_arena));
	json_release(&doc);
	if (code.len > 40)
		return STR("");
	for (size_t i = 0; i < code.len; i++)
		if (code.ptr[i] != '_' && (code.ptr[i] < 'a' || code.ptr[i] > 'z'))
			return STR("");
	return code;
}

static void hear_refusal(struct credential *c, int status)
{
	struct str code = error_code(c, exchange_body(c->exchange));

	give_up(c, arena_printf(&c->work_arena, "status %d%s%.*s%s", status, code.len ? " (" : "",
	                        STR_ARG(code), code.len ? ")" : ""));
}

static void hear(struct credential *c)
{
	const struct http_head *head = exchange_head(c->exchange);
	struct fail f;

	fail_init(&f, &c->work_arena);
	c->skew_s = skew_of(head, c->skew_s);
	c->work.now_s = clock_wall_ms() / 1000 + c->skew_s;
	if (head->status != 200) {
		hear_refusal(c, head->status);
		return;
	}
	switch (auth_style_of(c->auth.style)->hear(&c->work, exchange_body(c->exchange), &f)) {
	case AUTH_GRANTED:
		keep(c);
		break;
	case AUTH_GOES_ON:
		exchange_end(&c->exchange);
		c->work.step++;
		ask(c);
		break;
	case AUTH_BROKEN:
		give_up(c, f.message);
		break;
	}
}

static void on_exchange(void *credential)
{
	struct credential *c = credential;

	if (exchange_state(c->exchange) == EXCHANGE_DONE)
		hear(c);
	else if (exchange_state(c->exchange) == EXCHANGE_FAILED)
		give_up(c, str_of(exchange_failure_name(exchange_failure(c->exchange))));
}

static void begin(struct credential *c)
{
	timer_cancel(&c->timer);
	c->is_kept = true;
	if (c->tries == 0)
		c->skew_s = credential_skew_s(c);
	c->work = (struct auth_work){.auth = &c->auth,
	                             .arena = &c->work_arena,
	                             .now_s = clock_wall_ms() / 1000 + c->skew_s};
	ask(c);
}

/* ---- the thread ---- */

static void stop_one(struct credential *c, void *unused)
{
	(void)unused;
	timer_cancel(&c->timer);
	exchange_end(&c->exchange);
	c->is_kept = false;
}

enum { BEGIN_MAX = 64 }; /* more than one look finds: the next one follows at once */

struct found {
	struct credential *list[BEGIN_MAX];
	int count;
};

static void look_at(struct credential *c, void *arg)
{
	struct found *found = arg;

	if (c->references == 0) {
		stop_one(c, NULL);
		credential_free(c);
		return;
	}
	/* One that failed is tried again in its own time, not whenever a request asks. */
	if (c->exchange || (c->is_kept && (!c->wants_refresh || c->has_failed)))
		return;
	if (found->count < BEGIN_MAX)
		found->list[found->count++] = c;
}

static void on_wake(struct loop *loop)
{
	struct found found = {.count = 0};

	if (atomic_load(&own->is_stopping)) {
		loop_stop(loop);
		return;
	}
	credentials_visit(look_at, &found);
	for (int i = 0; i < found.count; i++)
		begin(found.list[i]);
	if (found.count == BEGIN_MAX)
		loop_wake(loop);
}

static void run(void *keeper)
{
	own = keeper;
	metric_thread_start();
	uv_ref((uv_handle_t *)&own->loop.waker); /* it waits also when nothing is due */
	loop_wake(&own->loop);
	loop_run(&own->loop);
	credentials_visit(stop_one, NULL);
	credentials_watch(NULL, NULL);
	upstream_free(&own->upstream);
	loop_release(&own->loop);
	log_flush();
}

static void on_change(void *keeper)
{
	loop_wake(&((struct keeper *)keeper)->loop);
}

struct keeper *keeper_start(void (*on_news)(void *), void *arg)
{
	struct keeper *k = mem_get(sizeof *k);

	k->on_news = on_news;
	k->news_arg = arg;
	loop_init(&k->loop, 0);
	k->loop.on_wake = on_wake;
	k->upstream = upstream_new(&k->loop);
	credentials_watch(on_change, k);
	must(uv_thread_create(&k->thread, run, k) == 0);
	return k;
}

static void free_unused(struct credential *c, void *unused)
{
	(void)unused;
	if (c->references == 0)
		credential_free(c);
}

void keeper_stop(struct keeper **keeper)
{
	struct keeper *k = *keeper;

	*keeper = NULL;
	if (k == NULL)
		return;
	atomic_store(&k->is_stopping, true);
	loop_wake(&k->loop);
	must(uv_thread_join(&k->thread) == 0);
	credentials_visit(free_unused, NULL);
	mem_put(k);
}
