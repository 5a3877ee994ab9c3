/* What nghttp2 calls while it reads and writes frames.
 *
 * In here nothing is told to owners, since nghttp2 does not like to be called back; what they
 * should know is noted and told by h2.c when nghttp2 has returned.
 *
 * Flow control: the connection's window is given back as bytes come, for the bodies of one request
 * must not stand in the way of another's; a stream's only once its body was asked for. What is
 * held unasked counts in the budget of all bodies. Called by nghttp2, from h2.c. */
#include "front/h2.h"

#include "base/clock.h"
#include "limits.h"

enum { FRAME_HEAD = 9, FIELD_COST_BYTES = 1024 };

static int64_t now_ms(const struct h2 *h)
{
	return (int64_t)uv_now(&h->conn->front->loop->uv);
}

static struct h2_stream *find_stream(nghttp2_session *session, int32_t id)
{
	return nghttp2_session_get_stream_user_data(session, id);
}

/* --- patience --- */

/* What a reset costs is paid when its stream closes. */
static int64_t frame_cost(const nghttp2_frame_hd *hd)
{
	switch (hd->type) {
	case NGHTTP2_DATA:
		return hd->length < H2_SMALL_DATA ? H2_COST_FRAME : 0;
	case NGHTTP2_SETTINGS:
		return H2_COST_SETTINGS;
	case NGHTTP2_CONTINUATION:
		return H2_COST_CONTINUATION;
	default:
		return H2_COST_FRAME;
	}
}

