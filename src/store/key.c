/* Keys. Each change of one takes the next revision, in the same transaction: a reader that has
 * seen revision N asks for what is above. Called by verbs (add, revoke, put) and the carrier
 * (keys_after). */
#include "store/engine.h"
#include "store/owner.h"

/* What a key refers to must be there, and be of its account. */
static int check_refers(struct store *s, const struct store_key *k, struct fail *f)
{
	const struct store_owner wanted[] = {{.kind = STORE_ACCOUNT, .id = k->account_id},
	                                     {.kind = STORE_TEAM, .id = k->team_id},
	                                     {.kind = STORE_USER, .id = k->user_id}};

	for (int i = 0; i < 3; i++) {
		struct store_owner found;

		if (i > 0 && wanted[i].id == 0)
			continue;
		if (store_owner_find(s, &wanted[i], f->arena, &found, f) < 0)
			return -1;
		if (found.id == 0 || (i > 0 && found.account_id != k->account_id))
			return fail(f, FAIL_INVALID_VALUE, "there is no %s %" PRId64 " for the key",
			            store_owner_kind_name(wanted[i].kind), wanted[i].id);
	}
	return 0;
}

static int add_key(struct store *s, const struct store_key *k, int64_t *out_id, struct fail *f)
{
	struct sql next = {.which = SQL_KEY_NEXT_ID, .doing = "count keys"};
	int64_t revision, id;

	if (store_next_revision(s, &revision, f) < 0 || check_refers(s, k, f) < 0 ||
	    store_ask_i64(s, &next, 1, &id, f) < 0)
		return -1;
	struct sql q = {
	    .which = SQL_KEY_ADD,
	    .doing = "add a key",
	    SQL_WITH(value_i64(id), value_i64(k->account_id), value_i64(k->team_id),
	             value_i64(k->user_id), value_bytes(k->digest, sizeof k->digest),
	             value_text(k->label), value_text(k->prefix), value_text(k->models),
	             value_text(k->terms), value_i64(k->created_ms), value_i64(k->expires_ms),
	             value_i64(k->revoked_ms), value_i64(revision)),
	};
	if (store_run(s, &q, f) < 0)
		return -1;
	*out_id = id;
	return 0;
}

int store_key_add(struct store *s, const struct store_key *k, int64_t *out_id, struct fail *f)
{
	if (store_begin(s, SQL_TO_WRITE, f) < 0)
		return -1;
	return store_end(s, add_key(s, k, out_id, f), f);
}

struct telling {
	struct arena *arena;
	bool (*on_key)(void *, const struct store_key *);
	void *arg;
};

static bool tell_key(void *arg, const struct sql_value *row)
{
	struct telling *t = arg;
	struct store_key k = {
	    .id = row[0].i64,
	    .account_id = row[1].i64,
	    .team_id = row[2].i64,
	    .user_id = row[3].i64,
	    .account_name = arena_copy(t->arena, row[5].text),
	    .label = arena_copy(t->arena, row[6].text),
	    .prefix = arena_copy(t->arena, row[7].text),
	    .models = arena_copy(t->arena, row[8].text),
	    .terms = arena_copy(t->arena, row[9].text),
	    .created_ms = row[10].i64,
	    .expires_ms = row[11].i64,
	    .revoked_ms = row[12].i64,
	    .revision = row[13].i64,
	};

	if (row[4].text.len == sizeof k.digest)
		memcpy(k.digest, row[4].text.ptr, sizeof k.digest);
	return t->on_key(t->arg, &k);
}

struct found {
	struct store_key key;
	int count;
};

static bool note_found(void *arg, const struct store_key *k)
{
	struct found *found = arg;

	found->key = *k;
	found->count++;
	return true;
}

/* A prefix that two keys share names none. */
int store_key_find(struct store *s, struct str which, struct arena *arena, struct store_key *out,
                   struct fail *f)
{
	struct found found = {0};
	struct telling t = {arena, note_found, &found};
	int64_t id = 0;

