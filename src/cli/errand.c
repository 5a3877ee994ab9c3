/* Asking the desk and reading what it answers. Called by the verbs on plans, accounts, teams, users
 * and keys. */
#include "cli/errand.h"

#include "base/decimal.h"
#include "cli/option.h"

enum { BODY_MAX_BYTES = 1 << 20, OUT_MAX_BYTES = 256 << 20 };

static void begin_body(struct errand *e)
{
	buf_clear(&e->body);
	json_writer_init(&e->json, &e->body);
	json_open_object(&e->json);
}

int errand_open(struct errand *e, struct str data_dir, enum store_open_how how)
{
	*e = (struct errand){0};
	buf_init(&e->body, BODY_MAX_BYTES);
	buf_init(&e->out, OUT_MAX_BYTES);
	json_init(&e->answer);
	begin_body(e);
	return books_open(&e->books, data_dir, how);
}

void errand_release(struct errand *e)
{
	books_release(&e->books);
	json_release(&e->answer);
	buf_release(&e->out);
	buf_release(&e->body);
}

int errand_try(struct errand *e, const char *method, struct str target)
{
	size_t mark = str_find_byte(target, '?');
	struct desk desk = {e->books.store, &e->books.arena, &e->out, &e->books.fail};
	struct desk_ask ask = {
	    str_of(method), str_part(target, 0, mark), str_part(target, mark + 1, target.len), {0}};
	struct desk_answer answer;
	struct json_error error;
	int result;

	json_close_object(&e->json);
	ask.body = buf_str(&e->body);
	buf_clear(&e->out);
	fail_init(&e->books.fail, &e->books.arena);
	result = desk_do(&desk, &ask, &answer);
	begin_body(e);
	if (result < 0)
		return -1;
	e->status = answer.status;
	must(json_read(&e->answer, buf_str(&e->out), &error) == 0);
	return 0;
}

int errand_do(struct errand *e, const char *method, struct str target)
{
	if (errand_try(e, method, target) == 0)
		return 0;
	books_fails(&e->books);
	return -1;
}

/* ---- targets ---- */

static bool is_plain(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.';
}

static void put_encoded(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (is_plain(text.ptr[i]))
			buf_put_byte(out, text.ptr[i]);
		else
			buf_printf(out, "%%%02X", (unsigned char)text.ptr[i]);
	}
}

struct str errand_target(struct errand *e, const struct errand_place *place)
{
	struct str target;
	struct buf text;

	buf_init(&text, BODY_MAX_BYTES);
	buf_printf(&text, "/admin/v1/%ss", place->kind);
	if (place->which.len) {
		buf_put_byte(&text, '/');
		put_encoded(&text, place->which);
	}
	if (place->what)
		buf_printf(&text, "/%s", place->what);
	if (place->account.len) {
		buf_put(&text, STR("?account="));
		put_encoded(&text, place->account);
	}
	target = arena_copy(&e->books.arena, buf_str(&text));
	buf_release(&text);
	return target;
}

/* ---- bodies ---- */

void errand_put(struct errand *e, const char *name, struct str text)
{
	if (str_eq(text, STR("-")))
		json_key_null(&e->json, str_of(name));
	else if (text.len)
		json_key_text(&e->json, str_of(name), text);
}

static void put_term(struct errand *e, struct str value)
{
	static const struct decimal_range all = {INT64_MIN, INT64_MAX};

	if (value.len == 0)
		json_put_null(&e->json);
	else if (str_eq(value, STR("true")) || str_eq(value, STR("false")) ||
	         decimal_problem(value, 9, all) == NULL)
		json_put_raw(&e->json, value);
	else
		json_put_text(&e->json, value);
}

int errand_put_terms(struct errand *e, const struct str *sets, int count)
{
	if (count == 0)
		return 0;
	json_put_key(&e->json, STR("terms"));
	json_open_object(&e->json);
	for (int i = 0; i < count; i++) {
		size_t equals = str_find_byte(sets[i], '=');

		if (equals == sets[i].len || equals == 0) {
			option_wrong("--set \"%.*s\" is not TERM=VALUE, such as month_usd=5",
			             STR_ARG(sets[i]));
			return -1;
		}
		json_put_key(&e->json, str_part(sets[i], 0, equals));
		put_term(e, str_part(sets[i], equals + 1, sets[i].len));
	}
	json_close_object(&e->json);
	return 0;
}

/* ---- answers ---- */

struct str errand_text(struct errand *e, uint32_t object, const char *name)
{
	uint32_t node = json_get(&e->answer, object, str_of(name));

	switch (json_type(&e->answer, node)) {
	case JSON_STRING:
		return json_text(&e->answer, node, &e->books.arena);
	case JSON_ABSENT:
	case JSON_NULL:
		return STR("");
	default:
		return json_raw(&e->answer, node);
	}
}

/* The page behind that id. */
static struct str page_of(struct errand *e, struct str target, struct str after)
{
	return arena_printf(&e->books.arena, "%.*s%slimit=1000&after=%.*s", STR_ARG(target),
	                    str_find_byte(target, '?') < target.len ? "&" : "?", STR_ARG(after));
}

int errand_each(struct errand *e, struct str target,
                void (*on_one)(struct errand *, uint32_t, void *), void *arg)
{
	struct str after = STR("0");
	bool has_more = true;

	while (has_more) {
		uint32_t list, root;

		if (errand_do(e, "GET", page_of(e, target, after)) < 0)
			return -1;
		root = json_root(&e->answer);
		list = json_get(&e->answer, root, STR("data"));
		JSON_EACH(&e->answer, list, object)
		{
			after = arena_copy(&e->books.arena, errand_text(e, object, "id"));
			on_one(e, object, arg);
		}
		must(json_bool(&e->answer, json_get(&e->answer, root, STR("has_more")),
		               &has_more) == 0);
	}
	return 0;
}
