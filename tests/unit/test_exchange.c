/* Exchanges against scripted servers: answers in every shape, failures, deadlines,
 * back-pressure, ending at any time. */
#include "probe.h"

#define OK_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

/* --- answers --- */

static void serve_shapes(struct server *s)
{
	static const char *const shapes[] = {
	    OK_HELLO,
	    CHUNKED "1\r\nh\r\n4\r\nello\r\n0\r\n\r\n",
	    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" OK_HELLO,
	    OK_HELLO,
	    CHUNKED "1\r\nh\r\n4\r\nello\r\n0\r\n\r\n",
	    "HTTP/1.1 200 OK\r\n\r\nhello",
	};
	struct peer p = server_accept(s);

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 5 && peer_read_request(s, &p); i++)
			if (i < 3)
				peer_say(&p, shapes[i]);
			else
				peer_say_slowly(&p, shapes[i]);
		peer_read_request(s, &p);
		peer_say(&p, shapes[5]);
		peer_close(&p);
		if (round == 0)
			p = server_accept(s);
	}
}

static void test_shapes(size_t gather_max)
{
	struct server server = {0};
	struct stage stage;

	stage_open(&stage);
	server_start(&server, serve_shapes);
	for (int i = 0; i < 12; i++) {
		struct probe p;

		probe_init(&p, &stage.loop, stage.upstream, server.port);
		p.gather_max = gather_max;
		p.body_piece = STR("{\"model\":\"x\"}");
		probe_ask(&p);
		CHECK(exchange_state(p.ex) == EXCHANGE_DONE);
		CHECK(exchange_head(p.ex)->status == 200);
		CHECK_STR(buf_str(&p.body), STR("hello"));
		CHECK(exchange_was_reused(p.ex) == (i % 6 != 0));
		CHECK(exchange_was_sent(p.ex) && exchange_first_byte_ns(p.ex) > 0);
		CHECK(gather_max == 0 || p.events == 1);
		CHECK(upstream_open_connections(stage.upstream) == (i % 6 != 5));
		probe_end(&p);
	}
	server_join(&server);
	CHECK(server.accepted == 2);
	CHECK_STR(str_part(str_of(server.request), 0, 19), STR("POST /v1/chat HTTP/"));
	stage_close(&stage);
}

static void serve_stream(struct server *s)
{
	struct peer p = server_accept(s);

	peer_read_request(s, &p);
	peer_say(&p, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	             "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 10; i++) {
		usleep(5000);
		peer_say(&p, "9\r\ndata: x\n\n\r\n");
	}
	peer_say(&p, "0\r\n\r\n");
	peer_wait_end(&p);
	peer_close(&p);
}

/* An event stream is handed over as it comes, also to one who would gather. */
static void test_event_stream(void)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;

	stage_open(&stage);
	server_start(&server, serve_stream);
	probe_init(&p, &stage.loop, stage.upstream, server.port);
	p.gather_max = 1;
	probe_start(&p);
	p.gather_max = 0;
	probe_wait(&p);
	CHECK(exchange_state(p.ex) == EXCHANGE_DONE);
	CHECK(p.body.len == 90 && p.events >= 8);
	CHECK(upstream_idle_connections(stage.upstream) == 1);
	probe_end(&p);
	upstream_close_idle(stage.upstream);
	server_join(&server);
	stage_close(&stage);
}

/* --- failures --- */

static const char *say_then_end; /* of the script below */
static void (*end_of_script)(struct peer *);

static void serve_one_end(struct server *s)
{
	struct peer p = server_accept(s);

	peer_read_request(s, &p);
	peer_say(&p, say_then_end);
	usleep(20000);
	end_of_script(&p);
}

struct ending {
	const char *say;
	void (*end)(struct peer *);
	enum exchange_failure failure;
	const char *detail; /* behind "127.0.0.1:PORT: " */
	const char *body;
};

