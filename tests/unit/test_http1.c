/* The strict HTTP/1 parser: what is taken and how it is understood, what is refused and with which
 * status, at every split point of its bytes and with its last byte at a guard page. */
#include "http1_run.h"

#include "check.h"

#include <sys/mman.h>

struct row {
	struct str bytes;
	struct str want; /* as http1_run tells it; see there */
};

#define ROW(bytes, want)                                                                           \
	{                                                                                          \
		STR_INIT(bytes), STR_INIT(want)                                                    \
	}
#define H "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\n" H
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static const struct row requests[] = {
    /* the plain ones */
    ROW(GET H "\r\n", "GET / 1.1 none alive fields 1 |  | end"),
    ROW("\r\n\r\n" GET H "\r\n", "GET / 1.1 none alive fields 1 |  | end"),
    ROW(GET H "\r\nGET", "GET / 1.1 none alive fields 1 |  | end rest 3"),
    ROW("GET /a/b?c=d?e HTTP/1.1\r\n" H "\r\n", "GET /a/b?c=d?e 1.1 none alive fields 1 |  | end"),
    ROW("GET /a? HTTP/1.1\r\n" H "\r\n", "GET /a 1.1 none alive fields 1 |  | end"),
    ROW("GET /|{\"} HTTP/1.1\r\n" H "\r\n", "GET /|{\"} 1.1 none alive fields 1 |  | end"),
    ROW("M-SEARCH / HTTP/1.1\r\n" H "\r\n", "M-SEARCH / 1.1 none alive fields 1 |  | end"),
    ROW("GET http://a:1/b?c HTTP/1.1\r\n" H "\r\n", "GET /b?c 1.1 none alive fields 1 |  | end"),
    ROW("GET HTTPS://a?c HTTP/1.1\r\n" H "\r\n", "GET /?c 1.1 none alive fields 1 |  | end"),
    ROW("OPTIONS * HTTP/1.1\r\n" H "\r\n", "OPTIONS * 1.1 none alive fields 1 |  | end"),
    ROW(POST "content-length:\t5 \r\n\r\nhelloGET",
        "POST / 1.1 length 5 alive fields 2 | hello | end rest 3"),
    ROW(POST "Content-Length: 0\r\n\r\n", "POST / 1.1 length 0 alive fields 2 |  | end"),
    ROW(POST "Content-Length: 007\r\n\r\nhello",
        "POST / 1.1 length 7 alive fields 2 | hello | more"),
    ROW(POST "Content-Length: 9223372036854775807\r\n\r\n",
        "POST / 1.1 length 9223372036854775807 alive fields 2 |  | more"),
    ROW(GET H "X:\r\nY: a\tb \xff \r\n\r\n", "GET / 1.1 none alive fields 3 |  | end"),
    ROW(GET "Host: [::1]:80\r\n\r\n", "GET / 1.1 none alive fields 1 |  | end"),
    /* the connection */
    ROW(GET H "Connection: x, Close\r\n\r\n", "GET / 1.1 none fields 2 |  | end"),
    ROW(GET H "Connection: keep-alive\r\nConnection: close\r\n\r\n",
        "GET / 1.1 none fields 3 |  | end"),
    ROW("GET / HTTP/1.0\r\n\r\n", "GET / 1.0 none fields 0 |  | end"),
    ROW("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
        "GET / 1.0 none alive fields 1 |  | end"),
    ROW(GET H "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET / 1.1 none alive upgrade fields 3 |  | end"),
    ROW(GET H "Upgrade: websocket\r\n\r\n", "GET / 1.1 none alive fields 2 |  | end"),
    ROW(GET H "TE: gzip;q=0, trailers\r\n\r\n", "GET / 1.1 none alive trailers fields 2 |  | end"),
    ROW(POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n",
        "POST / 1.1 length 1 alive continue fields 3 |  | more"),
    ROW("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", "POST / 1.0 none fields 1 |  | end"),
    /* chunks */
    ROW(CHUNKED "5\r\nhello\r\n0\r\n\r\nGET",
        "POST / 1.1 chunked alive fields 2 | hello | end rest 3"),
    ROW(CHUNKED "2\r\nhe\r\n0003;a=\"b c\"\r\nllo\r\n00;x\r\nA: b\r\nC:\r\n\r\n",
        "POST / 1.1 chunked alive fields 2 | hello | end"),
    ROW(POST "Transfer-Encoding:  Chunked \r\n\r\na\r\n0123456789\r\n",
        "POST / 1.1 chunked alive fields 2 | 0123456789 | more"),
    ROW(CHUNKED "7fffffffffffffff\r\nab", "POST / 1.1 chunked alive fields 2 | ab | more"),
    ROW("GET / HTTP/1.1\r\nHost: a\r\n", "wants more"),
    ROW("\r", "wants more"),
};

