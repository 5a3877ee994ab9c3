/* Webhooks: for each alert a *parcel*, for each webhook that wants it a *delivery*.
 *
 *	parcel ─┬─ delivery ── exchange ── 2xx: done
 *	        └─ delivery ── exchange ── else: a timer, and again
 *
 * A delivery holds the configuration that it was made with, so that a reload takes nothing from
 * under it. Called by the office on the admin's loop. Must never send anywhere but to URLs of the
 * configuration, and never hold up a request: it has connections of its own. */
#include "admin/hook.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/json_write.h"
#include "base/log.h"
#include "base/timer.h"
#include "config/config.h"
#include "upstream/exchange.h"
#include "version.h"

enum { BODY_BYTES_MAX = 16 * 1024, ANSWER_BYTES_MAX = 64 * 1024, PIECES = 2, PARCELS_MAX = 1000 };

static const int64_t waits_ms[] = {1000, 5000, 25000, 125000, 625000};

enum { WAITS = sizeof waits_ms / sizeof waits_ms[0] };

struct hooks {
	struct loop *loop;
	struct upstream *upstream;
	struct list parcels;
	int parcel_count;
};

struct delivery {
	struct parcel *parcel;
	const struct config_webhook *webhook;
	struct arena arena; /* of one try */
	struct str pieces[PIECES];
	struct exchange *exchange; /* NULL: waits, or is over */
	struct timer timer;
	int tries;
};

struct parcel {
	struct list_node node;
	struct hooks *hooks;
	struct config *config;
	struct store_alert alert;
	struct buf body;
	struct delivery *deliveries;
	int count, open;
	void (*on_done)(void *, const struct store_alert *);
	void *arg;
};

/* ---- what is sent ---- */

static void put_owner(struct json_writer *json, const struct watch_alert *a)
{
	json_put_key(json, STR("owner"));
	json_open_object(json);
	json_key_i64(json, STR("id"), a->alert.bucket.owner);
	json_key_text(json, STR("name"), a->name);
	json_close_object(json);
}

static void put_time(struct json_writer *json, const char *name, int64_t wall_ms)
{
	struct buf text;

	buf_init(&text, 64);
	clock_put_rfc3339(&text, wall_ms);
	json_key_text(json, str_of(name), buf_str(&text));
	buf_release(&text);
}

static void put_data(struct json_writer *json, const struct watch_alert *a)
{
	json_put_key(json, STR("data"));
	json_open_object(json);
	json_key_text(json, STR("scope"), str_of(store_scope_name(a->alert.bucket.scope)));
	put_owner(json, a);
	json_key_i64(json, STR("percent"), a->alert.percent);
	json_key_nusd(json, STR("limit_usd"), a->alert.ceiling_nusd);
	json_key_nusd(json, STR("spent_usd"), a->alert.spent_nusd);
	if (a->alert.bucket.period_ms)
		put_time(json, "period_begins", a->alert.bucket.period_ms);
	else
		json_key_null(json, STR("period_begins"));
	json_close_object(json);
}

void hook_put_body(struct buf *out, const struct watch_alert *a)
{
	const struct store_bucket *b = &a->alert.bucket;
	struct json_writer json;
	struct buf id;

	buf_init(&id, 256);
	buf_printf(&id, "%s:%" PRId64 ":%" PRId64 ":%d", store_scope_name(b->scope), b->owner,
	           b->period_ms, a->alert.percent);
	json_writer_init(&json, out);
	json_open_object(&json);
	json_key_text(&json, STR("id"), buf_str(&id));
	json_key_text(&json, STR("type"), STR("ceiling.reached"));
	put_time(&json, "created", a->alert.noted_ms);
	put_data(&json, a);
	json_close_object(&json);
	buf_release(&id);
}

void hook_put_signature(struct buf *out, struct str secret, int64_t now_s, struct str body)
{
	uint8_t digest[HASH_SHA256_BYTES];
	struct buf text;

	buf_init(&text, BODY_BYTES_MAX + 64);
	buf_printf(&text, "%" PRId64 ".", now_s);
	buf_put(&text, body);
	hash_hmac_sha256(secret, buf_str(&text), digest);
	buf_release(&text);
	buf_printf(out, "t=%" PRId64 ",v1=", now_s);
	encode_hex(out, (struct str){(const char *)digest, sizeof digest});
}

static struct str head_of(struct delivery *d, struct str body)
{
	const struct url *url = &d->webhook->place.url;
	bool is_v6 = str_find_byte(url->host, ':') < url->host.len;
	struct buf signature;
	struct str head;

	buf_init(&signature, 256);
	if (d->webhook->secret.len) {
		buf_put(&signature, STR("X-Flux-Signature: "));
		hook_put_signature(&signature, d->webhook->secret, clock_wall_ms() / 1000, body);
		buf_put(&signature, STR("\r\n"));
	}
	head = arena_printf(&d->arena,
	                    "POST %.*s HTTP/1.1\r\nHost: %s%.*s%s:%d\r\nUser-Agent: "
	                    "fluxrouter/" FLUXROUTER_VERSION "\r\nContent-Type: application/json"
	                    "\r\nContent-Length: %zu\r\n%.*s\r\n",
	                    STR_ARG(url->path.len ? url->path : STR("/")), is_v6 ? "[" : "",
	                    STR_ARG(url->host), is_v6 ? "]" : "", url->port, body.len,
	                    STR_ARG(buf_str(&signature)));
	buf_release(&signature);
	return head;
}

