/* The SQLite engine: opening the file, running statements, transactions.
 *
 *	DATA/flux.db     0600, write-ahead log: readers and a writer do not wait for each other
 *
 * synchronous=FULL: a commit is on the disk. The carrier's is NORMAL: safe from a crash of ours at
 * once and from power loss after store_sync, before which no journal is deleted. What statements
 * mean is not known here.
 *
 * THREADS: one store, one thread at a time. Calls block. */
#include "store/schema.h"

#include "base/clock.h"
#include "base/list.h"
#include "store/datadir.h"
#include "store/sqlite_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

enum { PATIENCE_MS = 5000 };

struct sqlite {
	struct store store; /* first */
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_STATEMENT_COUNT];
	sqlite3_stmt *begin_to[2], *commit, *rollback;
};

static pthread_once_t set_up_once = PTHREAD_ONCE_INIT;

static struct sqlite *sqlite_of(struct store *s)
{
	return LIST_OBJECT(s, struct sqlite, store);
}

static int sqlite_fails(struct sqlite *s, const char *doing, struct fail *f)
{
	return fail(f, FAIL_STORE, "%.*s: cannot %s: %s", STR_ARG(s->store.name), doing,
	            sqlite3_errmsg(s->db));
}

/* ---- statements ---- */

static int prepare(struct sqlite *s, const char *text, sqlite3_stmt **out, struct fail *f)
{
	if (sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK)
		return 0;
	return sqlite_fails(s, "prepare a statement", f);
}

static sqlite3_stmt *statement_of(struct sqlite *s, enum sql_statement which, struct fail *f)
{
	if (!s->statements[which] && prepare(s, sql_texts[which], &s->statements[which], f) < 0)
		return NULL;
	return s->statements[which];
}

/* Texts are borrowed until the statement is reset. */
static void bind_value(sqlite3_stmt *q, int at, const struct sql_value *v)
{
	const char *text = v->text.len ? v->text.ptr : "";

	switch (v->kind) {
	case VALUE_NULL:
		sqlite3_bind_null(q, at);
		break;
	case VALUE_I64:
		sqlite3_bind_int64(q, at, v->i64);
		break;
	case VALUE_TEXT:
		sqlite3_bind_text64(q, at, text, v->text.len, SQLITE_STATIC, SQLITE_UTF8);
		break;
	case VALUE_BYTES:
		sqlite3_bind_blob64(q, at, text, v->text.len, SQLITE_STATIC);
		break;
	}
}

static void bind_values(sqlite3_stmt *q, const struct sql_value *values, int count)
{
	for (int i = 0; i < count; i++)
		bind_value(q, i + 1, &values[i]);
}

static struct sql_value column_of(sqlite3_stmt *q, int at)
{
	switch (sqlite3_column_type(q, at)) {
	case SQLITE_INTEGER:
		return value_i64(sqlite3_column_int64(q, at));
	case SQLITE_NULL:
		return (struct sql_value){.kind = VALUE_NULL};
	case SQLITE_BLOB: {
		const void *bytes = sqlite3_column_blob(q, at);

		return value_bytes(bytes, (size_t)sqlite3_column_bytes(q, at));
	}
	default: {
		const char *text = (const char *)sqlite3_column_text(q, at);

		return value_text((struct str){text, (size_t)sqlite3_column_bytes(q, at)});
	}
	}
}

static bool give_row(sqlite3_stmt *q, const struct sql *how)
{
	struct sql_value row[SQL_WIDTH_MAX];
	int count = sqlite3_column_count(q);

	if (!how->on_row)
		return true;
	must(count <= SQL_WIDTH_MAX);
	for (int i = 0; i < count; i++)
		row[i] = column_of(q, i);
	return how->on_row(how->arg, row);
}

static int step_all(struct sqlite *s, sqlite3_stmt *q, struct sql *how, struct fail *f)
{
	int step, result = 0;

	bind_values(q, how->values, how->count);
	while ((step = sqlite3_step(q)) == SQLITE_ROW)
		if (!give_row(q, how))
			break;
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		result = sqlite_fails(s, how->doing, f);
	how->changed = sqlite3_changes64(s->db);
	sqlite3_reset(q);
	return result;
}

static int sqlite_run(struct store *store, struct sql *how, struct fail *f)
{
	struct sqlite *s = sqlite_of(store);
	sqlite3_stmt *q = NULL;
	int result;

	if (how->which != SQL_GIVEN) {
		q = statement_of(s, how->which, f);
		return q ? step_all(s, q, how, f) : -1;
	}
	if (prepare(s, how->text, &q, f) < 0)
		return -1;
	result = step_all(s, q, how, f);
	sqlite3_finalize(q);
	return result;
}

/* ---- many rows ---- */

/* A statement that is run again and again, for so many rows at once. */
struct repeating {
	sqlite3_stmt *statement;
	int rows, runs;
	struct sql_value *values[2]; /* of this run and of the last */
};

