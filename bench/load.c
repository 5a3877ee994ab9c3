/* The load generator of the bench rig: kept-alive connections against one port, everything counted.
 *
 *   load --port N --request FILE --connections N --requests N --warmup N
 *        [--body-min N --body-max N] [--watch PID,...]
 *   load --port N --request FILE --connections N --hold SECONDS --settle SECONDS [--watch PID,...]
 *
 * The first form is a closed loop: each connection sends the request in FILE, waits for the whole
 * answer, sends again, until `requests` answers behind the `warmup` ones have come. The second
 * opens one stream per connection, a few at a time, prints {"open": N} when the first bytes of all
 * have come, waits `settle` seconds, then counts events for `hold` seconds and leaves in the middle
 * of them. Both end with one line of JSON on standard output. Times of the closed loop run from the
 * write of the request to the last byte of its answer; times of a stream from the stamp that the
 * stub set (canned.h) to its arrival here, both on CLOCK_MONOTONIC.
 *
 * Invariants: the watched processes' CPU is read exactly where counting begins and ends; a wrong
 * status, a wrong length or an early end ends the run with status 2. One thread, epoll,
 * edge-triggered. It must never be what limits: it takes no memory and copies no body while it
 * measures. */
#include "answer.h"
#include "base/clock.h"
#include "canned.h"
#include "cpu.h"
#include "latency.h"
#include "socket.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sys/epoll.h>

enum {
	READ_BYTES = 1 << 18,
	REQUEST_BYTES_MAX = 64 << 20,
	EVENTS_PER_WAIT = 512,
	OPENING_MAX = 32,   /* streams that wait for their first byte at a time */
	SILENCE_MS = 20000, /* after which an answer does not come any more */
};

struct conn {
	int fd;
	size_t sent; /* of the request */
	int64_t began_ns;
	struct answer answer;
};

static struct {
	int64_t port, connections, requests, warmup, body_min, body_max, hold, settle;
	struct cpu_watch watch;
	struct buf request;
} plan = {.connections = 1, .requests = 1, .body_max = INT64_MAX};

static struct {
	int epoll;
	struct conn *conns;
	int64_t issued, answered, opened;
	int64_t body_bytes, events;
	bool counting; /* between the two readings of the clocks */
	int64_t begin_ns, end_ns, cpu_ns, switches;
	struct latency latency;
	char in[READ_BYTES];
} run;

static void count_begin(void)
{
	run.switches = cpu_watch_switches(&plan.watch);
	run.cpu_ns = cpu_watch_ns(&plan.watch);
	run.begin_ns = clock_mono_ns();
	run.counting = true;
}

static void count_end(void)
{
	run.end_ns = clock_mono_ns();
	run.cpu_ns = cpu_watch_ns(&plan.watch) - run.cpu_ns;
	run.switches = cpu_watch_switches(&plan.watch) - run.switches;
	run.counting = false;
}

static void conn_write(struct conn *c)
{
	while (c->sent < plan.request.len) {
		ssize_t n = write(c->fd, plan.request.ptr + c->sent, plan.request.len - c->sent);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			rig_die("write, after %" PRId64 " answers", run.answered);
		c->sent += (size_t)n;
	}
}

static void conn_ask(struct conn *c)
{
	run.issued++;
	c->sent = 0;
	c->began_ns = clock_mono_ns();
	answer_init(&c->answer);
	conn_write(c);
}

static void check_answer(const struct answer *a)
{
	errno = 0;
	if (a->state == ANSWER_BROKEN)
		rig_die("broken answer: %.*s", (int)a->head_bytes, a->head);
	if (a->status && a->status != 200)
		rig_die("status %d: %.*s", a->status, (int)a->head_bytes, a->head);
	if (a->state == ANSWER_DONE &&
	    (a->body_bytes < plan.body_min || a->body_bytes > plan.body_max))
		rig_die("%" PRId64 " bytes of body instead of %" PRId64 " to %" PRId64,
		        a->body_bytes, plan.body_min, plan.body_max);
}

