/* One message through the parser as a connection would feed it, told as one line of text:
 *
 *	POST /v1/x?beta=true 1.1 length 5 alive fields 3 | hello | end rest 12
 *	400                       (a head that is refused)
 *	GET / 1.1 chunked alive fields 1 | ab | broken
 *	wants more                (the head has no end yet)
 *
 * so that two ways to feed the same bytes can be compared with one CHECK_STR. */
#ifndef TESTS_UNIT_HTTP1_RUN_H
#define TESTS_UNIT_HTTP1_RUN_H

#include "base/buf.h"
#include "front/http1.h"
#include "limits.h"

struct http1_run {
	struct arena arena;
	struct str answer_to; /* method; empty: a request is read */
	struct buf bytes;     /* head as it grows */
	size_t scanned;
	bool has_head;
	struct http_head head;
	struct http1_body body;
	enum http1_fed fed;
	size_t rest; /* bytes behind the message */
	struct buf text, payload;
	struct fail fail;
};

static const char *const http1_framings[] = {"none", "length", "chunked", "close"};

static void http1_run_init(struct http1_run *r, struct str answer_to)
{
	*r = (struct http1_run){.answer_to = answer_to};
	arena_init(&r->arena);
	buf_init(&r->bytes, SIZE_MAX);
	buf_init(&r->text, SIZE_MAX);
	buf_init(&r->payload, SIZE_MAX);
	fail_init(&r->fail, &r->arena);
}

static void http1_run_release(struct http1_run *r)
{
	buf_release(&r->bytes);
	buf_release(&r->text);
	buf_release(&r->payload);
	arena_release(&r->arena);
}

static void http1_run_body(struct http1_run *r, struct str bytes)
{
	char *copy = mem_get(bytes.len);
	size_t len, taken;

	if (bytes.len)
		memcpy(copy, bytes.ptr, bytes.len);
	r->fed = http1_body_feed(&r->body, copy, bytes.len, &len, &taken);
	must(len <= taken && taken <= bytes.len);
	must(r->fed != HTTP1_MORE || taken == bytes.len);
	buf_put(&r->payload, (struct str){copy, len});
	r->rest += bytes.len - taken;
	mem_put(copy);
}

static void http1_run_head(struct http1_run *r)
{
	int64_t len;

	if (r->scanned == 0 && r->answer_to.len == 0)
		buf_drop(&r->bytes, http1_skip_empty(buf_str(&r->bytes)));
	len = http1_find_head(buf_str(&r->bytes), &r->scanned, &r->fail);
	if (len <= 0)
		return;
	struct str head = {r->bytes.ptr, (size_t)len};

	if (r->answer_to.len ? http1_read_answer(head, r->answer_to, &r->arena, &r->head, &r->fail)
	                     : http1_read_request(head, &r->arena, &r->head, &r->fail))
		return;
	r->has_head = true;
	http1_body_init(&r->body, &r->head);
	http1_run_body(r, str_part(buf_str(&r->bytes), (size_t)len, SIZE_MAX));
}

static void http1_run_feed(struct http1_run *r, struct str bytes)
{
	if (fail_is_set(&r->fail) || (r->has_head && r->fed == HTTP1_BAD))
		return;
	if (r->has_head) {
		http1_run_body(r, bytes);
		return;
	}
	buf_put(&r->bytes, bytes);
	http1_run_head(r);
}

static struct str http1_run_text(struct http1_run *r)
{
	const struct http_head *h = &r->head;
	struct buf *t = &r->text;

	if (fail_is_set(&r->fail)) {
		buf_put_i64(t, fail_status(&r->fail));
		return buf_str(t);
	}
	if (!r->has_head)
		return STR("wants more");
	if (h->status)
		buf_printf(t, "%d", h->status);
	else
		buf_printf(t, "%.*s %.*s%s%.*s", STR_ARG(h->method), STR_ARG(h->path),
		           h->query.len ? "?" : "", STR_ARG(h->query));
	buf_printf(t, " 1.%d %s", h->minor, http1_framings[h->framing]);
	if (h->framing == HTTP_LENGTH)
		buf_printf(t, " %" PRId64, h->content_length);
	buf_printf(t, "%s%s%s%s fields %d | ", h->keep_alive ? " alive" : "",
	           h->expects_continue ? " continue" : "", h->wants_upgrade ? " upgrade" : "",
	           h->accepts_trailers ? " trailers" : "", h->header_count);
	buf_put(t, buf_str(&r->payload));
	buf_put(t, r->fed == HTTP1_END   ? STR(" | end")
	           : r->fed == HTTP1_BAD ? STR(" | broken")
	                                 : STR(" | more"));
	if (r->fed == HTTP1_END && r->rest)
		buf_printf(t, " rest %zu", r->rest);
	return buf_str(t);
}

#endif
