/* What goes out on a connection.
 *
 * conn_flush hands all that was said in a turn to the kernel with one call; of a long answer
 * FLUSH_BYTES, and the next part in the next turn. What the kernel does not take moves, as a whole,
 * into a struct conn_write and goes from there to libuv, again in parts; what is said meanwhile
 * gathers behind it. Under TLS the queue is encrypted by and by, and only what has been encrypted
 * moves. A queue above OUT_MAX_BYTES cuts the connection. Called by conn.c at the end of a turn. */
#include "front/conn.h"

#include "base/work.h"
#include "front/h2.h"
#include "limits.h"

enum {
	FLUSH_PIECES = 64,        /* per system call */
	FLUSH_BYTES = 128 * 1024, /* of one connection in one turn */
	STEP_BYTES = 64 * 1024,   /* that libuv gets: it comes back for more nine times a turn */
	FLUSH_BATCHES = 3,        /* the same under TLS, in conn_encrypt's */
};

/* What the kernel did not take: holds the queue as it was until libuv has written it; under TLS,
 * what has been encrypted of it. */
struct conn_write {
	uv_write_t request;
	struct conn *conn;
	struct out out;
	size_t step_bytes; /* of `out`, that libuv has now */
	struct buf cipher;
	uv_buf_t bufs[];
};

/* --- writing --- */

size_t conn_queued(const struct conn *c)
{
	const struct conn_write *w = c->writing;

	if (w == NULL)
		return 0;
	return uv_stream_get_write_queue_size((const uv_stream_t *)&c->tcp) + w->out.total -
	       w->step_bytes;
}

size_t conn_unsent(const struct conn *c)
{
	return c->out.total + conn_queued(c);
}

static bool waits_for_client(const struct conn *c)
{
	return c->state == CONN_BUSY && c->stream.state >= STREAM_SENDING;
}

/* Something went out. Tells the owner what is news to it. */
void conn_note_sent(struct conn *c)
{
	struct stream *s = &c->stream;
	size_t unsent = conn_unsent(c);
	bool is_news = false;

	if (c->state == CONN_LINGERING && unsent == 0)
		conn_shut(c);
	if (c->state != CONN_BUSY || s->state != STREAM_SENDING)
		return;
	if (s->was_full && !s->is_ended && unsent < LIMIT_STREAM_UNSENT_BYTES / 2) {
		s->was_full = false;
		is_news = true;
	}
	if (s->is_ended && unsent == 0) {
		s->state = STREAM_SENT;
		is_news = true;
		if (s->is_breaking) {
			conn_note_peer(c);
			conn_close(c, s->framing == ANSWER_UNTIL_CLOSE);
		}
	}
	if (is_news)
		conn_tell(s);
}

static void release_write(struct conn_write *w)
{
	out_release(&w->out);
	buf_release(&w->cipher);
	mem_put(w);
}

static bool write_step(struct conn_write *w);

static void on_written(uv_write_t *request, int status)
{
	struct conn_write *w = (struct conn_write *)(void *)request;
	struct conn *c = w->conn;

	loop_woke(c->front->loop);
	c->writing = NULL;
	out_drop(&w->out, w->step_bytes);
	if (status == 0 && c->state < CONN_CLOSING && w->out.total) {
		if (write_step(w))
			conn_note_sent(c);
		return;
	}
	release_write(w);
	if (c->state >= CONN_CLOSING)
		return;
	if (waits_for_client(c) && c->is_paused)
		conn_wait(c, CONN_LOOK_MS);
	else if (waits_for_client(c))
		timer_cancel(&c->timer);
	if (status != 0)
		conn_cut(c);
	else if (c->state == CONN_SHARED)
		h2_turn(c);
	else if (c->out.total || conn_has_cipher(c))
		conn_flush(c);
	else
		conn_note_sent(c);
}

static struct conn_write *make_write(struct conn *c, int count)
{
	struct conn_write *w = mem_get(sizeof *w + (size_t)count * sizeof(uv_buf_t));

	w->conn = c;
	out_init(&w->out);
	buf_init(&w->cipher, TLS_OUTPUT_BYTES);
	return w;
}

