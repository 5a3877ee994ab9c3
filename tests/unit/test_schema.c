/* A store of an older version becomes ours, and keeps what it had. */
#include "check.h"
#include "store/lease.h"
#include "store/owner.h"
#include "tempdir.h"

#include <dirent.h>
#include <sqlite3.h>
#include <sys/stat.h>

static struct arena arena;
static struct fail f;
static struct str dir;

/* As the first fluxrouter made it. */
static const char version_1[] =
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;"
    "INSERT INTO meta VALUES ('schema_version', 1), ('key_revision', 0);"
    "CREATE TABLE accounts ("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE,"
    " on_hold INTEGER NOT NULL DEFAULT 0,"
    " created_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE keys ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " account_id INTEGER NOT NULL REFERENCES accounts (id),"
    " digest BLOB NOT NULL UNIQUE,"
    " label TEXT NOT NULL,"
    " prefix TEXT NOT NULL,"
    " models TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL,"
    " expires_ms INTEGER NOT NULL,"
    " revoked_ms INTEGER NOT NULL,"
    " revision INTEGER NOT NULL UNIQUE) STRICT;"
    "CREATE INDEX keys_prefix ON keys (prefix);"
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
    " reported INTEGER NOT NULL,"
    " model TEXT NOT NULL, provider TEXT NOT NULL, price_version INTEGER NOT NULL,"
    " dialect TEXT NOT NULL, tier TEXT,"
    " lane INTEGER NOT NULL, stream INTEGER NOT NULL,"
    " end TEXT NOT NULL, status INTEGER NOT NULL,"
    " duration_ms INTEGER NOT NULL, first_byte_ms INTEGER NOT NULL,"
    " PRIMARY KEY (request_id, attempt)) WITHOUT ROWID, STRICT;"
    "CREATE TABLE days ("
    " day INTEGER NOT NULL, account_id INTEGER NOT NULL, key_id INTEGER NOT NULL,"
    " model TEXT NOT NULL,"
    " requests INTEGER NOT NULL,"
    " input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,"
    " output INTEGER NOT NULL,"
    " cost_nusd INTEGER NOT NULL, charge_nusd INTEGER NOT NULL,"
    " estimated INTEGER NOT NULL,"
    " PRIMARY KEY (day, account_id, key_id, model)) WITHOUT ROWID, STRICT;"
    "CREATE TABLE checkpoints ("
    " node BLOB NOT NULL, loop INTEGER NOT NULL, sequence INTEGER NOT NULL,"
    " PRIMARY KEY (node, loop)) WITHOUT ROWID, STRICT;";

static const char things_of_1[] =
    "INSERT INTO accounts VALUES (1, 'default', 0, 5), (2, 'bob', 1, 6);"
    "INSERT INTO keys VALUES (1, 1, x'01', 'first', 'sk-flux-aaaaaa', '', 5, 0, 0, 3),"
    " (2, 2, x'02', '', 'sk-flux-bbbbbb', 'gpt-*', 6, 7, 8, 2);"
    "UPDATE meta SET value = 3 WHERE name = 'key_revision';"
    "INSERT INTO entries VALUES (x'00000000000000000000000000000001', 1, 2, 2,"
    " 1764000000000, 1764000000100, 9, 100, 250, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1,"
    " 'gpt-5', 'openai', 77, 'chat', NULL, 2, 1, 'ok', 200, 100, 10);"
    "INSERT INTO days VALUES (20416, 2, 2, 'gpt-5', 1, 1, 2, 7, 5, 100, 250, 0);"
    "INSERT INTO checkpoints VALUES (x'07000000000000000000000000000000', 0, 70000);";

static sqlite3 *open_db(const char *name)
{
	sqlite3 *db;

	must(sqlite3_open(arena_printf(&arena, "%.*s/%s", STR_ARG(dir), name).ptr, &db) ==
	     SQLITE_OK);
	return db;
}

static void change(const char *name, const char *sql)
{
	sqlite3 *db = open_db(name);

	must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
}

static int join_row(void *arg, int count, char **texts, char **names)
{
	struct str *all = arg;

	(void)names;
	for (int i = 0; i < count; i++)
		*all = arena_printf(&arena, "%.*s%s ", STR_ARG(*all), texts[i] ? texts[i] : "-");
	return 0;
}

static struct str ask(const char *name, const char *sql)
{
	sqlite3 *db = open_db(name);
	struct str all = STR("");

	must(sqlite3_exec(db, sql, join_row, &all, NULL) == SQLITE_OK);
	sqlite3_close(db);
	return all;
}

static void begin(void)
{
	dir = tempdir_make(&arena);
	fail_init(&f, &arena);
}

/* The one file whose name has `part`; mode 0 where there is none. */
static struct str file_with(const char *part, mode_t *out_mode)
{
	DIR *d = opendir(dir.ptr);
	struct str found = STR("");
	struct dirent *e;
	struct stat st;

	*out_mode = 0;
	while ((e = readdir(d)))
		if (strstr(e->d_name, part))
			found = arena_copy(&arena, str_of(e->d_name));
	closedir(d);
	if (found.len &&
	    stat(arena_printf(&arena, "%.*s/%.*s", STR_ARG(dir), STR_ARG(found)).ptr, &st) == 0)
		*out_mode = st.st_mode & 0777;
	return found;
}

