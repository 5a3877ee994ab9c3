/* Buckets: what is spent, what is leased; together they never pass the ceiling. */
#include "base/list.h"
#include "ledger_sample.h"
#include "place.h"
#include "store/lease.h"
#include "store/postgres_link.h"

#include <pthread.h>
#include <sys/socket.h>

static struct arena arena;
static struct fail f;

static const uint8_t node_a[16] = {1}, node_b[16] = {2};
static const struct store_bucket account = {STORE_ACCOUNT_MONTH, 1, 1761955200000};
static const struct store_bucket key = {STORE_KEY_MONTH, 1, 1761955200000};

static struct store *begin(const struct place *p)
{
	struct store *s = NULL;

	fail_init(&f, &arena);
	must(store_open(p->where, STORE_CREATE, &s, &f) == 0);
	return s;
}

static void test_periods(void)
{
	static const int64_t hour = 3600000;
	int64_t next;

	/* 2025-11-24 16:00:00.001 */
	CHECK(store_period(STORE_ACCOUNT_HOUR, 1764000000001, &next) == 1764000000000);
	CHECK(next == 1764000000000 + hour);
	CHECK(store_period(STORE_ACCOUNT_MONTH, 1764000000001, &next) == 1761955200000);
	CHECK(next == 1764547200000); /* 2025-12-01 */
	CHECK(store_period(STORE_KEY_MONTH, 1764547199999, &next) == 1761955200000);
	CHECK(store_period(STORE_KEY_MONTH, 1764547200000, &next) == 1764547200000);
	CHECK(next == 1767225600000); /* 2026-01-01 */
	CHECK(store_period(STORE_INCLUDED, 1772323199999, &next) == 1769904000000);
	CHECK(store_period(STORE_ALLOWANCE, 1764000000001, &next) == 0 && next == INT64_MAX);
	CHECK(store_period(STORE_GLOBAL_MONTH, -5, &next) == 0);
	CHECK_STR(str_of(store_scope_name(STORE_ALLOWANCE)), STR("free_allowance"));
}

static struct store_lease_grant take(struct store *s, const uint8_t *node,
                                     struct store_lease_ask ask)
{
	struct store_lease_grant g = {.granted_nusd = -1};

	CHECK(store_lease_take(s, node, &(struct store_lease_turn){&ask, 1, 1, 0}, &g, &f) == 0);
	return g;
}

static struct store_lease_ask ask(int64_t ceiling, int64_t want, int64_t least)
{
	return (struct store_lease_ask){account, ceiling, want, least};
}

static void test_take(const struct place *p)
{
	struct store *s = begin(p);
	struct store_lease_grant g = take(s, node_a, ask(1000, 400, 100));

	CHECK(g.granted_nusd == 400 && g.mine_nusd == 400 && g.spent_nusd == 0 &&
	      g.others_nusd == 0);
	g = take(s, node_b, ask(1000, 400, 100));
	CHECK(g.granted_nusd == 400 && g.mine_nusd == 400 && g.others_nusd == 400);
	g = take(s, node_a, ask(1000, 400, 300));
	CHECK(g.granted_nusd == 0 && g.mine_nusd == 400 && g.others_nusd == 400);
	g = take(s, node_a, ask(1000, 400, 200));
	CHECK(g.granted_nusd == 200 && g.mine_nusd == 600);
	g = take(s, node_b, ask(1000, 1, 1));
	CHECK(g.granted_nusd == 0);
	g = take(s, node_b, ask(500, 0, 0)); /* lowered in flight; only a look */
	CHECK(g.granted_nusd == 0 && g.mine_nusd == 400 && g.others_nusd == 600);
	CHECK(store_lease_return(s, node_a, account, 550, &f) == 0);
	CHECK(take(s, node_b, ask(1000, 9999, 1)).granted_nusd == 550);
	CHECK(store_lease_return(s, node_a, account, 550, &f) == 0); /* has 50 */
	CHECK(take(s, node_a, ask(INT64_MAX, 5, 1)).mine_nusd == 5);
	CHECK(take(s, node_b, ask(INT64_MAX, INT64_MAX, 1)).mine_nusd == INT64_MAX - 5);
	CHECK(take(s, node_a, ask(INT64_MAX, 5, 1)).granted_nusd == 0);
	store_close(&s);
}