static void test_endings(void)
{
	static const struct ending endings[] = {
	    {"", peer_close, EXCHANGE_RESET_FAILURE, "closed before an answer", ""},
	    {"", peer_reset, EXCHANGE_RESET_FAILURE, "connection reset by peer before an answer",
	     ""},
	    {"HTTP/1.1 20", peer_close, EXCHANGE_TRUNCATED_FAILURE, "closed in the head", ""},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel", peer_close,
	     EXCHANGE_TRUNCATED_FAILURE, "closed in the body", "hel"},
	    {CHUNKED "5\r\nhello\r\n", peer_close, EXCHANGE_TRUNCATED_FAILURE, "closed in the body",
	     "hello"},
	    {CHUNKED "5\r\nhello\r\n", peer_reset, EXCHANGE_RESET_FAILURE,
	     "connection reset by peer in the body", "hello"},
	    {CHUNKED "5\r\nhello\r\nxyz\r\n", peer_close, EXCHANGE_BAD_RESPONSE_FAILURE,
	     "broken chunks", "hello"},
	    {"SSH-2.0-OpenSSH\r\n\r\n", peer_close, EXCHANGE_BAD_RESPONSE_FAILURE, NULL, ""},
	};

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		struct server server = {0};
		struct stage stage;
		struct probe p;

		say_then_end = endings[i].say;
		end_of_script = endings[i].end;
		stage_open(&stage);
		server_start(&server, serve_one_end);
		probe_init(&p, &stage.loop, stage.upstream, server.port);
		probe_ask(&p);
		CHECK(exchange_state(p.ex) == EXCHANGE_FAILED);
		CHECK(exchange_failure(p.ex) == endings[i].failure);
		if (endings[i].detail)
			CHECK_STR(exchange_failure_detail(p.ex),
			          arena_printf(&p.arena, "127.0.0.1:%d: %s", server.port,
			                       endings[i].detail));
		CHECK_STR(buf_str(&p.body), str_of(endings[i].body));
		CHECK(exchange_was_sent(p.ex));
		CHECK(upstream_open_connections(stage.upstream) == 0);
		server_join(&server);
		CHECK(server.accepted == 1); /* nothing is asked twice on a new connection */
		probe_end(&p);
		stage_close(&stage);
	}
}

static void test_too_large(void)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;

	say_then_end = OK_HELLO;
	end_of_script = peer_close;
	stage_open(&stage);
	server_start(&server, serve_one_end);
	probe_init(&p, &stage.loop, stage.upstream, server.port);
	p.gather_max = 4;
	probe_ask(&p);
	CHECK(exchange_failure(p.ex) == EXCHANGE_TOO_LARGE_FAILURE);
	CHECK(exchange_head(p.ex)->status == 200);
	probe_end(&p);
	server_join(&server);
	stage_close(&stage);
}

/* --- deadlines --- */

static void serve_silence(struct server *s)
{
	struct peer p = server_accept(s);

	peer_read_request(s, &p);
	peer_say(&p, say_then_end);
	CHECK(peer_wait_end(&p));
	peer_close(&p);
}

static void check_deadline(const char *said, struct origin limits, enum exchange_failure failure,
                           const char *detail)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;
	int64_t start_ns = clock_mono_ns();

	say_then_end = said;
	stage_open(&stage);
	server_start(&server, serve_silence);
	probe_init(&p, &stage.loop, stage.upstream, server.port);
	p.origin.first_byte_ms = limits.first_byte_ms;
	p.origin.idle_ms = limits.idle_ms;
	p.origin.total_ms = limits.total_ms;
	probe_ask(&p);
	CHECK(exchange_state(p.ex) == EXCHANGE_FAILED);
	CHECK(exchange_failure(p.ex) == failure);
	CHECK(str_find(exchange_failure_detail(p.ex), str_of(detail)) <
	      exchange_failure_detail(p.ex).len);
	CHECK(clock_mono_ns() - start_ns < PROBE_PATIENCE_MS * INT64_C(1000000));
	server_join(&server);
	probe_end(&p);
	stage_close(&stage);
}

static void test_deadlines(void)
{
	struct origin first = {.first_byte_ms = 100, .idle_ms = PROBE_PATIENCE_MS};
	struct origin idle = {.first_byte_ms = PROBE_PATIENCE_MS, .idle_ms = 100};
	struct origin total = {.first_byte_ms = PROBE_PATIENCE_MS,
	                       .idle_ms = PROBE_PATIENCE_MS,
	                       .total_ms = 150};

	check_deadline("", first, EXCHANGE_FIRST_BYTE_TIMEOUT_FAILURE, "did not answer in 100 ms");
	check_deadline("HTTP/1.1 100 \r\n\r\n", first, EXCHANGE_FIRST_BYTE_TIMEOUT_FAILURE,
	               "did not answer in 100 ms");
	check_deadline(CHUNKED "5\r\nhello\r\n", idle, EXCHANGE_IDLE_TIMEOUT_FAILURE,
	               "sent nothing for 100 ms");
	check_deadline("", total, EXCHANGE_TOTAL_TIMEOUT_FAILURE, "not done after 150 ms");
	check_deadline(CHUNKED, total, EXCHANGE_TOTAL_TIMEOUT_FAILURE, "not done after 150 ms");
}