static bool on_key(void *arg, const struct store_key *k)
{
	struct store_key **next = arg;

	*(*next)++ = *k;
	return true;
}

static int wrong_sums;

static void on_wrong(void *arg, struct str sentence)
{
	(void)arg;
	printf("    %.*s\n", STR_ARG(sentence));
	wrong_sums++;
}

static void check_keys(struct store *s)
{
	struct store_key keys[3] = {{0}}, *next = keys;
	struct store_owner bob = {.kind = STORE_ACCOUNT, .name = STR("bob")};
	struct store_owner first = {.kind = STORE_ACCOUNT, .id = 1};

	CHECK(store_keys_after(s, 0, &arena, on_key, &next, &f) == 0 && next == keys + 2);
	CHECK(keys[0].id == 2 && keys[0].account_id == 2 && keys[0].expires_ms == 7 &&
	      keys[0].revoked_ms == 8 && keys[0].revision == 2);
	CHECK(keys[1].id == 1 && keys[1].revision == 3 && keys[1].team_id == 0);
	CHECK_STR(keys[0].account_name, STR("bob"));
	CHECK_STR(keys[0].models, STR("gpt-*"));
	CHECK_STR(keys[0].terms, STR(""));
	CHECK(store_owner_find(s, &bob, &arena, &bob, &f) == 0 && bob.id == 2 && bob.on_hold &&
	      bob.created_ms == 6);
	CHECK(store_owner_find(s, &first, &arena, &first, &f) == 0);
	CHECK_STR(first.terms, STR("")); /* who had no ceiling gets none */
	CHECK(store_account_named(s, STR("new"), &first.id, &f) == 0 && first.id == 3);
}

static void check_entries(struct store *s)
{
	static const uint8_t id[16] = {[15] = 1};
	static const uint8_t node[16] = {7};
	struct store_bucket month = {STORE_ACCOUNT_MONTH, 2, 1761955200000};
	struct entry e = {0};
	uint64_t sequence = 0;
	int64_t spent = 0;

	CHECK(store_entry(s, id, 1, &arena, &e, &f) == 0 && e.attempt == 1);
	CHECK(e.charge_nusd == 250 && e.usage.calls == 10 && !e.has_tier && e.team_id == 0 &&
	      e.tags.len == 0 && e.first_byte_ms == 10);
	CHECK(store_spent(s, month, &spent, &f) == 0 && spent == 250);
	CHECK(store_mark_of(s, node, 0, &sequence, &f) == 0 && sequence == 70000);
	CHECK(store_verify_sums(s, on_wrong, NULL, &f) == 0 && wrong_sums == 0);
}

/* Names and types of all columns: made new or migrated, it is the same. */
static const char columns_sql[] =
    "SELECT m.name, c.name, c.type, c.\"notnull\", c.pk FROM sqlite_schema m,"
    " pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'"
    " ORDER BY 1, 2";

static void check_same_as_new(void)
{
	struct str migrated = ask("flux.db", columns_sql), old = dir;
	struct store *s = NULL;
	mode_t mode;

	begin();
	CHECK(store_open(dir, STORE_CREATE, &s, &f) == 0);
	store_close(&s);
	CHECK_STR(migrated, ask("flux.db", columns_sql));
	CHECK(file_with("backup", &mode).len == 0);
	tempdir_remove(dir);
	dir = old;
}

static void test_from_1(void)
{
	struct store *s = NULL;
	struct str backup;
	mode_t mode;

	begin();
	change("flux.db", version_1);
	change("flux.db", things_of_1);
	CHECK(store_open(dir, STORE_READ_ONLY, &s, &f) < 0 && f.kind == FAIL_STORE);
	CHECK(str_find(f.message, STR("schema version 1")) < f.message.len);
	CHECK(store_open(dir, STORE_EXISTING, &s, &f) == 0);
	check_keys(s);
	check_entries(s);
	store_close(&s);
	backup = file_with("flux.db.v1-backup-2", &mode);
	CHECK(mode == 0600);
	CHECK_STR(ask(backup.ptr, "SELECT value FROM meta WHERE name = 'schema_version'"),
	          STR("1 "));
	CHECK_STR(ask(backup.ptr, "SELECT name, on_hold FROM accounts ORDER BY id"),
	          STR("default 0 bob 1 "));
	CHECK(store_open(dir, STORE_READ_ONLY, &s, &f) == 0);
	store_close(&s);
	check_same_as_new();
	tempdir_remove(dir);
}

/* A migration that fails leaves everything as it was, and no half of it. */
static void test_fails_whole(void)
{
	struct store *s = NULL;
	struct str before;

	begin();
	change("flux.db", version_1);
	change("flux.db", things_of_1);
	change("flux.db", "CREATE TABLE spent (in_the_way INTEGER)");
	before = ask("flux.db", "SELECT sql FROM sqlite_schema ORDER BY name");
	CHECK(store_open(dir, STORE_CREATE, &s, &f) < 0 && s == NULL);
	CHECK_STR(ask("flux.db", "SELECT sql FROM sqlite_schema ORDER BY name"), before);
	change("flux.db", "DROP TABLE spent");
	CHECK(store_open(dir, STORE_CREATE, &s, &f) == 0);
	store_close(&s);
	tempdir_remove(dir);
}

int main(void)
{
	arena_init(&arena);
	test_from_1();
	test_fails_whole();
	arena_release(&arena);
	return check_report("schema");
}
