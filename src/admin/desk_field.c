/* Fields of requests and members of answers, as owners and keys share them. Called by the desk's
 * answers. Nothing is changed in the store here. */
#include "admin/desk_work.h"

#include "base/clock.h"
#include "gate/terms.h"

static int check_members(struct desk_work *w, const struct desk_field *fields, int count,
                         unsigned kind)
{
	JSON_EACH(&w->body, json_root(&w->body), key)
	{
		struct str name = json_text(&w->body, key, w->arena);
		bool known = false;

		for (int i = 0; i < count && !known; i++)
			known = fields[i].kinds & kind && str_eq(name, str_of(fields[i].name));
		if (!known)
			return fail_at(w->fail, FAIL_UNSUPPORTED_PARAMETER, name,
			               "there is no field \"%.*s\" here",
			               STR_ARG(str_part(name, 0, 64)));
	}
	return 0;
}

int desk_read_fields(struct desk_work *w, const struct desk_field *fields, int count, unsigned kind,
                     void *object)
{
	bool is_birth = str_eq(str_of(w->row->method), STR("POST"));

	if (check_members(w, fields, count, kind) < 0)
		return -1;
	for (int i = 0; i < count; i++) {
		struct str name = str_of(fields[i].name);
		uint32_t node = json_get(&w->body, json_root(&w->body), name);

		if (node == JSON_NONE || !(fields[i].kinds & kind))
			continue;
		w->fail->param = name;
		if (fields[i].only_at_birth && !is_birth)
			return fail_at(w->fail, FAIL_INVALID_VALUE, name, "%s cannot be changed",
			               fields[i].name);
		if (fields[i].read(w, node, object) < 0)
			return -1;
		w->fail->param = STR("");
	}
	return 0;
}

static bool is_plain(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return false;
	return text.len <= DESK_NAME_MAX;
}

int desk_read_text(struct desk_work *w, uint32_t node, struct str *out)
{
	struct str text = json_text(&w->body, node, w->arena);

	if (!json_is_null(&w->body, node) && json_type(&w->body, node) != JSON_STRING)
		return fail(w->fail, FAIL_INVALID_VALUE, "it is %s; it must be a string",
		            json_type_name(json_type(&w->body, node)));
	if (!is_plain(text))
		return fail(w->fail, FAIL_INVALID_VALUE,
		            "texts have at most %d bytes and no control characters", DESK_NAME_MAX);
	*out = text;
	return 0;
}

int desk_find_owner(struct desk_work *w, struct str which, enum store_owner_kind kind,
                    int64_t account_id, struct store_owner *out)
{
	struct store_owner wanted = {.kind = kind, .account_id = account_id, .name = which};
	struct store_owner found = {0};

	if (str_to_i64(which, 1, INT64_MAX, &wanted.id) < 0)
		wanted.id = 0;
	if (wanted.id == 0 && account_id == 0 && (kind == STORE_TEAM || kind == STORE_USER))
		return fail(w->fail, FAIL_INVALID_VALUE,
		            "%s \"%.*s\": a name needs its account beside it; or give the id",
		            store_owner_kind_name(kind), STR_ARG(str_part(which, 0, 200)));
	if (store_owner_find(w->store, &wanted, w->arena, &found, w->fail) < 0)
		return -1;
	if (found.id == 0 || (account_id && (kind == STORE_TEAM || kind == STORE_USER) &&
	                      found.account_id != account_id))
		return fail(w->fail, FAIL_OBJECT_NOT_FOUND, "there is no %s \"%.*s\"",
		            store_owner_kind_name(kind), STR_ARG(str_part(which, 0, 200)));
	*out = found;
	return 0;
}

int desk_read_owner(struct desk_work *w, uint32_t node, enum store_owner_kind kind,
                    int64_t account_id, struct store_owner *out)
{
	struct str text;
	int64_t id;

	*out = (struct store_owner){0};
	if (json_is_null(&w->body, node))
		return 0;
	if (json_i64(&w->body, node, 1, INT64_MAX, &id) == 0)
		return desk_find_owner(w, json_raw(&w->body, node), kind, account_id, out);
	if (desk_read_text(w, node, &text) < 0)
		return -1;
	return text.len ? desk_find_owner(w, text, kind, account_id, out) : 0;
}

/* Terms that the object sets to null. */
static int take_away(struct desk_work *w, uint32_t node, unsigned whose, struct terms *t)
{
	JSON_EACH(&w->body, node, key)
	{
		struct str unset[2] = {json_text(&w->body, key, w->arena), STR("unset")};

		if (json_is_null(&w->body, json_value(key)) &&
		    terms_set(t, (enum terms_of)whose, unset, w->arena, w->fail) < 0)
			return -1;
	}
	return 0;
}

int desk_merge_terms(struct desk_work *w, uint32_t node, unsigned whose, struct str *terms)
{
	struct terms old, new;
	struct buf text;

	if (json_type(&w->body, node) != JSON_OBJECT)
		return fail(w->fail, FAIL_INVALID_VALUE, "terms is %s; it must be an object",
		            json_type_name(json_type(&w->body, node)));
	if (terms_read(*terms, (enum terms_of)whose, w->arena, &old, w->fail) < 0 ||
	    terms_read(json_raw(&w->body, node), (enum terms_of)whose, w->arena, &new, w->fail) <
	        0 ||
	    take_away(w, node, whose, &old) < 0)
		return -1;
	new = terms_merge(&old, &new);
	buf_init(&text, TERMS_BYTES_MAX);
	terms_write(&text, &new);
	*terms = arena_copy(w->arena, buf_str(&text));
	buf_release(&text);
	return 0;
}

void desk_put_time(struct json_writer *json, const char *name, int64_t wall_ms)
{
	struct buf text;

	buf_init(&text, 64);
	clock_put_rfc3339(&text, wall_ms);
	if (wall_ms)
		json_key_text(json, str_of(name), buf_str(&text));
	else
		json_key_null(json, str_of(name));
	buf_release(&text);
}

void desk_put_terms(struct json_writer *json, struct str terms)
{
	json_key_raw(json, STR("terms"), terms.len ? terms : STR("{}"));
}

void desk_put_owner_name(struct desk_work *w, const char *name, enum store_owner_kind kind,
                         int64_t id)
{
	struct store_owner wanted = {.kind = kind, .id = id}, found = {0};
	struct fail ignored;

	fail_init(&ignored, w->arena);
	if (id && store_owner_find(w->store, &wanted, w->arena, &found, &ignored) == 0 && found.id)
		json_key_text(&w->json, str_of(name), found.name);
	else
		json_key_null(&w->json, str_of(name));
}