/* --- large requests and answers --- */

static char megabytes[16 * 1024 * 1024];

static void serve_no_reading(struct server *s)
{
	struct peer p = server_accept(s);

	peer_sit(&p, 2000);
	peer_close(&p);
}

/* A provider that takes nothing of the request. */
static void test_stalled_send(void)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;

	stage_open(&stage);
	server_start(&server, serve_no_reading);
	probe_init(&p, &stage.loop, stage.upstream, server.port);
	p.body_piece = (struct str){megabytes, sizeof megabytes};
	p.origin.idle_ms = 100;
	probe_ask(&p);
	CHECK(exchange_failure(p.ex) == EXCHANGE_IDLE_TIMEOUT_FAILURE);
	CHECK(exchange_was_sent(p.ex));
	probe_end(&p);
	server_join(&server);
	stage_close(&stage);
}

static void serve_early_answer(struct server *s)
{
	struct peer p = server_accept(s);
	char byte;

	peer_read(&p, &byte, 1);
	peer_say(&p, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
	peer_sit(&p, 2000);
	peer_close(&p);
}

static void test_early_answer(void)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;

	stage_open(&stage);
	server_start(&server, serve_early_answer);
	probe_init(&p, &stage.loop, stage.upstream, server.port);
	p.body_piece = (struct str){megabytes, sizeof megabytes};
	p.gather_max = 100;
	probe_ask(&p);
	CHECK(exchange_state(p.ex) == EXCHANGE_DONE && exchange_head(p.ex)->status == 413);
	CHECK_STR(buf_str(&p.body), STR("big"));
	CHECK(upstream_open_connections(stage.upstream) == 0);
	probe_end(&p);
	server_join(&server);
	stage_close(&stage);
}

static void serve_echo_size(struct server *s)
{
	struct peer p = server_accept(s);
	size_t want = sizeof megabytes, got = 0;
	char bytes[65536];
	ssize_t n;

	while (got < want && (n = peer_read(&p, bytes, sizeof bytes)) > 0)
		got += (size_t)n;
	snprintf(bytes, sizeof bytes, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", want);
	peer_say(&p, bytes);
	peer_say_part(&p, megabytes, want);
	peer_wait_end(&p);
	peer_close(&p);
}

static void test_large_both_ways(size_t gather_max)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;

	stage_open(&stage);
	server_start(&server, serve_echo_size);
	probe_init(&p, &stage.loop, stage.upstream, server.port);
	p.body_piece = (struct str){megabytes, sizeof megabytes};
	p.gather_max = gather_max;
	probe_ask(&p);
	CHECK(exchange_state(p.ex) == EXCHANGE_DONE);
	CHECK(p.body.len == sizeof megabytes);
	CHECK(p.body.len && memcmp(p.body.ptr, megabytes, p.body.len) == 0);
	if (gather_max) /* the last bytes of the head's read were in shared memory, no others */
		CHECK(p.events == 1);
	probe_end(&p);
	upstream_close_idle(stage.upstream);
	server_join(&server);
	stage_close(&stage);
}

static void drain_later(struct timer *t)
{
	struct probe *p = LIST_OBJECT(t, struct probe, patience);
	struct str body = exchange_body(p->ex);

	CHECK(body.len > 0 && body.len < 200000);
	buf_put(&p->body, body);
	p->in_call = true;
	exchange_take(p->ex, body.len);
	p->in_call = false;
	p->holds = false;
	timer_set(&p->patience, p->loop, PROBE_PATIENCE_MS, probe_lose_patience);
}

/* Who takes nothing is told once, and what is kept for him is bounded; once it is taken the rest
 * comes. */
