/* What the files of the SQLite store share. Only they include it. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store/store.h"

#include <sqlite3.h>

/* Statements that are used again and again, prepared at first use: enum, SQL. */
#define SQL_STATEMENTS(X)                                                                          \
	X(BEGIN, "BEGIN IMMEDIATE")                                                                \
	X(COMMIT, "COMMIT")                                                                        \
	X(ROLLBACK, "ROLLBACK")                                                                    \
	X(ACCOUNT_FIND, "SELECT id FROM accounts WHERE name = ?1")                                 \
	X(ACCOUNT_ADD, "INSERT INTO accounts (name, created_ms) VALUES (?1, ?2)")                  \
	X(REVISION, "UPDATE meta SET value = value + 1 WHERE name = 'key_revision' "               \
	            "RETURNING value")                                                             \
	X(KEY_ADD, "INSERT INTO keys (account_id, digest, label, prefix, models, created_ms,"      \
	           " expires_ms, revoked_ms, revision) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)")       \
	X(KEY_FIND, "SELECT id, revoked_ms FROM keys WHERE id = ?1 OR prefix = ?2 LIMIT 2")        \
	X(KEY_REVOKE, "UPDATE keys SET revoked_ms = iif(revoked_ms, revoked_ms, ?2), revision = "  \
	              "?3 WHERE id = ?1")                                                          \
	X(KEYS_AFTER, "SELECT k.id, k.account_id, k.digest, a.name, k.label, k.prefix, k.models,"  \
	              " k.created_ms, k.expires_ms, k.revoked_ms, k.revision"                      \
	              " FROM keys k JOIN accounts a ON a.id = k.account_id"                        \
	              " WHERE k.revision > ?1 ORDER BY k.revision")                                \
	X(ENTRY_PUT, "INSERT INTO entries VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,"     \
	             "?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25,?26,?27,?28,?29,?30,?31,"    \
	             "?32,?33,?34,?35,?36,?37)"                                                    \
	             " ON CONFLICT DO NOTHING")                                                    \
	X(ENTRY_GET, "SELECT * FROM entries WHERE request_id = ?1 AND attempt = ?2")               \
	X(DAY_ADD, "INSERT INTO days VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)"              \
	           " ON CONFLICT DO UPDATE SET requests = requests + excluded.requests,"           \
	           " input = input + excluded.input,"                                              \
	           " cache_read = cache_read + excluded.cache_read,"                               \
	           " cache_write = cache_write + excluded.cache_write,"                            \
	           " output = output + excluded.output,"                                           \
	           " cost_nusd = cost_nusd + excluded.cost_nusd,"                                  \
	           " charge_nusd = charge_nusd + excluded.charge_nusd,"                            \
	           " estimated = estimated + excluded.estimated")                                  \
	X(MARK_PUT, "INSERT INTO checkpoints VALUES (?1,?2,?3)"                                    \
	            " ON CONFLICT DO UPDATE SET sequence = excluded.sequence")                     \
	X(MARK_GET, "SELECT sequence FROM checkpoints WHERE node = ?1 AND loop = ?2")

enum sql_statement {
#define X(name, sql) SQL_##name,
	SQL_STATEMENTS(X)
#undef X
	    SQL_STATEMENT_COUNT
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_STATEMENT_COUNT];
	struct arena arena; /* of path */
	struct str path;
};

enum { SQLITE_SCHEMA_VERSION = 1 };
extern const char sqlite_schema[]; /* all statements that make an empty store of this version */

/* -1, with SQLite's own words. */
int sqlite_fails(struct store *, const char *doing, struct fail *);

/* A statement that is reset and without values. NULL: f is set. */
sqlite3_stmt *sqlite_get(struct store *, enum sql_statement, struct fail *) MUST_USE;
void sqlite_bind_str(sqlite3_stmt *, int at, struct str); /* borrows until the statement is reset */
void sqlite_bind_blob(sqlite3_stmt *, int at, const void *bytes, size_t len);
struct str sqlite_str(sqlite3_stmt *, int column, struct arena *);

/* Steps a statement that gives no rows, and resets it. */
int sqlite_do(struct store *, sqlite3_stmt *, const char *doing, struct fail *) MUST_USE;

int sqlite_begin(struct store *, struct fail *) MUST_USE;
/* Commits if `result` is 0, else rolls back; gives the result, -1 also where the commit failed. */
int sqlite_end(struct store *, int result, struct fail *) MUST_USE;

#endif
