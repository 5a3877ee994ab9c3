/* Entries go in, and come out one by one.
 *
 *	BEGIN   entries   days +   spent +, leases of the node -   checkpoint   COMMIT
 *
 * An entry is inserted once: a second time changes nothing, and sums are raised only by the insert
 * that was real. So a journal may be carried again from any point. Sums are gathered, so that a
 * batch raises each once, in the order of its table. Called by the carrier (put), and by verbs
 * (entry, mark). */
#include "store/spent.h"

#include <stdlib.h>

static const int64_t day_ms = 24LL * 3600 * 1000;

/* ---- an entry's columns ---- */

#define VALUE_INT(field) value_i64((int64_t)e->field)
#define VALUE_SERVICE(field) VALUE_INT(field)
#define VALUE_TEXT(field) value_text(e->field)
#define VALUE_DIALECT(field) value_text(str_of(llm_dialect_name(e->field)))
#define VALUE_END(field) value_text(str_of(entry_end_name(e->field)))
#define VALUE_TIER(field)                                                                          \
	e->has_tier ? value_text(str_of(llm_tier_name(e->field))) : (struct sql_value)             \
	{                                                                                          \
		.kind = VALUE_NULL                                                                 \
	}
#define VALUE_OF(kind, column, field) *out++ = VALUE_##kind(field);

static void put_columns(const struct entry *e, struct sql_value *out)
{
	*out++ = value_bytes(e->request_id, sizeof e->request_id);
	ENTRY_COLUMNS(VALUE_OF)
}

#define READ_INT(field) e.field = row->i64
#define READ_SERVICE(field)                                                                        \
	known = known && row->i64 >= 0 && row->i64 < LLM_SERVICE_COUNT;                            \
	e.field = (enum llm_service)row->i64
#define READ_TEXT(field) e.field = arena_copy(arena, row->text)
#define READ_DIALECT(field) known = known && llm_dialect_of(row->text, &e.field) == 0
#define READ_END(field) known = known && entry_end_of(row->text, &e.field) == 0
#define READ_TIER(field)                                                                           \
	e.has_tier = row->kind != VALUE_NULL;                                                      \
	known = known && (!e.has_tier || llm_tier_of(row->text, &e.field) == 0)
#define READ_OF(kind, column, field)                                                               \
	row++;                                                                                     \
	READ_##kind(field);

/* -1: a word is none of ours. */
static int read_columns(const struct sql_value *row, struct arena *arena, struct entry *out)
{
	struct entry e = {0};
	bool known = row->text.len == sizeof e.request_id;

	if (known)
		memcpy(e.request_id, row->text.ptr, sizeof e.request_id);
	ENTRY_COLUMNS(READ_OF)
	if (!known)
		return -1;
	*out = e;
	return 0;
}

/* ---- days ---- */

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

/* Days before 1970 do not come up; a negative time is a bug of the clock and counts as day 0. */
static struct day_sum day_sum_of(const struct entry *e)
{
	const struct llm_usage *u = &e->usage;

