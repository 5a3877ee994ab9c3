/* The threads behind the ledger: entries reach the store, also when it is locked for a while;
 * segments go; keys are told; verify finds what does not agree. */
#include "base/clock.h"
#include "check.h"
#include "ledger/carrier.h"
#include "ledger/verify.h"
#include "ledger_sample.h"
#include "store/lease.h"
#include "tempdir.h"

#include <sqlite3.h>
#include <sys/stat.h>

enum { PATIENCE_MS = 120 * 1000 }; /* of slow machines, too */

static struct arena arena;
static struct fail f;
static struct loop loop;
static struct str dir;
static atomic_int keys_told, troubles, key_takes_ms;

static void on_key(void *arg, const struct store_key *k)
{
	(void)arg;
	(void)k;
	usleep((useconds_t)atomic_load(&key_takes_ms) * 1000);
	atomic_fetch_add(&keys_told, 1);
}

static void on_trouble(void *arg, struct str sentence)
{
	(void)arg;
	(void)sentence;
	atomic_fetch_add(&troubles, 1);
}

/* A daemon in small. */
struct daemon {
	struct store *store;
	struct carrier *carrier;
	struct journal *journal;
	struct carry_recovery recovery;
};

static struct daemon daemon_start(void)
{
	struct daemon d = {0};
	struct carrier_options options = {
	    .data_dir = dir, .on_key = on_key, .on_trouble = on_trouble};

	must(store_open(dir, STORE_CREATE, &d.store, &f) == 0);
	options.store = d.store;
	d.carrier = carrier_start(&options, &d.recovery, &f);
	must(d.carrier != NULL);
	d.journal = journal_open(&loop, dir, 0, &f);
	must(d.journal != NULL);
	carrier_follow(d.carrier, d.journal);
	return d;
}

static void daemon_stop(struct daemon *d)
{
	journal_close(&d->journal);
	carrier_stop(&d->carrier);
	CHECK(d->carrier == NULL);
	store_close(&d->store);
}

static void put(struct daemon *d, int64_t from, int64_t to)
{
	for (int64_t n = from; n < to; n++) {
		struct entry open = sample_open(n), close = sample_entry(n);
		struct journal_slot slot;

		must(journal_put_open(d->journal, &open, &slot, &f) == 0);
		must(journal_commit(d->journal) == 0);
		journal_put_close(d->journal, &slot, &close);
		must(journal_commit(d->journal) == 0);
	}
}

/* Entries from..to as another process sees them. */
static int count_right(int64_t from, int64_t to)
{
	struct store *s;
	int right = 0;

	must(store_open(dir, STORE_READ_ONLY, &s, &f) == 0);
	for (int64_t n = from; n < to; n++) {
		struct entry want = sample_entry(n), got = {0};

		must(store_entry(s, want.request_id, 1, &arena, &got, &f) == 0);
		right += entry_is_same(&want, &got);
	}
	store_close(&s);
	return right;
}

static bool comes_true(int64_t from, int64_t to)
{
	int64_t end_ns = clock_mono_ns() + PATIENCE_MS * 1000000LL;

	while (clock_mono_ns() < end_ns) {
		if (count_right(from, to) == to - from)
			return true;
		usleep(5000);
	}
	return false;
}

static void begin(void)
{
	dir = tempdir_make(&arena);
	fail_init(&f, &arena);
	atomic_store(&keys_told, 0);
	atomic_store(&troubles, 0);
}

static void test_carries(void)
{
	struct daemon d;

	begin();
	d = daemon_start();
	put(&d, 0, 300);
	CHECK(comes_true(0, 300));
	CHECK(carrier_backlog(d.carrier).journal_bytes > 0);
	put(&d, 300, 700);
	daemon_stop(&d); /* takes the rest with it */
	CHECK(count_right(0, 700) == 700);
	d = daemon_start();
	CHECK(d.recovery.lost == 0 && d.recovery.damaged == 0);
	daemon_stop(&d);
	CHECK(atomic_load(&troubles) == 0);
	tempdir_remove(dir);
}

