/* Prices of a configuration: what providers charge for a model, what accounts pay.
 *
 *	price: {input: 5, output: 30, rows: [..]}        in force always
 *	prices: [{from: 2026-01-01, ..}, {from: ..}]     each from its day on, 00:00 UTC
 *	charges: [{plan: builder, markup: "10%"}, ..]    the first that fits the account
 *
 * Of a price's rows those with rates of their own come first, then those that are a percentage:
 * one of these without `above` counts at every length that the standard service has a row for.
 *
 * Invariants: a price that is not known is never taken for zero: input and output must be
 * written down, every other rate defaults to what it replaces, and `unknown: true` must be said.
 * Every version has, first, a row of the standard service from the first token on. Called by
 * config_catalog and config_make. */
#include "base/clock.h"
#include "config/make.h"
#include "config/value.h"

enum { OLD_DAYS = 90 };

/* One `price`, being read. */
struct reading {
	struct config_making *making;
	struct str path; /* models[3].price */
	const struct raw_price *raw;
	struct price_version *out;
};

static struct str path_in(const struct reading *r, const char *name)
{
	return config_path(r->making, "%.*s.%s", STR_ARG(r->path), name);
}

/* ---- rates ---- */

/* Calls cost the same in every row unless it says otherwise: base. */
static void read_rates(struct config_making *making, struct str path, const struct raw_rates *raw,
                       const struct price *base, struct price *p)
{
	struct config_mistakes *m = making->mistakes;

#define RATE(name, rate, fallback)                                                                 \
	p->rate##_pusd = config_value_pusd(m, config_path(making, "%.*s." #name, STR_ARG(path)),   \
	                                   raw->name, p->fallback##_pusd);
	RATE(input, input, input)
	RATE(output, output, output)
	RATE(cache_read, cache_read, input)
	RATE(cache_write, cache_write_5m, input)
	RATE(cache_write_1h, cache_write_1h, cache_write_5m)
	RATE(reasoning, reasoning, output)
	RATE(audio_input, audio_input, input)
	RATE(audio_output, audio_output, output)
	RATE(image_input, image_input, input)
	RATE(image_output, image_output, output)
#undef RATE
	p->call_nusd = config_value_nusd(m, config_path(making, "%.*s.per_call", STR_ARG(path)),
	                                 raw->per_call, base->call_nusd);
	p->search_nusd =
	    config_value_nusd(m, config_path(making, "%.*s.per_search", STR_ARG(path)),
	                      raw->per_search, raw->per_call ? p->call_nusd : base->search_nusd);
}

static bool has_rates(const struct raw_rates *r)
{
	return r->input || r->output || r->cache_read || r->cache_write || r->cache_write_1h ||
	       r->reasoning || r->audio_input || r->audio_output || r->image_input ||
	       r->image_output || r->per_call || r->per_search;
}

static void need_both(struct config_making *making, struct str path, const struct raw_rates *raw)
{
	if (!raw->input)
		config_wrong(making->mistakes, path, "`input` is missing");
	if (!raw->output)
		config_wrong(making->mistakes, path, "`output` is missing");
}

/* ---- rows ---- */

static struct price *row_at(const struct price_version *v, enum llm_service service, int64_t above)
{
	for (int i = 0; i < v->row_count; i++)
		if (v->rows[i].service == service && v->rows[i].above_tokens == above)
			return &v->rows[i];
	return NULL;
}

static int64_t percent_of(const struct reading *r, struct str path, const char *text)
{
	struct decimal_range range = {1, PRICE_PERCENT_MAX_BP};

	return config_value_bp(r->making->mistakes, config_path(r->making, "%.*s", STR_ARG(path)),
	                       text, range, PRICE_WHOLE_BP);
}

static void add_row(struct reading *r, const struct price *row, struct str path)
{
	if (row_at(r->out, row->service, row->above_tokens))
		config_wrong(r->making->mistakes, path,
		             "there is another row for %s above %lld tokens",
		             llm_service_name(row->service), (long long)row->above_tokens);
	else
		r->out->rows[r->out->row_count++] = *row;
}