/* Also of frames within a block of fields: who never ends it is found out here. */
static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *arg)
{
	struct h2 *h = arg;

	(void)session;
	h->strange_bytes -= FRAME_HEAD + (int64_t)hd->length;
	h2_tire(h, frame_cost(hd));
	return h->patience < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

/* --- heads --- */

static bool begins_request(const nghttp2_frame *frame)
{
	return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

static bool has_room(const struct h2 *h)
{
	const struct front *front = h->conn->front;

	return h->open_count < LIMIT_H2_STREAMS && front->stream_count < front->conn_max;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct h2 *h = arg;

	h2_head_begin(&h->head, 0);
	if (begins_request(frame) && !has_room(h)) {
		h2_tire(h, H2_COST_REFUSED);
		return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
		                                 NGHTTP2_REFUSED_STREAM);
	}
	h->head_ms = now_ms(h);
	if (begins_request(frame)) /* else trailers: read over */
		h->head.stream = frame->hd.stream_id;
	return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *arg)
{
	struct str n = {(const char *)name, name_len}, v = {(const char *)value, value_len};
	struct h2 *h = arg;

	(void)session;
	(void)flags;
	if (h->head.stream && h->head.stream == frame->hd.stream_id)
		h2_head_put(&h->head, n, v);
	else
		h2_head_pass(&h->head, n, v);
	if (h->head.bytes > LIMIT_HEAD_BYTES) /* a byte on the wire may name 4 KiB of the table */
		h2_tire(h, 1 + (int64_t)(name_len + value_len) / FIELD_COST_BYTES);
	return h->patience < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

/* A head that is malformed ends here: on_frame_recv never hears of it. */
static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error,
                            void *arg)
{
	struct h2 *h = arg;

	(void)session;
	(void)error;
	if (frame->hd.type == NGHTTP2_HEADERS)
		h->head_ms = 0;
	return 0;
}

/* The stream is reset, as RFC 9113 8.1.1 wants it: nothing that is malformed is passed over. */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
                             const uint8_t *name, size_t name_len, const uint8_t *value,
                             size_t value_len, uint8_t flags, void *arg)
{
	(void)session;
	(void)frame;
	(void)name;
	(void)name_len;
	(void)value;
	(void)value_len;
	(void)flags;
	(void)arg;
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void take_head(struct h2 *h, const nghttp2_frame *frame)
{
	bool is_whole = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	struct h2_stream *st = h2_add_stream(h, frame->hd.stream_id);
	struct stream *s = &st->stream;
	struct fail f;

	fail_init(&f, &h->conn->front->loop->scratch);
	st->has_ended = is_whole;
	s->started_ns = clock_mono_ns() - (now_ms(h) - h->head_ms) * 1000000;
	s->input = is_whole ? INPUT_WHOLE : INPUT_UNASKED;
	if (h2_head_read(&h->head, is_whole, &s->arena, &s->head, &f) == 0) {
		st->is_new = true;
		h2_note(st);
	} else {
		h2_refuse_head(st, &f);
	}
	h->head_ms = 0;
	h2_head_release(&h->head);
}

/* --- frames --- */

static void end_body(struct h2_stream *st)
{
	st->has_ended = true;
	if (st->stream.input != INPUT_COMING)
		return;
	st->stream.input = INPUT_WHOLE;
	st->stream.state = STREAM_BODY;
	h2_note(st);
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct h2 *h = arg;
	bool is_message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
	struct h2_stream *st;

	if (frame->hd.type == NGHTTP2_SETTINGS)
		h->head_ms = 0; /* the preface is whole */
	if (begins_request(frame) && h->head.stream == frame->hd.stream_id) {
		take_head(h, frame);
		return 0;
	}
	if (frame->hd.type == NGHTTP2_HEADERS)
		h->head_ms = 0;
	if (!is_message || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	st = find_stream(session, frame->hd.stream_id);
	if (st && !st->has_ended)
		end_body(st);
	return 0;
}

/* --- bodies --- */

static void refuse_body(struct h2_stream *st, enum fail_kind kind)
{
	st->stream.input = INPUT_REFUSED;
	st->stream.refusal = kind;
	st->stream.state = STREAM_REFUSED;
	h2_note(st);
}

/* Not asked for yet: kept, since the client was allowed to send so much. */
static void keep_early(struct h2_stream *st, struct str bytes)
{
	struct body *b = &st->stream.body;
	size_t max = b->len + bytes.len;

	st->held_bytes += bytes.len;
	if (st->is_lost || body_add(b, bytes, max > 65536 ? max : 65536) != 0)
		st->is_lost = true;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *arg)
{
	struct h2_stream *st = find_stream(session, id);
	struct str bytes = {(const char *)data, len};
	struct h2 *h = arg;

	(void)flags;
	nghttp2_session_consume_connection(session, len);
	if (st && st->stream.input == INPUT_UNASKED && st->stream.state == STREAM_READING) {
		keep_early(st, bytes);
		return 0;
	}
	nghttp2_session_consume_stream(session, id, len);
	if (st == NULL || st->stream.input != INPUT_COMING)
		return 0;
	st->heard_ms = now_ms(h);
	if (len > st->stream.max_bytes - st->stream.body.len)
		refuse_body(st, FAIL_BODY_TOO_LARGE);
	else if (body_add(&st->stream.body, bytes, st->stream.max_bytes) != 0)
		refuse_body(st, FAIL_OVERLOADED);
	return 0;
}

/* --- what goes out --- */

static bool is_full(const struct conn *c)
{
	return conn_unsent(c) >= LIMIT_STREAM_UNSENT_BYTES;
}

static ssize_t on_send(nghttp2_session *session, const uint8_t *bytes, size_t len, int flags,
                       void *arg)
{
	struct h2 *h = arg;

	(void)session;
	(void)flags;
	if (is_full(h->conn))
		return NGHTTP2_ERR_WOULDBLOCK;
	out_copy(&h->conn->out, (struct str){(const char *)bytes, len});
	return (ssize_t)len;
}

static void move_bytes(struct out *from, struct out *to, size_t bytes)
{
	while (bytes) {
		uv_buf_t piece;
		size_t len;

		must(out_fill(from, from->first, &piece, 1) == 1);
		len = piece.len < bytes ? piece.len : bytes;
		out_copy(to, (struct str){piece.base, len});
		out_drop(from, len);
		bytes -= len;
	}
}

static int on_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head,
                        size_t len, nghttp2_data_source *source, void *arg)
{
	struct h2_stream *st = find_stream(session, frame->hd.stream_id);
	struct h2 *h = arg;

	(void)source;
	if (st == NULL)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* closed by its owner */
	if (is_full(h->conn))
		return NGHTTP2_ERR_WOULDBLOCK;
	out_copy(&h->conn->out, (struct str){(const char *)head, FRAME_HEAD});
	move_bytes(&st->out, &h->conn->out, len);
	st->moved_bytes += len;
	h2_tire(h, -H2_GAIN_DATA);
	if (st->stream.was_full && st->out.total < LIMIT_STREAM_UNSENT_BYTES / 2) {
		st->stream.was_full = false;
		h2_note(st);
	}
	return 0;
}

static void note_end(struct h2 *h, struct h2_stream *st)
{
	if (st->stream.state == STREAM_SENDING) {
		st->stream.state = STREAM_SENT;
		h2_tire(h, -H2_GAIN_STREAM);
		h2_note(st);
	}
	if (!st->has_ended) /* RFC 9113 8.1: what it still sends is of no use */
		nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, st->id, NGHTTP2_NO_ERROR);
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	bool is_message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
	struct h2_stream *st;

	if (!is_message || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	st = find_stream(session, frame->hd.stream_id);
	if (st)
		note_end(arg, st);
	return 0;
}

/* What was broken on purpose has been sent as it should be; anything else that ends before its time
 * ended for the client's sake, and costs its patience. */
static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *arg)
{
	struct h2_stream *st = find_stream(session, id);
	struct h2 *h = arg;

	if (h->head.stream == id) {
		h2_head_begin(&h->head, 0);
		h->head_ms = 0;
	}
	if (st == NULL) { /* a refused one is paid for */
		bool is_paid = error == NGHTTP2_NO_ERROR || error == NGHTTP2_REFUSED_STREAM;

		h2_tire(h, is_paid ? 0 : H2_COST_RESET);
		return 0;
	}
	st->is_closed = true;
	h->open_count--;
	nghttp2_session_set_stream_user_data(session, id, NULL);
	if (st->stream.state == STREAM_SENT)
		return 0;
	if (st->stream.is_breaking) {
		st->stream.state = STREAM_SENT;
	} else {
		st->stream.state = STREAM_GONE;
		h2_tire(h, H2_COST_RESET);
	}
	h2_note(st);
	return 0;
}

static nghttp2_session_callbacks *make_callbacks(void)
{
	nghttp2_session_callbacks *to;

	must(nghttp2_session_callbacks_new(&to) == 0);
	nghttp2_session_callbacks_set_on_begin_frame_callback(to, on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(to, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(to, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(to, on_invalid_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(to, on_frame_recv);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(to, on_invalid_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(to, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(to, on_stream_close);
	nghttp2_session_callbacks_set_on_frame_send_callback(to, on_frame_send);
	nghttp2_session_callbacks_set_send_callback(to, on_send);
	nghttp2_session_callbacks_set_send_data_callback(to, on_send_data);
	return to;
}

nghttp2_session *h2_session(struct h2 *h)
{
	nghttp2_session_callbacks *callbacks = make_callbacks();
	nghttp2_session *session;
	nghttp2_option *option;

	must(nghttp2_option_new(&option) == 0);
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_option_set_no_closed_streams(option, 1);
	nghttp2_option_set_max_continuations(option, LIMIT_H2_CONTINUATIONS);
	nghttp2_option_set_max_outbound_ack(option, LIMIT_H2_ACKS);
	must(nghttp2_session_server_new2(&session, callbacks, h, option) == 0);
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	return session;
}
