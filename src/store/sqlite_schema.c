/* The SQLite store's schema, version 1. Amounts are nano-dollars, times are milliseconds, ids of
 * requests are 16 bytes.
 *
 * Integers hold 63 bits, so a day's sum may reach 9.2 billion dollars. Entries are clustered by
 * request id, which is ordered by time (UUIDv7): inserting stays at the right edge of the tree,
 * however many rows there are. Reports read `days`, which the transaction that inserts an entry
 * keeps up; so their cost does not grow with the entries.
 *
 * A new version: a row in a table of migrations, never a change here that an older store would
 * not get. */
#include "store/sqlite.h"

const char sqlite_schema[] =
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;"
    "INSERT INTO meta VALUES ('schema_version', 1), ('key_revision', 0);"

    "CREATE TABLE accounts ("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE,"
    " on_hold INTEGER NOT NULL DEFAULT 0,"
    " created_ms INTEGER NOT NULL) STRICT;"

    /* revision: grows with each change of any key, so that a reader asks for what is new */
    "CREATE TABLE keys ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " account_id INTEGER NOT NULL REFERENCES accounts (id),"
    " digest BLOB NOT NULL UNIQUE," /* SHA-256 of the key's text; the text is kept nowhere */
    " label TEXT NOT NULL,"
    " prefix TEXT NOT NULL,"
    " models TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL,"
    " expires_ms INTEGER NOT NULL," /* 0: never */
    " revoked_ms INTEGER NOT NULL," /* 0: in force */
    " revision INTEGER NOT NULL UNIQUE) STRICT;"
    "CREATE INDEX keys_prefix ON keys (prefix);"

    /* columns in the order of sqlite_entries.c */
    "CREATE TABLE entries ("
    " request_id BLOB NOT NULL, attempt INTEGER NOT NULL,"
    " account_id INTEGER NOT NULL, key_id INTEGER NOT NULL,"
    " opened_ms INTEGER NOT NULL, closed_ms INTEGER NOT NULL,"
    " held_nusd INTEGER NOT NULL, cost_nusd INTEGER NOT NULL, charge_nusd INTEGER NOT NULL,"
    " input INTEGER NOT NULL, cache_read INTEGER NOT NULL,"
    " cache_write_5m INTEGER NOT NULL, cache_write_1h INTEGER NOT NULL,"
    " output INTEGER NOT NULL, reasoning INTEGER NOT NULL,"
    " audio_input INTEGER NOT NULL, audio_output INTEGER NOT NULL,"
    " image_input INTEGER NOT NULL, calls INTEGER NOT NULL,"
    " reported INTEGER NOT NULL," /* 0: the figures are estimates */
    " model TEXT NOT NULL, provider TEXT NOT NULL, price_version INTEGER NOT NULL,"
    " dialect TEXT NOT NULL, tier TEXT," /* no tier: the model was named */
    " lane INTEGER NOT NULL, stream INTEGER NOT NULL,"
    " end TEXT NOT NULL, status INTEGER NOT NULL,"
    " duration_ms INTEGER NOT NULL, first_byte_ms INTEGER NOT NULL,"
    " image_output INTEGER NOT NULL, searches INTEGER NOT NULL,"
    " service INTEGER NOT NULL, regional INTEGER NOT NULL,"
    " charge_version INTEGER NOT NULL,"
    " unpriced INTEGER NOT NULL," /* 1: no price was known of some of it */
    " PRIMARY KEY (request_id, attempt)) WITHOUT ROWID, STRICT;"

    /* day: since 1970-01-01, UTC, of closed_ms */
    "CREATE TABLE days ("
    " day INTEGER NOT NULL, account_id INTEGER NOT NULL, key_id INTEGER NOT NULL,"
    " model TEXT NOT NULL,"
    " requests INTEGER NOT NULL,"
    " input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,"
    " output INTEGER NOT NULL,"
    " cost_nusd INTEGER NOT NULL, charge_nusd INTEGER NOT NULL,"
    " estimated INTEGER NOT NULL,"
    " PRIMARY KEY (day, account_id, key_id, model)) WITHOUT ROWID, STRICT;"

    /* how far each loop's journal has been carried; written with its entries */
    "CREATE TABLE checkpoints ("
    " node BLOB NOT NULL, loop INTEGER NOT NULL, sequence INTEGER NOT NULL,"
    " PRIMARY KEY (node, loop)) WITHOUT ROWID, STRICT;";
