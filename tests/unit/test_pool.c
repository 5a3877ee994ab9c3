/* What may come back into the pool, what happens to links that wait there, and the one retry. */
#include "probe.h"

#include "limits.h"

#define OK_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static void open_both(struct stage *stage, struct server *server, struct probe *p,
                      void (*script)(struct server *))
{
	stage_open(stage);
	server_start(server, script);
	probe_init(p, &stage->loop, stage->upstream, server->port);
}

static void close_both(struct stage *stage, struct server *server, struct probe *p)
{
	probe_end(p);
	upstream_close_idle(stage->upstream);
	server_join(server);
	stage_close(stage);
}

/* --- what is refused --- */

static const char *say;

static void serve_one(struct server *s)
{
	struct peer p = server_accept(s);

	peer_read_request(s, &p);
	peer_say(&p, say);
	CHECK(peer_wait_end(&p));
	peer_close(&p);
}

static void check_return(const char *answer, bool kept)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;

	say = answer;
	open_both(&stage, &server, &p, serve_one);
	probe_ask(&p);
	CHECK(exchange_state(p.ex) == EXCHANGE_DONE);
	CHECK(upstream_idle_connections(stage.upstream) == kept);
	CHECK(upstream_open_connections(stage.upstream) == kept);
	close_both(&stage, &server, &p);
}