static void test_back_pressure(void)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;

	stage_open(&stage);
	server_start(&server, serve_echo_size);
	probe_init(&p, &stage.loop, stage.upstream, server.port);
	p.body_piece = (struct str){megabytes, sizeof megabytes};
	p.holds = true;
	p.origin.idle_ms = 200; /* does not run while we are the slow ones */
	probe_start(&p);
	while (!p.ended && p.events == 0)
		probe_run_ms(&p, 50);
	probe_run_ms(&p, 400);
	CHECK(p.events <= 2 && !p.ended);
	timer_set(&p.patience, p.loop, 50, drain_later);
	loop_run(p.loop);
	CHECK(p.ended && exchange_state(p.ex) == EXCHANGE_DONE);
	CHECK(p.body.len == sizeof megabytes && memcmp(p.body.ptr, megabytes, p.body.len) == 0);
	timer_cancel(&p.patience);
	probe_end(&p);
	upstream_close_idle(stage.upstream);
	server_join(&server);
	stage_close(&stage);
}

static void pause_at_first(struct probe *p)
{
	if (p->events == 1)
		exchange_pause(p->ex);
}

static void test_pause(void)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;

	stage_open(&stage);
	server_start(&server, serve_stream);
	probe_init(&p, &stage.loop, stage.upstream, server.port);
	p.on_each = pause_at_first;
	p.origin.idle_ms = 100;
	probe_start(&p);
	probe_run_ms(&p, 400);
	CHECK(p.events == 1 && !p.ended);
	p.in_call = true;
	exchange_resume(p.ex);
	exchange_resume(p.ex);
	p.in_call = false;
	probe_wait(&p);
	CHECK(exchange_state(p.ex) == EXCHANGE_DONE && p.body.len == 90);
	probe_end(&p);
	upstream_close_idle(stage.upstream);
	server_join(&server);
	stage_close(&stage);
}

/* --- ending early --- */

static void end_it(struct probe *p)
{
	arena_release(&p->arena);
	exchange_end(&p->ex);
	loop_stop(p->loop);
}

static void serve_patiently(struct server *s)
{
	struct peer p = server_accept(s);

	if (p.fd >= 0 && peer_read_request(s, &p)) {
		peer_say(&p, CHUNKED "5\r\nhello\r\n");
		CHECK(peer_wait_end(&p));
	}
	peer_close(&p);
}

/* From within an event, and after so many milliseconds from outside. -1: at once, before any
 * turn. */
static void test_end_at(int wait_ms)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;

	stage_open(&stage);
	server_start(&server, serve_patiently);
	probe_init(&p, &stage.loop, stage.upstream, server.port);
	if (wait_ms == 0)
		p.on_each = end_it;
	probe_start(&p);
	if (wait_ms >= 0)
		probe_run_ms(&p, wait_ms ? wait_ms : 2000);
	CHECK(wait_ms != 0 || p.ex == NULL);
	probe_end(&p);
	CHECK(upstream_open_connections(stage.upstream) == 0);
	if (wait_ms < 0) { /* nobody came; let the script go on */
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		struct sockaddr_in to = {.sin_family = AF_INET,
		                         .sin_port = htons((uint16_t)server.port),
		                         .sin_addr = {htonl(INADDR_LOOPBACK)}};

		must(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
		close(fd);
	}
	server_join(&server);
	stage_close(&stage);
}

/* An upstream that goes before its exchanges. */
static void test_cut(void)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;

	stage_open(&stage);
	server_start(&server, serve_patiently);
	probe_init(&p, &stage.loop, stage.upstream, server.port);
	probe_start(&p);
	probe_run_ms(&p, 100);
	upstream_free(&stage.upstream);
	CHECK_FAILED(&p, RESET, "the gateway stops");
	CHECK(p.ended == false);
	exchange_resume(p.ex);
	probe_end(&p);
	server_join(&server);
	stage_close(&stage);
}

int main(void)
{
	for (size_t i = 0; i < sizeof megabytes; i++)
		megabytes[i] = (char)(i * 31 + i / 251);
	test_shapes(0);
	test_shapes(1000);
	test_event_stream();
	test_endings();
	test_too_large();
	test_deadlines();
	test_stalled_send();
	test_early_answer();
	test_large_both_ways(0);
	test_large_both_ways(sizeof megabytes);
	test_back_pressure();
	test_pause();
	test_end_at(-1);
	test_end_at(0);
	test_end_at(60);
	test_cut();
	return check_report("exchange");
}
