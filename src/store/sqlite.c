/* The SQLite store: opening, the schema's version, transactions, statements. Keys and entries
 * have files of their own.
 *
 *	DATA/flux.db     0600, write-ahead log: readers and a writer do not wait for each other
 *
 * synchronous=NORMAL: a commit is safe from a crash of ours at once and from power loss after
 * store_sync, before which no journal is deleted. Invariant: the file's schema version is this
 * program's, or nothing is touched.
 *
 * THREADS: one store, one thread at a time. Calls block. */
#include "store/sqlite.h"

#include "store/datadir.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

enum { PATIENCE_MS = 5000 };

static pthread_once_t set_up_once = PTHREAD_ONCE_INIT;

static const char *const statement_texts[SQL_STATEMENT_COUNT] = {
#define X(name, sql) [SQL_##name] = sql,
    SQL_STATEMENTS(X)
#undef X
};

int sqlite_fails(struct store *s, const char *doing, struct fail *f)
{
	return fail(f, FAIL_STORE, "%.*s: cannot %s: %s", STR_ARG(s->path), doing,
	            sqlite3_errmsg(s->db));
}

sqlite3_stmt *sqlite_get(struct store *s, enum sql_statement which, struct fail *f)
{
	sqlite3_stmt **place = &s->statements[which];

	if (!*place && sqlite3_prepare_v3(s->db, statement_texts[which], -1,
	                                  SQLITE_PREPARE_PERSISTENT, place, NULL) != SQLITE_OK) {
		sqlite_fails(s, "prepare a statement", f);
		return NULL;
	}
	sqlite3_reset(*place);
	sqlite3_clear_bindings(*place);
	return *place;
}

void sqlite_bind_str(sqlite3_stmt *q, int at, struct str text)
{
	sqlite3_bind_text64(q, at, text.len ? text.ptr : "", text.len, SQLITE_STATIC, SQLITE_UTF8);
}

void sqlite_bind_blob(sqlite3_stmt *q, int at, const void *bytes, size_t len)
{
	sqlite3_bind_blob64(q, at, bytes, len, SQLITE_STATIC);
}

struct str sqlite_str(sqlite3_stmt *q, int column, struct arena *arena)
{
	const char *text = (const char *)sqlite3_column_text(q, column);

	return arena_copy(arena,
	                  (struct str){text, text ? (size_t)sqlite3_column_bytes(q, column) : 0});
}

int sqlite_do(struct store *s, sqlite3_stmt *q, const char *doing, struct fail *f)
{
	int result = 0;

	if (sqlite3_step(q) != SQLITE_DONE)
		result = sqlite_fails(s, doing, f);
	sqlite3_reset(q);
	return result;
}

int sqlite_begin(struct store *s, struct fail *f)
{
	sqlite3_stmt *q = sqlite_get(s, SQL_BEGIN, f);

	return q ? sqlite_do(s, q, "begin", f) : -1;
}

int sqlite_end(struct store *s, int result, struct fail *f)
{
	struct fail ignored;
	sqlite3_stmt *q = NULL;

	if (result == 0) {
		q = sqlite_get(s, SQL_COMMIT, f);
		result = q ? sqlite_do(s, q, "commit", f) : -1;
	}
	if (result == 0)
		return 0;
	fail_init(&ignored, f->arena); /* what went wrong first counts */
	q = sqlite_get(s, SQL_ROLLBACK, &ignored);
	if (q)
		sqlite3_step(q);
	if (q)
		sqlite3_reset(q);
	return -1;
}

static int run(struct store *s, const char *sql, const char *doing, struct fail *f)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
	                                                               : sqlite_fails(s, doing, f);
}

/* One integer that a query gives; `otherwise` where it gives no row. */
static int ask(struct store *s, const char *sql, int64_t otherwise, int64_t *out, struct fail *f)
{
	sqlite3_stmt *q = NULL;
	int step;

	if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK)
		return sqlite_fails(s, "read", f);
	step = sqlite3_step(q);
	*out = step == SQLITE_ROW ? sqlite3_column_int64(q, 0) : otherwise;
	sqlite3_finalize(q);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : sqlite_fails(s, "read", f);
}

