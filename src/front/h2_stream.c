/* One stream of an HTTP/2 connection: its body, its answer, its end.
 *
 * The answer's body waits in the stream's own `out`; nghttp2 takes of it as the client's windows
 * and the socket allow. So a client that makes no room pauses the owner, as a slow socket does,
 * and holds up nobody else's stream. Called by stream.c and h2_frame.c. */
#include "front/h2.h"

#include "limits.h"

enum { WINDOW_BYTES = 1024 * 1024, FIRST_WINDOW_BYTES = 65535 };

static int64_t now_ms(const struct h2 *h)
{
	return (int64_t)uv_now(&h->conn->front->loop->uv);
}

/* --- the body --- */

static void refuse(struct stream *s, enum fail_kind kind)
{
	s->input = INPUT_REFUSED;
	s->refusal = kind;
	s->state = STREAM_REFUSED;
}

static void give_room(struct h2_stream *st)
{
	nghttp2_session *session = st->stream.conn->h2->session;

	if (st->is_closed || st->has_ended)
		return;
	nghttp2_session_consume_stream(session, st->id, st->held_bytes);
	st->held_bytes = 0;
	if (st->stream.max_bytes <= FIRST_WINDOW_BYTES)
		return;
	nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, WINDOW_BYTES);
	nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, st->id, WINDOW_BYTES);
}

static void say_continue(struct h2_stream *st)
{
	nghttp2_nv status = {(uint8_t *)(uintptr_t) ":status", (uint8_t *)(uintptr_t) "100", 7, 3,
	                     NGHTTP2_NV_FLAG_NONE};

	nghttp2_submit_headers(st->stream.conn->h2->session, NGHTTP2_FLAG_NONE, st->id, NULL,
	                       &status, 1, NULL);
}

void h2_ask_body(struct stream *s)
{
	struct h2_stream *st = h2_of(s);
	struct h2 *h = s->conn->h2;

	s->asked_ms = st->heard_ms = now_ms(h);
	if (st->is_lost) {
		refuse(s, FAIL_OVERLOADED);
		return;
	}
	if (s->body.len > s->max_bytes) {
		refuse(s, FAIL_BODY_TOO_LARGE);
		return;
	}
	if (st->has_ended) {
		s->input = INPUT_WHOLE;
		s->state = STREAM_BODY;
		return;
	}
	s->input = INPUT_COMING;
	if (s->head.expects_continue && s->body.len == 0)
		say_continue(st);
	give_room(st);
	conn_say(s->conn);
}

/* --- the answer --- */

