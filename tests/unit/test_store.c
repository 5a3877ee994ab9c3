/* The store: accounts, keys, entries, sums, checkpoints, versions, two processes at once. */
#include "place.h"
#include "store/report.h"
#include "store/datadir.h"
#include "store/owner.h"
#include "store/store.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct arena arena;
static struct fail f;
static struct str top, dir;
static int wrong_sums;

static void fresh_dir(void)
{
	top = tempdir_make(&arena);
	dir = arena_printf(&arena, "%.*s/a/b", STR_ARG(top));
	fail_init(&f, &arena);
}

static struct store *opened(enum store_open_how how)
{
	struct store *s = NULL;

	if (store_open(dir, how, &s, &f) < 0)
		printf("    %.*s\n", STR_ARG(f.message));
	return s;
}

static mode_t mode_of(const char *name)
{
	struct stat st;
	struct str path = arena_printf(&arena, "%.*s%s", STR_ARG(dir), name);

	return stat(path.ptr, &st) == 0 ? st.st_mode & 0777 : 0;
}

static void test_open(void)
{
	struct store *s = NULL;

	fresh_dir();
	CHECK(store_open(dir, STORE_EXISTING, &s, &f) < 0 && f.kind == FAIL_STORE);
	s = opened(STORE_CREATE);
	CHECK(s != NULL);
	CHECK(mode_of("") == 0700 && mode_of("/flux.db") == 0600 &&
	      mode_of("/flux.db-wal") == 0600);
	store_close(&s);
	CHECK(s == NULL);
	for (int how = STORE_CREATE; how <= STORE_READ_ONLY; how++) {
		s = opened((enum store_open_how)how);
		CHECK(s != NULL);
		store_close(&s);
	}
	tempdir_remove(top);
}

static void begin(const struct place *p)
{
	dir = p->where;
	wrong_sums = 0;
	fail_init(&f, &arena);
}

static void test_newer_schema(const struct place *p)
{
	struct store *s = NULL;

	begin(p);
	CHECK(store_open(dir, STORE_EXISTING, &s, &f) < 0 && s == NULL);
	s = opened(STORE_CREATE);

	store_close(&s);
	place_sql(p, "UPDATE meta SET value = 99 WHERE name = 'schema_version'");
	CHECK(store_open(dir, STORE_CREATE, &s, &f) < 0);
	CHECK(str_find(f.message, STR("schema version 99")) < f.message.len);
	place_sql(p, "UPDATE meta SET value = 4 WHERE name = 'schema_version'");
	s = opened(STORE_EXISTING);
	CHECK(s != NULL);
	store_close(&s);
}

struct seen {
	struct store_key keys[8];
	int count;
	int stop_at;
};

static bool on_key(void *arg, const struct store_key *k)
{
	struct seen *seen = arg;

	must(seen->count < 8);
	seen->keys[seen->count++] = *k;
	return seen->count != seen->stop_at;
}

static struct seen keys_after(struct store *s, int64_t after)
{
	struct seen seen = {.stop_at = -1};

	CHECK(store_keys_after(s, after, &arena, on_key, &seen, &f) == 0);
	return seen;
}

static int64_t add_key(struct store *s, int64_t account, unsigned char mark, struct str prefix)
{
	struct store_key k = {.account_id = account,
	                      .label = STR("laptop"),
	                      .prefix = prefix,
	                      .models = STR("gpt-*"),
	                      .created_ms = 1000,
	                      .expires_ms = 2000};
	int64_t id = 0;

	memset(k.digest, mark, sizeof k.digest);
	CHECK(store_key_add(s, &k, &id, &f) == 0 && id > 0);
	return id;
}

