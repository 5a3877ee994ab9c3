/* Verbs: a table of them is what a command line is looked up in and what --help lists, for the
 * program and for verbs that have verbs of their own (fluxrouter key create). */
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include <stdio.h>

struct verb {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the verb; gives the exit status */
	const char *help;
};

/* NULL: there is none of that name. */
const struct verb *verb_find(const struct verb *, int count, const char *name);
void verb_list(const struct verb *, int count, FILE *out);
/* Runs the verb that argv[1] names, of those of `group`; or tells what there is: 0 where that was
 * asked for (--help), else 2. */
int verb_run(const char *group, const struct verb *, int count, int argc, char **argv);

#endif
