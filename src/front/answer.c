/* Heads of answers.
 *
 *	HTTP/1.1 200 OK CRLF
 *	Date: Sun, 22 Nov 2026 15:20:43 GMT CRLF
 *	(the given fields)
 *	Content-Length: 5 CRLF          or  Transfer-Encoding: chunked CRLF
 *	Connection: close CRLF          when it does
 *	CRLF
 *
 * Measured first, then written with plain copies: this runs for every answer. Field values may come
 * from providers or from requests (a model's name): CR, LF and NUL in them become blanks, so that
 * nobody can write a field, or an answer, of their own into ours. Called by stream.c and conn.c. */
#include "front/answer.h"

/* The status codes of RFC 9110 that a gateway meets; others go out without a phrase, which is
 * allowed and which nobody reads. */
#define STATUSES(X)                                                                                \
	X(200, "OK")                                                                               \
	X(201, "Created")                                                                          \
	X(202, "Accepted")                                                                         \
	X(204, "No Content")                                                                       \
	X(304, "Not Modified")                                                                     \
	X(400, "Bad Request")                                                                      \
	X(401, "Unauthorized")                                                                     \
	X(402, "Payment Required")                                                                 \
	X(403, "Forbidden")                                                                        \
	X(404, "Not Found")                                                                        \
	X(405, "Method Not Allowed")                                                               \
	X(408, "Request Timeout")                                                                  \
	X(409, "Conflict")                                                                         \
	X(411, "Length Required")                                                                  \
	X(413, "Content Too Large")                                                                \
	X(415, "Unsupported Media Type")                                                           \
	X(417, "Expectation Failed")                                                               \
	X(422, "Unprocessable Content")                                                            \
	X(426, "Upgrade Required")                                                                 \
	X(429, "Too Many Requests")                                                                \
	X(431, "Request Header Fields Too Large")                                                  \
	X(500, "Internal Server Error")                                                            \
	X(501, "Not Implemented")                                                                  \
	X(502, "Bad Gateway")                                                                      \
	X(503, "Service Unavailable")                                                              \
	X(504, "Gateway Timeout")                                                                  \
	X(505, "HTTP Version Not Supported")

static const struct {
	int status;
	struct str line;
} status_lines[] = {
#define X(status, phrase) {status, STR_INIT("HTTP/1.1 " #status " " phrase "\r\n")},
    STATUSES(X)
#undef X
};

static const struct str connection_fields[] = {
    [ANSWER_KEEPS] = STR_INIT("\r\n"),
    [ANSWER_SAYS_KEEPS] = STR_INIT("Connection: keep-alive\r\n\r\n"),
    [ANSWER_CLOSES] = STR_INIT("Connection: close\r\n\r\n"),
};

enum { NUMBER_BYTES = 20, FRAME_BYTES = 256 }; /* all but the given fields */

static char *put(char *at, struct str text)
{
	memcpy(at, text.ptr, text.len);
	return at + text.len;
}

static char *put_number(char *at, int64_t value)
{
	char digits[NUMBER_BYTES];
	size_t first = sizeof digits;

	must(value >= 0);
	do
		digits[--first] = (char)('0' + value % 10);
	while (value /= 10);
	return put(at, (struct str){digits + first, sizeof digits - first});
}

static char *put_value(char *at, struct str value)
{
	if (str_is_printable(value))
		return put(at, value);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		at[i] = c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
	}
	return at + value.len;
}

static size_t fields_bytes(const struct http_header *fields, int count)
{
	size_t bytes = 0;

	for (int i = 0; i < count; i++)
		bytes += fields[i].name.len + fields[i].value.len + 4;
	return bytes;
}

static char *put_fields(char *at, const struct http_header *fields, int count)
{
	for (int i = 0; i < count; i++) {
		at = put(at, fields[i].name);
		at = put(at, STR(": "));
		at = put_value(at, fields[i].value);
		at = put(at, STR("\r\n"));
	}
	return at;
}

static char *put_status(char *at, int status)
{
	for (size_t i = 0; i < sizeof status_lines / sizeof status_lines[0]; i++)
		if (status_lines[i].status == status)
			return put(at, status_lines[i].line);
	must(status >= 100 && status <= 999);
	at = put(at, STR("HTTP/1.1 "));
	at = put_number(at, status);
	return put(at, STR(" \r\n"));
}

static char *put_framing(char *at, const struct answer *a)
{
	if (a->framing == ANSWER_CHUNKED)
		return put(at, STR("Transfer-Encoding: chunked\r\n"));
	if (a->framing != ANSWER_LENGTH)
		return at;
	at = put(at, STR("Content-Length: "));
	at = put_number(at, a->length);
	return put(at, STR("\r\n"));
}

void answer_put_head(struct out *out, const struct answer *a)
{
	char *start = out_room(out, fields_bytes(a->headers, a->count) + FRAME_BYTES), *at = start;

	if (start == NULL)
		return;
	at = put_status(at, a->status);
	at = put(at, STR("Date: "));
	at = put(at, a->date);
	at = put(at, STR("\r\n"));
	at = put_fields(at, a->headers, a->count);
	at = put_framing(at, a);
	at = put(at, connection_fields[a->connection]);
	out_wrote(out, (size_t)(at - start));
}

void answer_put_fields(struct out *out, const struct http_header *fields, int count)
{
	char *start = out_room(out, fields_bytes(fields, count));

	if (start)
		out_wrote(out, (size_t)(put_fields(start, fields, count) - start));
}
