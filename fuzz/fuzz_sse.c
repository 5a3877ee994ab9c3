/* Any bytes, cut at any place: events are the same, raw bytes stay in order, each dialect can note
 * what was found. */
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void note(struct sse_event *e, struct arena *arena)
{
	for (enum llm_dialect d = LLM_CHAT; d < LLM_DIALECTS; d++) {
		struct wire_meter meter = {.has_content = e->data.len & 1};
		struct json scratch;
		struct wire_noting noting = {&meter, &scratch, arena, true, true};
		struct wire_note out;

		json_init(&scratch);
		wire_dialect(d)->note_event(&noting, e, &out);
		json_release(&scratch);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str rest = {(const char *)bytes, len};
	struct sse sse = {0}, slow = {0};
	struct sse_event e, again;
	struct arena arena;

	arena_init(&arena);
	while (sse_next(&sse, rest, &arena, &e) == SSE_EVENT) {
		for (size_t have = 0; have < e.raw.len; have++)
			if (sse_next(&slow, str_part(rest, 0, have), &arena, &again) == SSE_EVENT)
				break;
		slow = (struct sse){0};
		must(e.raw.ptr == rest.ptr && e.raw.len > 0);
		note(&e, &arena);
		rest = str_part(rest, e.raw.len, rest.len);
	}
	arena_release(&arena);
	return 0;
}
