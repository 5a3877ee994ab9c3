/* fluxrouter check -c FILE
 *
 * Shows every mistake and warning of a configuration, in the order of the file, as
 * FILE:LINE:COLUMN: what is wrong; what would be right. Reads nothing but the file and what it
 * refers to; never prints a secret. */
#include "cli/cli.h"
#include "cli/option.h"
#include "daemon/snapshot.h"

enum { REPORT_BYTES_MAX = 4 * 1024 * 1024 };

static int tell_what_is_there(struct str file)
{
	struct config *c = NULL;
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	if (snapshot_read(file, &c, &f) < 0) { /* a scorer file of another release */
		fprintf(stderr, "fluxrouter: %.*s\n", STR_ARG(f.message));
		arena_release(&arena);
		return 1;
	}
	printf("%.*s: fine (providers: %d, models: %d, aliases: %d; config %s)\n", STR_ARG(file),
	       c->provider_count, c->model_count, c->alias_count, c->hash);
	config_put(&c);
	arena_release(&arena);
	return 0;
}

static int check(struct str file)
{
	struct buf report;
	int mistakes;

	buf_init(&report, REPORT_BYTES_MAX);
	mistakes = config_check(file, &report);
	printf("%.*s", STR_ARG(buf_str(&report)));
	buf_release(&report);
	if (mistakes == 0)
		return tell_what_is_there(file);
	fprintf(stderr, "fluxrouter: %d %s in %.*s\n", mistakes,
	        mistakes == 1 ? "mistake" : "mistakes", STR_ARG(file));
	return 1;
}

int cli_check(int argc, char **argv)
{
	struct str file = {0};
	const struct option options[] = {
	    {"c", "FILE", "the configuration to check", &file, NULL},
	};
	const struct option_set set = {
	    .usage = "check -c FILE",
	    .about = "Shows every mistake of a configuration file with its line and column. Exit "
	             "status: 0\n"
	             "when there is none, 1 when there are some.",
	    .options = options,
	    .count = OPTION_COUNT(options),
	};
	struct option_words words;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	if (file.len == 0)
		return option_wrong("check needs -c FILE");
	return check(file);
}
