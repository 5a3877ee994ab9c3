/* Text: every function with the empty text, at its edges, and on bytes that end at a guard page. */
#include "base/str.h"

#include "check.h"
#include "guard.h"

static void test_compare(void)
{
	CHECK(str_eq(STR("abc"), STR("abc")) && !str_eq(STR("abc"), STR("abd")));
	CHECK(str_eq(STR(""), (struct str){NULL, 0}) && !str_eq(STR("a"), STR("")));
	CHECK(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
	CHECK(!str_eq_nocase(STR("[@`{"), STR("{`@[")));
	CHECK(!str_eq_nocase(STR("\xc3\x84"), STR("\xc3\xa4")));
	CHECK(str_eq_secret(STR("key"), STR("key")) && !str_eq_secret(STR("key"), STR("kez")));
	CHECK(!str_eq_secret(STR("key"), STR("keys")));
	CHECK(str_compare(STR("a"), STR("b")) < 0 && str_compare(STR("b"), STR("a")) > 0);
	CHECK(str_compare(STR("a"), STR("ab")) < 0 && str_compare(STR("a"), STR("a")) == 0);
	CHECK(str_compare(STR("\x7f"), STR("\x80")) < 0);
	CHECK(str_starts_with(STR("abc"), STR("ab")) && !str_starts_with(STR("ab"), STR("abc")));
	CHECK(str_ends_with(STR("abc"), STR("bc")) && !str_ends_with(STR("bc"), STR("abc")));
	CHECK(str_starts_with(STR("x"), STR("")) && str_ends_with(STR(""), STR("")));
	CHECK(str_is_empty(str_of(NULL)) && str_of("four").len == 4);
}

static void test_find(void)
{
	CHECK(str_find(STR("hello"), STR("lo")) == 3 && str_find(STR("hello"), STR("x")) == 5);
	CHECK(str_find(STR("hello"), STR("")) == 0 && str_find(STR(""), STR("a")) == 0);
	CHECK(str_find_byte(STR("a\0b"), '\0') == 1 && str_find_byte(STR(""), 'a') == 0);
	CHECK_STR(str_part(STR("hello"), 1, 3), STR("ell"));
	CHECK_STR(str_part(STR("hello"), 3, SIZE_MAX), STR("lo"));
	CHECK_STR(str_part(STR("hello"), SIZE_MAX, SIZE_MAX), STR(""));
	CHECK_STR(str_trim(STR(" \t a b\t ")), STR("a b"));
	CHECK_STR(str_trim(STR(" \t ")), STR(""));
}

/* "a,,b," has four fields, "" has one. */
static void test_fields(void)
{
	static const char *const wanted[] = {"a", "", "b", ""};
	struct str rest = STR("a,,b,"), field;
	int count = 0;

	while (str_next_field(&rest, ',', &field)) {
		if (CHECK(count < 4))
			CHECK_STR(field, str_of(wanted[count]));
		count++;
	}
	CHECK(count == 4);
	rest = STR("");
	CHECK(str_next_field(&rest, ',', &field) && field.len == 0);
	CHECK(!str_next_field(&rest, ',', &field));
}

static void test_globs(void)
{
	static const struct {
		const char *text, *pattern;
		bool matches;
	} rows[] = {
	    {"", "", true},
	    {"", "*", true},
	    {"", "?", false},
	    {"a", "", false},
	    {"claude-haiku-4-5", "claude-*haiku*", true},
	    {"CLAUDE-3-HAIKU", "claude-*haiku*", true},
	    {"claude-opus", "claude-*haiku*", false},
	    {"abcabd", "*ab?", true},
	    {"aaab", "*a*b", true},
	    {"ab", "a?b", false},
	    {"a*b", "a*b", true},
	    {"mississippi", "m*iss*pi", true},
	    {"mississippi", "m*iss*p", false},
	    {"x", "***", true},
	};
	static char a[20000], stars[20000];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		CHECK(str_matches_glob(str_of(rows[i].text), str_of(rows[i].pattern)) ==
		      rows[i].matches);
	memset(a, 'a', sizeof a);
	for (size_t i = 0; i < sizeof stars; i += 2)
		memcpy(stars + i, "*a", 2);
	CHECK(str_matches_glob((struct str){a, sizeof a}, (struct str){stars, sizeof stars}));
	stars[sizeof stars - 1] = 'b';
	CHECK(!str_matches_glob((struct str){a, sizeof a}, (struct str){stars, sizeof stars}));
}

static void test_numbers(void)
{
	static const char *const bad[] = {"",
	                                  "-",
	                                  "+1",
	                                  " 1",
	                                  "1 ",
	                                  "1.0",
	                                  "0x1",
	                                  "9223372036854775808",
	                                  "1e3",
	                                  "--1",
	                                  "-9223372036854775809"};
	int64_t value = 7;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(str_to_i64(str_of(bad[i]), INT64_MIN, INT64_MAX, &value) == -1);
	CHECK(value == 7);
	CHECK(str_to_i64(STR("9223372036854775807"), 0, INT64_MAX, &value) == 0);
	CHECK(value == INT64_MAX);
	CHECK(str_to_i64(STR("-9223372036854775808"), INT64_MIN, 0, &value) == 0);
	CHECK(value == INT64_MIN);
	CHECK(str_to_i64(STR("007"), 0, 9, &value) == 0 && value == 7);
	CHECK(str_to_i64(STR("10"), 0, 9, &value) == -1);
	CHECK(str_to_i64(STR("-1"), 0, 9, &value) == -1);
}

static void test_distance(void)
{
	CHECK(str_distance(STR("gpt-5"), STR("GPT-5"), 3) == 0);
	CHECK(str_distance(STR("gpt-5"), STR("gtp-5"), 3) == 2);
	CHECK(str_distance(STR("kitten"), STR("sitting"), 5) == 3);
	CHECK(str_distance(STR("kitten"), STR("sitting"), 2) == 3);
	CHECK(str_distance(STR(""), STR("abc"), 9) == 3 && str_distance(STR(""), STR(""), 0) == 0);
}

/* The same, with bytes whose next one may not be read. */
static void test_printable(void)
{
	char text[24];

	CHECK(str_is_printable(STR("")));
	for (size_t len = 1; len <= sizeof text; len++)
		for (int byte = 0; byte < 256; byte++) {
			memset(text, '~', sizeof text);
			text[len / 2] = (char)byte;
			CHECK(str_is_printable((struct str){text, len}) ==
			      (byte >= 0x20 && byte <= 0x7e));
		}
}

static void test_at_guard_page(void)
{
	struct guard g = guard_copy(STR("-123abc*"));
	int64_t value;

	for (size_t from = 0; from <= g.bytes.len; from++) {
		struct str s = str_part(g.bytes, from, SIZE_MAX), rest = s, field;

		CHECK(str_find(s, STR("zz")) == s.len && str_find_byte(s, 'z') == s.len);
		CHECK(str_matches_glob(s, STR("*")) && str_matches_glob(s, s));
		CHECK(str_to_i64(s, 0, 9, &value) == -1);
		CHECK(str_distance(s, s, 3) == 0 && str_eq_nocase(s, s) && str_eq_secret(s, s));
		CHECK(str_trim(s).len == s.len && str_is_printable(s));
		while (str_next_field(&rest, '*', &field))
			CHECK(field.len <= s.len);
	}
	guard_free(&g);
}

int main(void)
{
	test_compare();
	test_find();
	test_fields();
	test_globs();
	test_numbers();
	test_distance();
	test_printable();
	test_at_guard_page();
	return check_report("str");
}
