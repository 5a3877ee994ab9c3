/* Leases: money that nodes may spend without asking again. See lease.h for what is meant.
 *
 * Invariant, with the ceiling that an ask names: spent + all leases <= ceiling after a grant. To
 * grant is to read sums and to add a row, so it is done under the lock of the bucket's row in
 * `spent`, which putting entries takes too. Giving back takes no lock: it only makes room. Rows are
 * locked in this order, so that nobody waits in a circle: the node's, buckets in theirs, leases.
 * Called by the carrier and verbs. */
#include "store/lease.h"

#include "store/spent.h"

#include <stdlib.h>

static int compare_asks(const void *left, const void *right)
{
	const struct store_bucket *a = &(*(const struct store_lease_ask *const *)left)->bucket;
	const struct store_bucket *b = &(*(const struct store_lease_ask *const *)right)->bucket;

	if (a->scope != b->scope)
		return a->scope < b->scope ? -1 : 1;
	if (a->owner != b->owner)
		return a->owner < b->owner ? -1 : 1;
	return (a->period_ms > b->period_ms) - (a->period_ms < b->period_ms);
}

static void fill_lock(void *arg, int row, struct sql_value *out)
{
	const struct store_lease_ask *const *asks = arg;

	out[0] = value_i64(asks[row]->bucket.scope);
	out[1] = value_i64(asks[row]->bucket.owner);
	out[2] = value_i64(asks[row]->bucket.period_ms);
}

static int lock_buckets(struct store *s, const struct store_lease_ask *asks, int count,
                        struct fail *f)
{
	const struct store_lease_ask **sorted =
	    ARENA_ARRAY(f->arena, const struct store_lease_ask *, (size_t)count);
	const struct sql_many lock = {.which = SQL_SPENT_LOCK,
	                              .doing = "lock a bucket",
	                              .rows = count,
	                              .width = 3,
	                              .fill = fill_lock,
	                              .arg = (void *)sorted};

	for (int i = 0; i < count; i++)
		sorted[i] = &asks[i];
	qsort((void *)sorted, (size_t)count, sizeof *sorted, compare_asks);
	return s->engine->run_many(s, &lock, f);
}

static bool take_sums(void *arg, const struct sql_value *row)
{
	struct store_lease_grant *g = arg;

	g->mine_nusd = row[0].i64;
	g->others_nusd = row[1].i64;
	return false;
}

/* What the ceiling leaves, never below 0; and what a lease below 0 lacks: that is spent already. */
static int64_t left_of(int64_t ceiling_nusd, const struct store_lease_grant *g)
{
	int64_t taken = g->spent_nusd, left_nusd;

	store_add(&taken, g->mine_nusd > 0 ? g->mine_nusd : 0);
	store_add(&taken, g->others_nusd);
	left_nusd = ceiling_nusd > taken ? ceiling_nusd - taken : 0;
	store_add(&left_nusd, g->mine_nusd < 0 ? -g->mine_nusd : 0);
	return left_nusd;
}

struct taking {
	struct store *store;
	const uint8_t *node;
	int64_t ticket;
};

static int raise_lease(const struct taking *t, struct store_bucket b, int64_t amount_nusd,
                       struct fail *f)
{
	struct sql q = {.which = SQL_LEASE_ADD,
	                .doing = "write a lease",
	                SQL_WITH(value_i64(b.scope), value_i64(b.owner), value_i64(b.period_ms),
	                         value_bytes(t->node, 16), value_i64(amount_nusd),
	                         value_i64(t->ticket))};

	return store_run(t->store, &q, f);
}

/* What an unheard answer granted was never spent: the lease has it still, or never had it. */
static int undo(const struct taking *t, int64_t doubted, struct fail *f)
{
	struct sql q = {.which = SQL_LEASES_UNDO,
	                .doing = "give back leases that nobody heard of",
	                SQL_WITH(value_bytes(t->node, 16), value_i64(doubted))};

	return doubted ? store_run(t->store, &q, f) : 0;
}

static int take_one(const struct taking *t, const struct store_lease_ask *ask,
                    struct store_lease_grant *out, struct fail *f)
{
	struct store *s = t->store;
	struct store_bucket b = ask->bucket;
	struct store_lease_grant g = {0};
	struct sql sums = {.which = SQL_LEASE_SUMS,
	                   .doing = "read leases",
	                   SQL_WITH(value_i64(b.scope), value_i64(b.owner), value_i64(b.period_ms),
	                            value_bytes(t->node, 16)),
	                   .on_row = take_sums,
	                   .arg = &g};

	if (store_spent(s, b, &g.spent_nusd, f) < 0 || store_run(s, &sums, f) < 0)
		return -1;
	g.granted_nusd = left_of(ask->ceiling_nusd, &g);
	if (g.granted_nusd > ask->want_nusd)
		g.granted_nusd = ask->want_nusd;
	if (g.granted_nusd < ask->least_nusd || g.granted_nusd < 0)
		g.granted_nusd = 0;
	if (g.granted_nusd > 0 && raise_lease(t, b, g.granted_nusd, f) < 0)
		return -1;
	g.mine_nusd += g.granted_nusd;
	*out = g;
	return 0;
}

/* Leases that came to nothing are swept now and then. */
static int sweep(struct store *s, const uint8_t node[16], struct fail *f)
{
	struct sql q = {
	    .which = SQL_LEASES_SWEEP, .doing = "sweep leases", SQL_WITH(value_bytes(node, 16))};

	return store_run(s, &q, f);
}

/* First of all: the node's row is its lock, too. A question whose connection broke may be at its
 * COMMIT still, and what it grants would come behind the undo of the next one. */
