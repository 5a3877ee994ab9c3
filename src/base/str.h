/* Text as a pointer and a length, passed by value. Never NUL-terminated, never owned: a str
 * borrows from whatever holds the bytes (a request's body, an arena, a literal). The empty str
 * has len 0 and any ptr. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/must.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *ptr;
	size_t len;
};

/* A str of a string literal; usable in initialisers of static tables through STR_INIT. */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_INIT(literal)                                                                          \
	{                                                                                          \
		"" literal, sizeof(literal) - 1                                                    \
	}

/* For printf: "%.*s" with STR_ARG(s). */
#define STR_ARG(s) (int)(s).len, (s).ptr

/* The shortest of these stand here, since they are called some hundred times for a request. */

/* Of a NUL-terminated text; NULL gives the empty str. */
static inline struct str str_of(const char *text)
{
	return (struct str){text, text ? strlen(text) : 0};
}

static inline bool str_is_empty(struct str s)
{
	return s.len == 0;
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_starts_with(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq((struct str){s.ptr, prefix.len}, prefix);
}

bool str_eq_nocase(struct str a, struct str b); /* ASCII case only */
bool str_ends_with(struct str s, struct str suffix);
int str_compare(struct str a, struct str b); /* <0, 0, >0, bytewise */

bool str_is_printable(struct str s); /* all bytes 0x20..0x7e */

/* Constant-time in the bytes (not in the lengths): for secrets. */
bool str_eq_secret(struct str a, struct str b);

/* Position of the first needle or byte, or s.len where there is none. */
size_t str_find(struct str s, struct str needle);
size_t str_find_byte(struct str s, char byte);

/* The part from `from` on, of at most `len` bytes; clipped to what there is. */
static inline struct str str_part(struct str s, size_t from, size_t len)
{
	if (from > s.len)
		from = s.len;
	if (len > s.len - from)
		len = s.len - from;
	return (struct str){from ? s.ptr + from : s.ptr, len};
}

struct str str_trim(struct str s); /* without spaces and tabs at either end */

/* Cuts *rest at the first `separator`: gives what was before it, moves *rest behind it. Gives
 * false at the end. */
bool str_next_field(struct str *rest, char separator, struct str *out_field);

/* Shell-like pattern: '*' any run of bytes, '?' one byte; ASCII case-insensitive. Linear in
 * pattern x text. */
bool str_matches_glob(struct str s, struct str pattern);

/* The whole of s as a decimal number in lowest..highest. -1: not a number, or out of range. No
 * '+', no spaces. */
int str_to_i64(struct str s, int64_t lowest, int64_t highest, int64_t *out_value) MUST_USE;

/* Bytes of the UTF-8 character that begins at `at` < s.len; 0: none does (RFC 3629). */
size_t str_utf8_bytes(struct str s, size_t at);

/* Edit distance (insert, delete, replace) of at most `limit`, else limit + 1; ASCII
 * case-insensitive; both sides are clipped to 64 bytes. For "did you mean". */
int str_distance(struct str a, struct str b, int limit);

#endif
