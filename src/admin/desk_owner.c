/* Plans, accounts, teams and users: one set of answers for all four, told apart by the row's kind.
 *
 *	{"object":"account","id":1,"name":"default","plan":null,"terms":{"month_usd":20},
 *	 "on_hold":false,"created":"2026-11-22T15:20:43.123Z","closed":null}
 *
 * Called by the desk. Nothing is deleted: closing notes a time. */
#include "admin/desk_work.h"

#include "gate/terms.h"

#include <stdlib.h>

enum {
	PLANS = 1 << STORE_PLAN,
	ACCOUNTS = 1 << STORE_ACCOUNT,
	TEAMS = 1 << STORE_TEAM,
	USERS = 1 << STORE_USER,
	ALL = PLANS | ACCOUNTS | TEAMS | USERS,
};

static const unsigned terms_of[STORE_OWNER_KIND_COUNT] = {
    [STORE_PLAN] = TERMS_OF_PLAN,
    [STORE_ACCOUNT] = TERMS_OF_ACCOUNT,
    [STORE_TEAM] = TERMS_OF_TEAM,
    [STORE_USER] = TERMS_OF_USER,
};

/* ---- fields ---- */

static int read_name(struct desk_work *w, uint32_t node, void *owner)
{
	struct store_owner *o = owner;

	return desk_read_text(w, node, &o->name);
}

static int read_account(struct desk_work *w, uint32_t node, void *owner)
{
	struct store_owner *o = owner, found;

	if (desk_read_owner(w, node, STORE_ACCOUNT, 0, &found) < 0)
		return -1;
	o->account_id = found.id;
	return 0;
}

static int read_team(struct desk_work *w, uint32_t node, void *owner)
{
	struct store_owner *o = owner, found;

	if (desk_read_owner(w, node, STORE_TEAM, o->account_id, &found) < 0)
		return -1;
	o->team_id = found.id;
	return 0;
}

static int read_plan(struct desk_work *w, uint32_t node, void *owner)
{
	struct store_owner *o = owner, found;

	if (desk_read_owner(w, node, STORE_PLAN, 0, &found) < 0)
		return -1;
	o->plan_id = found.id;
	return 0;
}

static int read_terms(struct desk_work *w, uint32_t node, void *owner)
{
	struct store_owner *o = owner;

	return desk_merge_terms(w, node, terms_of[o->kind], &o->terms);
}

static int read_on_hold(struct desk_work *w, uint32_t node, void *owner)
{
	struct store_owner *o = owner;

	if (json_bool(&w->body, node, &o->on_hold) < 0)
		return fail(w->fail, FAIL_INVALID_VALUE, "on_hold must be true or false");
	return 0;
}

/* A team is looked up in its account, so that comes first. */
static const struct desk_field fields[] = {
    {"name", ALL, false, read_name},   {"account", TEAMS | USERS, true, read_account},
    {"team", USERS, false, read_team}, {"plan", ACCOUNTS, false, read_plan},
    {"terms", ALL, false, read_terms}, {"on_hold", ACCOUNTS, false, read_on_hold},
};

enum { FIELDS = sizeof fields / sizeof fields[0] };

static int read_fields(struct desk_work *w, struct store_owner *o)
{
	return desk_read_fields(w, fields, FIELDS, 1u << o->kind, o);
}

/* ---- answers ---- */

static void put_owner(struct desk_work *w, const struct store_owner *o)
{
	unsigned kind = 1u << o->kind;

	json_open_object(&w->json);
	json_key_text(&w->json, STR("object"), str_of(store_owner_kind_name(o->kind)));
	json_key_i64(&w->json, STR("id"), o->id);
	json_key_text(&w->json, STR("name"), o->name);
	if (kind & (TEAMS | USERS))
		desk_put_owner_name(w, "account", STORE_ACCOUNT, o->account_id);
	if (kind & USERS)
		desk_put_owner_name(w, "team", STORE_TEAM, o->team_id);
	if (kind & ACCOUNTS)
		desk_put_owner_name(w, "plan", STORE_PLAN, o->plan_id);
	desk_put_terms(&w->json, o->terms);
	if (kind & ACCOUNTS)
		json_key_bool(&w->json, STR("on_hold"), o->on_hold);
	desk_put_time(&w->json, "created", o->created_ms);
	desk_put_time(&w->json, "closed", o->closed_ms);
	json_close_object(&w->json);
}

static enum store_owner_kind kind_of(const struct desk_work *w)
{
	return (enum store_owner_kind)w->row->kind;
}

