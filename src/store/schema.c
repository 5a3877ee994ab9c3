/* Versions and migrations of the store.
 *
 *	no table `meta`     empty: all tables are made
 *	version < ours      what there is is kept aside, then each step in a transaction of its own
 *	version > ours      refused: a newer program's, which we would spoil
 *
 * One text serves every engine: INT, BYTES and TABLE stand for the words in which they differ.
 * Amounts are nano-dollars, times milliseconds, ids of requests 16 bytes. Integers hold 63 bits,
 * so a sum may reach 9.2 billion dollars. Entries are clustered by request id, which is ordered
 * by time (UUIDv7): inserting stays at the right edge of the tree, however many rows there are.
 * Reports read `days`, ceilings read `spent`; the transaction that inserts an entry keeps both.
 *
 * A new version: SCHEMA_VERSION, a text STEP_n for all engines, its row in each table of steps.
 * A text that was released is never changed. */
#include "store/schema.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/owner.h"
#include "store/samples.h"
#include "store/spent.h"

/* Plans, accounts, teams, users: see store/owner.h. `kind` is its enum. */
#define OWNER_TABLE(INT, TABLE)                                                                    \
	"CREATE TABLE owners ("                                                                    \
	" kind " INT " NOT NULL, id " INT " NOT NULL, account_id " INT " NOT NULL,"                \
	" team_id " INT " NOT NULL, plan_id " INT " NOT NULL, name TEXT NOT NULL,"                 \
	" terms TEXT NOT NULL, on_hold " INT " NOT NULL, created_ms " INT " NOT NULL,"             \
	" closed_ms " INT " NOT NULL, revision " INT " NOT NULL UNIQUE,"                           \
	" PRIMARY KEY (kind, id), UNIQUE (kind, account_id, name))" TABLE ";"

/* digest: SHA-256 of the key's text, which is kept nowhere. Times 0: never. */
#define KEY_TABLE(INT, BYTES, TABLE)                                                               \
	"CREATE TABLE keys ("                                                                      \
	" id " INT " NOT NULL PRIMARY KEY, account_id " INT " NOT NULL, team_id " INT " NOT NULL," \
	" user_id " INT " NOT NULL, digest " BYTES " NOT NULL UNIQUE, label TEXT NOT NULL,"        \
	" prefix TEXT NOT NULL, models TEXT NOT NULL, terms TEXT NOT NULL,"                        \
	" created_ms " INT " NOT NULL, expires_ms " INT " NOT NULL, revoked_ms " INT " NOT NULL,"  \
	" revision " INT " NOT NULL UNIQUE)" TABLE ";"                                             \
	"CREATE INDEX keys_prefix ON keys (prefix);"

/* scope: of store/lease.h. A lease's expiry is its node's. */
#define MONEY_TABLES(INT, BYTES, TABLE)                                                            \
	"CREATE TABLE spent ("                                                                     \
	" scope " INT " NOT NULL, owner " INT " NOT NULL, period_ms " INT " NOT NULL,"             \
	" nusd " INT " NOT NULL, PRIMARY KEY (scope, owner, period_ms))" TABLE ";"                 \
	"CREATE TABLE leases ("                                                                    \
	" scope " INT " NOT NULL, owner " INT " NOT NULL, period_ms " INT " NOT NULL,"             \
	" node " BYTES " NOT NULL, nusd " INT " NOT NULL,"                                         \
	" PRIMARY KEY (scope, owner, period_ms, node))" TABLE ";"                                  \
	"CREATE INDEX leases_empty ON leases (node) WHERE nusd = 0;"                               \
	"CREATE TABLE nodes (node " BYTES " NOT NULL PRIMARY KEY, expires_ms " INT                 \
	" NOT NULL)" TABLE ";"

