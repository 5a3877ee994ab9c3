/* Plans, accounts, teams and users: one table, a row for each.
 *
 * Invariants: the revision is taken first in each transaction that changes an owner, so changes
 * come one after another on every engine, ids and names that were looked up stay free, and
 * revisions become visible in their order. Called by verbs, the admin side and the carrier. */
#include "store/owner.h"

#include "base/clock.h"
#include "store/engine.h"
#include "store/samples.h"

static const char *const kind_names[STORE_OWNER_KIND_COUNT] = {
#define X(name, text) text,
    STORE_OWNER_KINDS(X)
#undef X
};

const char *store_owner_kind_name(enum store_owner_kind kind)
{
	must(kind < STORE_OWNER_KIND_COUNT);
	return kind_names[kind];
}

int store_owner_kind_of(struct str name, enum store_owner_kind *out)
{
	for (int i = 0; i < STORE_OWNER_KIND_COUNT; i++) {
		if (!str_eq(name, str_of(kind_names[i])))
			continue;
		*out = (enum store_owner_kind)i;
		return 0;
	}
	return -1;
}

struct telling {
	struct arena *arena;
	bool (*on_owner)(void *, const struct store_owner *);
	void *arg;
};

static bool tell_owner(void *arg, const struct sql_value *row)
{
	struct telling *t = arg;
	struct store_owner o = {
	    .kind = (enum store_owner_kind)row[0].i64,
	    .id = row[1].i64,
	    .account_id = row[2].i64,
	    .team_id = row[3].i64,
	    .plan_id = row[4].i64,
	    .name = arena_copy(t->arena, row[5].text),
	    .terms = arena_copy(t->arena, row[6].text),
	    .on_hold = row[7].i64 != 0,
	    .created_ms = row[8].i64,
	    .closed_ms = row[9].i64,
	    .revision = row[10].i64,
	};

	return t->on_owner(t->arg, &o);
}

int store_owners_after(struct store *s, int64_t after, struct arena *arena,
                       bool (*on_owner)(void *, const struct store_owner *), void *arg,
                       struct fail *f)
{
	struct telling t = {arena, on_owner, arg};
	struct sql q = {.which = SQL_OWNERS_AFTER,
	                .doing = "read owners",
	                SQL_WITH(value_i64(after)),
	                .on_row = tell_owner,
	                .arg = &t};

	return store_run(s, &q, f);
}

static bool take_owner(void *arg, const struct store_owner *o)
{
	*(struct store_owner *)arg = *o;
	return false;
}

/* Teams' and users' names are told apart by account; plans and accounts stand under 0. */
static int64_t name_space(const struct store_owner *o)
{
	return o->kind == STORE_TEAM || o->kind == STORE_USER ? o->account_id : 0;
}

static int find_named(struct store *s, const struct store_owner *which, struct telling *t,
                      struct fail *f)
{
	struct sql q = {
	    .which = SQL_OWNER_BY_NAME,
	    .doing = "read owners",
	    SQL_WITH(value_i64(which->kind), value_i64(name_space(which)), value_text(which->name)),
	    .on_row = tell_owner,
	    .arg = t};

	return store_run(s, &q, f);
}

static int find_id(struct store *s, const struct store_owner *which, struct telling *t,
                   struct fail *f)
{
	struct sql q = {.which = SQL_OWNER_BY_ID,
	                .doing = "read owners",
	                SQL_WITH(value_i64(which->kind), value_i64(which->id)),
	                .on_row = tell_owner,
	                .arg = t};

	return store_run(s, &q, f);
}

int store_owner_find(struct store *s, const struct store_owner *which, struct arena *arena,
                     struct store_owner *out, struct fail *f)
{
	struct store_owner found = {0}, wanted = *which;
	struct telling t = {arena, take_owner, &found};
	int result;

	if (wanted.id == 0 && str_to_i64(wanted.name, 1, INT64_MAX, &wanted.id) < 0)
		wanted.id = 0;
	result = wanted.id ? find_id(s, &wanted, &t, f) : find_named(s, &wanted, &t, f);
	if (result == 0)
		*out = found;
	return result;
}

/* A number is always an id, so that no name is one. */
static int check_name(struct store *s, const struct store_owner *o, struct fail *f)
{
	struct store_owner other = {0};
	struct telling t = {f->arena, take_owner, &other};
	int64_t number;

	if (str_is_empty(o->name) || str_to_i64(o->name, 0, INT64_MAX, &number) == 0)
		return fail(f, FAIL_INVALID_VALUE, "\"%.*s\" is no name: it is empty or a number",
		            STR_ARG(o->name));
	if (find_named(s, o, &t, f) < 0)
		return -1;
	if (other.id != 0 && other.id != o->id)
		return fail(f, FAIL_INVALID_VALUE, "there is %s \"%.*s\" already",
		            kind_names[o->kind], STR_ARG(o->name));
	return 0;
}

