/* Reads a request as a lenient server would.
 *
 *   head  = everything to the first empty line (LF or CRLF)
 *   body  = Content-Length bytes, or chunks when Transfer-Encoding says chunked, else nothing
 *
 * Invariant: head and body together hold every byte taken, apart from the chunk framing. Called by
 * peer.c; must never refuse what a gateway may send by mistake, since the tests want to see it. */
#include "heard.h"

enum { HEAD_MAX = 1 << 20, BODY_MAX = 128 << 20, LINE_MAX_BYTES = 1 << 16, FIELDS_MAX = 512 };

void heard_init(struct heard *h)
{
	*h = (struct heard){.state = HEARD_HEAD};
	buf_init(&h->head, HEAD_MAX);
	buf_init(&h->body, BODY_MAX);
	buf_init(&h->line, LINE_MAX_BYTES);
	buf_init(&h->trailers, LINE_MAX_BYTES);
	arena_init(&h->arena);
}

void heard_release(struct heard *h)
{
	buf_release(&h->head);
	buf_release(&h->body);
	buf_release(&h->line);
	buf_release(&h->trailers);
	arena_release(&h->arena);
}

void heard_clear(struct heard *h)
{
	heard_release(h);
	heard_init(h);
}

bool heard_has_head(const struct heard *h)
{
	return h->state != HEARD_HEAD;
}

bool heard_is_whole(const struct heard *h)
{
	return h->state == HEARD_DONE || h->state == HEARD_BROKEN;
}

struct str heard_field(const struct heard *h, struct str name)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (str_eq_nocase(h->fields[i].name, name))
			return h->fields[i].value;
	return STR("");
}

bool heard_keeps_alive(const struct heard *h)
{
	struct str wish = heard_field(h, STR("connection"));

	if (str_eq_nocase(wish, STR("close")))
		return false;
	return !str_eq(h->version, STR("HTTP/1.0")) || str_eq_nocase(wish, STR("keep-alive"));
}

static struct str without_line_end(struct str line)
{
	while (line.len > 0 && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == '\n'))
		line.len--;
	return line;
}

static void read_first_line(struct heard *h, struct str line)
{
	line = without_line_end(line);
	if (!str_next_field(&line, ' ', &h->method) || !str_next_field(&line, ' ', &h->target))
		return;
	h->version = line;
}

static void read_fields(struct heard *h, struct str rest)
{
	struct str line;

	h->fields = ARENA_ARRAY(&h->arena, struct heard_field, FIELDS_MAX);
	while (h->field_count < FIELDS_MAX && str_next_field(&rest, '\n', &line)) {
		line = without_line_end(line);
		size_t colon = str_find_byte(line, ':');

		if (line.len == 0)
			continue;
		h->fields[h->field_count++] = (struct heard_field){
		    str_part(line, 0, colon), str_trim(str_part(line, colon + 1, line.len))};
	}
}

static void decide_framing(struct heard *h)
{
	struct str coding = heard_field(h, STR("transfer-encoding"));
	struct str length = heard_field(h, STR("content-length"));

	if (str_find(coding, STR("chunked")) < coding.len) {
		h->framing = HEARD_CHUNKED;
		h->chunk = CHUNK_LINE;
		h->state = HEARD_BODY;
		return;
	}
	if (str_to_i64(length, 0, BODY_MAX, &h->body_left) == 0)
		h->framing = HEARD_LENGTH;
	h->state = h->body_left > 0 ? HEARD_BODY : HEARD_DONE;
}

static void finish_head(struct heard *h)
{
	struct str all = arena_copy(&h->arena, buf_str(&h->head));
	struct str first;

	if (str_next_field(&all, '\n', &first))
		read_first_line(h, first);
	read_fields(h, all);
	decide_framing(h);
}

static bool head_is_complete(const struct buf *head)
{
	struct str end = buf_str(head);

	return str_ends_with(end, STR("\r\n\r\n")) || str_ends_with(end, STR("\n\n"));
}

static size_t feed_head(struct heard *h, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_put_byte(&h->head, bytes[i]);
		if (buf_is_over(&h->head))
			h->state = HEARD_BROKEN;
		else if (bytes[i] == '\n' && head_is_complete(&h->head))
			finish_head(h);
		if (h->state != HEARD_HEAD)
			return i + 1;
	}
	return count;
}

static size_t feed_counted(struct heard *h, const char *bytes, size_t count)
{
	size_t part = (int64_t)count < h->body_left ? count : (size_t)h->body_left;

	buf_put(&h->body, (struct str){bytes, part});
	h->body_left -= (int64_t)part;
	return part;
}

static void take_chunk_line(struct heard *h)
{
	struct str line = without_line_end(buf_str(&h->line));
	int64_t size = 0;
	size_t i = 0;

	for (; i < line.len && strchr("0123456789abcdefABCDEF", line.ptr[i]) && size < BODY_MAX;
	     i++) {
		char c = line.ptr[i];

		size = size * 16 + (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	h->state = i == 0 ? HEARD_BROKEN : HEARD_BODY;
	h->body_left = size;
	h->chunk = size > 0 ? CHUNK_BYTES : CHUNK_TRAILER;
}

static void take_trailer(struct heard *h)
{
	struct str line = without_line_end(buf_str(&h->line));

	if (line.len == 0)
		h->state = HEARD_DONE;
	else
		buf_put(&h->trailers, buf_str(&h->line));
}

/* One byte of a chunk line, of the line end behind a chunk, or of the trailer. */
static void feed_line_byte(struct heard *h, char byte)
{
	buf_put_byte(&h->line, byte);
	if (buf_is_over(&h->line))
		h->state = HEARD_BROKEN;
	if (byte != '\n')
		return;
	if (h->chunk == CHUNK_LINE)
		take_chunk_line(h);
	else if (h->chunk == CHUNK_END)
		h->chunk = CHUNK_LINE;
	else
		take_trailer(h);
	buf_clear(&h->line);
}

static size_t feed_chunked(struct heard *h, const char *bytes, size_t count)
{
	if (h->chunk != CHUNK_BYTES) {
		feed_line_byte(h, bytes[0]);
		return 1;
	}
	size_t used = feed_counted(h, bytes, count);

	if (h->body_left == 0)
		h->chunk = CHUNK_END;
	return used;
}

size_t heard_feed(struct heard *h, const char *bytes, size_t count)
{
	size_t used = 0;

	while (used < count && !heard_is_whole(h)) {
		if (h->state == HEARD_HEAD)
			used += feed_head(h, bytes + used, count - used);
		else if (h->framing == HEARD_CHUNKED)
			used += feed_chunked(h, bytes + used, count - used);
		else
			used += feed_counted(h, bytes + used, count - used);
		if (h->state == HEARD_BODY && h->framing == HEARD_LENGTH && h->body_left == 0)
			h->state = HEARD_DONE;
	}
	h->wire_bytes += (int64_t)used;
	return used;
}
