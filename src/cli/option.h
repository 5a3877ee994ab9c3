/* Options of command-line verbs: a table of them is what is read and what --help prints. */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include "base/arena.h"

struct option {
	const char *name;  /* without the dashes; of one letter: -c */
	const char *value; /* what --help calls its value; NULL: a flag */
	const char *help;
	struct str *text; /* where the value goes */
	bool *flag;       /* or the flag */
};

struct option_set {
	const char *usage; /* "key create --data DIR" */
	const char *about; /* a sentence or two */
	const struct option *options;
	int count;
	int operands_max; /* words that are no options */
	const char
	    *needs; /* what the one operand must be: "key" asks "which key?"; NULL: nothing */
};

/* The option that names the data directory. */
#define OPTION_DATA(place)                                                                         \
	{                                                                                          \
		"data", "DIR", "data directory (" CLI_DATA_DEFAULT ")", &(place), NULL             \
	}
#define OPTION_COUNT(options) (int)(sizeof(options) / sizeof(options)[0])

enum { OPTION_OPERANDS_MAX = 4 };

struct option_words {
	struct str operands[OPTION_OPERANDS_MAX];
	int count;
	int status; /* when -1 was given: end with this */
};

/* Reads argv[1..]: --name VALUE, --name=VALUE, --flag; a lone -- ends the options; -h and --help
 * print the table. -1: the verb is done, end with out->status (0 after --help, 2 after a sentence
 * on standard error). */
int option_read(const struct option_set *, int argc, char **argv,
                struct option_words *out) MUST_USE;

/* Takes every "--NAME VALUE" and "--NAME=VALUE" out of argv, for options that may be given more
 * than once: before option_read, which then meets none. Gives how many, -1 after a sentence on
 * standard error. */
enum { OPTION_TAKEN_MAX = 32 };
int option_take(int *argc, char **argv, const char *name,
                struct str out_values[OPTION_TAKEN_MAX]) MUST_USE;

/* A sentence on standard error, "fluxrouter: ...", and 2, the exit status of a wrong command line.
 */
int option_wrong(const char *format, ...) PRINTF_LIKE(1, 2);

/* --from DAY and --to DAY, either of which may be empty: from the first one's first millisecond to
 * before the day after the second one. Gives 0, or 2 after a sentence on standard error. */
int option_read_days(struct str from, struct str to, int64_t *out_from_ms,
                     int64_t *out_to_ms) MUST_USE;

#endif
