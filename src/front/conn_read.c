/* What comes in on a connection: heads, bodies, and bytes that have to wait.
 *
 * `input` is always what was not used yet: during a read it lies in the loop's shared buffer, or in
 * `kept` when something was there before; afterwards always in `kept`. The rest of a body whose
 * length is known is read straight to its place. Called by libuv and conn.c. */
#include "front/conn.h"

#include "base/clock.h"
#include "front/h2.h"
#include "limits.h"

enum {
	READ_AHEAD_MAX = 65536, /* pipelined bytes behind the request that is served */
	KEPT_MAX = READ_AHEAD_MAX + LOOP_READ_BYTES + LIMIT_HEAD_BYTES,
};

/* --- heads --- */

void conn_fill_refusal(struct front *front, const struct fail *f, struct arena *arena,
                       struct front_refusal *out)
{
	*out = (struct front_refusal){.arena = arena};
	buf_init(&out->body, LIMIT_ERROR_BODY_BYTES);
	front->server.on_bad_head(f, out, front->server.server);
	out->headers[out->count++] =
	    (struct http_header){STR("Content-Type"), STR("application/json")};
}

/* The same for HTTP/1; `extra` is a field more, or NULL. */
void conn_put_refusal(struct conn *c, const struct fail *f, const struct http_header *extra)
{
	struct arena arena;
	struct front_refusal refusal;
	struct answer a = {.status = fail_status(f),
	                   .headers = refusal.headers,
	                   .framing = ANSWER_LENGTH,
	                   .connection = ANSWER_CLOSES,
	                   .date = front_date(c->front)};

	arena_init(&arena);
	conn_fill_refusal(c->front, f, &arena, &refusal);
	if (extra)
		refusal.headers[refusal.count++] = *extra;
	must(refusal.count <= (int)(sizeof refusal.headers / sizeof refusal.headers[0]));
	a.count = refusal.count;
	a.length = (int64_t)refusal.body.len;
	answer_put_head(&c->out, &a);
	out_copy(&c->out, buf_str(&refusal.body));
	buf_release(&refusal.body);
	arena_release(&arena);
}

static void refuse_head(struct conn *c, const struct fail *f)
{
	conn_put_refusal(c, f, NULL);
	conn_say(c);
	conn_linger(c);
}

void conn_refuse_late_head(struct conn *c)
{
	struct fail f;

	fail_init(&f, &c->front->loop->scratch);
	if (fail(&f, FAIL_REQUEST_TIMEOUT, "the request's head did not arrive within %d s",
	         LIMIT_HEAD_MS / 1000))
		refuse_head(c, &f);
}

static void begin_stream(struct conn *c, struct arena *arena, const struct http_head *head)
{
	struct stream *s = &c->stream;
	bool has_body = head->framing == HTTP_CHUNKED ||
	                (head->framing == HTTP_LENGTH && head->content_length > 0);

	*s = (struct stream){.conn = c,
	                     .arena = *arena,
	                     .head = *head,
	                     .input = has_body ? INPUT_UNASKED : INPUT_WHOLE,
	                     .started_ns = c->head_ns};
	c->head_ns = 0;
	c->scanned = 0;
	c->state = CONN_BUSY;
	c->has_stream = true;
	timer_cancel(&c->timer);
	c->front->server.on_request(s, c->front->server.server);
}

/* The head is `len` bytes of the input; it is copied, since the input's place is used again. */
static void take_head(struct conn *c, size_t len, struct fail *f)
{
	struct arena arena = conn_take_arena(c->front);
	struct http_head head;
	struct str text = arena_copy(&arena, str_part(c->input, 0, len));

	c->input = str_part(c->input, len, SIZE_MAX);
	if (http1_read_request(text, &arena, &head, f) != 0) {
		arena_release(&arena);
		refuse_head(c, f);
		return;
	}
	begin_stream(c, &arena, &head);
}

/* The input begins a head. */
static void look_for_head(struct conn *c)
{
	struct fail f;
	int64_t len;

	if (c->scanned == 0)
		c->input = str_part(c->input, http1_skip_empty(c->input), SIZE_MAX);
	if (c->input.len == 0)
		return;
	if (c->head_ns == 0) {
		c->head_ns = clock_mono_ns();
		c->scanned = 0;
	}
	fail_init(&f, &c->front->loop->scratch);
	len = http1_find_head(c->input, &c->scanned, &f);
	if (len < 0)
		refuse_head(c, &f);
	else if (len > 0)
		take_head(c, (size_t)len, &f);
}

