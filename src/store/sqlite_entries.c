/* Entries, sums and checkpoints in SQLite.
 *
 * An entry is inserted once: a second time changes nothing, and its day's sums are raised only by
 * the insert that was real. So a journal may be carried again from any point. Columns stand in
 * the order of the table, of put_columns and of get_columns.
 *
 * Called by the carrier (put) and by verbs (sums, entry, verify). */
#include "store/sqlite.h"

#include <stdlib.h>

static const int64_t day_ms = 24LL * 3600 * 1000;

/* X(column, integer field), where the table's columns are plain integers. */
#define INTEGER_COLUMNS(X)                                                                         \
	X(1, attempt)                                                                              \
	X(2, account_id)                                                                           \
	X(3, key_id)                                                                               \
	X(4, opened_ms)                                                                            \
	X(5, closed_ms)                                                                            \
	X(6, held_nusd)                                                                            \
	X(7, cost_nusd)                                                                            \
	X(8, charge_nusd)                                                                          \
	X(9, usage.input)                                                                          \
	X(10, usage.cache_read)                                                                    \
	X(11, usage.cache_write_5m)                                                                \
	X(12, usage.cache_write_1h)                                                                \
	X(13, usage.output)                                                                        \
	X(14, usage.reasoning)                                                                     \
	X(15, usage.audio_input)                                                                   \
	X(16, usage.audio_output)                                                                  \
	X(17, usage.image_input)                                                                   \
	X(18, usage.calls)                                                                         \
	X(19, usage.reported)                                                                      \
	X(22, price_version)                                                                       \
	X(25, lane)                                                                                \
	X(26, stream)                                                                              \
	X(28, status)                                                                              \
	X(29, duration_ms)                                                                         \
	X(30, first_byte_ms)                                                                       \
	X(31, usage.image_output)                                                                  \
	X(32, usage.searches)                                                                      \
	X(33, usage.service)                                                                       \
	X(34, usage.is_regional)                                                                   \
	X(35, charge_version)                                                                      \
	X(36, is_unpriced)

enum { REQUEST_ID = 0, MODEL = 20, PROVIDER = 21, DIALECT = 23, TIER = 24, END = 27 };

static void put_columns(sqlite3_stmt *q, const struct entry *e)
{
	sqlite_bind_blob(q, REQUEST_ID + 1, e->request_id, sizeof e->request_id);
#define X(column, field) sqlite3_bind_int64(q, (column) + 1, (int64_t)e->field);
	INTEGER_COLUMNS(X)
#undef X
	sqlite_bind_str(q, MODEL + 1, e->model);
	sqlite_bind_str(q, PROVIDER + 1, e->provider);
	sqlite_bind_str(q, DIALECT + 1, str_of(llm_dialect_name(e->dialect)));
	if (e->has_tier)
		sqlite_bind_str(q, TIER + 1, str_of(llm_tier_name(e->tier)));
	else
		sqlite3_bind_null(q, TIER + 1);
	sqlite_bind_str(q, END + 1, str_of(entry_end_name(e->end)));
}

/* -1: a name is none of ours. */
static int get_columns(sqlite3_stmt *q, struct arena *arena, struct entry *out)
{
	struct entry e = {0};
	const void *id = sqlite3_column_blob(q, REQUEST_ID);

	if (!id || sqlite3_column_bytes(q, REQUEST_ID) != (int)sizeof e.request_id)
		return -1;
	memcpy(e.request_id, id, sizeof e.request_id);
#define X(column, field) e.field = sqlite3_column_int64(q, column);
	INTEGER_COLUMNS(X)
#undef X
	e.model = sqlite_str(q, MODEL, arena);
	e.provider = sqlite_str(q, PROVIDER, arena);
	e.has_tier = sqlite3_column_type(q, TIER) != SQLITE_NULL;
	if (llm_dialect_of(sqlite_str(q, DIALECT, arena), &e.dialect) < 0 ||
	    entry_end_of(sqlite_str(q, END, arena), &e.end) < 0 ||
	    e.usage.service >= LLM_SERVICE_COUNT ||
	    (e.has_tier && llm_tier_of(sqlite_str(q, TIER, arena), &e.tier) < 0))
		return -1;
	*out = e;
	return 0;
}

/* Days before 1970 do not come up; a negative time is a bug of the clock and counts as day 0. */
static int64_t day_of(int64_t wall_ms)
{
	return wall_ms > 0 ? wall_ms / day_ms : 0;
}

