/* What grows old: idle links and known names. The clock is the test's own, so that a minute
 * costs nothing. */
#include "probe.h"

#include "limits.h"
#include "upstream/resolve.h"

#define OK_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static int64_t ahead_ms;

int64_t clock_mono_ns(void) /* in place of base/clock's */
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + ahead_ms * 1000000;
}

int64_t clock_mono_coarse_ns(void)
{
	return clock_mono_ns();
}

static void serve_two(struct server *s)
{
	struct peer peers[2];

	for (int i = 0; i < 2; i++) {
		peers[i] = server_accept(s);
		peer_read_request(s, &peers[i]);
		peer_say(&peers[i], OK_HELLO);
		usleep(200000);
	}
	for (int i = 0; i < 2; i++) {
		peer_wait_end(&peers[i]);
		peer_close(&peers[i]);
	}
}

/* Two links, one used LIMIT_POOL_IDLE_MS ago and one half of that. */
static void test_idle_links(void)
{
	struct server server = {0};
	struct stage stage;
	struct probe p[2];

	stage_open(&stage);
	server_start(&server, serve_two);
	for (int i = 0; i < 2; i++) {
		probe_init(&p[i], &stage.loop, stage.upstream, server.port);
		p[i].origin.connect_ms = p[i].origin.first_byte_ms = p[i].origin.idle_ms = 0;
		probe_start(&p[i]);
	}
	probe_wait(&p[0]);
	ahead_ms += LIMIT_POOL_IDLE_MS / 2;
	probe_wait(&p[1]);
	CHECK(upstream_idle_connections(stage.upstream) == 2);
	exchange_end(&p[1].ex);
	ahead_ms += LIMIT_POOL_IDLE_MS / 2 + 100;
	probe_run_ms(&p[1], 200);
	CHECK(upstream_idle_connections(stage.upstream) == 1);
	ahead_ms += LIMIT_POOL_IDLE_MS / 2;
	probe_run_ms(&p[1], 200);
	CHECK(upstream_open_connections(stage.upstream) == 0);
	probe_end(&p[0]);
	probe_end(&p[1]);
	server_join(&server);
	stage_close(&stage);
}

static int told;

static void note_addresses(struct resolve_wait *wait, const struct addresses *found)
{
	(void)wait;
	told++;
	CHECK(found->count >= 1);
}

/* Told at once while it is known; asked anew when it is old. */
static void test_names(void)
{
	struct resolve_wait wait = {.on_addresses = note_addresses};
	struct resolver *r;
	struct stage stage;

	stage_open(&stage);
	r = resolver_new(&stage.loop);
	resolve(r, STR("localhost"), &wait);
	CHECK(told == 0);
	loop_run(&stage.loop);
	CHECK(told == 1);
	ahead_ms += LIMIT_RESOLVE_TTL_MS - 1000;
	resolve(r, STR("localhost"), &wait);
	CHECK(told == 2);
	ahead_ms += 1001;
	resolve(r, STR("localhost"), &wait);
	CHECK(told == 2);
	loop_run(&stage.loop);
	CHECK(told == 3);
	resolver_free(&r);
	stage_close(&stage);
}

int main(void)
{
	test_idle_links();
	test_names();
	return check_report("pool_age");
}