/* --- bodies --- */

void conn_refuse_body(struct conn *c, enum fail_kind kind)
{
	c->stream.input = INPUT_REFUSED;
	c->stream.refusal = kind;
	c->stream.state = STREAM_REFUSED;
	timer_cancel(&c->timer);
}

static void end_body(struct conn *c)
{
	c->stream.input = INPUT_WHOLE;
	c->stream.state = STREAM_BODY;
	timer_cancel(&c->timer);
}

/* Until the next piece; and all in all no longer than what has come is worth. */
static void wait_for_body(struct conn *c)
{
	struct stream *s = &c->stream;
	int64_t now_ms = (int64_t)uv_now(&c->front->loop->uv);
	int64_t earned_ms = (int64_t)s->body.len * 1000 / LIMIT_BODY_BYTES_S;
	int64_t left_ms = s->asked_ms + LIMIT_BODY_IDLE_MS + earned_ms - now_ms;

	if (left_ms > LIMIT_BODY_IDLE_MS)
		left_ms = LIMIT_BODY_IDLE_MS;
	conn_wait(c, left_ms > 0 ? left_ms : 0);
}

static void take_length_body(struct conn *c)
{
	struct body *b = &c->stream.body;
	struct str piece = str_part(c->input, 0, b->cap - b->len);

	c->input = str_part(c->input, piece.len, SIZE_MAX);
	if (body_add(b, piece, b->cap) != 0)
		conn_refuse_body(c, FAIL_OVERLOADED);
	else if (b->len == b->cap)
		end_body(c);
}

static void take_chunks(struct conn *c)
{
	struct stream *s = &c->stream;
	char *bytes = (char *)(uintptr_t)c->input.ptr; /* ours to write: kept, or the loop's */
	size_t len, taken;
	enum http1_fed fed = http1_body_feed(&s->chunks, bytes, c->input.len, &len, &taken);

	c->input = str_part(c->input, taken, SIZE_MAX);
	if (fed == HTTP1_BAD)
		conn_refuse_body(c, FAIL_BAD_REQUEST);
	else if (len > s->max_bytes - s->body.len)
		conn_refuse_body(c, FAIL_BODY_TOO_LARGE);
	else if (body_add(&s->body, (struct str){bytes, len}, s->max_bytes) != 0)
		conn_refuse_body(c, FAIL_OVERLOADED);
	else if (fed == HTTP1_END)
		end_body(c);
}

static void take_body(struct conn *c)
{
	if (c->stream.head.framing == HTTP_LENGTH)
		take_length_body(c);
	else
		take_chunks(c);
	if (c->stream.input == INPUT_COMING)
		wait_for_body(c);
}

/* --- reading --- */

/* What was not used stays in `kept`, which is empty memory-wise when all was used. */
static void keep_rest(struct conn *c)
{
	bool is_kept =
	    c->kept.len && c->input.ptr >= c->kept.ptr && c->input.ptr <= c->kept.ptr + c->kept.len;

	if (c->input.len == 0)
		buf_release(&c->kept);
	else if (is_kept)
		buf_drop(&c->kept, c->kept.len - c->input.len);
	else
		buf_put(&c->kept, c->input);
	c->input = buf_str(&c->kept);
}

void conn_use_input(struct conn *c)
{
	if (c->state == CONN_BUSY && c->stream.input == INPUT_COMING)
		take_body(c);
	else if (c->state == CONN_WAITING)
		look_for_head(c);
	else if (c->state == CONN_LINGERING)
		conn_drop_input(c);
}

/* After a read: the rest is kept, and the wait that the new bytes begin is set. */
void conn_settle_input(struct conn *c)
{
	if (c->state >= CONN_CLOSING)
		return;
	keep_rest(c);
	if (c->state == CONN_WAITING && !timer_is_set(&c->timer))
		conn_wait(c, c->input.len ? LIMIT_HEAD_MS : LIMIT_KEEPALIVE_MS);
	if (c->input.len > READ_AHEAD_MAX && !c->is_paused) {
		uv_read_stop((uv_stream_t *)&c->tcp);
		c->is_paused = true;
		if (!timer_is_set(&c->timer))
			conn_wait(c, CONN_LOOK_MS);
	}
}

static bool reads_straight(const struct conn *c)
{
	return c->state == CONN_BUSY && c->stream.input == INPUT_COMING &&
	       c->stream.head.framing == HTTP_LENGTH && c->kept.len == 0;
}