static int lease_count;
static struct store_lease leases[8];

static bool on_lease(void *arg, const struct store_lease *l)
{
	(void)arg;
	must(lease_count < 8);
	leases[lease_count++] = *l;
	return true;
}

static int count_leases(struct store *s)
{
	lease_count = 0;
	CHECK(store_leases(s, &arena, on_lease, NULL, &f) == 0);
	return lease_count;
}

static void test_several(const struct place *p)
{
	struct store *s = begin(p);
	const struct store_lease_ask asks[] = {
	    {key, 100, 60, 1}, {account, 1000, 500, 1}, {key, 100, 60, 1}, {key, 100, 60, 41}};
	const struct store_lease_turn turn = {asks, 4, 7, 0}, extend = {NULL, 0, 1, 0};
	struct store_lease_grant g[4];

	CHECK(store_lease_take(s, node_a, &turn, g, &f) == 0);
	CHECK(g[0].granted_nusd == 60 && g[1].granted_nusd == 500 && g[2].granted_nusd == 40 &&
	      g[3].granted_nusd == 0 && g[3].mine_nusd == 100);
	CHECK(store_lease_take(s, node_b, &extend, NULL, &f) == 0);
	CHECK(count_leases(s) == 2);
	CHECK(leases[0].bucket.scope == STORE_ACCOUNT_MONTH && leases[0].amount_nusd == 500 &&
	      leases[0].node[0] == 1 && leases[1].bucket.owner == 1 &&
	      leases[1].amount_nusd == 100);
	CHECK(leases[0].expires_ms > LEASE_TERM_MS);
	CHECK(store_lease_release(s, node_b, &f) == 0 && count_leases(s) == 2);
	CHECK(store_lease_release(s, node_a, &f) == 0 && count_leases(s) == 0);
	store_close(&s);
}

static int64_t spent(struct store *s, struct store_bucket b)
{
	int64_t nusd = -1;

	CHECK(store_spent(s, b, &nusd, &f) == 0);
	return nusd;
}

static int wrong_sums;

static void on_wrong(void *arg, struct str sentence)
{
	(void)arg;
	(void)sentence;
	wrong_sums++;
}

/* An entry moves its charge from the lease to what is spent, once. */
static void test_put(const struct place *p)
{
	struct store_mark mark = {.node = {1}, .loop = 0, .sequence = 5};
	struct store *s = begin(p);
	struct entry e[3] = {sample_entry(0), sample_entry(1), sample_entry(30)};
	struct store_bucket hour = {STORE_ACCOUNT_HOUR, 1, 1764000000000};

	for (int i = 0; i < 3; i++) {
		e[i].account_id = e[i].key_id = 1;
		e[i].team_id = i;
		e[i].user_id = 0;
		e[i].charge_nusd = 100 << i;
	}
	take(s, node_a, ask(1000, 450, 1));
	take(s, node_b, ask(1000, 450, 1));
	CHECK(store_put_entries(s, e, 2, &mark, &f) == 0);
	CHECK(spent(s, account) == 300 && spent(s, key) == 300 && spent(s, hour) == 300);
	CHECK(take(s, node_a, ask(1000, 0, 0)).mine_nusd == 150);
	CHECK(store_put_entries(s, e, 2, &mark, &f) == 0); /* carried again */
	CHECK(spent(s, account) == 300);
	CHECK(take(s, node_a, ask(1000, 0, 0)).mine_nusd == 150);
	CHECK(store_put_entries(s, e, 3, &mark, &f) == 0); /* more than the lease has */
	CHECK(spent(s, account) == 700);
	CHECK(take(s, node_a, ask(1000, 0, 0)).mine_nusd == -250);
	CHECK(take(s, node_b, ask(1000, 0, 0)).mine_nusd == 450);
	CHECK(take(s, node_b, ask(1000, 0, 0)).others_nusd == 0);
	CHECK(take(s, node_a, ask(1200, 400, 1)).granted_nusd == 250 + 50);
	CHECK(take(s, node_a, ask(1200, 400, 1)).granted_nusd == 0);
	CHECK(take(s, node_b, ask(1200, 0, 0)).others_nusd == 50);
	CHECK(spent(s, (struct store_bucket){STORE_TEAM_MONTH, 2, account.period_ms}) == 400);
	CHECK(spent(s, (struct store_bucket){STORE_TEAM_MONTH, 0, account.period_ms}) == 0);
	CHECK(spent(s, (struct store_bucket){STORE_GLOBAL_MONTH, 0, account.period_ms}) == 700);
	CHECK(spent(s, (struct store_bucket){STORE_ALLOWANCE, 1, 0}) == 700);
	CHECK(store_verify_sums(s, on_wrong, NULL, &f) == 0 && wrong_sums == 0);
	store_close(&s);
}

