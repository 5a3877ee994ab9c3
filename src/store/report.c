/* Reports, as statements of the moment: what is grouped by decides about their text.
 *
 *	SELECT <groups>, <sums> FROM
 *	    days                                  when it has all groups
 *	    entries, and days that were purged    else
 *	  LEFT JOIN owners, keys for the names of what is grouped by
 *
 * Entries are clustered by request id, which begins with the time at which a request came (UUIDv7,
 * RFC 9562 5.7): a range of days is a range of ids, with a day's slack for requests that took
 * long. Called by reports of the admin side and of verbs. Must never write. */
#include "store/report.h"

#include "base/clock.h"
#include "store/engine.h"
#include "store/purge.h"

static const int64_t day_ms = 24LL * 3600 * 1000;

static const struct {
	const char *name;
	const char *column; /* of the table that is summed */
	const char *shown;  /* what is selected */
	const char *join;   /* that it needs */
	bool is_in_days;
} groups[REPORT_GROUP_COUNT] = {
    [REPORT_DAY] = {"day", "d.day", "CAST(d.day AS TEXT)", "", true},
    [REPORT_ACCOUNT] = {"account", "d.account_id",
                        "coalesce(max(a.name), CAST(d.account_id AS TEXT))",
                        " LEFT JOIN owners a ON a.kind = 1 AND a.id = d.account_id", true},
    [REPORT_TEAM] = {"team", "d.team_id", "coalesce(max(t.name), '')",
                     " LEFT JOIN owners t ON t.kind = 2 AND t.id = d.team_id", false},
    [REPORT_USER] = {"user", "d.user_id", "coalesce(max(u.name), '')",
                     " LEFT JOIN owners u ON u.kind = 3 AND u.id = d.user_id", false},
    [REPORT_KEY] = {"key", "d.key_id",
                    "coalesce(max(k.prefix || CASE WHEN k.label = '' THEN '' ELSE ' ' || k.label"
                    " END), CAST(d.key_id AS TEXT))",
                    " LEFT JOIN keys k ON k.id = d.key_id", true},
    [REPORT_PROVIDER] = {"provider", "d.provider", "d.provider", "", false},
    [REPORT_LANE] = {"lane", "d.lane", "CAST(d.lane AS TEXT)", "", false},
    [REPORT_MODEL] = {"model", "d.model", "d.model", "", true},
    [REPORT_TAG] = {"tag", "d.tags", "d.tags", "", false},
};

enum { DAYS_VALUES = 4 }; /* that the statement for day sums takes: ?1 to ?4 */

static const char from_entries[] =
    "(SELECT closed_ms / 86400000 AS day, account_id, team_id, user_id, key_id, provider, lane,"
    " model, tags, 1 AS requests, input, cache_read, cache_write_5m + cache_write_1h AS"
    " cache_write, output, cost_nusd, charge_nusd, 1 - reported AS estimated FROM entries"
    " WHERE request_id >= ?5 AND request_id < ?6 AND closed_ms >= ?1 * 86400000"
    " AND closed_ms < ?2 * 86400000 AND closed_ms >= ?7"
    " UNION ALL SELECT day, account_id, 0, 0, key_id, '', -1, model, '', requests, input,"
    " cache_read, cache_write, output, cost_nusd, charge_nusd, estimated FROM days"
    " WHERE day * 86400000 < ?7)";

const char *report_group_name(enum report_group group)
{
	must(group < REPORT_GROUP_COUNT);
	return groups[group].name;
}

int report_group_of(struct str name, enum report_group *out)
{
	for (int i = 0; i < REPORT_GROUP_COUNT; i++) {
		if (!str_eq(name, str_of(groups[i].name)))
			continue;
		*out = (enum report_group)i;
		return 0;
	}
	return -1;
}

/* ---- the statement ---- */

static bool is_in_days(unsigned by)
{
	for (int i = 0; i < REPORT_GROUP_COUNT; i++)
		if (by >> i & 1 && !groups[i].is_in_days)
			return false;
	return true;
}

static void put_list(struct buf *sql, unsigned by, bool shown)
{
	const char *comma = "";

	for (int i = 0; i < REPORT_GROUP_COUNT; i++) {
		if (!(by >> i & 1))
			continue;
		buf_printf(sql, "%s%s", comma, shown ? groups[i].shown : groups[i].column);
		comma = ", ";
	}
}

