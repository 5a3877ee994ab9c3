/* A server for the tests of the front, on a loop of its own thread, and a blocking client. What
 * the server does with a request is said by its path:
 *
 * 	/echo        the body back, length known       /chunks      the body in two chunks, trailer
 * 	/small       takes 10 bytes of body            /refuse      401 without reading the body
 * 	/hold        never answers                     /hold-begun  one chunk, then nothing
 * 	/break       one chunk, then broken            /broken-length  5 of 10 bytes announced
 * 	/flood       FLOOD_BYTES, paused when full     /late        asks for the body a turn later
 * 	/204         no content                        /unasked     answers, ends, body unasked */
#ifndef TESTS_UNIT_FRONT_SERVER_H
#define TESTS_UNIT_FRONT_SERVER_H

#include "certs.h"
#include "front/conn.h"
#include "limits.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { FLOOD_BYTES = 8 * 1024 * 1024, FLOOD_PIECE = 16 * 1024, BODY_MAX = 1024 * 1024 };

struct asked {
	struct stream *stream;
	struct loop_task later;
	size_t flooded;
	bool was_told_gone;
};

static struct loop loop;
static struct front *front;
static atomic_int requests, open_requests, gone_told, told_twice, sent_told, flood_over, commits;
static atomic_int unix_peers;
static char flood_piece[FLOOD_PIECE];

/* --- the server --- */

static void answer_flood(struct asked *a)
{
	struct stream *s = a->stream;

	while (a->flooded < FLOOD_BYTES && stream_unsent_bytes(s) <= LIMIT_STREAM_UNSENT_BYTES) {
		if (a->flooded / FLOOD_PIECE % 2)
			stream_write_borrowed(s, (struct str){flood_piece, FLOOD_PIECE});
		else
			stream_write(s, (struct str){flood_piece, FLOOD_PIECE});
		a->flooded += FLOOD_PIECE;
	}
	if (stream_unsent_bytes(s) > LIMIT_STREAM_UNSENT_BYTES + FLOOD_PIECE + 32)
		flood_over++;
	if (a->flooded == FLOOD_BYTES) {
		a->flooded++;
		stream_end(s, NULL, 0);
	}
}

static void answer_text(struct stream *s, int status, struct str text)
{
	struct http_header type = {STR("X-Test"), STR("a\r\nb")};

	stream_begin(s, status, &type, 1, (int64_t)text.len);
	stream_write_borrowed(s, text);
	stream_end(s, NULL, 0);
}

static void answer_chunks(struct stream *s)
{
	struct str body = stream_body(s);
	struct http_header trailer = {STR("X-Cost"), STR("1")};

	stream_begin(s, 200, NULL, 0, STREAM_CHUNKED);
	stream_write(s, str_part(body, 0, body.len / 2));
	stream_write_borrowed(s, str_part(body, body.len / 2, SIZE_MAX));
	stream_end(s, &trailer, 1);
}

static void answer_failure(struct asked *a)
{
	struct fail f;

	fail_init(&f, stream_arena(a->stream));
	stream_body_fail(a->stream, &f);
	answer_text(a->stream, fail_status(&f), f.message);
}

static void answer_body(struct asked *a)
{
	struct stream *s = a->stream;
	struct str path = stream_head(s)->path;

	if (stream_state(s) == STREAM_REFUSED) {
		answer_failure(a);
	} else if (str_eq(path, STR("/chunks"))) {
		answer_chunks(s);
	} else if (str_eq(path, STR("/flood"))) {
		stream_begin(s, 200, NULL, 0, STREAM_CHUNKED);
		answer_flood(a);
	} else if (str_eq(path, STR("/204"))) {
		stream_begin(s, 204, NULL, 0, 0);
		stream_end(s, NULL, 0);
	} else {
		answer_text(s, 200, stream_body(s));
	}
}

static void answer_broken(struct asked *a)
{
	bool chunked = str_eq(stream_head(a->stream)->path, STR("/break"));

	stream_begin(a->stream, 200, NULL, 0, chunked ? STREAM_CHUNKED : 10);
	stream_write(a->stream, STR("hello"));
	if (chunked)
		stream_break(a->stream);
	else
		stream_end(a->stream, NULL, 0);
}

static void finish(struct asked *a)
{
	open_requests--;
	loop_drop_task(&a->later);
	stream_close(&a->stream);
	mem_put(a);
}

static void on_stream_event(void *owner)
{
	struct asked *a = owner;
	enum stream_state state = stream_state(a->stream);

	if (state == STREAM_GONE) {
		gone_told++;
		told_twice += a->was_told_gone;
		a->was_told_gone = true;
		finish(a);
	} else if (state == STREAM_SENT) {
		sent_told++;
		finish(a);
	} else if (state == STREAM_SENDING) {
		answer_flood(a);
	} else {
		answer_body(a);
	}
}