/* Only what has expired, and only by its whole node. */
static void test_write_off(const struct place *p)
{
	struct store *s = begin(p);

	take(s, node_a, ask(1000, 600, 1));
	take(s, node_b, ask(1000, 100, 1));
	CHECK(store_lease_write_off(s, node_a, &f) < 0 && f.kind == FAIL_INVALID_VALUE);
	CHECK(str_find(f.message, STR("in force for another")) < f.message.len);
	place_sql(p, "UPDATE nodes SET expires_ms = 1");
	CHECK(store_lease_write_off(s, node_a, &f) == 0);
	CHECK(count_leases(s) == 1 && leases[0].node[0] == 2);
	CHECK(store_lease_write_off(s, node_a, &f) < 0);
	CHECK(str_find(f.message, STR("no lease")) < f.message.len);
	wrong_sums = 0;
	CHECK(store_verify_sums(s, on_wrong, NULL, &f) == 0 && wrong_sums == 0);
	place_sql(p, "UPDATE leases SET scope = 99");
	CHECK(store_verify_sums(s, on_wrong, NULL, &f) == 0 && wrong_sums == 1);
	place_sql(p, "UPDATE leases SET scope = 1; UPDATE spent SET nusd = nusd + 1");
	CHECK(store_verify_sums(s, on_wrong, NULL, &f) == 0 && wrong_sums == 2);
	store_close(&s);
}

/* ---- several nodes at once ---- */

enum { NODES = 4, CEILING = 1000, SLICE = 7 };

static struct store_lease_grant take_after(struct store *s, int64_t ticket, int64_t doubted,
                                           struct store_lease_ask wanted)
{
	const struct store_lease_turn turn = {&wanted, 1, ticket, doubted};
	struct store_lease_grant g = {.granted_nusd = -1};

	CHECK(store_lease_take(s, node_a, &turn, &g, &f) == 0);
	return g;
}

/* The database committed, and the answer was lost: what it granted is given back once, by the next
 * question that gets through; what was answered stays. */
static void test_unheard(const struct place *p)
{
	struct store *s = begin(p);
	const struct store_lease_ask other = {key, 1000, 50, 1}, look = {key, 1000, 0, 0};

	CHECK(take_after(s, 1, 0, ask(1000, 100, 1)).mine_nusd == 100);
	CHECK(take_after(s, 2, 0, other).mine_nusd == 50);
	CHECK(take_after(s, 3, 0, ask(1000, 300, 1)).mine_nusd == 400); /* unheard */
	CHECK(take_after(s, 4, 3, ask(1000, 200, 1)).mine_nusd == 300); /* unheard, too */
	CHECK(take_after(s, 5, 3, ask(1000, 0, 0)).mine_nusd == 100);
	CHECK(take_after(s, 6, 3, ask(1000, 0, 0)).mine_nusd == 100);
	CHECK(take_after(s, 7, 0, ask(1000, 900, 1)).mine_nusd == 1000);
	CHECK(take_after(s, 8, 8, look).mine_nusd == 50);
	store_close(&s);
}

