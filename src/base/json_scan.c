/* Tokens of JSON: strings, numbers, blanks, escapes, UTF-8 (RFC 8259 and RFC 3629).
 *
 *	string   = " *( plain | utf8 | escape ) "       plain = 0x20..0x7f but " and \
 *	escape   = \ ( " | \ | / | b | f | n | r | t | u 4hex )
 *	           \uD800-DBFF only before \uDC00-DFFF, which stands nowhere else
 *	number   = [-] ( 0 | 1-9 *digit ) [ . 1*digit ] [ (e|E) [+|-] 1*digit ]
 *	utf8     = C2-DF 80-BF | E0 A0-BF 80-BF | E1-EC,EE-EF 80-BF x2 | ED 80-9F 80-BF
 *	         | F0 90-BF 80-BF x2 | F1-F3 80-BF x3 | F4 80-8F 80-BF x2
 *
 * A string is passed in runs: plain bytes 64 at a time with SSE2, then by hand over what stopped
 * the run. Loads never cross `end`, not even inside a page. Called by json_read, json_keys,
 * json_ask, json_write. Must never look at anything outside the window, nor keep anything
 * between calls. */
#include "base/json_scan.h"

#include "base/json_prose.h"
#include "base/json_read.h"

enum { SHORT_BLOCKS = 3 }; /* of 16 bytes: keys, names, ids */

#if defined(__SSE2__)
#include <emmintrin.h>

/* 0xff where a run must stop. Signed: below 0x20 are the controls and everything from 0x80 up. */
static inline __m128i stops(__m128i bytes)
{
	__m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
	__m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
	__m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));

	return _mm_or_si128(low, _mm_or_si128(quote, slash));
}

static inline __m128i load(const char *at)
{
	return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* As many whole blocks as hold nothing to stop at; then up to 15 bytes more to a stop are
 * counted. */
static inline const char *skip_blocks(const char *at, const char *end)
{
	while (end - at >= 64) {
		__m128i first = _mm_or_si128(stops(load(at)), stops(load(at + 16)));
		__m128i second = _mm_or_si128(stops(load(at + 32)), stops(load(at + 48)));

		if (_mm_movemask_epi8(_mm_or_si128(first, second)))
			break;
		at += 64;
	}
	while (end - at >= 16) {
		unsigned int mask = (unsigned int)_mm_movemask_epi8(stops(load(at)));

		if (mask)
			return at + __builtin_ctz(mask);
		at += 16;
	}
	return at;
}

/* Of the last few: eight and four at once; keys and ids are seldom longer. */
static inline const char *skip_few(const char *at, const char *end)
{
	int32_t four;

	if (end - at >= 8) {
		__m128i eight = _mm_loadl_epi64((const __m128i *)(const void *)at);
		unsigned int mask = (unsigned int)_mm_movemask_epi8(stops(eight)) & 0xff;

		if (mask)
			return at + __builtin_ctz(mask);
		at += 8;
	}
	if (end - at >= 4) {
		memcpy(&four, at, sizeof four);
		if (!(_mm_movemask_epi8(stops(_mm_cvtsi32_si128(four))) & 0xf))
			at += 4;
	}
	return at;
}
#else
static inline const char *skip_few(const char *at, const char *end)
{
	(void)end;
	return at;
}

static inline uint64_t bytes_below(uint64_t word, uint8_t limit)
{
	return (word - UINT64_C(0x0101010101010101) * limit) & ~word;
}

/* Eight at a time in a register: a byte's top bit is set where it is below 0x20, equal to a
 * stop, or non-ASCII. A borrow may also mark a byte above a real one, never below: so the blocks
 * before are exact. */
static inline const char *skip_blocks(const char *at, const char *end)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);

	while (end - at >= 8) {
		uint64_t word, found;

		memcpy(&word, at, 8);
		found = word | bytes_below(word, 0x20) | bytes_below(word ^ ones * '"', 1) |
		        bytes_below(word ^ ones * '\\', 1);
		if (found & ones * 0x80)
			break;
		at += 8;
	}
	return at;
}
#endif

static inline bool is_stop(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\' || c >= 0x80;
}

const char *json_scan_plain(const char *from, const char *end)
{
	from = skip_few(skip_blocks(from, end), end);
	while (from < end && !is_stop((unsigned char)*from))
		from++;
	return from;
}

#if defined(__SSE2__)
const char *json_scan_short(const char *from, const char *end)
{
	for (int blocks = 0; blocks < SHORT_BLOCKS && end - from >= 16; blocks++, from += 16) {
		unsigned mask = (unsigned)_mm_movemask_epi8(stops(load(from)));

		if (mask)
			return from + __builtin_ctz(mask);
	}
	return NULL;
}
#else
const char *json_scan_short(const char *from, const char *end)
{
	const char *last = end - from > SHORT_BLOCKS * 16 ? from + SHORT_BLOCKS * 16 : end;

	while (from < last && !is_stop((unsigned char)*from))
		from++;
	return from < last ? from : NULL;
}
#endif