static void add_with_rates(struct reading *r, const struct raw_row *raw, struct str path)
{
	struct price row = r->out->rows[0];

	row.service = (enum llm_service)raw->service;
	row.above_tokens = raw->above;
	row.percent_bp =
	    percent_of(r, config_path(r->making, "%.*s.percent", STR_ARG(path)), raw->percent);
	need_both(r->making, path, &raw->rates);
	read_rates(r->making, path, &raw->rates, &r->out->rows[0], &row);
	add_row(r, &row, path);
}

/* The standard service's rates at each length, where the service has no row of its own there. */
static void add_percent(struct reading *r, const struct raw_row *raw, struct str path)
{
	int64_t bp =
	    percent_of(r, config_path(r->making, "%.*s.percent", STR_ARG(path)), raw->percent);
	int known = r->out->row_count;

	if (!raw->percent || raw->service == LLM_SERVICE_STANDARD)
		config_wrong(r->making->mistakes, path,
		             "a row has `input` and `output`, or the `percent` of a `service`");
	for (int i = 0; i < known; i++) {
		struct price row = r->out->rows[i];

		if (row.service != LLM_SERVICE_STANDARD || row.above_tokens < raw->above ||
		    row_at(r->out, (enum llm_service)raw->service, row.above_tokens))
			continue;
		row.service = (enum llm_service)raw->service;
		row.percent_bp = bp;
		add_row(r, &row, path);
	}
}

static void check_row(struct reading *r, const struct raw_row *raw, struct str path)
{
	if (raw->above > 1000 * 1000 * 1000)
		config_wrong(r->making->mistakes, path, "`above` is more than any model takes");
	if (raw->above == 0 && raw->service == LLM_SERVICE_STANDARD)
		config_wrong(
		    r->making->mistakes, path,
		    "a row needs `above` or a `service`: nothing else tells when it counts");
	else if (!row_at(r->out, (enum llm_service)raw->service, 0))
		config_wrong(r->making->mistakes, path,
		             "service %s needs a row that counts from the first token, too",
		             llm_service_name((enum llm_service)raw->service));
}

static void read_rows(struct reading *r)
{
	const struct raw_price *raw = r->raw;

	for (unsigned i = 0; i < raw->rows_count; i++)
		if (has_rates(&raw->rows[i].rates))
			add_with_rates(
			    r, &raw->rows[i],
			    config_path(r->making, "%.*s.rows[%u]", STR_ARG(r->path), i));
	for (unsigned i = 0; i < raw->rows_count; i++)
		if (!has_rates(&raw->rows[i].rates))
			add_percent(r, &raw->rows[i],
			            config_path(r->making, "%.*s.rows[%u]", STR_ARG(r->path), i));
	for (unsigned i = 0; i < raw->rows_count; i++)
		check_row(r, &raw->rows[i],
		          config_path(r->making, "%.*s.rows[%u]", STR_ARG(r->path), i));
}

/* ---- versions ---- */

static void read_days(struct reading *r)
{
	struct config_mistakes *m = r->making->mistakes;
	const struct raw_price *raw = r->raw;

	r->out->from_ms = config_value_day_s(m, path_in(r, "from"), raw->from, 0) * 1000;
	r->out->as_of_s = config_value_day_s(m, path_in(r, "as_of"), raw->as_of, 0);
	if (raw->as_of)
		r->out->as_of = arena_copy(&r->making->config->arena, str_of(raw->as_of));
}

static void read_price(struct config_making *making, struct str path, const struct raw_price *raw,
                       struct price_version *out)
{
	struct reading r = {making, path, raw, out};
	struct price *base;
	/* standard, each row, and each percentage at each length */
	size_t most = 1 + raw->rows_count * (1 + (size_t)raw->rows_count);

	out->rows = ARENA_ARRAY(&making->config->arena, struct price, most);
	out->row_count = 1;
	out->is_unknown = raw->unknown;
	base = &out->rows[0];
	base->percent_bp = PRICE_WHOLE_BP;
	base->regional_bp = percent_of(&r, path_in(&r, "regional"), raw->regional);
	if (!raw->unknown)
		need_both(making, path, &raw->rates);
	else if (has_rates(&raw->rates) || raw->rows_count > 0)
		config_wrong(making->mistakes, path, "is unknown, and has rates");
	read_rates(making, path, &raw->rates, base, base);
	read_rows(&r);
	read_days(&r);
	price_set_id(out);
}

