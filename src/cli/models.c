/* fluxrouter models [-c FILE] [--json]
 *
 * What a configuration can serve: models with their prices, windows, tiers and targets. The table
 * is for people, the JSON for programs. */
#include "base/decimal.h"
#include "base/json_write.h"
#include "cli/cli.h"
#include "cli/option.h"
#include "cli/settings.h"
#include "route/catalog.h"

enum { OUTPUT_BYTES_MAX = 64 * 1024 * 1024 };

static bool is_in_tier(const struct catalog *c, int tier, const struct model *m)
{
	for (int i = 0; i < c->tier_counts[tier]; i++)
		if (c->tiers[tier][i] == m)
			return true;
	return false;
}

/* ---- for people ---- */

static void put_padded(struct buf *out, struct str text, int width)
{
	buf_printf(out, "%-*.*s  ", width, STR_ARG(text));
}

static void put_price(struct buf *out, int64_t pusd)
{
	struct buf text;

	buf_init(&text, 64);
	decimal_put(&text, pusd, 6);
	buf_printf(out, "%9.*s  ", STR_ARG(buf_str(&text)));
	buf_release(&text);
}

/* "fast standard", in a column */
static void put_tiers(struct buf *out, const struct catalog *c, const struct model *m)
{
	struct buf names;

	buf_init(&names, 128);
	for (int tier = 0; tier < LLM_TIERS; tier++)
		if (is_in_tier(c, tier, m))
			buf_printf(&names, "%s%s", names.len ? " " : "",
			           llm_tier_name((enum llm_tier)tier));
	put_padded(out, buf_str(&names), 23);
	buf_release(&names);
}

static void put_row(struct buf *out, const struct catalog *c, const struct model *m)
{
	put_padded(out, m->name, 26);
	put_padded(out, str_of(catalog_lane_name(m->config->lane)), 7);
	put_price(out, config_price(m->config)->input_pusd);
	put_price(out, config_price(m->config)->output_pusd);
	if (m->config->context)
		buf_printf(out, "%9lld  ", (long long)m->config->context);
	else
		buf_printf(out, "%9s  ", "?");
	put_tiers(out, c, m);
	for (int i = 0; i < m->target_count; i++)
		buf_printf(out, "%s%.*s", i ? " " : "", STR_ARG(m->targets[i].name));
	buf_put_byte(out, '\n');
}

static void put_table(struct buf *out, const struct catalog *c)
{
	buf_printf(out, "%-26s  %-7s  %9s  %9s  %9s  %-23s  %s\n", "MODEL", "LANE", "$/M IN",
	           "$/M OUT", "WINDOW", "TIERS", "TARGETS");
	for (int i = 0; i < c->model_count; i++)
		put_row(out, c, &c->models[i]);
	for (int i = 0; i < c->config->alias_count; i++)
		buf_printf(out, "%.*s -> %.*s\n", STR_ARG(c->config->aliases[i].match),
		           STR_ARG(c->config->aliases[i].to));
}

/* ---- for programs ---- */

static void put_abilities(struct json_writer *w, unsigned can)
{
	json_put_key(w, STR("can"));
	json_open_array(w);
	for (unsigned bit = 1; bit <= LLM_CAN_THINKING; bit <<= 1)
		if (can & bit)
			json_put_text(w, str_of(llm_ability_name(bit)));
	json_close_array(w);
}

static void put_targets(struct json_writer *w, const struct model *m)
{
	json_put_key(w, STR("targets"));
	json_open_array(w);
	for (int i = 0; i < m->target_count; i++) {
		const struct config_target *t = m->targets[i].config;

		json_open_object(w);
		json_key_text(w, STR("provider"), t->provider->name);
		json_key_text(w, STR("model"), t->model);
		json_key_i64(w, STR("weight"), t->weight);
		json_put_key(w, STR("dialects"));
		json_open_array(w);
		for (int d = 0; d < LLM_WIRES; d++)
			if (t->provider->speaks[d])
				json_put_text(w, str_of(llm_dialect_name((enum llm_dialect)d)));
		json_close_array(w);
		json_close_object(w);
	}
	json_close_array(w);
}

static void put_known(struct json_writer *w, struct str key, int64_t value)
{
	if (value > 0)
		json_key_i64(w, key, value);
	else
		json_key_null(w, key);
}

static void put_model(struct json_writer *w, const struct model *m)
{
	json_open_object(w);
	json_key_text(w, STR("name"), m->name);
	json_key_text(w, STR("pinned"), m->pinned);
	json_key_text(w, STR("owned_by"), m->config->owned_by);
	json_key_text(w, STR("lane"), str_of(catalog_lane_name(m->config->lane)));
	json_key_raw(w, STR("price"), m->price_json);
	put_known(w, STR("context"), m->config->context);
	put_known(w, STR("max_output"), m->config->max_output);
	put_abilities(w, m->config->can);
	put_targets(w, m);
	json_close_object(w);
}

static void put_tier_lists(struct json_writer *w, const struct catalog *c)
{
	json_put_key(w, STR("tiers"));
	json_open_object(w);
	for (int tier = 0; tier < LLM_TIERS; tier++) {
		json_put_key(w, str_of(llm_tier_name((enum llm_tier)tier)));
		json_open_array(w);
		for (int i = 0; i < c->tier_counts[tier]; i++)
			json_put_text(w, c->tiers[tier][i]->name);
		json_close_array(w);
	}
	json_close_object(w);
}

static void put_aliases(struct json_writer *w, const struct config *c)
{
	json_put_key(w, STR("aliases"));
	json_open_array(w);
	for (int i = 0; i < c->alias_count; i++) {
		json_open_object(w);
		json_key_text(w, STR("match"), c->aliases[i].match);
		json_key_text(w, STR("to"), c->aliases[i].to);
		json_close_object(w);
	}
	json_close_array(w);
}

static void put_json(struct buf *out, const struct catalog *c)
{
	struct json_writer w;

	json_writer_init(&w, out);
	json_open_object(&w);
	json_put_key(&w, STR("models"));
	json_open_array(&w);
	for (int i = 0; i < c->model_count; i++)
		put_model(&w, &c->models[i]);
	json_close_array(&w);
	put_tier_lists(&w, c);
	put_aliases(&w, c->config);
	json_key_text(&w, STR("config"), str_of(c->config->hash));
	json_close_object(&w);
	buf_put_byte(out, '\n');
}

int cli_models(int argc, char **argv)
{
	struct str file = {0};
	bool json = false;
	const struct option options[] = {
	    {"c", "FILE", "configuration (without: providers of the environment)", &file, NULL},
	    {"json", NULL, "as JSON", NULL, &json},
	};
	const struct option_set set = {
	    .usage = "models [-c FILE] [--json]",
	    .about = "Lists what a configuration can serve, with prices in US dollars per million "
	             "tokens.",
	    .options = options,
	    .count = OPTION_COUNT(options),
	};
	struct option_words words;
	struct config *c;
	struct buf out;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	c = settings_load(file);
	if (!c)
		return 1;
	buf_init(&out, OUTPUT_BYTES_MAX);
	if (json)
		put_json(&out, c->catalog);
	else
		put_table(&out, c->catalog);
	fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&out);
	config_put(&c);
	return 0;
}
