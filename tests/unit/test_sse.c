/* Events cut out of bytes: every form of line end, every split, a guard page behind the bytes. */
#include "check.h"
#include "guard.h"

#include "base/buf.h"
#include "wire/sse.h"

/* What a text comes to: "name=data;" for each event with data. */
static const struct {
	struct str bytes, events;
} texts[] = {
    {STR_INIT("data: a\n\n"), STR_INIT("=a;")},
    {STR_INIT("data:a\r\n\r\n"), STR_INIT("=a;")},
    {STR_INIT("data: a\r\rdata: b\r\r"), STR_INIT("=a;=b;")},
    {STR_INIT("event: x\ndata: {\"k\":1}\n\n"), STR_INIT("x={\"k\":1};")},
    {STR_INIT("data: a\ndata: b\ndata:\n\n"), STR_INIT("=a\nb\n;")},
    {STR_INIT(": keep-alive\n\ndata: a\n\n"), STR_INIT("=a;")},
    {STR_INIT("id: 7\nretry: 10\ndata: a\n\n"), STR_INIT("=a;")},
    {STR_INIT("\xef\xbb\xbf"
              "data: a\n\n"),
     STR_INIT("=a;")},
    {STR_INIT("data:  two\n\n"), STR_INIT("= two;")},
    {STR_INIT("data: \xe2\x82\xac\n\ndata: [DONE]\n\n"), STR_INIT("=\xe2\x82\xac;=[DONE];")},
    {STR_INIT("\n\r\n\rdata: a\n\n"), STR_INIT("=a;")},
    {STR_INIT("data\n\n"), STR_INIT("=;")},
    {STR_INIT("datax: a\n\n"), STR_INIT("")},
    {STR_INIT("data: not whole\n"), STR_INIT("")},
    {STR_INIT("event: a\r\nevent: b\r\ndata: 1\r\n\r\n"), STR_INIT("b=1;")},
};

enum { TEXTS = sizeof texts / sizeof texts[0] };

/* Every byte of data is found again in the raw bytes; a line's end there may be another one. */
static void check_places(const struct sse_event *e)
{
	for (size_t at = 0; at < e->data.len; at++) {
		size_t raw_at = sse_raw_at(e, at);

		if (e->data.ptr[at] != '\n')
			CHECK(raw_at < e->raw.len && e->raw.ptr[raw_at] == e->data.ptr[at]);
	}
}

/* Feeds pieces of `step` bytes the way the relay does; passed gets all raw bytes. */
static void feed(struct str bytes, size_t step, struct buf *events, struct buf *passed)
{
	struct sse sse = {0};
	struct arena arena;
	size_t from = 0;

	arena_init(&arena);
	for (size_t have = step; from < bytes.len; have += step) {
		struct str seen = str_part(bytes, from, have > from ? have - from : 0);
		struct guard guard = guard_copy(seen);
		struct sse_event e;

		if (sse_next(&sse, guard.bytes, &arena, &e) == SSE_EVENT) {
			if (e.has_data)
				buf_printf(events, "%.*s=%.*s;", STR_ARG(e.name), STR_ARG(e.data));
			check_places(&e);
			buf_put(passed, e.raw);
			from += e.raw.len;
			have -= step;
		} else if (have >= bytes.len) {
			from = bytes.len;
		}
		guard_free(&guard);
	}
	arena_release(&arena);
}

static void test_splits(void)
{
	for (int i = 0; i < TEXTS; i++) {
		for (size_t step = 1; step <= texts[i].bytes.len; step++) {
			struct buf events, passed;

			buf_init(&events, 4096);
			buf_init(&passed, 4096);
			feed(texts[i].bytes, step, &events, &passed);
			CHECK_STR(buf_str(&events), texts[i].events);
			CHECK(str_starts_with(texts[i].bytes, buf_str(&passed)));
			buf_release(&events);
			buf_release(&passed);
		}
	}
}

/* A long line that comes byte by byte is searched once, not once per byte. */
static void test_long_line_is_searched_once(void)
{
	struct sse sse = {0};
	struct sse_event e;
	struct buf line;
	struct arena arena;

	arena_init(&arena);
	buf_init(&line, 1 << 20);
	buf_put(&line, STR("data: "));
	while (line.len < 100000) {
		buf_put_byte(&line, 'x');
		CHECK(sse_next(&sse, buf_str(&line), &arena, &e) == SSE_MORE);
		must(sse.looked == line.len - 1);
	}
	buf_put(&line, STR("\n\n"));
	CHECK(sse_next(&sse, buf_str(&line), &arena, &e) == SSE_EVENT);
	CHECK(e.raw.len == line.len && e.data.len == 100000 - 6);
	buf_release(&line);
	arena_release(&arena);
}

int main(void)
{
	test_splits();
	test_long_line_is_searched_once();
	return check_report("sse");
}
