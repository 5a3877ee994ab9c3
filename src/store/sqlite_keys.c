/* Accounts and keys in SQLite. Each change of a key takes the next revision, in the same
 * transaction: a reader that has seen revision N asks for what is above. Called by verbs (add,
 * revoke) and the carrier (keys_after). */
#include "store/sqlite.h"

#include "base/clock.h"

/* Inside a transaction or alone. *out_id 0: there is none. */
static int find_account(struct store *s, struct str name, int64_t *out_id, struct fail *f)
{
	sqlite3_stmt *q = sqlite_get(s, SQL_ACCOUNT_FIND, f);
	int step;

	if (!q)
		return -1;
	sqlite_bind_str(q, 1, name);
	step = sqlite3_step(q);
	*out_id = step == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
	sqlite3_reset(q);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : sqlite_fails(s, "read accounts", f);
}

static int add_account(struct store *s, struct str name, int64_t *out_id, struct fail *f)
{
	sqlite3_stmt *q = sqlite_get(s, SQL_ACCOUNT_ADD, f);

	if (!q)
		return -1;
	sqlite_bind_str(q, 1, name);
	sqlite3_bind_int64(q, 2, clock_wall_ms());
	if (sqlite_do(s, q, "add an account", f) < 0)
		return -1;
	*out_id = sqlite3_last_insert_rowid(s->db);
	return 0;
}

int store_account_named(struct store *s, struct str name, int64_t *out_id, struct fail *f)
{
	int64_t id = 0;
	int result;

	if (find_account(s, name, &id, f) < 0)
		return -1;
	if (id == 0) {
		if (sqlite_begin(s, f) < 0)
			return -1;
		result = find_account(s, name, &id, f);
		if (result == 0 && id == 0)
			result = add_account(s, name, &id, f);
		if (sqlite_end(s, result, f) < 0)
			return -1;
	}
	*out_id = id;
	return 0;
}

static int next_revision(struct store *s, int64_t *out, struct fail *f)
{
	sqlite3_stmt *q = sqlite_get(s, SQL_REVISION, f);
	int result = 0;

	if (!q)
		return -1;
	if (sqlite3_step(q) == SQLITE_ROW)
		*out = sqlite3_column_int64(q, 0);
	else
		result = sqlite_fails(s, "count a revision", f);
	sqlite3_reset(q);
	return result;
}

static int add_key(struct store *s, const struct store_key *k, int64_t *out_id, struct fail *f)
{
	sqlite3_stmt *q = sqlite_get(s, SQL_KEY_ADD, f);
	int64_t revision;

	if (!q || next_revision(s, &revision, f) < 0)
		return -1;
	sqlite3_bind_int64(q, 1, k->account_id);
	sqlite_bind_blob(q, 2, k->digest, sizeof k->digest);
	sqlite_bind_str(q, 3, k->label);
	sqlite_bind_str(q, 4, k->prefix);
	sqlite_bind_str(q, 5, k->models);
	sqlite3_bind_int64(q, 6, k->created_ms);
	sqlite3_bind_int64(q, 7, k->expires_ms);
	sqlite3_bind_int64(q, 8, k->revoked_ms);
	sqlite3_bind_int64(q, 9, revision);
	if (sqlite_do(s, q, "add a key", f) < 0)
		return -1;
	*out_id = sqlite3_last_insert_rowid(s->db);
	return 0;
}

int store_key_add(struct store *s, const struct store_key *k, int64_t *out_id, struct fail *f)
{
	if (sqlite_begin(s, f) < 0)
		return -1;
	return sqlite_end(s, add_key(s, k, out_id, f), f);
}

/* The one key of that id or prefix. A prefix that two keys share names none. */
static int find_key(struct store *s, struct str which, int64_t *out_id, struct fail *f)
{
	sqlite3_stmt *q = sqlite_get(s, SQL_KEY_FIND, f);
	int64_t id = 0;
	int found = 0, step;

	if (!q)
		return -1;
	if (str_to_i64(which, 1, INT64_MAX, &id) == 0)
		sqlite3_bind_int64(q, 1, id);
	sqlite_bind_str(q, 2, which);
	while ((step = sqlite3_step(q)) == SQLITE_ROW) {
		*out_id = sqlite3_column_int64(q, 0);
		found++;
	}
	sqlite3_reset(q);
	if (step != SQLITE_DONE)
		return sqlite_fails(s, "read keys", f);
	if (found == 0)
		return fail(f, FAIL_STORE, "no key has the id or prefix \"%.*s\"", STR_ARG(which));
	if (found > 1)
		return fail(f, FAIL_STORE, "several keys begin with \"%.*s\": name the id",
		            STR_ARG(which));
	return 0;
}

static int revoke_key(struct store *s, struct str which, int64_t now_ms, struct fail *f)
{
	int64_t id = 0, revision = 0;
	sqlite3_stmt *q;

	if (find_key(s, which, &id, f) < 0 || next_revision(s, &revision, f) < 0)
		return -1;
	q = sqlite_get(s, SQL_KEY_REVOKE, f);
	if (!q)
		return -1;
	sqlite3_bind_int64(q, 1, id);
	sqlite3_bind_int64(q, 2, now_ms);
	sqlite3_bind_int64(q, 3, revision);
	return sqlite_do(s, q, "revoke a key", f);
}

int store_key_revoke(struct store *s, struct str which, int64_t now_ms, struct fail *f)
{
	if (sqlite_begin(s, f) < 0)
		return -1;
	return sqlite_end(s, revoke_key(s, which, now_ms, f), f);
}

static struct store_key read_key(sqlite3_stmt *q, struct arena *arena)
{
	struct store_key k = {
	    .id = sqlite3_column_int64(q, 0),
	    .account_id = sqlite3_column_int64(q, 1),
	    .account_name = sqlite_str(q, 3, arena),
	    .label = sqlite_str(q, 4, arena),
	    .prefix = sqlite_str(q, 5, arena),
	    .models = sqlite_str(q, 6, arena),
	    .created_ms = sqlite3_column_int64(q, 7),
	    .expires_ms = sqlite3_column_int64(q, 8),
	    .revoked_ms = sqlite3_column_int64(q, 9),
	    .revision = sqlite3_column_int64(q, 10),
	};
	const void *digest = sqlite3_column_blob(q, 2);

	if (digest && sqlite3_column_bytes(q, 2) == (int)sizeof k.digest)
		memcpy(k.digest, digest, sizeof k.digest);
	return k;
}

int store_keys_after(struct store *s, int64_t after, struct arena *arena,
                     bool (*on_key)(void *, const struct store_key *), void *arg, struct fail *f)
{
	sqlite3_stmt *q = sqlite_get(s, SQL_KEYS_AFTER, f);
	int step;

	if (!q)
		return -1;
	sqlite3_bind_int64(q, 1, after);
	while ((step = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_key k = read_key(q, arena);

		if (!on_key(arg, &k))
			break;
	}
	sqlite3_reset(q);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : sqlite_fails(s, "read keys", f);
}
