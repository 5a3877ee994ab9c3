/* Loads a configuration for verbs that look at one without serving. Without a file it is what
 * `serve` would find. Called by route and models. */
#include "cli/settings.h"

#include "cli/found.h"
#include "daemon/snapshot.h"

static int load_built_in(struct arena *arena, struct config **out, struct fail *f)
{
	struct config_found found[FOUND_MAX];

	return snapshot_built_in(found, found_look(arena, found), out, f);
}

struct config *settings_load(struct str file)
{
	struct config *c = NULL;
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	if ((file.len ? snapshot_read(file, &c, &f) : load_built_in(&arena, &c, &f)) < 0)
		fprintf(stderr, "fluxrouter: %.*s\n", STR_ARG(f.message));
	for (int i = 0; c && i < c->warning_count; i++)
		fprintf(stderr, "%.*s\n", STR_ARG(c->warnings[i]));
	if (c && c->model_count == 0) {
		fprintf(stderr,
		        "fluxrouter: there are no models: set a key such as OPENAI_API_KEY, "
		        "start a local model server, or give a configuration with -c FILE\n");
		config_put(&c);
	}
	arena_release(&arena);
	return c;
}