static struct str statement(unsigned by, struct arena *arena)
{
	static const char *const figures[] = {"requests", "input",     "cache_read",  "cache_write",
	                                      "output",   "cost_nusd", "charge_nusd", "estimated"};
	struct str text;
	struct buf sql;

	buf_init(&sql, 16 * 1024);
	buf_put(&sql, STR("SELECT "));
	put_list(&sql, by, true);
	for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
		buf_printf(&sql, "%sCAST(coalesce(sum(d.%s), 0) AS BIGINT)", by || i ? ", " : "",
		           figures[i]);
	buf_printf(&sql, " FROM %s d", is_in_days(by) ? "days" : from_entries);
	for (int i = 0; i < REPORT_GROUP_COUNT; i++)
		if (by >> i & 1)
			buf_put(&sql, str_of(groups[i].join));
	buf_printf(&sql, " WHERE d.day >= ?1 AND d.day < ?2 AND (?3 = 0 OR d.account_id = ?3)"
	                 " AND (?4 = 0 OR d.key_id = ?4)");
	if (by) {
		buf_put(&sql, STR(" GROUP BY "));
		put_list(&sql, by, false);
		buf_put(&sql, STR(" ORDER BY "));
		put_list(&sql, by, false);
	}
	must(!buf_is_over(&sql));
	text = arena_copy(arena, buf_str(&sql));
	buf_release(&sql);
	return text;
}

/* The least request id of that time, as UUIDv7 begins: 48 bits of milliseconds. */
static struct sql_value id_at(int64_t wall_ms, struct arena *arena)
{
	uint8_t *id = arena_get(arena, 16);

	if (wall_ms < 0)
		wall_ms = 0;
	if (wall_ms >= (int64_t)1 << 48)
		wall_ms = ((int64_t)1 << 48) - 1;
	for (int i = 0; i < 6; i++)
		id[i] = (uint8_t)(wall_ms >> (40 - 8 * i));
	return value_bytes(id, 16);
}

/* ---- sums ---- */

struct summing {
	unsigned by;
	struct arena *arena;
	bool (*on_sum)(void *, const struct report_sum *);
	void *arg;
};

static struct str show(enum report_group group, struct str text, struct arena *arena)
{
	static const char *const lanes[] = {"express", "daily", "deep"};
	struct str copy;
	struct buf b;
	int64_t number;

	if (group != REPORT_DAY && group != REPORT_LANE)
		return arena_copy(arena, text);
	if (str_to_i64(text, 0, INT64_MAX / day_ms, &number) < 0)
		return STR("");
	if (group == REPORT_LANE)
		return number < 3 ? str_of(lanes[number]) : STR("");
	buf_init(&b, 32);
	clock_put_day(&b, number * day_ms);
	copy = arena_copy(arena, buf_str(&b));
	buf_release(&b);
	return copy;
}

static bool tell_sum(void *summing, const struct sql_value *row)
{
	const struct summing *s = summing;
	struct report_sum sum = {0};
	int at = 0;

	for (int i = 0; i < REPORT_GROUP_COUNT; i++)
		if (s->by >> i & 1)
			sum.groups[i] = show((enum report_group)i, row[at++].text, s->arena);
	sum.requests = row[at].i64;
	sum.input = row[at + 1].i64;
	sum.cache_read = row[at + 2].i64;
	sum.cache_write = row[at + 3].i64;
	sum.output = row[at + 4].i64;
	sum.cost_nusd = row[at + 5].i64;
	sum.charge_nusd = row[at + 6].i64;
	sum.estimated = row[at + 7].i64;
	return sum.requests == 0 || s->on_sum(s->arg, &sum);
}

/* Days of the range; beyond what days there can be, the ends. */
static int64_t first_day(int64_t from_ms)
{
	return from_ms > 0 ? from_ms / day_ms : 0;
}

static int64_t end_day(int64_t to_ms)
{
	const int64_t far = INT64_MAX / day_ms - 1;
	int64_t day = to_ms > 0 ? (to_ms - 1) / day_ms + 1 : 0;

	return day < far ? day : far;
}