/* What a batch adds to one row of `days`. */
struct day_sum {
	int64_t day, account_id, key_id;
	struct str model;
	int64_t requests, input, cache_read, cache_write, output, cost_nusd, charge_nusd, estimated;
};

/* Days, accounts and keys in the order of the table, so that rows are raised from left to right. */
static int compare_days(const void *left, const void *right)
{
	const struct day_sum *a = left, *b = right;

	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	if (a->account_id != b->account_id)
		return a->account_id < b->account_id ? -1 : 1;
	if (a->key_id != b->key_id)
		return a->key_id < b->key_id ? -1 : 1;
	return str_compare(a->model, b->model);
}

static struct day_sum day_sum_of(const struct entry *e)
{
	const struct llm_usage *u = &e->usage;

	return (struct day_sum){.day = day_of(e->closed_ms),
	                        .account_id = e->account_id,
	                        .key_id = e->key_id,
	                        .model = e->model,
	                        .requests = 1,
	                        .input = u->input,
	                        .cache_read = u->cache_read,
	                        .cache_write = u->cache_write_5m + u->cache_write_1h,
	                        .output = u->output,
	                        .cost_nusd = e->cost_nusd,
	                        .charge_nusd = e->charge_nusd,
	                        .estimated = !u->reported};
}

/* Amounts that no integer holds stay at the highest: wrong, but neither negative nor undefined. */
static void add(int64_t *sum, int64_t more)
{
	if (__builtin_add_overflow(*sum, more, sum))
		*sum = INT64_MAX;
}

static void add_up(struct day_sum *sum, const struct day_sum *more)
{
	add(&sum->requests, more->requests);
	add(&sum->input, more->input);
	add(&sum->cache_read, more->cache_read);
	add(&sum->cache_write, more->cache_write);
	add(&sum->output, more->output);
	add(&sum->cost_nusd, more->cost_nusd);
	add(&sum->charge_nusd, more->charge_nusd);
	add(&sum->estimated, more->estimated);
}

static int raise_day(struct store *s, const struct day_sum *sum, struct fail *f)
{
	sqlite3_stmt *q = sqlite_get(s, SQL_DAY_ADD, f);

	if (!q)
		return -1;
	sqlite3_bind_int64(q, 1, sum->day);
	sqlite3_bind_int64(q, 2, sum->account_id);
	sqlite3_bind_int64(q, 3, sum->key_id);
	sqlite_bind_str(q, 4, sum->model);
	sqlite3_bind_int64(q, 5, sum->requests);
	sqlite3_bind_int64(q, 6, sum->input);
	sqlite3_bind_int64(q, 7, sum->cache_read);
	sqlite3_bind_int64(q, 8, sum->cache_write);
	sqlite3_bind_int64(q, 9, sum->output);
	sqlite3_bind_int64(q, 10, sum->cost_nusd);
	sqlite3_bind_int64(q, 11, sum->charge_nusd);
	sqlite3_bind_int64(q, 12, sum->estimated);
	return sqlite_do(s, q, "add to a day's sums", f);
}

/* Each row of `days` once, whatever the batch. */
static int raise_days(struct store *s, struct day_sum *sums, int count, struct fail *f)
{
	if (count > 1)
		qsort(sums, (size_t)count, sizeof *sums, compare_days);
	for (int i = 0; i < count; i++) {
		if (i + 1 < count && compare_days(&sums[i], &sums[i + 1]) == 0)
			add_up(&sums[i + 1], &sums[i]);
		else if (raise_day(s, &sums[i], f) < 0)
			return -1;
	}
	return 0;
}

/* Entries come in runs of the same key and model, more often than not. */
static void note_day(struct day_sum *sums, int *count, const struct entry *e)
{
	struct day_sum sum = day_sum_of(e);

	if (*count > 0 && compare_days(&sums[*count - 1], &sum) == 0)
		add_up(&sums[*count - 1], &sum);
	else
		sums[(*count)++] = sum;
}

/* Entries that are new are noted in `sums`, which has room for all. */
static int put_rows(struct store *s, const struct entry *entries, int count, struct day_sum *sums,
                    int *sum_count, struct fail *f)
{
	sqlite3_stmt *q = sqlite_get(s, SQL_ENTRY_PUT, f);

	if (!q)
		return -1;
	for (int i = 0; i < count; i++) {
		put_columns(q, &entries[i]);
		if (sqlite_do(s, q, "write an entry", f) < 0)
			return -1;
		if (sqlite3_changes64(s->db) == 1)
			note_day(sums, sum_count, &entries[i]);
	}
	return 0;
}

