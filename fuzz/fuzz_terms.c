/* Any text as terms of anybody: what is taken is written and read again as the same. */
#include "gate/terms.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void again(const struct terms *t, enum terms_of whose, struct arena *arena)
{
	struct fail f = {.arena = arena};
	struct terms back = {0};
	struct buf text;

	buf_init(&text, 2 * TERMS_BYTES_MAX);
	terms_write(&text, t);
	must(!buf_is_over(&text));
	must(text.len > TERMS_BYTES_MAX ||
	     terms_read(buf_str(&text), whose, arena, &back, &f) == 0);
	for (int i = 0; i < TERM_COUNT && text.len <= TERMS_BYTES_MAX; i++)
		must(terms_value(t, (enum term)i, -1) == terms_value(&back, (enum term)i, -1));
	must(text.len > TERMS_BYTES_MAX || str_eq(t->models, back.models));
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = {(const char *)bytes, len};
	struct arena arena;

	arena_init(&arena);
	for (enum terms_of whose = TERMS_OF_PLAN; whose < TERMS_OF_ALL; whose <<= 1) {
		struct fail f = {.arena = &arena};
		struct terms t = {0};

		if (terms_read(text, whose, &arena, &t, &f) == 0)
			again(&t, whose, &arena);
		else
			must(f.message.len > 0 && t.set == 0);
	}
	arena_release(&arena);
	return 0;
}
