/* Keys: making, changing, rotating, revoking.
 *
 *	{"object":"key","id":7,"prefix":"sk-flux-AbCdEf","account":"default","team":null,
 *	 "user":null,"label":"search","models":"","terms":{},"created":"...","expires":null,
 *	 "revoked":null,"state":"active"}
 *
 * and "key", the text itself, in the one answer that made it. Called by the desk. A key of a user
 * belongs to the user's account and team. */
#include "admin/desk_work.h"

#include "base/clock.h"
#include "gate/key.h"
#include "gate/terms.h"

#include <stdlib.h>

static const char *state_of(const struct store_key *k, int64_t now_ms)
{
	if (k->revoked_ms)
		return "revoked";
	return k->expires_ms && now_ms >= k->expires_ms ? "expired" : "active";
}

/* `text`: of a new key; empty: not told. */
static void put_key(struct desk_work *w, const struct store_key *k, struct str text)
{
	struct json_writer *json = &w->json;

	json_open_object(json);
	json_key_text(json, STR("object"), STR("key"));
	json_key_i64(json, STR("id"), k->id);
	if (text.len)
		json_key_text(json, STR("key"), text);
	json_key_text(json, STR("prefix"), k->prefix);
	desk_put_owner_name(w, "account", STORE_ACCOUNT, k->account_id);
	desk_put_owner_name(w, "team", STORE_TEAM, k->team_id);
	desk_put_owner_name(w, "user", STORE_USER, k->user_id);
	json_key_text(json, STR("label"), k->label);
	json_key_text(json, STR("models"), k->models);
	desk_put_terms(json, k->terms);
	desk_put_time(json, "created", k->created_ms);
	desk_put_time(json, "expires", k->expires_ms);
	desk_put_time(json, "revoked", k->revoked_ms);
	json_key_text(json, STR("state"), str_of(state_of(k, w->now_ms)));
	json_close_object(json);
}

/* ---- fields ---- */

static int read_account(struct desk_work *w, uint32_t node, void *key)
{
	struct store_key *k = key;
	struct store_owner found;

	if (desk_read_owner(w, node, STORE_ACCOUNT, 0, &found) < 0)
		return -1;
	k->account_id = found.id;
	return 0;
}

static int take_account(struct desk_work *w, struct store_key *k, const struct store_owner *of)
{
	if (k->account_id && of->id && of->account_id != k->account_id)
		return fail(w->fail, FAIL_INVALID_VALUE, "%s \"%.*s\" is of another account",
		            store_owner_kind_name(of->kind), STR_ARG(of->name));
	if (of->id)
		k->account_id = of->account_id;
	return 0;
}

static int read_user(struct desk_work *w, uint32_t node, void *key)
{
	struct store_key *k = key;
	struct store_owner found;

	if (desk_read_owner(w, node, STORE_USER, k->account_id, &found) < 0 ||
	    take_account(w, k, &found) < 0)
		return -1;
	k->user_id = found.id;
	k->team_id = found.team_id;
	return 0;
}

static int read_team(struct desk_work *w, uint32_t node, void *key)
{
	struct store_key *k = key;
	struct store_owner found;

	if (desk_read_owner(w, node, STORE_TEAM, k->account_id, &found) < 0 ||
	    take_account(w, k, &found) < 0)
		return -1;
	k->team_id = found.id;
	return 0;
}

static int read_label(struct desk_work *w, uint32_t node, void *key)
{
	struct store_key *k = key;

	return desk_read_text(w, node, &k->label);
}

static int read_models(struct desk_work *w, uint32_t node, void *key)
{
	struct store_key *k = key;

	return desk_read_text(w, node, &k->models);
}

/* 30d from now, or the beginning of 2026-12-31; null: never. */
static int read_expires(struct desk_work *w, uint32_t node, void *key)
{
	struct store_key *k = key;
	struct str text;
	int64_t ms;

	if (desk_read_text(w, node, &text) < 0)
		return -1;
	if (text.len == 0)
		k->expires_ms = 0;
	else if (clock_read_span(text, &ms) == 0)
		k->expires_ms = w->now_ms + ms;
	else if (clock_read_day(text, &ms) == 0)
		k->expires_ms = ms;
	else
		return fail(w->fail, FAIL_INVALID_VALUE,
		            "expires is \"%.*s\"; it must be a span such as 30d or a day such as "
		            "2026-12-31",
		            STR_ARG(text));
	return 0;
}