static int extend(struct store *s, const uint8_t node[16], struct fail *f)
{
	int64_t now_ms;

	if (s->engine->now_ms(s, &now_ms, f) < 0)
		return -1;
	struct sql q = {.which = SQL_NODE_EXTEND,
	                .doing = "extend leases",
	                SQL_WITH(value_bytes(node, 16), value_i64(now_ms + LEASE_TERM_MS))};
	return store_run(s, &q, f);
}

int store_lease_take(struct store *s, const uint8_t node[16], const struct store_lease_turn *turn,
                     struct store_lease_grant *out, struct fail *f)
{
	const struct taking t = {s, node, turn->ticket};
	struct store_lease_grant *grants =
	    ARENA_ARRAY(f->arena, struct store_lease_grant, (size_t)turn->count);
	int count = turn->count, result;

	must(turn->ticket > 0);
	if (store_begin(s, SQL_TO_WRITE, f) < 0)
		return -1;
	result = extend(s, node, f);
	if (result == 0)
		result = lock_buckets(s, turn->asks, count, f);
	if (result == 0)
		result = undo(&t, turn->doubted, f);
	for (int i = 0; i < count && result == 0; i++)
		result = take_one(&t, &turn->asks[i], &grants[i], f);
	if (result == 0)
		result = sweep(s, node, f);
	if (store_end(s, result, f) < 0)
		return -1;
	if (count > 0)
		memcpy(out, grants, (size_t)count * sizeof *out);
	return 0;
}

static int lock_node(struct store *s, const uint8_t node[16], struct fail *f)
{
	struct sql q = {
	    .which = SQL_NODE_LOCK, .doing = "lock a node", SQL_WITH(value_bytes(node, 16))};

	return store_run(s, &q, f);
}

/* Behind the node's row: should the connection break, the next question waits until this one's
 * COMMIT has come to an end. */
int store_lease_return(struct store *s, const uint8_t node[16], struct store_bucket b,
                       int64_t amount_nusd, struct fail *f)
{
	struct sql q = {.which = SQL_LEASE_LOWER,
	                .doing = "give back a lease",
	                SQL_WITH(value_i64(b.scope), value_i64(b.owner), value_i64(b.period_ms),
	                         value_bytes(node, 16), value_i64(amount_nusd))};
	int result;

	must(amount_nusd >= 0);
	if (store_begin(s, SQL_TO_WRITE, f) < 0)
		return -1;
	result = lock_node(s, node, f);
	if (result == 0)
		result = store_run(s, &q, f);
	return store_end(s, result, f);
}

static int drop_leases(struct store *s, const uint8_t node[16], struct fail *f)
{
	struct sql q = {
	    .which = SQL_LEASES_DROP, .doing = "give back leases", SQL_WITH(value_bytes(node, 16))};

	return store_run(s, &q, f);
}

/* The last question of a process that was killed may be at its COMMIT, too. */
int store_lease_release(struct store *s, const uint8_t node[16], struct fail *f)
{
	int result;

	if (store_begin(s, SQL_TO_WRITE, f) < 0)
		return -1;
	result = lock_node(s, node, f);
	if (result == 0)
		result = drop_leases(s, node, f);
	return store_end(s, result, f);
}

static int write_off(struct store *s, const uint8_t node[16], struct fail *f)
{
	struct sql q = {
	    .which = SQL_NODE_EXPIRY, .doing = "read leases", SQL_WITH(value_bytes(node, 16))};
	int64_t now_ms, expires_ms;

	if (lock_node(s, node, f) < 0)
		return -1;
	if (s->engine->now_ms(s, &now_ms, f) < 0 || store_ask_i64(s, &q, -1, &expires_ms, f) < 0)
		return -1;
	if (expires_ms < 0)
		return fail(f, FAIL_INVALID_VALUE, "that node has no lease");
	if (expires_ms >= now_ms)
		return fail(f, FAIL_INVALID_VALUE,
		            "that node's leases are in force for another %" PRId64
		            " s: stop it, then write them off",
		            (expires_ms - now_ms) / 1000 + 1);
	return drop_leases(s, node, f);
}

int store_lease_write_off(struct store *s, const uint8_t node[16], struct fail *f)
{
	if (store_begin(s, SQL_TO_WRITE, f) < 0)
		return -1;
	return store_end(s, write_off(s, node, f), f);
}

struct telling {
	bool (*on_lease)(void *, const struct store_lease *);
	void *arg;
};

static bool tell_lease(void *arg, const struct sql_value *row)
{
	struct telling *t = arg;
	struct store_lease l = {
	    .bucket = {(enum store_scope)row[1].i64, row[2].i64, row[3].i64},
	    .amount_nusd = row[4].i64,
	    .expires_ms = row[5].i64,
	};

	if (row[0].text.len == sizeof l.node)
		memcpy(l.node, row[0].text.ptr, sizeof l.node);
	return t->on_lease(t->arg, &l);
}

int store_leases(struct store *s, struct arena *arena,
                 bool (*on_lease)(void *, const struct store_lease *), void *arg, struct fail *f)
{
	struct telling t = {on_lease, arg};
	struct sql q = {
	    .which = SQL_LEASES_ALL, .doing = "read leases", .on_row = tell_lease, .arg = &t};

	(void)arena; /* a lease has no texts */
	return store_run(s, &q, f);
}

int store_spent(struct store *s, struct store_bucket b, int64_t *out_nusd, struct fail *f)
{
	struct sql q = {.which = SQL_SPENT_GET,
	                .doing = "read what is spent",
	                SQL_WITH(value_i64(b.scope), value_i64(b.owner), value_i64(b.period_ms))};

	return store_ask_i64(s, &q, 0, out_nusd, f);
}
