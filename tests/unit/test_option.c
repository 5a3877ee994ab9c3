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
	static const struct option_set set = {"test", "Tests.", options, 3, 2};

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

int main(void)
{
	must(freopen("/dev/null", "w", stderr) != NULL);
	test_good();
	test_wrong();
	return check_report("option");
}