static void test_keys(const struct place *p)
{
	struct store *s;
	struct seen seen;
	int64_t a = 0, b = 0, again = 0, first, second;

	begin(p);
	s = opened(STORE_CREATE);
	CHECK(store_account_named(s, STR("alice"), &a, &f) == 0 && a > 0);
	CHECK(store_account_named(s, STR("bob"), &b, &f) == 0 && b > 0 && b != a);
	CHECK(store_account_named(s, STR("alice"), &again, &f) == 0 && again == a);
	CHECK(keys_after(s, 0).count == 0);
	first = add_key(s, a, 1, STR("sk-flux-aaaaaa"));
	second = add_key(s, b, 2, STR("sk-flux-bbbbbb"));
	seen = keys_after(s, 0);
	CHECK(seen.count == 2 && seen.keys[0].id == first && seen.keys[1].id == second);
	CHECK_STR(seen.keys[1].account_name, STR("bob"));
	CHECK_STR(seen.keys[0].label, STR("laptop"));
	CHECK_STR(seen.keys[0].models, STR("gpt-*"));
	CHECK(seen.keys[0].digest[31] == 1 && seen.keys[0].expires_ms == 2000);
	CHECK(seen.keys[0].revision < seen.keys[1].revision);
	CHECK(keys_after(s, seen.keys[1].revision).count == 0);

	CHECK(store_key_revoke(s, STR("sk-flux-aaaaaa"), 5000, &f) == 0);
	seen = keys_after(s, seen.keys[1].revision);
	CHECK(seen.count == 1 && seen.keys[0].id == first && seen.keys[0].revoked_ms == 5000);
	CHECK(store_key_revoke(s, arena_printf(&arena, "%d", (int)first), 6000, &f) == 0);
	seen = keys_after(s, 0);
	CHECK(seen.keys[1].revoked_ms == 5000); /* the first time counts */
	seen.keys[1].revoked_ms = 0;            /* as it was read before */
	CHECK(store_key_put(s, &seen.keys[1], &f) == 0);
	CHECK(keys_after(s, 0).keys[1].revoked_ms == 5000);
	CHECK(store_key_revoke(s, STR("sk-flux-nobody"), 5000, &f) < 0);
	add_key(s, b, 3, STR("sk-flux-bbbbbb"));
	CHECK(store_key_revoke(s, STR("sk-flux-bbbbbb"), 5000, &f) < 0); /* two of them */
	store_close(&s);
}

static struct entry sample(int n)
{
	struct entry e = {.attempt = 1,
	                  .account_id = 1,
	                  .key_id = 1 + n % 2,
	                  .opened_ms = 1764000000000 + n,
	                  .closed_ms = 1764000000100 + n + (n % 3) * 86400000LL,
	                  .held_nusd = 5000 + n,
	                  .cost_nusd = 100 + n,
	                  .charge_nusd = 200 + n,
	                  .usage = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, LLM_SERVICE_PRIORITY,
	                            .is_regional = n % 2, .reported = n % 4 != 0},
	                  .model = n % 2 ? STR("gpt-5-mini") : STR("gpt-5"),
	                  .provider = STR("openai"),
	                  .price_version = 0xfffffff0u,
	                  .charge_version = 0xfffffff1u,
	                  .is_unpriced = n % 3 == 0,
	                  .dialect = LLM_MESSAGES,
	                  .tier = LLM_REASONING,
	                  .has_tier = n % 2,
	                  .lane = 2,
	                  .stream = true,
	                  .end = ENTRY_BROKEN,
	                  .status = 502,
	                  .duration_ms = 4000000000u,
	                  .first_byte_ms = 12};

	memset(e.request_id, 0x80, sizeof e.request_id);
	e.request_id[14] = (uint8_t)(n >> 8);
	e.request_id[15] = (uint8_t)n;
	return e;
}

static void on_wrong(void *arg, struct str sentence)
{
	(void)arg;
	(void)sentence;
	wrong_sums++;
}

static struct report_sum last_sum;
static int sum_count;

static bool on_sum(void *arg, const struct report_sum *sum)
{
	(void)arg;
	last_sum = *sum;
	sum_count++;
	return true;
}

