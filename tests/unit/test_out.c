/* The out queue: order of copied and borrowed bytes, and chunks around them. */
#include "front/out.h"

#include "check.h"

static struct str joined(const struct out *o, struct buf *to)
{
	uv_buf_t bufs[3];
	int first = 0, count;

	buf_clear(to);
	while ((count = out_fill(o, first, bufs, 3)) > 0) {
		for (int i = 0; i < count; i++)
			buf_put(to, (struct str){bufs[i].base, bufs[i].len});
		first += count;
	}
	CHECK(to->len == o->total);
	return buf_str(to);
}

static void test_order(void)
{
	static char large[OUT_COPY_BYTES + 1];
	struct str borrowed = {large, sizeof large};
	struct out o;
	struct buf got, want;

	memset(large, 'l', sizeof large);
	buf_init(&got, SIZE_MAX);
	buf_init(&want, SIZE_MAX);
	out_init(&o);
	for (int i = 0; i < 20; i++) {
		out_copy(&o, STR("ab"));
		out_borrow(&o, STR("c"));
		out_borrow(&o, borrowed);
		buf_put(&want, STR("abc"));
		buf_put(&want, borrowed);
	}
	CHECK_STR(joined(&o, &got), buf_str(&want));
	CHECK(o.count == 40);
	out_clear(&o);
	CHECK(o.total == 0 && o.count == 0 && o.many == NULL && o.bytes.ptr == NULL);
	out_release(&o);
	buf_release(&got);
	buf_release(&want);
}

static void test_chunks(void)
{
	struct out o;
	struct buf got;

	buf_init(&got, SIZE_MAX);
	out_init(&o);
	out_copy(&o, STR("head"));
	out_begin_chunk(&o);
	out_copy(&o, STR("hello"));
	out_begin_chunk(&o);
	out_copy(&o, STR(", world!!!!"));
	out_end_chunk(&o);
	out_end_chunk(&o);
	out_copy(&o, STR("0\r\n\r\n"));
	CHECK_STR(joined(&o, &got), STR("head10\r\nhello, world!!!!\r\n0\r\n\r\n"));
	CHECK(o.count == 2);
	out_clear(&o);
	CHECK(o.bytes.ptr != NULL); /* small: kept for the next turn */
	out_begin_chunk(&o);
	out_copy(&o, STR("a"));
	out_end_chunk(&o);
	CHECK_STR(joined(&o, &got), STR("1\r\na\r\n"));
	CHECK(o.count == 1);
	out_release(&o);
	buf_release(&got);
}

static void test_maximum(void)
{
	struct out o;

	out_init(&o);
	CHECK(out_room(&o, OUT_MAX_BYTES + 1) == NULL);
	CHECK(out_is_over(&o));
	out_release(&o);
}

int main(void)
{
	test_order();
	test_chunks();
	test_maximum();
	return check_report("out");
}
