/* An HTTP/2 connection from its first byte to its last.
 *
 *	bytes -> h2_take -> nghttp2 -> h2_frame.c notes      streams -> nghttp2 -> out -> socket
 *	                               h2_tell tells            (h2_turn, while the socket takes it)
 *
 * What a client may cost us is one number, its patience: it pays for frames that carry nothing of
 * a message and for streams that were begun for nothing (rapid reset, CVE-2023-44487; made by us
 * to reset them, CVE-2025-8671; floods of PING, SETTINGS, empty frames, CVE-2019-9511 to 9518),
 * gets some back with time and with every stream that is served; when it is used up we go, with
 * GOAWAY ENHANCE_YOUR_CALM. What it may hold is bounded by windows, and what it may hold up by
 * times: a look once a second while there are streams.
 *
 * We go in two steps (RFC 9113 6.8): first the word that nothing new should be begun, a second
 * later which streams are still served. So a request that is on its way meanwhile is not lost.
 *
 * Owners are told when nghttp2 has returned, one after the other; each may close any stream.
 * Called by conn*.c. Must never free the session while it is on the stack. */
#include "front/h2.h"

#include "limits.h"

enum {
	TURN_ROUNDS = 2, /* of LIMIT_STREAM_UNSENT_BYTES */
	GOAWAY_BYTES = 17,
	SETTING_BYTES = 6,
	SETTINGS_BYTES = 9 + 3 * SETTING_BYTES
};

static int64_t now_ms(const struct h2 *h)
{
	return (int64_t)uv_now(&h->conn->front->loop->uv);
}

void h2_tire(struct h2 *h, int64_t cost)
{
	int64_t now = now_ms(h), back = (now - h->patience_ms) * LIMIT_H2_PATIENCE_S / 1000;

	if (back > 0) {
		h->patience += back;
		h->patience_ms = now;
	}
	h->patience -= cost;
	if (h->patience > LIMIT_H2_PATIENCE)
		h->patience = LIMIT_H2_PATIENCE;
}

void h2_note(struct h2_stream *st)
{
	if (!list_has_node(&st->news))
		list_push(&st->stream.conn->h2->news, &st->news);
}

/* --- telling --- */

/* One that nobody has heard of, and that is gone, is not spoken of. */
static void tell(struct h2_stream *st)
{
	struct stream *s = &st->stream;
	struct front *front = s->conn->front;

	if (!st->is_new) {
		conn_tell(s);
	} else if (s->state == STREAM_GONE) {
		h2_end_request(s);
	} else {
		st->is_new = false;
		front->server.on_request(s, front->server.server);
	}
}

static void tell_all(struct h2 *h)
{
	struct list_node *node;

	while ((node = list_pop(&h->news)))
		tell(LIST_OBJECT(node, struct h2_stream, news));
}

void h2_gone(struct conn *c)
{
	struct h2 *h = c->h2;

	for (struct list_node *n = h->streams.head.next; n != &h->streams.head; n = n->next) {
		struct h2_stream *st = LIST_OBJECT(n, struct h2_stream, node);

		st->is_closed = true;
		if (st->stream.state == STREAM_SENT || st->stream.state == STREAM_GONE)
			continue;
		st->stream.state = STREAM_GONE;
		h2_note(st);
	}
	tell_all(h);
}

/* --- going --- */

/* Written by hand, for nghttp2 may have lost its way: RFC 9113 6.8. */
static void put_goaway(struct h2 *h, uint32_t error)
{
	uint32_t last = htonl((uint32_t)nghttp2_session_get_last_proc_stream_id(h->session));
	unsigned char frame[GOAWAY_BYTES] = {0, 0, 8, NGHTTP2_GOAWAY};

	error = htonl(error);
	memcpy(frame + 9, &last, sizeof last);
	memcpy(frame + 13, &error, sizeof error);
	out_copy(&h->conn->out, (struct str){(const char *)frame, sizeof frame});
}

/* The last word; what is under way is lost. */
static void break_off(struct h2 *h, uint32_t error)
{
	struct conn *c = h->conn;

	put_goaway(h, error);
	conn_say(c);
	conn_linger(c);
	h2_gone(c);
}