static void check_sums(struct store *s, unsigned by, int64_t from_ms, int64_t to_ms, int rows)
{
	sum_count = 0;
	CHECK(store_report(s, &(struct report_ask){.by = by, .from_ms = from_ms, .to_ms = to_ms},
	                   &arena, on_sum, NULL, &f) == 0);
	CHECK(sum_count == rows);
}

static void test_entries(const struct place *p)
{
	struct entry entries[12], got;
	struct store_mark mark = {.node = {7}, .loop = 3, .sequence = 77};
	uint64_t sequence = 1;
	struct store *s;

	begin(p);
	s = opened(STORE_CREATE);
	CHECK(store_mark_of(s, mark.node, 3, &sequence, &f) == 0 && sequence == 0);
	for (int i = 0; i < 12; i++)
		entries[i] = sample(i);
	CHECK(store_put_entries(s, entries, 8, &mark, &f) == 0);
	mark.sequence = 99;
	entries[3].cost_nusd = 1; /* what is there stays as it is */
	CHECK(store_put_entries(s, entries, 12, &mark, &f) == 0);
	CHECK(store_mark_of(s, mark.node, 3, &sequence, &f) == 0 && sequence == 99);
	entries[3] = sample(3);
	for (int i = 0; i < 12; i++) {
		CHECK(store_entry(s, entries[i].request_id, 1, &arena, &got, &f) == 0);
		CHECK(entry_is_same(&got, &entries[i]));
	}
	CHECK(store_entry(s, entries[0].request_id, 2, &arena, &got, &f) == 0 && got.attempt == 0);
	CHECK(store_verify_sums(s, on_wrong, NULL, &f) == 0 && wrong_sums == 0);

	check_sums(s, 0, 0, INT64_MAX, 1);
	CHECK(last_sum.requests == 12 && last_sum.cost_nusd == 12 * 100 + 66 &&
	      last_sum.charge_nusd == 12 * 200 + 66 && last_sum.estimated == 3 &&
	      last_sum.cache_write == 12 * 7 && last_sum.output == 60);
	check_sums(s, 1u << REPORT_DAY, 0, INT64_MAX, 3);
	CHECK_STR(last_sum.groups[REPORT_DAY], STR("2025-11-26"));
	check_sums(s, 1u << REPORT_MODEL | 1u << REPORT_KEY, 0, INT64_MAX, 2);
	check_sums(s, 1u << REPORT_DAY | 1u << REPORT_MODEL, 0, INT64_MAX, 6);
	check_sums(s, 1u << REPORT_DAY, 1764028800000, 1764115200000,
	           1); /* one day, its end left out */
	check_sums(s, 0, 0, 1000, 0);
	place_sql(p, "UPDATE days SET cost_nusd = cost_nusd + 1 WHERE day = 20417");
	CHECK(store_verify_sums(s, on_wrong, NULL, &f) == 0 && wrong_sums > 0);
	CHECK(store_sync(s, &f) == 0);
	store_close(&s);
}

static void check_requests(struct store *s, int64_t requests)
{
	check_sums(s, 0, 0, INT64_MAX, 1);
	CHECK(last_sum.requests == requests && last_sum.cost_nusd == requests * 100 + 253);
	CHECK(store_verify_sums(s, on_wrong, NULL, &f) == 0 && wrong_sums == 0);
}

/* Entries go in some at a time: where one of these is there already, or twice in the batch, the
 * others count once all the same. */
static void test_entry_among_others(const struct place *p)
{
	enum { MANY = 23 };
	struct entry entries[MANY + 1], got;
	struct store *s;

	begin(p);
	s = opened(STORE_CREATE);
	for (int i = 0; i < MANY; i++)
		entries[i] = sample(i);
	CHECK(store_put_entries(s, entries + 11, 1, NULL, &f) == 0);
	entries[MANY] = entries[2];
	CHECK(store_put_entries(s, entries, MANY + 1, NULL, &f) == 0 && !fail_is_set(&f));
	check_requests(s, MANY);
	entries[MANY] = entries[4];
	entries[4] = entries[5];
	CHECK(store_put_entries(s, entries, MANY + 1, NULL, &f) == 0 && !fail_is_set(&f));
	check_requests(s, MANY);
	for (int i = 0; i < MANY; i++) {
		struct entry wanted = sample(i);

		CHECK(store_entry(s, wanted.request_id, 1, &arena, &got, &f) == 0);
		CHECK(entry_is_same(&got, &wanted));
	}
	store_close(&s);
}

