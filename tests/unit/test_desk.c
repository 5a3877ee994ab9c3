/* What operators ask, request by request: status, words of the answer, what is refused; reports and
 * invoices of entries that are there, exact to the nano-dollar. */
#include "admin/desk.h"

#include "base/clock.h"
#include "ledger_sample.h"
#include "place.h"
#include "store/purge.h"

#include <pthread.h>

static struct arena arena;
static struct fail failure;
static struct buf out;
static struct store *store;
static struct desk_answer answer;

/* The status: of the answer, or of the failure. */
static int ask(const char *method, const char *target, const char *body)
{
	struct str whole = str_of(target);
	size_t mark = str_find_byte(whole, '?');
	struct desk desk = {store, &arena, &out, &failure};
	struct desk_ask a = {str_of(method), str_part(whole, 0, mark),
	                     str_part(whole, mark + 1, whole.len), str_of(body)};

	buf_clear(&out);
	fail_init(&failure, &arena);
	return desk_do(&desk, &a, &answer) < 0 ? fail_status(&failure) : answer.status;
}

static struct str told(void)
{
	return fail_is_set(&failure) ? failure.message : buf_str(&out);
}

static bool has(const char *words)
{
	return str_find(told(), str_of(words)) < told().len;
}

static bool says(const char *words)
{
	if (!has(words))
		printf("    %.*s\n", STR_ARG(told()));
	return has(words);
}

static void test_owners(void)
{
	CHECK(ask("GET", "/admin/v1/plans", "") == 200 && says("\"name\":\"builder\""));
	CHECK(ask("POST", "/admin/v1/accounts", "{\"name\":\"acme\",\"plan\":\"free\"}") == 201);
	CHECK(says("\"plan\":\"free\"") && says("\"closed\":null"));
	CHECK(ask("POST", "/admin/v1/accounts", "{\"name\":\"acme\"}") == 400 && says("already"));
	CHECK(ask("POST", "/admin/v1/accounts", "{\"name\":\"7\"}") == 400);
	CHECK(ask("POST", "/admin/v1/accounts", "{}") == 400 && says("name is missing"));
	CHECK(ask("POST", "/admin/v1/accounts", "{\"name\":\"a\\u0007\"}") == 400);
	CHECK(ask("POST", "/admin/v1/accounts", "{\"name\":5}") == 400 && says("a string"));
	CHECK(ask("POST", "/admin/v1/accounts", "{\"name\":\"b\",\"plan\":\"none\"}") == 404);
	CHECK(ask("POST", "/admin/v1/accounts", "{\"name\":\"b\",\"team\":1}") == 400);
	CHECK_STR(failure.param, STR("team"));
	CHECK(ask("POST", "/admin/v1/accounts", "[]") == 400 && says("an object"));
	CHECK(ask("POST", "/admin/v1/accounts", "{") == 400);
	CHECK(ask("POST", "/admin/v1/teams", "{\"name\":\"red\"}") == 400 && says("account"));
	CHECK(ask("POST", "/admin/v1/teams", "{\"name\":\"red\",\"account\":\"acme\"}") == 201);
	CHECK(ask("POST", "/admin/v1/users",
	          "{\"name\":\"joe\",\"account\":\"acme\",\"team\":\"red\",\"terms\":"
	          "{\"month_usd\":1.5}}") == 201);
	CHECK(says("\"team\":\"red\"") && says("\"month_usd\":1.5"));
	CHECK(ask("GET", "/admin/v1/users/joe", "") == 400 && says("account"));
	CHECK(ask("GET", "/admin/v1/users/joe?account=acme", "") == 200);
	CHECK(ask("GET", "/admin/v1/users/1", "") == 200 && says("\"name\":\"joe\""));
	CHECK(ask("GET", "/admin/v1/users/99", "") == 404);
	CHECK(ask("GET", "/admin/v1/users?team=red&account=acme", "") == 200 && says("joe"));
	CHECK(ask("GET", "/admin/v1/users?account=default", "") == 200 && !has("joe"));
}

