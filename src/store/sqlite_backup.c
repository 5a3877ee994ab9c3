/* Backing up and restoring the file of an SQLite store.
 *
 *	flux.db ──VACUUM INTO──> FILE.part ──fsync, rename──> FILE
 *	FILE ──checked, VACUUM INTO──> flux.db.restoring ──fsync, rename──> flux.db
 *	                                     the old one before ──> flux.db.before-restore-TIME
 *
 * VACUUM INTO copies one state in one read transaction, while others write; what it makes needs no
 * log beside it. A name is only ever that of a whole file. Called by store.c, schema.c and the
 * verbs backup and restore. Must never delete a store. */
#include "store/sqlite_backup.h"

#include "base/clock.h"
#include "store/datadir.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int says(const char *doing, struct str path, struct fail *f)
{
	return fail(f, FAIL_STORE, "cannot %s %.*s: %s", doing, STR_ARG(path), strerror(errno));
}

static struct str with(struct str path, const char *suffix, struct arena *arena)
{
	return arena_printf(arena, "%.*s%s", STR_ARG(path), suffix);
}

/* A file for nobody else's eyes, empty: VACUUM INTO takes it. */
static int make_empty(struct str path, struct fail *f)
{
	int fd = open(path.ptr, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return says("make", path, f);
	close(fd);
	return 0;
}

/* Of a file, or of a directory, for the names in it. */
static int sync_path(struct str path, struct fail *f)
{
	int fd = open(path.ptr, O_RDONLY | O_CLOEXEC);
	int result = fd < 0 || fsync(fd) < 0 ? says("sync", path, f) : 0;

	if (fd >= 0)
		close(fd);
	return result;
}

static int sync_parent(struct str path, struct fail *f)
{
	size_t slash = path.len;

	while (slash > 0 && path.ptr[slash - 1] != '/')
		slash--;
	return sync_path(slash ? arena_copy(f->arena, str_part(path, 0, slash)) : STR("."), f);
}

static int put_in_place(struct str made, struct str path, struct fail *f)
{
	if (sync_path(made, f) < 0)
		return -1;
	if (rename(made.ptr, path.ptr) < 0)
		return says("make", path, f);
	return sync_parent(path, f);
}

int sqlite_backup(struct store *s, struct str path, struct fail *f)
{
	struct str to = arena_copy(f->arena, path), part = with(path, ".part", f->arena);
	struct sql q = {
	    .text = "VACUUM INTO ?1", .doing = "back it up", SQL_WITH(value_text(part))};
	struct stat st;
	int result;

	if (stat(to.ptr, &st) == 0)
		return fail(f, FAIL_STORE, "%.*s is there already", STR_ARG(to));
	if (make_empty(part, f) < 0)
		return -1;
	result = store_run(s, &q, f) < 0 ? -1 : put_in_place(part, to, f);
	if (result < 0)
		unlink(part.ptr);
	return result;
}

/* ---- restoring ---- */

/* The first column of the first row; empty where there is none. */
static struct str ask(sqlite3 *db, const char *sql, struct arena *arena)
{
	sqlite3_stmt *q = NULL;
	struct str answer = STR("");

	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		answer = arena_copy(arena, str_of((const char *)sqlite3_column_text(q, 0)));
	sqlite3_finalize(q);
	return answer;
}

static int check(sqlite3 *db, struct str backup, struct fail *f)
{
	struct str sound = ask(db, "PRAGMA integrity_check(1)", f->arena);
	struct str version =
	    ask(db, "SELECT value FROM meta WHERE name = 'schema_version'", f->arena);
	int64_t number;

	if (!str_eq(sound, STR("ok")))
		return fail(f, FAIL_STORE, "%.*s is damaged, or no SQLite file: %.*s",
		            STR_ARG(backup),
		            STR_ARG(sound.len ? sound : str_of(sqlite3_errmsg(db))));
	if (str_to_i64(version, 1, INT64_MAX, &number) < 0)
		return fail(f, FAIL_STORE, "%.*s is not a store of FluxRouter", STR_ARG(backup));
	if (number > SCHEMA_VERSION)
		return fail(f, FAIL_STORE,
		            "%.*s has schema version %" PRId64
		            "; this program knows %d: use a newer fluxrouter",
		            STR_ARG(backup), number, SCHEMA_VERSION);
	return 0;
}

static int copy_into(sqlite3 *db, struct str path, struct fail *f)
{
	char *sql = sqlite3_mprintf("VACUUM INTO %Q", path.ptr);
	int result = sqlite3_exec(db, sql, NULL, NULL, NULL);

	sqlite3_free(sql);
	if (result == SQLITE_OK)
		return 0;
	return fail(f, FAIL_STORE, "cannot copy to %.*s: %s", STR_ARG(path), sqlite3_errmsg(db));
}

static int check_and_copy(struct str backup, struct str path, struct fail *f)
{
	struct str from = arena_copy(f->arena, backup);
	sqlite3 *db = NULL;
	int result;

	if (access(from.ptr, R_OK) < 0)
		return says("read", from, f);
	if (sqlite3_open_v2(from.ptr, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		result =
		    fail(f, FAIL_STORE, "cannot open %.*s: %s", STR_ARG(from), sqlite3_errmsg(db));
	else
		result =
		    check(db, from, f) < 0 || make_empty(path, f) < 0 || copy_into(db, path, f) < 0
		        ? -1
		        : 0;
	sqlite3_close(db);
	return result;
}

/* With its log: together they are a store again under any name. */
static int put_aside(struct str path, struct str kept, struct fail *f)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};

	for (int i = 0; i < 3; i++) {
		struct str from = with(path, suffixes[i], f->arena);

		if (rename(from.ptr, with(kept, suffixes[i], f->arena).ptr) < 0 && errno != ENOENT)
			return says("put aside", from, f);
	}
	return 0;
}

int store_restore(struct str data_dir, struct str backup, struct str *out_kept, struct fail *f)
{
	struct str path = with(data_dir, "/flux.db", f->arena);
	struct str made = with(path, ".restoring", f->arena);
	struct str time = store_time_text(clock_wall_ms(), f->arena);
	struct str kept =
	    arena_printf(f->arena, "%.*s.before-restore-%.*s", STR_ARG(path), STR_ARG(time));
	bool is_there = access(path.ptr, F_OK) == 0;

	if (datadir_make(data_dir, f) < 0)
		return -1;
	if (check_and_copy(backup, made, f) < 0 || put_aside(path, kept, f) < 0 ||
	    put_in_place(made, path, f) < 0) {
		unlink(made.ptr);
		return -1;
	}
	*out_kept = is_there ? kept : STR("");
	return 0;
}
