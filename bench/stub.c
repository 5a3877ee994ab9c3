/* A provider that costs next to nothing: answers every POST with the canned answer its body asks
 * for.
 *
 *   stub PORT
 *
 *   POST ... CRLF Content-Length: N CRLF CRLF {... "stub:json:1024" ...}
 *
 * The command stands in the body's first COMMAND_WITHIN bytes, up to the next quote.
 * One thread, epoll, edge-triggered; a request that arrives whole is answered from the shared read
 * buffer without being copied. Paced streams lie on a wheel of one slot per millisecond, at phases
 * spread over the interval, so that they do not all fire at once. The load generator's figures are
 * only good as long as this program is far cheaper than what is being measured. It must never
 * interpret more of HTTP than it needs: it only ever meets the rig's own requests. */
#include "base/clock.h"
#include "base/list.h"
#include "canned.h"
#include "socket.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>

enum {
	READ_BYTES = 1 << 20,
	REQUEST_BYTES_MAX = 33 << 20,
	COMMAND_WITHIN = 2048,
	WHEEL_SLOTS = 1 << 16, /* more than the longest interval in ms */
	EVENTS_PER_WAIT = 512,
};

struct conn {
	int fd;
	struct buf in;  /* the beginning of a request that has not come whole */
	struct str out; /* what the socket did not take yet; borrows from the canned answer */
	struct canned *stream; /* the paced stream being sent, or NULL */
	int64_t events_left;
	struct list_node slot; /* on the wheel */
};

static struct {
	int epoll;
	int64_t wheel_ms; /* every slot up to here is served */
	int64_t paced;    /* streams on the wheel */
	uint64_t started; /* streams ever, for the phases */
	struct list wheel[WHEEL_SLOTS];
	char in[READ_BYTES];
} stub;

static int64_t now_ms(void)
{
	return clock_mono_ns() / 1000000;
}

static void conn_leave_wheel(struct conn *c)
{
	if (list_has_node(&c->slot))
		stub.paced--;
	list_remove(&c->slot);
	c->stream = NULL;
}

static void conn_close(struct conn *c)
{
	conn_leave_wheel(c);
	close(c->fd);
	buf_release(&c->in);
	mem_put(c);
}

/* -1: the connection is of no more use. */
static int conn_flush(struct conn *c)
{
	while (c->out.len) {
		ssize_t n = write(c->fd, c->out.ptr, c->out.len);

		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		c->out = str_part(c->out, (size_t)n, c->out.len);
	}
	return 0;
}

static int conn_send(struct conn *c, const struct buf *bytes)
{
	if (c->out.len) /* a reader this slow is not part of any plan */
		return -1;
	c->out = buf_str(bytes);
	return conn_flush(c);
}

static void wheel_put(struct conn *c, int64_t due_ms)
{
	list_push(&stub.wheel[due_ms & (WHEEL_SLOTS - 1)], &c->slot);
	stub.paced++;
}

static int stream_step(struct conn *c)
{
	struct canned *stream = c->stream;

	if (c->events_left-- > 0) {
		wheel_put(c, now_ms() + stream->interval_ms);
		return conn_send(c, &stream->event);
	}
	c->stream = NULL;
	return conn_send(c, &stream->tail);
}

/* Head and first event at once; the second event after a part of the interval that differs by
 * stream. */
static int stream_begin(struct conn *c, struct canned *stream)
{
	int64_t phase = (int64_t)(stub.started++ * 40503 % (uint64_t)stream->interval_ms);
	char first[2048];
	size_t len = stream->whole.len + stream->event.len;

	must(len <= sizeof(first));
	if (!stub.paced)
		stub.wheel_ms = now_ms();
	canned_stamp(stream, clock_mono_ns());
	memcpy(first, stream->whole.ptr, stream->whole.len);
	memcpy(first + stream->whole.len, stream->event.ptr, stream->event.len);
	c->stream = stream;
	c->events_left = stream->events - 1;
	wheel_put(c, now_ms() + 1 + phase);
	return write(c->fd, first, len) == (ssize_t)len ? 0 : -1;
}

static int serve(struct conn *c, struct str body)
{
	struct str head = str_part(body, 0, COMMAND_WITHIN), command;
	struct canned *answer;

	head = str_part(head, str_find(head, STR("stub:")) + 5, head.len);
	if (!head.len || !str_next_field(&head, '"', &command))
		command = STR("404");
	answer = canned_find(command);
	if (answer->interval_ms)
		return stream_begin(c, answer);
	return conn_send(c, &answer->whole);
}

