/* The stream interface over an HTTP/1 connection, one stream on one connection, and over HTTP/2,
 * where what differs is done by h2_stream.c.
 *
 * State goes one way, READING -> BODY or REFUSED -> SENDING -> SENT, and from all but SENT to GONE;
 * the body's part of it is moved by conn_read.c, SENT by conn_write.c, GONE by conn_cut. What is
 * written to a stream that is GONE is dropped without a word, for the owner cannot know yet. Called
 * by whoever serves requests. Must never call the owner: only events do, from the connection. */
#include "front/stream.h"

#include "front/conn.h"
#include "front/forwarded.h"
#include "front/h2.h"
#include "limits.h"

struct loop *stream_loop(const struct stream *s)
{
	return s->conn->front->loop;
}

struct arena *stream_arena(const struct stream *s)
{
	return (struct arena *)(uintptr_t)&s->arena; /* taking from it does not change the stream */
}

const struct http_head *stream_head(const struct stream *s)
{
	return &s->head;
}

struct str stream_peer(const struct stream *s)
{
	const struct front_trust *trust = &s->conn->front->trust;
	struct stream *own = (struct stream *)(uintptr_t)s;

	conn_note_peer(s->conn);
	if (trust->count == 0 && !trust->has_unix)
		return str_of(s->conn->peer);
	if (s->peer.len == 0)
		own->peer = forwarded_for(trust, &s->head, str_of(s->conn->peer), &own->arena);
	return s->peer;
}

int64_t stream_started_ns(const struct stream *s)
{
	return s->started_ns;
}

enum stream_state stream_state(const struct stream *s)
{
	return s->state;
}

void stream_set_owner(struct stream *s, void (*on_event)(void *owner), void *owner)
{
	s->on_event = on_event;
	s->owner = owner;
}

void *stream_owner(const struct stream *s)
{
	return s->owner;
}

/* --- the body --- */

static void refuse(struct stream *s, enum fail_kind kind)
{
	s->input = INPUT_REFUSED;
	s->refusal = kind;
	s->state = STREAM_REFUSED;
}

/* RFC 9110 8.6 lets a sender of a body-less POST say nothing about its length; one that forgot
 * to say it would have its body taken for the next request. */
static bool must_tell_length(const struct http_head *h)
{
	return h->framing == HTTP_NO_BODY &&
	       (str_eq(h->method, STR("POST")) || str_eq(h->method, STR("PUT")) ||
	        str_eq(h->method, STR("PATCH")));
}

void stream_read_body(struct stream *s, size_t max_bytes)
{
	if (s->state == STREAM_GONE)
		return;
	must(s->state == STREAM_READING && s->input != INPUT_COMING);
	s->max_bytes = max_bytes;
	if (s->conn->h2 == NULL && must_tell_length(&s->head))
		refuse(s, FAIL_LENGTH_REQUIRED);
	else if (s->input == INPUT_WHOLE)
		s->state = STREAM_BODY;
	else if (s->head.framing == HTTP_LENGTH && (uint64_t)s->head.content_length > max_bytes)
		refuse(s, FAIL_BODY_TOO_LARGE);
	else if (s->conn->h2)
		h2_ask_body(s);
	else
		conn_ask_body(s->conn);
}

struct str stream_body(const struct stream *s)
{
	return (struct str){s->body.ptr, s->body.len};
}

void stream_drop_body(struct stream *s)
{
	must(s->input != INPUT_COMING);
	body_release(&s->body);
}

void stream_body_fail(const struct stream *s, struct fail *f)
{
	int told;

	must(s->input == INPUT_REFUSED);
	if (s->refusal == FAIL_BODY_TOO_LARGE)
		told = fail(f, s->refusal, "the body is larger than the limit of %zu bytes",
		            s->max_bytes);
	else if (s->refusal == FAIL_OVERLOADED)
		told =
		    fail(f, s->refusal, "too many large requests at once; try again in a moment");
	else if (s->refusal == FAIL_REQUEST_TIMEOUT)
		told =
		    fail(f, s->refusal, "the body stopped for more than %d s, or came too slowly",
		         LIMIT_BODY_IDLE_MS / 1000);
	else if (s->refusal == FAIL_LENGTH_REQUIRED)
		told =
		    fail(f, s->refusal, "%.*s needs Content-Length or Transfer-Encoding: chunked",
		         STR_ARG(s->head.method));
	else
		told = fail(f, s->refusal, "the chunked body is malformed");
	must(told == -1);
}

/* --- the answer --- */

static enum answer_framing choose_framing(const struct stream *s, int status, int64_t body_bytes)
{
	if (status == 204 || status == 304)
		return ANSWER_BARE;
	if (body_bytes >= 0)
		return ANSWER_LENGTH;
	if (s->conn->h2)
		return ANSWER_FRAMED;
	return s->head.minor == 1 ? ANSWER_CHUNKED : ANSWER_UNTIL_CLOSE;
}

