/* See price_text.h. One table of members serves writing and reading. Called by the tariff, by
 * recounting and by `fluxrouter catalog show`. */
#include "ledger/price_text.h"

#include <stddef.h>

enum { ROWS_MAX = 256 };

static const struct {
	const char *name;
	size_t offset;
} members[] = {
    {"above", offsetof(struct price, above_tokens)},
#define X(rate, fallback) {#rate "_pusd", offsetof(struct price, rate##_pusd)},
    PRICE_RATES(X)
#undef X
        {"call_nusd", offsetof(struct price, call_nusd)},
    {"search_nusd", offsetof(struct price, search_nusd)},
    {"percent_bp", offsetof(struct price, percent_bp)},
    {"regional_bp", offsetof(struct price, regional_bp)},
};

enum { MEMBERS = sizeof members / sizeof members[0] };

static int64_t *member_of(struct price *p, int i)
{
	return (int64_t *)(void *)((char *)p + members[i].offset);
}

static void put_row(struct json_writer *w, struct price row)
{
	json_open_object(w);
	json_key_text(w, STR("service"), str_of(llm_service_name(row.service)));
	for (int i = 0; i < MEMBERS; i++)
		json_key_i64(w, str_of(members[i].name), *member_of(&row, i));
	json_close_object(w);
}

void price_put_text(struct json_writer *w, const struct price_version *v)
{
	json_key_bool(w, STR("unknown"), v->is_unknown);
	json_put_key(w, STR("rows"));
	json_open_array(w);
	for (int i = 0; i < v->row_count; i++)
		put_row(w, v->rows[i]);
	json_close_array(w);
}

static int read_row(const struct json *doc, uint32_t node, struct arena *arena, struct price *out)
{
	struct str service = json_text(doc, json_get(doc, node, STR("service")), arena);

	if (llm_service_of(service, &out->service) < 0)
		return -1;
	for (int i = 0; i < MEMBERS; i++)
		if (json_i64(doc, json_get(doc, node, str_of(members[i].name)), 0, INT64_MAX,
		             member_of(out, i)) < 0)
			return -1;
	return 0;
}

static int read_version(const struct json *doc, struct arena *arena, struct price_version *out)
{
	uint32_t rows = json_get(doc, json_root(doc), STR("rows"));
	uint32_t count = json_count(doc, rows);
	struct price_version v = {0};

	if (json_bool(doc, json_get(doc, json_root(doc), STR("unknown")), &v.is_unknown) < 0 ||
	    count == 0 || count > ROWS_MAX)
		return -1;
	v.rows = ARENA_ARRAY(arena, struct price, count);
	JSON_EACH(doc, rows, row)
	if (read_row(doc, row, arena, &v.rows[v.row_count++]) < 0)
		return -1;
	price_set_id(&v);
	*out = v;
	return 0;
}

int price_read_text(struct str text, struct arena *arena, struct price_version *out)
{
	struct json_error error;
	struct json doc;
	int result;

	json_init(&doc);
	result = json_read(&doc, text, &error) < 0 ? -1 : read_version(&doc, arena, out);
	json_release(&doc);
	return result;
}
