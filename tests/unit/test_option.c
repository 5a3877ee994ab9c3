/* Command lines: options in all their spellings, and what is wrong with the others. Speaks on
 * standard error by design; that is sent away. */
#include "check.h"
#include "cli/option.h"

static struct str name, label;
static bool json;
static struct option_words words;

static int read_line(int argc, char **argv)
{
	static const struct option options[] = {
	    {"name", "NAME", "a name", &name, NULL},
	    {"label", "TEXT", "a label", &label, NULL},
	    {"json", NULL, "as JSON", NULL, &json},
	};
	static const struct option_set set = {"test", "Tests.", options, 3, 2, NULL};

	name = label = (struct str){0};
	json = false;
	words.status = 77;
	return option_read(&set, argc, argv, &words);
}

#define READ(...)                                                                                  \
	read_line((int)(sizeof((const char *[]){"test", __VA_ARGS__}) / sizeof(char *)),           \
	          (char **)(const char *[]){"test", __VA_ARGS__, NULL})

static void test_good(void)
{
	CHECK(READ("--name", "a", "--json", "x", "--label=b=c", "y") == 0);
	CHECK_STR(name, STR("a"));
	CHECK_STR(label, STR("b=c"));
	CHECK(json && words.count == 2);
	CHECK_STR(words.operands[1], STR("y"));
	CHECK(READ("--name", "--json") == 0 && !json); /* a value may look like an option */
	CHECK_STR(name, STR("--json"));
	CHECK(READ("--", "--json", "-h") == 0 && !json && words.count == 2);
	CHECK(READ("--name=") == 0 && name.len == 0);
}

static void test_wrong(void)
{
	CHECK(READ("--nam", "a") < 0 && words.status == 2);
	CHECK(READ("--names", "a") < 0 && words.status == 2);
	CHECK(READ("--name") < 0 && words.status == 2);
	CHECK(READ("--json=yes") < 0 && words.status == 2);
	CHECK(READ("a", "b", "c") < 0 && words.status == 2);
}

#define TAKE(...)                                                                                  \
	take_from((const char *[]){"test", __VA_ARGS__, NULL},                                     \
	          (int)(sizeof((const char *[]){"test", __VA_ARGS__}) / sizeof(char *)))

static struct str taken[OPTION_TAKEN_MAX];
static char *left[64];
static int left_count;

static int take_from(const char **argv, int argc)
{
	memcpy(left, argv, (size_t)(argc + 1) * sizeof *left);
	left_count = argc;
	return option_take(&left_count, left, "set", taken);
}

static void test_take(void)
{
	CHECK(TAKE("x", "--set", "a=1", "--json", "--set=b=", "--settle", "y", "--set") == 2);
	CHECK_STR(taken[0], STR("a=1"));
	CHECK_STR(taken[1], STR("b="));
	CHECK(left_count == 6 && left[6] == NULL);
	CHECK_STR(str_of(left[2]), STR("--json"));
	CHECK_STR(str_of(left[3]), STR("--settle"));
	CHECK_STR(str_of(left[5]), STR("--set"));
	CHECK(TAKE("x") == 0 && left_count == 2);
}

static void test_take_many(void)
{
	const char *many[2 * OPTION_TAKEN_MAX + 4] = {"test"};

	for (int i = 1; i <= OPTION_TAKEN_MAX + 1; i++)
		many[i] = "--set=a";
	CHECK(take_from(many, OPTION_TAKEN_MAX + 1) == OPTION_TAKEN_MAX);
	CHECK(take_from(many, OPTION_TAKEN_MAX + 2) == -1);
}

int main(void)
{
	must(freopen("/dev/null", "w", stderr) != NULL);
	test_good();
	test_wrong();
	test_take();
	test_take_many();
	return check_report("option");
}
