/* From entries to the buckets of store/lease.h.
 *
 *	entries ─note─> payers ─expand─> buckets ─raise─> spent +, leases of the putting node -
 *
 * An entry counts in the periods in which it was opened, since that is where it was held. A batch
 * raises each bucket once, in the order of the table: two nodes that put at the same time wait
 * for each other and never in a circle. Called by entry_put.c, schema.c and sum.c. */
#include "store/spent.h"

#include "base/clock.h"
#include "store/purge.h"

#include <stdlib.h>

enum { HOUR_MS = 3600 * 1000 };

static const char *const scope_names[STORE_SCOPE_COUNT] = {
#define X(name, text) text,
    STORE_SCOPES(X)
#undef X
};

const char *store_scope_name(enum store_scope scope)
{
	must(scope < STORE_SCOPE_COUNT);
	return scope_names[scope];
}

int64_t store_period(enum store_scope scope, int64_t wall_ms, int64_t *out_next_ms)
{
	struct clock_day day = clock_day_of(wall_ms > 0 ? wall_ms : 0);
	int64_t hour_ms = wall_ms > 0 ? wall_ms - wall_ms % HOUR_MS : 0;

	if (scope == STORE_ALLOWANCE) {
		*out_next_ms = INT64_MAX;
		return 0;
	}
	if (scope == STORE_ACCOUNT_HOUR) {
		*out_next_ms = hour_ms + HOUR_MS;
		return hour_ms;
	}
	*out_next_ms =
	    clock_wall_ms_of((struct clock_day){day.year + day.month / 12, day.month % 12 + 1, 1});
	return clock_wall_ms_of((struct clock_day){day.year, day.month, 1});
}

static int compare_i64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_payers(const void *left, const void *right)
{
	const struct spent_payer *a = left, *b = right;
	const int by[] = {compare_i64(a->hour, b->hour), compare_i64(a->account_id, b->account_id),
	                  compare_i64(a->team_id, b->team_id), compare_i64(a->user_id, b->user_id),
	                  compare_i64(a->key_id, b->key_id)};

	for (size_t i = 0; i < sizeof by / sizeof by[0]; i++)
		if (by[i] != 0)
			return by[i];
	return 0;
}

void spent_note(struct spent_payer *payers, int *count, const struct entry *e)
{
	struct spent_payer p = {.hour = e->opened_ms > 0 ? e->opened_ms / HOUR_MS : 0,
	                        .account_id = e->account_id,
	                        .team_id = e->team_id,
	                        .user_id = e->user_id,
	                        .key_id = e->key_id,
	                        .charge_nusd = e->charge_nusd};

	if (*count > 0 && compare_payers(&payers[*count - 1], &p) == 0)
		store_add(&payers[*count - 1].charge_nusd, p.charge_nusd);
	else
		payers[(*count)++] = p;
}

struct bucket_sum {
	struct store_bucket bucket;
	int64_t nusd;
};

static int compare_buckets(const void *left, const void *right)
{
	const struct bucket_sum *a = left, *b = right;

	if (a->bucket.scope != b->bucket.scope)
		return a->bucket.scope < b->bucket.scope ? -1 : 1;
	if (a->bucket.owner != b->bucket.owner)
		return compare_i64(a->bucket.owner, b->bucket.owner);
	return compare_i64(a->bucket.period_ms, b->bucket.period_ms);
}

/* Whose bucket it is; -1: this payer has none in that scope. */
static int64_t owner_in(enum store_scope scope, const struct spent_payer *p)
{
	switch (scope) {
	case STORE_GLOBAL_MONTH:
		return 0;
	case STORE_TEAM_MONTH:
		return p->team_id ? p->team_id : -1;
	case STORE_USER_MONTH:
		return p->user_id ? p->user_id : -1;
	case STORE_KEY_MONTH:
		return p->key_id;
	default:
		return p->account_id;
	}
}

