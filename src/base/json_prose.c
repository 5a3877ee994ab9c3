/* Long strings of JSON by 64 bytes a time, where the processor has AVX2.
 *
 *	bytes     a b c \ n d e \ " f " ...
 *	slashes         1         1
 *	escaped           1         1         behind a backslash that is not escaped itself
 *	stops                           1     quotes that are not escaped, controls, bytes from 0x80
 *	                                      up, escaped bytes that are no letter of an escape
 *
 * Prose and source code have an escape every other line, each of which ends a run of plain bytes;
 * here a block of them takes as long as one. Called by json_scan. Must never load a byte behind
 * `limit`. */
#include "base/json_prose.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { BLOCK_BYTES = 64 };

#define WITH_AVX2 __attribute__((target("avx2,bmi")))

/* A bit for each of 64 bytes. */
WITH_AVX2 static inline uint64_t bits_of(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
	                                                 << 32;
}

WITH_AVX2 static inline uint64_t bytes_equal(const __m256i bytes[2], char c)
{
	__m256i all = _mm256_set1_epi8(c);

	return bits_of(_mm256_cmpeq_epi8(bytes[0], all), _mm256_cmpeq_epi8(bytes[1], all));
}

/* Controls, and all from 0x80 up. */
WITH_AVX2 static inline uint64_t bytes_low(const __m256i bytes[2])
{
	__m256i blank = _mm256_set1_epi8(0x20);

	return bits_of(_mm256_cmpgt_epi8(blank, bytes[0]), _mm256_cmpgt_epi8(blank, bytes[1]));
}

/* 0xff for " / \ b f n r t: a bit for each upper half of such a byte, and for each lower half those
 * of the upper halves that go with it. */
WITH_AVX2 static inline __m256i letters_of(__m256i bytes)
{
	const __m256i lower = _mm256_setr_epi8(0, 0, 13, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1, 0,
	                                       0, 13, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1);
	const __m256i upper = _mm256_setr_epi8(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	                                       1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0);
	__m256i half = _mm256_set1_epi8(15);
	__m256i above = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half);
	__m256i both = _mm256_and_si256(_mm256_shuffle_epi8(lower, _mm256_and_si256(bytes, half)),
	                                _mm256_shuffle_epi8(upper, above));

	return _mm256_cmpgt_epi8(both, _mm256_setzero_si256());
}

/* The bytes behind backslashes that are not behind one themselves. `carry`: the first byte is. */
static inline uint64_t escaped_by(uint64_t slashes, bool *carry)
{
	uint64_t escaped = *carry;

	slashes &= ~escaped;
	*carry = false;
	if (!(slashes & slashes << 1)) {
		*carry = slashes >> 63;
		return escaped | slashes << 1;
	}
	while (slashes) {
		int at = __builtin_ctzll(slashes);

		*carry = at == 63;
		escaped |= UINT64_C(1) << at << 1;
		slashes &= ~(UINT64_C(3) << at);
	}
	return escaped;
}

WITH_AVX2 static const char *skip_blocks(struct json_scan *s, const char *limit)
{
	const char *at = s->at;
	bool carry = false;

	for (; limit - at >= BLOCK_BYTES; at += BLOCK_BYTES) {
		__m256i bytes[2] = {_mm256_loadu_si256((const __m256i *)(const void *)at),
		                    _mm256_loadu_si256((const __m256i *)(const void *)(at + 32))};
		uint64_t slashes = bytes_equal(bytes, '\\'), quotes = bytes_equal(bytes, '"');
		uint64_t stops = bytes_low(bytes), escaped = 0;

		if (slashes || carry) {
			escaped = escaped_by(slashes, &carry);
			stops |= escaped & ~bits_of(letters_of(bytes[0]), letters_of(bytes[1]));
		}
		stops |= quotes & ~escaped;
		s->escapes = s->escapes || (slashes & (stops - 1) & ~stops);
		if (stops) {
			int stop = __builtin_ctzll(stops);

			return at + stop - (escaped >> stop & 1);
		}
	}
	return at - carry;
}

bool json_prose_goes(struct json_scan *s, const char *limit)
{
	if (!__builtin_cpu_supports("avx2"))
		return false;
	s->at = skip_blocks(s, limit);
	return limit - s->at >= BLOCK_BYTES;
}
#else
bool json_prose_goes(struct json_scan *s, const char *limit)
{
	(void)s;
	(void)limit;
	return false;
}
#endif
