/* Decimals: read exactly or refused, and written back without a digit too many. */
#include "base/decimal.h"

#include "check.h"

struct decimal_case {
	const char *text;
	int scale;
	int64_t value;
	const char *canonical; /* as decimal_put writes it */
};

static const struct decimal_case good[] = {
    {"0", 6, 0, "0"},
    {"0.0", 6, 0, "0"},
    {"0.25", 6, 250000, "0.25"},
    {"0.025", 6, 25000, "0.025"},
    {"2.00", 6, 2000000, "2"},
    {"0.000001", 6, 1, "0.000001"},
    {"1.000000", 6, 1000000, "1"},
    {"100", 6, 100000000, "100"},
    {"1.10", 6, 1100000, "1.1"},
    {"7", 0, 7, "7"},
    {"0.000123456", 9, 123456, "0.000123456"},
    {"0.1", 12, INT64_C(100000000000), "0.1"},
    {"-0.5", 6, -500000, "-0.5"},
    {"-0", 6, 0, "0"},
    {"9223372036854775807", 0, INT64_MAX, "9223372036854775807"},
    {"-9223372036854775808", 0, INT64_MIN, "-9223372036854775808"},
    {"9.223372036854775807", 18, INT64_MAX, "9.223372036854775807"},
    {"-9223372036854.775808", 6, INT64_MIN, "-9223372036854.775808"},
};

struct decimal_refused {
	const char *text;
	int scale;
	const char *problem;
};

static const struct decimal_refused refused[] = {
    {"", 6, "is not a decimal number"},
    {"-", 6, "is not a decimal number"},
    {".", 6, "is not a decimal number"},
    {".5", 6, "is not a decimal number"},
    {"+1", 6, "is not a decimal number"},
    {"--1", 6, "is not a decimal number"},
    {" 1", 6, "is not a decimal number"},
    {"1 ", 6, "is not a decimal number"},
    {"1,5", 6, "is not a decimal number"},
    {"1.2.3", 6, "is not a decimal number"},
    {"0x1", 6, "is not a decimal number"},
    {"$1", 6, "is not a decimal number"},
    {"nan", 6, "is not a decimal number"},
    {"1_000", 6, "is not a decimal number"},
    {"5.", 6, "has no digits behind the point"},
    {"5.-1", 6, "has no digits behind the point"},
    {"01", 6, "begins with a zero too many"},
    {"00.5", 6, "begins with a zero too many"},
    {"1e3", 6, "has an exponent; write it out"},
    {"2.5E-1", 6, "has an exponent; write it out"},
    {"0.0000001", 6, "has more than 6 digits behind the point"},
    {"0.2500000", 6, "has more than 6 digits behind the point"},
    {"1.5", 0, "has digits behind the point"},
    {"9223372036854775808", 0, "is too large"},
    {"-9223372036854775809", 0, "is too small"},
    {"9223372036854.775808", 6, "is too large"},
    {"99999999999999999999999999999999", 6, "is too large"},
    {"10", 18, "is too large"},
};

static const struct decimal_range all = {INT64_MIN, INT64_MAX};

static void test_good(void)
{
	struct buf out;

	buf_init(&out, 64);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		int64_t value = -77;

		CHECK(decimal_read(str_of(good[i].text), good[i].scale, all, &value) == 0);
		CHECK(decimal_problem(str_of(good[i].text), good[i].scale, all) == NULL);
		if (!CHECK(value == good[i].value))
			printf("    %s: %" PRId64 "\n", good[i].text, value);
		buf_clear(&out);
		decimal_put(&out, good[i].value, good[i].scale);
		CHECK_STR(buf_str(&out), str_of(good[i].canonical));
	}
	buf_release(&out);
}

static void test_refused(void)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct str text = str_of(refused[i].text);
		const char *problem = decimal_problem(text, refused[i].scale, all);
		int64_t value = -77;

		CHECK(decimal_read(text, refused[i].scale, all, &value) == -1 && value == -77);
		if (!CHECK(problem && strcmp(problem, refused[i].problem) == 0))
			printf("    %s: %s\n", refused[i].text, problem ? problem : "accepted");
	}
}

static void test_range(void)
{
	struct decimal_range price = {0, 1000000};
	int64_t value = 0;

	CHECK(decimal_read(STR("1"), 6, price, &value) == 0 && value == 1000000);
	CHECK(decimal_read(STR("1.000001"), 6, price, &value) == -1);
	CHECK(strcmp(decimal_problem(STR("2"), 6, price), "is too large") == 0);
	CHECK(strcmp(decimal_problem(STR("-1"), 6, price), "is negative") == 0);
	CHECK(strcmp(decimal_problem(STR("-0"), 6, price), "is negative") == 0);
	price.lowest = 500000;
	CHECK(strcmp(decimal_problem(STR("0.4"), 6, price), "is too small") == 0);
}

static void test_cost(void)
{
	struct buf out;

	buf_init(&out, 64);
	buf_put_nusd(&out, 123456);
	buf_put_byte(&out, ' ');
	buf_put_nusd(&out, INT64_C(2000000000));
	buf_put_byte(&out, ' ');
	buf_put_nusd(&out, -1);
	CHECK_STR(buf_str(&out), STR("0.000123456 2 -0.000000001"));
	buf_release(&out);
}

int main(void)
{
	test_good();
	test_refused();
	test_range();
	test_cost();
	return check_report("decimal");
}
