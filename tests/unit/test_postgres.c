/* What only PostgreSQL has: connections that break, servers that go and come back, texts that it
 * does not take. What a store is stands in the tests that run on every engine. */
#include "base/clock.h"
#include "base/list.h"
#include "ledger_sample.h"
#include "place.h"
#include "store/postgres_link.h"
#include "store/store.h"

#include <sys/wait.h>

static struct arena arena;
static struct fail f;

static void test_names(void)
{
	static const struct {
		struct str url, name;
	} rows[] = {
	    {STR_INIT("postgresql://flux@db/books"), STR_INIT("postgresql://flux@db/books")},
	    {STR_INIT("postgresql://flux:p@ss@db:5433/books?password=x"),
	     STR_INIT("postgresql://flux@db:5433/books")},
	    {STR_INIT("postgres://db"), STR_INIT("postgres://db")},
	    {STR_INIT("postgres://db/a@b"), STR_INIT("postgres://db/a@b")},
	    {STR_INIT("postgresql://u:s@a,b:1/d?target_session_attrs=read-write"),
	     STR_INIT("postgresql://u@a,b:1/d?target_session_attrs=read-write")},
	    {STR_INIT("postgresql:///books?a=b&password=x&c=d"),
	     STR_INIT("postgresql:///books?a=b&c=d")},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		CHECK_STR(store_without_password(rows[i].url, &arena), rows[i].name);
	CHECK(store_is_url(STR("postgres://x")) && !store_is_url(STR("postgres")));
}

/* Nobody listens: said at once, without the password. */
static void test_nobody(void)
{
	struct store *s = NULL;

	fail_init(&f, &arena);
	CHECK(store_open(STR("postgresql://flux:hush@127.0.0.1:1/x?password=hush2"), STORE_CREATE,
	                 &s, &f) < 0);
	CHECK(f.kind == FAIL_STORE && str_find(f.message, STR("hush")) == f.message.len);
	CHECK(str_starts_with(f.message, STR("postgresql://flux@127.0.0.1:1/x: cannot connect")));
	CHECK(store_open(STR("postgresql://flux:hush@:::/x"), STORE_CREATE, &s, &f) < 0);
	CHECK(str_find(f.message, STR("hush")) == f.message.len);
}

static struct store *begin(const struct place *p)
{
	struct store *s = NULL;

	fail_init(&f, &arena);
	must(store_open(p->where, STORE_CREATE, &s, &f) == 0);
	return s;
}

static bool put_works(struct store *s, int64_t n, int within_ms)
{
	int64_t end_ns = clock_mono_ns() + within_ms * 1000000LL;
	struct entry e = sample_entry(n);

	do {
		if (store_put_entries(s, &e, 1, NULL, &f) == 0)
			return true;
		usleep(10000);
	} while (clock_mono_ns() < end_ns);
	printf("    %.*s\n", STR_ARG(f.message));
	return false;
}

static void test_texts(const struct place *p)
{
	struct entry e = sample_entry(1), got;
	struct store *s;

	if (p->kind != PLACE_POSTGRES)
		return;
	s = begin(p);
	e.tags = (struct str){"a\xff\0b\xc3\xa9", 6};
	CHECK(store_put_entries(s, &e, 1, NULL, &f) == 0);
	CHECK(store_entry(s, e.request_id, 1, &arena, &got, &f) == 0);
	CHECK_STR(got.tags, STR("a??b\xc3\xa9"));
	store_close(&s);
}

/* Its session is ended from elsewhere: one call fails, a later one finds a new session. */
static void test_session_ends(const struct place *p)
{
	struct store *s;
	struct entry e = sample_entry(2);

	if (p->kind != PLACE_POSTGRES)
		return;
	s = begin(p);
	CHECK(put_works(s, 1, 0));
	place_sql(p, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
	             " WHERE application_name = 'fluxrouter'");
	CHECK(store_put_entries(s, &e, 1, NULL, &f) < 0 && f.kind == FAIL_STORE);
	CHECK(put_works(s, 2, 30000));
	place_sql(p, "ALTER SYSTEM SET default_transaction_read_only = on");
	place_sql(p, "SELECT pg_reload_conf()");
	for (int i = 0; i < 3000 && store_put_entries(s, &e, 1, NULL, &f) == 0; i++)
		usleep(10000);
	CHECK(str_find(f.message, STR("read-only")) < f.message.len);
	place_sql(p, "ALTER SYSTEM RESET default_transaction_read_only");
	place_sql(p, "SELECT pg_reload_conf()");
	CHECK(put_works(s, 3, 30000));
	store_close(&s);
}

/* A server that says nothing is given up in the middle of a wait. */
static void test_silence(const struct place *p)
{
	struct place_lock lock;
	struct entry got;
	uint8_t id[16] = {0};
	struct store *s;
	int64_t begin_ns;

	if (p->kind != PLACE_POSTGRES)
		return;
	s = begin(p);
	place_lock(p, &lock);
	must(lock.pq->sendQuery(lock.conn, "LOCK TABLE entries IN ACCESS EXCLUSIVE MODE"));
	for (struct pg_result *r; (r = lock.pq->getResult(lock.conn));)
		lock.pq->clear(r);
	LIST_OBJECT(s, struct postgres, store)->answer_ms = 100;
	begin_ns = clock_mono_ns();
	CHECK(store_entry(s, id, 1, &arena, &got, &f) < 0);
	CHECK(str_find(f.message, STR("no answer in time")) < f.message.len);
	CHECK(clock_mono_ns() - begin_ns < 20 * 1000000000LL);
	place_unlock(&lock);
	CHECK(put_works(s, 1, 30000));
	store_close(&s);
}

static void test_too_many(const struct place *p)
{
	enum { MANY = 25 };
	struct store *stores[MANY] = {NULL};
	int count = 0;

	if (p->kind != PLACE_POSTGRES)
		return;
	fail_init(&f, &arena);
	while (count < MANY && store_open(p->where, STORE_CREATE, &stores[count], &f) == 0)
		count++;
	CHECK(count > 5 && count < MANY);
	CHECK(str_find(f.message, STR("too many clients")) < f.message.len);
	for (int i = 0; i < count; i++)
		store_close(&stores[i]);
}

static int wrong_sums;

static void on_wrong(void *arg, struct str sentence)
{
	(void)arg;
	printf("    %.*s\n", STR_ARG(sentence));
	wrong_sums++;
}

static void server(const char *verb)
{
	char script[] = "tests/postgres.sh";
	char *words[] = {script, (char *)verb, getenv("FLUX_POSTGRES_DIR"), NULL};
	pid_t child = fork();
	int status;

	must(child >= 0);
	if (child == 0) {
		must(freopen("/dev/null", "w", stdout) != NULL);
		must(freopen("/dev/null", "w", stderr) != NULL);
		execv(script, words);
		_exit(127);
	}
	must(waitpid(child, &status, 0) == child && status == 0);
}

/* kill -9 of the whole server in the middle of batches, and a stop: all comes, once. */
static void test_server_goes(const struct place *p)
{
	static const char *const ways[] = {"kill", "stop"};
	struct entry batch[500];
	int64_t next = 0;
	struct store *s;

	if (p->kind != PLACE_POSTGRES || !getenv("FLUX_POSTGRES_DIR"))
		return;
	s = begin(p);
	for (int way = 0; way < 2; way++) {
		for (int i = 0; i < 500; i++)
			batch[i] = sample_entry(next + i);
		CHECK(store_put_entries(s, batch, 300, NULL, &f) == 0);
		server(ways[way]);
		CHECK(store_put_entries(s, batch, 500, NULL, &f) < 0);
		CHECK(store_put_entries(s, batch, 500, NULL, &f) < 0);
		server("start");
		CHECK(put_works(s, next, 8000));
		CHECK(store_put_entries(s, batch, 500, NULL, &f) == 0);
		next += 500;
	}
	CHECK(store_verify_sums(s, on_wrong, NULL, &f) == 0 && wrong_sums == 0);
	store_close(&s);
}

/* It kills its server, and takes all of its connections; others use the one that is given. */
static void want_own_server(void)
{
	const char *given = getenv("FLUX_POSTGRES");

	if (getenv("FLUX_POSTGRES_OWN") || (given && strncmp(given, "none:", 5) == 0))
		return;
	must(setenv("FLUX_POSTGRES_OWN", "1", 1) == 0);
	must(setenv("FLUX_POSTGRES_OPTIONS", "-c max_connections=20", 1) == 0);
	must(unsetenv("FLUX_POSTGRES") == 0);
}

int main(int argc, char **argv)
{
	(void)argc;
	want_own_server();
	place_start(argv);
	arena_init(&arena);
	test_names();
	place_each(test_texts);
	place_each(test_session_ends);
	place_each(test_silence);
	place_each(test_too_many);
	place_each(test_server_goes);
	test_nobody();
	arena_release(&arena);
	return place_report("postgres");
}
