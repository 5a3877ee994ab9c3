/* What goes out on a connection.
 *
 * conn_flush hands all that was said in a turn to the kernel with one call. What the kernel does
 * not take moves, as a whole, into a struct conn_write and waits there in libuv's hands; what is
 * said meanwhile gathers behind it. Under TLS the queue is encrypted by and by, and only what has
 * been encrypted moves. A queue above OUT_MAX_BYTES cuts the connection. Called by conn.c at the
 * end of a turn. */
#include "front/conn.h"

#include "front/h2.h"
#include "limits.h"

enum { FLUSH_PIECES = 64 }; /* per system call */

/* What the kernel did not take: holds the queue as it was until libuv has written it; under TLS,
 * what has been encrypted of it. */
struct conn_write {
	uv_write_t request;
	struct conn *conn;
	struct out out;
	struct buf cipher;
	uv_buf_t bufs[];
};

/* --- writing --- */

size_t conn_queued(const struct conn *c)
{
	return c->writing ? uv_stream_get_write_queue_size((const uv_stream_t *)&c->tcp) : 0;
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
	if (s->was_full && unsent < LIMIT_STREAM_UNSENT_BYTES / 2) {
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

static void on_written(uv_write_t *request, int status)
{
	struct conn_write *w = (struct conn_write *)(void *)request;
	struct conn *c = w->conn;

	c->writing = NULL;
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

static void leave_to_libuv(struct conn_write *w, int count)
{
	struct conn *c = w->conn;

	c->writing = w;
	if (uv_write(&w->request, (uv_stream_t *)&c->tcp, w->bufs, (unsigned)count, on_written) !=
	    0) {
		c->writing = NULL;
		release_write(w);
		conn_cut(c);
		return;
	}
	c->stuck_bytes = conn_queued(c);
	if (waits_for_client(c))
		conn_wait(c, LIMIT_WRITE_IDLE_MS);
}

/* The pieces from `first` on, `skip` bytes of which have gone already, are left to libuv. */
static void write_later(struct conn *c, int first, size_t skip)
{
	int count = c->out.count - first;
	struct conn_write *w = make_write(c, count);

	w->out = c->out;
	out_init(&c->out);
	out_fill(&w->out, first, w->bufs, count);
	w->bufs[0].base += skip;
	w->bufs[0].len -= skip;
	leave_to_libuv(w, count);
}

static void write_cipher_later(struct conn *c, struct buf *cipher)
{
	struct conn_write *w = make_write(c, 1);

	w->cipher = *cipher;
	buf_init(cipher, TLS_OUTPUT_BYTES);
	w->bufs[0] = uv_buf_init(w->cipher.ptr, (unsigned)w->cipher.len);
	leave_to_libuv(w, 1);
}

/* Takes `sent` off the pieces at *first and *skip. */
static void advance_pieces(const uv_buf_t *bufs, size_t sent, int *first, size_t *skip)
{
	for (int i = 0; sent > 0; i++) {
		if (sent < bufs[i].len) {
			*skip += sent;
			return;
		}
		sent -= bufs[i].len;
		*skip = 0;
		++*first;
	}
}

/* -1: the connection was cut. */
static int flush_secure(struct conn *c)
{
	struct buf *cipher;

	while ((cipher = conn_encrypt(c))->len) {
		uv_buf_t buf = uv_buf_init(cipher->ptr, (unsigned)cipher->len);
		int sent = uv_try_write((uv_stream_t *)&c->tcp, &buf, 1);

		if (sent < 0 && sent != UV_EAGAIN) {
			conn_cut(c);
			return -1;
		}
		buf_drop(cipher, sent < 0 ? 0 : (size_t)sent);
		if (cipher->len == 0)
			continue;
		write_cipher_later(c, cipher);
		return c->writing ? 0 : -1;
	}
	return 0;
}

static void flush_plain(struct conn *c)
{
	uv_buf_t bufs[FLUSH_PIECES];
	int first = 0;
	size_t skip = 0;

	while (first < c->out.count) {
		int count = out_fill(&c->out, first, bufs, FLUSH_PIECES), sent, before = first;

		bufs[0].base += skip;
		bufs[0].len -= skip;
		sent = uv_try_write((uv_stream_t *)&c->tcp, bufs, (unsigned)count);
		if (sent < 0 && sent != UV_EAGAIN) {
			conn_cut(c);
			return;
		}
		advance_pieces(bufs, sent < 0 ? 0 : (size_t)sent, &first, &skip);
		if (first < before + count) {
			write_later(c, first, skip);
			conn_note_sent(c);
			return;
		}
	}
	out_clear(&c->out);
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
