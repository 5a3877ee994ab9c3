/* Reading text in place. Pure; copies nothing, allocates nothing. Called from everywhere. */
#include "base/str.h"

#include "base/json_scan.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	/* Names of headers begin alike more often than they end alike. */
	if (a.len && ((a.ptr[a.len - 1] ^ b.ptr[a.len - 1]) & ~0x20))
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (a.ptr[i] != b.ptr[i] && lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	return true;
}

bool str_ends_with(struct str s, struct str suffix)
{
	return s.len >= suffix.len &&
	       str_eq((struct str){s.ptr + (s.len - suffix.len), suffix.len}, suffix);
}

int str_compare(struct str a, struct str b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Eight at a time, the last eight over those before: a byte's top bit is set in the word itself, in
 * the word less 0x20 or in the word and 1. Borrows and carries come only from bytes that are marked
 * anyway. */
bool str_is_printable(struct str s)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t found = 0, word;
	size_t at = 0;

	for (; s.len >= 8 && at < s.len; at += 8) {
		memcpy(&word, s.ptr + (at + 8 <= s.len ? at : s.len - 8), 8);
		found |= word | (word - ones * 0x20) | (word + ones);
	}
	for (; at < s.len; at++)
		if (s.ptr[at] < ' ' || s.ptr[at] > '~')
			return false;
	return (found & ones * 0x80) == 0;
}

bool str_eq_secret(struct str a, struct str b)
{
	unsigned char differs = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		differs |= (unsigned char)(a.ptr[i] ^ b.ptr[i]);
	return differs == 0;
}

size_t str_find(struct str s, struct str needle)
{
	const char *at = needle.len && s.len ? memmem(s.ptr, s.len, needle.ptr, needle.len) : NULL;

	if (needle.len == 0)
		return 0;
	return at ? (size_t)(at - s.ptr) : s.len;
}

size_t str_find_byte(struct str s, char byte)
{
	const char *at = s.len ? memchr(s.ptr, byte, s.len) : NULL;

	return at ? (size_t)(at - s.ptr) : s.len;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
	while (s.len && is_blank(s.ptr[0]))
		s = str_part(s, 1, s.len);
	while (s.len && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool str_next_field(struct str *rest, char separator, struct str *out_field)
{
	size_t at;

	if (rest->ptr == NULL)
		return false;
	at = str_find_byte(*rest, separator);
	*out_field = str_part(*rest, 0, at);
	if (at == rest->len)
		*rest = (struct str){NULL, 0};
	else
		*rest = str_part(*rest, at + 1, rest->len);
	return true;
}

/* Greedy with one point of return: on a mismatch the last '*' takes one byte more. */
bool str_matches_glob(struct str s, struct str pattern)
{
	size_t at = 0, p = 0, star = SIZE_MAX, star_at = 0;

	while (at < s.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			star_at = at;
		} else if (p < pattern.len &&
		           (pattern.ptr[p] == '?' || lower(pattern.ptr[p]) == lower(s.ptr[at]))) {
			p++;
			at++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			at = ++star_at;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

int str_to_i64(struct str s, int64_t lowest, int64_t highest, int64_t *out_value)
{
	bool negative = s.len && s.ptr[0] == '-';
	int64_t value = 0;

	if (negative)
		s = str_part(s, 1, s.len);
	if (s.len == 0)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		int digit = s.ptr[i] - '0';

		if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, negative ? -digit : digit, &value))
			return -1;
	}
	if (value < lowest || value > highest)
		return -1;
	*out_value = value;
	return 0;
}

enum { DISTANCE_MAX_LEN = 64 };

int str_distance(struct str a, struct str b, int limit)
{
	int row[DISTANCE_MAX_LEN + 1];

	a = str_part(a, 0, DISTANCE_MAX_LEN);
	b = str_part(b, 0, DISTANCE_MAX_LEN);
	for (size_t j = 0; j <= b.len; j++)
		row[j] = (int)j;
	for (size_t i = 1; i <= a.len; i++) {
		int diagonal = row[0];

		row[0] = (int)i;
		for (size_t j = 1; j <= b.len; j++) {
			int replaced = diagonal + (lower(a.ptr[i - 1]) != lower(b.ptr[j - 1]));
			int best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

			diagonal = row[j];
			row[j] = replaced < best ? replaced : best;
		}
	}
	return row[b.len] <= limit ? row[b.len] : limit + 1;
}

size_t str_utf8_bytes(struct str s, size_t at)
{
	return json_scan_utf8(s.ptr + at, s.ptr + s.len);
}