/* false: the connection was cut. */
static bool leave_to_libuv(struct conn_write *w, int count)
{
	struct conn *c = w->conn;

	c->writing = w;
	if (uv_write(&w->request, (uv_stream_t *)&c->tcp, w->bufs, (unsigned)count, on_written) !=
	    0) {
		c->writing = NULL;
		release_write(w);
		conn_cut(c);
		return false;
	}
	c->stuck_bytes = conn_queued(c);
	if (waits_for_client(c))
		conn_wait(c, LIMIT_WRITE_IDLE_MS);
	return true;
}

/* Up to `max` bytes of the front. Gives how many bytes that is. */
static size_t fill_step(const struct out *o, size_t max, uv_buf_t *bufs, int *out_count)
{
	int count = out_fill(o, o->first, bufs, FLUSH_PIECES);
	size_t bytes = 0;

	for (int i = 0; i < count; i++) {
		if (bufs[i].len >= max - bytes) {
			bufs[i].len = max - bytes;
			count = i + 1;
		}
		bytes += bufs[i].len;
	}
	*out_count = count;
	return bytes;
}

static bool write_step(struct conn_write *w)
{
	int count;

	w->step_bytes = fill_step(&w->out, STEP_BYTES, w->bufs, &count);
	work_did(w->step_bytes);
	return leave_to_libuv(w, count);
}

/* All that is in the queue is left to libuv, a part at a time. */
static void write_later(struct conn *c)
{
	int count = c->out.count - c->out.first;
	struct conn_write *w = make_write(c, count < FLUSH_PIECES ? count : FLUSH_PIECES);

	w->out = c->out;
	out_init(&c->out);
	(void)write_step(w);
}

static void write_cipher_later(struct conn *c, struct buf *cipher)
{
	struct conn_write *w = make_write(c, 1);

	w->cipher = *cipher;
	buf_init(cipher, TLS_OUTPUT_BYTES);
	w->bufs[0] = uv_buf_init(w->cipher.ptr, (unsigned)w->cipher.len);
	(void)leave_to_libuv(w, 1);
}

/* What the kernel takes now; -1: the connection was cut. */
static ssize_t write_now(struct conn *c, const uv_buf_t *bufs, int count)
{
	int sent = uv_try_write((uv_stream_t *)&c->tcp, bufs, (unsigned)count);

	if (sent == UV_EAGAIN)
		return 0;
	if (sent < 0) {
		conn_cut(c);
		return -1;
	}
	work_did((size_t)sent);
	return sent;
}

/* The rest is for the next turn. */
static void flush_later(struct conn *c)
{
	loop_next_turn(c->front->loop, &c->task);
}

/* Nothing that is encrypted waits for the next turn. -1: the connection was cut. */
static int flush_secure(struct conn *c)
{
	struct buf *cipher;

	for (int batches = 0; batches < FLUSH_BATCHES; batches++) {
		uv_buf_t buf;
		ssize_t sent;

		cipher = conn_encrypt(c);
		if (cipher->len == 0)
			return 0;
		buf = uv_buf_init(cipher->ptr, (unsigned)cipher->len);
		if ((sent = write_now(c, &buf, 1)) < 0)
			return -1;
		buf_drop(cipher, (size_t)sent);
		if (cipher->len == 0)
			continue;
		write_cipher_later(c, cipher);
		return c->writing ? 0 : -1;
	}
	if (c->out.total)
		flush_later(c);
	return 0;
}

/* Gives whether some of it is to go in this turn still. */
static bool flush_some(struct conn *c, size_t *left)
{
	uv_buf_t bufs[FLUSH_PIECES];
	int count;
	size_t bytes = fill_step(&c->out, *left, bufs, &count);
	ssize_t sent = write_now(c, bufs, count);

	if (sent < 0)
		return false;
	if ((size_t)sent == c->out.total) {
		out_clear(&c->out);
		return false;
	}
	out_drop(&c->out, (size_t)sent);
	if ((size_t)sent < bytes)
		write_later(c);
	else if (bytes == *left)
		flush_later(c);
	*left -= bytes;
	return *left && c->writing == NULL;
}

static void flush_plain(struct conn *c)
{
	size_t left = FLUSH_BYTES;

	while (c->out.total && flush_some(c, &left))
		;
	conn_note_sent(c);
}

void conn_flush(struct conn *c)
{
	out_end_chunk(&c->out);
	if (out_is_over(&c->out))
		conn_cut(c);
	else if (c->tls == NULL)
		flush_plain(c);
	else if (flush_secure(c) == 0)
		conn_note_sent(c);
}
