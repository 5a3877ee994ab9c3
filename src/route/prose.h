/* Letters by the eight and sixteen: what most of a text is made of. The same results with and
 * without the processor's vectors; little-endian by construction. */
#ifndef ROUTE_PROSE_H
#define ROUTE_PROSE_H

#include "route/lexicon.h"

#define PROSE_BYTES 16

#ifdef __SSE2__
#include <emmintrin.h>

/* A bit for each byte from `first` to `last`, which are ASCII. */
static inline __m128i prose_between(__m128i bytes, char first, char last)
{
	return _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8((char)(first - 1))),
	                     _mm_cmplt_epi8(bytes, _mm_set1_epi8((char)(last + 1))));
}

/* Of PROSE_BYTES bytes at `from`, which begin with a letter: copies the whole words that have one
 * space and a letter behind them, in lower case and with that space. Gives how many bytes these
 * are; what it writes behind them means nothing. */
static inline size_t prose_fold(const char *from, char *to)
{
	const __m128i blank = _mm_set1_epi8(' ');
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)from);
	__m128i low = _mm_or_si128(bytes, blank);
	uint32_t letters = (uint32_t)_mm_movemask_epi8(prose_between(low, 'a', 'z'));
	uint32_t spaces = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, blank));
	uint32_t others;

	spaces &= letters >> 1;
	others = ~(letters | spaces); /* has its upper bits */
	spaces &= (others & -others) - 1;
	_mm_storeu_si128((__m128i *)(void *)to, low);
	return spaces ? 32 - (size_t)__builtin_clz(spaces) : 0;
}

/* A bit for each byte of a word: letters in lower case and '0'. */
static inline uint64_t prose_bits(__m128i bytes)
{
	__m128i is_zero = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('0'));

	return (uint64_t)_mm_movemask_epi8(_mm_or_si128(prose_between(bytes, 'a', 'z'), is_zero));
}

/* Of the 64 bytes at p, as far as they stand before `end`: the lowest bit for the first. Reads up
 * to 8 bytes behind the end. */
static inline uint64_t prose_mask(const char *p, const char *end)
{
	size_t left = (size_t)(end - p), i = 0;
	uint64_t mask = 0;

	for (; i < 64 && i + 8 <= left; i += 16)
		mask |= prose_bits(_mm_loadu_si128((const __m128i *)(const void *)(p + i))) << i;
	if (i < 64 && i < left)
		mask |= prose_bits(_mm_loadl_epi64((const __m128i *)(const void *)(p + i))) << i;
	return left < 64 ? mask & (((uint64_t)1 << left) - 1) : mask;
}
#else
static inline size_t prose_fold(const char *from, char *to)
{
	(void)from;
	(void)to;
	return 0;
}

static inline uint64_t prose_bits(const char *p)
{
	const uint64_t all = 0x0101010101010101u;
	uint64_t x = lexicon_load(p), low = x & all * 0x7F, zero, letter;

	zero = ~((low ^ all * '0') + all * 0x7F);
	letter = (low + all * (0x80 - 'a')) & ~(low + all * (0x7F - 'z'));
	return ((zero | letter) & ~x & all * 0x80) / 0x80 * 0x0102040810204080u >> 56;
}

static inline uint64_t prose_mask(const char *p, const char *end)
{
	size_t left = (size_t)(end - p);
	uint64_t mask = 0;

	for (size_t i = 0; i < 64 && i < left; i += 8)
		mask |= prose_bits(p + i) << i;
	return left < 64 ? mask & (((uint64_t)1 << left) - 1) : mask;
}
#endif

/* How many ones the mask begins with, up to 63. */
static inline size_t prose_ones(uint64_t mask)
{
	return (size_t)__builtin_ctzll(~mask | (uint64_t)1 << 63);
}

#endif
