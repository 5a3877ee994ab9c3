/* The byte classes of HTTP/1.
 *
 * Sources: RFC 9110 5.6.2 (tchar), 5.5 (field-value), RFC 3986 3.2.2 (host), RFC 9112 3.2
 * (request-target). A target is taken with any visible byte but '#': the reserved ones that RFC
 * 3986 leaves out of paths ("|", "{", "\"") are sent by real clients, name nothing here, and cut
 * no message in two. Called by http1.c and http1_body.c. Pure; must never
 * read behind `end`. */
#include "front/http1_bytes.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum {
	V = BYTE_VALUE,
	UV = BYTE_TARGET | V,
	TUV = BYTE_TOKEN | UV,
	HUV = BYTE_HOST | UV,
	THUV = BYTE_TOKEN | HUV,
	ALL = BYTE_METHOD | THUV,
};

const unsigned char http1_bytes[256] = {
    ['\t'] = V,
    [' '] = V,
    ['!'] = THUV,
    ['"'] = UV,
    ['#'] = BYTE_TOKEN | V,
    ['$' ... '\''] = THUV,
    ['(' ... ')'] = HUV,
    ['*' ... '+'] = THUV,
    [','] = UV,
    ['-'] = ALL,
    ['.'] = THUV,
    ['/'] = UV,
    ['0' ... '9'] = THUV,
    [':' ... ';'] = HUV,
    ['<'] = UV,
    ['='] = HUV,
    ['>' ... '@'] = UV,
    ['A' ... 'Z'] = ALL,
    ['['] = HUV,
    ['\\'] = UV,
    [']'] = HUV,
    ['^'] = TUV,
    ['_'] = ALL,
    ['`'] = TUV,
    ['a' ... 'z'] = THUV,
    ['{'] = UV,
    ['|'] = TUV,
    ['}'] = UV,
    ['~'] = THUV,
    [0x80 ... 0xff] = V,
};

#if defined(__SSE2__)
/* Sixteen bytes at a time while all of them are 0x20..0x7e or obs-text; a tab is left to the
 * table. */
static const char *skip_plain(const char *at, const char *end)
{
	const __m128i blank = _mm_set1_epi8(0x20), del = _mm_set1_epi8(0x7f);

	while (end - at >= 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
		__m128i visible = _mm_cmpeq_epi8(_mm_max_epu8(bytes, blank), bytes);
		__m128i fine = _mm_andnot_si128(_mm_cmpeq_epi8(bytes, del), visible);
		unsigned stops = (unsigned)_mm_movemask_epi8(fine) ^ 0xffffu;

		if (stops)
			return at + __builtin_ctz(stops);
		at += 16;
	}
	return at;
}

/* Which bytes are within lowest..lowest + span. */
static __m128i in_range(__m128i bytes, char lowest, char span)
{
	__m128i above = _mm_sub_epi8(bytes, _mm_set1_epi8(lowest));

	return _mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8(span)), above);
}

/* The same for names: letters, digits and '-' are what they are made of. */
static const char *skip_word(const char *at, const char *end)
{
	while (end - at >= 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
		__m128i letters = in_range(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 25);
		__m128i others = _mm_or_si128(in_range(bytes, '0', 9),
		                              _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));
		unsigned stops =
		    (unsigned)_mm_movemask_epi8(_mm_or_si128(letters, others)) ^ 0xffffu;

		if (stops)
			return at + __builtin_ctz(stops);
		at += 16;
	}
	return at;
}
#else
static const char *skip_word(const char *at, const char *end)
{
	(void)end;
	return at;
}

static const char *skip_plain(const char *at, const char *end)
{
	(void)end;
	return at;
}
#endif

/* Past all bytes that a value may have. Tabs are rare: each begins the fast way anew. */
const char *http1_skip_value(const char *at, const char *end)
{
	for (;;) {
		at = http1_skip(skip_plain(at, end), end, BYTE_VALUE);
		if (at == end || *at != '\t')
			return at;
	}
}

const char *http1_skip_name(const char *at, const char *end)
{
	return http1_skip(skip_word(at, end), end, BYTE_TOKEN);
}