static int64_t body_length(struct str head)
{
	const char *field = strcasestr(head.ptr, "\r\ncontent-length:");
	int64_t length = 0;
	struct str value;

	if (!field || field > head.ptr + head.len)
		return 0;
	field += 17;
	value = (struct str){field, (size_t)(strchr(field, '\r') - field)};
	if (str_to_i64(str_trim(value), 0, REQUEST_BYTES_MAX, &length))
		rig_die("a request with a strange Content-Length");
	return length;
}

/* Serves the requests at the front of `bytes`, whose end is a NUL that does not count. Gives how
 * much was served, or -1. A canned answer in the way of another (pipelining) closes: no engine of
 * the rig does that. */
static ssize_t serve_all(struct conn *c, struct str bytes)
{
	size_t served = 0;

	while (served < bytes.len) {
		struct str rest = str_part(bytes, served, bytes.len);
		size_t head = str_find(rest, STR("\r\n\r\n")) + 4;
		size_t whole;

		if (head > rest.len)
			break;
		whole = head + (size_t)body_length(str_part(rest, 0, head));
		if (whole > rest.len)
			break;
		if (serve(c, str_part(rest, head, whole - head)))
			return -1;
		served += whole;
	}
	return (ssize_t)served;
}

static int take(struct conn *c, size_t n)
{
	struct str bytes = {stub.in, n};
	ssize_t served;

	stub.in[n] = 0;
	if (c->in.len) {
		buf_put(&c->in, bytes);
		buf_put_byte(&c->in, 0);
		bytes = (struct str){c->in.ptr, --c->in.len};
	}
	served = serve_all(c, bytes);
	if (served < 0)
		return -1;
	if (c->in.len)
		buf_drop(&c->in, (size_t)served);
	else
		buf_put(&c->in, str_part(bytes, (size_t)served, bytes.len));
	return buf_is_over(&c->in) ? -1 : 0;
}

static int conn_read(struct conn *c)
{
	ssize_t n;

	do {
		n = read(c->fd, stub.in, READ_BYTES - 1);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return -1;
		if (n > 0 && take(c, (size_t)n))
			return -1;
	} while (n == READ_BYTES - 1);
	return 0;
}

static void on_conn_ready(struct conn *c, uint32_t what)
{
	bool broken = (what & (EPOLLERR | EPOLLHUP)) != 0;

	if (!broken && (what & EPOLLOUT) && c->out.len)
		broken = conn_flush(c) != 0;
	if (!broken && (what & EPOLLIN))
		broken = conn_read(c) != 0;
	if (broken)
		conn_close(c);
}

static void on_listener_ready(int listener)
{
	int fd;

	while ((fd = socket_accept(listener)) >= 0) {
		struct conn *c = mem_get(sizeof(*c));
		struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};

		c->fd = fd;
		buf_init(&c->in, REQUEST_BYTES_MAX + READ_BYTES);
		if (epoll_ctl(stub.epoll, EPOLL_CTL_ADD, fd, &e))
			rig_die("epoll_ctl");
	}
}

static void wheel_turn(void)
{
	int64_t now = now_ms();

	for (; stub.wheel_ms < now; stub.wheel_ms++) {
		struct list *slot = &stub.wheel[(stub.wheel_ms + 1) & (WHEEL_SLOTS - 1)];
		struct list_node *node;

		while ((node = list_pop(slot))) {
			struct conn *c = LIST_OBJECT(node, struct conn, slot);

			stub.paced--;
			canned_stamp(c->stream, clock_mono_ns());
			if (stream_step(c))
				conn_close(c);
		}
	}
}

static void loop(int listener)
{
	static struct epoll_event ready[EVENTS_PER_WAIT];

	for (;;) {
		int n = epoll_wait(stub.epoll, ready, EVENTS_PER_WAIT, stub.paced ? 1 : -1);

		for (int i = 0; i < n; i++) {
			if (ready[i].data.ptr)
				on_conn_ready(ready[i].data.ptr, ready[i].events);
			else
				on_listener_ready(listener);
		}
		wheel_turn();
	}
}

int main(int argc, char **argv)
{
	struct epoll_event e = {.events = EPOLLIN};
	int64_t port = 0;
	int listener;

	if (argc != 2 || str_to_i64(str_of(argv[1]), 1, 65535, &port))
		rig_die("usage: stub PORT");
	signal(SIGPIPE, SIG_IGN);
	socket_raise_limit();
	listener = socket_listen((uint16_t)port);
	stub.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (stub.epoll < 0 || epoll_ctl(stub.epoll, EPOLL_CTL_ADD, listener, &e))
		rig_die("epoll");
	for (int i = 0; i < WHEEL_SLOTS; i++)
		list_init(&stub.wheel[i]);
	stub.wheel_ms = now_ms();
	loop(listener);
}