static bool is_same(const struct sql_value *a, const struct sql_value *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == VALUE_I64)
		return a->i64 == b->i64;
	return a->kind == VALUE_NULL || (a->text.ptr == b->text.ptr && a->text.len == b->text.len);
}

/* What is bound stays bound: of an entry's columns some thirty are those of the entry before. */
static void bind_changed(sqlite3_stmt *q, const struct sql_value *values,
                         const struct sql_value *before, int count)
{
	for (int i = 0; i < count; i++)
		if (!is_same(&values[i], &before[i]))
			bind_value(q, i + 1, &values[i]);
}

static void bind_rows(struct repeating *r, const struct sql_many *how, int from)
{
	struct sql_value *now = r->values[r->runs & 1], *before = r->values[~r->runs & 1];

	for (int i = 0; i < r->rows; i++)
		how->fill(how->arg, from + i, now + i * how->width);
	if (r->runs++ == 0)
		bind_values(r->statement, now, r->rows * how->width);
	else
		bind_changed(r->statement, now, before, r->rows * how->width);
}

static int run_one(struct sqlite *s, struct repeating *r, const struct sql_many *how, int row,
                   struct fail *f)
{
	int step;

	bind_rows(r, how, row);
	step = sqlite3_step(r->statement);
	if (step != SQLITE_DONE)
		sqlite_fails(s, how->doing, f);
	sqlite3_reset(r->statement);
	if (step != SQLITE_DONE)
		return -1;
	if (how->on_done)
		how->on_done(how->arg, row, sqlite3_changes64(s->db) > 0);
	return 0;
}

/* Gives how many rows were done: none where one of them is refused, so that each has to be asked
 * for. Any other error may have ended the transaction, and nothing may be written behind it. */
static int run_together(struct sqlite *s, struct repeating *r, const struct sql_many *how, int from,
                        struct fail *f)
{
	int step, done = r->rows;

	bind_rows(r, how, from);
	step = sqlite3_step(r->statement);
	if ((step & 0xff) == SQLITE_CONSTRAINT)
		done = 0;
	else if (step != SQLITE_DONE)
		done = sqlite_fails(s, how->doing, f);
	sqlite3_reset(r->statement);
	for (int i = 0; how->on_done && i < done; i++)
		how->on_done(how->arg, from + i, true);
	return done;
}

static int run_rows(struct sqlite *s, struct repeating *each, struct repeating *together,
                    const struct sql_many *how, struct fail *f)
{
	int row = 0, done = 0;

	while (done >= 0 && row < how->rows) {
		int end = row + together->rows < how->rows ? row + together->rows : how->rows;

		done = 0;
		if (together->statement && end - row == together->rows)
			done = run_together(s, together, how, row, f);
		for (row += done; done >= 0 && row < end; row++)
			done = run_one(s, each, how, row, f);
	}
	return done < 0 ? -1 : 0;
}

static int sqlite_run_many(struct store *store, const struct sql_many *how, struct fail *f)
{
	struct sqlite *s = sqlite_of(store);
	struct sql_value one[2][SQL_WIDTH_MAX], some[2][SQL_TOGETHER * SQL_WIDTH_MAX];
	struct repeating each = {.rows = 1, .values = {one[0], one[1]}};
	struct repeating together = {.rows = SQL_TOGETHER, .values = {some[0], some[1]}};

	each.statement = statement_of(s, how->which, f);
	if (!each.statement)
		return -1;
	if (how->together != SQL_GIVEN && how->rows >= SQL_TOGETHER) {
		together.statement = statement_of(s, how->together, f);
		if (!together.statement)
			return -1;
	}
	return run_rows(s, &each, &together, how, f);
}

static int sqlite_script(struct store *store, const char *text, struct fail *f)
{
	struct sqlite *s = sqlite_of(store);

	return sqlite3_exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK
	           ? 0
	           : sqlite_fails(s, "make the tables", f);
}

/* ---- transactions ---- */

static int step_plain(struct sqlite *s, sqlite3_stmt **place, const char *text, struct fail *f)
{
	int result = 0;

	if (!*place && prepare(s, text, place, f) < 0)
		return -1;
	if (sqlite3_step(*place) != SQLITE_DONE)
		result = sqlite_fails(s, text, f);
	sqlite3_reset(*place);
	return result;
}

static int sqlite_begin(struct store *store, enum sql_begin how, struct fail *f)
{
	struct sqlite *s = sqlite_of(store);

	return step_plain(s, &s->begin_to[how], how == SQL_TO_WRITE ? "BEGIN IMMEDIATE" : "BEGIN",
	                  f);
}

static int sqlite_end(struct store *store, int result, struct fail *f)
{
	struct sqlite *s = sqlite_of(store);
	struct fail ignored;

	if (result == 0)
		result = step_plain(s, &s->commit, "COMMIT", f);
	if (result == 0)
		return 0;
	fail_init(&ignored, f->arena); /* what went wrong first counts */
	if (!sqlite3_get_autocommit(s->db))
		(void)!step_plain(s, &s->rollback, "ROLLBACK", &ignored);
	return -1;
}