static void test_changes(void)
{
	CHECK(ask("PATCH", "/admin/v1/accounts/acme",
	          "{\"terms\":{\"month_usd\":5,\"rpm\":60},\"on_hold\":true}") == 200);
	CHECK(says("\"month_usd\":5") && says("\"rpm\":60") && says("\"on_hold\":true"));
	CHECK(ask("PATCH", "/admin/v1/accounts/acme", "{\"terms\":{\"rpm\":null}}") == 200);
	CHECK(says("\"month_usd\":5") && !has("rpm"));
	CHECK(ask("PATCH", "/admin/v1/accounts/acme", "{\"terms\":{\"rpm\":0}}") == 400);
	CHECK(ask("PATCH", "/admin/v1/accounts/acme", "{\"terms\":[]}") == 400);
	CHECK(ask("PATCH", "/admin/v1/accounts/acme", "{\"on_hold\":1}") == 400);
	CHECK(ask("PATCH", "/admin/v1/accounts/acme", "{\"plan\":null,\"on_hold\":false}") == 200);
	CHECK(says("\"plan\":null") && says("\"on_hold\":false"));
	CHECK(ask("PATCH", "/admin/v1/teams/1", "{\"account\":\"acme\"}") == 400 &&
	      says("cannot be changed"));
	CHECK(ask("PATCH", "/admin/v1/accounts/nobody", "{}") == 404);
	CHECK(ask("DELETE", "/admin/v1/teams/red?account=acme", "") == 200 &&
	      !has("\"closed\":null"));
}

static void test_pages(void)
{
	CHECK(ask("GET", "/admin/v1/plans?limit=1", "") == 200 && says("\"has_more\":true"));
	CHECK(says("\"free\"") && !has("\"payg\""));
	CHECK(ask("GET", "/admin/v1/plans?limit=2&after=2", "") == 200 && says("\"scale\""));
	CHECK(says("\"has_more\":false"));
	CHECK(ask("GET", "/admin/v1/plans?limit=0", "") == 400);
	CHECK(ask("GET", "/admin/v1/plans?after=x", "") == 400);
	CHECK(ask("GET", "/admin/v1/plans?moon=1", "") == 400);
}

static void test_paths(void)
{
	CHECK(ask("GET", "/admin/v1/moons", "") == 404 && says("nothing at"));
	CHECK(ask("GET", "/admin/v1/plans/", "") == 404);
	CHECK(ask("GET", "/admin/v1/plans/1/2", "") == 404);
	CHECK(ask("DELETE", "/admin/v1/plans", "") == 405);
	CHECK_STR(answer.allow, STR("GET, POST"));
	CHECK(ask("GET", "/admin/v1/keys/1/rotate", "") == 405);
	CHECK(ask("GET", "/admin/v1/accounts/ac%6de", "") == 200 && says("acme"));
}

static void test_keys(void)
{
	CHECK(ask("POST", "/admin/v1/keys", "{}") == 400 && says("account is missing"));
	CHECK(ask("POST", "/admin/v1/keys",
	          "{\"account\":\"acme\",\"user\":\"joe\",\"expires\":\"30d\",\"models\":\"gpt-*"
	          "\"}") == 201);
	CHECK(says("\"key\":\"sk-flux-") && says("\"team\":\"red\"") &&
	      says("\"models\":\"gpt-*\""));
	CHECK(ask("GET", "/admin/v1/keys/1", "") == 200 && !has("\"key\":\""));
	CHECK(says("\"state\":\"active\""));
	CHECK(ask("POST", "/admin/v1/keys", "{\"user\":1}") == 201 && says("\"account\":\"acme\""));
	CHECK(ask("POST", "/admin/v1/keys", "{\"user\":\"joe\"}") == 400);
	CHECK(ask("POST", "/admin/v1/keys", "{\"account\":\"acme\",\"expires\":\"soon\"}") == 400);
	CHECK(ask("PATCH", "/admin/v1/keys/1", "{\"expires\":null,\"terms\":{\"rpm\":7}}") == 200);
	CHECK(says("\"expires\":null") && says("\"rpm\":7"));
	CHECK(ask("PATCH", "/admin/v1/keys/1", "{\"terms\":{\"hour_usd\":7}}") == 400);
	CHECK(ask("POST", "/admin/v1/keys/1/rotate", "{\"overlap\":\"7d\"}") == 201);
	CHECK(says("\"id\":3") && says("\"rpm\":7") && says("\"user\":\"joe\""));
	CHECK(ask("GET", "/admin/v1/keys/1", "") == 200 && !has("\"expires\":null"));
	CHECK(ask("POST", "/admin/v1/keys/3/rotate", "{}") == 201);
	CHECK(ask("GET", "/admin/v1/keys/3", "") == 200 && says("\"state\":\"expired\""));
	CHECK(ask("POST", "/admin/v1/keys/3/rotate", "{}") == 400 && says("expired"));
	CHECK(ask("DELETE", "/admin/v1/keys/2", "") == 200 && says("\"state\":\"revoked\""));
	CHECK(ask("GET", "/admin/v1/keys?state=revoked", "") == 200 && says("\"id\":2,"));
	CHECK(!has("\"id\":1,"));
	CHECK(ask("GET", "/admin/v1/keys/99", "") == 404);
}