/* The account that the query names; 0 without. */
static int query_account(struct desk_work *w, int64_t *out_id)
{
	struct str which = desk_query(w, "account");
	struct store_owner found = {0};

	if (which.len && desk_find_owner(w, which, STORE_ACCOUNT, 0, &found) < 0)
		return -1;
	*out_id = found.id;
	return 0;
}

static int find_it(struct desk_work *w, struct store_owner *out)
{
	static const char *const names[] = {"account", NULL};
	int64_t account_id = 0;

	if (desk_check_query(w, names) < 0 || query_account(w, &account_id) < 0)
		return -1;
	return desk_find_owner(w, w->id, kind_of(w), account_id, out);
}

static int put_and_tell(struct desk_work *w, struct store_owner *o)
{
	if (store_owner_put(w->store, o, w->fail) < 0)
		return -1;
	put_owner(w, o);
	return 0;
}

int owner_answer_create(struct desk_work *w)
{
	struct store_owner o = {.kind = kind_of(w), .created_ms = w->now_ms};

	if (read_fields(w, &o) < 0)
		return -1;
	if (str_is_empty(o.name))
		return fail_at(w->fail, FAIL_MISSING_FIELD, STR("name"), "a name is missing");
	if (1u << o.kind & (TEAMS | USERS) && o.account_id == 0)
		return fail_at(w->fail, FAIL_MISSING_FIELD, STR("account"),
		               "an account is missing: name or id");
	w->answer.status = 201;
	return put_and_tell(w, &o);
}

int owner_answer_get(struct desk_work *w)
{
	struct store_owner o;

	if (find_it(w, &o) < 0)
		return -1;
	put_owner(w, &o);
	return 0;
}

int owner_answer_patch(struct desk_work *w)
{
	struct store_owner o;

	if (find_it(w, &o) < 0 || read_fields(w, &o) < 0)
		return -1;
	return put_and_tell(w, &o);
}

int owner_answer_close(struct desk_work *w)
{
	struct store_owner o;

	if (find_it(w, &o) < 0)
		return -1;
	if (o.closed_ms == 0)
		o.closed_ms = w->now_ms;
	return put_and_tell(w, &o);
}

/* ---- lists ---- */

struct listing {
	struct desk_work *w;
	struct desk_page page;
	int64_t account_id, team_id; /* 0: of all */
	struct store_owner *owners;
	size_t count, room;
};

static bool is_wanted(const struct listing *l, const struct store_owner *o)
{
	return o->kind == kind_of(l->w) && o->id > l->page.after &&
	       (l->account_id == 0 || o->account_id == l->account_id) &&
	       (l->team_id == 0 || o->team_id == l->team_id);
}

static bool on_owner(void *listing, const struct store_owner *o)
{
	struct listing *l = listing;

	if (!is_wanted(l, o))
		return true;
	if (l->count == l->room) {
		l->room = l->room * 2 + DESK_PAGE;
		l->owners = mem_resize(l->owners, l->room * sizeof *l->owners);
	}
	l->owners[l->count++] = *o;
	return true;
}

static int compare_ids(const void *left, const void *right)
{
	const struct store_owner *a = left, *b = right;

	return a->id < b->id ? -1 : a->id > b->id;
}

static void put_list(struct listing *l)
{
	struct json_writer *json = &l->w->json;
	size_t count = l->count < (size_t)l->page.limit ? l->count : (size_t)l->page.limit;

	if (l->count)
		qsort(l->owners, l->count, sizeof *l->owners, compare_ids);
	json_open_object(json);
	json_key_text(json, STR("object"), STR("list"));
	json_put_key(json, STR("data"));
	json_open_array(json);
	for (size_t i = 0; i < count; i++)
		put_owner(l->w, &l->owners[i]);
	json_close_array(json);
	json_key_bool(json, STR("has_more"), count < l->count);
	json_close_object(json);
}

static int read_filters(struct listing *l)
{
	static const char *const names[] = {"account", "team", "after", "limit", NULL};
	struct str team = desk_query(l->w, "team");
	struct store_owner found = {0};

	if (desk_check_query(l->w, names) < 0 || desk_read_page(l->w, &l->page) < 0 ||
	    query_account(l->w, &l->account_id) < 0)
		return -1;
	if (team.len && desk_find_owner(l->w, team, STORE_TEAM, l->account_id, &found) < 0)
		return -1;
	l->team_id = found.id;
	return 0;
}

int owner_answer_list(struct desk_work *w)
{
	struct listing l = {.w = w};
	int result;

	if (read_filters(&l) < 0)
		return -1;
	result = store_owners_after(w->store, 0, w->arena, on_owner, &l, w->fail);
	if (result == 0)
		put_list(&l);
	mem_put(l.owners);
	return result;
}
