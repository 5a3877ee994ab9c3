/* The list of models. Rows are made on the way, from the catalog: flux-auto, the tiers, then
 * flux-pinned-* for each model that the key may use. What is told of an alias is the least of
 * what may serve it.
 *
 * OpenAI https://platform.openai.com/docs/api-reference/models, Anthropic
 * https://docs.anthropic.com/en/api/models-list. Called through the endpoint table. */
#include "path/models.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/json_write.h"
#include "path/reply.h"

enum { LIST_BYTES_MAX = 4 * 1024 * 1024 };

/* One name that may be sent, and the models that may serve it. */
struct row {
	struct str id;
	struct alias alias;
	const char *tier; /* NULL: none */
	const struct model *models[LIMIT_CANDIDATES * LLM_TIERS];
	int model_count;
};

static void row_add(struct row *row, const struct request *r, const struct model *model)
{
	const struct payer *p = r->pay.payer;
	bool is_allowed = route_is_allowed(r->key.models, &row->alias, model);

	for (int i = 0; p && i < p->model_lists; i++)
		is_allowed = is_allowed && route_is_allowed(p->models[i], &row->alias, model);
	if (row->model_count < LIMIT_CANDIDATES * LLM_TIERS && is_allowed)
		row->models[row->model_count++] = model;
}

static struct row tier_row(const struct request *r, enum llm_tier tier)
{
	const struct catalog *c = r->config->catalog;
	struct row row = {.alias = {.kind = ALIAS_TIER, .tier = tier}, .tier = llm_tier_name(tier)};

	row.id = arena_printf(r->arena, "flux-%s", row.tier);
	for (int i = 0; i < c->tier_counts[tier]; i++)
		row_add(&row, r, c->tiers[tier][i]);
	return row;
}

static struct row auto_row(const struct request *r)
{
	const struct catalog *c = r->config->catalog;
	struct row row = {.id = STR("flux-auto"), .alias = {.kind = ALIAS_AUTO}};

	for (enum llm_tier t = LLM_FAST; t < LLM_TIERS; t++)
		for (int i = 0; i < c->tier_counts[t]; i++)
			row_add(&row, r, c->tiers[t][i]);
	return row;
}

static struct row pinned_row(const struct request *r, const struct model *model)
{
	struct row row = {.id = model->pinned, .alias = {.kind = ALIAS_PINNED, .model = model}};

	row_add(&row, r, model);
	return row;
}

static int64_t least(const struct row *row, size_t field)
{
	int64_t least = 0;

	for (int i = 0; i < row->model_count; i++) {
		int64_t value;

		memcpy(&value, (const char *)row->models[i]->config + field, sizeof value);
		if (value && (least == 0 || value < least))
			least = value;
	}
	return least;
}

static unsigned common_abilities(const struct row *row)
{
	unsigned can = ~0u;

	for (int i = 0; i < row->model_count; i++)
		can &= row->models[i]->config->can;
	return can;
}

static void put_limits(struct json_writer *w, const struct row *row)
{
	int64_t input = least(row, offsetof(struct config_model, context));
	int64_t output = least(row, offsetof(struct config_model, max_output));

	if (input)
		json_key_i64(w, STR("max_input_tokens"), input);
	if (output)
		json_key_i64(w, STR("max_output_tokens"), output);
}

static void put_flux(struct json_writer *w, const struct row *row)
{
	unsigned can = common_abilities(row);

	json_put_key(w, STR("flux"));
	json_open_object(w);
	if (row->tier)
		json_key_text(w, STR("tier"), str_of(row->tier));
	else
		json_key_null(w, STR("tier"));
	json_key_text(w, STR("lane"), str_of(catalog_lane_name(row->models[0]->config->lane)));
	json_key_raw(w, STR("price"), row->models[0]->price_json);
	json_put_key(w, STR("capabilities"));
	json_open_array(w);
	for (unsigned bit = 1; bit <= LLM_CAN_THINKING; bit <<= 1)
		if (can & bit)
			json_put_text(w, str_of(llm_ability_name(bit)));
	json_close_array(w);
	json_close_object(w);
}

static void put_openai(struct json_writer *w, const struct row *row)
{
	const struct config_model *first = row->models[0]->config;

	json_open_object(w);
	json_key_text(w, STR("id"), row->id);
	json_key_text(w, STR("object"), STR("model"));
	json_key_i64(w, STR("created"), first->created_s);
	json_key_text(w, STR("owned_by"), first->owned_by);
	put_limits(w, row);
	put_flux(w, row);
	json_close_object(w);
}

