/* What comes before HTTP on a connection: the TLS handshake, or the preface of HTTP/2 (RFC 9113
 * 3.4) from a client that knows beforehand that we speak it. Called by conn_read.c. */
#include "front/conn.h"

#include "front/h2.h"

static const struct str preface = STR_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

enum { TELLING_BYTES = 4 }; /* of the preface: no method begins with "PRI " */

/* In plain: the first bytes tell what is spoken. What came of them is kept until they do. */
static void open_plain(struct conn *c, char *bytes, size_t len)
{
	struct str all;

	buf_put(&c->kept, (struct str){bytes, len});
	all = buf_str(&c->kept);
	if (all.len < TELLING_BYTES && str_starts_with(preface, all))
		return;
	if (str_starts_with(all, str_part(preface, 0, TELLING_BYTES))) {
		h2_start(c);
		h2_take(c, all);
		buf_release(&c->kept);
		return;
	}
	c->input = all;
	timer_cancel(&c->timer);
	c->state = CONN_WAITING;
	conn_use_input(c);
	conn_settle_input(c);
}

void conn_open(struct conn *c, char *bytes, size_t len)
{
	if (c->tls)
		conn_read_cipher(c, (struct str){bytes, len});
	else
		open_plain(c, bytes, len);
}