static int merge(struct bucket_sum *sums, int count)
{
	int kept = 0;

	qsort(sums, (size_t)count, sizeof *sums, compare_buckets);
	for (int i = 0; i < count; i++) {
		if (kept > 0 && compare_buckets(&sums[kept - 1], &sums[i]) == 0)
			store_add(&sums[kept - 1].nusd, sums[i].nusd);
		else
			sums[kept++] = sums[i];
	}
	return kept;
}

/* `sums` has room for STORE_SCOPE_COUNT of each payer; comes out sorted, each bucket once. */
static int expand(const struct spent_payer *payers, int count, struct bucket_sum *sums)
{
	int sum_count = 0;

	for (int i = 0; i < count; i++)
		for (enum store_scope scope = 0; scope < STORE_SCOPE_COUNT; scope++) {
			int64_t next_ms, owner = owner_in(scope, &payers[i]);

			if (owner < 0)
				continue;
			sums[sum_count++] = (struct bucket_sum){
			    .bucket = {scope, owner,
			               store_period(scope, payers[i].hour * HOUR_MS, &next_ms)},
			    .nusd = payers[i].charge_nusd};
		}
	return count > 0 ? merge(sums, sum_count) : 0;
}

static int merge_payers(struct spent_payer *payers, int count)
{
	int kept = 0;

	if (count > 1)
		qsort(payers, (size_t)count, sizeof *payers, compare_payers);
	for (int i = 0; i < count; i++) {
		if (kept > 0 && compare_payers(&payers[kept - 1], &payers[i]) == 0)
			store_add(&payers[kept - 1].charge_nusd, payers[i].charge_nusd);
		else
			payers[kept++] = payers[i];
	}
	return kept;
}

struct raising {
	const struct bucket_sum *sums;
	const uint8_t *node;
};

static void fill_bucket(void *arg, int row, struct sql_value *out)
{
	const struct raising *r = arg;
	const struct bucket_sum *sum = &r->sums[row];
	int at = 0;

	out[at++] = value_i64(sum->bucket.scope);
	out[at++] = value_i64(sum->bucket.owner);
	out[at++] = value_i64(sum->bucket.period_ms);
	if (r->node)
		out[at++] = value_bytes(r->node, 16);
	out[at] = value_i64(sum->nusd);
}

static int raise_sums(struct store *s, const struct bucket_sum *sums, int count,
                      const uint8_t *node, struct fail *f)
{
	struct raising spent = {sums, NULL}, leases = {sums, node};
	const struct sql_many add = {.which = SQL_SPENT_ADD,
	                             .doing = "add to what is spent",
	                             .rows = count,
	                             .width = 4,
	                             .fill = fill_bucket,
	                             .arg = &spent};
	const struct sql_many lower = {.which = SQL_LEASE_SPEND,
	                               .doing = "spend a lease",
	                               .rows = count,
	                               .width = 5,
	                               .fill = fill_bucket,
	                               .arg = &leases};

	if (s->engine->run_many(s, &add, f) < 0)
		return -1;
	return node ? s->engine->run_many(s, &lower, f) : 0;
}

int spent_raise(struct store *s, struct spent_payer *payers, int count, const uint8_t *node,
                struct fail *f)
{
	int payer_count = merge_payers(payers, count), result;
	struct bucket_sum *sums =
	    mem_get((size_t)payer_count * STORE_SCOPE_COUNT * sizeof *sums + 1);

	result = raise_sums(s, sums, expand(payers, payer_count, sums), node, f);
	mem_put(sums);
	return result;
}

/* ---- sums made anew of all entries ---- */

struct payers {
	struct spent_payer *rows;
	int count, room;
};

static const char payers_sql[] =
    "SELECT CASE WHEN opened_ms > 0 THEN opened_ms / 3600000 ELSE 0 END AS hour, account_id,"
    " team_id, user_id, key_id, CAST(sum(charge_nusd) AS BIGINT) FROM entries"
    " GROUP BY 1, 2, 3, 4, 5";

