/* The operator's own names. Each alias leads to a tier, to flux-auto, to a pinned model or to
 * another alias; here every chain is followed to its end, so that a request meets one step and a
 * circle is found before it is served.
 *
 *	{match: "claude-*haiku*", to: small}   kept as claude-*haiku* -> flux-fast
 *	{match: small, to: flux-fast}          kept as small -> flux-fast */
#include "config/make.h"

static const char *const ours[] = {"flux-auto", "flux-fast", "flux-standard", "flux-reasoning"};
enum { OURS = sizeof ours / sizeof ours[0] };

static bool is_ours(struct str name)
{
	for (int i = 0; i < OURS; i++)
		if (str_eq_nocase(name, str_of(ours[i])))
			return true;
	return false;
}

static bool is_model(struct config_making *making, struct str name)
{
	struct str lower = config_lower(making->mistakes->arena, name);
	struct str pinned = STR("flux-pinned-");

	if (str_starts_with(lower, pinned))
		lower = str_part(lower, pinned.len, lower.len);
	return map_get(&making->models, lower) != NULL;
}

static const struct raw_alias *alias_of(const struct config_making *making, struct str name)
{
	for (unsigned i = 0; i < making->raw->aliases_count; i++)
		if (str_matches_glob(name, str_of(making->raw->aliases[i].match)))
			return &making->raw->aliases[i];
	return NULL;
}

static void leads_nowhere(struct config_making *making, struct str path, struct str name)
{
	struct config_near near;

	config_near_init(&near, name);
	for (int i = 0; i < OURS; i++)
		config_near_offer(&near, str_of(ours[i]));
	for (int i = 0; i < making->config->model_count; i++)
		config_near_offer(&near, making->config->models[i].name);
	for (unsigned i = 0; i < making->raw->aliases_count; i++)
		config_near_offer(&near, str_of(making->raw->aliases[i].match));
	config_wrong(making->mistakes, path, "\"%.*s\" is no tier, model or alias%.*s",
	             STR_ARG(str_part(name, 0, 64)),
	             STR_ARG(config_near_text(&near, making->mistakes->arena)));
}

/* The end of the chain that begins with the alias's `to`. */
static struct str end_of(struct config_making *making, unsigned index)
{
	struct str path = config_path(making, "aliases[%u].to", index);
	struct str name = str_of(making->raw->aliases[index].to);

	for (unsigned steps = 0; steps <= making->raw->aliases_count; steps++) {
		const struct raw_alias *next;

		if (is_ours(name) || is_model(making, name))
			return arena_copy(&making->config->arena, name);
		next = alias_of(making, name);
		if (!next) {
			leads_nowhere(making, path, name);
			return STR("flux-auto");
		}
		name = str_of(next->to);
	}
	config_wrong(making->mistakes, path,
	             "goes round in a circle; let it end at a tier or model");
	return STR("flux-auto");
}

static void check_match(struct config_making *making, unsigned index)
{
	struct str path = config_path(making, "aliases[%u].match", index);
	struct str match = str_of(making->raw->aliases[index].match);

	if (is_ours(match) || str_starts_with(match, STR("flux-pinned-")))
		config_wrong(making->mistakes, path, "\"%.*s\" has a meaning of its own",
		             STR_ARG(str_part(match, 0, 64)));
	for (unsigned i = 0; i < index; i++)
		if (str_eq_nocase(match, str_of(making->raw->aliases[i].match)))
			config_wrong(making->mistakes, path,
			             "\"%.*s\" stands at aliases[%u] already",
			             STR_ARG(str_part(match, 0, 64)), i);
}

static bool leads_somewhere(struct config_making *making, unsigned index)
{
	struct str name = str_of(making->raw->aliases[index].to);

	return !making->is_built_in || is_ours(name) || is_model(making, name);
}

void config_make_aliases(struct config_making *making)
{
	struct config *c = making->config;

	c->aliases = ARENA_ARRAY(&c->arena, struct config_alias, making->raw->aliases_count);
	for (unsigned i = 0; i < making->raw->aliases_count; i++) {
		struct config_alias *alias = &c->aliases[c->alias_count];

		if (!leads_somewhere(making, i))
			continue;
		check_match(making, i);
		alias->match = arena_copy(&c->arena, str_of(making->raw->aliases[i].match));
		alias->to = end_of(making, i);
		c->alias_count++;
	}
}