/* ---- a delivery's life ---- */

static void parcel_free(struct parcel *p)
{
	list_remove(&p->node);
	p->hooks->parcel_count--;
	for (int i = 0; i < p->count; i++) {
		timer_cancel(&p->deliveries[i].timer);
		exchange_end(&p->deliveries[i].exchange);
		arena_release(&p->deliveries[i].arena);
	}
	mem_put(p->deliveries);
	buf_release(&p->body);
	config_put(&p->config);
	mem_put(p);
}

static void close_delivery(struct delivery *d)
{
	struct parcel *p = d->parcel;

	if (--p->open > 0)
		return;
	p->on_done(p->arg, &p->alert);
	parcel_free(p);
}

static void send_it(struct delivery *d);

static void on_due(struct timer *t)
{
	send_it(LIST_OBJECT(t, struct delivery, timer));
}

static void say(const struct delivery *d, const char *what)
{
	log_say(LOG_WARN, "%.*s: alert for %s %lld at %d %%: %s", STR_ARG(d->webhook->place.name),
	        store_scope_name(d->parcel->alert.bucket.scope),
	        (long long)d->parcel->alert.bucket.owner, d->parcel->alert.percent, what);
}

static void try_again(struct delivery *d, const char *why)
{
	if (d->tries > WAITS) {
		say(d, "given up");
		close_delivery(d);
		return;
	}
	say(d, why);
	timer_set(&d->timer, d->parcel->hooks->loop, waits_ms[d->tries - 1], on_due);
}

static void on_exchange(void *delivery)
{
	struct delivery *d = delivery;
	enum exchange_state state = exchange_state(d->exchange);
	bool taken = false;
	const char *why = NULL;

	if (state != EXCHANGE_DONE && state != EXCHANGE_FAILED)
		return;
	if (state == EXCHANGE_FAILED) {
		why = exchange_failure_name(exchange_failure(d->exchange));
	} else {
		int status = exchange_head(d->exchange)->status;

		taken = status / 100 == 2;
		why = taken ? NULL : arena_printf(&d->arena, "status %d", status).ptr;
	}
	exchange_end(&d->exchange);
	if (taken)
		close_delivery(d);
	else
		try_again(d, why);
}

static void send_it(struct delivery *d)
{
	struct exchange_ask ask = {.origin = d->webhook->place.origin,
	                           .method = STR("POST"),
	                           .pieces = d->pieces,
	                           .piece_count = PIECES,
	                           .gather_max = ANSWER_BYTES_MAX};

	arena_reset(&d->arena);
	d->tries++;
	d->pieces[1] = buf_str(&d->parcel->body);
	d->pieces[0] = head_of(d, d->pieces[1]);
	d->exchange = exchange_start(d->parcel->hooks->upstream, &ask, &d->arena, on_exchange, d);
}

/* ---- parcels ---- */

static unsigned mark_bit(int percent)
{
	static const int percents[] = {
#define X(percent) percent,
	    CONFIG_MARKS(X)
#undef X
	};

	for (int i = 0; i < CONFIG_MARK_COUNT; i++)
		if (percents[i] == percent)
			return 1u << i;
	return 0;
}

static void add_delivery(struct parcel *p, const struct config_webhook *webhook)
{
	struct delivery *d = &p->deliveries[p->count++];

	d->parcel = p;
	d->webhook = webhook;
	arena_init(&d->arena);
}

static struct parcel *parcel_new(struct hooks *h, const struct watch_alert *a)
{
	struct parcel *p = mem_get(sizeof *p);

	p->hooks = h;
	p->config = config_current();
	p->alert = a->alert;
	p->deliveries = mem_get((size_t)p->config->webhook_count * sizeof *p->deliveries + 1);
	buf_init(&p->body, BODY_BYTES_MAX);
	hook_put_body(&p->body, a);
	for (int i = 0; i < p->config->webhook_count; i++)
		if (p->config->webhooks[i].events & mark_bit(a->alert.percent))
			add_delivery(p, &p->config->webhooks[i]);
	list_push(&h->parcels, &p->node);
	h->parcel_count++;
	return p;
}

void hooks_send(struct hooks *h, const struct watch_alert *a,
                void (*on_done)(void *, const struct store_alert *), void *arg)
{
	struct parcel *p;

	if (h->parcel_count >= PARCELS_MAX)
		return; /* its claim ends, and it is taken up again */
	p = parcel_new(h, a);
	p->on_done = on_done;
	p->arg = arg;
	p->open = p->count + 1; /* one of our own, until all are on their way */
	for (int i = 0; i < p->count; i++)
		send_it(&p->deliveries[i]);
	if (--p->open == 0) {
		on_done(arg, &p->alert);
		parcel_free(p);
	}
}

struct hooks *hooks_new(struct loop *loop)
{
	struct hooks *h = mem_get(sizeof *h);

	h->loop = loop;
	h->upstream = upstream_new(loop);
	list_init(&h->parcels);
	return h;
}

void hooks_free(struct hooks **hooks)
{
	struct hooks *h = *hooks;
	struct list_node *node;

	*hooks = NULL;
	if (h == NULL)
		return;
	while ((node = list_first(&h->parcels)))
		parcel_free(LIST_OBJECT(node, struct parcel, node));
	upstream_free(&h->upstream);
	mem_put(h);
}
