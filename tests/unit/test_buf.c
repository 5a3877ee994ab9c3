/* Growing bytes: never beyond the maximum, a write that does not fit is left out whole, and what
 * is there survives growing. */
#include "base/buf.h"

#include "check.h"

static void test_writes(void)
{
	struct buf b;

	buf_init(&b, 1000);
	CHECK(b.ptr == NULL && buf_str(&b).len == 0);
	buf_put(&b, STR("a"));
	buf_put_byte(&b, 'b');
	buf_put_i64(&b, INT64_MIN);
	buf_put_i64(&b, 0);
	buf_put_i64(&b, INT64_MAX);
	buf_printf(&b, " %s=%d", "x", 7);
	buf_put(&b, STR(""));
	CHECK_STR(buf_str(&b), STR("ab-922337203685477580809223372036854775807 x=7"));
	buf_drop(&b, 2);
	CHECK(str_starts_with(buf_str(&b), STR("-922")));
	buf_drop(&b, b.len);
	CHECK(b.len == 0 && !buf_is_over(&b));
	buf_release(&b);
	CHECK(b.ptr == NULL && b.cap == 0 && b.max == 1000);
}

/* For every maximum around the first sizes that memory is taken in. */
static void test_maximum(void)
{
	for (size_t max = 0; max < 1100; max++) {
		struct buf b;
		size_t fits = max / 10;

		buf_init(&b, max);
		for (size_t i = 0; i < 120; i++)
			buf_put(&b, STR("0123456789"));
		CHECK(b.len == fits * 10 && b.cap <= max && buf_is_over(&b));
		CHECK(fits == 0 || b.ptr[b.len - 1] == '9');
		buf_clear(&b);
		CHECK(b.len == 0 && !buf_is_over(&b));
		buf_release(&b);
	}
}

static void test_room(void)
{
	struct buf b;
	char *room;

	buf_init(&b, 300);
	room = buf_room(&b, 300);
	if (CHECK(room != NULL)) {
		memset(room, 'x', 300);
		buf_grew(&b, 300);
	}
	CHECK(b.len == 300 && buf_room(&b, 1) == NULL && buf_is_over(&b));
	buf_release(&b);
	buf_init(&b, SIZE_MAX);
	buf_put(&b, STR("keep"));
	CHECK(buf_room(&b, 5000) != NULL);
	CHECK_STR(buf_str(&b), STR("keep"));
	CHECK(buf_room(&b, SIZE_MAX) == NULL);
	buf_release(&b);
}

static void test_printf_is_whole_or_nothing(void)
{
	struct buf b;

	buf_init(&b, 10);
	buf_printf(&b, "%s", "12345678");
	buf_printf(&b, "%s", "123");
	CHECK(buf_is_over(&b));
	CHECK_STR(buf_str(&b), STR("12345678"));
	buf_release(&b);
}

int main(void)
{
	test_writes();
	test_maximum();
	test_room();
	test_printf_is_whole_or_nothing();
	return check_report("buf");
}