static void ask_later(struct loop_task *task)
{
	struct asked *a = LIST_OBJECT(task, struct asked, later);

	stream_read_body(a->stream, BODY_MAX);
	if (stream_state(a->stream) != STREAM_READING)
		answer_body(a);
}

static void hold(struct asked *a)
{
	if (!str_eq(stream_head(a->stream)->path, STR("/hold-begun")))
		return;
	stream_begin(a->stream, 200, NULL, 0, STREAM_CHUNKED);
	stream_write(a->stream, STR("hello"));
}

static void on_request(struct stream *s, void *server)
{
	struct asked *a = mem_get(sizeof *a);
	struct str path = stream_head(s)->path;

	(void)server;
	requests++;
	open_requests++;
	a->stream = s;
	unix_peers += str_eq(stream_peer(s), STR("unix"));
	must(unix_peers || str_eq(stream_peer(s), STR("127.0.0.1")) ||
	     str_eq(stream_peer(s), STR("::1")));
	stream_set_owner(s, on_stream_event, a);
	must(stream_owner(s) == a && stream_loop(s) == &loop && stream_started_ns(s) > 0);
	if (str_starts_with(path, STR("/hold"))) {
		hold(a);
	} else if (str_eq(path, STR("/refuse"))) {
		answer_text(s, 401, STR("no"));
	} else if (str_starts_with(path, STR("/break")) || str_starts_with(path, STR("/broken"))) {
		answer_broken(a);
	} else if (str_eq(path, STR("/late"))) {
		a->later.run = ask_later;
		loop_at_turn_end(&loop, &a->later);
	} else if (str_eq(path, STR("/unasked"))) {
		answer_text(s, 200, STR("fine"));
	} else {
		stream_read_body(s, str_eq(path, STR("/small")) ? 10 : BODY_MAX);
		if (stream_state(s) != STREAM_READING)
			answer_body(a);
	}
}

static void on_bad_head(const struct fail *f, struct front_refusal *out, void *server)
{
	(void)server;
	buf_put(&out->body, fail_code(f->kind));
}

/* --- what the client's thread asks of the server's --- */

enum command {
	COMMAND_NONE,
	COMMAND_DRAIN,
	COMMAND_CUT,
	COMMAND_STOP,
	COMMAND_DUE,
	COMMAND_LOOK,
	COMMAND_FULL,
	COMMAND_ROOMY
};

static atomic_int command, has_no_delay;

/* The timers of all connections are due now. */
static void make_due(void)
{
	struct list_node *node = front->open.head.next;

	while (node != &front->open.head) {
		struct conn *c = LIST_OBJECT(node, struct conn, node);

		node = node->next;
		if (timer_is_set(&c->timer)) {
			timer_cancel(&c->timer);
			c->timer.on_due(&c->timer);
		}
	}
}

static void look_at_last(void)
{
	struct conn *c = LIST_OBJECT(list_last(&front->open), struct conn, node);
	int on = 0;
	socklen_t len = sizeof on;
	uv_os_fd_t fd;

	must(uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0);
	must(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len) == 0);
	has_no_delay = on;
}

static void on_wake(struct loop *l)
{
	int asked = command;

	(void)l;
	if (asked == COMMAND_DRAIN)
		front_drain(front);
	if (asked == COMMAND_STOP)
		front_stop_listening(front);
	if (asked == COMMAND_CUT || asked == COMMAND_STOP)
		front_cut_all(front);
	if (asked == COMMAND_DUE)
		make_due();
	if (asked == COMMAND_FULL)
		front_set_connections(front, 0);
	if (asked == COMMAND_ROOMY)
		front_set_connections(front, LIMIT_CONNECTIONS);
	if (asked == COMMAND_LOOK)
		look_at_last();
	command = COMMAND_NONE;
}

static void order(enum command c)
{
	command = c;
	loop_wake(&loop);
	while (command != COMMAND_NONE)
		usleep(200);
}

static int count_commit(void *arg)
{
	(void)arg;
	commits++;
	return 0;
}

/* The address number 0, from now on. */
static void be_secure(struct arena *arena)
{
	struct cert c = cert_make("DNS:localhost", NULL, 86400);
	struct str file = arena_printf(arena, "/tmp/fluxrouter-test-front.%d.pem", (int)getpid());
	struct front_manner manner = {.tls = tls_server_new(false)};
	struct tls_cert cert = {.cert_file = file};
	int64_t left;
	struct buf problem;

	cert_save(&c, file.ptr);
	cert_release(&c);
	buf_init(&problem, 1000);
	must(tls_server_add(manner.tls, &cert, &left, &problem) == 0);
	must(left > 86000 && left <= 86400);
	unlink(file.ptr);
	front_set_manner(front, 0, &manner);
	tls_server_put(&manner.tls);
}