static void check_order(struct config_making *making, struct str path, const struct price_set *set,
                        int index)
{
	if (index > 0 && set->versions[index].from_ms <= set->versions[index - 1].from_ms)
		config_wrong(making->mistakes, path,
		             "`from` must be a later day than that of the price before");
}

/* Contract 7: from 1, 2 and 4 US dollars per million output tokens. */
static int64_t floor_pusd(enum config_lane lane)
{
	static const int64_t dollars[] = {
	    [CONFIG_EXPRESS] = 1, [CONFIG_DAILY] = 2, [CONFIG_DEEP] = 4};

	return dollars[lane] * 1000 * 1000;
}

static void check_floor(struct config_making *making, int index, const struct config_model *model)
{
	int64_t output = model->prices.versions[model->prices.count - 1].rows[0].output_pusd;
	int64_t least = floor_pusd(model->lane);

	if (output > 0 && output < least && !making->raw->apply_floor && !making->is_built_in)
		config_warn(making->mistakes, config_path(making, "models[%d].lane", index),
		            "this lane begins at %lld dollars per million output tokens; the price "
		            "of \"%.*s\" is below",
		            (long long)least / 1000000, STR_ARG(model->name));
}

static void raise(int64_t *rate, int64_t least)
{
	if (*rate < least)
		*rate = least;
}

/* A copy in which a million output tokens never cost less than the lane's floor, whatever the
 * percentage. */
static struct price_set with_floor(struct config_making *making, const struct price_set *from,
                                   enum config_lane lane)
{
	struct arena *arena = &making->config->arena;
	struct price_set to = {ARENA_ARRAY(arena, struct price_version, (size_t)from->count),
	                       from->count};

	for (int i = 0; i < from->count; i++) {
		struct price_version *v = &to.versions[i];

		*v = from->versions[i];
		v->rows = ARENA_ARRAY(arena, struct price, (size_t)v->row_count);
		for (int k = 0; k < v->row_count; k++) {
			struct price *p = &v->rows[k];
			int64_t least;

			*p = from->versions[i].rows[k];
			least =
			    (floor_pusd(lane) * PRICE_WHOLE_BP + p->percent_bp - 1) / p->percent_bp;
			raise(&p->output_pusd, least);
			raise(&p->reasoning_pusd, least);
			raise(&p->audio_output_pusd, least);
			raise(&p->image_output_pusd, least);
		}
		if (!v->is_unknown)
			price_set_id(v);
	}
	return to;
}

void config_make_prices(struct config_making *making, int index, const struct raw_model *raw,
                        struct config_model *out)
{
	struct str path = config_path(making, "models[%d]", index);
	struct price_set *set = &out->prices;

	set->count = raw->prices_count ? (int)raw->prices_count : 1;
	set->versions =
	    ARENA_ARRAY(&making->config->arena, struct price_version, (size_t)set->count);
	if (raw->price && raw->prices)
		config_wrong(making->mistakes, path, "has `price` and `prices`; one is enough");
	if (!raw->price && !raw->prices_count) {
		config_wrong(making->mistakes, path, "`price` is missing");
		*set = config_free_prices(&making->config->arena);
	}
	if (raw->price)
		read_price(making, config_path(making, "models[%d].price", index), raw->price,
		           &set->versions[0]);
	for (unsigned i = 0; i < raw->prices_count && !raw->price; i++) {
		struct str place = config_path(making, "models[%d].prices[%u]", index, i);

		read_price(making, place, &raw->prices[i], &set->versions[i]);
		check_order(making, place, set, (int)i);
	}
	check_floor(making, index, out);
	out->floors = with_floor(making, set, out->lane);
}

struct price_set config_free_prices(struct arena *arena)
{
	struct price_version *v = ARENA_NEW(arena, struct price_version);

	v->rows = ARENA_NEW(arena, struct price);
	v->row_count = 1;
	v->rows[0].percent_bp = v->rows[0].regional_bp = PRICE_WHOLE_BP;
	price_set_id(v);
	return (struct price_set){v, 1};
}

/* ---- what nobody looked at for long ---- */