/* ---- two hosts change the same thing at once ---- */

enum { HOSTS = 2, CHANGES = 100 };

struct host {
	struct str where;
	const char *term;
	int failed, lost;
};

static bool do_one(struct desk *desk, const char *method, const char *target, struct str body)
{
	struct desk_ask a = {str_of(method), str_of(target), STR(""), body};
	struct desk_answer got;

	buf_clear(desk->out);
	fail_init(desk->fail, desk->arena);
	return desk_do(desk, &a, &got) == 0;
}

/* What this host said last must stand when it comes back. */
static void change_one(struct host *h, struct desk *desk, const char *target, int i)
{
	struct str before = arena_printf(desk->arena, "\"%s\":%d", h->term, i - 1);
	struct str body = arena_printf(desk->arena, "{\"terms\":{\"%s\":%d}}", h->term, i);

	h->failed += !do_one(desk, "GET", target, STR(""));
	h->lost += i > 1 && str_find(buf_str(desk->out), before) == buf_str(desk->out).len;
	h->failed += !do_one(desk, "PATCH", target, body);
}

static void change_all(struct host *h, struct desk *desk)
{
	for (int i = 1; i <= CHANGES; i++) {
		change_one(h, desk, "/admin/v1/accounts/acme", i);
		change_one(h, desk, "/admin/v1/keys/1", i);
	}
}

static void *run_host(void *arg)
{
	struct host *h = arg;
	struct arena texts;
	struct buf body;
	struct fail f;
	struct desk desk = {NULL, &texts, &body, &f};

	arena_init(&texts);
	buf_init(&body, 1 << 16);
	fail_init(&f, &texts);
	must(store_open(h->where, STORE_EXISTING, &desk.store, &f) == 0);
	change_all(h, &desk);
	store_close(&desk.store);
	buf_release(&body);
	arena_release(&texts);
	return NULL;
}

/* Each changes a term of its own, again and again, and loses none to the other. */
static void test_two_hosts(const struct place *p)
{
	struct host hosts[HOSTS] = {{p->where, "rpm", 0, 0}, {p->where, "tpm", 0, 0}};
	pthread_t threads[HOSTS];

	for (int i = 0; i < HOSTS; i++)
		must(pthread_create(&threads[i], NULL, run_host, &hosts[i]) == 0);
	for (int i = 0; i < HOSTS; i++)
		must(pthread_join(threads[i], NULL) == 0);
	for (int i = 0; i < HOSTS; i++)
		CHECK(hosts[i].failed == 0 && hosts[i].lost == 0);
}

/* Entries 0..99, of accounts 1 to 3: see sample_entry. */
static void put_samples(void)
{
	struct entry entries[100];

	for (int i = 0; i < 100; i++) {
		entries[i] = sample_entry(i);
		entries[i].team_id = i % 2;
		entries[i].tags = i % 2 ? STR("env=prod") : STR("");
		for (int byte = 0; byte < 6; byte++)
			entries[i].request_id[byte] =
			    (uint8_t)(entries[i].opened_ms >> (40 - 8 * byte));
	}
	CHECK(store_put_entries(store, entries, 100, NULL, &failure) == 0);
}

