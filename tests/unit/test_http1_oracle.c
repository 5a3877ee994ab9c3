/* The parser against http-parser, Debian's archived but well-tried one, over mutated messages.
 *
 * What both take, both must understand alike: method, target, fields, framing, body, whether the
 * connection goes on, and where the message ends - a difference there is request smuggling. We may
 * refuse more. Known to be refused by us alone: bare LF and other loose line ends, obs-fold, blanks
 * before a colon or in chunk sizes, no or strange Host, lower-case methods, CONNECT, targets with
 * '#' or no leading '/', HTTP versions but 1.0 and 1.1, equal Content-Lengths, codings that we
 * could not undo, expectations, long heads and chunk lines. We take four things that http-parser
 * does not: methods that it has no number for, fields whose names only begin like one of framing
 * ("Transfer-Encoding5"), fields of trailers that look like framing, and a tab behind a number. */
#include "http1_run.h"

#include "check.h"

#include <http_parser.h>

enum { ROUNDS = 300000, MESSAGE_MAX = 600 };

static const char *const seeds[] = {
    "POST /v1/chat/completions?x=1 HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 5\r\n"
    "Connection: keep-alive\r\n\r\nhelloGET / HTTP/1.1\r\n",
    "POST /v1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=\"y\"\r\n"
    "abc\r\n0\r\nA: b\r\n\r\nGET /",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\nX:\t v \r\n\r\nGET /",
    "GET http://a/b HTTP/1.1\r\nHost: a\r\nConnection: close, te\r\nTE: trailers\r\n\r\nrest",
    "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: "
    "chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n0123456789",
};

/* Pieces that mutation puts in: what smuggling is made of. */
static const char *const pieces[] = {
    "\r\n", "\n", "\r",       " ",  "\t",          ":",        ",",
    ";",    "0",  "+",        "-",  "0x",          "chunked",  "Transfer-Encoding: chunked\r\n",
    "\0x",  "\v", "identity", "\f", "Host: a\r\n", "\r\n\r\n", "Content-Length: 5\r\n",
    "5",    "f",  "close",    "_",  "\x80",        "\x7f",     "9999999999999999999",
};

static uint64_t random_state = 0x9e3779b97f4a7c15u;

static size_t pick(size_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (size_t)(random_state % below);
}

struct oracle {
	http_parser parser;
	struct buf url, fields, body; /* fields: "name=value\n" */
	bool in_value, has_head, complete, keep_alive;
	bool chunked;
	int64_t length; /* -1: none */
	size_t taken;
};

static int on_url(http_parser *p, const char *at, size_t len)
{
	buf_put(&((struct oracle *)p->data)->url, (struct str){at, len});
	return 0;
}

static void end_value(struct oracle *o)
{
	while (
	    o->in_value && o->fields.len &&
	    (o->fields.ptr[o->fields.len - 1] == ' ' || o->fields.ptr[o->fields.len - 1] == '\t'))
		o->fields.len--;
	if (o->in_value)
		buf_put_byte(&o->fields, '\n');
	o->in_value = false;
}

static int on_field(http_parser *p, const char *at, size_t len)
{
	struct oracle *o = p->data;

	if (o->has_head)
		return 0;
	end_value(o);
	buf_put(&o->fields, (struct str){at, len});
	return 0;
}

static int on_value(http_parser *p, const char *at, size_t len)
{
	struct oracle *o = p->data;

	if (o->has_head)
		return 0;
	if (!o->in_value)
		buf_put(&o->fields, STR("="));
	o->in_value = true;
	buf_put(&o->fields, (struct str){at, len});
	return 0;
}

static int on_head(http_parser *p)
{
	struct oracle *o = p->data;

	end_value(o);
	o->has_head = true;
	o->chunked = p->flags & F_CHUNKED;
	o->length = p->flags & F_CONTENTLENGTH ? (int64_t)p->content_length : -1;
	o->keep_alive = http_should_keep_alive(p);
	return 0;
}

static int on_body(http_parser *p, const char *at, size_t len)
{
	buf_put(&((struct oracle *)p->data)->body, (struct str){at, len});
	return 0;
}

static int on_complete(http_parser *p)
{
	((struct oracle *)p->data)->complete = true;
	http_parser_pause(p, 1);
	return 0;
}

static void oracle_read(struct oracle *o, struct str bytes)
{
	http_parser_settings calls = {.on_url = on_url,
	                              .on_header_field = on_field,
	                              .on_header_value = on_value,
	                              .on_headers_complete = on_head,
	                              .on_body = on_body,
	                              .on_message_complete = on_complete};

	*o = (struct oracle){.length = -1};
	buf_init(&o->url, SIZE_MAX);
	buf_init(&o->fields, SIZE_MAX);
	buf_init(&o->body, SIZE_MAX);
	http_parser_init(&o->parser, HTTP_REQUEST);
	o->parser.data = o;
	o->taken = http_parser_execute(&o->parser, &calls, bytes.ptr, bytes.len);
}

static void oracle_release(struct oracle *o)
{
	buf_release(&o->url);
	buf_release(&o->fields);
	buf_release(&o->body);
}

static bool oracle_refused(const struct oracle *o)
{
	enum http_errno e = HTTP_PARSER_ERRNO(&o->parser);

	return e != HPE_OK && e != HPE_PAUSED;
}