static void test_refused(void)
{
	check_return(OK_HELLO, true);
	check_return("HTTP/1.1 204 No Content\r\n\r\n", true);
	check_return("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false);
	check_return("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false);
	check_return("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok!", false);
	check_return("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\r\n", false);
}

static void serve_with_pause(struct server *s)
{
	struct peer p = server_accept(s);

	peer_read_request(s, &p);
	peer_say(&p, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
	usleep(500000);
	peer_say(&p, "lo");
	CHECK(peer_wait_end(&p));
	peer_close(&p);
}

/* A link that was made before upstream_close_idle does its work and is not kept. */
static void test_draining(void)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;

	open_both(&stage, &server, &p, serve_with_pause);
	probe_start(&p);
	probe_run_ms(&p, 50);
	upstream_close_idle(stage.upstream);
	CHECK(upstream_open_connections(stage.upstream) == 1);
	probe_wait(&p);
	CHECK_STR(buf_str(&p.body), STR("hello"));
	CHECK(upstream_open_connections(stage.upstream) == 0);
	close_both(&stage, &server, &p);
}

/* --- what happens while idle --- */

static void (*while_idle)(struct peer *);

static void say_goodbye(struct peer *p)
{
	peer_say(p, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
	CHECK(peer_wait_end(p));
}

static void serve_then_leave(struct server *s)
{
	struct peer p = server_accept(s);

	peer_read_request(s, &p);
	peer_say(&p, OK_HELLO);
	usleep(50000);
	while_idle(&p);
	peer_close(&p);
	p = server_accept(s);
	peer_read_request(s, &p);
	peer_say(&p, OK_HELLO);
	peer_wait_end(&p);
	peer_close(&p);
}

static void check_noticed(void (*leave)(struct peer *))
{
	struct server server = {0};
	struct stage stage;
	struct probe p;

	while_idle = leave;
	open_both(&stage, &server, &p, serve_then_leave);
	probe_ask(&p);
	CHECK(upstream_idle_connections(stage.upstream) == 1);
	probe_run_ms(&p, 300);
	CHECK(upstream_idle_connections(stage.upstream) == 0);
	CHECK(upstream_open_connections(stage.upstream) == 0);
	exchange_end(&p.ex);
	probe_ask(&p);
	CHECK(exchange_state(p.ex) == EXCHANGE_DONE && !exchange_was_reused(p.ex));
	close_both(&stage, &server, &p);
	CHECK(server.accepted == 2);
}

static int commits_refused;

static int refuse_commit(void *arg)
{
	(void)arg;
	return commits_refused && commits_refused-- ? -1 : 0;
}

/* The provider leaves between two polls: the link has been taken, and not a byte of the request
 * has gone out. */
static void test_gone_before_sending(void)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;

	while_idle = say_goodbye;
	open_both(&stage, &server, &p, serve_then_leave);
	loop_set_commit(&stage.loop, refuse_commit, NULL);
	probe_ask(&p);
	exchange_end(&p.ex);
	usleep(300000); /* nobody polls */
	commits_refused = 1;
	probe_ask(&p);
	CHECK(exchange_state(p.ex) == EXCHANGE_DONE && exchange_head(p.ex)->status == 200);
	CHECK(!exchange_was_reused(p.ex));
	close_both(&stage, &server, &p);
	CHECK(server.accepted == 2);
}

/* --- the retry --- */

static void (*leave_second)(struct peer *);
static bool leave_third;

/* Answers the first request of a connection, leaves at the second without a word. */
static void serve_stale(struct server *s)
{
	struct peer p = server_accept(s);

	peer_read_request(s, &p);
	peer_say(&p, OK_HELLO);
	peer_read_request(s, &p);
	leave_second(&p);
	p = server_accept(s);
	peer_read_request(s, &p);
	if (!leave_third) {
		peer_say(&p, OK_HELLO);
		peer_wait_end(&p);
	}
	peer_close(&p);
}

static void say_half(struct peer *p)
{
	peer_say(p, "HTTP/1.1 2");
	peer_close(p);
	leave_third = true;
}

static void check_stale(void (*leave)(struct peer *), enum exchange_failure failure)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;

	leave_second = leave;
	open_both(&stage, &server, &p, serve_stale);
	p.body_piece = STR("{\"once\":true}");
	probe_ask(&p);
	exchange_end(&p.ex);
	probe_ask(&p);
	CHECK(exchange_failure(p.ex) == failure);
	if (failure == EXCHANGE_NONE_FAILURE) {
		CHECK(p.events == 1 && !exchange_was_reused(p.ex));
		CHECK_STR(buf_str(&p.body), STR("hello"));
	}
	if (failure == EXCHANGE_TRUNCATED_FAILURE) { /* let the script go on */
		struct probe last;

		CHECK(exchange_was_reused(p.ex)); /* not asked again */
		probe_init(&last, &stage.loop, stage.upstream, server.port);
		probe_ask(&last);
		probe_end(&last);
	}
	close_both(&stage, &server, &p);
	CHECK(server.accepted == 2);
	CHECK(strstr(server.request, "{\"once\":true}") || failure == EXCHANGE_TRUNCATED_FAILURE);
}

static void test_stale(void)
{
	leave_third = false;
	check_stale(peer_close, EXCHANGE_NONE_FAILURE);
	check_stale(peer_reset, EXCHANGE_NONE_FAILURE);
	leave_third = true;
	check_stale(peer_close, EXCHANGE_RESET_FAILURE); /* once only */
	check_stale(say_half, EXCHANGE_TRUNCATED_FAILURE);
}

/* --- limits --- */

enum { CROWD = LIMIT_POOL_IDLE + 3 };

static void serve_crowd(struct server *s)
{
	static struct peer peers[CROWD];

	for (int i = 0; i < CROWD; i++)
		peers[i] = server_accept(s);
	for (int i = 0; i < CROWD; i++) {
		peer_read_request(s, &peers[i]);
		peer_say(&peers[i], OK_HELLO);
	}
	for (int i = 0; i < CROWD; i++) {
		peer_wait_end(&peers[i]);
		peer_close(&peers[i]);
	}
}

static void test_limit(void)
{
	static struct probe probes[CROWD];
	struct server server = {0};
	struct stage stage;
	struct probe p;

	open_both(&stage, &server, &p, serve_crowd);
	for (int i = 0; i < CROWD; i++) {
		probe_init(&probes[i], &stage.loop, stage.upstream, server.port);
		probe_start(&probes[i]);
	}
	for (int i = 0; i < CROWD; i++) {
		probe_wait(&probes[i]);
		probe_end(&probes[i]);
	}
	CHECK(upstream_idle_connections(stage.upstream) == LIMIT_POOL_IDLE);
	CHECK(upstream_open_connections(stage.upstream) == LIMIT_POOL_IDLE);
	close_both(&stage, &server, &p);
}

/* Equal keys share, others do not. */
static void serve_two(struct server *s)
{
	struct peer first = server_accept(s), second;

	peer_read_request(s, &first);
	peer_say(&first, OK_HELLO);
	second = server_accept(s);
	peer_read_request(s, &second);
	peer_say(&second, OK_HELLO);
	peer_wait_end(&second);
	peer_wait_end(&first);
	peer_close(&first);
	peer_close(&second);
}

static void test_keys(void)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;

	open_both(&stage, &server, &p, serve_two);
	probe_ask(&p);
	exchange_end(&p.ex);
	p.origin.pool_key = STR("another");
	probe_ask(&p);
	CHECK(!exchange_was_reused(p.ex));
	CHECK(upstream_idle_connections(stage.upstream) == 2);
	close_both(&stage, &server, &p);
}

int main(void)
{
	test_refused();
	test_draining();
	check_noticed(peer_close);
	check_noticed(peer_reset);
	check_noticed(say_goodbye);
	test_gone_before_sending();
	test_stale();
	test_limit();
	test_keys();
	return check_report("pool");
}