#define ENTRY_TABLE(INT, BYTES, TABLE)                                                             \
	"CREATE TABLE entries ("                                                                   \
	" request_id " BYTES " NOT NULL, attempt " INT " NOT NULL,"                                \
	" account_id " INT " NOT NULL, key_id " INT " NOT NULL,"                                   \
	" opened_ms " INT " NOT NULL, closed_ms " INT " NOT NULL,"                                 \
	" held_nusd " INT " NOT NULL, cost_nusd " INT " NOT NULL, charge_nusd " INT " NOT NULL,"   \
	" input " INT " NOT NULL, cache_read " INT " NOT NULL,"                                    \
	" cache_write_5m " INT " NOT NULL, cache_write_1h " INT " NOT NULL,"                       \
	" output " INT " NOT NULL, reasoning " INT " NOT NULL,"                                    \
	" audio_input " INT " NOT NULL, audio_output " INT " NOT NULL,"                            \
	" image_input " INT " NOT NULL, calls " INT " NOT NULL, reported " INT " NOT NULL,"        \
	" model TEXT NOT NULL, provider TEXT NOT NULL, price_version " INT " NOT NULL,"            \
	" dialect TEXT NOT NULL, tier TEXT, lane " INT " NOT NULL, stream " INT " NOT NULL,"       \
	" \"end\" TEXT NOT NULL, status " INT " NOT NULL,"                                         \
	" duration_ms " INT " NOT NULL, first_byte_ms " INT " NOT NULL,"                           \
	" team_id " INT " NOT NULL DEFAULT 0, user_id " INT " NOT NULL DEFAULT 0,"                 \
	" tags TEXT NOT NULL DEFAULT '', image_output " INT " NOT NULL DEFAULT 0,"                 \
	" searches " INT " NOT NULL DEFAULT 0, service " INT " NOT NULL DEFAULT 0,"                \
	" regional " INT " NOT NULL DEFAULT 0, charge_version " INT " NOT NULL DEFAULT 0,"         \
	" unpriced " INT " NOT NULL DEFAULT 0, PRIMARY KEY (request_id, attempt))" TABLE ";"

/* day: since 1970-01-01, UTC, of closed_ms. checkpoints: how far each loop's journal has been
 * carried, written with its entries. */
#define SUM_TABLES(INT, BYTES, TABLE)                                                              \
	"CREATE TABLE days ("                                                                      \
	" day " INT " NOT NULL, account_id " INT " NOT NULL, key_id " INT " NOT NULL,"             \
	" model TEXT NOT NULL, requests " INT " NOT NULL,"                                         \
	" input " INT " NOT NULL, cache_read " INT " NOT NULL, cache_write " INT " NOT NULL,"      \
	" output " INT " NOT NULL, cost_nusd " INT " NOT NULL, charge_nusd " INT " NOT NULL,"      \
	" estimated " INT " NOT NULL, PRIMARY KEY (day, account_id, key_id, model))" TABLE ";"     \
	"CREATE TABLE checkpoints ("                                                               \
	" node " BYTES " NOT NULL, loop " INT " NOT NULL, sequence " INT " NOT NULL,"              \
	" PRIMARY KEY (node, loop))" TABLE ";"

#define META_TABLE(INT, TABLE)                                                                     \
	"CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value " INT " NOT NULL)" TABLE ";"     \
	"INSERT INTO meta VALUES ('schema_version', 2), ('revision', 0);"

#define ALL_TABLES(INT, BYTES, TABLE)                                                              \
	META_TABLE(INT, TABLE)                                                                     \
	OWNER_TABLE(INT, TABLE)                                                                    \
	KEY_TABLE(INT, BYTES, TABLE)                                                               \
	ENTRY_TABLE(INT, BYTES, TABLE) SUM_TABLES(INT, BYTES, TABLE) MONEY_TABLES(INT, BYTES, TABLE)

/* Version 1 had accounts only, keys without terms, entries without team, user and tags. Revisions
 * of keys stay; owners take the next. */
#define SQLITE_KEYS KEY_TABLE("INTEGER", "BLOB", " WITHOUT ROWID, STRICT")
#define SQLITE_OWNERS OWNER_TABLE("INTEGER", " WITHOUT ROWID, STRICT")
#define SQLITE_MONEY MONEY_TABLES("INTEGER", "BLOB", " WITHOUT ROWID, STRICT")
#define SQLITE_ADD_INTEGER(column)                                                                 \
	"ALTER TABLE entries ADD COLUMN " column " INTEGER NOT NULL DEFAULT 0;"

