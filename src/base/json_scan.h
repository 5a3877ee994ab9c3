/* Tokens of JSON in bytes: what json_read walks on. Pure functions on a window of bytes that
 * never read past its end. Private to base/json_*. */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include "base/str.h"

enum json_scan_result {
	JSON_SCAN_END,  /* the token is whole */
	JSON_SCAN_MORE, /* the limit came first */
	JSON_SCAN_BAD,  /* see reason; `at` stands on the offending byte */
};

struct json_scan {
	const char *at;
	const char *end;    /* of the document */
	const char *reason; /* static text */
	bool escapes;       /* set when a string has any */
};

/* From inside a string to its closing quote; stops soon after `limit` (<= end) between two
 * characters. */
enum json_scan_result json_scan_string(struct json_scan *, const char *limit) MUST_USE;

/* The number that begins at `at`, which then stands behind it. */
enum json_scan_result json_scan_number(struct json_scan *) MUST_USE;

/* The first byte in from..end that is no space, tab, carriage return or newline; `end` if there
 * is none. */
const char *json_scan_blank(const char *from, const char *end);

/* Decodes the inside of a valid string. `out` has room for text.len bytes, which is always
 * enough. Gives the bytes written. */
size_t json_scan_decode(struct str text, char *out) MUST_USE;

/* The inside of a valid string, compared as decoded text with plain text. */
bool json_scan_is(struct str escaped, struct str plain);

/* Length of the valid UTF-8 character at `at` (1..4), or 0. */
size_t json_scan_utf8(const char *at, const char *end);

/* First byte in from..end that a string cannot pass over blindly: quote, backslash, control or
 * non-ASCII. */
const char *json_scan_plain(const char *from, const char *end);

/* The same, if it is near and not within the last bytes before `end`; else NULL. */
const char *json_scan_short(const char *from, const char *end);

#endif