static void go(struct h2 *h)
{
	if (h->is_going)
		return;
	h->is_going = true;
	nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
	                      nghttp2_session_get_last_proc_stream_id(h->session), NGHTTP2_NO_ERROR,
	                      NULL, 0);
	conn_say(h->conn);
}

/* --- in --- */

/* A look that is due already is not put off by whatever comes. */
static void begin_looks(struct h2 *h)
{
	if (h->is_looked_at || (h->count == 0 && h->head_ms == 0 && h->going_ms == 0))
		return;
	h->is_looked_at = true;
	conn_wait(h->conn, CONN_LOOK_MS);
}

void h2_drain(struct conn *c)
{
	struct h2 *h = c->h2;

	if (h->going_ms)
		return;
	h->going_ms = now_ms(h);
	nghttp2_submit_shutdown_notice(h->session);
	conn_say(c);
	begin_looks(h);
}

static void after_frames(struct h2 *h)
{
	struct conn *c = h->conn;

	tell_all(h);
	if (c->state != CONN_SHARED)
		return;
	conn_say(c);
	begin_looks(h);
}

void h2_take(struct conn *c, struct str bytes)
{
	struct h2 *h = c->h2;
	ssize_t used = nghttp2_session_mem_recv(h->session, (const uint8_t *)bytes.ptr, bytes.len);

	h->strange_bytes += (int64_t)bytes.len;
	if (h->strange_bytes >= H2_STRANGE_BYTES) { /* nghttp2 passes over such without a word */
		h2_tire(h, h->strange_bytes / H2_STRANGE_BYTES);
		h->strange_bytes %= H2_STRANGE_BYTES;
	}
	if (h->patience < 0 || used == NGHTTP2_ERR_FLOODED)
		break_off(h, NGHTTP2_ENHANCE_YOUR_CALM);
	else if (used < 0)
		break_off(h, NGHTTP2_PROTOCOL_ERROR);
	else
		after_frames(h);
}

/* How many streams there may be is written by hand: who goes beyond what nghttp2 announces loses
 * the connection with all that is under way on it; RFC 9113 5.1.2 has the one stream refused, as
 * h2_frame.c does. */
static void put_settings(struct h2 *h)
{
	static const nghttp2_settings_entry settings[] = {
	    {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, LIMIT_HEAD_BYTES},
	    {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
	};
	unsigned char frame[SETTINGS_BYTES];
	const uint8_t *bytes;
	uint32_t streams = htonl(LIMIT_H2_STREAMS);
	ssize_t len;

	must(nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings,
	                             sizeof settings / sizeof settings[0]) == 0);
	len = nghttp2_session_mem_send(h->session, &bytes);
	must(len == SETTINGS_BYTES - SETTING_BYTES);
	memcpy(frame, bytes, (size_t)len);
	frame[2] += SETTING_BYTES; /* of the length */
	frame[len] = 0;
	frame[len + 1] = NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS;
	memcpy(frame + len + 2, &streams, sizeof streams);
	out_copy(&h->conn->out, (struct str){(const char *)frame, sizeof frame});
}

void h2_start(struct conn *c)
{
	struct h2 *h = mem_get(sizeof *h);

	h->conn = c;
	c->h2 = h;
	c->state = CONN_SHARED;
	list_init(&h->streams);
	list_init(&h->news);
	h2_head_init(&h->head);
	h->patience = LIMIT_H2_PATIENCE;
	h->patience_ms = h->idle_ms = h->head_ms = now_ms(h);
	h->session = h2_session(h);
	put_settings(h);
	conn_say(c);
	begin_looks(h);
	if (c->front->is_leaving)
		h2_drain(c);
}

bool h2_is_unused(const struct h2 *h)
{
	return list_is_empty(&h->streams);
}

void h2_free(struct h2 **h)
{
	if (*h == NULL)
		return;
	nghttp2_session_del((*h)->session);
	h2_head_release(&(*h)->head);
	mem_put(*h);
	*h = NULL;
}

/* --- out --- */

/* Nothing is left to say; and we go and nothing is under way, or nghttp2 gave the client up. */
static bool is_over(const struct h2 *h)
{
	bool ends = (h->is_going && h->count == 0) || !nghttp2_session_want_read(h->session);

	return ends && conn_unsent(h->conn) == 0 && !nghttp2_session_want_write(h->session);
}

