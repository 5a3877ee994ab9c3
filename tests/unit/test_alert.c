/* Alerts: what percentages are reached, that each is told once by all who look, and taken up again
 * when nobody sent it; the body and the signature of a webhook. */
#include "admin/hook.h"
#include "admin/watch.h"

#include "base/clock.h"
#include "gate/terms.h"
#include "place.h"
#include "store/owner.h"

static struct arena arena;
static struct fail failure;
static struct store *store;
static struct watch_alert told[64];
static int told_count;

static void on_alert(void *arg, const struct watch_alert *a)
{
	(void)arg;
	told[told_count++ % 64] = *a;
}

static void test_percent(void)
{
	CHECK(watch_percent(0, 0) == 0 && watch_percent(1, 0) == 100);
	CHECK(watch_percent(49, 100) == 0 && watch_percent(50, 100) == 50);
	CHECK(watch_percent(79, 100) == 50 && watch_percent(80, 100) == 80);
	CHECK(watch_percent(99, 100) == 80 && watch_percent(100, 100) == 100);
	CHECK(watch_percent(INT64_MAX, INT64_MAX - 1) == 100);
	CHECK(watch_percent(INT64_MAX / 2, INT64_MAX - 1) == 50);
	CHECK(watch_percent(5, INT64_MAX) == 0);
}

static struct store_owner owner(enum store_owner_kind kind, const char *name, const char *terms)
{
	return (struct store_owner){.kind = kind,
	                            .name = str_of(name),
	                            .terms = str_of(terms),
	                            .created_ms = clock_wall_ms()};
}

/* One entry of account 1, opened now. */
static void spend(int64_t number, int64_t charge_nusd)
{
	struct entry e = {.attempt = 1,
	                  .account_id = 1,
	                  .key_id = 1,
	                  .opened_ms = clock_wall_ms(),
	                  .closed_ms = clock_wall_ms(),
	                  .charge_nusd = charge_nusd,
	                  .model = STR("m"),
	                  .provider = STR("p"),
	                  .usage = {.reported = true}};

	e.request_id[15] = (uint8_t)number;
	CHECK(store_put_entries(store, &e, 1, NULL, &failure) == 0);
}

static int look(struct watch *w, int64_t global_nusd)
{
	struct watch_ask ask = {store, global_nusd, &arena, on_alert, NULL};

	told_count = 0;
	watch_look(w, &ask);
	return told_count;
}

static void test_looking(void)
{
	struct watch *a = watch_new(), *b = watch_new();
	struct store_owner plan = owner(STORE_PLAN, "p", "{\"hour_usd\":4,\"month_usd\":1}");
	struct store_owner account = owner(STORE_ACCOUNT, "acme", "{\"month_usd\":10}");

	CHECK(store_owner_put(store, &plan, &failure) == 0);
	account.plan_id = plan.id;
	CHECK(store_owner_put(store, &account, &failure) == 0 && account.id == 1);
	spend(1, 1900000000);
	CHECK(look(a, INT64_MAX) == 0);
	spend(2, 100000000); /* 2 of 4 in the hour, of 10 in the month */
	CHECK(look(a, INT64_MAX) == 1 && look(b, INT64_MAX) == 0 && look(a, INT64_MAX) == 0);
	spend(3, 6000000000); /* 8 */
	CHECK(look(b, INT64_MAX) == 4 && look(a, INT64_MAX) == 0);
	CHECK_STR(told[0].name, STR("acme"));
	CHECK(look(a, 8000000000) == 3);
	CHECK(told[0].alert.bucket.scope == STORE_GLOBAL_MONTH && told[2].alert.percent == 100);
	account.terms = STR("{\"month_usd\":8}");
	CHECK(store_owner_put(store, &account, &failure) == 0);
	CHECK(look(b, INT64_MAX) == 1 && told[0].alert.percent == 100);
	CHECK(told[0].alert.ceiling_nusd == 8000000000 && told[0].alert.spent_nusd == 8000000000);
	watch_free(&a);
	watch_free(&b);
}

/* All nine are claimed and none was sent. */
static void test_left(void)
{
	int64_t later = clock_wall_ms() + ALERT_CLAIM_MS + 1000;
	struct store_alert alert;
	int taken = 0;

	CHECK(store_alert_left(store, clock_wall_ms(), &alert, &failure) == 0);
	CHECK(alert.percent == 0);
	while (store_alert_left(store, later, &alert, &failure) == 0 && alert.percent && taken < 99)
		taken++;
	CHECK(taken == 9);
	later += ALERT_CLAIM_MS + 1000;
	for (taken = 0; taken < 99; taken++) {
		if (store_alert_left(store, later, &alert, &failure) < 0 || alert.percent == 0)
			break;
		CHECK(store_alert_done(store, &alert, later, &failure) == 0);
	}
	CHECK(taken == 9);
	later += ALERT_CLAIM_MS + 1000;
	CHECK(store_alert_left(store, later, &alert, &failure) == 0 && alert.percent == 0);
}

static void test_hook(void)
{
	struct watch_alert a = {.alert = {.bucket = {STORE_KEY_MONTH, 7, 1761955200000},
	                                  .percent = 80,
	                                  .ceiling_nusd = 20000000000,
	                                  .spent_nusd = 16010000000,
	                                  .noted_ms = 1764000000000},
	                        .name = STR("sk-flux-\"x")};
	struct buf text;

	buf_init(&text, 4096);
	hook_put_body(&text, &a);
	CHECK_STR(buf_str(&text),
	          STR("{\"id\":\"key_month:7:1761955200000:80\",\"type\":\"ceiling.reached\","
	              "\"created\":\"2025-11-24T16:00:00.000Z\",\"data\":{\"scope\":\"key_month\","
	              "\"owner\":{\"id\":7,\"name\":\"sk-flux-\\\"x\"},\"percent\":80,"
	              "\"limit_usd\":20,\"spent_usd\":16.01,"
	              "\"period_begins\":\"2025-11-01T00:00:00.000Z\"}}"));
	buf_clear(&text);
	/* printf '1764000000.{}' | openssl dgst -sha256 -hmac whsec */
	hook_put_signature(&text, STR("whsec"), 1764000000, STR("{}"));
	CHECK_STR(buf_str(&text),
	          STR("t=1764000000,v1="
	              "1e49784a087ff1ccd6edbaa2a0cafbcd99afbb0e1f9cc41be6ab30e5397c530d"));
	buf_release(&text);
}

static void test_store(const struct place *p)
{
	fail_init(&failure, &arena);
	store = NULL;
	if (!CHECK(store_open(p->where, STORE_CREATE, &store, &failure) == 0))
		return;
	test_looking();
	test_left();
	store_close(&store);
}

int main(int argc, char **argv)
{
	(void)argc;
	place_start(argv);
	arena_init(&arena);
	test_percent();
	place_each(test_store);
	test_hook();
	arena_release(&arena);
	return place_report("alert");
}