/* Each line is a way to make two readers disagree, to inject, or to waste us. */
static const struct row hostile[] = {
    /* length */
    ROW(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", "400"),
    ROW(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", "400"),
    ROW(POST "Content-Length: 5, 5\r\n\r\n", "400"),
    ROW(POST "Content-Length: +35\r\n\r\n", "400"),
    ROW(POST "Content-Length: -1\r\n\r\n", "400"),
    ROW(POST "Content-Length: 0x23\r\n\r\n", "400"),
    ROW(POST "Content-Length: 3 5\r\n\r\n", "400"),
    ROW(POST "Content-Length: 5.0\r\n\r\n", "400"),
    ROW(POST "Content-Length:\r\n\r\n", "400"),
    ROW(POST "Content-Length: 9223372036854775808\r\n\r\n", "400"),
    ROW(POST "Content-Length: 18446744073709551621\r\n\r\n", "400"),
    ROW(POST "Content-Length: \xd9\xa3\r\n\r\n", "400"),
    ROW(POST "Content-Length : 5\r\n\r\n", "400"),
    /* coding */
    ROW(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "400"),
    ROW(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", "400"),
    ROW(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "400"),
    ROW(POST "Transfer-Encoding: chunked, chunked\r\n\r\n", "501"),
    ROW(POST "Transfer-Encoding: gzip, chunked\r\n\r\n", "501"),
    ROW(POST "Transfer-Encoding: chunked, identity\r\n\r\n", "501"),
    ROW(POST "Transfer-Encoding: identity\r\n\r\n", "501"),
    ROW(POST "Transfer-Encoding: xchunked\r\n\r\n", "501"),
    ROW(POST "Transfer-Encoding: chunked;q=1\r\n\r\n", "501"),
    ROW(POST "Transfer-Encoding: \"chunked\"\r\n\r\n", "501"),
    ROW(POST "Transfer-Encoding:\r\n\r\n", "501"),
    ROW(POST "Transfer-Encoding: \x0b"
             "chunked\r\n\r\n",
        "400"),
    ROW(POST "Transfer-Encoding : chunked\r\n\r\n", "400"),
    ROW(POST "Transfer-Encoding\t: chunked\r\n\r\n", "400"),
    ROW(POST " Transfer-Encoding: chunked\r\n\r\n", "400"),
    ROW(POST "Transfer-Encoding:\r\n chunked\r\n\r\n", "400"),
    ROW("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400"),
    /* lines */
    ROW("GET / HTTP/1.1\nHost: a\n\n", "400"),
    ROW(GET "Host: a\n\r\n", "400"),
    ROW(GET H "\n", "400"),
    ROW(GET H "X: a\rb\r\n\r\n", "400"),
    ROW(GET H "X: a\r\r\n\r\n", "400"),
    ROW(GET H "X: a\0b\r\n\r\n", "400"),
    ROW(GET H "X\0: a\r\n\r\n", "400"),
    ROW(GET H "X: a\x7f\r\n\r\n", "400"),
    ROW(GET H "X: a\x01\r\n\r\n", "400"),
    ROW(GET H "X: 0123456789abcdef0123456789abcdef\x1b[0m\r\n\r\n", "400"),
    ROW(GET H "X: a\r\n b\r\n\r\n", "400"),
    ROW(GET H "X: a\r\n\tb\r\n\r\n", "400"),
    ROW(GET " X: a\r\n" H "\r\n", "400"),
    ROW(GET H "X\r\n\r\n", "400"),
    ROW(GET H ": a\r\n\r\n", "400"),
    ROW(GET H "X Y: a\r\n\r\n", "400"),
    ROW(GET H "X(: a\r\n\r\n", "400"),
    ROW(GET H "X\xe9: a\r\n\r\n", "400"),
    ROW("\rGET / HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("\nGET / HTTP/1.1\r\n" H "\r\n", "400"),
    /* the host */
    ROW(GET "\r\n", "400"),
    ROW(GET H H "\r\n", "400"),
    ROW("GET / HTTP/1.0\r\n" H H "\r\n", "400"),
    ROW(GET "Host:\r\n\r\n", "400"),
    ROW(GET "Host: a/b\r\n\r\n", "400"),
    ROW(GET "Host: a b\r\n\r\n", "400"),
    ROW(GET "Host: a, b\r\n\r\n", "400"),
    ROW(GET "Host: u@a\r\n\r\n", "400"),
    ROW(GET "Host: a:8x\r\n\r\n", "400"),
    ROW(GET "Host: a:80:80\r\n\r\n", "400"),
    ROW(GET "Host: :80\r\n\r\n", "400"),
    ROW(GET "Host: [::1\r\n\r\n", "400"),
    ROW(GET "Host: [::1]x\r\n\r\n", "400"),
    ROW("GET http://a:8x/ HTTP/1.1\r\n" H "\r\n", "400"),
    /* the first line */
    ROW("GET / HTTP/2.0\r\n" H "\r\n", "505"),
    ROW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
    ROW("GET / HTTP/1.2\r\n" H "\r\n", "505"),
    ROW("GET / HTTP/0.9\r\n" H "\r\n", "505"),
    ROW("GET / HTTP/11\r\n" H "\r\n", "400"),
    ROW("GET / HTTP/1.10\r\n" H "\r\n", "400"),
    ROW("GET / http/1.1\r\n" H "\r\n", "400"),
    ROW("GET / HTTP/1.1 \r\n" H "\r\n", "400"),
    ROW("GET /\r\n" H "\r\n", "400"),
    ROW("GET  / HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("GET /  HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("GET\t/ HTTP/1.1\r\n" H "\r\n", "400"),
    ROW(" GET / HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("get / HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("G@T / HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("GET /a b HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("GET /#a HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("GET a HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("GET * HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("GET ?a HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("GET http:/// HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("GET http://u@a/ HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("GET ftp://a/ HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("CONNECT a:443 HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("CONNECT / HTTP/1.1\r\n" H "\r\n", "400"),
    ROW("\x16\x03\x01\x02", "400"),
    ROW(POST "Expect: 200-maybe\r\n\r\n", "417"),
    ROW(POST "Expect: 100-continue, x\r\n\r\n", "417"),
};

/* Behind CHUNKED. */
static const struct row broken_chunks[] = {
    ROW("g\r\n", ""),         ROW("\r\n", ""),
    ROW("+5\r\nhello", ""),   ROW("-5\r\nhello", ""),
    ROW("0x5\r\nhello", ""),  ROW(" 5\r\nhello", ""),
    ROW("5 \r\nhello", ""),   ROW("5\t\r\nhello", ""),
    ROW("5 ;a\r\nhello", ""), ROW("5\nhello", ""),
    ROW("5\rhello", ""),      ROW("5;a\nhello", ""),
    ROW("5;a\rb\r\n", ""),    ROW("5;\0\r\n", ""),
    ROW("5\r\nhelloX", ""),   ROW("5\r\nhello\n", ""),
    ROW("5\r\nhello\rX", ""), ROW("8000000000000000\r\n", ""),
    ROW("0\r\nA\r\n", ""),    ROW("10000000000000005\r\nhello", ""),
    ROW("0\r\n: b\r\n", ""),  ROW("0\r\nA : b\r\n", ""),
    ROW("0\r\nA: b\n", ""),   ROW("0\r\nA: \x01\r\n", ""),
    ROW("0\r\n b\r\n", ""),   ROW("0\r\n\n", ""),
    ROW("0\r\n\rX", ""),      ROW("0\n\n", ""),
};

static const struct row answers[] = {
    ROW("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        "200 1.1 length 2 alive fields 1 | hi | end"),
    ROW("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        "200 1.1 chunked alive fields 1 | hi | end"),
    ROW("HTTP/1.1 200 \r\n\r\nhi", "200 1.1 close fields 0 | hi | more"),
    ROW("HTTP/1.0 404 Gr\xfc\xdf\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
        "404 1.0 length 0 alive fields 2 |  | end"),
    ROW("HTTP/1.1 100 Continue\r\n\r\nHTTP", "100 1.1 none alive fields 0 |  | end rest 4"),
    ROW("HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", "204 1.1 none alive fields 1 |  | end"),
    ROW("HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n", "204 1.1 none fields 1 |  | end"),
    ROW("HTTP/1.1 304 No\r\nContent-Length: 3\r\n\r\n", "304 1.1 none alive fields 1 |  | end"),
    ROW("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", "502"),
    ROW("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi", "502"),
    ROW("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "502"),
    ROW("HTTP/1.1 200 OK\nContent-Length: 2\n\n", "400"),
    ROW("HTTP/1.1 099 OK\r\n\r\n", "502"),
    ROW("HTTP/1.1 600 OK\r\n\r\n", "502"),
    ROW("HTTP/1.1 20 OK\r\n\r\n", "502"),
    ROW("HTTP/1.1 2000 OK\r\n\r\n", "502"),
    ROW("HTTP/1.1  200 OK\r\n\r\n", "502"),
    ROW("HTTP/2 200\r\n\r\n", "502"),
    ROW("ICY 200 OK\r\n\r\n", "502"),
    ROW("HTTP/1.1 200 a\0b\r\n\r\n", "502"),
    ROW("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "502"),
    ROW("\r\nHTTP/1.1 200 OK\r\n\r\n", "400"),
};

static struct str run_pieces(struct http1_run *r, struct str bytes, struct str method, size_t cut)
{
	http1_run_init(r, method);
	http1_run_feed(r, str_part(bytes, 0, cut));
	http1_run_feed(r, str_part(bytes, cut, SIZE_MAX));
	return http1_run_text(r);
}

static struct str run_bytewise(struct http1_run *r, struct str bytes, struct str method)
{
	http1_run_init(r, method);
	for (size_t i = 0; i < bytes.len; i++)
		http1_run_feed(r, str_part(bytes, i, 1));
	return http1_run_text(r);
}

/* The wanted text, whatever the split. The bytes that follow a message in a later read are told as
 * `rest` too, so all splits must agree to the letter. */
static void check_at_every_split(struct str bytes, struct str method, struct str want)
{
	struct http1_run r;

	for (size_t cut = 0; cut <= bytes.len; cut++) {
		bool fine = CHECK_STR(run_pieces(&r, bytes, method, cut), want);

		http1_run_release(&r);
		if (!fine) {
			printf("    at split %zu of \"%.*s\"\n", cut, STR_ARG(bytes));
			return;
		}
	}
	CHECK_STR(run_bytewise(&r, bytes, method), want);
	http1_run_release(&r);
}

/* The same with the last byte at the end of a page that is followed by none. */
static void check_at_guard_page(struct str bytes, struct str method, struct str want)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = bytes.len / page + 1;
	char *memory = mmap(NULL, (pages + 1) * page, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *start = memory + pages * page - bytes.len;
	size_t scanned = 0, len, taken, skip;
	struct http1_run r;

	must(memory != MAP_FAILED && mprotect(memory + pages * page, page, PROT_NONE) == 0);
	memcpy(start, bytes.ptr, bytes.len);
	http1_run_init(&r, method);
	skip = method.len ? 0 : http1_skip_empty(bytes);
	start += skip;
	int64_t head = http1_find_head((struct str){start, bytes.len - skip}, &scanned, &r.fail);

	if (head > 0 && (method.len ? http1_read_answer((struct str){start, (size_t)head}, method,
	                                                &r.arena, &r.head, &r.fail)
	                            : http1_read_request((struct str){start, (size_t)head},
	                                                 &r.arena, &r.head, &r.fail)) == 0) {
		size_t rest = bytes.len - skip - (size_t)head;

		r.has_head = true;
		http1_body_init(&r.body, &r.head);
		r.fed = http1_body_feed(&r.body, start + head, rest, &len, &taken);
		buf_put(&r.payload, (struct str){start + head, len});
		r.rest = rest - taken;
	}
	CHECK_STR(http1_run_text(&r), want);
	http1_run_release(&r);
	munmap(memory, (pages + 1) * page);
}

static void check_rows(const struct row *rows, size_t count, struct str method)
{
	for (size_t i = 0; i < count; i++) {
		check_at_every_split(rows[i].bytes, method, rows[i].want);
		check_at_guard_page(rows[i].bytes, method, rows[i].want);
	}
}

#define CHECK_ROWS(table, method) check_rows(table, sizeof(table) / sizeof(table)[0], method)

static void test_broken_chunks(void)
{
	for (size_t i = 0; i < sizeof broken_chunks / sizeof broken_chunks[0]; i++) {
		struct buf bytes;
		struct http1_run r;

		buf_init(&bytes, 4096);
		buf_put(&bytes, STR(CHUNKED));
		buf_put(&bytes, broken_chunks[i].bytes);
		struct str whole = run_pieces(&r, buf_str(&bytes), STR(""), 0);

		if (!CHECK(str_ends_with(whole, STR(" | broken"))))
			printf("    chunks \"%.*s\"\n", STR_ARG(broken_chunks[i].bytes));
		check_at_every_split(buf_str(&bytes), STR(""), whole);
		check_at_guard_page(buf_str(&bytes), STR(""), whole);
		http1_run_release(&r);
		buf_release(&bytes);
	}
}

static void put_many(struct buf *b, int count, const char *text)
{
	while (count-- > 0)
		buf_put(b, str_of(text));
}

/* before, `count` times middle, after -> want; and in two pieces. */
static void check_built(const char *before, int count, const char *middle, const char *after,
                        const char *want)
{
	struct buf bytes;
	struct http1_run r;

	buf_init(&bytes, 1 << 20);
	buf_put(&bytes, str_of(before));
	put_many(&bytes, count, middle);
	buf_put(&bytes, str_of(after));
	CHECK_STR(run_pieces(&r, buf_str(&bytes), STR(""), 0), str_of(want));
	http1_run_release(&r);
	CHECK_STR(run_pieces(&r, buf_str(&bytes), STR(""), bytes.len / 2), str_of(want));
	http1_run_release(&r);
	CHECK_STR(run_bytewise(&r, buf_str(&bytes), STR("")), str_of(want));
	http1_run_release(&r);
	buf_release(&bytes);
}

static void test_caps(void)
{
	check_built(GET H, LIMIT_HEADERS - 1, "a: b\r\n", "\r\n",
	            "GET / 1.1 none alive fields 100 |  | end");
	check_built(GET H, LIMIT_HEADERS, "a: b\r\n", "\r\n", "431");
	check_built(GET H "a: ", LIMIT_HEAD_BYTES - 32, "b", "\r\n\r\n",
	            "GET / 1.1 none alive fields 2 |  | end");
	check_built(GET H "a: ", LIMIT_HEAD_BYTES - 31, "b", "\r\n\r\n", "431");
	check_built(GET H "a: ", LIMIT_HEAD_BYTES, "b", "\n", "431");
	check_built(GET H "a: ", LIMIT_HEAD_BYTES / 2, "b", "\n", "400");
	check_built("GET /", LIMIT_TARGET_BYTES - 1, "a", " HTTP/1.0\r\nA: b\r\n", "wants more");
	check_built("GET /", LIMIT_TARGET_BYTES, "a", " HTTP/1.0\r\n\r\n", "431");
	check_built(CHUNKED "5;", LIMIT_CHUNK_LINE_BYTES - 4, "x", "\r\nhello\r\n0\r\n\r\n",
	            "POST / 1.1 chunked alive fields 2 | hello | end");
	check_built(CHUNKED "5;", LIMIT_CHUNK_LINE_BYTES - 3, "x", "\r\nhello\r\n0\r\n\r\n",
	            "POST / 1.1 chunked alive fields 2 |  | broken");
	check_built(CHUNKED "0\r\na:", LIMIT_HEAD_BYTES - 6, "x", "\r\n\r\n",
	            "POST / 1.1 chunked alive fields 2 |  | end");
	check_built(CHUNKED "0\r\na:", LIMIT_HEAD_BYTES - 5, "x", "\r\n\r\n",
	            "POST / 1.1 chunked alive fields 2 |  | broken");
}

/* Many small honest chunks pass; as many with long extensions do not. */
static void test_chunk_overhead(void)
{
	struct http1_run r;
	struct buf bytes;

	buf_init(&bytes, 1 << 20);
	buf_put(&bytes, STR(CHUNKED));
	put_many(&bytes, 2000, "1\r\na\r\n");
	CHECK(str_ends_with(run_pieces(&r, buf_str(&bytes), STR(""), 0), STR("a | more")));
	http1_run_release(&r);
	put_many(&bytes, 500,
	         "1;eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\r\na\r\n");
	CHECK(str_ends_with(run_pieces(&r, buf_str(&bytes), STR(""), 0), STR("a | broken")));
	http1_run_release(&r);
	buf_release(&bytes);
}

static void test_asking_a_head(void)
{
	struct http1_run r;
	struct str bytes = STR(GET H "A: 1\r\na: 2, close\r\nB:\r\n\r\n");

	run_pieces(&r, bytes, STR(""), 0);
	CHECK_STR(http_header(&r.head, STR("a")), STR("1"));
	CHECK(http_header(&r.head, STR("b")).ptr != NULL);
	CHECK(http_header(&r.head, STR("b")).len == 0);
	CHECK(http_header(&r.head, STR("c")).ptr == NULL);
	CHECK(http_has_token(&r.head, STR("A"), STR("CLOSE")));
	CHECK(!http_has_token(&r.head, STR("A"), STR("clos")));
	CHECK_STR(r.head.target, STR("/"));
	CHECK(r.head.query.len == 0);
	http1_run_release(&r);
}

static void test_answers_without_body(void)
{
	struct str head = STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");

	check_at_every_split(head, STR("HEAD"), STR("200 1.1 none alive fields 1 |  | end"));
	head = STR("HTTP/1.1 200 OK\r\n\r\n");
	check_at_every_split(head, STR("CONNECT"), STR("200 1.1 none alive fields 0 |  | end"));
}

int main(void)
{
	CHECK_ROWS(requests, STR(""));
	CHECK_ROWS(hostile, STR(""));
	CHECK_ROWS(answers, STR("GET"));
	test_broken_chunks();
	test_caps();
	test_chunk_overhead();
	test_asking_a_head();
	test_answers_without_body();
	return check_report("http1");
}
