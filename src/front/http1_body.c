/* Bodies of HTTP/1 messages, decoded in place (RFC 9112 6 and 7.1).
 *
 *	chunked  = *chunk last-chunk *trailer CRLF
 *	chunk    = 1*HEX [";" extension] CRLF bytes CRLF
 *	last     = 1*"0" [";" extension] CRLF
 *	trailer  = name ":" value CRLF
 *
 * A machine over bytes; each state stands on what has been read of the drawing above. Only HEX
 * is taken as a size: no sign, no "0x", no blank before or behind. Extensions and trailers are
 * read over, within caps: a line of each, all trailers, and - since a body of one-byte chunks
 * with long extensions would cost us far more than its sender - the framing's bytes against the
 * body's.
 *
 * Called by front/conn and upstream/exchange. Pure, takes no memory. Must never write behind the
 * bytes it has read. */
#include "front/http1.h"

#include "front/http1_bytes.h"
#include "limits.h"

enum body_state {
	BODY_SIZE_FIRST, /* zero: a fresh body begins here */
	BODY_SIZE,
	BODY_EXTENSION,
	BODY_SIZE_LF,
	BODY_CHUNK,
	BODY_CHUNK_CR,
	BODY_CHUNK_LF,
	BODY_TRAILER_FIRST,
	BODY_TRAILER_NAME,
	BODY_TRAILER_VALUE,
	BODY_TRAILER_LF,
	BODY_LAST_LF,
	BODY_DONE,
	BODY_BROKEN,
};

/* What framing may cost beyond 16 bytes and the chunk itself, per chunk, before it is an attack. */
enum { OVERHEAD_PER_CHUNK = 16, OVERHEAD_MAX_BYTES = 16 * 1024 };

enum { PLAIN_DIGITS = 5 }; /* of a size that is read at once */

void http1_body_init(struct http1_body *b, const struct http_head *h)
{
	*b = (struct http1_body){.framing = h->framing};
	b->left = h->framing == HTTP_LENGTH ? h->content_length : 0;
}

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* A byte of the size: a digit, or what may stand behind one. */
static enum body_state step_size(struct http1_body *b, char byte)
{
	int digit = hex_digit(byte);

	if (digit >= 0) {
		if (b->left > INT64_MAX >> 4)
			return BODY_BROKEN;
		b->left = b->left * 16 + digit;
		return BODY_SIZE;
	}
	if (b->state == BODY_SIZE_FIRST)
		return BODY_BROKEN;
	if (byte == '\r')
		return BODY_SIZE_LF;
	return byte == ';' ? BODY_EXTENSION : BODY_BROKEN;
}

static bool is_value(char byte)
{
	return http1_bytes[(unsigned char)byte] & BYTE_VALUE;
}

static enum body_state end_size_line(struct http1_body *b)
{
	b->overhead_bytes += b->line_bytes - OVERHEAD_PER_CHUNK;
	b->overhead_bytes -= b->left < OVERHEAD_MAX_BYTES ? b->left : OVERHEAD_MAX_BYTES;
	b->line_bytes = 0;
	if (b->overhead_bytes < 0)
		b->overhead_bytes = 0;
	if (b->overhead_bytes > OVERHEAD_MAX_BYTES)
		return BODY_BROKEN;
	return b->left ? BODY_CHUNK : BODY_TRAILER_FIRST;
}

static enum body_state step_size_line(struct http1_body *b, char byte)
{
	if (++b->line_bytes > LIMIT_CHUNK_LINE_BYTES)
		return BODY_BROKEN;
	if (b->state == BODY_SIZE_LF)
		return byte == '\n' ? end_size_line(b) : BODY_BROKEN;
	if (b->state == BODY_SIZE_FIRST || b->state == BODY_SIZE)
		return step_size(b, byte);
	if (byte == '\r')
		return BODY_SIZE_LF;
	return is_value(byte) ? BODY_EXTENSION : BODY_BROKEN;
}

static enum body_state step_trailer(struct http1_body *b, char byte)
{
	bool token = http1_bytes[(unsigned char)byte] & BYTE_TOKEN;

