/* The whole of our unit test kit. A test program is a main() that calls its test functions and
 * ends with `return check_report("noun")`. Failures print file, line and expression, and the
 * program goes on. */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include "base/str.h"

/* THREADS: a test's server on a thread of its own checks too. */
static _Atomic int check_passed, check_failed;

#define CHECK(expression) check_one((expression), #expression, __FILE__, __LINE__)
#define CHECK_STR(got, want) check_text((got), (want), #got, __FILE__, __LINE__)

__attribute__((unused)) static bool check_one(bool holds, const char *expression, const char *file,
                                              int line)
{
	if (holds) {
		check_passed++;
		return true;
	}
	check_failed++;
	printf("%s:%d: not true: %s\n", file, line, expression);
	return false;
}

__attribute__((unused)) static bool check_text(struct str got, struct str want,
                                               const char *expression, const char *file, int line)
{
	if (check_one(str_eq(got, want), expression, file, line))
		return true;
	printf("    got  \"%.*s\"\n    want \"%.*s\"\n", STR_ARG(got), STR_ARG(want));
	return false;
}

/* Prints the closing line that the test runner adds up, and gives main's result. */
static int check_report(const char *noun)
{
	printf("unit %s: %d passed, %d failed\n", noun, check_passed, check_failed);
	return check_failed ? 1 : 0;
}

#endif
