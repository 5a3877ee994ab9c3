/* The models and tiers of a configuration: values, defaults, and that every name that is used is
 * the name of something.
 *
 * The built-in catalog goes through here too: then only the models that a found provider serves are
 * kept, and models that a local server listed are added for nothing at the end of every tier.
 * Prices are read in price.c. */
#include "config/make.h"
#include "config/value.h"
#include "limits.h"

static struct str copy_of(struct config_making *making, const char *text)
{
	return arena_copy(&making->config->arena, str_of(text));
}

/* ---- models ---- */

static void make_abilities(struct config_making *making, int index, const struct raw_model *raw,
                           struct config_model *out)
{
	for (unsigned i = 0; i < raw->can_count; i++) {
		struct config_near near;
		unsigned bit = 0;

		if (llm_ability_of(str_of(raw->can[i]), &bit) == 0) {
			out->can |= bit;
			continue;
		}
		config_near_init(&near, str_of(raw->can[i]));
		for (unsigned known = 1; known <= LLM_CAN_THINKING; known <<= 1)
			config_near_offer(&near, str_of(llm_ability_name(known)));
		config_wrong(making->mistakes, config_path(making, "models[%d].can[%u]", index, i),
		             "\"%.64s\" is no ability (tools, parallel_tools, images, audio, pdf, "
		             "json_schema, thinking)%.*s",
		             raw->can[i],
		             STR_ARG(config_near_text(&near, making->mistakes->arena)));
	}
}

static void unknown_provider(struct config_making *making, struct str path, const char *name)
{
	struct config_near near;

	config_near_init(&near, str_of(name));
	for (int i = 0; i < making->config->provider_count; i++)
		config_near_offer(&near, making->config->providers[i].name);
	config_wrong(making->mistakes, path, "no provider \"%.64s\"%.*s", name,
	             STR_ARG(config_near_text(&near, making->mistakes->arena)));
}

static const struct config_provider *provider_of(struct config_making *making, int model, int index,
                                                 const struct raw_target *raw)
{
	const struct config_provider *provider = map_get(&making->providers, str_of(raw->provider));

	if (!provider && !making->is_built_in)
		unknown_provider(
		    making, config_path(making, "models[%d].targets[%d].provider", model, index),
		    raw->provider);
	return provider;
}

static struct config_target make_target(struct config_making *making, int model, int index,
                                        const struct raw_target *raw)
{
	static const struct config_waits none;
	struct config_target target = {.provider = provider_of(making, model, index, raw),
	                               .model = copy_of(making, raw->model),
	                               .weight = raw->weight ? (int)raw->weight : 1};

	if (raw->weight > 1000)
		config_wrong(making->mistakes,
		             config_path(making, "models[%d].targets[%d].weight", model, index),
		             "is more than 1000");
	target.waits = config_make_waits(making, config_path(making, "models[%d]", model),
	                                 &making->raw->models[model].waits,
	                                 target.provider ? &target.provider->waits : &none);
	target.waits =
	    config_make_waits(making, config_path(making, "models[%d].targets[%d]", model, index),
	                      &raw->waits, &target.waits);
	return target;
}

/* One for each credential of its provider. */
static void add_target(struct config_making *making, int index, const struct config_target *target,
                       struct config_model *out)
{
	int count = target->provider ? target->provider->api_key_count : !making->is_built_in;

	if (out->target_count + count > LIMIT_CANDIDATES) {
		config_wrong(making->mistakes, config_path(making, "models[%d].targets", index),
		             "are more than %d, counting the credentials of their providers",
		             LIMIT_CANDIDATES);
		return;
	}
	for (int i = 0; i < count; i++) {
		struct config_target *added = &out->targets[out->target_count++];

		*added = *target;
		if (count > 1)
			added->credential = i + 1;
		if (target->provider)
			added->api_key = target->provider->api_keys[i];
	}
}

static size_t credentials_of(const struct config_making *making, const struct raw_target *raw)
{
	const struct config_provider *provider = map_get(&making->providers, str_of(raw->provider));

	return provider ? (size_t)provider->api_key_count : 1;
}

