/* The front with real sockets: an echo server through the stream interface, and a client that
 * pipelines, dawdles, leaves and lies. */
#include "front_server.h"

#include "check.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: a\r\n"
#define OK "HTTP/1.1 200 OK\r\nX-Test: a  b\r\n"
#define OK_CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
#define CLOSE "Connection: close\r\n"

static struct buf heard;

struct dialogue {
	struct str says;
	struct str hears; /* until the server closes, without Date */
};

#define ROW(says, hears)                                                                           \
	{                                                                                          \
		STR_INIT(says), STR_INIT(hears)                                                    \
	}

static const struct dialogue dialogues[] = {
    ROW(POST("/echo") "Content-Length: 5\r\n" CLOSE "\r\nhello",
        OK "Content-Length: 5\r\n" CLOSE "\r\nhello"),
    ROW("\r\n" POST("/echo") "Content-Length: 0\r\n" CLOSE "\r\n",
        OK "Content-Length: 0\r\n" CLOSE "\r\n"),
    ROW(GET("/echo") CLOSE "\r\n", OK "Content-Length: 0\r\n" CLOSE "\r\n"),
    ROW(POST("/late") "Content-Length: 5\r\n" CLOSE "\r\nhello",
        OK "Content-Length: 5\r\n" CLOSE "\r\nhello"),
    ROW(POST("/echo") "Transfer-Encoding: chunked\r\n" CLOSE
                      "\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\nA: b\r\n\r\n",
        OK "Content-Length: 5\r\n" CLOSE "\r\nhello"),
    ROW(POST("/late") "Transfer-Encoding: chunked\r\n" CLOSE
                      "\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\nA: b\r\n\r\n",
        OK "Content-Length: 5\r\n" CLOSE "\r\nhello"),
    ROW(POST("/chunks") "Content-Length: 6\r\n" CLOSE "\r\nhello!",
        OK_CHUNKED CLOSE "\r\n6\r\nhello!\r\n0\r\n\r\n"),
    ROW(POST("/chunks") "Content-Length: 6\r\nTE: trailers\r\n" CLOSE "\r\nhello!",
        OK_CHUNKED CLOSE "\r\n6\r\nhello!\r\n0\r\nX-Cost: 1\r\n\r\n"),
    ROW(POST("/echo") "Content-Length: 1\r\n\r\na" GET("/204") CLOSE "\r\n",
        OK "Content-Length: 1\r\n\r\naHTTP/1.1 204 No Content\r\n" CLOSE "\r\n"),
    /* HEAD */
    ROW("HEAD /unasked HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n",
        OK "Content-Length: 4\r\n" CLOSE "\r\n"),
    ROW("HEAD /chunks HTTP/1.1\r\nHost: a\r\n\r\n" GET("/204") CLOSE "\r\n",
        OK_CHUNKED "\r\nHTTP/1.1 204 No Content\r\n" CLOSE "\r\n"),
    /* HTTP/1.0 */
    ROW("GET /unasked HTTP/1.0\r\n\r\n", OK "Content-Length: 4\r\n" CLOSE "\r\nfine"),
    ROW("POST /chunks HTTP/1.0\r\nContent-Length: 6\r\nConnection: keep-alive\r\n\r\nhello!",
        "HTTP/1.1 200 OK\r\n" CLOSE "\r\nhello!"),
    ROW("GET /unasked HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /unasked HTTP/1.0\r\n\r\n",
        OK "Content-Length: 4\r\nConnection: keep-alive\r\n\r\nfine" OK
           "Content-Length: 4\r\n" CLOSE "\r\nfine"),
    /* refusals */
    ROW(POST("/small") "Content-Length: 11\r\n\r\n01234567890",
        "HTTP/1.1 413 Content Too Large\r\nX-Test: a  b\r\nContent-Length: 45\r\n" CLOSE
        "\r\nthe body is larger than the limit of 10 bytes"),
    ROW(POST("/small") "Transfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n",
        "HTTP/1.1 413 Content Too Large\r\nX-Test: a  b\r\nContent-Length: 45\r\n" CLOSE
        "\r\nthe body is larger than the limit of 10 bytes"),
    ROW(POST("/echo") "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n",
        "HTTP/1.1 400 Bad Request\r\nX-Test: a  b\r\nContent-Length: 29\r\n" CLOSE
        "\r\nthe chunked body is malformed"),
    ROW(POST("/echo") "\r\n",
        "HTTP/1.1 411 Length Required\r\nX-Test: a  b\r\nContent-Length: 55\r\n" CLOSE
        "\r\nPOST needs Content-Length or Transfer-Encoding: chunked"),
    ROW(POST("/refuse") "Content-Length: 5\r\n\r\nhello",
        "HTTP/1.1 401 Unauthorized\r\nX-Test: a  b\r\nContent-Length: 2\r\n" CLOSE "\r\nno"),
    ROW(POST("/refuse") "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\nX-Test: a  b\r\nContent-Length: 2\r\n" CLOSE "\r\nno"),
    ROW("GET / HTTP/1.1\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 11\r\n" CLOSE
        "\r\nbad_request"),
    ROW("GET / HTTP/3.0\r\n\r\n",
        "HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Type: "
        "application/json\r\nContent-Length: 21\r\n" CLOSE "\r\nversion_not_supported"),
    ROW(GET("/") "Expect: x\r\n\r\n",
        "HTTP/1.1 417 Expectation Failed\r\nContent-Type: application/json\r\nContent-Length: "
        "18\r\n" CLOSE "\r\nexpectation_failed"),
    ROW("\x16\x03\x01",
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 11\r\n" CLOSE
        "\r\nbad_request"),
    ROW(GET("/unasked") "\r\n\nGET",
        OK "Content-Length: 4\r\n\r\nfineHTTP/1.1 400 Bad Request\r\nContent-Type: "
           "application/json\r\nContent-Length: 11\r\n" CLOSE "\r\nbad_request"),
    /* breaks */
    ROW(GET("/break") "\r\n", OK_CHUNKED "\r\n5\r\nhello\r\n"),
    ROW(GET("/broken-length") "\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"),
};

