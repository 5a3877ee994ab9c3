/* Every statement that is used again and again, in the words that SQLite and PostgreSQL share:
 * enum, SQL. Values are ?1, ?2, ... or, counted by themselves, ?. The engines prepare each once.
 *
 * What both understand: ON CONFLICT with its columns named, excluded, RETURNING, CASE,
 * IS DISTINCT FROM, CAST(sum(x) AS BIGINT). What one of them lacks is not used. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include "store/column.h"

#define OWNER_COLUMNS                                                                              \
	"kind, id, account_id, team_id, plan_id, name, terms, on_hold, created_ms, closed_ms, "    \
	"revision"
#define KEY_COLUMNS                                                                                \
	"k.id, k.account_id, k.team_id, k.user_id, k.digest, a.name, k.label, k.prefix,"           \
	" k.models, k.terms, k.created_ms, k.expires_ms, k.revoked_ms, k.revision"                 \
	" FROM keys k JOIN owners a ON a.kind = 1 AND a.id = k.account_id"
#define BUCKET_IS "scope = ?1 AND owner = ?2 AND period_ms = ?3"

#define SQL_STATEMENTS(X)                                                                          \
	X(REVISION, "UPDATE meta SET value = value + 1 WHERE name = 'revision' RETURNING value")   \
	X(OWNER_BY_ID, "SELECT " OWNER_COLUMNS " FROM owners WHERE kind = ?1 AND id = ?2")         \
	X(OWNER_BY_NAME, "SELECT " OWNER_COLUMNS                                                   \
	                 " FROM owners WHERE kind = ?1 AND account_id = ?2 AND name = ?3")         \
	X(OWNER_NEXT_ID, "SELECT coalesce(max(id), 0) + 1 FROM owners WHERE kind = ?1")            \
	X(OWNER_PUT, "INSERT INTO owners (" OWNER_COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?,?)"       \
	             " ON CONFLICT (kind, id) DO UPDATE SET team_id = excluded.team_id,"           \
	             " plan_id = excluded.plan_id, name = excluded.name, terms = excluded.terms,"  \
	             " on_hold = excluded.on_hold, closed_ms = excluded.closed_ms,"                \
	             " revision = excluded.revision")                                              \
	X(OWNERS_AFTER,                                                                            \
	  "SELECT " OWNER_COLUMNS " FROM owners WHERE revision > ?1 ORDER BY revision")            \
	X(KEY_NEXT_ID, "SELECT coalesce(max(id), 0) + 1 FROM keys")                                \
	X(KEY_ADD, "INSERT INTO keys (id, account_id, team_id, user_id, digest, label, prefix,"    \
	           " models, terms, created_ms, expires_ms, revoked_ms, revision)"                 \
	           " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)")                                          \
	X(KEY_FIND, "SELECT " KEY_COLUMNS " WHERE k.id = ?1 OR k.prefix = ?2 LIMIT 2")             \
	X(KEYS_PAGE, "SELECT " KEY_COLUMNS " WHERE k.id > ?1 AND (?2 = 0 OR k.account_id = ?2)"    \
	             " AND (?3 = 0 OR k.team_id = ?3) AND (?4 = 0 OR k.user_id = ?4)"              \
	             " AND (?5 < 0 OR ?5 = CASE WHEN k.revoked_ms <> 0 THEN 2"                     \
	             " WHEN k.expires_ms <> 0 AND k.expires_ms <= ?6 THEN 1 ELSE 0 END)"           \
	             " ORDER BY k.id LIMIT ?7")                                                    \
	X(KEY_END, "UPDATE keys SET expires_ms = ?2, revision = ?3"                                \
	           " WHERE id = ?1 AND (expires_ms = 0 OR expires_ms > ?2)")                       \
	X(KEY_REVOKE, "UPDATE keys SET revoked_ms = CASE WHEN revoked_ms = 0 THEN ?2 ELSE"         \
	              " revoked_ms END, revision = ?3 WHERE id = ?1")                              \
	X(KEY_SET, "UPDATE keys SET team_id = ?2, user_id = ?3, label = ?4, models = ?5,"          \
	           " terms = ?6, expires_ms = ?7, revoked_ms = CASE WHEN revoked_ms = 0 THEN ?8"   \
	           " ELSE revoked_ms END, revision = ?9 WHERE id = ?1")                            \
	X(KEYS_AFTER, "SELECT " KEY_COLUMNS " WHERE k.revision > ?1 ORDER BY k.revision")          \
	X(ENTRY_PUT,                                                                               \
	  "INSERT INTO entries (" ENTRY_NAMES ") VALUES (" ENTRY_MARKS ") ON CONFLICT DO NOTHING") \
	X(ENTRIES_PUT, "INSERT INTO entries (" ENTRY_NAMES ") VALUES " ENTRY_ROWS)                 \
	X(ENTRY_GET, "SELECT " ENTRY_NAMES " FROM entries WHERE request_id = ?1 AND attempt = ?2") \
	X(DAY_ADD,                                                                                 \
	  "INSERT INTO days (day, account_id, key_id, model, requests, input, cache_read,"         \
	  " cache_write, output, cost_nusd, charge_nusd, estimated)"                               \
	  " VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"                                                      \
	  " ON CONFLICT (day, account_id, key_id, model) DO UPDATE SET"                            \
	  " requests = days.requests + excluded.requests,"                                         \
	  " input = days.input + excluded.input,"                                                  \
	  " cache_read = days.cache_read + excluded.cache_read,"                                   \
	  " cache_write = days.cache_write + excluded.cache_write,"                                \
	  " output = days.output + excluded.output,"                                               \
	  " cost_nusd = days.cost_nusd + excluded.cost_nusd,"                                      \
	  " charge_nusd = days.charge_nusd + excluded.charge_nusd,"                                \
	  " estimated = days.estimated + excluded.estimated")                                      \
	X(MARK_PUT, "INSERT INTO checkpoints (node, loop, sequence) VALUES (?,?,?)"                \
	            " ON CONFLICT (node, loop) DO UPDATE SET sequence = excluded.sequence"         \
	            " WHERE excluded.sequence > checkpoints.sequence")                             \
	X(MARK_GET, "SELECT sequence FROM checkpoints WHERE node = ?1 AND loop = ?2")              \
	X(SPENT_ADD, "INSERT INTO spent (scope, owner, period_ms, nusd) VALUES (?,?,?,?)"          \
	             " ON CONFLICT (scope, owner, period_ms) DO UPDATE SET"                        \
	             " nusd = spent.nusd + excluded.nusd")                                         \
	X(SPENT_LOCK, "INSERT INTO spent (scope, owner, period_ms, nusd) VALUES (?,?,?,0)"         \
	              " ON CONFLICT (scope, owner, period_ms) DO UPDATE SET nusd = spent.nusd")    \
	X(SPENT_GET, "SELECT nusd FROM spent WHERE " BUCKET_IS)                                    \
	X(SPENT_ALL, "SELECT scope, owner, period_ms, nusd FROM spent")                            \
	X(LEASE_SUMS,                                                                              \
	  "SELECT CAST(coalesce(sum(CASE WHEN node = ?4 THEN nusd ELSE 0 END), 0) AS BIGINT),"     \
	  " CAST(coalesce(sum(CASE WHEN node = ?4 OR nusd < 0 THEN 0 ELSE nusd END), 0)"           \
	  " AS BIGINT)"                                                                            \
	  " FROM leases WHERE " BUCKET_IS)                                                         \
	X(LEASE_ADD, "INSERT INTO leases (scope, owner, period_ms, node, nusd, ticket,"            \
	             " granted_nusd) VALUES (?1,?2,?3,?4,?5,?6,?5)"                                \
	             " ON CONFLICT (scope, owner, period_ms, node) DO UPDATE SET"                  \
	             " nusd = leases.nusd + excluded.nusd, ticket = excluded.ticket,"              \
	             " granted_nusd = excluded.granted_nusd +"                                     \
	             " CASE WHEN leases.ticket = excluded.ticket THEN leases.granted_nusd"         \
	             " ELSE 0 END")                                                                \
	X(LEASES_UNDO, "UPDATE leases SET granted_nusd = 0, nusd = nusd - granted_nusd"            \
	               " WHERE node = ?1 AND ticket >= ?2 AND granted_nusd > 0")                   \
	X(LEASE_SPEND, "UPDATE leases SET nusd = nusd - ?5"                                        \
	               " WHERE " BUCKET_IS " AND node = ?4 AND nusd <> 0")                         \
	X(LEASE_LOWER, "UPDATE leases SET nusd = CASE WHEN nusd > ?5 THEN nusd - ?5 ELSE 0 END"    \
	               " WHERE " BUCKET_IS " AND node = ?4 AND nusd > 0")                          \
	X(LEASES_SWEEP, "DELETE FROM leases WHERE node = ?1 AND nusd = 0")                         \
	X(LEASES_DROP, "DELETE FROM leases WHERE node = ?1")                                       \
	X(LEASES_ALL, "SELECT l.node, l.scope, l.owner, l.period_ms, l.nusd,"                      \
	              " coalesce(n.expires_ms, 0) FROM leases l"                                   \
	              " LEFT JOIN nodes n ON n.node = l.node WHERE l.nusd > 0"                     \
	              " ORDER BY l.node, l.scope, l.owner, l.period_ms")                           \
	X(RATES_PUT, "INSERT INTO prices (id, of_id, markup_bp, rates, noted_ms)"                  \
	             " VALUES (?,?,?,?,?) ON CONFLICT (id) DO NOTHING")                            \
	X(RATES_ALL, "SELECT id, of_id, markup_bp, rates FROM prices ORDER BY id <> of_id, id")    \
	X(NODE_LOCK, "INSERT INTO nodes (node, expires_ms) VALUES (?,0)"                           \
	             " ON CONFLICT (node) DO UPDATE SET expires_ms = nodes.expires_ms")            \
	X(NODE_EXPIRY, "SELECT coalesce(max(n.expires_ms), 0) FROM leases l LEFT JOIN nodes n"     \
	               " ON n.node = l.node WHERE l.node = ?1 HAVING count(*) > 0")                \
	X(NODE_EXTEND, "INSERT INTO nodes (node, expires_ms) VALUES (?,?)"                         \
	               " ON CONFLICT (node) DO UPDATE SET expires_ms = excluded.expires_ms")

enum sql_statement {
	SQL_GIVEN,
#define X(name, sql) SQL_##name,
	SQL_STATEMENTS(X)
#undef X
	    SQL_STATEMENT_COUNT
};

extern const char *const sql_texts[SQL_STATEMENT_COUNT]; /* NULL for SQL_GIVEN */

#endif
