/* Places for stores under test, one kind for each engine. A test is a function that is run for
 * each; PostgreSQL is a server of tests/postgres.sh, and each place a schema of its own in it.
 *
 *	int main(int argc, char **argv) { place_start(argv); ... place_each(test_keys); ... }
 *
 * Without a server (PostgreSQL is not installed) its half is skipped, and check_report says why. */
#ifndef TESTS_UNIT_PLACE_H
#define TESTS_UNIT_PLACE_H

#include "check.h"
#include "store/libpq.h"
#include "tempdir.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

enum place_kind { PLACE_SQLITE, PLACE_POSTGRES, PLACE_KINDS };

struct place {
	enum place_kind kind;
	struct str where; /* for store_open */
	struct str dir;   /* temporary */
};

static struct arena place_arena;
static const char *place_server; /* URL; NULL: none */
static int place_skipped;

/* Runs the program again beneath the server's script, unless it is there already. */
__attribute__((unused)) static void place_start(char **argv)
{
	const char *server = getenv("FLUX_POSTGRES");
	char script[] = "tests/postgres.sh", run[] = "run";

	arena_init(&place_arena);
	if (!server && access(script, X_OK) == 0) {
		char *words[] = {script, run, argv[0], NULL};

		execv(script, words);
	}
	if (server && strncmp(server, "none:", 5) != 0)
		place_server = server;
}

/* Statements for the place's database, past the store. */
static void place_change(const struct place *p, const char *sql)
{
	sqlite3 *db;

	must(p->kind == PLACE_SQLITE);
	must(sqlite3_open(arena_printf(&place_arena, "%.*s/flux.db", STR_ARG(p->where)).ptr, &db) ==
	     SQLITE_OK);
	must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
}

static struct pg_conn *place_connect(struct str url, const struct libpq **out_pq)
{
	const char *const names[] = {"dbname", NULL}, *const values[] = {url.ptr, NULL};
	struct pg_conn *conn;
	struct fail f;

	fail_init(&f, &place_arena);
	must(libpq_get(out_pq, &f) == 0);
	conn = (*out_pq)->connectdbParams(names, values, 1);
	must((*out_pq)->status(conn) == PG_CONNECTED);
	return conn;
}

static void place_send(struct str url, const char *sql)
{
	const struct libpq *pq;
	struct pg_conn *conn = place_connect(url, &pq);
	struct pg_result *r;

	must(pq->sendQuery(conn, sql));
	while ((r = pq->getResult(conn))) {
		if (pq->resultStatus(r) == PG_FATAL_ERROR)
			printf("%s: %s", sql, pq->resultErrorMessage(r));
		must(pq->resultStatus(r) != PG_FATAL_ERROR);
		pq->clear(r);
	}
	pq->finish(conn);
}

/* A transaction of somebody else, in which entries may be read and not written. */
struct place_lock {
	sqlite3 *db;
	struct pg_conn *conn;
	const struct libpq *pq;
};

__attribute__((unused)) static void place_lock(const struct place *p, struct place_lock *out)
{
	struct pg_result *r;

	*out = (struct place_lock){0};
	if (p->kind == PLACE_SQLITE) {
		struct str path = arena_printf(&place_arena, "%.*s/flux.db", STR_ARG(p->where));

		must(sqlite3_open(path.ptr, &out->db) == SQLITE_OK);
		must(sqlite3_exec(out->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
		return;
	}
	out->conn = place_connect(p->where, &out->pq);
	must(out->pq->sendQuery(out->conn, "BEGIN; LOCK TABLE entries IN EXCLUSIVE MODE"));
	while ((r = out->pq->getResult(out->conn))) {
		must(out->pq->resultStatus(r) == PG_COMMAND_OK);
		out->pq->clear(r);
	}
}

__attribute__((unused)) static void place_unlock(struct place_lock *lock)
{
	if (lock->db)
		must(sqlite3_close(lock->db) == SQLITE_OK);
	if (lock->conn)
		lock->pq->finish(lock->conn);
}

__attribute__((unused)) static void place_sql(const struct place *p, const char *sql)
{
	if (p->kind == PLACE_SQLITE)
		place_change(p, sql);
	else
		place_send(p->where, sql);
}

static struct place place_make(enum place_kind kind)
{
	struct place p = {.kind = kind, .dir = tempdir_make(&place_arena)};
	static int count;
	struct str name;

	p.where = p.dir;
	if (kind == PLACE_SQLITE)
		return p;
	name = arena_printf(&place_arena, "t%d_%d", (int)getpid(), ++count);
	place_send(str_of(place_server),
	           arena_printf(&place_arena, "CREATE SCHEMA %.*s", STR_ARG(name)).ptr);
	p.where = arena_printf(&place_arena, "%s?options=-csearch_path%%3D%.*s", place_server,
	                       STR_ARG(name));
	return p;
}

__attribute__((unused)) static void place_remove(const struct place *p)
{
	tempdir_remove(p->dir);
}

/* The test once for each engine that there is. */
__attribute__((unused)) static void place_each(void (*test)(const struct place *))
{
	for (enum place_kind kind = PLACE_SQLITE; kind < PLACE_KINDS; kind++) {
		struct place p;
		int failed = check_failed;

		if (kind == PLACE_POSTGRES && !place_server) {
			place_skipped++;
			continue;
		}
		p = place_make(kind);
		test(&p);
		place_remove(&p);
		if (check_failed != failed)
			printf("    on %s\n", kind == PLACE_SQLITE ? "SQLite" : "PostgreSQL");
	}
}

__attribute__((unused)) static int place_report(const char *noun)
{
	const char *server = getenv("FLUX_POSTGRES");

	arena_release(&place_arena);
	if (place_skipped == 0)
		return check_report(noun);
	printf("unit %s: %d passed, %d failed, %d skipped (%s)\n", noun, check_passed, check_failed,
	       place_skipped, server ? server + strlen("none:") : "no tests/postgres.sh");
	return check_failed ? 1 : 0;
}

#endif