static int put_entries(struct store *s, const struct entry *entries, int count, struct fail *f)
{
	struct day_sum *sums = mem_get((size_t)count * sizeof *sums);
	int sum_count = 0, result;

	result = put_rows(s, entries, count, sums, &sum_count, f);
	if (result == 0)
		result = raise_days(s, sums, sum_count, f);
	mem_put(sums);
	return result;
}

static int put_mark(struct store *s, const struct store_mark *mark, struct fail *f)
{
	sqlite3_stmt *q = sqlite_get(s, SQL_MARK_PUT, f);

	if (!q)
		return -1;
	sqlite_bind_blob(q, 1, mark->node, sizeof mark->node);
	sqlite3_bind_int64(q, 2, mark->loop);
	sqlite3_bind_int64(q, 3, (int64_t)mark->sequence);
	return sqlite_do(s, q, "write a checkpoint", f);
}

int store_put_entries(struct store *s, const struct entry *entries, int count,
                      const struct store_mark *mark, struct fail *f)
{
	int result;

	if (sqlite_begin(s, f) < 0)
		return -1;
	result = put_entries(s, entries, count, f);
	if (result == 0 && mark)
		result = put_mark(s, mark, f);
	return sqlite_end(s, result, f);
}

int store_mark_of(struct store *s, const uint8_t node[16], int loop, uint64_t *out_sequence,
                  struct fail *f)
{
	sqlite3_stmt *q = sqlite_get(s, SQL_MARK_GET, f);
	int step;

	if (!q)
		return -1;
	sqlite_bind_blob(q, 1, node, 16);
	sqlite3_bind_int64(q, 2, loop);
	step = sqlite3_step(q);
	*out_sequence = step == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(q, 0) : 0;
	sqlite3_reset(q);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : sqlite_fails(s, "read", f);
}

int store_entry(struct store *s, const uint8_t request_id[16], int attempt, struct arena *arena,
                struct entry *out, struct fail *f)
{
	sqlite3_stmt *q = sqlite_get(s, SQL_ENTRY_GET, f);
	int step, result = 0;

	if (!q)
		return -1;
	sqlite_bind_blob(q, 1, request_id, 16);
	sqlite3_bind_int64(q, 2, attempt);
	step = sqlite3_step(q);
	if (step == SQLITE_ROW && get_columns(q, arena, out) < 0)
		result = fail(f, FAIL_STORE,
		              "%.*s: an entry has a word that this program does "
		              "not know",
		              STR_ARG(s->path));
	else if (step != SQLITE_ROW && step != SQLITE_DONE)
		result = sqlite_fails(s, "read an entry", f);
	else if (step == SQLITE_DONE)
		out->attempt = 0;
	sqlite3_reset(q);
	return result;
}

/* What each way of grouping selects and groups by; not grouped by, it is empty. */
static const struct {
	enum store_group bit;
	const char *column;
} groups[] = {
    {STORE_BY_DAY, "date(d.day * 86400, 'unixepoch')"},
    {STORE_BY_MODEL, "d.model"},
    {STORE_BY_ACCOUNT, "coalesce(a.name, d.account_id)"},
    {STORE_BY_KEY, "coalesce(k.prefix || iif(k.label = '', '', ' ' || k.label), d.key_id)"},
};

enum { GROUPS = sizeof groups / sizeof groups[0] };

/* Two keys with the same prefix stay apart: grouped by id beside the text. */
static struct str sums_sql(unsigned by, struct arena *arena)
{
	struct str sql = arena_printf(arena, "SELECT ");
	const char *comma = "";

	for (int i = 0; i < GROUPS; i++)
		sql = arena_printf(arena, "%.*s%s AS g%d, ", STR_ARG(sql),
		                   by & groups[i].bit ? groups[i].column : "''", i);
	sql = arena_printf(arena,
	                   "%.*ssum(requests), sum(input), sum(cache_read), sum(cache_write),"
	                   " sum(output), sum(cost_nusd), sum(charge_nusd), sum(estimated)"
	                   " FROM days d LEFT JOIN accounts a ON a.id = d.account_id"
	                   " LEFT JOIN keys k ON k.id = d.key_id"
	                   " WHERE d.day >= ?1 AND d.day < ?2 GROUP BY ",
	                   STR_ARG(sql));
	for (int i = 0; i < GROUPS; i++) {
		sql = arena_printf(arena, "%.*s%sg%d", STR_ARG(sql), comma, i);
		comma = ", ";
	}
	return arena_printf(arena, "%.*s%s HAVING sum(requests) > 0 ORDER BY g0, g1, g2, g3",
	                    STR_ARG(sql), by & STORE_BY_KEY ? ", d.key_id" : "");
}

