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

static const char *const states[] = {[STORE_KEY_ACTIVE] = "active",
                                     [STORE_KEY_EXPIRED] = "expired",
                                     [STORE_KEY_REVOKED] = "revoked"};

enum { STATES = sizeof states / sizeof states[0] };

static const char *state_of(const struct store_key *k, int64_t now_ms)
{
	if (k->revoked_ms)
		return states[STORE_KEY_REVOKED];
	return states[k->expires_ms && now_ms >= k->expires_ms ? STORE_KEY_EXPIRED
	                                                       : STORE_KEY_ACTIVE];
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

/* A whole key may be given: its first characters are what is known of it. */
static int find_it(struct desk_work *w, struct store_key *out)
{
	static const char *const names[] = {NULL};

	if (desk_check_query(w, names) < 0)
		return -1;
	return store_key_find(w->store, str_part(w->id, 0, KEY_PREFIX_BYTES), w->arena, out,
	                      w->fail);
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
	return store_key_end(w->store, old.id, w->now_ms + overlap_ms, w->fail);
}

/* ---- lists ---- */

struct listing {
	struct desk_work *w;
	struct store_key_ask ask;
	struct store_key *keys; /* room for ask.limit */
	int64_t count;
};

/* Telling of one asks the store for its owners' names: later. */
static bool on_key(void *listing, const struct store_key *k)
{
	struct listing *l = listing;

	l->keys[l->count++] = *k;
	return true;
}

static int read_filter(struct listing *l, const char *name, enum store_owner_kind kind,
                       int64_t *out_id)
{
	struct str which = desk_query(l->w, name);
	struct store_owner found = {0};

	if (which.len && desk_find_owner(l->w, which, kind, l->ask.account_id, &found) < 0)
		return -1;
	*out_id = found.id;
	return 0;
}

static int read_state(struct desk_work *w, enum store_key_state *out)
{
	struct str text = desk_query(w, "state");

	*out = STORE_KEY_ANY;
	if (text.len == 0)
		return 0;
	for (int i = 0; i < STATES; i++) {
		if (!str_eq(text, str_of(states[i])))
			continue;
		*out = (enum store_key_state)i;
		return 0;
	}
	return fail_at(w->fail, FAIL_INVALID_VALUE, STR("state"),
	               "state is \"%.*s\"; it must be active, expired or revoked",
	               STR_ARG(str_part(text, 0, 64)));
}

static int read_asked(struct listing *l)
{
	static const char *const names[] = {"account", "team",  "user", "state",
	                                    "after",   "limit", NULL};
	struct desk_page page;

	if (desk_check_query(l->w, names) < 0 || desk_read_page(l->w, &page) < 0 ||
	    read_filter(l, "account", STORE_ACCOUNT, &l->ask.account_id) < 0 ||
	    read_filter(l, "team", STORE_TEAM, &l->ask.team_id) < 0 ||
	    read_filter(l, "user", STORE_USER, &l->ask.user_id) < 0 ||
	    read_state(l->w, &l->ask.state) < 0)
		return -1;
	l->ask.after = page.after;
	l->ask.limit = page.limit + 1; /* one more tells whether there are more */
	l->keys = ARENA_ARRAY(l->w->arena, struct store_key, (size_t)l->ask.limit);
	l->ask.now_ms = l->w->now_ms;
	return 0;
}

int key_answer_list(struct desk_work *w)
{
	struct listing l = {.w = w};

	if (read_asked(&l) < 0 || store_keys(w->store, &l.ask, w->arena, on_key, &l, w->fail) < 0)
		return -1;
	json_open_object(&w->json);
	json_key_text(&w->json, STR("object"), STR("list"));
	json_put_key(&w->json, STR("data"));
	json_open_array(&w->json);
	for (int64_t i = 0; i < l.count && i < l.ask.limit - 1; i++)
		put_key(w, &l.keys[i], STR(""));
	json_close_array(&w->json);
	json_key_bool(&w->json, STR("has_more"), l.count == l.ask.limit);
	json_close_object(&w->json);
	return 0;
}