/* One answer of the closed loop is complete. */
static void on_answer_done(struct conn *c)
{
	int64_t now = clock_mono_ns();

	run.answered++;
	if (run.counting) {
		latency_note(&run.latency, now - c->began_ns);
		run.body_bytes += c->answer.body_bytes;
		run.events += c->answer.newlines / 2;
	}
	if (run.answered == plan.warmup)
		count_begin();
	if (run.answered == plan.warmup + plan.requests)
		count_end();
	if (run.issued < plan.warmup + plan.requests)
		conn_ask(c);
}

/* Time under way of the first event in this piece that is stamped whole. */
static void note_stamp(struct str piece)
{
	size_t at = str_find(piece, STR("t=")) + 2;
	int64_t sent_us;

	if (at + CANNED_STAMP_DIGITS <= piece.len &&
	    !str_to_i64(str_part(piece, at, CANNED_STAMP_DIGITS), 1, INT64_MAX, &sent_us))
		latency_note(&run.latency, clock_mono_ns() - sent_us * 1000);
}

static void on_stream_piece(struct conn *c, struct str piece, int64_t newlines_before)
{
	if (c->answer.body_bytes == (int64_t)piece.len)
		run.opened++;
	if (!run.counting)
		return;
	run.body_bytes += (int64_t)piece.len;
	run.events += c->answer.newlines - newlines_before;
	note_stamp(piece);
}

static void take(struct conn *c, struct str bytes)
{
	while (bytes.len) {
		int64_t newlines = c->answer.newlines;
		struct str piece;
		size_t n = answer_feed(&c->answer, bytes, &piece);

		check_answer(&c->answer);
		if (plan.hold && piece.len)
			on_stream_piece(c, piece, newlines);
		bytes = str_part(bytes, n, bytes.len);
		if (c->answer.state != ANSWER_DONE)
			continue;
		if (bytes.len || plan.hold)
			rig_die(plan.hold ? "a stream ended early" : "bytes behind an answer");
		on_answer_done(c);
	}
}

static void conn_read(struct conn *c)
{
	ssize_t n;

	do {
		n = read(c->fd, run.in, READ_BYTES);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n == 0)
			errno = 0;
		if (n <= 0)
			rig_die("connection closed after %" PRId64 " answers", run.answered);
		take(c, (struct str){run.in, (size_t)n});
	} while (n == READ_BYTES);
}

static void conn_open(struct conn *c)
{
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};

	c->fd = socket_dial((uint16_t)plan.port);
	conn_ask(c);
	if (epoll_ctl(run.epoll, EPOLL_CTL_ADD, c->fd, &e))
		rig_die("epoll_ctl");
}