static bool take_payer(void *arg, const struct sql_value *row)
{
	struct payers *p = arg;

	if (p->count == p->room) {
		p->room = p->room * 2 + 256;
		p->rows = mem_resize(p->rows, (size_t)p->room * sizeof *p->rows);
	}
	p->rows[p->count++] = (struct spent_payer){.hour = row[0].i64,
	                                           .account_id = row[1].i64,
	                                           .team_id = row[2].i64,
	                                           .user_id = row[3].i64,
	                                           .key_id = row[4].i64,
	                                           .charge_nusd = row[5].i64};
	return true;
}

static int read_payers(struct store *s, struct payers *out, struct fail *f)
{
	struct sql q = {
	    .text = payers_sql, .doing = "add up entries", .on_row = take_payer, .arg = out};

	return store_run(s, &q, f);
}

int spent_fill(struct store *s, struct fail *f)
{
	struct payers p = {0};
	int result = read_payers(s, &p, f);

	if (result == 0)
		result = spent_raise(s, p.rows, p.count, NULL, f);
	mem_put(p.rows);
	return result;
}

/* ---- verify ---- */

struct comparing {
	struct bucket_sum *sums; /* of the entries, sorted */
	int count;
	bool *seen;
	int64_t purged_ms; /* of periods that begin before it entries may be gone */
	struct arena *arena;
	void (*on_wrong)(void *, struct str);
	void *arg;
};

static void say_difference(struct comparing *c, struct store_bucket b, int64_t entries_nusd,
                           int64_t spent_nusd)
{
	if (b.period_ms < c->purged_ms)
		return;
	c->on_wrong(c->arg,
	            arena_printf(c->arena,
	                         "spent, %s of %" PRId64 " from %" PRId64
	                         " ms: entries come to %" PRId64 " nUSD, the sum says %" PRId64,
	                         store_scope_name(b.scope), b.owner, b.period_ms, entries_nusd,
	                         spent_nusd));
}

static bool compare_spent(void *arg, const struct sql_value *row)
{
	struct comparing *c = arg;
	const struct bucket_sum wanted = {
	    .bucket = {(enum store_scope)row[0].i64, row[1].i64, row[2].i64}, .nusd = row[3].i64};
	const struct bucket_sum *found = NULL;

	if (row[0].i64 < 0 || row[0].i64 >= STORE_SCOPE_COUNT) {
		c->on_wrong(c->arg, STR("spent: a bucket has a scope that nobody knows"));
		return true;
	}
	if (c->count > 0)
		found = bsearch(&wanted, c->sums, (size_t)c->count, sizeof wanted, compare_buckets);
	if (found)
		c->seen[found - c->sums] = true;
	if ((found ? found->nusd : 0) != wanted.nusd)
		say_difference(c, wanted.bucket, found ? found->nusd : 0, wanted.nusd);
	return true;
}

static int compare_all(struct store *s, struct comparing *c, struct fail *f)
{
	struct sql q = {.which = SQL_SPENT_ALL,
	                .doing = "read what is spent",
	                .on_row = compare_spent,
	                .arg = c};

	if (store_run(s, &q, f) < 0)
		return -1;
	for (int i = 0; i < c->count; i++)
		if (!c->seen[i] && c->sums[i].nusd != 0)
			say_difference(c, c->sums[i].bucket, c->sums[i].nusd, 0);
	return 0;
}

int spent_verify(struct store *s, void (*on_wrong)(void *, struct str), void *arg, struct fail *f)
{
	struct comparing c = {.arena = f->arena, .on_wrong = on_wrong, .arg = arg};
	struct payers p = {0};
	int result = read_payers(s, &p, f);

	if (result == 0)
		result = store_purged_ms(s, &c.purged_ms, f);
	if (result == 0) {
		c.sums = mem_get((size_t)p.count * STORE_SCOPE_COUNT * sizeof *c.sums + 1);
		c.count = expand(p.rows, p.count, c.sums);
		c.seen = mem_get((size_t)c.count * sizeof *c.seen + 1);
		result = compare_all(s, &c, f);
	}
	mem_put(c.sums);
	mem_put(c.seen);
	mem_put(p.rows);
	return result;
}