/* --- the client --- */

static struct sockaddr_storage server_address;
static socklen_t server_address_len;

static SSL_CTX *secure;         /* what dial does under TLS with; NULL: in plain */
static SSL *secure_of[1 << 16]; /* by descriptor */

static void shake_hands(int fd)
{
	secure_of[fd] = SSL_new(secure);
	must(SSL_set_fd(secure_of[fd], fd) && SSL_connect(secure_of[fd]) == 1);
}

static void hang_up(int fd)
{
	SSL_free(secure_of[fd]);
	secure_of[fd] = NULL;
	close(fd);
}

static ssize_t send_some(int fd, struct str text)
{
	if (secure_of[fd])
		return SSL_write(secure_of[fd], text.ptr, (int)text.len);
	return send(fd, text.ptr, text.len, MSG_NOSIGNAL);
}

static ssize_t hear_some(int fd, char *room, size_t bytes)
{
	if (secure_of[fd])
		return SSL_read(secure_of[fd], room, (int)bytes);
	return recv(fd, room, bytes, 0);
}

__attribute__((unused)) static void dial_at(struct str address)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&server_address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&server_address;
	struct sockaddr_un *un = (struct sockaddr_un *)&server_address;
	size_t colon = address.len;
	int64_t port = 0;

	memset(&server_address, 0, sizeof server_address);
	while (colon && address.ptr[colon - 1] != ':')
		colon--;
	if (str_starts_with(address, STR("unix:"))) {
		un->sun_family = AF_UNIX;
		memcpy(un->sun_path, address.ptr + 5, address.len - 5);
		server_address_len = sizeof *un;
		return;
	}
	must(str_to_i64(str_part(address, colon, SIZE_MAX), 1, 65535, &port) == 0);
	if (address.ptr[0] == '[') {
		six->sin6_family = AF_INET6;
		six->sin6_addr = in6addr_loopback;
		six->sin6_port = htons((uint16_t)port);
		server_address_len = sizeof *six;
		return;
	}
	four->sin_family = AF_INET;
	four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	four->sin_port = htons((uint16_t)port);
	server_address_len = sizeof *four;
}

static int dial(void)
{
	int fd = socket(server_address.ss_family, SOCK_STREAM, 0), on = 1;
	struct timeval wait = {5, 0};

	must(fd >= 0);
	must(connect(fd, (struct sockaddr *)&server_address, server_address_len) == 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	if (secure)
		shake_hands(fd);
	return fd;
}

static void say(int fd, struct str text)
{
	while (text.len) {
		ssize_t n = send_some(fd, text);

		if (n <= 0)
			return;
		text = str_part(text, (size_t)n, SIZE_MAX);
	}
}

/* Without its Date lines, so that it can be compared. */
static void drop_dates(struct buf *b)
{
	size_t at;

	while ((at = str_find(buf_str(b), STR("Date: "))) < b->len) {
		size_t line = str_find(str_part(buf_str(b), at, SIZE_MAX), STR("\r\n")) + 2;

		memmove(b->ptr + at, b->ptr + at + line, b->len - at - line);
		b->len -= line;
	}
}

/* Reads until `end` has come so many times, or the server closes. Gives false when it closed. */
static bool hear(int fd, struct buf *out, struct str end, int times)
{
	for (;;) {
		struct str rest = buf_str(out);
		char *room = buf_room(out, 65536);
		int seen = 0;

		while (end.len && str_find(rest, end) < rest.len) {
			rest = str_part(rest, str_find(rest, end) + end.len, SIZE_MAX);
			seen++;
		}
		if (end.len && seen >= times)
			return true;
		ssize_t n = hear_some(fd, room, 65536);

		if (n <= 0)
			return false;
		buf_grew(out, (size_t)n);
	}
}

/* All that the server answers until it closes, without dates. */
static struct str ask_in(int fd, struct str text, struct buf *out)
{
	say(fd, text);
	buf_clear(out);
	hear(fd, out, STR(""), 0);
	hang_up(fd);
	drop_dates(out);
	return buf_str(out);
}

static struct str ask(struct str text, struct buf *out)
{
	return ask_in(dial(), text, out);
}

static bool wait_until(atomic_int *counter, int value)
{
	for (int i = 0; i < 5000 && *counter != value; i++)
		usleep(1000);
	return *counter == value;
}

#endif
