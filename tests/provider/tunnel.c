/* CONNECT HOST:PORT: checks Proxy-Authorization, connects, answers 200 and carries bytes.
 *
 * Invariant: a tunnel belongs to one peer; peer is NULL once that peer has ended. Each side pauses
 * while the other has TUNNEL_QUEUE bytes waiting. The name is resolved in place: tests use
 * addresses and localhost. */
#include "tunnel.h"
#include "peer.h"

#include <openssl/evp.h>

enum { TUNNEL_QUEUE = 1 << 20, HOST_MAX = 256, CREDENTIAL_MAX = 512 };

struct tunnel {
	struct peer *peer;
	struct pipe pipe;
	uv_connect_t connect;
};

static void on_bytes(void *owner, const char *bytes, size_t count)
{
	struct tunnel *t = owner;

	if (t->peer == NULL)
		return;
	pipe_write(&t->peer->pipe, (struct str){bytes, count});
	t->peer->sent_bytes += (int64_t)count;
	if (t->peer->pipe.queued_bytes > TUNNEL_QUEUE)
		pipe_pause(&t->pipe);
}

static void on_end(void *owner, bool reset)
{
	struct tunnel *t = owner;

	if (t->peer)
		peer_end(t->peer, ENDING_TUNNELLED, reset);
}

static void on_drained(void *owner)
{
	struct tunnel *t = owner;

	if (t->peer)
		pipe_read(&t->peer->pipe);
}

static void on_closed(void *owner)
{
	mem_put(owner);
}

static const struct pipe_events tunnel_events = {on_bytes, on_end, on_drained, on_closed};

void tunnel_send(struct tunnel *t, struct str bytes)
{
	pipe_write(&t->pipe, bytes);
	if (t->pipe.queued_bytes > TUNNEL_QUEUE)
		pipe_pause(&t->peer->pipe);
}

void tunnel_more(struct tunnel *t)
{
	pipe_read(&t->pipe);
}

void tunnel_end(struct tunnel **t)
{
	(*t)->peer = NULL;
	pipe_close(&(*t)->pipe);
	*t = NULL;
}

static void on_connected(uv_connect_t *request, int status)
{
	struct tunnel *t = request->data;
	struct peer *p = t->peer;

	if (p == NULL)
		return;
	if (status < 0) {
		tunnel_end(&p->tunnel);
		peer_answer_raw(p, STR("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"));
		return;
	}
	p->state = PEER_TUNNEL;
	uv_tcp_nodelay(&t->pipe.tcp, 1);
	pipe_write(&p->pipe, STR("HTTP/1.1 200 Connection established\r\n\r\n"));
	pipe_write(&t->pipe, buf_str(&p->ahead));
	pipe_read(&p->pipe);
	pipe_read(&t->pipe);
}

static bool may_pass(struct peer *p)
{
	struct str given = heard_field(&p->heard, STR("proxy-authorization"));
	struct str want = p->provider->proxy_auth;
	unsigned char coded[CREDENTIAL_MAX];

	if (want.len == 0)
		return true;
	must(want.len < CREDENTIAL_MAX / 2);
	EVP_EncodeBlock(coded, (const unsigned char *)want.ptr, (int)want.len);
	return str_starts_with(given, STR("Basic ")) &&
	       str_eq(str_part(given, 6, given.len), str_of((const char *)coded));
}

/* host:port or [host]:port */
static int resolve(struct peer *p, struct sockaddr_storage *out_address)
{
	struct str target = p->heard.target;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	char host[HOST_MAX];
	char port[8];
	size_t colon = target.len;
	uv_getaddrinfo_t lookup;

	while (colon > 0 && target.ptr[colon - 1] != ':')
		colon--;
	if (colon < 2 || target.len - colon >= sizeof(port) || colon >= sizeof(host))
		return -1;
	bool bracketed = target.ptr[0] == '[' && target.ptr[colon - 2] == ']';
	struct str name = str_part(target, bracketed, colon - 1 - 2 * bracketed);

	snprintf(host, sizeof(host), "%.*s", STR_ARG(name));
	snprintf(port, sizeof(port), "%.*s", (int)(target.len - colon), target.ptr + colon);
	if (uv_getaddrinfo(p->provider->loop, &lookup, NULL, host, port, &hints) < 0)
		return -1;
	memcpy(out_address, lookup.addrinfo->ai_addr, lookup.addrinfo->ai_addrlen);
	uv_freeaddrinfo(lookup.addrinfo);
	return 0;
}

static void refuse(struct peer *p, struct str raw)
{
	peer_answer_raw(p, raw);
}

void tunnel_open(struct peer *p)
{
	struct sockaddr_storage address;

	if (!may_pass(p)) {
		refuse(
		    p,
		    STR("HTTP/1.1 407 Proxy Authentication Required\r\n"
		        "proxy-authenticate: Basic realm=\"tests\"\r\ncontent-length: 0\r\n\r\n"));
		return;
	}
	if (resolve(p, &address) < 0) {
		refuse(p, STR("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"));
		return;
	}
	struct tunnel *t = mem_get(sizeof(*t));

	t->peer = p;
	t->connect.data = t;
	p->tunnel = t;
	pipe_pause(&p->pipe);
	pipe_init(&t->pipe, p->provider->loop, &tunnel_events, t);
	if (uv_tcp_connect(&t->connect, &t->pipe.tcp, (struct sockaddr *)&address, on_connected) <
	    0)
		on_connected(&t->connect, -1);
}
