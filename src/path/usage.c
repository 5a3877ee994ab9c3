/* What is spent, held and left, by ceiling.
 *
 *	{"account":"search","key":"ci","currency":"USD","blocked":false,"blocked_by":null,
 *	 "limits":[{"scope":"account_month","limit_usd":20,"spent_usd":1.5,"held_usd":0.02,
 *	            "left_usd":18.48,"resets_at":"2026-12-01T00:00:00.000Z"}],
 *	 "rates":{"account":{"rpm":60},"key":{}}}
 *
 * The month of the account is told also where it has no ceiling (limit_usd null). The figures are
 * the store's, asked for now, and what this node has held and settled since; where there is no
 * ceiling nobody counts here, so what is on its way to the store is waited for. Called through the
 * endpoint table. */
#include "path/usage.h"

#include "base/clock.h"
#include "base/json_write.h"
#include "path/reply.h"

enum { USAGE_BYTES_MAX = 64 * 1024, LOOK_MS = 20, LOOKS_MAX = 50 };

static void put_time(struct json_writer *w, struct str key, int64_t wall_ms)
{
	char room[40];
	struct buf text = {.ptr = room, .cap = sizeof room, .max = sizeof room};

	if (wall_ms == 0) {
		json_key_null(w, key);
		return;
	}
	clock_put_rfc3339(&text, wall_ms);
	json_key_text(w, key, buf_str(&text));
}

static void put_limit(struct json_writer *w, const struct limit_row *row)
{
	int64_t left_nusd = row->limit_nusd - row->spent_nusd - row->held_nusd;

	json_open_object(w);
	json_key_text(w, STR("scope"), str_of(store_scope_name(row->scope)));
	if (row->limit_nusd == INT64_MAX)
		json_key_null(w, STR("limit_usd"));
	else
		json_key_nusd(w, STR("limit_usd"), row->limit_nusd);
	json_key_nusd(w, STR("spent_usd"), row->spent_nusd);
	json_key_nusd(w, STR("held_usd"), row->held_nusd);
	if (row->limit_nusd == INT64_MAX)
		json_key_null(w, STR("left_usd"));
	else
		json_key_nusd(w, STR("left_usd"), left_nusd > 0 ? left_nusd : 0);
	put_time(w, STR("resets_at"), row->resets_ms);
	json_close_object(w);
}

static void put_rate(struct json_writer *w, struct str name, int64_t limit)
{
	if (limit)
		json_key_i64(w, name, limit);
}

static void put_rates(struct json_writer *w, struct str whose, const struct payer_rates *rates)
{
	json_put_key(w, whose);
	json_open_object(w);
	put_rate(w, STR("rps"), rates->rps);
	put_rate(w, STR("rpm"), rates->rpm);
	put_rate(w, STR("tpm"), rates->tpm);
	put_rate(w, STR("concurrency"), rates->concurrency);
	json_close_object(w);
}

static void put_report(struct json_writer *w, const struct request *r,
                       const struct limit_report *report)
{
	json_open_object(w);
	json_key_text(w, STR("account"), r->key.account_name);
	json_key_text(w, STR("key"), r->key.label);
	json_key_text(w, STR("currency"), STR("USD"));
	json_key_bool(w, STR("blocked"), report->is_blocked);
	if (report->is_blocked)
		json_key_text(w, STR("blocked_by"), limits_code(&report->blocked_by));
	else
		json_key_null(w, STR("blocked_by"));
	json_put_key(w, STR("limits"));
	json_open_array(w);
	for (int i = 0; i < report->count; i++)
		put_limit(w, &report->rows[i]);
	json_close_array(w);
	json_put_key(w, STR("rates"));
	json_open_object(w);
	put_rates(w, STR("account"), &r->pay.payer->account_rates);
	put_rates(w, STR("key"), &r->pay.payer->key_rates);
	json_close_object(w);
	json_close_object(w);
}

static void on_due(struct timer *t)
{
	request_resume(LIST_OBJECT(t, struct request, backoff));
}

/* A second at most: a store that is away is told of as it was. */
static bool waits_for_store(struct request *r)
{
	struct carrier *carrier = r->worker->shared->carrier;
	const struct payer *p = r->pay.payer;

	if (timer_is_set(&r->backoff))
		return true;
	if (p == NULL || p->ceilings[STORE_ACCOUNT_MONTH] != INT64_MAX)
		return false;
	if (r->looks++ == 0) {
		r->point = ARENA_NEW(r->arena, struct carrier_point);
		carrier_note_point(carrier, r->point);
	}
	if (r->looks > LOOKS_MAX || carrier_is_past(carrier, r->point))
		return false;
	timer_set(&r->backoff, &r->worker->loop, LOOK_MS, on_due);
	return true;
}

void usage_answer(struct request *r)
{
	struct limit_report report;
	struct json_writer w;
	struct buf body;

	if (waits_for_store(r))
		return;
	if (payment_look(r) == PAYMENT_WAITS || fail_is_set(&r->fail))
		return;
	limits_report(r->worker->shared->limits, r->pay.payer, &report);
	buf_init(&body, USAGE_BYTES_MAX);
	json_writer_init(&w, &body);
	put_report(&w, r, &report);
	reply_own(r, STR("application/json"), buf_str(&body));
	buf_release(&body);
}
