/* Whether the day sums that reports are made from are those of the entries. Called by `ledger
 * verify`. */
#include "base/clock.h"
#include "store/purge.h"
#include "store/spent.h"

static const int64_t day_ms = 24LL * 3600 * 1000;

static struct str day_text(int64_t day, struct arena *arena)
{
	struct clock_day d = clock_day_of(day * day_ms);

	return arena_printf(arena, "%04d-%02d-%02d", d.year, d.month, d.day);
}

/* Days before the purge mark have sums only. */
static const char compare_sql[] =
    "WITH e AS (SELECT CASE WHEN closed_ms > 0 THEN closed_ms / 86400000 ELSE 0 END AS day,"
    " account_id, key_id, model, count(*) AS requests, CAST(sum(cost_nusd) AS BIGINT) AS cost,"
    " CAST(sum(charge_nusd) AS BIGINT) AS charge FROM entries GROUP BY 1, 2, 3, 4)"
    " SELECT coalesce(e.day, d.day), coalesce(e.model, d.model),"
    " coalesce(e.key_id, d.key_id), coalesce(e.cost, 0), coalesce(d.cost_nusd, 0),"
    " coalesce(e.requests, 0), coalesce(d.requests, 0),"
    " coalesce(e.charge, 0), coalesce(d.charge_nusd, 0)"
    " FROM e FULL JOIN days d ON e.day = d.day AND e.account_id = d.account_id"
    " AND e.key_id = d.key_id AND e.model = d.model"
    " WHERE (e.requests IS DISTINCT FROM d.requests OR e.cost IS DISTINCT FROM d.cost_nusd"
    " OR e.charge IS DISTINCT FROM d.charge_nusd) AND coalesce(e.day, d.day) >= ?1";

struct comparing {
	struct arena *arena;
	void (*on_wrong)(void *, struct str);
	void *arg;
};

static bool say_difference(void *arg, const struct sql_value *row)
{
	struct comparing *c = arg;
	struct str day = day_text(row[0].i64, c->arena);

	c->on_wrong(c->arg,
	            arena_printf(c->arena,
	                         "%.*s, model %.*s, key %" PRId64 ": entries come to %" PRId64
	                         " nUSD (charged %" PRId64 ") in %" PRId64
	                         " requests, the sums say %" PRId64 " (%" PRId64 ") in %" PRId64,
	                         STR_ARG(day), STR_ARG(row[1].text), row[2].i64, row[3].i64,
	                         row[7].i64, row[5].i64, row[4].i64, row[8].i64, row[6].i64));
	return true;
}

static int verify_days(struct store *s, void (*on_wrong)(void *, struct str), void *arg,
                       struct fail *f)
{
	struct comparing c = {f->arena, on_wrong, arg};
	int64_t purged_ms = 0;

	if (store_purged_ms(s, &purged_ms, f) < 0)
		return -1;
	struct sql q = {.text = compare_sql,
	                .doing = "compare sums",
	                SQL_WITH(value_i64(purged_ms / day_ms)),
	                .on_row = say_difference,
	                .arg = &c};
	return store_run(s, &q, f);
}

static bool say_bad_lease(void *arg, const struct sql_value *row)
{
	struct comparing *c = arg;

	c->on_wrong(c->arg, arena_printf(c->arena,
	                                 "a lease in scope %" PRId64 " of %" PRId64 " has %" PRId64
	                                 " nUSD, which no lease can have",
	                                 row[0].i64, row[1].i64, row[2].i64));
	return true;
}

static int verify_leases(struct store *s, void (*on_wrong)(void *, struct str), void *arg,
                         struct fail *f)
{
	struct comparing c = {f->arena, on_wrong, arg};
	struct sql q = {.text = "SELECT scope, owner, nusd FROM leases"
	                        " WHERE scope < 0 OR scope >= ?1 OR length(node) <> 16",
	                .doing = "read leases",
	                SQL_WITH(value_i64(STORE_SCOPE_COUNT)),
	                .on_row = say_bad_lease,
	                .arg = &c};

	return store_run(s, &q, f);
}

/* One state of everything, so that entries that come meanwhile make no difference. */
int store_verify_sums(struct store *s, void (*on_wrong)(void *, struct str), void *arg,
                      struct fail *f)
{
	int result;

	if (store_begin(s, SQL_TO_READ, f) < 0)
		return -1;
	result = verify_days(s, on_wrong, arg, f);
	if (result == 0)
		result = spent_verify(s, on_wrong, arg, f);
	if (result == 0)
		result = verify_leases(s, on_wrong, arg, f);
	return store_end(s, result, f);
}