void config_warn_of_old_prices(struct config_making *making)
{
	int64_t oldest_s = clock_wall_ms() / 1000 - OLD_DAYS * 24 * 3600, least_s = oldest_s;
	const struct config *c = making->config;
	int old = 0, first = 0;

	for (int i = 0; i < c->model_count; i++) {
		const struct price_set *set = &c->models[i].prices;
		int64_t as_of_s = set->versions[set->count - 1].as_of_s;

		if (as_of_s == 0 || as_of_s >= oldest_s)
			continue;
		first = as_of_s < least_s ? i : first;
		least_s = as_of_s < least_s ? as_of_s : least_s;
		old++;
	}
	if (old > 0)
		config_warn(
		    making->mistakes, STR("models"),
		    "nobody has looked at %d prices for more than %d days (at \"%.*s\" "
		    "not since %.*s): fluxrouter catalog diff compares them",
		    old, OLD_DAYS, STR_ARG(c->models[first].name),
		    STR_ARG(
		        c->models[first].prices.versions[c->models[first].prices.count - 1].as_of));
}

/* ---- what accounts pay ---- */

static void read_charge(struct config_making *making, unsigned index)
{
	const struct raw_charge *raw = &making->raw->charges[index];
	struct config *c = making->config;
	struct config_charge *out = &c->charges[c->charge_count++];
	struct str path = config_path(making, "charges[%u]", index);
	struct decimal_range range = {1 - PRICE_WHOLE_BP, PRICE_PERCENT_MAX_BP};
	struct price_set *own;

	out->account = arena_copy(&c->arena, str_of(raw->account ? raw->account : ""));
	out->plan = arena_copy(&c->arena, str_of(raw->plan ? raw->plan : ""));
	out->model = arena_copy(&c->arena, str_of(raw->model ? raw->model : ""));
	out->terms.markup_bp =
	    PRICE_WHOLE_BP + config_value_bp(making->mistakes,
	                                     config_path(making, "charges[%u].markup", index),
	                                     raw->markup, range, 0);
	if (!raw->markup && !raw->price)
		config_wrong(making->mistakes, path, "has neither `markup` nor `price`");
	if (!raw->price)
		return;
	own = ARENA_NEW(&c->arena, struct price_set);
	own->versions = ARENA_NEW(&c->arena, struct price_version);
	own->count = 1;
	read_price(making, config_path(making, "charges[%u].price", index), raw->price,
	           own->versions);
	if (raw->price->unknown)
		config_wrong(making->mistakes, path, "what accounts pay cannot be unknown");
	out->terms.own = own;
}

void config_make_charges(struct config_making *making)
{
	making->config->charges =
	    ARENA_ARRAY(&making->config->arena, struct config_charge, making->raw->charges_count);
	for (unsigned i = 0; i < making->raw->charges_count; i++)
		read_charge(making, i);
	making->config->apply_floor = making->raw->apply_floor;
}

static bool fits(struct str name, struct str glob)
{
	return glob.len == 0 || str_matches_glob(name, glob);
}

static const struct config_charge *charge_of(const struct config *c, const struct config_payer *p,
                                             const struct config_model *model)
{
	for (int i = 0; i < c->charge_count; i++) {
		const struct config_charge *charge = &c->charges[i];

		if (fits(p->account, charge->account) && fits(p->plan, charge->plan) &&
		    fits(model->name, charge->model))
			return charge;
	}
	return NULL;
}

struct price_deal config_deal(const struct config *c, const struct config_payer *payer,
                              const struct config_model *model, int64_t opened_ms)
{
	static const struct config_payer nobody;
	const struct config_payer *p = payer ? payer : &nobody;
	const struct config_charge *charge = charge_of(c, p, model);
	struct price_terms terms = {NULL, PRICE_WHOLE_BP};

	if (charge)
		terms = charge->terms;
	if (!terms.own && (c->apply_floor || p->apply_floor))
		terms.own = &model->floors;
	if (p->has_markup)
		terms.markup_bp = p->markup_bp;
	return price_deal_of(&model->prices, &terms, opened_ms);
}

const struct price *config_price(const struct config_model *model)
{
	return &price_at(&model->prices, clock_wall_ms())->rows[0];
}