int store_report(struct store *s, const struct report_ask *ask, struct arena *arena,
                 bool (*on_sum)(void *, const struct report_sum *), void *arg, struct fail *f)
{
	struct summing summing = {ask->by, arena, on_sum, arg};
	int64_t from = first_day(ask->from_ms), end = end_day(ask->to_ms), purged_ms = 0;

	if (store_purged_ms(s, &purged_ms, f) < 0)
		return -1;
	struct sql q = {
	    .text = statement(ask->by, f->arena).ptr,
	    .doing = "sum entries",
	    SQL_WITH(value_i64(from), value_i64(end), value_i64(ask->account_id),
	             value_i64(ask->key_id), id_at((from - 1) * day_ms, f->arena),
	             id_at(end * day_ms, f->arena), value_i64(purged_ms)),
	    .on_row = tell_sum,
	    .arg = &summing,
	};
	if (is_in_days(ask->by))
		q.count = DAYS_VALUES;
	return store_run(s, &q, f);
}

/* ---- lines ---- */

static const char lines_sql[] =
    "SELECT model, CASE WHEN charge_version = 0 THEN price_version ELSE charge_version END,"
    " count(*), CAST(sum(1 - reported) AS BIGINT),"
    " CAST(sum(input) AS BIGINT), CAST(sum(cache_read) AS BIGINT),"
    " CAST(sum(cache_write_5m) AS BIGINT), CAST(sum(cache_write_1h) AS BIGINT),"
    " CAST(sum(output) AS BIGINT), CAST(sum(reasoning) AS BIGINT),"
    " CAST(sum(audio_input) AS BIGINT), CAST(sum(audio_output) AS BIGINT),"
    " CAST(sum(image_input) AS BIGINT), CAST(sum(image_output) AS BIGINT),"
    " CAST(sum(searches) AS BIGINT), CAST(sum(calls) AS BIGINT),"
    " CAST(sum(cost_nusd) AS BIGINT), CAST(sum(charge_nusd) AS BIGINT)"
    " FROM entries WHERE request_id >= ?4 AND request_id < ?5 AND closed_ms >= ?1"
    " AND closed_ms < ?2 AND account_id = ?3"
    " GROUP BY 1, 2 ORDER BY 1, 2";

struct lining {
	struct arena *arena;
	bool (*on_line)(void *, const struct report_line *);
	void *arg;
};

static bool tell_line(void *lining, const struct sql_value *row)
{
	const struct lining *l = lining;
	struct report_line line = {
	    .model = arena_copy(l->arena, row[0].text),
	    .price_version = (uint32_t)row[1].i64,
	    .requests = row[2].i64,
	    .estimated = row[3].i64,
	    .usage = {.input = row[4].i64,
	              .cache_read = row[5].i64,
	              .cache_write_5m = row[6].i64,
	              .cache_write_1h = row[7].i64,
	              .output = row[8].i64,
	              .reasoning = row[9].i64,
	              .audio_input = row[10].i64,
	              .audio_output = row[11].i64,
	              .image_input = row[12].i64,
	              .image_output = row[13].i64,
	              .searches = row[14].i64,
	              .calls = row[15].i64},
	    .cost_nusd = row[16].i64,
	    .charge_nusd = row[17].i64,
	};

	return l->on_line(l->arg, &line);
}

int store_lines(struct store *s, const struct report_ask *ask, struct arena *arena,
                bool (*on_line)(void *, const struct report_line *), void *arg, struct fail *f)
{
	struct lining lining = {arena, on_line, arg};
	struct sql q = {.text = lines_sql,
	                .doing = "sum entries",
	                SQL_WITH(value_i64(ask->from_ms), value_i64(ask->to_ms),
	                         value_i64(ask->account_id), id_at(ask->from_ms - day_ms, f->arena),
	                         id_at(ask->to_ms, f->arena)),
	                .on_row = tell_line,
	                .arg = &lining};
	int64_t purged_ms = 0;

	if (store_purged_ms(s, &purged_ms, f) < 0)
		return -1;
	if (ask->from_ms < purged_ms)
		return fail(
		    f, FAIL_INVALID_VALUE,
		    "entries of that time were purged; only the sums of their days are left");
	return store_run(s, &q, f);
}
