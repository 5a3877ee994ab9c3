/* One client connection.
 *
 *	OPENING --TLS agreed--> WAITING, or SHARED (HTTP/2: h2.c)
 *	WAITING --head--> BUSY --answer sent, stream closed--> WAITING ...
 *	   |                \--not to be used again--> LINGERING --\
 *	   |--bad head, answered--------------------> LINGERING ----> CLOSING -> CLOSED
 *	   \--end, idle too long-----------------------------------/
 *
 * Bytes come into the loop's shared buffer; what cannot be used at once is kept in the
 * connection's own. The rest of a body whose length is known is read straight to its place.
 * While a request is served reading goes on, for the client's end must be noticed at once: a
 * client that closes its sending side, with FIN or reset, is taken as gone (as nginx does; SDKs
 * abort that way), although TCP would let it wait for its answer. Only a client that sends far
 * ahead is not read from; it is looked at once a second.
 *
 * What goes out is gathered in `out` and handed to the kernel by conn_turn at the end of the
 * loop's turn, with one call. What the kernel does not take moves as a whole into a struct
 * conn_write.
 *
 * Nothing is freed under a caller: a conn lives until libuv has closed its handle and its stream
 * was closed by its owner. An owner may close its stream within on_event, so telling is always
 * the last thing that a function does. Called by libuv, the loop, listen.c and stream.c. */
#include "front/conn.h"

#include "front/h2.h"
#include "limits.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

enum { LINGER_MS = 1000 }; /* without a byte from the client */

static void on_timer(struct timer *);
static void conn_turn(struct loop_task *);

void conn_wait(struct conn *c, int64_t ms)
{
	timer_set(&c->timer, c->front->loop, ms, on_timer);
}

void conn_say(struct conn *c)
{
	c->task.run = conn_turn;
	loop_at_turn_end(c->front->loop, &c->task);
}

/* --- closing --- */

void conn_free_when_unused(struct conn *c)
{
	if (c->state != CONN_CLOSED || c->has_stream || (c->h2 && !h2_is_unused(c->h2)))
		return;
	h2_free(&c->h2);
	list_remove(&c->node);
	c->front->conn_count--;
	mem_put(c);
}

static void on_closed(uv_handle_t *handle)
{
	struct conn *c = handle->data;

	c->state = CONN_CLOSED;
	tls_free(&c->tls);
	conn_free_when_unused(c);
}

/* `reset`: the client must not take what it has for all there is. */
void conn_close(struct conn *c, bool reset)
{
	if (c->state >= CONN_CLOSING)
		return;
	c->state = CONN_CLOSING;
	list_remove(&c->node);
	list_push(&c->front->closing, &c->node);
	timer_cancel(&c->timer);
	loop_drop_task(&c->task);
	out_release(&c->out);
	buf_release(&c->kept);
	c->input = (struct str){NULL, 0};
	if (!reset || uv_tcp_close_reset(&c->tcp, on_closed) != 0)
		uv_close((uv_handle_t *)&c->tcp, on_closed);
}

void conn_tell(struct stream *s)
{
	if (s->on_event)
		s->on_event(s->owner);
}

void conn_cut(struct conn *c)
{
	struct stream *s = &c->stream;

	if (c->state >= CONN_CLOSING)
		return;
	if (c->h2) {
		conn_note_peer(c);
		conn_close(c, false);
		h2_gone(c);
		return;
	}
	if (!c->has_stream) {
		conn_close(c, false);
		return;
	}
	conn_note_peer(c);
	conn_close(c, s->state == STREAM_SENDING && s->framing == ANSWER_UNTIL_CLOSE);
	if (s->state == STREAM_SENT)
		return;
	s->state = STREAM_GONE;
	conn_tell(s);
}

/* --- lingering --- */

void conn_shut(struct conn *c)
{
	uv_os_fd_t fd;

	conn_say_close(c);
	if (uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0)
		shutdown(fd, SHUT_WR);
}

void conn_linger(struct conn *c)
{
	c->state = CONN_LINGERING;
	c->linger_bytes = LIMIT_BODY_BYTES;
	c->input = (struct str){NULL, 0};
	buf_release(&c->kept);
	conn_resume(c);
	conn_wait(c, LINGER_MS);
	if (c->out.total == 0 && c->writing == NULL)
		conn_shut(c);
}

void conn_drop_input(struct conn *c)
{
	c->linger_bytes -= (int64_t)c->input.len;
	c->input = (struct str){NULL, 0};
	if (c->linger_bytes < 0)
		conn_close(c, false);
	else
		conn_wait(c, LINGER_MS);
}

void conn_end(struct conn *c)
{
	conn_say_close(c);
	conn_close(c, false);
}

/* --- the end of a turn --- */

/* The end of the loop's turn: what was said goes out; else the next request that waits is begun. */
static void conn_turn(struct loop_task *task)
{
	struct conn *c = LIST_OBJECT(task, struct conn, task);

	if (c->state == CONN_SHARED) {
		h2_turn(c);
		return;
	}
	if (c->out.total || conn_has_cipher(c)) {
		if (c->writing == NULL)
			conn_flush(c);
	} else if (c->state == CONN_BUSY) {
		conn_note_sent(c);
	} else if (c->state == CONN_WAITING && c->input.len) {
		conn_use_input(c);
		conn_settle_input(c);
	}
}

/* --- between requests --- */

struct arena conn_take_arena(struct front *front)
{
	struct arena fresh;

	if (front->spare_count)
		return front->spares[--front->spare_count];
	arena_init(&fresh);
	return fresh;
}

