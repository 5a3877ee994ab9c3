/* What each byte may be in an HTTP/1 message: one table, read by the head's and the body's
 * parser. Private to http1*. */
#ifndef FRONT_HTTP1_BYTES_H
#define FRONT_HTTP1_BYTES_H

enum http1_byte {
	BYTE_TOKEN = 1,  /* RFC 9110 5.6.2 tchar: names of fields */
	BYTE_METHOD = 2, /* what nginx takes in a method: A-Z - _ */
	BYTE_TARGET = 4, /* visible ASCII without '#' */
	BYTE_VALUE = 8,  /* RFC 9110 5.5: visible, blank, tab, obs-text */
	BYTE_HOST = 16,  /* RFC 3986 host and port; no ',' '@' '/' */
};

extern const unsigned char http1_bytes[256];

/* The first byte in at..end that is not of the class, or end. */
static inline const char *http1_skip(const char *at, const char *end, enum http1_byte class)
{
	while (at < end && (http1_bytes[(unsigned char)*at] & class))
		at++;
	return at;
}

/* The same, sixteen bytes at a time, for what heads are mostly made of: BYTE_TOKEN, BYTE_VALUE. */
const char *http1_skip_name(const char *at, const char *end);
const char *http1_skip_value(const char *at, const char *end);

#endif