static const char sqlite_step_2[] =
    "ALTER TABLE keys RENAME TO keys_1;"
    "DROP INDEX keys_prefix;" SQLITE_KEYS
    "INSERT INTO keys SELECT id, account_id, 0, 0, digest, label, prefix, models, '',"
    " created_ms, expires_ms, revoked_ms, revision FROM keys_1;"
    "DROP TABLE keys_1;" SQLITE_OWNERS
    "UPDATE meta SET name = 'revision' WHERE name = 'key_revision';"
    "INSERT INTO owners SELECT 1, id, 0, 0, 0, name, '', on_hold, created_ms, 0,"
    " (SELECT value FROM meta WHERE name = 'revision') + row_number() OVER (ORDER BY id)"
    " FROM accounts;"
    "UPDATE meta SET value = value + (SELECT count(*) FROM accounts) WHERE name = 'revision';"
    "DROP TABLE accounts;" SQLITE_ADD_INTEGER("team_id") SQLITE_ADD_INTEGER("user_id")
        SQLITE_ADD_INTEGER("image_output") SQLITE_ADD_INTEGER("searches")
            SQLITE_ADD_INTEGER("service") SQLITE_ADD_INTEGER("regional")
                SQLITE_ADD_INTEGER("charge_version")
                    SQLITE_ADD_INTEGER("unpriced") "ALTER TABLE entries ADD COLUMN tags TEXT NOT "
                                                   "NULL DEFAULT '';" SQLITE_MONEY;

/* Version 3: alerts that were noted (store/alert.h), and what is spent, by period. */
#define STEP_3(INT, TABLE)                                                                         \
	"CREATE TABLE alerts ("                                                                    \
	" scope " INT " NOT NULL, owner " INT " NOT NULL, period_ms " INT " NOT NULL,"             \
	" percent " INT " NOT NULL, ceiling_nusd " INT " NOT NULL, spent_nusd " INT " NOT NULL,"   \
	" noted_ms " INT " NOT NULL, claimed_ms " INT " NOT NULL, done_ms " INT " NOT NULL,"       \
	" PRIMARY KEY (scope, owner, period_ms, percent))" TABLE ";"                               \
	"CREATE INDEX alerts_left ON alerts (claimed_ms) WHERE done_ms = 0;"                       \
	"CREATE INDEX spent_period ON spent (period_ms);"

/* Version 4: which question granted how much of a lease last (store/lease.h); the rates behind the
 * price versions that entries name (store/rates.h). */
#define STEP_4(INT, TABLE)                                                                         \
	"ALTER TABLE leases ADD COLUMN ticket " INT " NOT NULL DEFAULT 0;"                         \
	"ALTER TABLE leases ADD COLUMN granted_nusd " INT " NOT NULL DEFAULT 0;"                   \
	"CREATE TABLE prices ("                                                                    \
	" id " INT " NOT NULL PRIMARY KEY, of_id " INT " NOT NULL, markup_bp " INT " NOT NULL,"    \
	" rates TEXT NOT NULL, noted_ms " INT " NOT NULL)" TABLE ";"

static const char *const sqlite_steps[SCHEMA_VERSION + 1] = {
    [2] = sqlite_step_2,
    [3] = STEP_3("INTEGER", " WITHOUT ROWID, STRICT"),
    [4] = STEP_4("INTEGER", " WITHOUT ROWID, STRICT"),
};

const struct schema schema_sqlite = {
    .all = ALL_TABLES("INTEGER", "BLOB", " WITHOUT ROWID, STRICT"),
    .to = sqlite_steps,
};

static const char *const postgres_steps[SCHEMA_VERSION + 1] = {
    [3] = STEP_3("BIGINT", ""),
    [4] = STEP_4("BIGINT", ""),
};

const struct schema schema_postgres = {
    .all = ALL_TABLES("BIGINT", "BYTEA", ""),
    .to = postgres_steps,
};

static int read_version(struct store *s, int64_t *out, struct fail *f)
{
	struct sql q = {.text = "SELECT value FROM meta WHERE name = 'schema_version'",
	                .doing = "read the schema's version"};
	bool has_meta = false;

	if (s->engine->has_table(s, "meta", &has_meta, f) < 0)
		return -1;
	*out = 0;
	return has_meta ? store_ask_i64(s, &q, 0, out, f) : 0;
}

static const struct {
	const char *name, *terms;
} plans[] = {
#define X(name, terms) {name, terms},
    STORE_PLAN_SAMPLES(X)
#undef X
};

static int add_plans(struct store *s, struct fail *f)
{
	for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
		struct store_owner plan = {.kind = STORE_PLAN,
		                           .name = str_of(plans[i].name),
		                           .terms = str_of(plans[i].terms),
		                           .created_ms = clock_wall_ms()};

		if (owner_put(s, &plan, f) < 0)
			return -1;
	}
	return 0;
}