/* nghttp2 fills `out` up to what one stream may hold, the socket empties it, and so on. -1: the
 * connection is broken. */
static int push(struct h2 *h)
{
	struct conn *c = h->conn;

	for (int i = 0; i < TURN_ROUNDS && c->writing == NULL; i++) {
		if (nghttp2_session_send(h->session) != 0)
			return -1;
		if (c->out.total == 0 && !conn_has_cipher(c))
			return 0;
		conn_flush(c);
		if (c->state != CONN_SHARED)
			return 0; /* cut, and told */
	}
	if (c->writing == NULL)
		loop_next_turn(c->front->loop, &c->task);
	return 0;
}

void h2_turn(struct conn *c)
{
	struct h2 *h = c->h2;

	if (c->writing == NULL) {
		h->stuck_ms = 0;
		if (push(h) != 0) {
			conn_cut(c);
			return;
		}
	}
	if (c->state == CONN_SHARED && h->patience < 0)
		break_off(h, NGHTTP2_ENHANCE_YOUR_CALM);
	if (c->state != CONN_SHARED)
		return;
	if (is_over(h)) {
		conn_linger(c);
		h2_gone(c);
	} else {
		tell_all(h);
	}
}

/* --- looking --- */

/* A body must come at a rate that is worth waiting for, and without long rests. */
static bool is_body_late(const struct h2_stream *st, int64_t now)
{
	const struct stream *s = &st->stream;
	int64_t earned = (int64_t)s->body.len * 1000 / LIMIT_BODY_BYTES_S;

	return s->input == INPUT_COMING && (now - st->heard_ms > LIMIT_BODY_IDLE_MS ||
	                                    now - s->asked_ms > LIMIT_BODY_IDLE_MS + earned);
}

/* What is to go out goes, or is at least begun. */
static bool is_answer_stuck(struct h2_stream *st, int64_t now)
{
	bool moved = st->moved_bytes - st->noted_bytes >= LIMIT_WRITE_STEP_BYTES;

	if (st->out.total == 0 || moved) {
		st->noted_bytes = st->moved_bytes;
		st->moved_ms = now;
	}
	return now - st->moved_ms > LIMIT_WRITE_IDLE_MS;
}

static void look_at_stream(struct h2 *h, struct h2_stream *st, int64_t now)
{
	struct stream *s = &st->stream;

	if (st->is_closed)
		return;
	if (is_body_late(st, now)) {
		s->input = INPUT_REFUSED;
		s->refusal = FAIL_REQUEST_TIMEOUT;
		s->state = STREAM_REFUSED;
		h2_note(st);
	} else if (is_answer_stuck(st, now)) {
		nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, st->id,
		                          NGHTTP2_ENHANCE_YOUR_CALM);
	}
}

static bool is_socket_stuck(struct h2 *h, int64_t now)
{
	struct conn *c = h->conn;
	size_t queued = conn_queued(c);

	if (h->stuck_ms == 0 || queued + LIMIT_WRITE_STEP_BYTES <= c->stuck_bytes) {
		h->stuck_ms = now;
		c->stuck_bytes = queued;
	}
	return c->writing && now - h->stuck_ms > LIMIT_WRITE_IDLE_MS;
}

void h2_look(struct conn *c)
{
	struct h2 *h = c->h2;
	int64_t now = now_ms(h);

	if (h->count)
		h->idle_ms = now;
	for (struct list_node *n = h->streams.head.next; n != &h->streams.head; n = n->next)
		look_at_stream(h, LIST_OBJECT(n, struct h2_stream, node), now);
	if (h->going_ms && now - h->going_ms >= CONN_LOOK_MS)
		go(h);
	if (now - h->idle_ms >= LIMIT_KEEPALIVE_MS)
		go(h);
	if (is_socket_stuck(h, now)) {
		conn_cut(c);
	} else if (h->head_ms && now - h->head_ms > LIMIT_HEAD_MS) {
		break_off(h, NGHTTP2_ENHANCE_YOUR_CALM);
	} else {
		conn_wait(c, LIMIT_KEEPALIVE_MS);
		h->is_looked_at = false;
		begin_looks(h);
		conn_say(c);
		tell_all(h);
	}
}