	if (str_to_i64(which, 1, INT64_MAX, &id) < 0)
		id = 0;
	struct sql q = {.which = SQL_KEY_FIND,
	                .doing = "read keys",
	                SQL_WITH(value_i64(id), value_text(which)),
	                .on_row = tell_key,
	                .arg = &t};
	if (store_run(s, &q, f) < 0)
		return -1;
	if (found.count == 0)
		return fail(f, FAIL_OBJECT_NOT_FOUND, "no key has the id or prefix \"%.*s\"",
		            STR_ARG(which));
	if (found.count > 1)
		return fail(f, FAIL_INVALID_VALUE, "several keys begin with \"%.*s\": name the id",
		            STR_ARG(which));
	*out = found.key;
	return 0;
}

static int revoke_key(struct store *s, struct str which, int64_t now_ms, struct fail *f)
{
	struct store_key k;
	int64_t revision;

	if (store_next_revision(s, &revision, f) < 0 ||
	    store_key_find(s, which, f->arena, &k, f) < 0)
		return -1;
	struct sql q = {.which = SQL_KEY_REVOKE,
	                .doing = "revoke a key",
	                SQL_WITH(value_i64(k.id), value_i64(now_ms), value_i64(revision))};
	return store_run(s, &q, f);
}

int store_key_revoke(struct store *s, struct str which, int64_t now_ms, struct fail *f)
{
	if (store_begin(s, SQL_TO_WRITE, f) < 0)
		return -1;
	return store_end(s, revoke_key(s, which, now_ms, f), f);
}

static int end_key(struct store *s, int64_t id, int64_t at_ms, struct fail *f)
{
	int64_t revision;

	if (store_next_revision(s, &revision, f) < 0)
		return -1;
	struct sql q = {.which = SQL_KEY_END,
	                .doing = "end a key",
	                SQL_WITH(value_i64(id), value_i64(at_ms), value_i64(revision))};
	return store_run(s, &q, f);
}

int store_key_end(struct store *s, int64_t id, int64_t at_ms, struct fail *f)
{
	if (store_begin(s, SQL_TO_WRITE, f) < 0)
		return -1;
	return store_end(s, end_key(s, id, at_ms, f), f);
}

static int set_key(struct store *s, struct store_key k, struct fail *f)
{
	struct store_key now;
	int64_t revision;

	if (store_next_revision(s, &revision, f) < 0 ||
	    store_key_find(s, arena_i64(f->arena, k.id), f->arena, &now, f) < 0)
		return -1;
	if (k.revision && k.revision != now.revision)
		return fail(f, FAIL_CHANGED_MEANWHILE,
		            "key %" PRId64 " was changed by somebody else meanwhile; send it again",
		            k.id);
	k.account_id = now.account_id;
	if (check_refers(s, &k, f) < 0)
		return -1;
	struct sql q = {.which = SQL_KEY_SET,
	                .doing = "change a key",
	                SQL_WITH(value_i64(k.id), value_i64(k.team_id), value_i64(k.user_id),
	                         value_text(k.label), value_text(k.models), value_text(k.terms),
	                         value_i64(k.expires_ms), value_i64(k.revoked_ms),
	                         value_i64(revision))};
	return store_run(s, &q, f);
}

int store_key_put(struct store *s, const struct store_key *k, struct fail *f)
{
	if (store_begin(s, SQL_TO_WRITE, f) < 0)
		return -1;
	return store_end(s, set_key(s, *k, f), f);
}

int store_keys_after(struct store *s, int64_t after, struct arena *arena,
                     bool (*on_key)(void *, const struct store_key *), void *arg, struct fail *f)
{
	struct telling t = {arena, on_key, arg};
	struct sql q = {.which = SQL_KEYS_AFTER,
	                .doing = "read keys",
	                SQL_WITH(value_i64(after)),
	                .on_row = tell_key,
	                .arg = &t};

	return store_run(s, &q, f);
}

int store_keys(struct store *s, const struct store_key_ask *ask, struct arena *arena,
               bool (*on_key)(void *, const struct store_key *), void *arg, struct fail *f)
{
	struct telling t = {arena, on_key, arg};
	struct sql q = {.which = SQL_KEYS_PAGE,
	                .doing = "read keys",
	                SQL_WITH(value_i64(ask->after), value_i64(ask->account_id),
	                         value_i64(ask->team_id), value_i64(ask->user_id),
	                         value_i64(ask->state), value_i64(ask->now_ms),
	                         value_i64(ask->limit)),
	                .on_row = tell_key,
	                .arg = &t};

	return store_run(s, &q, f);
}