	return (struct day_sum){.day = e->closed_ms > 0 ? e->closed_ms / day_ms : 0,
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

static void add_up(struct day_sum *sum, const struct day_sum *more)
{
	store_add(&sum->requests, more->requests);
	store_add(&sum->input, more->input);
	store_add(&sum->cache_read, more->cache_read);
	store_add(&sum->cache_write, more->cache_write);
	store_add(&sum->output, more->output);
	store_add(&sum->cost_nusd, more->cost_nusd);
	store_add(&sum->charge_nusd, more->charge_nusd);
	store_add(&sum->estimated, more->estimated);
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

static void fill_day(void *arg, int row, struct sql_value *out)
{
	const struct day_sum *sum = (const struct day_sum *)arg + row;

	out[0] = value_i64(sum->day);
	out[1] = value_i64(sum->account_id);
	out[2] = value_i64(sum->key_id);
	out[3] = value_text(sum->model);
	out[4] = value_i64(sum->requests);
	out[5] = value_i64(sum->input);
	out[6] = value_i64(sum->cache_read);
	out[7] = value_i64(sum->cache_write);
	out[8] = value_i64(sum->output);
	out[9] = value_i64(sum->cost_nusd);
	out[10] = value_i64(sum->charge_nusd);
	out[11] = value_i64(sum->estimated);
}

/* Each row of `days` once, whatever the batch. */
static int raise_days(struct store *s, struct day_sum *sums, int count, struct fail *f)
{
	struct sql_many add = {.which = SQL_DAY_ADD,
	                       .doing = "add to a day's sums",
	                       .width = 12,
	                       .fill = fill_day,
	                       .arg = sums};

	if (count > 1)
		qsort(sums, (size_t)count, sizeof *sums, compare_days);
	for (int i = 0; i < count; i++) {
		if (add.rows > 0 && compare_days(&sums[add.rows - 1], &sums[i]) == 0)
			add_up(&sums[add.rows - 1], &sums[i]);
		else
			sums[add.rows++] = sums[i];
	}
	return s->engine->run_many(s, &add, f);
}

/* ---- a batch ---- */

/* What a batch came to; each array has room for all of its entries. */
struct batch {
	const struct entry *entries;
	struct day_sum *days;
	struct spent_payer *payers;
	int day_count, payer_count;
};

static void fill_entry(void *arg, int row, struct sql_value *out)
{
	const struct batch *b = arg;

	put_columns(&b->entries[row], out);
}

static void note_entry(void *arg, int row, bool changed)
{
	struct batch *b = arg;

	if (!changed)
		return;
	note_day(b->days, &b->day_count, &b->entries[row]);
	spent_note(b->payers, &b->payer_count, &b->entries[row]);
}

static int put_batch(struct store *s, struct batch *b, int count, const uint8_t *node,
                     struct fail *f)
{
	const struct sql_many put = {.which = SQL_ENTRY_PUT,
	                             .together = SQL_ENTRIES_PUT,
	                             .doing = "write entries",
	                             .rows = count,
	                             .width = ENTRY_WIDTH,
	                             .fill = fill_entry,
	                             .on_done = note_entry,
	                             .arg = b};

	if (s->engine->run_many(s, &put, f) < 0 || raise_days(s, b->days, b->day_count, f) < 0)
		return -1;
	return spent_raise(s, b->payers, b->payer_count, node, f);
}

static int put_entries(struct store *s, const struct entry *entries, int count, const uint8_t *node,
                       struct fail *f)
{
	struct batch b = {.entries = entries,
	                  .days = mem_get((size_t)count * sizeof *b.days + 1),
	                  .payers = mem_get((size_t)count * sizeof *b.payers + 1)};
	int result = put_batch(s, &b, count, node, f);

	mem_put(b.days);
	mem_put(b.payers);
	return result;
}

static int put_mark(struct store *s, const struct store_mark *mark, struct fail *f)
{
	struct sql q = {.which = SQL_MARK_PUT,
	                .doing = "write a checkpoint",
	                SQL_WITH(value_bytes(mark->node, sizeof mark->node), value_i64(mark->loop),
	                         value_i64((int64_t)mark->sequence))};

	return store_run(s, &q, f);
}

int store_put_entries(struct store *s, const struct entry *entries, int count,
                      const struct store_mark *mark, struct fail *f)
{
	int result;

	if (store_begin(s, SQL_TO_WRITE, f) < 0)
		return -1;
	result = put_entries(s, entries, count, mark ? mark->node : NULL, f);
	if (result == 0 && mark)
		result = put_mark(s, mark, f);
	return store_end(s, result, f);
}

int store_mark_of(struct store *s, const uint8_t node[16], int loop, uint64_t *out_sequence,
                  struct fail *f)
{
	struct sql q = {.which = SQL_MARK_GET,
	                .doing = "read a checkpoint",
	                SQL_WITH(value_bytes(node, 16), value_i64(loop))};
	int64_t sequence;

	if (store_ask_i64(s, &q, 0, &sequence, f) < 0)
		return -1;
	*out_sequence = (uint64_t)sequence;
	return 0;
}

struct taking {
	struct arena *arena;
	struct entry *out;
	bool is_there, is_known;
};

static bool take_entry(void *arg, const struct sql_value *row)
{
	struct taking *t = arg;

	t->is_there = true;
	t->is_known = read_columns(row, t->arena, t->out) == 0;
	return false;
}

int store_entry(struct store *s, const uint8_t request_id[16], int attempt, struct arena *arena,
                struct entry *out, struct fail *f)
{
	struct taking t = {.arena = arena, .out = out};
	struct sql q = {.which = SQL_ENTRY_GET,
	                .doing = "read an entry",
	                SQL_WITH(value_bytes(request_id, 16), value_i64(attempt)),
	                .on_row = take_entry,
	                .arg = &t};

	if (store_run(s, &q, f) < 0)
		return -1;
	if (t.is_there && !t.is_known)
		return fail(f, FAIL_STORE,
		            "%.*s: an entry has a word that this program does not know",
		            STR_ARG(s->name));
	if (!t.is_there)
		out->attempt = 0;
	return 0;
}

/* A page at a time: an engine may hold all that a statement gives. */
enum { PAGE = 1024 };

struct visiting {
	struct arena texts; /* of one entry */
	bool (*on_entry)(void *, const struct entry *);
	void *arg;
	uint8_t last_id[16];
	int64_t last_attempt, count; /* of this page */
	bool is_known, goes_on;
};

static bool visit_entry(void *arg, const struct sql_value *row)
{
	struct visiting *v = arg;
	struct entry e;

	v->is_known = read_columns(row, &v->texts, &e) == 0;
	v->goes_on = v->is_known && v->on_entry(v->arg, &e);
	if (v->is_known) {
		memcpy(v->last_id, e.request_id, sizeof v->last_id);
		v->last_attempt = e.attempt;
	}
	v->count++;
	arena_reset(&v->texts);
	return v->goes_on;
}

static int visit_page(struct store *s, struct visiting *v, struct fail *f)
{
	uint8_t after[16] = {0}; /* last_id changes while rows come, and values are borrowed */
	struct sql q = {
	    .text = "SELECT " ENTRY_NAMES " FROM entries"
	            " WHERE (request_id, attempt) > (?1, ?2)"
	            " ORDER BY request_id, attempt LIMIT ?3",
	    .doing = "read entries",
	    SQL_WITH(value_bytes(after, sizeof after), value_i64(v->last_attempt), value_i64(PAGE)),
	    .on_row = visit_entry,
	    .arg = v};

	memcpy(after, v->last_id, sizeof after);
	v->count = 0;
	return store_run(s, &q, f);
}

int store_entries(struct store *s, bool (*on_entry)(void *, const struct entry *), void *arg,
                  struct fail *f)
{
	struct visiting v = {.on_entry = on_entry, .arg = arg, .is_known = true};
	int result;

	arena_init(&v.texts);
	do
		result = visit_page(s, &v, f);
	while (result == 0 && v.goes_on && v.count == PAGE);
	arena_release(&v.texts);
	if (result == 0 && !v.is_known)
		return fail(f, FAIL_STORE,
		            "%.*s: an entry has a word that this program does not know",
		            STR_ARG(s->name));
	return result;
}