static ssize_t read_data(nghttp2_session *session, int32_t id, uint8_t *room, size_t bytes,
                         uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct h2_stream *st = nghttp2_session_get_stream_user_data(session, id);
	struct stream *s = &st->stream;
	size_t len;

	(void)room;
	(void)arg;
	(void)source;
	if (st == NULL)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* closed by its owner */
	len = st->out.total < bytes ? st->out.total : bytes;
	if ((len == 0 && s->is_breaking) || out_is_over(&st->out))
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets the stream */
	if (len == 0 && !s->is_ended) {
		st->is_waiting = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (len < st->out.total || !s->is_ended || s->is_breaking)
		return (ssize_t)len;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (st->trailer_count) {
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		nghttp2_submit_trailer(session, id, st->trailers, st->trailer_count);
	}
	return (ssize_t)len;
}

static uint8_t *lower(struct arena *arena, struct str name)
{
	struct str copy = arena_copy(arena, name);
	char *bytes = (char *)(uintptr_t)copy.ptr;

	for (size_t i = 0; i < name.len; i++)
		if (bytes[i] >= 'A' && bytes[i] <= 'Z')
			bytes[i] = (char)(bytes[i] + 'a' - 'A');
	return (uint8_t *)bytes;
}

/* What cannot stand in a field becomes a blank, as in HTTP/1; blanks at its ends go. */
static struct str clean(struct arena *arena, struct str value)
{
	struct str copy;
	char *bytes;

	if (str_is_printable(value))
		return str_trim(value);
	copy = arena_copy(arena, value);
	bytes = (char *)(uintptr_t)copy.ptr;
	for (size_t i = 0; i < copy.len; i++)
		if (bytes[i] == '\r' || bytes[i] == '\n' || bytes[i] == '\0')
			bytes[i] = ' ';
	return str_trim(copy);
}

static nghttp2_nv field(struct arena *arena, struct str name, struct str value)
{
	struct str text = clean(arena, value);

	return (nghttp2_nv){lower(arena, name), (uint8_t *)(uintptr_t)(text.ptr ? text.ptr : ""),
	                    name.len, text.len, NGHTTP2_NV_FLAG_NONE};
}

static size_t put_fields(struct arena *arena, nghttp2_nv *out, const struct http_header *headers,
                         int count)
{
	for (int i = 0; i < count; i++)
		out[i] = field(arena, headers[i].name, headers[i].value);
	return (size_t)count;
}

void h2_begin(struct stream *s, int status, const struct http_header *headers, int count)
{
	struct h2_stream *st = h2_of(s);
	struct conn *c = s->conn;
	struct arena *scratch = &c->front->loop->scratch;
	nghttp2_nv *all = ARENA_ARRAY(scratch, nghttp2_nv, (size_t)count + 3);
	nghttp2_data_provider body = {.read_callback = read_data};
	size_t used = 0;

	all[used++] = field(scratch, STR(":status"), arena_i64(scratch, status));
	all[used++] = field(scratch, STR("date"), front_date(c->front));
	used += put_fields(scratch, all + used, headers, count);
	if (s->framing == ANSWER_LENGTH)
		all[used++] =
		    field(scratch, STR("content-length"), arena_i64(scratch, s->body_left));
	st->moved_ms = now_ms(c->h2);
	if (!st->is_closed && nghttp2_submit_response(c->h2->session, st->id, all, used,
	                                              s->is_bodyless ? NULL : &body) != 0)
		nghttp2_submit_rst_stream(c->h2->session, NGHTTP2_FLAG_NONE, st->id,
		                          NGHTTP2_INTERNAL_ERROR);
	conn_say(c);
}

void h2_keep_trailers(struct stream *s, const struct http_header *trailers, int count)
{
	struct h2_stream *st = h2_of(s);

	if (count == 0 || !s->head.accepts_trailers || s->is_bodyless)
		return;
	st->trailers = ARENA_ARRAY(&s->arena, nghttp2_nv, (size_t)count);
	st->trailer_count = put_fields(&s->arena, st->trailers, trailers, count);
}

void h2_say(struct stream *s)
{
	struct h2_stream *st = h2_of(s);

	if (st->is_waiting && !st->is_closed) {
		st->is_waiting = false;
		nghttp2_session_resume_data(s->conn->h2->session, st->id);
	}
	conn_say(s->conn);
}

/* --- its life --- */

struct h2_stream *h2_add_stream(struct h2 *h, int32_t id)
{
	struct h2_stream *st = mem_get(sizeof *st);
	static const nghttp2_extpri fair = {.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 1};

	st->id = id;
	st->stream = (struct stream){.conn = h->conn, .arena = conn_take_arena(h->conn->front)};
	out_init(&st->out);
	list_push(&h->streams, &st->node);
	h->count++;
	h->open_count++;
	h->conn->front->stream_count++;
	nghttp2_session_set_stream_user_data(h->session, id, st);
	nghttp2_session_change_extpri_stream_priority(h->session, id, &fair, 1);
	return st;
}

void h2_end_request(struct stream *s)
{
	struct h2_stream *st = h2_of(s);
	struct conn *c = s->conn;
	struct h2 *h = c->h2;

	if (!st->is_closed) {
		h->open_count--;
		nghttp2_session_set_stream_user_data(h->session, st->id, NULL);
		if (s->state != STREAM_SENT)
			nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, st->id,
			                          NGHTTP2_CANCEL);
	}
	list_remove(&st->node);
	list_remove(&st->news);
	h->count--;
	c->front->stream_count--;
	out_release(&st->out);
	body_release(&s->body);
	conn_give_arena(c->front, &s->arena);
	mem_put(st);
	if (c->state == CONN_SHARED) {
		h->idle_ms = now_ms(h);
		conn_say(c);
	}
	conn_free_when_unused(c);
}

/* An answer that front gives itself: it is its own owner. */
static void on_refused(void *stream)
{
	struct stream *s = stream;

	if (s->state == STREAM_SENT || s->state == STREAM_GONE)
		stream_close(&s);
}

void h2_refuse_head(struct h2_stream *st, const struct fail *f)
{
	struct stream *s = &st->stream;
	struct front_refusal refusal;
	struct arena arena;

	arena_init(&arena);
	conn_fill_refusal(s->conn->front, f, &arena, &refusal);
	stream_set_owner(s, on_refused, s);
	stream_begin(s, fail_status(f), refusal.headers, refusal.count, (int64_t)refusal.body.len);
	stream_write(s, buf_str(&refusal.body));
	stream_end(s, NULL, 0);
	buf_release(&refusal.body);
	arena_release(&arena);
}
