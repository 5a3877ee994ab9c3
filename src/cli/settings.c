/* Loads a configuration for verbs that look at one without serving. Without a file it is what
 * `serve` would find in the environment; local servers are not asked, since looking must not take
 * time. Called by route and models. */
#include "cli/settings.h"

#include "route/catalog.h"

static int load_built_in(struct arena *arena, struct config **out, struct fail *f)
{
	struct config_offer *offers;
	int count = config_offers(arena, &offers), found_count = 0;
	struct config_found *found = ARENA_ARRAY(arena, struct config_found, (size_t)count);

	for (int i = 0; i < count; i++)
		if (offers[i].has_key)
			found[found_count++] = (struct config_found){.provider = offers[i].provider,
			                                             .api_key = offers[i].value};
	return config_built_in(found, found_count, out, f);
}

struct config *settings_load(struct str file)
{
	struct config *c = NULL;
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	if ((file.len ? config_read(file, &c, &f) : load_built_in(&arena, &c, &f)) < 0 ||
	    catalog_build(c, &f) < 0) {
		fprintf(stderr, "fluxrouter: %.*s\n", STR_ARG(f.message));
		config_put(&c);
	}
	for (int i = 0; c && i < c->warning_count; i++)
		fprintf(stderr, "%.*s\n", STR_ARG(c->warnings[i]));
	if (c && c->model_count == 0)
		fprintf(stderr,
		        "fluxrouter: there are no models: set a key such as OPENAI_API_KEY, or "
		        "give a configuration with -c FILE\n");
	arena_release(&arena);
	return c;
}