static enum answer_connection tell_connection(const struct stream *s)
{
	if (!s->keeps_alive)
		return ANSWER_CLOSES;
	return s->head.minor == 1 ? ANSWER_KEEPS : ANSWER_SAYS_KEEPS;
}

void stream_begin(struct stream *s, int status, const struct http_header *headers, int count,
                  int64_t body_bytes)
{
	struct conn *c = s->conn;
	struct answer a = {.status = status, .headers = headers, .count = count};

	if (s->state == STREAM_GONE)
		return;
	must(s->state < STREAM_SENDING);
	if (s->input == INPUT_COMING && !c->h2)
		timer_cancel(&c->timer);
	if (s->input != INPUT_WHOLE)
		s->input = INPUT_REFUSED;
	s->state = STREAM_SENDING;
	s->framing = choose_framing(s, status, body_bytes);
	s->is_bodyless = s->framing == ANSWER_BARE || str_eq(s->head.method, STR("HEAD"));
	s->body_left = body_bytes;
	if (c->h2) {
		h2_begin(s, status, headers, count);
		return;
	}
	s->keeps_alive = s->head.keep_alive && s->input == INPUT_WHOLE &&
	                 s->framing != ANSWER_UNTIL_CLOSE && !c->front->is_leaving;
	a.framing = s->framing;
	a.length = body_bytes;
	a.connection = tell_connection(s);
	a.date = front_date(c->front);
	answer_put_head(&c->out, &a);
	conn_say(c);
}

/* Counts what is to be written. False: it goes nowhere. */
static bool prepare_write(struct stream *s, size_t bytes)
{
	if (s->state == STREAM_GONE || bytes == 0)
		return false;
	must(s->state == STREAM_SENDING && !s->is_ended);
	if (s->framing == ANSWER_LENGTH) {
		must((int64_t)bytes <= s->body_left);
		s->body_left -= (int64_t)bytes;
	}
	if (s->is_bodyless)
		return false;
	if (s->framing == ANSWER_CHUNKED)
		out_begin_chunk(&s->conn->out);
	return true;
}

/* Something is to be told at the turn's end. */
static void say(struct stream *s)
{
	if (s->conn->h2)
		h2_say(s);
	else
		conn_say(s->conn);
}

static void note_written(struct stream *s)
{
	if (stream_unsent_bytes(s) > LIMIT_STREAM_UNSENT_BYTES)
		s->was_full = true;
	say(s);
}

static struct out *body_out(struct stream *s)
{
	return s->conn->h2 ? &h2_of(s)->out : &s->conn->out;
}

void stream_write(struct stream *s, struct str bytes)
{
	if (!prepare_write(s, bytes.len))
		return;
	out_copy(body_out(s), bytes);
	note_written(s);
}

void stream_write_borrowed(struct stream *s, struct str bytes)
{
	if (!prepare_write(s, bytes.len))
		return;
	out_borrow(body_out(s), bytes);
	note_written(s);
}

static void put_last_chunk(struct stream *s, const struct http_header *trailers, int count)
{
	struct out *out = &s->conn->out;

	out_end_chunk(out);
	out_copy(out, STR("0\r\n"));
	if (s->head.accepts_trailers)
		answer_put_fields(out, trailers, count);
	out_copy(out, STR("\r\n"));
}

void stream_end(struct stream *s, const struct http_header *trailers, int count)
{
	if (s->state == STREAM_GONE)
		return;
	must(s->state == STREAM_SENDING && !s->is_ended);
	if (s->framing == ANSWER_LENGTH && s->body_left > 0 && !s->is_bodyless) {
		stream_break(s); /* shorter than was announced: the client must not wait for more */
		return;
	}
	if (s->framing == ANSWER_CHUNKED && !s->is_bodyless)
		put_last_chunk(s, trailers, count);
	if (s->framing == ANSWER_FRAMED)
		h2_keep_trailers(s, trailers, count);
	s->is_ended = true;
	say(s);
}

void stream_break(struct stream *s)
{
	if (s->state == STREAM_GONE)
		return;
	must(s->state == STREAM_SENDING && !s->is_ended);
	s->is_ended = s->is_breaking = true;
	s->keeps_alive = false;
	say(s);
}

size_t stream_unsent_bytes(const struct stream *s)
{
	if (s->state == STREAM_GONE)
		return 0;
	return s->conn->h2 ? h2_of(s)->out.total : conn_unsent(s->conn);
}

void stream_close(struct stream **s)
{
	struct stream *closed = *s;

	*s = NULL;
	if (closed && closed->conn->h2)
		h2_end_request(closed);
	else if (closed)
		conn_end_request(closed->conn);
}