static int read_terms(struct desk_work *w, uint32_t node, void *key)
{
	struct store_key *k = key;

	return desk_merge_terms(w, node, TERMS_OF_KEY, &k->terms);
}

/* The account first: users and teams are looked up in it. A user's team is the key's, unless
 * another is named. */
static const struct desk_field fields[] = {
    {"account", DESK_KEYS, true, read_account}, {"user", DESK_KEYS, false, read_user},
    {"team", DESK_KEYS, false, read_team},      {"label", DESK_KEYS, false, read_label},
    {"models", DESK_KEYS, false, read_models},  {"expires", DESK_KEYS, false, read_expires},
    {"terms", DESK_KEYS, false, read_terms},
};

enum { FIELDS = sizeof fields / sizeof fields[0] };

/* ---- finding ---- */

struct search {
	struct str which;
	int64_t id;
	struct store_key found;
	int count;
};

static bool on_searched(void *search, const struct store_key *k)
{
	struct search *s = search;

	if (k->id != s->id && !str_eq(k->prefix, s->which))
		return true;
	s->found = *k;
	s->count++;
	return true;
}

static int find_it(struct desk_work *w, struct store_key *out)
{
	static const char *const names[] = {NULL};
	struct search s = {.which = str_part(w->id, 0, KEY_PREFIX_BYTES)};

	if (str_to_i64(w->id, 1, INT64_MAX, &s.id) < 0)
		s.id = 0;
	if (desk_check_query(w, names) < 0 ||
	    store_keys_after(w->store, 0, w->arena, on_searched, &s, w->fail) < 0)
		return -1;
	if (s.count == 0)
		return fail(w->fail, FAIL_OBJECT_NOT_FOUND, "no key has the id or prefix \"%.*s\"",
		            STR_ARG(s.which));
	if (s.count > 1)
		return fail(w->fail, FAIL_INVALID_VALUE,
		            "several keys begin with \"%.*s\": name the id", STR_ARG(s.which));
	*out = s.found;
	return 0;
}

/* ---- answers ---- */

static int make_key(struct desk_work *w, struct store_key *k)
{
	char *text = arena_get(w->arena, KEY_TEXT_BYTES);

	key_make(text, k->digest);
	k->prefix = (struct str){text, KEY_PREFIX_BYTES};
	k->created_ms = w->now_ms;
	if (store_key_add(w->store, k, &k->id, w->fail) < 0)
		return -1;
	put_key(w, k, (struct str){text, KEY_TEXT_BYTES});
	w->answer.status = 201;
	return 0;
}

int key_answer_create(struct desk_work *w)
{
	struct store_key k = {0};

	if (desk_read_fields(w, fields, FIELDS, DESK_KEYS, &k) < 0)
		return -1;
	if (k.account_id == 0)
		return fail_at(w->fail, FAIL_MISSING_FIELD, STR("account"),
		               "an account is missing, or a user or team of one");
	return make_key(w, &k);
}

int key_answer_get(struct desk_work *w)
{
	struct store_key k;

	if (find_it(w, &k) < 0)
		return -1;
	put_key(w, &k, STR(""));
	return 0;
}

int key_answer_patch(struct desk_work *w)
{
	struct store_key k;

	if (find_it(w, &k) < 0 || desk_read_fields(w, fields, FIELDS, DESK_KEYS, &k) < 0 ||
	    store_key_put(w->store, &k, w->fail) < 0)
		return -1;
	put_key(w, &k, STR(""));
	return 0;
}

int key_answer_revoke(struct desk_work *w)
{
	struct store_key k;

	if (find_it(w, &k) < 0 ||
	    store_key_revoke(w->store, arena_i64(w->arena, k.id), w->now_ms, w->fail) < 0)
		return -1;
	if (k.revoked_ms == 0)
		k.revoked_ms = w->now_ms;
	put_key(w, &k, STR(""));
	return 0;
}

