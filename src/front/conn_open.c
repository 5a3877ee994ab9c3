/* What comes before HTTP on a connection, in this order: a proxy's word about its client, where the
 * address wants one; the TLS handshake; or in plain the preface of HTTP/2 (RFC 9113 3.4) from a
 * client that knows beforehand that we speak it. Who is no trusted proxy does not get to say
 * anything where such a word is wanted. Called by conn.c and conn_read.c. */
#include "front/conn.h"

#include "front/forwarded.h"
#include "front/h2.h"
#include "front/proxy_header.h"
#include "limits.h"

static const struct str preface = STR_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

enum { TELLING_BYTES = 4 }; /* of the preface: no method begins with "PRI " */

bool conn_begin(struct conn *c, const struct front_manner *manner)
{
	c->speaks_http2 = manner->speaks_http2;
	c->awaits_proxy = manner->has_proxy_header;
	if (c->awaits_proxy) {
		conn_note_peer(c);
		if (!forwarded_is_trusted(&c->front->trust, str_of(c->peer)))
			return false;
	}
	if (manner->tls)
		c->tls = tls_accept(manner->tls);
	if (c->tls || c->speaks_http2 || c->awaits_proxy)
		c->state = CONN_OPENING;
	return true;
}

/* The bytes are of HTTP/1, if they are of anything. */
static void begin_http1(struct conn *c, char *bytes, size_t len)
{
	timer_cancel(&c->timer);
	c->state = CONN_WAITING;
	if (len)
		conn_take(c, bytes, len);
	else
		conn_wait(c, LIMIT_KEEPALIVE_MS);
}

/* The caller releases it. */
static struct buf take_kept(struct conn *c)
{
	struct buf all = c->kept;

	conn_init_input(c);
	return all;
}

/* In plain: the first bytes tell what is spoken. What came of them is kept until they do. */
static void open_plain(struct conn *c, char *bytes, size_t len)
{
	struct buf all;

	buf_put(&c->kept, (struct str){bytes, len});
	if (c->kept.len < TELLING_BYTES && str_starts_with(preface, buf_str(&c->kept)))
		return;
	all = take_kept(c);
	if (str_starts_with(buf_str(&all), str_part(preface, 0, TELLING_BYTES))) {
		h2_start(c);
		h2_take(c, buf_str(&all));
	} else {
		begin_http1(c, all.ptr, all.len);
	}
	buf_release(&all);
}

static void open_rest(struct conn *c, char *bytes, size_t len)
{
	if (c->tls && len)
		conn_read_cipher(c, (struct str){bytes, len});
	else if (c->speaks_http2 && !c->tls && len)
		open_plain(c, bytes, len);
	else if (!c->speaks_http2 && !c->tls)
		begin_http1(c, bytes, len);
}

static void open_proxied(struct conn *c, char *bytes, size_t len)
{
	struct proxy_header header;
	enum proxy_read read;
	struct buf all;

	buf_put(&c->kept, (struct str){bytes, len});
	read = proxy_header_read(buf_str(&c->kept), &header);
	if (read == PROXY_MORE)
		return;
	if (read == PROXY_BAD) {
		conn_cut(c);
		return;
	}
	c->awaits_proxy = false;
	if (header.has_source)
		cidr_put_address(&header.source, c->peer);
	all = take_kept(c);
	open_rest(c, all.ptr + header.bytes, all.len - header.bytes);
	buf_release(&all);
}

void conn_open(struct conn *c, char *bytes, size_t len)
{
	if (c->awaits_proxy)
		open_proxied(c, bytes, len);
	else
		open_rest(c, bytes, len);
}