static void test_dialogues(void)
{
	for (size_t i = 0; i < sizeof dialogues / sizeof dialogues[0]; i++)
		CHECK_STR(ask(dialogues[i].says, &heard), dialogues[i].hears);
}

/* Byte by byte, each in a packet of its own. */
static void test_dialogues_bytewise(void)
{
	for (size_t i = 0; i < sizeof dialogues / sizeof dialogues[0]; i++) {
		int fd = dial();
		struct str says = dialogues[i].says;

		for (size_t at = 0; at < says.len; at++) {
			say(fd, str_part(says, at, 1));
			usleep(50);
		}
		CHECK_STR(ask_in(fd, STR(""), &heard), dialogues[i].hears);
	}
}

static void test_pipelining(void)
{
	struct buf says, wants;

	buf_init(&says, 1 << 20);
	buf_init(&wants, 1 << 20);
	for (int i = 0; i < 10; i++) {
		bool last = i == 9;

		buf_printf(&says, POST("/echo") "%sContent-Length: 2\r\n\r\n%02d",
		           last ? CLOSE : "", i);
		buf_printf(&wants, OK "Content-Length: 2\r\n%s\r\n%02d", last ? CLOSE : "", i);
	}
	for (size_t cut = 0; cut < says.len; cut++) {
		int fd = dial();

		say(fd, str_part(buf_str(&says), 0, cut));
		usleep(100);
		if (!CHECK_STR(ask_in(fd, str_part(buf_str(&says), cut, SIZE_MAX), &heard),
		               buf_str(&wants)))
			break;
	}
	buf_release(&says);
	buf_release(&wants);
}