static int read_overlap(struct desk_work *w, uint32_t node, void *overlap_ms)
{
	struct str text;

	if (desk_read_text(w, node, &text) < 0)
		return -1;
	if (str_eq(text, STR("0")) || clock_read_span(text, overlap_ms) == 0)
		return 0;
	return fail(w->fail, FAIL_INVALID_VALUE,
	            "overlap is \"%.*s\"; it must be 0 or a span such as 7d", STR_ARG(text));
}

/* The new key is there before the old one's end is set: whatever fails between, a key works. */
int key_answer_rotate(struct desk_work *w)
{
	static const struct desk_field overlap[] = {{"overlap", DESK_KEYS, false, read_overlap}};
	struct store_key old, new;
	int64_t overlap_ms = 0;

	if (find_it(w, &old) < 0 || desk_read_fields(w, overlap, 1, DESK_KEYS, &overlap_ms) < 0)
		return -1;
	if (!str_eq(str_of(state_of(&old, w->now_ms)), STR("active")))
		return fail(w->fail, FAIL_INVALID_VALUE, "key %" PRId64 " is %s; make a new one",
		            old.id, state_of(&old, w->now_ms));
	new = old;
	if (make_key(w, &new) < 0)
		return -1;
	if (old.expires_ms == 0 || old.expires_ms > w->now_ms + overlap_ms)
		old.expires_ms = w->now_ms + overlap_ms;
	return store_key_put(w->store, &old, w->fail);
}

/* ---- lists ---- */

struct listing {
	struct desk_work *w;
	struct desk_page page;
	int64_t account_id, team_id, user_id; /* 0: of all */
	struct str state;                     /* empty: any */
	struct store_key *keys;
	size_t count, room;
};

static bool is_wanted(const struct listing *l, const struct store_key *k)
{
	return k->id > l->page.after && (l->account_id == 0 || k->account_id == l->account_id) &&
	       (l->team_id == 0 || k->team_id == l->team_id) &&
	       (l->user_id == 0 || k->user_id == l->user_id) &&
	       (l->state.len == 0 || str_eq(l->state, str_of(state_of(k, l->w->now_ms))));
}

static bool on_key(void *listing, const struct store_key *k)
{
	struct listing *l = listing;

	if (!is_wanted(l, k))
		return true;
	if (l->count == l->room) {
		l->room = l->room * 2 + DESK_PAGE;
		l->keys = mem_resize(l->keys, l->room * sizeof *l->keys);
	}
	l->keys[l->count++] = *k;
	return true;
}

static int compare_ids(const void *left, const void *right)
{
	const struct store_key *a = left, *b = right;

	return a->id < b->id ? -1 : a->id > b->id;
}

static void put_list(struct listing *l)
{
	struct json_writer *json = &l->w->json;
	size_t count = l->count < (size_t)l->page.limit ? l->count : (size_t)l->page.limit;

	if (l->count)
		qsort(l->keys, l->count, sizeof *l->keys, compare_ids);
	json_open_object(json);
	json_key_text(json, STR("object"), STR("list"));
	json_put_key(json, STR("data"));
	json_open_array(json);
	for (size_t i = 0; i < count; i++)
		put_key(l->w, &l->keys[i], STR(""));
	json_close_array(json);
	json_key_bool(json, STR("has_more"), count < l->count);
	json_close_object(json);
}

static int read_filter(struct listing *l, const char *name, enum store_owner_kind kind,
                       int64_t *out_id)
{
	struct str which = desk_query(l->w, name);
	struct store_owner found = {0};

	if (which.len && desk_find_owner(l->w, which, kind, l->account_id, &found) < 0)
		return -1;
	*out_id = found.id;
	return 0;
}

int key_answer_list(struct desk_work *w)
{
	static const char *const names[] = {"account", "team",  "user", "state",
	                                    "after",   "limit", NULL};
	struct listing l = {.w = w, .state = desk_query(w, "state")};
	int result;

	if (desk_check_query(w, names) < 0 || desk_read_page(w, &l.page) < 0 ||
	    read_filter(&l, "account", STORE_ACCOUNT, &l.account_id) < 0 ||
	    read_filter(&l, "team", STORE_TEAM, &l.team_id) < 0 ||
	    read_filter(&l, "user", STORE_USER, &l.user_id) < 0)
		return -1;
	result = store_keys_after(w->store, 0, w->arena, on_key, &l, w->fail);
	if (result == 0)
		put_list(&l);
	mem_put(l.keys);
	return result;
}