static int set_version(struct store *s, int64_t version, struct fail *f)
{
	struct sql q = {.text = "UPDATE meta SET value = ?1 WHERE name = 'schema_version'",
	                .doing = "note the schema's version",
	                SQL_WITH(value_i64(version))};

	return store_run(s, &q, f);
}

/* From nothing to the version of `all`, or from a version to the next. Sums that a version is the
 * first to have are made of the entries. */
static int step(struct store *s, int64_t version, struct fail *f)
{
	const struct schema *schema = s->engine->schema;
	const char *text = version == 0 ? schema->all : schema->to[version + 1];

	must(text != NULL);
	if (s->engine->script(s, text, f) < 0)
		return -1;
	if (version <= 1 && (add_plans(s, f) < 0 || spent_fill(s, f) < 0))
		return -1;
	return set_version(s, version == 0 ? SCHEMA_FIRST : version + 1, f);
}

/* Two processes may start at once: who comes second finds it done. */
static int migrate_once(struct store *s, int64_t from, int64_t *out_version, struct fail *f)
{
	int64_t version = 0;
	int result;

	if (store_begin(s, SQL_TO_WRITE, f) < 0)
		return -1;
	result = s->engine->lock_schema ? s->engine->lock_schema(s, f) : 0;
	if (result == 0)
		result = read_version(s, &version, f);
	if (result == 0 && version == from)
		result = step(s, version, f);
	if (store_end(s, result, f) < 0)
		return -1;
	return read_version(s, out_version, f);
}

/* flux.db.v1-backup-20261122T183546.123Z */
static int keep_old(struct store *s, int64_t version, struct fail *f)
{
	struct str path =
	    arena_printf(f->arena, "%.*s.v%d-backup-%.*s", STR_ARG(s->name), (int)version,
	                 STR_ARG(store_time_text(clock_wall_ms(), f->arena)));

	if (!s->engine->backup) {
		log_say(LOG_WARN,
		        "%.*s: leaving schema version %d; nothing is kept of it but what you took "
		        "with pg_dump",
		        STR_ARG(s->name), (int)version);
		return 0;
	}
	if (s->engine->backup(s, path, f) < 0)
		return -1;
	log_say(LOG_INFO, "%.*s: the store as it was is kept in %.*s", STR_ARG(s->name),
	        STR_ARG(path));
	return 0;
}

static int migrate(struct store *s, int64_t version, struct fail *f)
{
	int64_t before = version;

	if (version > 0 && keep_old(s, version, f) < 0)
		return -1;
	while (version < SCHEMA_VERSION)
		if (migrate_once(s, version, &version, f) < 0)
			return -1;
	if (before > 0)
		log_say(LOG_INFO, "%.*s: brought from schema version %d to %d", STR_ARG(s->name),
		        (int)before, SCHEMA_VERSION);
	return 0;
}

int schema_check(struct store *s, enum store_open_how how, struct fail *f)
{
	int64_t version;

	if (read_version(s, &version, f) < 0)
		return -1;
	if (version > SCHEMA_VERSION)
		return fail(f, FAIL_STORE,
		            "%.*s has schema version %" PRId64
		            "; this program knows %d: use a newer fluxrouter",
		            STR_ARG(s->name), version, SCHEMA_VERSION);
	if (version == SCHEMA_VERSION || (version == 0 && how == STORE_CREATE))
		return version == 0 ? migrate(s, version, f) : 0;
	if (version == 0)
		return fail(f, FAIL_STORE, "%.*s is not a store of FluxRouter", STR_ARG(s->name));
	if (how == STORE_READ_ONLY)
		return fail(f, FAIL_STORE,
		            "%.*s has schema version %" PRId64
		            ", of an older fluxrouter; `fluxrouter serve` brings it to %d",
		            STR_ARG(s->name), version, SCHEMA_VERSION);
	if (how == STORE_AS_IS)
		return fail(f, FAIL_STORE,
		            "%.*s has schema version %" PRId64
		            ", and the program that serves from it knows no other; this one needs "
		            "%d: stop that one, then start this one",
		            STR_ARG(s->name), version, SCHEMA_VERSION);
	return migrate(s, version, f);
}