static int read_version(struct store *s, int64_t *out, struct fail *f)
{
	int64_t tables;

	if (ask(s, "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'", 0, &tables, f) < 0)
		return -1;
	*out = 0;
	if (tables == 0)
		return 0;
	return ask(s, "SELECT value FROM meta WHERE name = 'schema_version'", 0, out, f);
}

/* Two processes may start at once: who comes second finds the schema made. */
static int make_schema(struct store *s, struct fail *f)
{
	int64_t version = 0;
	int result;

	if (sqlite_begin(s, f) < 0)
		return -1;
	result = read_version(s, &version, f);
	if (result == 0 && version == 0)
		result = run(s, sqlite_schema, "make the tables", f);
	return sqlite_end(s, result, f);
}

static int check_schema(struct store *s, enum store_open_how how, struct fail *f)
{
	int64_t version;

	if (read_version(s, &version, f) < 0)
		return -1;
	if (version == 0 && how == STORE_CREATE)
		return make_schema(s, f);
	if (version == 0)
		return fail(f, FAIL_STORE, "%.*s is not a store of FluxRouter", STR_ARG(s->path));
	if (version > SQLITE_SCHEMA_VERSION)
		return fail(f, FAIL_STORE,
		            "%.*s has schema version %" PRId64
		            "; this program knows %d: use a newer fluxrouter",
		            STR_ARG(s->path), version, SQLITE_SCHEMA_VERSION);
	return 0;
}

/* SQLite would make the file for all to read; its log files take the permissions of the file. */
static int make_file(struct store *s, enum store_open_how how, struct fail *f)
{
	int fd =
	    open(s->path.ptr, (how == STORE_CREATE ? O_CREAT : 0) | O_RDONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		return fail(f, FAIL_STORE, "cannot open %.*s: %s", STR_ARG(s->path),
		            strerror(errno));
	close(fd);
	return 0;
}

static int open_file(struct store *s, enum store_open_how how, struct fail *f)
{
	int flags = how == STORE_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;

	if (make_file(s, how, f) < 0)
		return -1;
	if (sqlite3_open_v2(s->path.ptr, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return sqlite_fails(s, "open", f);
	sqlite3_extended_result_codes(s->db, 1);
	store_set_patience(s, PATIENCE_MS);
	if (how == STORE_READ_ONLY)
		return check_schema(s, how, f);
	if (run(s,
	        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON",
	        "use", f) < 0)
		return -1;
	return check_schema(s, how, f);
}

/* Nobody asks SQLite how much memory it has: it need not count it, under a lock, at each piece. */
static void set_up(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int store_open(struct str data_dir, enum store_open_how how, struct store **out, struct fail *f)
{
	struct store *s;

	if (how == STORE_CREATE && datadir_make(data_dir, f) < 0)
		return -1;
	must(pthread_once(&set_up_once, set_up) == 0);
	s = mem_get(sizeof *s);
	arena_init(&s->arena);
	s->path = arena_printf(&s->arena, "%.*s/flux.db", STR_ARG(data_dir));
	if (open_file(s, how, f) < 0) {
		store_close(&s);
		return -1;
	}
	*out = s;
	return 0;
}

void store_close(struct store **store)
{
	struct store *s = *store;

	*store = NULL;
	if (!s)
		return;
	for (int i = 0; i < SQL_STATEMENT_COUNT; i++)
		sqlite3_finalize(s->statements[i]);
	must(sqlite3_close(s->db) == SQLITE_OK);
	arena_release(&s->arena);
	mem_put(s);
}

void store_set_patience(struct store *s, int wait_ms)
{
	sqlite3_busy_timeout(s->db, wait_ms);
}

/* A checkpoint syncs the log before it copies from it. Where a reader keeps it from copying all,
 * the log may not have been synced: not yet. */
int store_sync(struct store *s, struct fail *f)
{
	int in_log = 0, copied = 0;

	if (sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied) !=
	    SQLITE_OK)
		return sqlite_fails(s, "sync", f);
	if (copied < in_log)
		return fail(f, FAIL_STORE, "%.*s: a reader is in the way of a sync",
		            STR_ARG(s->path));
	return 0;
}