static int check_one(struct store *s, struct store_owner wanted, struct fail *f)
{
	struct store_owner found = {0};
	struct telling t = {f->arena, take_owner, &found};

	if (find_id(s, &wanted, &t, f) < 0)
		return -1;
	if (found.id == 0 || (wanted.account_id && found.account_id != wanted.account_id))
		return fail(f, FAIL_INVALID_VALUE, "there is no %s %" PRId64,
		            kind_names[wanted.kind], wanted.id);
	return 0;
}

/* What it refers to must be there: an account's plan, a team's account, a user's team. */
static int check_refers(struct store *s, const struct store_owner *o, struct fail *f)
{
	if (name_space(o) || o->kind == STORE_TEAM || o->kind == STORE_USER)
		if (check_one(s, (struct store_owner){.kind = STORE_ACCOUNT, .id = o->account_id},
		              f) < 0)
			return -1;
	if (o->plan_id &&
	    check_one(s, (struct store_owner){.kind = STORE_PLAN, .id = o->plan_id}, f) < 0)
		return -1;
	if (!o->team_id)
		return 0;
	return check_one(
	    s,
	    (struct store_owner){.kind = STORE_TEAM, .id = o->team_id, .account_id = o->account_id},
	    f);
}

/* A new one's id; of a changed one, what cannot change. `seen`: the revision that the caller
 * changed; 0: whatever it is. */
static int settle_id(struct store *s, struct store_owner *o, int64_t seen, struct fail *f)
{
	struct sql next = {
	    .which = SQL_OWNER_NEXT_ID, .doing = "count owners", SQL_WITH(value_i64(o->kind))};
	struct store_owner found = {0};
	struct telling t = {f->arena, take_owner, &found};

	if (o->id == 0)
		return store_ask_i64(s, &next, 1, &o->id, f);
	if (find_id(s, o, &t, f) < 0)
		return -1;
	if (found.id == 0)
		return fail(f, FAIL_INVALID_VALUE, "there is no %s %" PRId64, kind_names[o->kind],
		            o->id);
	if (seen && seen != found.revision)
		return fail(f, FAIL_CHANGED_MEANWHILE,
		            "%s %" PRId64 " was changed by somebody else meanwhile; send it again",
		            kind_names[o->kind], o->id);
	o->account_id = found.account_id;
	o->created_ms = found.created_ms;
	return 0;
}

int owner_put(struct store *s, struct store_owner *o, struct fail *f)
{
	int64_t seen = o->revision;

	if (store_next_revision(s, &o->revision, f) < 0 || settle_id(s, o, seen, f) < 0 ||
	    check_name(s, o, f) < 0 || check_refers(s, o, f) < 0)
		return -1;
	struct sql q = {
	    .which = SQL_OWNER_PUT,
	    .doing = "write an owner",
	    SQL_WITH(value_i64(o->kind), value_i64(o->id), value_i64(name_space(o)),
	             value_i64(o->team_id), value_i64(o->plan_id), value_text(o->name),
	             value_text(o->terms), value_i64(o->on_hold), value_i64(o->created_ms),
	             value_i64(o->closed_ms), value_i64(o->revision)),
	};
	return store_run(s, &q, f);
}

int store_owner_put(struct store *s, struct store_owner *o, struct fail *f)
{
	struct store_owner changed = *o;

	if (store_begin(s, SQL_TO_WRITE, f) < 0 || store_end(s, owner_put(s, &changed, f), f) < 0)
		return -1;
	*o = changed;
	return 0;
}

static int add_account(struct store *s, struct store_owner *account, struct fail *f)
{
	struct sql next = {.which = SQL_OWNER_NEXT_ID,
	                   .doing = "count owners",
	                   SQL_WITH(value_i64(STORE_ACCOUNT))};
	struct store_owner found = {0};
	struct telling t = {f->arena, take_owner, &found};
	int64_t next_id;

	if (find_named(s, account, &t, f) < 0 || store_ask_i64(s, &next, 1, &next_id, f) < 0)
		return -1;
	account->id = found.id;
	if (found.id)
		return 0;
	if (next_id == 1)
		account->terms = STR(STORE_FIRST_ACCOUNT_TERMS);
	return owner_put(s, account, f);
}

int store_account_named(struct store *s, struct str name, int64_t *out_id, struct fail *f)
{
	struct store_owner account = {
	    .kind = STORE_ACCOUNT, .name = name, .created_ms = clock_wall_ms()};
	struct store_owner found = {0};
	struct telling t = {f->arena, take_owner, &found};
	int64_t revision;
	int result;

	if (find_named(s, &account, &t, f) < 0)
		return -1;
	if (found.id == 0) {
		if (store_begin(s, SQL_TO_WRITE, f) < 0)
			return -1;
		result = store_next_revision(s, &revision, f); /* one at a time */
		if (result == 0)
			result = add_account(s, &account, f);
		if (store_end(s, result, f) < 0)
			return -1;
		found.id = account.id;
	}
	*out_id = found.id;
	return 0;
}
