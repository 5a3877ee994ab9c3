/* The table of what the desk does, and how a request finds its row.
 *
 *	method, path ─> row ─> body read as JSON ─> the row's answer ─> status and JSON
 *
 * Paths are compared as sent; only what stands for {id} is decoded. Called by the clerk's thread
 * for the admin API, and by verbs. Must never show a digest, or a key but at its making. */
#include "admin/desk.h"

#include "admin/desk_work.h"

#include "base/clock.h"
#include "base/encode.h"

enum { BODY_NODES_MAX = 10000, BODY_DEPTH_MAX = 8, TRIES = 32 };

static const struct desk_row rows[] = {
    {"GET", "/admin/v1/plans", owner_answer_list, STORE_PLAN, "all plans"},
    {"POST", "/admin/v1/plans", owner_answer_create, STORE_PLAN, "a new plan: name, terms"},
    {"GET", "/admin/v1/plans/{id}", owner_answer_get, STORE_PLAN, "one, by id or name"},
    {"PATCH", "/admin/v1/plans/{id}", owner_answer_patch, STORE_PLAN, "changes name, terms"},
    {"DELETE", "/admin/v1/plans/{id}", owner_answer_close, STORE_PLAN, "closes it"},
    {"GET", "/admin/v1/accounts", owner_answer_list, STORE_ACCOUNT, "all accounts"},
    {"POST", "/admin/v1/accounts", owner_answer_create, STORE_ACCOUNT,
     "a new account: name, plan, terms, on_hold"},
    {"GET", "/admin/v1/accounts/{id}", owner_answer_get, STORE_ACCOUNT, "one, by id or name"},
    {"PATCH", "/admin/v1/accounts/{id}", owner_answer_patch, STORE_ACCOUNT,
     "changes name, plan, terms, on_hold"},
    {"DELETE", "/admin/v1/accounts/{id}", owner_answer_close, STORE_ACCOUNT, "closes it"},
    {"GET", "/admin/v1/teams", owner_answer_list, STORE_TEAM, "all teams, or ?account="},
    {"POST", "/admin/v1/teams", owner_answer_create, STORE_TEAM,
     "a new team: account, name, terms"},
    {"GET", "/admin/v1/teams/{id}", owner_answer_get, STORE_TEAM,
     "one, by id, or by name with ?account="},
    {"PATCH", "/admin/v1/teams/{id}", owner_answer_patch, STORE_TEAM, "changes name, terms"},
    {"DELETE", "/admin/v1/teams/{id}", owner_answer_close, STORE_TEAM, "closes it"},
    {"GET", "/admin/v1/users", owner_answer_list, STORE_USER, "all users, or ?account=, ?team="},
    {"POST", "/admin/v1/users", owner_answer_create, STORE_USER,
     "a new user: account, name, team, terms"},
    {"GET", "/admin/v1/users/{id}", owner_answer_get, STORE_USER,
     "one, by id, or by name with ?account="},
    {"PATCH", "/admin/v1/users/{id}", owner_answer_patch, STORE_USER, "changes name, team, terms"},
    {"DELETE", "/admin/v1/users/{id}", owner_answer_close, STORE_USER, "closes it"},
    {"GET", "/admin/v1/keys", key_answer_list, 0,
     "all keys, or ?account=, ?team=, ?user=, ?state="},
    {"POST", "/admin/v1/keys", key_answer_create, 0,
     "a new key, told this once: account, team, user, label, models, expires, terms"},
    {"GET", "/admin/v1/keys/{id}", key_answer_get, 0, "one, by id or prefix"},
    {"PATCH", "/admin/v1/keys/{id}", key_answer_patch, 0,
     "changes team, user, label, models, expires, terms"},
    {"DELETE", "/admin/v1/keys/{id}", key_answer_revoke, 0, "revokes it"},
    {"POST", "/admin/v1/keys/{id}/rotate", key_answer_rotate, 0,
     "a new key in its place, told this once; the old one goes on for `overlap`"},
    {"GET", "/admin/v1/targets", target_answer_list, 0, "every target and its health; ?model="},
    {"GET", "/admin/v1/usage", report_answer_usage, 0, "?by=, from=, to=, account=, format="},
    {"GET", "/admin/v1/invoices", report_answer_invoice, 0, "?account=, month=, format="},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

const struct desk_row *desk_row(int index)
{
	return index >= 0 && index < ROWS ? &rows[index] : NULL;
}

/* ---- finding the row ---- */

static bool matches(const struct desk_row *row, struct str path, struct str *out_id)
{
	struct str want = str_of(row->path);
	size_t brace = str_find_byte(want, '{');
	struct str rest = str_part(want, brace + 4, want.len);
	struct str id;

	if (brace == want.len)
		return str_eq(path, want);
	id = str_part(path, brace, path.len);
	if (!str_starts_with(path, str_part(want, 0, brace)) || !str_ends_with(id, rest))
		return false;
	*out_id = str_part(id, 0, id.len - rest.len);
	return out_id->len > 0 && str_find_byte(*out_id, '/') == out_id->len;
}

static void add_method(struct desk_work *w, const char *method)
{
	w->answer.allow = arena_printf(w->arena, "%.*s%s%s", STR_ARG(w->answer.allow),
	                               w->answer.allow.len ? ", " : "", method);
}

static struct str decode(struct arena *arena, struct str text)
{
	struct str copy;
	struct buf b;

	buf_init(&b, text.len + 1);
	encode_read_percent(&b, text);
	copy = arena_copy(arena, buf_str(&b));
	buf_release(&b);
	return copy;
}

static int find_row(struct desk_work *w, const struct desk_ask *ask)
{
	for (int i = 0; i < ROWS; i++) {
		if (!matches(&rows[i], ask->path, &w->id))
			continue;
		add_method(w, rows[i].method);
		if (!str_eq(ask->method, str_of(rows[i].method)))
			continue;
		w->row = &rows[i];
		w->id = decode(w->arena, w->id);
		return 0;
	}
	if (w->answer.allow.len == 0)
		return fail(w->fail, FAIL_ENDPOINT_NOT_FOUND, "there is nothing at %.*s",
		            STR_ARG(str_part(ask->path, 0, 200)));
	return fail(w->fail, FAIL_METHOD_NOT_ALLOWED, "%.*s is not served at %.*s; %.*s is",
	            STR_ARG(str_part(ask->method, 0, 40)), STR_ARG(str_part(ask->path, 0, 200)),
	            STR_ARG(w->answer.allow));
}

/* ---- the body and the query ---- */

static int read_body(struct desk_work *w, struct str body)
{
	struct json_error error;

	if (body.len == 0)
		body = STR("{}");
	if (json_read(&w->body, body, &error) < 0)
		return fail(w->fail, FAIL_INVALID_JSON, "the body is not JSON: %s at byte %zu",
		            error.reason, error.offset);
	if (json_type(&w->body, json_root(&w->body)) != JSON_OBJECT)
		return fail(w->fail, FAIL_INVALID_JSON, "the body is %s; it must be an object",
		            json_type_name(json_type(&w->body, json_root(&w->body))));
	return 0;
}

static bool next_pair(struct str *query, struct str *out_name, struct str *out_value)
{
	struct str pair;
	size_t equals;

	if (!str_next_field(query, '&', &pair))
		return false;
	equals = str_find_byte(pair, '=');
	*out_name = str_part(pair, 0, equals);
	*out_value = str_part(pair, equals + 1, pair.len);
	return true;
}

struct str desk_query(struct desk_work *w, const char *name)
{
	struct str rest = w->query, got, value;

	while (next_pair(&rest, &got, &value))
		if (str_eq(got, str_of(name)))
			return decode(w->arena, value);
	return (struct str){0};
}

int desk_check_query(struct desk_work *w, const char *const *names)
{
	struct str rest = w->query, got, value;

	while (next_pair(&rest, &got, &value)) {
		bool known = got.len == 0;

		for (int i = 0; names[i] && !known; i++)
			known = str_eq(got, str_of(names[i]));
		if (!known)
			return fail_at(w->fail, FAIL_UNSUPPORTED_PARAMETER, got,
			               "\"%.*s\" is not asked for here",
			               STR_ARG(str_part(got, 0, 64)));
	}
	return 0;
}

int desk_read_page(struct desk_work *w, struct desk_page *out)
{
	struct str after = desk_query(w, "after"), limit = desk_query(w, "limit");

	*out = (struct desk_page){0, DESK_PAGE};
	if (after.ptr && str_to_i64(after, 0, INT64_MAX, &out->after) < 0)
		return fail_at(w->fail, FAIL_INVALID_VALUE, STR("after"),
		               "after is \"%.*s\"; it must be the id of the last one that was told",
		               STR_ARG(str_part(after, 0, 64)));
	if (limit.ptr && str_to_i64(limit, 1, DESK_PAGE_MAX, &out->limit) < 0)
		return fail_at(w->fail, FAIL_INVALID_VALUE, STR("limit"),
		               "limit is \"%.*s\"; it must be 1 to %d",
		               STR_ARG(str_part(limit, 0, 64)), DESK_PAGE_MAX);
	return 0;
}

/* ---- the work ---- */

/* What somebody else changed between reading and writing is read again, and changed again. */
static int answer_row(struct desk_work *w, struct buf *out)
{
	for (int tries = 1;; tries++) {
		json_writer_init(&w->json, out);
		if (w->row->answer(w) == 0)
			return 0;
		if (w->fail->kind != FAIL_CHANGED_MEANWHILE || tries == TRIES)
			return -1;
		fail_init(w->fail, w->fail->arena);
		buf_clear(out);
	}
}

static int answer(struct desk_work *w, const struct desk_ask *ask, struct buf *out)
{
	if (find_row(w, ask) < 0)
		return -1;
	w->answer.allow = STR("");
	if (read_body(w, ask->body) < 0)
		return -1;
	return answer_row(w, out);
}

int desk_do(struct desk *d, const struct desk_ask *ask, struct desk_answer *out)
{
	struct desk_work w = {.store = d->store,
	                      .arena = d->arena,
	                      .fail = d->fail,
	                      .query = ask->query,
	                      .answer = {.status = 200, .type = STR("application/json")},
	                      .now_ms = clock_wall_ms()};
	int result;

	json_init(&w.body);
	w.body.nodes_max = BODY_NODES_MAX;
	w.body.depth_max = BODY_DEPTH_MAX;
	result = answer(&w, ask, d->out);
	if (result == 0 && buf_is_over(d->out))
		result = fail(d->fail, FAIL_INVALID_VALUE,
		              "the answer is too long; ask for a part of it");
	if (result < 0)
		buf_clear(d->out);
	*out = w.answer;
	json_release(&w.body);
	return result;
}