/* Gives how many connections were ready. */
static int turn(int timeout_ms)
{
	static struct epoll_event ready[EVENTS_PER_WAIT];
	int n = epoll_wait(run.epoll, ready, EVENTS_PER_WAIT, timeout_ms);

	for (int i = 0; i < n; i++) {
		struct conn *c = ready[i].data.ptr;

		if (c->sent < plan.request.len)
			conn_write(c);
		if (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			conn_read(c);
	}
	return n;
}

static void turn_or_die(void)
{
	errno = 0;
	if (turn(SILENCE_MS) == 0)
		rig_die("nothing for %d s, after %" PRId64 " answers, %" PRId64 " streams",
		        SILENCE_MS / 1000, run.answered, run.opened);
}

static void closed_loop(void)
{
	int64_t all = plan.warmup + plan.requests;

	if (plan.connections > all)
		plan.connections = all;
	if (plan.warmup == 0)
		count_begin();
	for (int64_t i = 0; i < plan.connections; i++)
		conn_open(&run.conns[i]);
	while (run.answered < all)
		turn_or_die();
}

static void turn_for(int64_t seconds)
{
	int64_t end = clock_mono_ns() + seconds * 1000000000;

	while (clock_mono_ns() < end)
		turn(10);
}

static void hold_streams(void)
{
	int64_t asked = 0;

	while (run.opened < plan.connections) {
		while (asked < plan.connections && asked < run.opened + OPENING_MAX)
			conn_open(&run.conns[asked++]);
		turn_or_die();
	}
	printf("{\"open\": %" PRId64 "}\n", run.opened);
	fflush(stdout);
	turn_for(plan.settle);
	count_begin();
	turn_for(plan.hold);
	count_end();
	run.events /= 2;
}

static void print_result(void)
{
	double seconds = (double)(run.end_ns - run.begin_ns) / 1e9;
	struct latency *l = &run.latency;

	latency_sort(l);
	printf("{\"requests\": %" PRId64 ", \"seconds\": %.6f, \"events\": %" PRId64
	       ", \"body_bytes\": %" PRId64 ", \"cpu_ns\": %" PRId64 ", \"switches\": %" PRId64,
	       plan.hold ? 0 : plan.requests, seconds, run.events, run.body_bytes, run.cpu_ns,
	       run.switches);
	printf(", \"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f}\n",
	       latency_at_us(l, 0.5), latency_at_us(l, 0.9), latency_at_us(l, 0.99),
	       latency_at_us(l, 1.0));
}

static void request_read(const char *path)
{
	FILE *f = fopen(path, "re");
	char *room;

	buf_init(&plan.request, REQUEST_BYTES_MAX);
	if (!f)
		rig_die("%s", path);
	while (!feof(f) && !ferror(f) && (room = buf_room(&plan.request, READ_BYTES)))
		buf_grew(&plan.request, fread(room, 1, READ_BYTES, f));
	fclose(f);
	if (plan.request.len == 0)
		rig_die("%s is empty", path);
}

static const struct option options[] = {
    {"port", 1, NULL, 'p'},
    {"request", 1, NULL, 'r'},
    {"watch", 1, NULL, 'w'},
    {"connections", 1, NULL, 'c'},
    {"requests", 1, NULL, 'n'},
    {"warmup", 1, NULL, 'u'},
    {"body-min", 1, NULL, 'm'},
    {"body-max", 1, NULL, 'M'},
    {"hold", 1, NULL, 'h'},
    {"settle", 1, NULL, 's'},
    {0},
};

static int64_t *number_of(int option)
{
	switch (option) {
	case 'p':
		return &plan.port;
	case 'c':
		return &plan.connections;
	case 'n':
		return &plan.requests;
	case 'u':
		return &plan.warmup;
	case 'm':
		return &plan.body_min;
	case 'M':
		return &plan.body_max;
	case 'h':
		return &plan.hold;
	case 's':
		return &plan.settle;
	}
	rig_die("usage: see the top of bench/load.c");
}

static void option_read(int option)
{
	if (option == 'r')
		request_read(optarg);
	else if (option == 'w') {
		if (cpu_watch_read(&plan.watch, str_of(optarg)))
			rig_die("--watch %s: not a list of processes", optarg);
	} else if (str_to_i64(str_of(optarg ? optarg : ""), 0, 1 << 30, number_of(option)))
		rig_die("not a number: %s", optarg);
}

int main(int argc, char **argv)
{
	int option;

	signal(SIGPIPE, SIG_IGN);
	socket_raise_limit();
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		option_read(option);
	if (!plan.port || !plan.request.len || !plan.connections || !plan.requests)
		rig_die("usage: see the top of bench/load.c");
	run.epoll = epoll_create1(EPOLL_CLOEXEC);
	run.conns = mem_get((size_t)plan.connections * sizeof(*run.conns));
	latency_init(&run.latency, plan.hold ? 4 << 20 : (size_t)plan.requests);
	if (plan.hold)
		hold_streams();
	else
		closed_loop();
	print_result();
}
