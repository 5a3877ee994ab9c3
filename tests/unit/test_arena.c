/* Arenas: pieces are aligned, zeroed also after a reset, never overlap, and large ones do not
 * spoil small ones. */
#include "base/arena.h"

#include "check.h"

enum { PIECES = 500 };

static bool is_zero(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Fills each piece with a number of its own, and looks at all of them in the end. */
static void fill(struct arena *a)
{
	static unsigned char *pieces[PIECES];
	static size_t sizes[PIECES];
	bool right = true;

	for (size_t i = 0; i < PIECES; i++) {
		sizes[i] = i % 50 == 49 ? 10000 + i : i * 7 % 300;
		pieces[i] = arena_get(a, sizes[i]);
		right &= (uintptr_t)pieces[i] % 16 == 0;
		right &= is_zero((char *)pieces[i], sizes[i]);
		memset(pieces[i], (int)(i % 250 + 1), sizes[i]);
	}
	for (size_t i = 0; i < PIECES; i++)
		for (size_t at = 0; at < sizes[i]; at++)
			right &= pieces[i][at] == i % 250 + 1;
	CHECK(right);
}

static void test_pieces(void)
{
	struct arena a;

	arena_init(&a);
	for (int round = 0; round < 3; round++) {
		fill(&a);
		CHECK(a.used_bytes > 0);
		arena_reset(&a);
		CHECK(a.used_bytes == 0);
	}
	arena_release(&a);
	fill(&a);
	arena_release(&a);
}

static void test_text(void)
{
	struct arena a;
	struct str copy, printed;

	arena_init(&a);
	copy = arena_copy(&a, STR("abc"));
	printed = arena_printf(&a, "%d %.*s", 7, STR_ARG(copy));
	CHECK_STR(copy, STR("abc"));
	CHECK_STR(printed, STR("7 abc"));
	CHECK(copy.ptr[3] == '\0' && printed.ptr[5] == '\0');
	copy = arena_copy(&a, STR(""));
	CHECK(copy.len == 0 && copy.ptr[0] == '\0');
	arena_release(&a);
}

static void test_arrays(void)
{
	struct arena a;
	int64_t *numbers;

	arena_init(&a);
	numbers = ARENA_ARRAY(&a, int64_t, 1000);
	CHECK(is_zero((char *)numbers, 8000));
	CHECK(arena_array_bytes(3, 8) == 24 && arena_array_bytes(0, 8) == 0);
	arena_release(&a);
}

int main(void)
{
	test_pieces();
	test_text();
	test_arrays();
	return check_report("arena");
}
