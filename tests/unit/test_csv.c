/* Rows of fields: what is read, what is refused and in which line, at every cut, and that what is
 * written is read again. */
#include "base/csv.h"

#include "check.h"
#include "guard.h"

static const struct {
	const char *text, *want; /* fields with | between, rows with / at their end */
} good[] = {
    {"", ""},
    {"\n\r\n", ""},
    {"a,b\n1,2\n", "a|b/1|2/"},
    {"a,b\r\n1,2", "a|b/1|2/"},
    {"\xef\xbb\xbf"
     "a;b\n1;2,3\n",
     "a|b/1|2,3/"},
    {"a\tb\n1\t\n", "a|b/1|/"},
    {"a,b\n\"x, \"\"y\"\"\",2\n", "a|b/x, \"y\"|2/"},
    {"\"a\nb\",c\n\n\"\",\n", "a\nb|c/|/"},
    {"only\n", "only/"},
    {"\"a;b\",c\n", "a;b|c/"},
};

static const struct {
	const char *text, *problem;
	int64_t line;
} bad[] = {
    {"a,b\n\"1,2\n", "not closed", 2},       {"a,b\n1\"2,3\n", "inside a field", 2},
    {"a\nb\n\"c\"d\n", "inside a field", 3}, {"a\rb\n", "inside a field", 1},
    {"\"x\ny\",1\n\n\"", "not closed", 4},
};

static int read_all(struct str text, struct buf *out, struct csv *csv)
{
	struct str fields[CSV_FIELDS_MAX];
	struct arena arena;
	int count;

	arena_init(&arena);
	csv_init(csv, text);
	while ((count = csv_row(csv, &arena, fields)) > 0) {
		for (int i = 0; i < count; i++) {
			buf_put(out, i ? STR("|") : STR(""));
			buf_put(out, fields[i]);
		}
		buf_put_byte(out, '/');
	}
	arena_release(&arena);
	return count;
}

static void test_rows(void)
{
	struct csv csv;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct guard guard = guard_copy(str_of(good[i].text));
		struct buf got;

		buf_init(&got, 4096);
		CHECK(read_all(guard.bytes, &got, &csv) == 0);
		CHECK_STR(buf_str(&got), str_of(good[i].want));
		buf_release(&got);
		guard_free(&guard);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct buf got;

		buf_init(&got, 4096);
		CHECK(read_all(str_of(bad[i].text), &got, &csv) == -1);
		CHECK(csv.line == bad[i].line);
		CHECK(csv.problem && strstr(csv.problem, bad[i].problem));
		buf_release(&got);
	}
}

/* Whatever the text is cut to, reading ends, inside it. */
static void test_cuts(void)
{
	struct str text = STR("a,\"b \"\"c\"\"\"\r\n\"d\ne\",f\r\n\r\ng,h");

	for (size_t len = 0; len <= text.len; len++) {
		struct guard guard = guard_copy(str_part(text, 0, len));
		struct csv csv;
		struct buf got;

		buf_init(&got, 4096);
		CHECK(read_all(guard.bytes, &got, &csv) <= 0);
		buf_release(&got);
		guard_free(&guard);
	}
}

static void test_many_fields(void)
{
	struct buf text, got;
	struct csv csv;

	buf_init(&text, 4096);
	buf_init(&got, 4096);
	for (int i = 0; i < CSV_FIELDS_MAX - 1; i++)
		buf_put_byte(&text, ',');
	CHECK(read_all(buf_str(&text), &got, &csv) == 0);
	buf_put_byte(&text, ',');
	CHECK(read_all(buf_str(&text), &got, &csv) == -1);
	CHECK(csv.problem && strstr(csv.problem, "too many"));
	buf_release(&got);
	buf_release(&text);
}

static void test_written(void)
{
	static const char *const fields[] = {
	    "plain", "", "a,b", "say \"hi\"", "two\nlines", " blank", "x;y", "tab\there", "r\rr"};
	enum { COUNT = sizeof fields / sizeof fields[0] };
	struct str got[CSV_FIELDS_MAX];
	struct arena arena;
	struct csv csv;
	struct buf text;

	arena_init(&arena);
	buf_init(&text, 4096);
	for (int i = 0; i < COUNT; i++) {
		buf_put(&text, i ? STR(",") : STR(""));
		csv_put(&text, str_of(fields[i]));
	}
	csv_init(&csv, buf_str(&text));
	CHECK(csv_row(&csv, &arena, got) == COUNT);
	for (int i = 0; i < COUNT; i++)
		CHECK_STR(got[i], str_of(fields[i]));
	buf_release(&text);
	arena_release(&arena);
}

int main(void)
{
	test_rows();
	test_cuts();
	test_many_fields();
	test_written();
	return check_report("csv");
}
