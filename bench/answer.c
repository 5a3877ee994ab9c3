/* Reader of HTTP/1.1 answers for the load generator (load.c calls it).
 *
 *   head     status line, fields, empty line; gathered, so that a split does not matter
 *   body     Content-Length bytes, or chunks:
 *            SIZE-IN-HEX [;extension] CRLF bytes CRLF ... 0 CRLF [trailers] CRLF
 *
 * Invariants: state only moves as the enum says, ANSWER_DONE and ANSWER_BROKEN are final; `left` is
 * never negative. It must never do I/O and never allocate: ten thousand of them lie in one array.
 * */
#include "answer.h"

void answer_init(struct answer *a)
{
	a->state = ANSWER_HEAD;
	a->status = 0;
	a->left = 0;
	a->body_bytes = 0;
	a->newlines = 0;
	a->line_bytes = 0;
	a->head_bytes = 0;
}

static bool line_value(struct str line, struct str name, struct str *out_value)
{
	if (line.len <= name.len || line.ptr[name.len] != ':')
		return false;
	if (!str_eq_nocase(str_part(line, 0, name.len), name))
		return false;
	*out_value = str_trim(str_part(line, name.len + 1, line.len));
	return true;
}

/* Status and framing of the complete head. */
static void head_read(struct answer *a, struct str head)
{
	struct str line, value;
	int64_t number = 0;

	a->state = ANSWER_BROKEN;
	if (str_to_i64(str_part(head, 9, 3), 100, 599, &number))
		return;
	a->status = (int)number;
	a->left = -1;
	while (str_next_field(&head, '\n', &line)) {
		if (line.len && line.ptr[line.len - 1] == '\r')
			line.len--;
		if (line_value(line, STR("transfer-encoding"), &value) &&
		    str_eq_nocase(value, STR("chunked")))
			a->state = ANSWER_SIZE;
		if (line_value(line, STR("content-length"), &value) &&
		    str_to_i64(value, 0, INT64_MAX, &a->left))
			return;
	}
	if (a->state == ANSWER_BROKEN && a->left >= 0)
		a->state = a->left ? ANSWER_LENGTH : ANSWER_DONE;
	if (a->state == ANSWER_SIZE)
		a->left = 0;
}

static size_t feed_head(struct answer *a, struct str bytes)
{
	size_t before = a->head_bytes, room = sizeof(a->head) - before;
	size_t taken = bytes.len < room ? bytes.len : room;
	size_t from = before > 3 ? before - 3 : 0;
	const char *end;

	memcpy(a->head + before, bytes.ptr, taken);
	end = memmem(a->head + from, before + taken - from, "\r\n\r\n", 4);
	if (!end) {
		a->head_bytes += taken;
		if (a->head_bytes == sizeof(a->head))
			a->state = ANSWER_BROKEN;
		return taken;
	}
	a->head_bytes = (size_t)(end - a->head) + 4;
	head_read(a, (struct str){a->head, a->head_bytes - 2});
	return a->head_bytes - before;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void feed_size_byte(struct answer *a, char c)
{
	int digit = hex_digit(c);

	if (c == '\n') {
		a->state = a->left ? ANSWER_CHUNK : ANSWER_TRAILER;
		a->line_bytes = 0;
	} else if (digit >= 0 && !a->line_bytes && a->left < INT64_MAX >> 8) {
		a->left = a->left << 4 | digit;
	} else if (c == '\r' || c == ';' || a->line_bytes) {
		a->line_bytes++;
	} else {
		a->state = ANSWER_BROKEN;
	}
}

static void feed_trailer_byte(struct answer *a, char c)
{
	if (c != '\n')
		a->line_bytes += c != '\r';
	else if (a->line_bytes == 0)
		a->state = ANSWER_DONE;
	else
		a->line_bytes = 0;
}

static void feed_chunk_end_byte(struct answer *a, char c)
{
	if (c == '\n')
		a->state = ANSWER_SIZE;
	else if (c != '\r')
		a->state = ANSWER_BROKEN;
}

static void count_newlines(struct answer *a, struct str body)
{
	const char *end = body.ptr + body.len, *at = body.ptr;

	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		a->newlines++;
		at++;
	}
}

static size_t feed_body(struct answer *a, struct str bytes, struct str *out_body)
{
	*out_body = str_part(bytes, 0, (size_t)a->left);
	a->left -= (int64_t)out_body->len;
	a->body_bytes += (int64_t)out_body->len;
	count_newlines(a, *out_body);
	if (a->left == 0)
		a->state = a->state == ANSWER_LENGTH ? ANSWER_DONE : ANSWER_CHUNK_END;
	return out_body->len;
}

size_t answer_feed(struct answer *a, struct str bytes, struct str *out_body)
{
	*out_body = (struct str){bytes.ptr, 0};
	if (bytes.len == 0)
		return 0;
	switch (a->state) {
	case ANSWER_HEAD:
		return feed_head(a, bytes);
	case ANSWER_LENGTH:
	case ANSWER_CHUNK:
		return feed_body(a, bytes, out_body);
	case ANSWER_SIZE:
		feed_size_byte(a, bytes.ptr[0]);
		return 1;
	case ANSWER_CHUNK_END:
		feed_chunk_end_byte(a, bytes.ptr[0]);
		return 1;
	case ANSWER_TRAILER:
		feed_trailer_byte(a, bytes.ptr[0]);
		return 1;
	case ANSWER_DONE:
	case ANSWER_BROKEN:
		break;
	}
	return 0;
}