/* ---- the file ---- */

static int sqlite_has_table(struct store *store, const char *name, bool *out, struct fail *f)
{
	struct sql q = {.text = "SELECT count(*) FROM sqlite_schema WHERE name = ?1",
	                .doing = "read the schema",
	                SQL_WITH(value_text(str_of(name)))};
	int64_t count;

	if (store_ask_i64(store, &q, 0, &count, f) < 0)
		return -1;
	*out = count > 0;
	return 0;
}

/* SQLite would make the file for all to read; its log files take the permissions of the file. One
 * that is there is not opened here: closing it would let go of every lock that another connection
 * of this process has on it (POSIX), and the next process to leave would take the log away from
 * under us: https://www.sqlite.org/howtocorrupt.html, 2.2. */
static int make_file(struct sqlite *s, enum store_open_how how, struct fail *f)
{
	struct stat st;
	int fd = -1;

	if (how == STORE_CREATE)
		fd = open(s->store.name.ptr, O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0600);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (stat(s->store.name.ptr, &st) == 0)
		return 0;
	return fail(f, FAIL_STORE, "cannot open %.*s: %s", STR_ARG(s->store.name), strerror(errno));
}

static int open_file(struct sqlite *s, enum store_open_how how, struct fail *f)
{
	int flags = how == STORE_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;

	if (make_file(s, how, f) < 0)
		return -1;
	if (sqlite3_open_v2(s->store.name.ptr, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return sqlite_fails(s, "open", f);
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, PATIENCE_MS);
	if (how == STORE_READ_ONLY)
		return 0;
	/* A mebibyte: entries go in at the right edge of their tree. */
	if (sqlite3_exec(s->db,
	                 "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	                 "PRAGMA cache_size = -1024",
	                 NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_fails(s, "use", f);
	return 0;
}

/* Nobody asks SQLite how much memory it has: it need not count it, under a lock, at each piece. */
static void set_up(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int sqlite_open(struct str data_dir, enum store_open_how how, struct store **out,
                       struct fail *f)
{
	struct sqlite *s;

	if (how == STORE_CREATE && datadir_make(data_dir, f) < 0)
		return -1;
	must(pthread_once(&set_up_once, set_up) == 0);
	s = mem_get(sizeof *s);
	s->store.engine = &store_sqlite;
	arena_init(&s->store.arena);
	s->store.name = arena_printf(&s->store.arena, "%.*s/flux.db", STR_ARG(data_dir));
	*out = &s->store;
	if (open_file(s, how, f) < 0) {
		store_close(out);
		return -1;
	}
	return 0;
}

static void sqlite_close(struct store *store)
{
	struct sqlite *s = sqlite_of(store);

	for (int i = 0; i < SQL_STATEMENT_COUNT; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_finalize(s->begin_to[SQL_TO_WRITE]);
	sqlite3_finalize(s->begin_to[SQL_TO_READ]);
	sqlite3_finalize(s->commit);
	sqlite3_finalize(s->rollback);
	must(sqlite3_close(s->db) == SQLITE_OK);
	arena_release(&store->arena);
	mem_put(s);
}

static void sqlite_set_patience(struct store *store, int wait_ms)
{
	sqlite3_busy_timeout(sqlite_of(store)->db, wait_ms);
}

static void sqlite_relax(struct store *store)
{
	must(sqlite3_exec(sqlite_of(store)->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL) ==
	     SQLITE_OK);
}

/* A checkpoint syncs the log before it copies from it. Where a reader keeps it from copying all,
 * the log may not have been synced: not yet. */
static int sqlite_sync(struct store *store, struct fail *f)
{
	struct sqlite *s = sqlite_of(store);
	int in_log = 0, copied = 0;

	if (sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied) !=
	    SQLITE_OK)
		return sqlite_fails(s, "sync", f);
	if (copied < in_log)
		return fail(f, FAIL_STORE, "%.*s: a reader is in the way of a sync",
		            STR_ARG(store->name));
	return 0;
}

static int sqlite_now_ms(struct store *store, int64_t *out, struct fail *f)
{
	(void)store;
	(void)f;
	*out = clock_wall_ms();
	return 0;
}

const struct store_engine store_sqlite = {
    .name = "sqlite",
    .schema = &schema_sqlite,
    .open = sqlite_open,
    .close = sqlite_close,
    .set_patience = sqlite_set_patience,
    .relax = sqlite_relax,
    .begin = sqlite_begin,
    .end = sqlite_end,
    .run = sqlite_run,
    .run_many = sqlite_run_many,
    .script = sqlite_script,
    .has_table = sqlite_has_table,
    .backup = sqlite_backup,
    .sync = sqlite_sync,
    .now_ms = sqlite_now_ms,
};