static inline bool is_tail(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* The second byte's range closes out overlong forms, surrogates and what is beyond U+10FFFF. */
static inline bool second_fits(unsigned char lead, unsigned char second)
{
	switch (lead) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return second >= 0x80 && second <= 0xbf;
	}
}

static inline size_t utf8_len(const char *at, const char *end)
{
	unsigned char lead = (unsigned char)at[0];
	size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	if (len == 1)
		return 1;
	if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - at) < len ||
	    !second_fits(lead, (unsigned char)at[1]))
		return 0;
	if ((len > 2 && !is_tail(at[2])) || (len > 3 && !is_tail(at[3])))
		return 0;
	return len;
}

size_t json_scan_utf8(const char *at, const char *end)
{
	return at < end ? utf8_len(at, end) : 0;
}

/* Goes on while characters are non-ASCII; NULL: one is not valid. */
static const char *skip_utf8(struct json_scan *s, const char *limit)
{
	const char *at = s->at;

	while (at < limit && (unsigned char)*at >= 0x80) {
		size_t len = utf8_len(at, s->end);

		if (len == 0) {
			s->at = at;
			return NULL;
		}
		at += len;
	}
	return at;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of \uXXXX at `at`, or -1. */
static int32_t unit_of(const char *at, const char *end)
{
	int32_t unit = 0;

	if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int digit = hex_value(at[i]);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

/* The character of one \u escape or of a pair; bytes used in *out_len. -1: not an escape, -2:
 * half a pair. */
static int32_t unicode_of(const char *at, const char *end, size_t *out_len)
{
	int32_t high = unit_of(at, end), low;

	*out_len = 6;
	if (high < 0xd800 || high > 0xdfff)
		return high;
	low = high < 0xdc00 ? unit_of(at + 6, end) : -1;
	if (low < 0xdc00 || low > 0xdfff)
		return -2;
	*out_len = 12;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* Letters behind a backslash and what they stand for; 0: not such a letter. */
static const char simple_escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

static inline char simple_escape(char letter)
{
	return simple_escapes[(unsigned char)letter];
}

static enum json_scan_result bad(struct json_scan *s, const char *reason)
{
	s->reason = reason;
	return JSON_SCAN_BAD;
}

static inline enum json_scan_result skip_escape(struct json_scan *s)
{
	size_t len = 2;
	int32_t character;

	s->escapes = true;
	if (s->end - s->at < 2)
		return bad(s, "ends inside an escape");
	if (simple_escape(s->at[1])) {
		s->at += 2;
		return JSON_SCAN_MORE;
	}
	if (s->at[1] != 'u')
		return bad(s, "unknown escape");
	character = unicode_of(s->at, s->end, &len);
	if (character < 0)
		return bad(s, character == -2 ? "unpaired surrogate in an escape"
		                              : "escape \\u without 4 hexadecimal digits");
	s->at += len;
	return JSON_SCAN_MORE;
}

/* Over what stopped a run; MORE: go on with the next run. */
static inline enum json_scan_result skip_stop(struct json_scan *s, const char *limit)
{
	unsigned char c = (unsigned char)*s->at;
	const char *after;

	if (c == '"')
		return JSON_SCAN_END;
	if (c == '\\')
		return skip_escape(s);
	if (c < 0x20)
		return bad(s, "unescaped control character in a string");
	after = skip_utf8(s, limit);
	if (after == NULL)
		return bad(s, "invalid UTF-8");
	s->at = after;
	return JSON_SCAN_MORE;
}

#if defined(__SSE2__)
static inline uint32_t stops_within_32(const char *at)
{
	uint32_t low = (uint32_t)_mm_movemask_epi8(stops(load(at)));
	uint32_t high = (uint32_t)_mm_movemask_epi8(stops(load(at + 16)));

	return low | high << 16;
}

/* Prose has an escape every other line. Those of one letter are passed with the plain bytes
 * around them: a block's stops are taken off its mask one by one, each with the byte behind it.
 * Gives the first other stop, or a place less than a block before `limit`. */
static inline const char *skip_prose(struct json_scan *s, const char *limit)
{
	const char *at = s->at;

	while (limit - at >= 32) {
		unsigned last = 0;

		for (uint32_t mask = stops_within_32(at); mask; mask &= ~(UINT32_C(3) << last)) {
			last = (unsigned)__builtin_ctz(mask);
			if (at[last] != '\\' || s->end - at <= last + 1 ||
			    !simple_escape(at[last + 1]))
				return at + last;
			s->escapes = true;
		}
		at += 32 + (last == 31);
	}
	return at;
}
#else
static inline const char *skip_prose(struct json_scan *s, const char *limit)
{
	(void)limit;
	return s->at;
}
#endif

enum json_scan_result json_scan_string(struct json_scan *s, const char *limit)
{
	while (true) {
		enum json_scan_result result;

		if (!json_prose_stops(s, limit)) {
			s->at = skip_prose(s, limit);
			if (s->at < limit)
				s->at = json_scan_plain(s->at, limit);
			if (s->at >= limit)
				return JSON_SCAN_MORE;
		}
		result = skip_stop(s, limit);
		if (result != JSON_SCAN_MORE)
			return result;
		if (s->at >= limit)
			return JSON_SCAN_MORE;
	}
}

static inline const char *skip_digits(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

/* At least one digit from *at on. */
static inline bool pass_digits(const char **at, const char *end)
{
	const char *from = *at;

	*at = skip_digits(from, end);
	return *at > from;
}

static inline bool pass_one_of(const char **at, const char *end, char a, char b)
{
	if (*at == end || (**at != a && **at != b))
		return false;
	++*at;
	return true;
}

enum json_scan_result json_scan_number(struct json_scan *s)
{
	const char *start = s->at, *end = s->end;

	if (end - start > (ptrdiff_t)JSON_NUMBER_BYTES_MAX)
		end = start + JSON_NUMBER_BYTES_MAX + 1;
	pass_one_of(&s->at, end, '-', '-');
	if (!pass_one_of(&s->at, end, '0', '0') && !pass_digits(&s->at, end))
		return bad(s, "number without digits");
	if (pass_one_of(&s->at, end, '.', '.') && !pass_digits(&s->at, end))
		return bad(s, "number without digits behind the point");
	if (pass_one_of(&s->at, end, 'e', 'E')) {
		pass_one_of(&s->at, end, '+', '-');
		if (!pass_digits(&s->at, end))
			return bad(s, "number without digits in the exponent");
	}
	if (s->at - start > (ptrdiff_t)JSON_NUMBER_BYTES_MAX)
		return bad(s, "number too long");
	if (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		return bad(s, "number with a leading zero");
	return JSON_SCAN_END;
}

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

const char *json_scan_blank(const char *from, const char *end)
{
	while (from < end && is_blank(*from))
		from++;
	return from;
}

static size_t put_utf8(int32_t character, char *out)
{
	uint32_t c = (uint32_t)character;

	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 63));
		out[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 63));
	out[2] = (char)(0x80 | (c >> 6 & 63));
	out[3] = (char)(0x80 | (c & 63));
	return 4;
}

/* One valid escape at `at`: its bytes into out, its length given. */
static size_t decode_escape(const char *at, const char *end, char out[4], size_t *out_bytes)
{
	size_t len = 2;
	int32_t character;

	if (at[1] != 'u') {
		out[0] = simple_escape(at[1]);
		*out_bytes = 1;
		return 2;
	}
	character = unicode_of(at, end, &len);
	must(character >= 0); /* the reader refused anything else */
	*out_bytes = put_utf8(character, out);
	return len;
}

/* Bytes from `at` to the next backslash or the end. */
static size_t run_len(const char *at, const char *end)
{
	const char *slash = memchr(at, '\\', (size_t)(end - at));

	return slash ? (size_t)(slash - at) : (size_t)(end - at);
}

size_t json_scan_decode(struct str text, char *out)
{
	const char *at = text.ptr, *end = text.ptr + text.len;
	char *to = out;

	while (at < end) {
		size_t run = run_len(at, end), bytes;
		char decoded[4];

		memcpy(to, at, run);
		to += run;
		at += run;
		if (at == end)
			break;
		at += decode_escape(at, end, decoded, &bytes);
		memcpy(to, decoded, bytes);
		to += bytes;
	}
	return (size_t)(to - out);
}

/* Takes `part` off the front of *rest, if it is there. */
static bool take(struct str *rest, const char *part, size_t len)
{
	if (rest->len < len || memcmp(rest->ptr, part, len) != 0)
		return false;
	*rest = str_part(*rest, len, rest->len);
	return true;
}

bool json_scan_is(struct str escaped, struct str plain)
{
	const char *at = escaped.ptr, *end = escaped.ptr + escaped.len;

	while (at < end) {
		size_t run = run_len(at, end), bytes;
		char decoded[4];

		if (run && !take(&plain, at, run))
			return false;
		at += run;
		if (at == end)
			break;
		at += decode_escape(at, end, decoded, &bytes);
		if (!take(&plain, decoded, bytes))
			return false;
	}
	return plain.len == 0;
}