static void test_locked_store(void)
{
	struct daemon d;
	sqlite3 *other;

	begin();
	d = daemon_start();
	must(sqlite3_open(arena_printf(&arena, "%.*s/flux.db", STR_ARG(dir)).ptr, &other) ==
	     SQLITE_OK);
	must(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
	put(&d, 0, 1000); /* nobody waits for the store */
	for (int i = 0; i < PATIENCE_MS && atomic_load(&troubles) == 0; i++)
		usleep(1000);
	CHECK(count_right(0, 1000) == 0 && atomic_load(&troubles) == 1);
	CHECK(carrier_backlog(d.carrier).records > 0);
	must(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(other);
	CHECK(comes_true(0, 1000));
	daemon_stop(&d);
	CHECK(atomic_load(&troubles) == 2); /* and that it works again */
	tempdir_remove(dir);
}

static bool has_segment(uint64_t number)
{
	return access(segment_path(dir, (struct segment_id){0, number}, &arena).ptr, F_OK) == 0;
}

static void put_gathered(struct daemon *d, int64_t from, int64_t to)
{
	for (int64_t n = from; n < to; n++) {
		struct entry open = sample_open(n), close = sample_entry(n);
		struct journal_slot slot;

		must(journal_put_open(d->journal, &open, &slot, &f) == 0);
		journal_put_close(d->journal, &slot, &close);
		if (n % 100 == 0)
			must(journal_commit(d->journal) == 0);
	}
	must(journal_commit(d->journal) == 0);
}

/* A segment stays as long as one of its attempts is open. */
static void test_segments_go(void)
{
	enum { MANY = 34000 };
	struct entry open = sample_open(MANY + 1), close = sample_entry(MANY + 1);
	struct journal_slot slot;
	struct daemon d;

	begin();
	d = daemon_start();
	must(journal_put_open(d.journal, &open, &slot, &f) == 0);
	put_gathered(&d, 0, MANY);
	CHECK(comes_true(MANY - 100, MANY));
	CHECK(has_segment(1) && has_segment(2));
	journal_put_close(d.journal, &slot, &close);
	must(journal_commit(d.journal) == 0);
	CHECK(comes_true(MANY + 1, MANY + 2));
	for (int i = 0; i < 3000 && has_segment(1); i++)
		usleep(10000);
	CHECK(!has_segment(1) && has_segment(2));
	daemon_stop(&d);
	CHECK(count_right(0, MANY) == MANY);
	tempdir_remove(dir);
}

/* How long an answer takes that is asked for. */
static int64_t ask_keys_ms(struct carrier *c)
{
	int64_t start_ns = clock_mono_ns();
	uint64_t ticket = carrier_ask_keys(c, &loop);

	while (!carrier_has_answered(c, ticket))
		usleep(200);
	return (clock_mono_ns() - start_ns) / 1000000;
}

static void test_keys(void)
{
	struct store_key k = {.account_id = 1, .digest = {1}, .prefix = STR("sk-flux-abcdef")};
	struct store *other;
	struct daemon d;
	int64_t id, took_ms;

	begin();
	d = daemon_start();
	must(store_open(dir, STORE_EXISTING, &other, &f) == 0);
	must(store_account_named(other, STR("a"), &k.account_id, &f) == 0);
	usleep(20000);
	must(store_key_add(other, &k, &id, &f) == 0);
	took_ms = ask_keys_ms(d.carrier);
	CHECK(atomic_load(&keys_told) == 1);
	for (int i = 0; took_ms >= 200 && i < 20; i++) /* it looks by itself every 250 ms */
		took_ms = ask_keys_ms(d.carrier);
	CHECK(took_ms < 200);
	must(store_key_revoke(other, STR("sk-flux-abcdef"), 5, &f) == 0);
	for (int i = 0; i < 2000 && atomic_load(&keys_told) < 2; i++)
		usleep(10000);
	CHECK(atomic_load(&keys_told) == 2); /* unasked, a quarter of a second later */
	store_close(&other);
	daemon_stop(&d);
	d = daemon_start();
	CHECK(atomic_load(&keys_told) == 3); /* all keys at start */
	daemon_stop(&d);
	tempdir_remove(dir);
}

/* A journal that was left by a node that is no more: what it spent comes off that node's lease. */
static void test_left_by_another(void)
{
	struct store_lease_ask ask = {{STORE_GLOBAL_MONTH, 0, 1761955200000}, 1000000, 50000, 1};
	const struct store_lease_turn turn = {&ask, 1, 1, 0};
	uint8_t node[RECORD_NODE_BYTES];
	struct carry_recovery recovery;
	struct store_lease_grant g;
	struct daemon d = {0};

	begin();
	must(store_open(dir, STORE_CREATE, &d.store, &f) == 0);
	must(segment_dir_make(dir, node, &f) == 0);
	must(store_lease_take(d.store, node, &turn, &g, &f) == 0 && g.mine_nusd == 50000);
	d.journal = journal_open(&loop, dir, 0, &f);
	must(d.journal != NULL);
	put(&d, 0, 10);
	journal_close(&d.journal);
	must(unlink(arena_printf(&arena, "%.*s/journal/node", STR_ARG(dir)).ptr) == 0);
	CHECK(carry_recover(d.store, dir, &recovery, &f) == 0 && recovery.entries == 10);
	ask.want_nusd = 0;
	must(store_lease_take(d.store, node, &turn, &g, &f) == 0);
	CHECK(g.spent_nusd == 10 * 2000 + 45 && g.mine_nusd == 50000 - g.spent_nusd);
	store_close(&d.store);
	tempdir_remove(dir);
}

static struct carrier *asked;
static uint64_t late_ticket;
static int good_wakes;

static void on_wake(struct loop *l)
{
	(void)l;
	good_wakes += carrier_has_answered(asked, late_ticket);
}

static void add_key(struct store *s, int64_t account_id, uint8_t mark)
{
	struct store_key k = {
	    .account_id = account_id, .digest = {mark}, .prefix = STR("sk-flux-xxxxxx")};
	int64_t id;

	must(store_key_add(s, &k, &id, &f) == 0);
}

/* A carrier beside somebody else's link to the same store, where each key takes long to be told. */
struct slow {
	struct daemon d;
	struct store *other;
	int64_t account_id;
};

static struct slow slow_start(void (*wake)(struct loop *))
{
	struct slow slow;

	begin();
	slow.d = daemon_start();
	good_wakes = 0;
	loop.on_wake = wake;
	uv_ref((uv_handle_t *)&loop.waker);
	must(store_open(dir, STORE_EXISTING, &slow.other, &f) == 0);
	must(store_account_named(slow.other, STR("a"), &slow.account_id, &f) == 0);
	atomic_store(&key_takes_ms, 80);
	add_key(slow.other, slow.account_id, 1);
	return slow;
}

static void slow_stop(struct slow *slow)
{
	atomic_store(&key_takes_ms, 0);
	loop.on_wake = NULL;
	uv_unref((uv_handle_t *)&loop.waker);
	store_close(&slow->other);
	daemon_stop(&slow->d);
	tempdir_remove(dir);
}

/* Who asks while the store is being read is woken by the answer to its own question, not only by
 * the one before. */
static void test_asked_meanwhile(void)
{
	struct slow slow = slow_start(on_wake);

	asked = slow.d.carrier;
	late_ticket = UINT64_MAX;
	(void)!carrier_ask_keys(asked, &loop);
	usleep(30000); /* it is being told of that key */
	add_key(slow.other, slow.account_id, 2);
	late_ticket = carrier_ask_keys(asked, &loop);
	for (int i = 0; i < 30000 && good_wakes == 0; i++) {
		uv_run(&loop.uv, UV_RUN_NOWAIT);
		usleep(1000);
	}
	CHECK(good_wakes > 0 && carrier_has_answered(asked, late_ticket));
	slow_stop(&slow);
}

static void count_wake(struct loop *l)
{
	(void)l;
	good_wakes++;
}

/* The daemon stops while the store makes the carrier wait: the loops are gone when it answers. */
static void test_forgotten_loops(void)
{
	struct slow slow = slow_start(count_wake);
	struct carrier *c = slow.d.carrier;
	uint64_t ticket = carrier_ask_keys(c, &loop);

	carrier_forget_loops(c);
	for (int i = 0; i < PATIENCE_MS && !carrier_has_answered(c, ticket); i++)
		usleep(1000);
	usleep(20000); /* the loops are woken behind the answer */
	uv_run(&loop.uv, UV_RUN_NOWAIT);
	CHECK(carrier_has_answered(c, ticket) && good_wakes == 0);
	slow_stop(&slow);
}

static int wrongs;

static void on_wrong(void *arg, struct str sentence)
{
	(void)arg;
	(void)sentence;
	wrongs++;
}

static int64_t verified(struct verify_report *out)
{
	struct store *s;

	wrongs = 0;
	must(store_open(dir, STORE_READ_ONLY, &s, &f) == 0);
	must(verify_ledger(s, dir, on_wrong, NULL, out, &f) == 0);
	store_close(&s);
	CHECK(wrongs == out->wrong);
	return out->wrong;
}

static void change(const char *sql)
{
	sqlite3 *db;

	must(sqlite3_open(arena_printf(&arena, "%.*s/flux.db", STR_ARG(dir)).ptr, &db) ==
	     SQLITE_OK);
	must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
}

static void test_verify(void)
{
	struct entry open = sample_open(1000);
	struct verify_report r;
	struct journal_slot slot;
	struct daemon d;
	struct store *s;
	int64_t pending = 9;

	begin();
	d = daemon_start();
	put(&d, 0, 50);
	must(journal_put_open(d.journal, &open, &slot, &f) == 0);
	must(journal_commit(d.journal) == 0);
	CHECK(comes_true(0, 50));
	CHECK(verified(&r) == 0 && r.entries == 50 && r.pending == 0 && r.open == 1);
	daemon_stop(&d);
	d = daemon_start(); /* the open one is lost now, and in the store */
	put(&d, 50, 60);
	daemon_stop(&d);
	CHECK(verified(&r) == 0 && r.pending == 0 && r.open == 0);
	must(store_open(dir, STORE_READ_ONLY, &s, &f) == 0);
	CHECK(verify_wait_carried(s, dir, 100, &pending, &f) == 0 && pending == 0);
	store_close(&s);

	change("UPDATE entries SET cost_nusd = cost_nusd + 1 WHERE key_id = 2");
	CHECK(verified(&r) > 0);
	change("UPDATE entries SET cost_nusd = cost_nusd - 1 WHERE key_id = 2");
	CHECK(verified(&r) == 0);
	change("UPDATE days SET charge_nusd = charge_nusd - 1 WHERE key_id = 3");
	CHECK(verified(&r) > 0);
	change("UPDATE days SET charge_nusd = charge_nusd + 1 WHERE key_id = 3");
	change("DELETE FROM entries WHERE request_id = x'00000000000000000000000000000034'");
	CHECK(verified(&r) > 1); /* an entry is missing, and the sums show it */
	tempdir_remove(dir);
}

/* Turns one bit of a record in the journal. */
static void damage(off_t at)
{
	struct segment_id *ids;
	uint8_t byte;
	int count, fd;

	must(segment_list(dir, &arena, &ids, &count, &f) == 0 && count > 0);
	fd = open(segment_path(dir, ids[0], &arena).ptr, O_RDWR | O_CLOEXEC);
	must(fd >= 0 && pread(fd, &byte, 1, at) == 1);
	byte ^= 4;
	must(pwrite(fd, &byte, 1, at) == 1);
	close(fd);
}

/* A segment that is there and cannot be read is a failure, not a gap. */
static void check_unreadable(void)
{
	struct segment_id last = {.loop = 0, .number = 999};
	struct verify_report r;
	struct store *s;

	must(mkdir(segment_path(dir, last, &arena).ptr, 0700) == 0);
	must(store_open(dir, STORE_READ_ONLY, &s, &f) == 0);
	CHECK(verify_ledger(s, dir, on_wrong, NULL, &r, &f) < 0);
	store_close(&s);
	must(rmdir(segment_path(dir, last, &arena).ptr) == 0);
}

static void test_verify_damage(void)
{
	enum { SECOND_RECORD = 2 * RECORD_BYTES + 40, HEADER = 40 };
	struct verify_report r;
	struct daemon d;

	begin();
	d = daemon_start();
	put(&d, 0, 20);
	CHECK(comes_true(0, 20));
	daemon_stop(&d);
	CHECK(verified(&r) == 0 && r.entries == 20);
	damage(SECOND_RECORD);
	CHECK(verified(&r) > 0);
	damage(SECOND_RECORD);
	CHECK(verified(&r) == 0);
	check_unreadable();
	damage(HEADER);
	CHECK(verified(&r) > 0);
	tempdir_remove(dir);
}

int main(void)
{
	arena_init(&arena);
	loop_init(&loop, 0);
	test_carries();
	test_locked_store();
	test_segments_go();
	test_keys();
	test_asked_meanwhile();
	test_forgotten_loops();
	test_left_by_another();
	test_verify();
	test_verify_damage();
	loop_release(&loop);
	arena_release(&arena);
	return check_report("carrier");
}
