/* The scorer file: the built-in one is whole, a damaged one is refused, a good one can be used. */
#include "route/scorer_file.h"

#include "check.h"

static struct scorer scorer;
static struct arena arena;
static struct fail f;

static void test_builtin_is_whole(void)
{
	struct str bytes = scorer_builtin_bytes();

	CHECK(bytes.len <= SCORER_MAX_BYTES);
	CHECK(scorer_read(bytes, &scorer, &f) == 0);
	CHECK(strlen(scorer.version) == 16);
	CHECK_STR(str_of(scorer_current()->version), str_of(scorer.version));
}

static void test_damage_is_refused(void)
{
	struct str bytes = scorer_builtin_bytes();
	char *copy = mem_get(bytes.len + 1);

	for (size_t at = 0; at < bytes.len; at += at < 200 ? 1 : 7919) {
		memcpy(copy, bytes.ptr, bytes.len);
		copy[at] ^= 0x10;
		CHECK(scorer_read((struct str){copy, bytes.len}, &scorer, &f) == -1);
	}
	memcpy(copy, bytes.ptr, bytes.len);
	for (size_t len = 0; len < bytes.len; len += len < 100 ? 1 : 9973)
		CHECK(scorer_read((struct str){copy, len}, &scorer, &f) == -1);
	CHECK(scorer_read((struct str){copy, bytes.len + 1}, &scorer, &f) == -1);
	mem_put(copy);
}

static void test_another_file(void)
{
	CHECK(scorer_use_file("src/route/scorer.bin", &f) == 0);
	CHECK(scorer_use_file("no/such/file", &f) == -1);
	CHECK(scorer_use_file("Makefile", &f) == -1);
	CHECK(scorer_current() != NULL);
}

int main(void)
{
	arena_init(&arena);
	fail_init(&f, &arena);
	test_builtin_is_whole();
	test_damage_is_refused();
	test_another_file();
	arena_release(&arena);
	return check_report("scorer_file");
}
