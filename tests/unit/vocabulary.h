/* A small vocabulary for tests: every byte, and the texts that are given; characters of ASCII have
 * their classes, others are letters of no case. */
#ifndef TESTS_UNIT_VOCABULARY_H
#define TESTS_UNIT_VOCABULARY_H

#include "check.h"

#include "base/buf.h"
#include "base/hash.h"
#include "token/vocab.h"

static void vocabulary_u32(struct buf *out, uint32_t x)
{
	for (int i = 0; i < 4; i++)
		buf_put_byte(out, (char)(x >> 8 * i));
}

static uint32_t vocabulary_class(uint32_t c)
{
	if (c == '\r' || c == '\n')
		return VOCAB_NEWLINE;
	if (c == ' ' || c == '\t')
		return VOCAB_SPACE;
	if (c >= '0' && c <= '9')
		return VOCAB_NUMBER;
	if (c >= 'A' && c <= 'Z')
		return VOCAB_UPPER;
	if (c >= 'a' && c <= 'z')
		return VOCAB_LOWER;
	return c < 0x80 ? VOCAB_OTHER : c >= 0x300 && c < 0x370 ? VOCAB_MARK : VOCAB_LETTER;
}

__attribute__((unused)) static void vocabulary_file(enum vocab_cut cut, const char *const *texts,
                                                    int count, struct buf *out)
{
	struct buf body, runs;
	size_t bytes = 256;

	buf_init(&body, 1 << 20);
	buf_init(&runs, 1 << 20);
	for (int i = 0; i < 256; i++)
		buf_put_byte(&body, 1);
	for (int i = 0; i < count; i++)
		buf_put_byte(&body, (char)strlen(texts[i]));
	for (int i = 0; i < 256; i++)
		buf_put_byte(&body, (char)i);
	for (int i = 0; i < count; i++) {
		buf_put(&body, str_of(texts[i]));
		bytes += strlen(texts[i]);
	}
	for (uint32_t c = 0, last = UINT32_MAX; c < 0x400; c++) {
		if (vocabulary_class(c) != last)
			vocabulary_u32(&runs, (last = vocabulary_class(c)) << 24 | c);
	}
	buf_put(&body, buf_str(&runs));
	buf_put(out, STR("FLUXTOK1"));
	vocabulary_u32(out, (uint32_t)cut);
	vocabulary_u32(out, 256 + (uint32_t)count);
	vocabulary_u32(out, (uint32_t)bytes);
	vocabulary_u32(out, (uint32_t)runs.len / 4);
	vocabulary_u32(out, hash_crc32c(0, buf_str(&body)));
	vocabulary_u32(out, 0);
	buf_put(out, buf_str(&body));
	buf_release(&body);
	buf_release(&runs);
}

__attribute__((unused)) static struct vocab *vocabulary_read(enum vocab_cut cut,
                                                             const char *const *texts, int count)
{
	struct vocab *v = NULL;
	struct arena arena;
	struct fail f;
	struct buf file;

	arena_init(&arena);
	fail_init(&f, &arena);
	buf_init(&file, 1 << 20);
	vocabulary_file(cut, texts, count, &file);
	CHECK(vocab_read(buf_str(&file), &v, &f) == 0);
	buf_release(&file);
	arena_release(&arena);
	return v;
}

#endif