static void put_anthropic(struct json_writer *w, const struct row *row)
{
	const struct config_model *first = row->models[0]->config;
	char room[40];
	struct buf created = {.ptr = room, .cap = sizeof room, .max = sizeof room};

	clock_put_rfc3339(&created, first->created_s * 1000);
	json_open_object(w);
	json_key_text(w, STR("type"), STR("model"));
	json_key_text(w, STR("id"), row->id);
	json_key_text(w, STR("display_name"), row->id);
	json_key_text(w, STR("created_at"), buf_str(&created));
	put_limits(w, row);
	put_flux(w, row);
	json_close_object(w);
}

static void put_row(struct json_writer *w, const struct request *r, const struct row *row)
{
	if (row->model_count == 0)
		return;
	if (r->dialect == LLM_MESSAGES)
		put_anthropic(w, row);
	else
		put_openai(w, row);
}

/* Calls for every row until one is refused; gives whether all were taken. */
static bool each_row(const struct request *r,
                     bool (*on_row)(void *, const struct request *, const struct row *), void *arg)
{
	const struct catalog *c = r->config->catalog;
	struct row row = auto_row(r);

	if (!on_row(arg, r, &row))
		return false;
	for (enum llm_tier t = LLM_FAST; t < LLM_TIERS; t++) {
		row = tier_row(r, t);
		if (!on_row(arg, r, &row))
			return false;
	}
	for (int i = 0; i < c->model_count; i++) {
		row = pinned_row(r, &c->models[i]);
		if (!on_row(arg, r, &row))
			return false;
	}
	return true;
}

/* A list in the making, and the names that Anthropic's format repeats behind it. */
struct list_page {
	struct json_writer writer;
	struct str first_id, last_id;
};

static bool write_row(void *arg, const struct request *r, const struct row *row)
{
	struct list_page *page = arg;

	if (row->model_count == 0)
		return true;
	put_row(&page->writer, r, row);
	page->last_id = row->id;
	if (page->first_id.len == 0)
		page->first_id = row->id;
	return true;
}

static void put_name(struct json_writer *w, struct str key, struct str id)
{
	if (id.len)
		json_key_text(w, key, id);
	else
		json_key_null(w, key);
}

void models_answer_list(struct request *r)
{
	struct list_page page = {0};
	struct json_writer *w = &page.writer;
	struct buf body;

	buf_init(&body, LIST_BYTES_MAX);
	json_writer_init(w, &body);
	json_open_object(w);
	if (r->dialect != LLM_MESSAGES)
		json_key_text(w, STR("object"), STR("list"));
	json_put_key(w, STR("data"));
	json_open_array(w);
	each_row(r, write_row, &page);
	json_close_array(w);
	if (r->dialect == LLM_MESSAGES) {
		json_key_bool(w, STR("has_more"), false);
		put_name(w, STR("first_id"), page.first_id);
		put_name(w, STR("last_id"), page.last_id);
	}
	json_close_object(w);
	reply_own(r, STR("application/json"), buf_str(&body));
	buf_release(&body);
}

struct wanted {
	struct alias alias;
	struct buf *body;
};

static bool is_same(const struct alias *a, const struct alias *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == ALIAS_PINNED ? a->model == b->model
	                               : a->kind == ALIAS_AUTO || a->tier == b->tier;
}

static bool write_if_wanted(void *arg, const struct request *r, const struct row *row)
{
	struct wanted *wanted = arg;
	struct json_writer w;

	if (!is_same(&row->alias, &wanted->alias) || row->model_count == 0)
		return true;
	json_writer_init(&w, wanted->body);
	put_row(&w, r, row);
	return false;
}

/* SDKs escape the slashes of an id. */
static struct str decoded(struct str text, struct arena *arena)
{
	struct str copy;
	struct buf plain;

	buf_init(&plain, LIMIT_TARGET_BYTES);
	encode_read_percent(&plain, text);
	copy = arena_copy(arena, buf_str(&plain));
	buf_release(&plain);
	return copy;
}

/* Any name that a request may send gives the row of what it stands for. */
void models_answer_one(struct request *r)
{
	struct buf body;
	struct wanted wanted = {.body = &body};

	r->path_id = decoded(r->path_id, r->arena);
	if (catalog_resolve(r->config->catalog, r->path_id, &wanted.alias, &r->fail) < 0)
		return;
	buf_init(&body, LIST_BYTES_MAX);
	if (each_row(r, write_if_wanted, &wanted))
		fail(&r->fail, FAIL_MODEL_NOT_ALLOWED, "this key may not use %.*s",
		     STR_ARG(r->path_id));
	else
		reply_own(r, STR("application/json"), buf_str(&body));
	buf_release(&body);
}
