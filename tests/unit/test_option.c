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

static void test_span(void)
{
	int64_t ms = 7;

	CHECK(option_read_span(STR("30d"), &ms) == 0 && ms == 30 * 86400000LL);
	CHECK(option_read_span(STR("90m"), &ms) == 0 && ms == 5400000);
	CHECK(option_read_span(STR("100y"), &ms) == 0 && ms == 3153600000000);
	CHECK(option_read_span(STR("101y"), &ms) < 0);
	CHECK(option_read_span(STR("0d"), &ms) < 0 && option_read_span(STR("d"), &ms) < 0);
	CHECK(option_read_span(STR("30"), &ms) < 0 && option_read_span(STR("-3d"), &ms) < 0);
	CHECK(option_read_span(STR(""), &ms) < 0 && ms == 3153600000000);
}

static void test_day(void)
{
	int64_t ms = 7;

	CHECK(option_read_day(STR("1970-01-02"), &ms) == 0 && ms == 86400000);
	CHECK(option_read_day(STR("2024-02-29"), &ms) == 0);
	CHECK(option_read_day(STR("2025-02-29"), &ms) < 0);
	CHECK(option_read_day(STR("2025-2-1"), &ms) < 0);
	CHECK(option_read_day(STR("2025-13-01"), &ms) < 0);
	CHECK(option_read_day(STR("2025/01/01"), &ms) < 0);
}

int main(void)
{
	must(freopen("/dev/null", "w", stderr) != NULL);
	test_good();
	test_wrong();
	test_span();
	test_day();
	return check_report("option");
}