/* `other`, unless the bytes are of a body and may go straight to their place. */
void conn_room(struct conn *c, uv_buf_t *out, uv_buf_t other)
{
	struct body *b = &c->stream.body;

	if (reads_straight(c))
		*out = uv_buf_init(b->ptr + b->len, (unsigned)(b->cap - b->len + BODY_SLACK));
	else
		*out = other;
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct conn *c = handle->data;
	uv_buf_t shared = uv_buf_init(c->front->loop->read_bytes, LOOP_READ_BYTES);
	size_t most = loop_may_read(c->front->loop, c);

	(void)suggested;
	if (c->tls)
		*out = shared;
	else
		conn_room(c, out, shared);
	if (out->len > most)
		out->len = most;
}

/* Bytes of the body are in their place already; one more may be there, of the next request. */
static void take_straight(struct conn *c, size_t bytes)
{
	struct body *b = &c->stream.body;
	size_t left = b->cap - b->len;

	if (bytes > left)
		c->input = (struct str){b->ptr + b->cap, bytes - left};
	if (body_grew(b, bytes < left ? bytes : left) != 0)
		conn_refuse_body(c, FAIL_OVERLOADED);
	else if (b->len == b->cap)
		end_body(c);
	else
		wait_for_body(c);
}

static bool is_in_place(const struct conn *c, const char *bytes)
{
	const struct body *b = &c->stream.body;

	return reads_straight(c) && bytes == b->ptr + b->len;
}

static void take_plain(struct conn *c, char *bytes, size_t len)
{
	if (c->state == CONN_WAITING && c->head_ns == 0)
		timer_cancel(&c->timer); /* of the idle connection */
	if (is_in_place(c, bytes)) {
		take_straight(c, len);
	} else if (c->kept.len) {
		buf_put(&c->kept, (struct str){bytes, len});
		must(!buf_is_over(&c->kept));
		c->input = buf_str(&c->kept);
		conn_use_input(c);
	} else {
		c->input = (struct str){bytes, len};
		conn_use_input(c);
	}
	conn_settle_input(c);
}

/* For each piece, and each record of TLS: a request that began with one may wait for the next. */
void conn_take(struct conn *c, char *bytes, size_t len)
{
	bool was_asked = c->has_stream && c->stream.input == INPUT_COMING;

	if (c->state == CONN_SHARED) {
		h2_take(c, (struct str){bytes, len});
		return;
	}
	take_plain(c, bytes, len);
	if (was_asked && c->has_stream && c->stream.input > INPUT_COMING)
		conn_tell(&c->stream);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct conn *c = stream->data;

	if (len == UV_ENOBUFS) /* it has had its share of this turn */
		return;
	if (len < 0) {
		conn_cut(c);
		return;
	}
	loop_has_read(c->front->loop, (size_t)len);
	if (len > 0 && c->state == CONN_OPENING)
		conn_open(c, buf->base, (size_t)len);
	else if (len > 0 && c->tls)
		conn_read_cipher(c, (struct str){buf->base, (size_t)len});
	else if (len > 0)
		conn_take(c, buf->base, (size_t)len);
}

void conn_init_input(struct conn *c)
{
	buf_init(&c->kept, KEPT_MAX);
}

int conn_start_reading(struct conn *c)
{
	return uv_read_start((uv_stream_t *)&c->tcp, on_room, on_read);
}

void conn_resume(struct conn *c)
{
	if (!c->is_paused)
		return;
	c->is_paused = false;
	must(conn_start_reading(c) == 0); /* it did before, and the handle is open */
}

/* The owner asked. What is here already may be all of it; then the stream's state says so at
 * once. */
void conn_ask_body(struct conn *c)
{
	struct stream *s = &c->stream;

	s->input = INPUT_COMING;
	s->asked_ms = (int64_t)uv_now(&c->front->loop->uv);
	if (s->head.framing == HTTP_CHUNKED)
		http1_body_init(&s->chunks, &s->head);
	else if (body_expect(&s->body, &s->arena, (size_t)s->head.content_length) != 0) {
		conn_refuse_body(c, FAIL_OVERLOADED);
		return;
	}
	if (s->head.expects_continue && c->input.len == 0) {
		out_copy(&c->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
		conn_say(c);
	}
	take_body(c);
	if (c->kept.len)
		keep_rest(c);
	if (c->input.len <= READ_AHEAD_MAX)
		conn_resume(c);
}