static struct store_sum read_sum(sqlite3_stmt *q, struct arena *arena)
{
	return (struct store_sum){
	    .day = sqlite_str(q, 0, arena),
	    .model = sqlite_str(q, 1, arena),
	    .account = sqlite_str(q, 2, arena),
	    .key = sqlite_str(q, 3, arena),
	    .requests = sqlite3_column_int64(q, 4),
	    .input = sqlite3_column_int64(q, 5),
	    .cache_read = sqlite3_column_int64(q, 6),
	    .cache_write = sqlite3_column_int64(q, 7),
	    .output = sqlite3_column_int64(q, 8),
	    .cost_nusd = sqlite3_column_int64(q, 9),
	    .charge_nusd = sqlite3_column_int64(q, 10),
	    .estimated = sqlite3_column_int64(q, 11),
	};
}

int store_sums(struct store *s, struct store_report report, struct arena *arena,
               bool (*on_sum)(void *, const struct store_sum *), void *arg, struct fail *f)
{
	struct str sql = sums_sql(report.by, f->arena);
	sqlite3_stmt *q = NULL;
	int step;

	if (sqlite3_prepare_v2(s->db, sql.ptr, (int)sql.len, &q, NULL) != SQLITE_OK)
		return sqlite_fails(s, "sum", f);
	sqlite3_bind_int64(q, 1, day_of(report.from_ms));
	sqlite3_bind_int64(q, 2, day_of(report.to_ms > 0 ? report.to_ms - 1 : 0) + 1);
	while ((step = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_sum sum = read_sum(q, arena);

		if (!on_sum(arg, &sum))
			break;
	}
	sqlite3_finalize(q);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : sqlite_fails(s, "sum", f);
}

/* Both sides at once, so that entries that come meanwhile make no difference. */
static const char compare_sql[] =
    "WITH e AS (SELECT max(closed_ms, 0) / 86400000 AS day, account_id, key_id, model,"
    " count(*) AS requests, sum(cost_nusd) AS cost, sum(charge_nusd) AS charge"
    " FROM entries GROUP BY 1, 2, 3, 4)"
    " SELECT date(coalesce(e.day, d.day) * 86400, 'unixepoch'), coalesce(e.model, d.model),"
    " coalesce(e.key_id, d.key_id), coalesce(e.cost, 0), coalesce(d.cost_nusd, 0),"
    " coalesce(e.requests, 0), coalesce(d.requests, 0)"
    " FROM e FULL JOIN days d ON e.day = d.day AND e.account_id = d.account_id"
    " AND e.key_id = d.key_id AND e.model = d.model"
    " WHERE e.requests IS NOT d.requests OR e.cost IS NOT d.cost_nusd"
    " OR e.charge IS NOT d.charge_nusd";

static struct str difference(sqlite3_stmt *q, struct arena *arena)
{
	return arena_printf(arena,
	                    "%s, model %s, key %lld: entries come to %lld nUSD in %lld "
	                    "requests, the sums say %lld in %lld",
	                    sqlite3_column_text(q, 0), sqlite3_column_text(q, 1),
	                    sqlite3_column_int64(q, 2), sqlite3_column_int64(q, 3),
	                    sqlite3_column_int64(q, 5), sqlite3_column_int64(q, 4),
	                    sqlite3_column_int64(q, 6));
}

int store_verify_sums(struct store *s, void (*on_wrong)(void *, struct str), void *arg,
                      struct fail *f)
{
	sqlite3_stmt *q = NULL;
	int step;

	if (sqlite3_prepare_v2(s->db, compare_sql, -1, &q, NULL) != SQLITE_OK)
		return sqlite_fails(s, "compare sums", f);
	while ((step = sqlite3_step(q)) == SQLITE_ROW)
		on_wrong(arg, difference(q, f->arena));
	sqlite3_finalize(q);
	return step == SQLITE_DONE ? 0 : sqlite_fails(s, "compare sums", f);
}