struct question {
	struct store *store;
	struct store_lease_ask ask;
	int64_t ticket, doubted;
	bool releases; /* asks nothing: the process has ended, and another one sees to it */
	bool failed;
	int64_t returned; /* asks nothing either, but gives so much back */
	_Atomic bool is_done;
};

static int put_question(struct question *q, struct fail *ff)
{
	const struct store_lease_turn turn = {&q->ask, 1, q->ticket, q->doubted};
	struct store_lease_grant g;

	if (q->releases)
		return store_lease_release(q->store, node_a, ff);
	if (q->returned)
		return store_lease_return(q->store, node_a, q->ask.bucket, q->returned, ff);
	return store_lease_take(q->store, node_a, &turn, &g, ff);
}

static void *ask_in_thread(void *arg)
{
	struct question *q = arg;
	struct arena own;
	struct fail ff;

	arena_init(&own);
	fail_init(&ff, &own);
	q->failed = put_question(q, &ff) < 0;
	arena_release(&own);
	q->is_done = true;
	return NULL;
}

static void wait_for_hanging(const struct place *p)
{
	static const char query[] = "DO $$ BEGIN"
	                            " FOR i IN 1..200 LOOP PERFORM pg_sleep(0.01);"
	                            " EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE locktype ="
	                            " 'advisory' AND NOT granted); END LOOP; END $$";

	place_sql(p, query);
}

/* The database is still at the first one's COMMIT when its connection breaks and the next comes. */
static void ask_while_it_hangs(const struct place *p, struct question *first,
                               struct question *next)
{
	struct postgres *link = LIST_OBJECT(first->store, struct postgres, store);
	int socket = link->pq->socket(link->conn);
	struct place_lock lock;
	pthread_t thread;

	place_lock(p, &lock);
	must(lock.pq->sendQuery(lock.conn, "SELECT pg_advisory_lock(7)"));
	for (struct pg_result *r; (r = lock.pq->getResult(lock.conn));)
		lock.pq->clear(r);
	must(pthread_create(&thread, NULL, ask_in_thread, first) == 0);
	wait_for_hanging(p);
	must(shutdown(socket, SHUT_RDWR) == 0);
	must(pthread_join(thread, NULL) == 0);
	CHECK(first->failed);
	link->retry_ns = 0; /* it would wait before it connects again */
	must(pthread_create(&thread, NULL, ask_in_thread, next) == 0);
	usleep(200 * 1000);
	CHECK(!next->is_done);
	place_unlock(&lock);
	must(pthread_join(thread, NULL) == 0);
	CHECK(!next->failed);
	usleep(100 * 1000);
}

/* The next question is of another bucket: what it gives back must be what that COMMIT makes. */
static void unheard_while_it_hangs(const struct place *p, struct store *s, int64_t ticket,
                                   bool releases)
{
	struct question first = {.store = s, .ask = ask(1000, 300, 1), .ticket = ticket};
	struct question next = {.store = s,
	                        .ask = {key, 1000, 50, 1},
	                        .ticket = ticket + 1,
	                        .doubted = ticket,
	                        .releases = releases};

	ask_while_it_hangs(p, &first, &next);
}

/* What is given back is given back when the next one reads the sums: others may have it by then. */
static void returned_while_it_hangs(const struct place *p, struct store *s, int64_t ticket)
{
	struct question first = {.store = s, .ask = ask(1000, 0, 0), .returned = 30};
	struct question next = {.store = s, .ask = ask(1000, 0, 0), .ticket = ticket};

	ask_while_it_hangs(p, &first, &next);
}

