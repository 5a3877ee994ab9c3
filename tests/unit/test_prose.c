/* Letters by the eight and sixteen are what they are one by one, wherever the text ends. */
#include "route/prose.h"

#include "check.h"
#include "guard.h"

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || c == '0';
}

static bool is_any_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Mostly words, with every byte among them now and then. */
static void fill(char *to, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		if (seed >> 29 == 0)
			to[i] = (char)(seed >> 16);
		else
			to[i] = seed >> 29 == 1 ? ' ' : (char)("aZzb0"[(seed >> 20) % 5]);
	}
}

static void test_mask(void)
{
	for (uint32_t seed = 0; seed < 2000; seed++) {
		char room[100];
		size_t len = seed % 90;
		uint64_t mask = 0;
		struct guard text;
		fill(room, len + 8, seed);
		text = guard_copy((struct str){room, len + 8});
		for (size_t i = 0; i < len && i < 64; i++)
			mask |= (uint64_t)is_word(room[i]) << i;
		CHECK(prose_mask(text.bytes.ptr, text.bytes.ptr + len) == mask);
		guard_free(&text);
	}
	CHECK(prose_ones(0) == 0 && prose_ones(7) == 3 && prose_ones(UINT64_MAX) == 63);
}

/* The longest row of whole words with one space and a letter behind each. */
static size_t whole_words(const char *text)
{
	size_t whole = 0;

	for (size_t i = 0; i + 1 < PROSE_BYTES; i++) {
		if (text[i] == ' ' && is_any_letter(text[i + 1]))
			whole = i + 1;
		else if (!is_any_letter(text[i]))
			break;
	}
	return whole;
}

static void test_fold(void)
{
	for (uint32_t seed = 0; seed < 20000; seed++) {
		char text[PROSE_BYTES], to[PROSE_BYTES];
		size_t taken;
		bool same = true;
		fill(text, PROSE_BYTES, seed);
		text[0] = "kK"[seed % 2];
		taken = prose_fold(text, to);
		for (size_t i = 0; i < taken; i++)
			same &= to[i] == (char)(text[i] | 0x20);
		CHECK(same && (taken == 0 || taken == whole_words(text)));
	}
}

int main(void)
{
	test_mask();
	test_fold();
	return check_report("prose");
}
