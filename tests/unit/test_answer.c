/* Answers as pure bytes: what they give, split anywhere, handed over or gathered. */
#include "upstream/answer.h"

#include "check.h"

#include <sys/mman.h>

struct outcome {
	enum answer_fed fed;
	int status;
	size_t leftover;
	char body[512];
	size_t body_len;
};

static void collect(struct outcome *out, struct str bytes)
{
	if (out->body_len + bytes.len > sizeof out->body)
		bytes.len = sizeof out->body - out->body_len;
	if (bytes.len)
		memcpy(out->body + out->body_len, bytes.ptr, bytes.len);
	out->body_len += bytes.len;
}

/* Feeds `len` bytes: into the answer's own room when it has one, else from `from`. */
static enum answer_fed feed_piece(struct answer *a, char *from, size_t len)
{
	size_t room_len = 0;
	char *room = answer_room(a, &room_len);

	if (room == NULL)
		return answer_feed(a, from, len);
	if (len > room_len)
		len = room_len;
	memcpy(room, from, len);
	return answer_feed(a, room, len);
}

/* In pieces of `piece` bytes; takes what is handed over, each time half of it. */
static struct outcome run(struct str bytes, size_t piece, size_t gather_max, const char *method)
{
	struct outcome out = {0};
	struct arena arena;
	struct answer a;
	char copy[1024];

	arena_init(&arena);
	answer_init(&a, &arena, str_of(method), gather_max);
	must(bytes.len <= sizeof copy);
	memcpy(copy, bytes.ptr, bytes.len);
	for (size_t at = 0; at < bytes.len && out.fed == ANSWER_MORE; at += piece) {
		size_t len = str_part(bytes, at, piece).len;

		out.fed = feed_piece(&a, copy + at, len);
		if (!a.gather_max) {
			size_t half = answer_body(&a).len / 2;

			collect(&out, str_part(answer_body(&a), 0, half));
			answer_take(&a, half);
		}
		answer_keep(&a);
		memset(copy + at, '?', len);
	}
	collect(&out, answer_body(&a));
	out.status = a.head ? a.head->status : 0;
	out.leftover = a.leftover;
	answer_release(&a);
	arena_release(&arena);
	return out;
}

struct trial {
	const char *bytes;
	enum answer_fed fed;
	int status;
	const char *body;
};

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static const struct trial trials[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", ANSWER_END, 200, "hello"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ANSWER_END, 200, ""},
    {"HTTP/1.1 204 No\r\n\r\n", ANSWER_END, 204, ""},
    {"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno", ANSWER_END, 500, "no"},
    {CHUNKED "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: x\r\n\r\n", ANSWER_END, 200,
     "hello world"},
    {CHUNKED "5\r\nhel", ANSWER_MORE, 200, "hel"},
    {CHUNKED "5\r\nhelloX", ANSWER_BAD, 200, "hello"},
    {CHUNKED "-5\r\nhello", ANSWER_BAD, 200, ""},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
     ANSWER_END, 200, "ok"},
    {"HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", ANSWER_BAD, 0, ""},
    {"HTTP/1.1 200 OK\r\n\r\nuntil the end", ANSWER_MORE, 200, "until the end"},
    {"garbage\r\n\r\n", ANSWER_BAD, 0, ""},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", ANSWER_BAD, 0, ""},
    {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
     "Content-Length: 9\r\n\r\ndata: x\n\n",
     ANSWER_END, 200, "data: x\n\n"},
};

static void test_every_split(void)
{
	for (size_t i = 0; i < sizeof trials / sizeof *trials; i++) {
		struct str bytes = str_of(trials[i].bytes);

		for (size_t piece = 1; piece <= 2 * bytes.len; piece++) {
			size_t gather_max = piece > bytes.len ? 100 : 0;
			struct outcome got =
			    run(bytes, (piece - 1) % bytes.len + 1, gather_max, "POST");

			CHECK(got.fed == trials[i].fed);
			CHECK(got.status == trials[i].status);
			if (gather_max == 0 || got.fed == ANSWER_END)
				CHECK_STR(((struct str){got.body, got.body_len}),
				          str_of(trials[i].body));
		}
	}
}

static void test_caps(void)
{
	struct str known = STR("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world");
	struct str chunks = STR(CHUNKED "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
	struct str lie = STR("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n");
	char many[1024] = "";
	size_t len = 0;

	CHECK(run(known, 1024, 11, "POST").fed == ANSWER_END);
	CHECK(run(known, 1024, 10, "POST").fed == ANSWER_TOO_LARGE);
	CHECK(run(chunks, 1, 11, "POST").fed == ANSWER_END);
	CHECK(run(chunks, 1, 10, "POST").fed == ANSWER_TOO_LARGE);
	CHECK(run(lie, 1024, 1000, "POST").fed == ANSWER_TOO_LARGE);
	CHECK(run(known, 1024, 100, "HEAD").fed == ANSWER_END);
	CHECK(run(known, 1024, 100, "HEAD").leftover == 11);
	for (int i = 0; i < 40; i++, len += 17)
		memcpy(many + len, "HTTP/1.1 100 \r\n\r\n", 17);
	CHECK(run((struct str){many, len}, 7, 0, "POST").fed == ANSWER_BAD);
}

static void test_leftover(void)
{
	struct str bytes = STR("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK");

	CHECK(run(bytes, 1024, 0, "POST").leftover == 15);
	CHECK(run(bytes, 1024, 100, "POST").leftover == 15);
	CHECK(run(bytes, 39, 100, "POST").leftover == 1); /* the spare byte */
	CHECK(run(bytes, 38, 100, "POST").leftover == 1);
}

/* The last byte of the input is the last of its page. */
static void test_guard_page(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(pages != MAP_FAILED && mprotect(pages + 4096, 4096, PROT_NONE) == 0);
	for (size_t i = 0; i < sizeof trials / sizeof *trials; i++) {
		struct str bytes = str_of(trials[i].bytes);

		for (size_t len = 1; len <= bytes.len; len++) {
			struct arena arena;
			struct answer a;

			arena_init(&arena);
			answer_init(&a, &arena, STR("POST"), 100);
			memcpy(pages + 4096 - len, bytes.ptr, len);
			CHECK(answer_feed(&a, pages + 4096 - len, len) <= ANSWER_TOO_LARGE);
			answer_release(&a);
			arena_release(&arena);
		}
	}
	munmap(pages, 8192);
}

int main(void)
{
	test_every_split();
	test_caps();
	test_leftover();
	test_guard_page();
	return check_report("answer");
}