static void test_usage(void)
{
	/* charges: 2000 + n; of account 1: n = 0, 3, ... 99 */
	put_samples();
	CHECK(ask("GET", "/admin/v1/usage", "") == 200 && says("\"requests\":100"));
	CHECK(says("\"charge_usd\":0.00020495"));
	CHECK(ask("GET", "/admin/v1/usage?by=account&format=csv", "") == 200);
	CHECK_STR(answer.type, STR("text/csv; charset=utf-8"));
	CHECK(says("account,requests,") && says("default,34,1683,68,"));
	CHECK(says(",0.000035683,0.000069683,0\n"));
	CHECK(ask("GET", "/admin/v1/usage?by=day,provider,lane,team,tag&format=csv", "") == 200);
	CHECK(says("2025-11-24,,anthropic,express,,17,") &&
	      says("2025-11-24,red,openai,deep,env=prod,"));
	CHECK(ask("GET", "/admin/v1/usage?by=lane&account=default", "") == 200);
	CHECK(says("\"requests\":34") && !has("\"requests\":100"));
	CHECK(ask("GET", "/admin/v1/usage?from=2025-11-25", "") == 200 && says("\"rows\":[]"));
	CHECK(ask("GET", "/admin/v1/usage?by=tag&to=2025-11-23", "") == 200 && says("\"rows\":[]"));
	CHECK(ask("GET", "/admin/v1/usage?by=moon", "") == 400 && says("is none of day"));
	CHECK(ask("GET", "/admin/v1/usage?from=moon", "") == 400);
	CHECK(ask("GET", "/admin/v1/usage?format=text", "") == 400);
}

static void test_invoice(void)
{
	CHECK(ask("GET", "/admin/v1/invoices?account=default&month=2025-11", "") == 200);
	CHECK(says("\"price_version\":\"fedcba99\"") && says("\"charge_usd\":0.000069683"));
	CHECK(ask("GET", "/admin/v1/invoices?account=1&month=2025-11&format=csv", "") == 200);
	CHECK(says("default,2025-11,gpt-5-mini,fedcba99,"));
	CHECK(ask("GET", "/admin/v1/invoices?account=1&month=2025-12", "") == 200 &&
	      says("\"lines\":[]"));
	CHECK(ask("GET", "/admin/v1/invoices?account=1&month=2025", "") == 400);
	CHECK(ask("GET", "/admin/v1/invoices?month=2025-11", "") == 400);
	CHECK(ask("GET", "/admin/v1/invoices?account=nobody&month=2025-11", "") == 404);
}

/* Purged days keep their sums, in every report; invoices of them are refused. */
static void test_purged(void)
{
	struct store_purge p = {.before_ms = 1764028800000 + 1}; /* 2025-11-25 */

	CHECK(store_purge(store, &p, &failure) == 0 && p.entries == 100);
	CHECK(store_purge(store, &p, &failure) == 0 && p.entries == 0);
	CHECK(ask("GET", "/admin/v1/usage", "") == 200 && says("\"charge_usd\":0.00020495"));
	CHECK(ask("GET", "/admin/v1/usage?by=provider", "") == 200 && says("\"provider\":\"\""));
	CHECK(says("\"charge_usd\":0.00020495"));
	CHECK(ask("GET", "/admin/v1/invoices?account=1&month=2025-11", "") == 400 &&
	      says("purged"));
	p = (struct store_purge){.before_ms = 1764028800000, .drop_sums = true};
	CHECK(store_purge(store, &p, &failure) == 0);
	CHECK(ask("GET", "/admin/v1/usage", "") == 200 && says("\"rows\":[]"));
}

static void test_desk(const struct place *p)
{
	int64_t id;

	fail_init(&failure, &arena);
	store = NULL;
	if (!CHECK(store_open(p->where, STORE_CREATE, &store, &failure) == 0))
		return;
	CHECK(store_account_named(store, STR("default"), &id, &failure) == 0);
	test_owners();
	test_keys();
	test_changes();
	test_pages();
	test_paths();
	test_usage();
	test_invoice();
	test_purged();
	test_two_hosts(p);
	store_close(&store);
}

int main(int argc, char **argv)
{
	(void)argc;
	place_start(argv);
	arena_init(&arena);
	buf_init(&out, 1 << 20);
	place_each(test_desk);
	buf_release(&out);
	arena_release(&arena);
	return place_report("desk");
}