	if (++b->trailer_bytes > LIMIT_HEAD_BYTES)
		return BODY_BROKEN;
	switch (b->state) {
	case BODY_TRAILER_FIRST:
		if (byte == '\r')
			return BODY_LAST_LF;
		return token ? BODY_TRAILER_NAME : BODY_BROKEN;
	case BODY_TRAILER_NAME:
		if (byte == ':')
			return BODY_TRAILER_VALUE;
		return token ? BODY_TRAILER_NAME : BODY_BROKEN;
	case BODY_TRAILER_VALUE:
		if (byte == '\r')
			return BODY_TRAILER_LF;
		return is_value(byte) ? BODY_TRAILER_VALUE : BODY_BROKEN;
	default:
		if (byte != '\n')
			return BODY_BROKEN;
		return b->state == BODY_LAST_LF ? BODY_DONE : BODY_TRAILER_FIRST;
	}
}

/* One byte of framing. */
static enum body_state step(struct http1_body *b, char byte)
{
	if (b->state == BODY_CHUNK_CR)
		return byte == '\r' ? BODY_CHUNK_LF : BODY_BROKEN;
	if (b->state == BODY_CHUNK_LF)
		return byte == '\n' ? BODY_SIZE_FIRST : BODY_BROKEN;
	return b->state < BODY_CHUNK ? step_size_line(b, byte) : step_trailer(b, byte);
}

/* The framing that nearly all chunks have in front, when all of it is there: the end of the chunk
 * before, a size that is not zero, no extension. Gives its length; 0: byte by byte, please. */
static size_t take_plain_framing(struct http1_body *b, const char *bytes, size_t len)
{
	size_t from = b->state == BODY_CHUNK_CR ? 2 : 0, at = from;
	int64_t size = 0;
	int digit;

	if (len < from + 3 || (from && (bytes[0] != '\r' || bytes[1] != '\n')) ||
	    (!from && b->state != BODY_SIZE_FIRST))
		return 0;
	for (; at < from + PLAIN_DIGITS && at + 2 < len; at++) {
		digit = hex_digit(bytes[at]);
		if (digit < 0)
			break;
		size = size * 16 + digit;
	}
	if (size == 0 || bytes[at] != '\r' || bytes[at + 1] != '\n')
		return 0;
	b->line_bytes = (int)(at + 2 - from);
	b->left = size;
	b->state = (int)end_size_line(b);
	return at + 2;
}

static enum http1_fed feed_chunked(struct http1_body *b, char *bytes, size_t len, size_t *out_len,
                                   size_t *out_taken)
{
	size_t at = 0, kept = 0;

	while (at < len && b->state < BODY_DONE) {
		size_t piece = len - at, framing;

		if (b->state != BODY_CHUNK) {
			framing = take_plain_framing(b, bytes + at, piece);
			if (framing == 0)
				b->state = (int)step(b, bytes[at]);
			at += framing ? framing : 1;
			continue;
		}
		if ((int64_t)piece > b->left)
			piece = (size_t)b->left;
		if (kept != at)
			memmove(bytes + kept, bytes + at, piece);
		kept += piece;
		at += piece;
		b->left -= (int64_t)piece;
		if (b->left == 0)
			b->state = BODY_CHUNK_CR;
	}
	*out_len = kept;
	*out_taken = at;
	if (b->state == BODY_BROKEN)
		return HTTP1_BAD;
	return b->state == BODY_DONE ? HTTP1_END : HTTP1_MORE;
}

enum http1_fed http1_body_feed(struct http1_body *b, char *bytes, size_t len, size_t *out_len,
                               size_t *out_taken)
{
	size_t taken = len;

	if (b->framing == HTTP_CHUNKED)
		return feed_chunked(b, bytes, len, out_len, out_taken);
	if (b->framing != HTTP_UNTIL_CLOSE) {
		if ((int64_t)taken > b->left)
			taken = (size_t)b->left;
		b->left -= (int64_t)taken;
	}
	*out_len = *out_taken = taken;
	return b->framing == HTTP_UNTIL_CLOSE || b->left ? HTTP1_MORE : HTTP1_END;
}

bool http1_body_ends_at_close(const struct http1_body *b)
{
	return b->framing == HTTP_UNTIL_CLOSE;
}
