/* TLS between a connection and its socket.
 *
 *	socket -> conn_read_cipher -> conn_take          the rest of a body straight to its place
 *	socket <- conn_write.c     <- conn_encrypt <- out
 *
 * Of what is to go out no more is encrypted at a time than one write takes: a slow reader holds
 * little in both forms. Small pieces are put together, for each record costs its reader a step of
 * its own. Called by conn_read.c, conn_write.c and conn.c. */
#include "front/conn.h"

#include "front/h2.h"
#include "limits.h"

enum {
	RECORD_BYTES = 16 * 1024, /* RFC 8446 5.1: the most in a record */
	BATCH_BYTES = 4 * RECORD_BYTES,
	WHOLE_BYTES = 4 * 1024, /* a piece as long as that has a record of its own */
	JOINED_PIECES = 16,
};

/* --- in --- */

static void open_secure(struct conn *c)
{
	if (tls_speaks_http2(c->tls)) {
		h2_start(c);
		return;
	}
	c->state = CONN_WAITING;
	conn_wait(c, c->front->is_draining ? LIMIT_HEAD_MS : LIMIT_KEEPALIVE_MS);
}

/* The client has ended its side, or broken it: why is in the alert that goes out. */
static void end_secure(struct conn *c)
{
	struct buf *alert = tls_output(c->tls);
	uv_buf_t buf = uv_buf_init(alert->ptr, (unsigned)alert->len);

	if (alert->len && c->writing == NULL)
		uv_try_write((uv_stream_t *)&c->tcp, &buf, 1);
	conn_cut(c);
}

void conn_read_cipher(struct conn *c, struct str cipher)
{
	char plain[RECORD_BYTES];

	tls_feed(c->tls, cipher);
	while (c->state < CONN_CLOSING) {
		uv_buf_t room;
		size_t len;

		conn_room(c, &room, uv_buf_init(plain, sizeof plain));
		len = tls_read(c->tls, room.base, room.len);
		if (c->state == CONN_OPENING && tls_state(c->tls) == TLS_OPEN)
			open_secure(c);
		if (len == 0)
			break;
		conn_take(c, room.base, len);
	}
	if (c->state >= CONN_CLOSING)
		return;
	if (tls_state(c->tls) > TLS_OPEN)
		end_secure(c);
	else if (conn_has_cipher(c))
		conn_say(c);
}

/* --- out --- */

/* The next record's bytes: of a long piece where it lies, of short ones put together in `room`. */
static struct str next_plain(const struct out *out, char room[RECORD_BYTES])
{
	uv_buf_t bufs[JOINED_PIECES];
	int count = out_fill(out, out->first, bufs, JOINED_PIECES);
	size_t len = 0;

	if (count == 1 || bufs[0].len >= WHOLE_BYTES)
		return str_part((struct str){bufs[0].base, bufs[0].len}, 0, RECORD_BYTES);
	for (int i = 0; i < count && bufs[i].len <= RECORD_BYTES - len; i++) {
		if (bufs[i].len)
			memcpy(room + len, bufs[i].base, bufs[i].len);
		len += bufs[i].len;
	}
	return (struct str){room, len};
}

struct buf *conn_encrypt(struct conn *c)
{
	struct buf *cipher = tls_output(c->tls);
	char room[RECORD_BYTES];

	if (c->out.total == 0 && cipher->len == 0)
		buf_release(cipher);
	while (c->out.total && cipher->len < BATCH_BYTES && tls_state(c->tls) == TLS_OPEN) {
		struct str plain = next_plain(&c->out, room);

		if (tls_write(c->tls, plain) != 0)
			break;
		out_drop(&c->out, plain.len);
	}
	return cipher;
}

bool conn_has_cipher(const struct conn *c)
{
	return c->tls && tls_output(c->tls)->len;
}

void conn_say_close(struct conn *c)
{
	struct buf *cipher;
	uv_buf_t buf;

	if (c->tls == NULL || c->writing || c->out.total || c->state >= CONN_CLOSING)
		return;
	tls_say_close(c->tls);
	cipher = tls_output(c->tls);
	buf = uv_buf_init(cipher->ptr, (unsigned)cipher->len);
	if (cipher->len)
		uv_try_write((uv_stream_t *)&c->tcp, &buf, 1);
	buf_clear(cipher);
}
