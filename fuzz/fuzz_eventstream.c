/* Any bytes: messages are cut in order, a beginning of one is never taken for it, and each becomes
 * an event or nothing. */
#include "wire/eventstream.h"
#include "wire/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void put(const struct eventstream_message *m, struct arena *arena)
{
	struct sse_event e;
	struct sse sse = {0};
	struct json doc;
	struct buf out;

	json_init(&doc);
	buf_init(&out, 1 << 20);
	if (eventstream_put_event(&out, m, &doc, arena) == 0 && out.len && !buf_is_over(&out))
		must(sse_next(&sse, buf_str(&out), arena, &e) == SSE_EVENT && e.has_data);
	buf_release(&out);
	json_release(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str rest = {(const char *)bytes, len};
	struct eventstream_message m, again;
	struct arena arena;

	arena_init(&arena);
	while (eventstream_next(rest, &m) == EVENTSTREAM_MESSAGE) {
		must(m.raw.ptr == rest.ptr && m.raw.len >= 16 && m.raw.len <= rest.len);
		must(eventstream_next(str_part(rest, 0, m.raw.len - 1), &again) ==
		     EVENTSTREAM_MORE);
		put(&m, &arena);
		rest = str_part(rest, m.raw.len, rest.len);
	}
	arena_release(&arena);
	return 0;
}
