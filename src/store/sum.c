/* Reports: sums over `days`, and whether the sums are those of the entries. Called by verbs and
 * the admin side. */
#include "base/clock.h"
#include "store/purge.h"
#include "store/spent.h"

static const int64_t day_ms = 24LL * 3600 * 1000;

/* What each way of grouping selects and groups by; not grouped by, it is `otherwise`. */
static const struct {
	enum store_group bit;
	const char *column, *otherwise;
} groups[] = {
    {STORE_BY_DAY, "d.day", "0"},
    {STORE_BY_MODEL, "d.model", "''"},
    {STORE_BY_ACCOUNT, "coalesce(a.name, CAST(d.account_id AS TEXT))", "''"},
    {STORE_BY_KEY,
     "coalesce(k.prefix || CASE WHEN k.label = '' THEN '' ELSE ' ' || k.label END,"
     " CAST(d.key_id AS TEXT))",
     "''"},
};

enum { GROUPS = sizeof groups / sizeof groups[0] };

#define SUM(column) "CAST(sum(" column ") AS BIGINT)"

static const char sums_of_days[] =
    SUM("requests") ", " SUM("input") ", " SUM("cache_read") ", " SUM("cache_write") ", " SUM(
        "output") ", " SUM("cost_nusd") ", " SUM("charge_nusd") ", " SUM("estimated") " FROM days "
                                                                                      "d LEFT JOIN "
                                                                                      "owners a ON "
                                                                                      "a.kind = 1 "
                                                                                      "AND a.id = "
                                                                                      "d.account_id"
                                                                                      " LEFT JOIN "
                                                                                      "keys k ON "
                                                                                      "k.id = "
                                                                                      "d.key_id "
                                                                                      "WHERE d.day "
                                                                                      ">= ?1 AND "
                                                                                      "d.day < ?2";

/* Two keys with the same prefix stay apart: grouped by id beside the text. */
static struct str sums_sql(unsigned by, struct arena *arena)
{
	struct str sql = STR("SELECT "), group = STR("");

	for (int i = 0; i < GROUPS; i++) {
		bool is_by = by & groups[i].bit;

		sql = arena_printf(arena, "%.*s%s, ", STR_ARG(sql),
		                   is_by ? groups[i].column : groups[i].otherwise);
		if (is_by)
			group = arena_printf(arena, "%.*s%s%s", STR_ARG(group),
			                     group.len ? ", " : " GROUP BY ", groups[i].column);
	}
	return arena_printf(arena, "%.*s%s%.*s%s HAVING sum(requests) > 0 ORDER BY 1, 2, 3, 4",
	                    STR_ARG(sql), sums_of_days, STR_ARG(group),
	                    by & STORE_BY_KEY ? ", d.key_id" : "");
}

static struct str day_text(int64_t day, struct arena *arena)
{
	struct clock_day d = clock_day_of(day * day_ms);

	return arena_printf(arena, "%04d-%02d-%02d", d.year, d.month, d.day);
}

struct telling {
	unsigned by;
	struct arena *arena;
	bool (*on_sum)(void *, const struct store_sum *);
	void *arg;
};

static bool tell_sum(void *arg, const struct sql_value *row)
{
	struct telling *t = arg;
	struct store_sum sum = {
	    .day = t->by & STORE_BY_DAY ? day_text(row[0].i64, t->arena) : STR(""),
	    .model = arena_copy(t->arena, row[1].text),
	    .account = arena_copy(t->arena, row[2].text),
	    .key = arena_copy(t->arena, row[3].text),
	    .requests = row[4].i64,
	    .input = row[5].i64,
	    .cache_read = row[6].i64,
	    .cache_write = row[7].i64,
	    .output = row[8].i64,
	    .cost_nusd = row[9].i64,
	    .charge_nusd = row[10].i64,
	    .estimated = row[11].i64,
	};

	return t->on_sum(t->arg, &sum);
}

static int64_t day_of(int64_t wall_ms)
{
	return wall_ms > 0 ? wall_ms / day_ms : 0;
}

int store_sums(struct store *s, struct store_report report, struct arena *arena,
               bool (*on_sum)(void *, const struct store_sum *), void *arg, struct fail *f)
{
	struct telling t = {report.by, arena, on_sum, arg};
	struct sql q = {
	    .text = sums_sql(report.by, f->arena).ptr,
	    .doing = "sum",
	    SQL_WITH(value_i64(day_of(report.from_ms)),
	             value_i64(day_of(report.to_ms > 0 ? report.to_ms - 1 : 0) + 1)),
	    .on_row = tell_sum,
	    .arg = &t,
	};

	return store_run(s, &q, f);
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
	                        " WHERE nusd < 0 OR scope < 0 OR scope >= ?1 OR length(node) <> 16",
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