static void make_targets(struct config_making *making, int index, const struct raw_model *raw,
                         struct config_model *out)
{
	size_t most = 0;

	for (unsigned i = 0; i < raw->targets_count; i++)
		most += credentials_of(making, &raw->targets[i]);
	out->targets = ARENA_ARRAY(&making->config->arena, struct config_target, most);
	for (unsigned i = 0; i < raw->targets_count; i++) {
		struct config_target target = make_target(making, index, (int)i, &raw->targets[i]);

		add_target(making, index, &target, out);
	}
	if (out->target_count == 0 && !making->is_built_in)
		config_wrong(making->mistakes, config_path(making, "models[%d]", index),
		             "`targets` is missing: nobody serves this model");
}

static void check_model_name(struct config_making *making, int index, struct config_model *model)
{
	struct str path = config_path(making, "models[%d].name", index);
	struct str lower = config_lower(&making->config->arena, model->name);

	if (!config_is_name(model->name))
		config_wrong(making->mistakes, path,
		             "must be 1 to 63 letters, digits or any of . _ : / @ + -");
	if (str_starts_with(lower, STR("flux-")))
		config_wrong(making->mistakes, path, "names that begin with flux- are ours");
	if (map_put(&making->models, lower, model))
		config_wrong(making->mistakes, path, "there is another model \"%.*s\"",
		             STR_ARG(model->name));
}

static void make_numbers(struct config_making *making, int index, const struct raw_model *raw,
                         struct config_model *out)
{
	const int64_t most = 1000 * 1000 * 1000;

	out->context = raw->context;
	out->max_output = raw->max_output;
	if (raw->context > most)
		config_wrong(making->mistakes, config_path(making, "models[%d].context", index),
		             "is more tokens than any model takes");
	if (raw->max_output > most)
		config_wrong(making->mistakes, config_path(making, "models[%d].max_output", index),
		             "is more tokens than any model writes");
	out->created_s =
	    config_value_day_s(making->mistakes, config_path(making, "models[%d].released", index),
	                       raw->released, making->own_time_s);
	out->lane = raw->lane ? (enum config_lane) * raw->lane : CONFIG_DAILY;
}

static void make_model(struct config_making *making, int index)
{
	const struct raw_model *raw = &making->raw->models[index];
	struct config_model *out = &making->config->models[making->config->model_count];

	*out = (struct config_model){.name = copy_of(making, raw->name)};
	make_targets(making, index, raw, out);
	if (out->target_count == 0 && making->is_built_in)
		return;
	make_numbers(making, index, raw, out);
	config_make_prices(making, index, raw, out);
	make_abilities(making, index, raw, out);
	check_model_name(making, index, out);
	if (raw->owned_by)
		out->owned_by = copy_of(making, raw->owned_by);
	else if (out->target_count > 0 && out->targets[0].provider)
		out->owned_by = out->targets[0].provider->name;
	making->config->model_count++;
}

/* ---- models of a local server: for nothing, window unknown, able to do what chat models do ----
 * */

static int count_local(const struct config_making *making)
{
	int count = 0;

	for (int i = 0; i < making->found_count; i++)
		count += making->found[i].local_model_count;
	return count;
}

static void add_local(struct config_making *making, struct config_provider *provider,
                      struct str name)
{
	struct config *c = making->config;
	struct config_model *model = &c->models[c->model_count];
	struct str lower = config_lower(&c->arena, name);

	if (!config_is_name(name) || str_starts_with(lower, STR("flux-")) ||
	    map_get(&making->models, lower))
		return;
	*model = (struct config_model){
	    .name = arena_copy(&c->arena, name),
	    .owned_by = provider->name,
	    .created_s = making->own_time_s,
	    .lane = CONFIG_EXPRESS,
	    .can = LLM_CAN_TOOLS | LLM_CAN_PARALLEL_TOOLS | LLM_CAN_IMAGES | LLM_CAN_JSON_SCHEMA |
	           LLM_CAN_THINKING,
	    .targets = ARENA_NEW(&c->arena, struct config_target),
	    .target_count = 1,
	};
	model->targets[0] = (struct config_target){.provider = provider,
	                                           .model = model->name,
	                                           .weight = 1,
	                                           .api_key = provider->api_keys[0],
	                                           .waits = provider->waits};
	model->prices = config_free_prices(&c->arena);
	model->floors = model->prices;
	map_put(&making->models, lower, model);
	c->model_count++;
}

