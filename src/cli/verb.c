/* See verb.h. Called by main and by the verbs key and ledger. */
#include "cli/verb.h"

#include "base/str.h"
#include "cli/option.h"

const struct verb *verb_find(const struct verb *verbs, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (str_eq(str_of(name), str_of(verbs[i].name)))
			return &verbs[i];
	return NULL;
}

void verb_list(const struct verb *verbs, int count, FILE *out)
{
	int width = 0;

	for (int i = 0; i < count; i++)
		if ((int)strlen(verbs[i].name) > width)
			width = (int)strlen(verbs[i].name);
	for (int i = 0; i < count; i++)
		fprintf(out, "  %-*s  %s\n", width, verbs[i].name, verbs[i].help);
}

int verb_run(const char *group, const struct verb *verbs, int count, int argc, char **argv)
{
	const struct verb *verb = argc > 1 ? verb_find(verbs, count, argv[1]) : NULL;
	bool is_asked = argc > 1 && str_eq(str_of(argv[1]), STR("--help"));
	FILE *out = is_asked ? stdout : stderr;

	if (verb)
		return verb->run(argc - 1, argv + 1);
	if (argc > 1 && !is_asked)
		option_wrong("%s has no verb \"%s\"", group, argv[1]);
	fprintf(out, "Usage: fluxrouter %s VERB [OPTION]... (each has --help)\n\n", group);
	verb_list(verbs, count, out);
	return is_asked ? 0 : 2;
}