/* A long way ahead: more than the server holds, served in order all the same. */
static void test_far_ahead(void)
{
	enum { MANY = 4000 };
	struct buf says;
	int fd = dial(), before = requests;

	buf_init(&says, 1 << 24);
	for (int i = 0; i < MANY; i++)
		buf_put(&says, STR(POST("/echo") "Content-Length: 20\r\n\r\n01234567890123456789"));
	buf_put(&says, STR(GET("/204") CLOSE "\r\n"));
	ask_in(fd, buf_str(&says), &heard);
	CHECK(str_ends_with(buf_str(&heard), STR("HTTP/1.1 204 No Content\r\n" CLOSE "\r\n")));
	CHECK(requests - before == MANY + 1);
	buf_release(&says);
}

static void test_keep_alive(void)
{
	int fd = dial();

	for (int i = 0; i < 3; i++) {
		buf_clear(&heard);
		say(fd, STR(POST("/echo") "Content-Length: 5\r\n\r\nhello"));
		CHECK(hear(fd, &heard, STR("\r\n\r\nhello"), 1));
	}
	hang_up(fd);
}

static void test_continue(void)
{
	int fd = dial();

	buf_clear(&heard);
	say(fd, STR(POST("/echo") CLOSE "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
	CHECK(hear(fd, &heard, STR("\r\n\r\n"), 1));
	CHECK_STR(buf_str(&heard), STR("HTTP/1.1 100 Continue\r\n\r\n"));
	CHECK_STR(ask_in(fd, STR("hello"), &heard),
	          STR(OK "Content-Length: 5\r\n" CLOSE "\r\nhello"));
}

/* Bodies of all sizes around the sizes of buffers, in pieces, followed by a second request. */
static void test_large_bodies(bool chunked)
{
	static const size_t sizes[] = {1, 2047, 2048, 2049, 65535, 65536, 65537, 300000, BODY_MAX};
	char *bytes = mem_get(BODY_MAX);

	for (size_t i = 0; i < BODY_MAX; i++)
		bytes[i] = (char)('a' + i % 23);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct str body = {bytes, sizes[i]};
		struct buf says;
		int fd = dial();

		buf_init(&says, 1 << 24);
		if (chunked)
			buf_printf(&says, POST("/echo") "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
			           body.len);
		else
			buf_printf(&says, POST("/echo") "Content-Length: %zu\r\n\r\n", body.len);
		buf_put(&says, body);
		if (chunked)
			buf_put(&says, STR("\r\n0\r\n\r\n"));
		say(fd, str_part(buf_str(&says), 0, says.len / 3));
		usleep(2000);
		say(fd, str_part(buf_str(&says), says.len / 3, says.len / 3));
		usleep(2000);
		say(fd, str_part(buf_str(&says), says.len / 3 * 2, SIZE_MAX));
		ask_in(fd, STR(GET("/204") CLOSE "\r\n"), &heard);
		struct str rest = str_part(
		    buf_str(&heard), str_find(buf_str(&heard), STR("\r\n\r\n")) + 4, SIZE_MAX);

		CHECK(str_starts_with(rest, body));
		CHECK_STR(str_part(rest, body.len, SIZE_MAX),
		          STR("HTTP/1.1 204 No Content\r\n" CLOSE "\r\n"));
		buf_release(&says);
	}
	CHECK(front_body_memory_used() == 0);
	mem_put(bytes);
}

/* Gone before the answer, within it, within the body; by FIN and by reset. Each is told once. */
static void test_client_gone(void)
{
	static const struct str says[] = {
	    STR_INIT(GET("/hold") "\r\n"),
	    STR_INIT(GET("/hold-begun") "\r\n"),
	    STR_INIT(POST("/echo") "Content-Length: 100\r\n\r\nhello"),
	    STR_INIT(POST("/echo") "Transfer-Encoding: chunked\r\n\r\n5\r\nhel"),
	    STR_INIT(GET("/flood") "\r\n"),
	};

	for (size_t i = 0; i < 10; i++) {
		int fd = dial(), before = gone_told, asked = requests;
		struct linger reset = {1, 0};

		say(fd, says[i / 2]);
		CHECK(wait_until(&requests, asked + 1));
		usleep(2000);
		if (i % 2)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		hang_up(fd);
		CHECK(wait_until(&gone_told, before + 1));
		CHECK(wait_until(&open_requests, 0));
	}
	CHECK(told_twice == 0);
	CHECK(front_body_memory_used() == 0);
}

static void test_half_close_is_gone(void)
{
	int fd = dial(), before = gone_told;

	say(fd, STR(GET("/hold") "\r\n"));
	usleep(2000);
	if (secure_of[fd])
		SSL_shutdown(secure_of[fd]);
	else
		shutdown(fd, SHUT_WR);
	CHECK(wait_until(&gone_told, before + 1));
	hang_up(fd);
}

/* It has sent so much ahead that it is not read from. */
static void test_client_far_ahead_gone(void)
{
	int fd = dial(), before = gone_told, asked = requests;
	char *bytes = mem_get(150000);

	say(fd, STR(GET("/hold") "\r\n"));
	say(fd, (struct str){bytes, 150000});
	CHECK(wait_until(&requests, asked + 1));
	usleep(20000);
	order(COMMAND_DUE);
	CHECK(gone_told == before);
	hang_up(fd);
	usleep(5000);
	order(COMMAND_DUE);
	CHECK(wait_until(&gone_told, before + 1));
	mem_put(bytes);
}

static void test_slow_reader(void)
{
	int fd = dial(), before = sent_told;
	size_t total = 0;
	char *room = mem_get(65536);

	say(fd, STR(GET("/flood") CLOSE "\r\n"));
	for (;;) {
		ssize_t n = hear_some(fd, room, 65536);

		if (n <= 0)
			break;
		if (total < 1000000)
			usleep(500);
		total += (size_t)n;
	}
	CHECK(total > FLOOD_BYTES && total < FLOOD_BYTES + FLOOD_BYTES / 16);
	CHECK(flood_over == 0);
	CHECK(wait_until(&sent_told, before + 1));
	hang_up(fd);
	mem_put(room);
}

/* A client that would not stop sending sees the answer, not a reset. */
static void test_answer_to_a_body_too_large(void)
{
	char *bytes = mem_get(4 * BODY_MAX);
	int fd = dial();

	say(fd, STR(POST("/small") "Content-Length: 4194304\r\n\r\n"));
	say(fd, (struct str){bytes, 4 * BODY_MAX});
	ask_in(fd, STR(""), &heard);
	CHECK(str_starts_with(buf_str(&heard), STR("HTTP/1.1 413 ")));
	mem_put(bytes);
}

static void test_body_budget(void)
{
	front_set_body_memory(1000);
	ask(STR(POST("/echo") "Content-Length: 1001\r\n\r\n"), &heard);
	CHECK(str_starts_with(buf_str(&heard), STR("HTTP/1.1 503 Service Unavailable\r\n")));
	ask(STR(POST("/echo") "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" GET(
	        "/204") CLOSE "\r\n"),
	    &heard);
	CHECK(str_starts_with(buf_str(&heard), STR("HTTP/1.1 200 OK\r\n")));
	front_set_body_memory(LIMIT_BODY_MEMORY_BYTES);
	CHECK(front_body_memory_used() == 0);
}

/* The HTTP/1.0 body that ends with the connection: a break must not look like an end. */
static void test_break_until_close(void)
{
	int fd = dial();

	buf_clear(&heard);
	say(fd, STR("GET /hold-begun HTTP/1.0\r\n\r\n"));
	CHECK(hear(fd, &heard, STR("hello"), 1));
	order(COMMAND_CUT);
	CHECK(hear_some(fd, flood_piece, 1) < 0);
	hang_up(fd);
}

static void test_timeouts(void)
{
	int idle = dial(), head = dial(), body = dial(), before = requests;

	say(head, STR("GET / HTTP"));
	say(body, STR(POST("/echo") "Content-Length: 5\r\n\r\nhel"));
	CHECK(wait_until(&requests, before + 1));
	usleep(5000);
	order(COMMAND_DUE);
	CHECK_STR(ask_in(idle, STR(""), &heard), STR(""));
	ask_in(head, STR(""), &heard);
	CHECK(str_starts_with(buf_str(&heard), STR("HTTP/1.1 408 Request Timeout\r\n")));
	ask_in(body, STR(""), &heard);
	CHECK(str_starts_with(buf_str(&heard), STR("HTTP/1.1 408 Request Timeout\r\n")));
	CHECK(str_ends_with(buf_str(&heard),
	                    STR("the body stopped for more than 30 s, or came too slowly")));
}

/* One that takes nothing is cut when nothing has moved between two looks. */
static void test_stuck_reader(void)
{
	int fd = dial(), before = gone_told, asked = requests;

	say(fd, STR(GET("/flood") CLOSE "\r\n"));
	CHECK(wait_until(&requests, asked + 1));
	usleep(20000);
	order(COMMAND_DUE);
	if (gone_told == before)
		order(COMMAND_DUE);
	CHECK(wait_until(&gone_told, before + 1));
	hang_up(fd);
}

static void test_no_delay_is_inherited(void)
{
	int fd = dial();

	say(fd, STR(GET("/unasked") "\r\n"));
	buf_clear(&heard);
	CHECK(hear(fd, &heard, STR("fine"), 1));
	order(COMMAND_LOOK);
	CHECK(has_no_delay == 1);
	hang_up(fd);
}

/* Told without waiting for a request. */
static void test_one_too_many(void)
{
	order(COMMAND_FULL);
	CHECK_STR(ask(STR(""), &heard),
	          STR("HTTP/1.1 503 Service Unavailable\r\n"
	              "Content-Type: application/json\r\n"
	              "Retry-After: 1\r\nContent-Length: 10\r\n" CLOSE "\r\noverloaded"));
	order(COMMAND_ROOMY);
}

/* Idle ones end at once, busy ones after their answer, new ones are told to go. */
static void test_drain(void)
{
	int idle = dial(), busy = dial(), before = requests;

	say(busy, STR(POST("/echo") "Content-Length: 5\r\n\r\nhel"));
	CHECK(wait_until(&requests, before + 1));
	order(COMMAND_DRAIN);
	CHECK_STR(ask_in(idle, STR(""), &heard), STR(""));
	CHECK_STR(ask_in(busy, STR("lo"), &heard),
	          STR(OK "Content-Length: 5\r\n" CLOSE "\r\nhello"));
	CHECK_STR(ask(STR(GET("/unasked") "\r\n"), &heard),
	          STR(OK "Content-Length: 4\r\n" CLOSE "\r\nfine"));
}

static struct str addresses[4];
static int address_count;

/* A handshake that does not come, garbage instead of one, one connection too many. */
static void test_handshakes(void)
{
	int silent = dial(), garbage = dial(), begun = dial();

	say(garbage, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
	buf_clear(&heard);
	CHECK(!hear(garbage, &heard, STR(""), 0) && heard.len < 16); /* an alert */
	hang_up(garbage);
	say(begun, STR("\x16\x03\x01"));
	usleep(5000);
	order(COMMAND_DUE);
	CHECK_STR(ask_in(silent, STR(""), &heard), STR(""));
	CHECK_STR(ask_in(begun, STR(""), &heard), STR(""));
	order(COMMAND_FULL);
	CHECK_STR(ask(STR(""), &heard), STR(""));
	order(COMMAND_ROOMY);
}

static void test_all(void)
{
	test_dialogues_bytewise();
	test_pipelining();
	test_far_ahead();
	test_keep_alive();
	test_continue();
	test_large_bodies(false);
	test_large_bodies(true);
	test_client_gone();
	test_half_close_is_gone();
	test_client_far_ahead_gone();
	test_slow_reader();
	test_answer_to_a_body_too_large();
	test_body_budget();
	test_break_until_close();
	test_timeouts();
	test_stuck_reader();
	test_no_delay_is_inherited();
}

static void *client(void *unused)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	(void)unused;
	for (int i = 1; i < address_count; i++) {
		dial_at(addresses[i]);
		test_dialogues();
	}
	CHECK(unix_peers > 0);
	dial_at(addresses[0]);
	secure = ctx;
	test_dialogues();
	test_all();
	secure = NULL;
	test_handshakes();
	dial_at(addresses[1]);
	test_all();
	test_one_too_many();
	test_drain();
	order(COMMAND_STOP);
	SSL_CTX_free(ctx);
	return NULL;
}

static void listen_at(struct str address, struct arena *arena)
{
	struct fail f;

	fail_init(&f, arena);
	if (front_listen(front, address, &f) != 0) {
		printf("    skipped: %.*s\n", STR_ARG(f.message));
		return;
	}
	addresses[address_count] = front_address(front, address_count, arena);
	address_count++;
}

static void test_addresses(struct arena *arena)
{
	static const char *const wrong[] = {"",      "127.0.0.1", "127.0.0.1:",   "127.0.0.1:x",
	                                    "a:1",   "[::1]",     "[::1]1",       "[::1:80",
	                                    "unix:", ":80",       "1.2.3.4:65536"};
	struct front *other = front_new(&loop, &front->server);
	struct fail f;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in taken = {.sin_family = AF_INET};
	socklen_t len = sizeof taken;

	fail_init(&f, arena);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		CHECK(front_listen(other, str_of(wrong[i]), &f) == -1);
	CHECK(front_listen(other, addresses[0], &f) == 0); /* one more loop of this process */
	CHECK_STR(front_address(other, 0, arena), addresses[0]);
	taken.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
	must(bind(fd, (struct sockaddr *)&taken, len) == 0 && listen(fd, 1) == 0);
	must(getsockname(fd, (struct sockaddr *)&taken, &len) == 0);
	CHECK(front_listen(other, arena_printf(arena, "127.0.0.1:%d", ntohs(taken.sin_port)), &f) ==
	      -1);
	CHECK(str_find(f.message, STR("in use")) < f.message.len);
	hang_up(fd);
	front_free(&other);
}

int main(void)
{
	struct front_server server = {on_request, on_bad_head, NULL};
	struct arena arena;
	pthread_t thread;

	signal(SIGPIPE, SIG_IGN);
	buf_init(&heard, 1 << 26);
	arena_init(&arena);
	loop_init(&loop, 0);
	loop.on_wake = on_wake;
	loop_set_commit(&loop, count_commit, NULL);
	front = front_new(&loop, &server);
	listen_at(STR("127.0.0.1:0"), &arena);
	be_secure(&arena);
	listen_at(STR("127.0.0.1:0"), &arena);
	listen_at(arena_printf(&arena, "unix:/tmp/fluxrouter-test-front.%d", (int)getpid()),
	          &arena);
	listen_at(STR("[::1]:0"), &arena);
	test_addresses(&arena);
	must(pthread_create(&thread, NULL, client, NULL) == 0);
	loop_run(&loop);
	pthread_join(thread, NULL);
	CHECK(open_requests == 0);
	CHECK(front_connections(front) == 0);
	CHECK(told_twice == 0);
	front_free(&front);
	loop_release(&loop);
	arena_release(&arena);
	buf_release(&heard);
	return check_report("front");
}