static void mutate(struct buf *message)
{
	const char *seed = seeds[pick(sizeof seeds / sizeof seeds[0])];
	struct buf out;

	buf_clear(message);
	buf_put(message, str_of(seed));
	buf_init(&out, MESSAGE_MAX * 2);
	for (size_t n = pick(4); n > 0; n--) {
		const char *piece = pieces[pick(sizeof pieces / sizeof pieces[0])];
		size_t at = pick(message->len), drop = pick(4) ? 0 : pick(6);
		struct str added = {piece, *piece ? strlen(piece) : 2};

		buf_clear(&out);
		buf_put(&out, str_part(buf_str(message), 0, at));
		buf_put(&out, pick(8) ? added : str_part(buf_str(message), at, pick(40)));
		buf_put(&out, str_part(buf_str(message), at + drop, SIZE_MAX));
		buf_clear(message);
		buf_put(message, buf_str(&out));
	}
	buf_release(&out);
}

static void put_fields(struct buf *out, const struct http_head *h)
{
	for (int i = 0; i < h->header_count; i++) {
		buf_put(out, h->headers[i].name);
		buf_put(out, STR("="));
		buf_put(out, h->headers[i].value);
		buf_put_byte(out, '\n');
	}
}

/* Tabs and empty items in lists: http-parser misses the tokens next to them. */
static bool has_odd_list(const struct buf *message)
{
	struct str all = buf_str(message);

	return str_find_byte(all, '\t') < all.len || str_find(all, STR(":,")) < all.len ||
	       str_find(all, STR(",,")) < all.len || str_find(all, STR(" ,")) < all.len;
}

static bool agree(const struct http1_run *r, const struct oracle *o, size_t total)
{
	struct buf fields;
	bool same = true;

	buf_init(&fields, SIZE_MAX);
	put_fields(&fields, &r->head);
	same &= CHECK_STR(r->head.method, str_of(http_method_str(o->parser.method)));
	same &= CHECK_STR(r->head.target, buf_str(&o->url));
	same &= CHECK_STR(buf_str(&fields), buf_str(&o->fields));
	same &= CHECK((r->head.framing == HTTP_CHUNKED) == o->chunked);
	same &= CHECK(o->length == (r->head.framing == HTTP_LENGTH ? r->head.content_length : -1));
	same &= CHECK(r->head.keep_alive == o->keep_alive || has_odd_list(&r->bytes));
	same &= CHECK_STR(buf_str(&r->payload), buf_str(&o->body));
	same &= CHECK((r->fed == HTTP1_END) == o->complete);
	if (r->fed == HTTP1_END && o->complete)
		same &= CHECK(total - r->rest == o->taken);
	buf_release(&fields);
	return same;
}

/* Whether some field's name only begins like one that decides about framing. */
static bool has_lookalike(const struct http_head *h)
{
	for (int i = 0; i < h->header_count; i++) {
		struct str name = h->headers[i].name;

		if ((name.len > 17 &&
		     str_eq_nocase(str_part(name, 0, 17), STR("transfer-encoding"))) ||
		    (name.len > 14 && str_eq_nocase(str_part(name, 0, 14), STR("content-length"))))
			return true;
	}
	return false;
}

/* The things that we take and http-parser does not. */
static bool may_differ(const struct http1_run *r, const struct oracle *o)
{
	enum http_errno e = HTTP_PARSER_ERRNO(&o->parser);

	if (e == HPE_INVALID_METHOD)
		return true;
	if (e == HPE_INVALID_CONTENT_LENGTH && has_odd_list(&r->bytes))
		return true;
	if (e != HPE_UNEXPECTED_CONTENT_LENGTH && e != HPE_INVALID_CONTENT_LENGTH &&
	    e != HPE_INVALID_TRANSFER_ENCODING)
		return false;
	return has_lookalike(&r->head) || (r->head.framing == HTTP_CHUNKED && o->has_head);
}

static void compare(struct str bytes, int *both)
{
	struct http1_run r;
	struct oracle o;
	bool fine = true;

	http1_run_init(&r, STR(""));
	http1_run_feed(&r, bytes);
	oracle_read(&o, bytes);
	if (r.has_head && r.fed != HTTP1_BAD) {
		if (oracle_refused(&o))
			fine = CHECK(may_differ(&r, &o));
		else if (CHECK(o.has_head) && !r.head.wants_upgrade)
			fine = agree(&r, &o, bytes.len);
		*both += o.has_head;
	}
	struct str told = http1_run_text(&r);

	if (!fine)
		printf("    we: %.*s\n    http-parser: %s\n    of \"%.*s\"\n", STR_ARG(told),
		       http_errno_name(HTTP_PARSER_ERRNO(&o.parser)), STR_ARG(bytes));
	oracle_release(&o);
	http1_run_release(&r);
}

int main(void)
{
	struct buf message;
	int both = 0;

	buf_init(&message, MESSAGE_MAX * 2);
	for (int i = 0; i < ROUNDS && check_failed < 10; i++) {
		mutate(&message);
		compare(buf_str(&message), &both);
	}
	CHECK(both > ROUNDS / 5);
	buf_release(&message);
	return check_report("http1_oracle");
}