static void add_all_local(struct config_making *making)
{
	making->local_from = making->config->model_count;
	for (int i = 0; i < making->found_count; i++) {
		const struct config_found *found = &making->found[i];
		struct config_provider *provider = map_get(&making->providers, found->provider);

		for (int k = 0; provider && k < found->local_model_count; k++)
			add_local(making, provider, found->local_models[k]);
	}
}

void config_make_models(struct config_making *making)
{
	size_t most = making->raw->models_count + (size_t)count_local(making);

	making->config->models = ARENA_ARRAY(&making->config->arena, struct config_model, most);
	for (unsigned i = 0; i < making->raw->models_count; i++)
		make_model(making, (int)i);
	add_all_local(making);
	if (making->raw->models_count == 0 && !making->is_built_in)
		config_warn(making->mistakes, STR(""),
		            "there are no `models`: every request will be refused");
}

/* ---- tiers ---- */

static void unknown_model(struct config_making *making, struct str path, const char *name)
{
	struct config_near near;

	config_near_init(&near, str_of(name));
	for (int i = 0; i < making->config->model_count; i++)
		config_near_offer(&near, making->config->models[i].name);
	config_wrong(making->mistakes, path, "no model \"%.64s\"%.*s", name,
	             STR_ARG(config_near_text(&near, making->mistakes->arena)));
}

static bool is_in_tier(const struct config_tier *tier, const struct config_model *model)
{
	for (int i = 0; i < tier->model_count; i++)
		if (tier->models[i] == model)
			return true;
	return false;
}

static void add_to_tier(struct config_making *making, struct str path, struct config_tier *tier,
                        struct config_model *model)
{
	if (is_in_tier(tier, model))
		config_wrong(making->mistakes, path, "\"%.*s\" stands in this tier already",
		             STR_ARG(model->name));
	else if (tier->model_count < LIMIT_CANDIDATES)
		tier->models[tier->model_count++] = model;
	else if (!making->is_built_in)
		config_wrong(making->mistakes, path, "a tier has %d models at most",
		             LIMIT_CANDIDATES);
}

static void make_tier(struct config_making *making, enum llm_tier which, char **names,
                      unsigned count)
{
	struct config_tier *tier = &making->config->tiers[which];

	tier->models = ARENA_ARRAY(&making->config->arena, struct config_model *, LIMIT_CANDIDATES);
	for (unsigned i = 0; i < count; i++) {
		struct str lower = config_lower(making->mistakes->arena, str_of(names[i]));
		struct config_model *model = map_get(&making->models, lower);
		struct str path = config_path(making, "tiers.%s[%u]", llm_tier_name(which), i);

		if (model)
			add_to_tier(making, path, tier, model);
		else if (!making->is_built_in)
			unknown_model(making, path, names[i]);
	}
}

void config_make_tiers(struct config_making *making)
{
	struct raw_tiers none = {0};
	const struct raw_tiers *raw = making->raw->tiers ? making->raw->tiers : &none;
	struct config *c = making->config;

	make_tier(making, LLM_FAST, raw->fast, raw->fast_count);
	make_tier(making, LLM_STANDARD, raw->standard, raw->standard_count);
	make_tier(making, LLM_REASONING, raw->reasoning, raw->reasoning_count);
	for (int i = making->local_from; i < c->model_count; i++)
		for (int tier = 0; tier < LLM_TIERS; tier++)
			if (!is_in_tier(&c->tiers[tier], &c->models[i]))
				add_to_tier(making, STR("tiers"), &c->tiers[tier], &c->models[i]);
}