/* Another process holds the lock: readers go on, writers fail after their patience and succeed
 * later. */
static void test_locked(const struct place *p)
{
	struct entry e = sample(1), got;
	struct place_lock lock;
	struct store *s;

	begin(p);
	s = opened(STORE_CREATE);
	store_set_patience(s, 10);
	place_lock(p, &lock);
	CHECK(store_put_entries(s, &e, 1, NULL, &f) < 0 && f.kind == FAIL_STORE);
	CHECK(keys_after(s, 0).count == 0);
	CHECK(store_entry(s, e.request_id, 1, &arena, &got, &f) == 0 && got.attempt == 0);
	place_unlock(&lock);
	CHECK(store_put_entries(s, &e, 1, NULL, &f) == 0);
	CHECK(store_entry(s, e.request_id, 1, &arena, &got, &f) == 0 && got.attempt == 1);
	store_close(&s);
}

static void test_daemon_lock(void)
{
	int fd = -1, second = -1;

	fresh_dir();
	CHECK(datadir_make(dir, &f) == 0);
	CHECK(!datadir_is_lock(dir, fd));
	CHECK(datadir_lock(dir, &fd, &f) == 0 && datadir_is_lock(dir, fd));
	CHECK(datadir_lock(dir, &second, &f) < 0 && second == -1);
	close(fd);
	CHECK(datadir_lock(dir, &second, &f) == 0);
	close(second);
	tempdir_remove(top);
}

/* Another process: opens the store, adds an account and leaves. */
static int visit(const char *data_dir, const char *account)
{
	struct store *s = NULL;
	int64_t id;
	int result;

	arena_init(&arena);
	fail_init(&f, &arena);
	result = store_open(str_of(data_dir), STORE_EXISTING, &s, &f) < 0 ||
	         store_account_named(s, str_of(account), &id, &f) < 0;
	store_close(&s);
	arena_release(&arena);
	return result;
}

static int have_visited(const char *account)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		execl("/proc/self/exe", "test_store", dir.ptr, account, NULL);
		_exit(127);
	}
	return waitpid(child, &status, 0) == child ? status : -1;
}

/* A process with two connections keeps its locks when it opens the second and closes it: what it
 * writes after others came and left is seen by those who come later. */
static void test_visitors(void)
{
	struct store *a, *b;
	int64_t ours, found = 0;

	fresh_dir();
	a = opened(STORE_CREATE);
	for (int how = STORE_CREATE; how <= STORE_READ_ONLY; how++) {
		b = opened((enum store_open_how)how);
		CHECK(b != NULL && have_visited("visitor") == 0);
		CHECK(mode_of("/flux.db-wal") == 0600);
		store_close(&b);
	}
	CHECK(store_account_named(a, STR("ours"), &ours, &f) == 0);
	CHECK(have_visited("ours") == 0);
	b = opened(STORE_EXISTING);
	CHECK(store_account_named(b, STR("ours"), &found, &f) == 0 && found == ours);
	store_close(&b);
	store_close(&a);
	tempdir_remove(top);
}

int main(int argc, char **argv)
{
	if (argc > 2)
		return visit(argv[1], argv[2]);
	place_start(argv);
	arena_init(&arena);
	test_open();
	place_each(test_newer_schema);
	place_each(test_keys);
	place_each(test_entries);
	place_each(test_entry_among_others);
	place_each(test_locked);
	test_daemon_lock();
	test_visitors();
	arena_release(&arena);
	return place_report("store");
}
