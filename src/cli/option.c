/* Reading command lines. Called by the verbs; prints to standard output (--help) and standard
 * error (what is wrong). */
#include "cli/option.h"

#include "base/clock.h"

#include <stdarg.h>

int option_wrong(const char *format, ...)
{
	va_list args;

	fputs("fluxrouter: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return 2;
}

static void print_help(const struct option_set *set)
{
	printf("Usage: fluxrouter %s\n\n%s\n\n", set->usage, set->about);
	for (int i = 0; i < set->count; i++) {
		const struct option *o = &set->options[i];
		const char *dashes = strlen(o->name) == 1 ? "-" : "--";
		int width = 28 - (int)strlen(o->name) - (int)strlen(dashes) - 3;

		printf("  %s%s %-*s %s\n", dashes, o->name, width > 0 ? width : 0,
		       o->value ? o->value : "", o->help);
	}
	printf("  --%-25s%s\n", "help", "this text");
}

static const struct option *find(const struct option_set *set, struct str name)
{
	for (int i = 0; i < set->count; i++)
		if (str_eq(name, str_of(set->options[i].name)))
			return &set->options[i];
	return NULL;
}

/* -c is the option named c; all longer names take two dashes. */
static bool is_option(struct str word)
{
	return str_starts_with(word, STR("--")) || (word.len == 2 && word.ptr[0] == '-');
}

/* argv[*at] is an option; *at moves to the last word that was used. -1: out->status. */
static int read_option(const struct option_set *set, char **argv, int *at, struct option_words *out)
{
	struct str word = str_of(argv[*at]);
	struct str name = str_part(word, word.len == 2 ? 1 : 2, SIZE_MAX);
	size_t equals = str_find_byte(name, '=');
	bool has_value = equals < name.len;
	const struct option *o = find(set, str_part(name, 0, equals));

	out->status = 2;
	if (!o) {
		option_wrong("unknown option %.*s (see --help)", STR_ARG(word));
		return -1;
	}
	if (o->value ? !has_value && !argv[*at + 1] : has_value) {
		option_wrong("%.*s %s", STR_ARG(word),
		             o->value ? "needs a value" : "takes no value");
		return -1;
	}
	if (!o->value)
		*o->flag = true;
	else if (has_value)
		*o->text = str_part(name, equals + 1, SIZE_MAX);
	else
		*o->text = str_of(argv[++*at]);
	return 0;
}

static int read_operand(const struct option_set *set, struct str word, struct option_words *out)
{
	must(set->operands_max <= OPTION_OPERANDS_MAX);
	if (out->count < set->operands_max) {
		out->operands[out->count++] = word;
		return 0;
	}
	out->status =
	    option_wrong("unexpected \"%.*s\" (usage: fluxrouter %s)", STR_ARG(word), set->usage);
	return -1;
}

static bool is_help(struct str word)
{
	return str_eq(word, STR("-h")) || str_eq(word, STR("--help"));
}

int option_read(const struct option_set *set, int argc, char **argv, struct option_words *out)
{
	bool options_over = false;

	*out = (struct option_words){0};
	for (int i = 1; i < argc; i++) {
		struct str word = str_of(argv[i]);

		if (!options_over && is_help(word)) {
			print_help(set);
			out->status = 0;
			return -1;
		}
		if (!options_over && str_eq(word, STR("--"))) {
			options_over = true;
			continue;
		}
		if (!options_over && is_option(word) ? read_option(set, argv, &i, out) < 0
		                                     : read_operand(set, word, out) < 0)
			return -1;
	}
	if (!set->needs || out->count == 1)
		return 0;
	out->status = option_wrong("which %s? (usage: fluxrouter %s)", set->needs, set->usage);
	return -1;
}

/* The value of argv[*at], where that is the option; *at moves to the last word that was used. */
static bool take_value(int argc, char **argv, int *at, struct str name, struct str *out)
{
	struct str word = str_of(argv[*at]);

	if (!str_starts_with(word, STR("--")) ||
	    !str_starts_with(str_part(word, 2, word.len), name))
		return false;
	word = str_part(word, 2 + name.len, word.len);
	if (word.len && word.ptr[0] != '=')
		return false;
	if (word.len == 0 && *at + 1 >= argc)
		return false;
	*out = word.len ? str_part(word, 1, word.len) : str_of(argv[++*at]);
	return true;
}

int option_take(int *argc, char **argv, const char *name, struct str out_values[OPTION_TAKEN_MAX])
{
	int count = 0, kept = 1;
	struct str value;

	for (int i = 1; i < *argc; i++) {
		if (!take_value(*argc, argv, &i, str_of(name), &value)) {
			argv[kept++] = argv[i];
			continue;
		}
		if (count == OPTION_TAKEN_MAX) {
			option_wrong("--%s is given more than %d times", name, OPTION_TAKEN_MAX);
			return -1;
		}
		out_values[count++] = value;
	}
	*argc = kept;
	argv[kept] = NULL;
	return count;
}

int option_read_days(struct str from, struct str to, int64_t *out_from_ms, int64_t *out_to_ms)
{
	int64_t from_ms = 0, to_ms = INT64_MAX;

	if (from.len && clock_read_day(from, &from_ms) < 0)
		return option_wrong("--from \"%.*s\" is not a day such as 2026-11-22",
		                    STR_ARG(from));
	if (to.len && clock_read_day(to, &to_ms) < 0)
		return option_wrong("--to \"%.*s\" is not a day such as 2026-11-22", STR_ARG(to));
	*out_from_ms = from_ms;
	*out_to_ms = to.len ? to_ms + 24LL * 3600 * 1000 : to_ms;
	return 0;
}
