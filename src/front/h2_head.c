/* From the fields of HTTP/2 to the head of HTTP/1 that means the same, and that one is read:
 *
 *	:method POST            POST /v1/messages HTTP/1.1
 *	:path /v1/messages      host: example.com
 *	:authority example.com  content-type: application/json
 *	content-type ...
 *
 * Every value is looked at before it is put, byte by byte, with the table of HTTP/1: none can end
 * its line. Called by h2_frame.c. */
#include "front/h2_head.h"

#include "front/http1_bytes.h"
#include "limits.h"

enum { FIELD_OVERHEAD = 32 };

void h2_head_init(struct h2_head *h)
{
	*h = (struct h2_head){0};
	buf_init(&h->method, LIMIT_HEAD_BYTES);
	buf_init(&h->path, LIMIT_HEAD_BYTES);
	buf_init(&h->authority, LIMIT_HEAD_BYTES);
	buf_init(&h->fields, 2 * LIMIT_HEAD_BYTES);
}

void h2_head_release(struct h2_head *h)
{
	buf_release(&h->method);
	buf_release(&h->path);
	buf_release(&h->authority);
	buf_release(&h->fields);
	h2_head_init(h);
}

void h2_head_begin(struct h2_head *h, int32_t stream)
{
	h2_head_release(h);
	h->stream = stream;
}

static bool is_all(struct str s, enum http1_byte class)
{
	return http1_skip(s.ptr, s.ptr + s.len, class) == s.ptr + s.len;
}

static void put_pseudo(struct h2_head *h, struct str name, struct str value)
{
	if (str_eq(name, STR(":method")) && is_all(value, BYTE_METHOD))
		buf_put(&h->method, value);
	else if (str_eq(name, STR(":path")) && is_all(value, BYTE_TARGET))
		buf_put(&h->path, value);
	else if (str_eq(name, STR(":authority")) && is_all(value, BYTE_HOST))
		buf_put(&h->authority, value);
	else if (!str_eq(name, STR(":scheme")))
		h->problem = "a pseudo-field with a byte that may not be there";
}

static void put_field(struct h2_head *h, struct str name, struct str value)
{
	bool is_host = str_eq(name, STR("host")) && h->authority.len;

	if (!is_all(name, BYTE_TOKEN) || !is_all(value, BYTE_VALUE))
		h->problem = "a field with a byte that may not be there";
	else if (is_host && !str_eq_nocase(value, buf_str(&h->authority)))
		h->problem = "host and :authority differ";
	if (is_host || h->problem)
		return;
	buf_put(&h->fields, name);
	buf_put(&h->fields, STR(": "));
	buf_put(&h->fields, value);
	buf_put(&h->fields, STR("\r\n"));
}

void h2_head_pass(struct h2_head *h, struct str name, struct str value)
{
	h->bytes += name.len + value.len + FIELD_OVERHEAD;
}

void h2_head_put(struct h2_head *h, struct str name, struct str value)
{
	h2_head_pass(h, name, value);
	if (h->bytes > LIMIT_HEAD_BYTES || h->problem)
		return;
	if (str_starts_with(name, STR(":")))
		put_pseudo(h, name, value);
	else
		put_field(h, name, value);
}

static struct str compose(const struct h2_head *h, struct arena *arena)
{
	bool has_host = h->authority.len > 0;

	return ARENA_JOIN(arena, buf_str(&h->method), STR(" "), buf_str(&h->path),
	                  STR(" HTTP/1.1\r\n"), has_host ? STR("host: ") : STR(""),
	                  buf_str(&h->authority), has_host ? STR("\r\n") : STR(""),
	                  buf_str(&h->fields), STR("\r\n"));
}

int h2_head_read(struct h2_head *h, bool is_whole, struct arena *arena, struct http_head *out,
                 struct fail *f)
{
	struct http_head head;

	if (h->bytes > LIMIT_HEAD_BYTES)
		return fail(f, FAIL_HEAD_TOO_LARGE, "the HTTP head is longer than %d bytes",
		            LIMIT_HEAD_BYTES);
	if (h->problem)
		return fail(f, FAIL_BAD_REQUEST, "bad HTTP head: %s", h->problem);
	if (http1_read_request(compose(h, arena), arena, &head, f) != 0)
		return -1;
	if (!is_whole && head.framing == HTTP_NO_BODY)
		head.framing = HTTP_CHUNKED; /* of a length that nobody told */
	*out = head;
	return 0;
}