static void test_unheard_hangs(const struct place *p)
{
	struct store *s;

	if (p->kind != PLACE_POSTGRES)
		return;
	s = begin(p);
	place_sql(p, "CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
	             " PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$");
	place_sql(p, "CREATE CONSTRAINT TRIGGER hang AFTER INSERT OR UPDATE ON leases DEFERRABLE"
	             " INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.scope = 1 AND NEW.ticket > 0)"
	             " EXECUTE FUNCTION hang()");
	unheard_while_it_hangs(p, s, 1, true);
	CHECK(take_after(s, 1, 0, ask(1000, 0, 0)).mine_nusd == 0);
	place_sql(p, "DELETE FROM nodes");
	unheard_while_it_hangs(p, s, 1, false); /* there is no lease yet */
	CHECK(take_after(s, 3, 0, ask(1000, 0, 0)).mine_nusd == 0);
	CHECK(take_after(s, 4, 0, ask(1000, 100, 1)).mine_nusd == 100);
	unheard_while_it_hangs(p, s, 5, false); /* there is one, and of another ticket */
	CHECK(take_after(s, 7, 0, ask(1000, 0, 0)).mine_nusd == 100);
	unheard_while_it_hangs(p, s, 8, true);
	CHECK(take_after(s, 9, 0, ask(1000, 0, 0)).mine_nusd == 0);
	CHECK(take_after(s, 10, 0, ask(1000, 100, 1)).mine_nusd == 100);
	returned_while_it_hangs(p, s, 11);
	CHECK(take_after(s, 12, 0, ask(1000, 0, 0)).mine_nusd == 70);
	store_close(&s);
}

struct node {
	const struct place *place;
	uint8_t id[16];
	int64_t granted, spent;
	bool failed;
};

/* Takes slices until nothing is left; spends half of them. */
static void *run_node(void *arg)
{
	struct node *n = arg;
	struct store_mark mark = {.loop = 0};
	struct store_lease_ask slice = ask(CEILING, SLICE, SLICE);
	struct store_lease_turn turn = {&slice, 1, 1, 0};
	struct store_lease_grant g;
	struct arena own;
	struct store *s;
	struct fail ff;

	memcpy(mark.node, n->id, sizeof mark.node);
	arena_init(&own);
	fail_init(&ff, &own);
	n->failed = store_open(n->place->where, STORE_CREATE, &s, &ff) < 0;
	for (int i = 0; !n->failed; i++) {
		struct entry e = sample_entry(n->id[0] * 10000 + i);

		turn.ticket = i + 1;
		n->failed = store_lease_take(s, n->id, &turn, &g, &ff) < 0;
		if (n->failed || g.granted_nusd == 0)
			break;
		n->granted += g.granted_nusd;
		e.account_id = 1;
		e.charge_nusd = SLICE;
		mark.sequence = (uint64_t)i;
		if (i % 2 == 0)
			n->failed = store_put_entries(s, &e, 1, &mark, &ff) < 0;
		n->spent += i % 2 == 0 ? SLICE : 0;
	}
	if (n->failed)
		printf("    %.*s\n", STR_ARG(ff.message));
	store_close(&s);
	arena_release(&own);
	return NULL;
}

/* Together they get what there is, to the last slice, and never more. */
static void test_race(const struct place *p)
{
	struct node nodes[NODES] = {{0}};
	int64_t granted = 0, spent_sum = 0;
	pthread_t threads[NODES];
	struct store *s = begin(p);

	for (int i = 0; i < NODES; i++) {
		nodes[i] = (struct node){.place = p, .id = {(uint8_t)(i + 1)}};
		must(pthread_create(&threads[i], NULL, run_node, &nodes[i]) == 0);
	}
	for (int i = 0; i < NODES; i++) {
		must(pthread_join(threads[i], NULL) == 0);
		CHECK(!nodes[i].failed);
		granted += nodes[i].granted;
		spent_sum += nodes[i].spent;
	}
	CHECK(granted == CEILING / SLICE * SLICE);
	CHECK(spent(s, account) == spent_sum);
	wrong_sums = 0;
	CHECK(store_verify_sums(s, on_wrong, NULL, &f) == 0 && wrong_sums == 0);
	store_close(&s);
}

int main(int argc, char **argv)
{
	(void)argc;
	place_start(argv);
	arena_init(&arena);
	test_periods();
	place_each(test_take);
	place_each(test_several);
	place_each(test_put);
	place_each(test_write_off);
	place_each(test_unheard);
	place_each(test_unheard_hangs);
	place_each(test_race);
	arena_release(&arena);
	return place_report("lease");
}