/* Emptied, it serves the next request. */
void conn_give_arena(struct front *front, struct arena *arena)
{
	arena_reset(arena);
	if (arena->newest && front->spare_count < FRONT_SPARES)
		front->spares[front->spare_count++] = *arena;
	else
		arena_release(arena);
	*arena = (struct arena){0};
}

/* All that the last request held is given back. */
static void release_stream(struct conn *c)
{
	struct stream *s = &c->stream;

	c->has_stream = false;
	body_release(&s->body);
	conn_give_arena(c->front, &s->arena);
}

static void await_request(struct conn *c)
{
	c->state = CONN_WAITING;
	timer_cancel(&c->timer);
	if (c->input.len == 0) {
		conn_wait(c, LIMIT_KEEPALIVE_MS);
		return;
	}
	conn_resume(c);
	conn_say(c);
}

void conn_end_request(struct conn *c)
{
	struct stream *s = &c->stream;
	bool sent = s->state == STREAM_SENT, unread = s->input != INPUT_WHOLE;

	if (c->state == CONN_BUSY && !sent)
		conn_close(c, s->state == STREAM_SENDING && s->framing == ANSWER_UNTIL_CLOSE);
	release_stream(c);
	if (c->state >= CONN_CLOSING)
		conn_free_when_unused(c);
	else if (s->keeps_alive && !c->front->is_draining)
		await_request(c);
	else if (unread)
		conn_linger(c);
	else
		conn_end(c);
}

/* What an end in the input would tell, if we were reading. */
static bool has_left(const struct conn *c)
{
	struct pollfd look = {.events = POLLRDHUP};

	if (uv_fileno((const uv_handle_t *)&c->tcp, &look.fd) != 0)
		return true;
	return poll(&look, 1, 0) > 0;
}

/* The client takes some of the answer, and not just a byte. */
static bool has_moved(const struct conn *c)
{
	return conn_queued(c) + LIMIT_WRITE_STEP_BYTES <= c->stuck_bytes;
}

static void on_timer(struct timer *t)
{
	struct conn *c = LIST_OBJECT(t, struct conn, timer);
	struct stream *s = &c->stream;
	bool busy = c->state == CONN_BUSY;

	if (c->state == CONN_SHARED) {
		h2_look(c);
	} else if (c->state == CONN_WAITING && c->input.len) {
		conn_refuse_late_head(c);
	} else if (busy && s->input == INPUT_COMING) {
		conn_refuse_body(c, FAIL_REQUEST_TIMEOUT);
		conn_tell(s);
	} else if (busy && c->writing && has_moved(c)) {
		c->stuck_bytes = conn_queued(c);
		conn_wait(c, LIMIT_WRITE_IDLE_MS);
	} else if (busy && !c->writing && c->is_paused && !has_left(c)) {
		conn_wait(c, CONN_LOOK_MS);
	} else if (c->state == CONN_WAITING) {
		conn_end(c);
	} else {
		conn_cut(c);
	}
}

/* --- beginnings --- */

/* One connection too many: told so with one write, without waiting for what it wants. Its request
 * may be on its way, so that some clients will see a reset instead. */
static void refuse_conn(struct conn *c)
{
	struct http_header again = {STR("Retry-After"), STR("1")};
	struct fail f;
	uv_buf_t bufs[OUT_FEW_PIECES];

	if (c->tls || c->awaits_proxy) { /* nobody would understand us yet */
		conn_close(c, true);
		return;
	}
	fail_init(&f, &c->front->loop->scratch);
	if (fail(&f, FAIL_OVERLOADED, "too many connections; try again in a second"))
		conn_put_refusal(c, &f, &again);
	if (uv_try_write((uv_stream_t *)&c->tcp, bufs,
	                 (unsigned)out_fill(&c->out, 0, bufs, OUT_FEW_PIECES)) > 0)
		conn_shut(c);
	conn_close(c, false);
}

void conn_accept(struct front *front, uv_stream_t *listener, const struct front_manner *manner,
                 bool is_unix)
{
	struct conn *c = mem_get(sizeof *c);

	*c = (struct conn){.front = front, .is_unix = is_unix, .state = CONN_WAITING};
	conn_init_input(c);
	must(uv_tcp_init(&front->loop->uv, &c->tcp) == 0);
	c->tcp.data = c;
	out_init(&c->out);
	list_push(&front->open, &c->node);
	front->conn_count++;
	if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0 || conn_start_reading(c) != 0)
		conn_close(c, false);
	else if (!conn_begin(c, manner))
		conn_close(c, true);
	else if (front->conn_count > front->conn_max)
		refuse_conn(c);
	else
		conn_wait(c, c->tls || c->awaits_proxy ? LIMIT_HANDSHAKE_MS : LIMIT_KEEPALIVE_MS);
}

void conn_leave(struct conn *c)
{
	if (c->state == CONN_SHARED)
		h2_drain(c);
}

void conn_drain(struct conn *c)
{
	conn_leave(c);
	if (c->state == CONN_WAITING && c->input.len == 0)
		conn_end(c);
}

void conn_note_peer(struct conn *c)
{
	struct sockaddr_storage from;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&from;
	int len = sizeof from;

	if (c->peer[0] || c->state >= CONN_CLOSING)
		return;
	if (c->is_unix)
		memcpy(c->peer, "unix", 5);
	else if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&from, &len) != 0)
		memcpy(c->peer, "gone", 5);
	else if (from.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		inet_ntop(AF_INET, &six->sin6_addr.s6_addr[12], c->peer, sizeof c->peer);
	else if (from.ss_family == AF_INET6)
		inet_ntop(AF_INET6, &six->sin6_addr, c->peer, sizeof c->peer);
	else
		inet_ntop(AF_INET, &((struct sockaddr_in *)&from)->sin_addr, c->peer,
		          sizeof c->peer);
}
