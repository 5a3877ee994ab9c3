/* Carries bytes between libuv and the owner; with TLS through two memory BIOs:
 *
 *   socket -> cipher_in -> SSL_read -> on_bytes
 *   pipe_write -> SSL_write -> cipher_out -> socket
 *
 * Invariant: after closing is set no event but on_closed is sent. Called by peer.c and tunnel.c.
 * TCP_NODELAY always, so that each pipe_write can become a segment of its own. */
#include "pipe.h"

#include <openssl/err.h>

struct sent {
	uv_write_t request;
	struct pipe *pipe;
	size_t bytes;
	char copy[];
};

/* Shared by all connections: used up before libuv asks again. One thread only. */
static char inbox[65536];

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct pipe *p = handle->data;
	size_t most = sizeof(inbox);

	(void)suggested;
	*out = uv_buf_init(
	    inbox, (unsigned)(p->read_bytes && p->read_bytes < most ? p->read_bytes : most));
}

static void on_sent(uv_write_t *request, int status)
{
	struct sent *s = (struct sent *)(void *)request;
	struct pipe *p = s->pipe;

	(void)status;
	p->queued_bytes -= s->bytes;
	mem_put(s);
	if (!p->closing && p->queued_bytes == 0)
		p->events->on_drained(p->owner);
}

static void send_raw(struct pipe *p, struct str bytes)
{
	uv_buf_t piece = uv_buf_init((char *)(uintptr_t)bytes.ptr, (unsigned)bytes.len);
	int n = p->queued_bytes ? 0 : uv_try_write((uv_stream_t *)&p->tcp, &piece, 1);
	size_t left = bytes.len - (n > 0 ? (size_t)n : 0);

	if (left == 0 || p->closing)
		return;
	struct sent *s = mem_get(sizeof(*s) + left);

	s->pipe = p;
	s->bytes = left;
	memcpy(s->copy, bytes.ptr + (bytes.len - left), left);
	piece = uv_buf_init(s->copy, (unsigned)left);
	p->queued_bytes += left;
	if (uv_write(&s->request, (uv_stream_t *)&p->tcp, &piece, 1, on_sent) < 0) {
		p->queued_bytes -= left;
		mem_put(s);
	}
}

static void send_cipher(struct pipe *p)
{
	char bytes[16384];
	int n;

	while ((n = BIO_read(p->cipher_out, bytes, sizeof(bytes))) > 0)
		send_raw(p, (struct str){bytes, (size_t)n});
}

void pipe_write(struct pipe *p, struct str bytes)
{
	if (p->closing || bytes.len == 0)
		return;
	if (p->tls == NULL) {
		send_raw(p, bytes);
		return;
	}
	ERR_clear_error();
	if (SSL_write(p->tls, bytes.ptr, (int)bytes.len) <= 0)
		ERR_clear_error();
	send_cipher(p);
}

static void take_cipher(struct pipe *p, const char *bytes, size_t count)
{
	char plain[16384];
	int n = 0;

	ERR_clear_error(); /* SSL_get_error would take another connection's for ours */
	BIO_write(p->cipher_in, bytes, (int)count);
	while (!p->closing && (n = SSL_read(p->tls, plain, sizeof(plain))) > 0)
		p->events->on_bytes(p->owner, plain, (size_t)n);
	if (p->closing)
		return;
	int why = SSL_get_error(p->tls, n);

	send_cipher(p);
	ERR_clear_error();
	if (why == SSL_ERROR_ZERO_RETURN || why == SSL_ERROR_SSL)
		p->events->on_end(p->owner, why == SSL_ERROR_SSL);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *piece)
{
	struct pipe *p = stream->data;

	if (p->closing || n == 0)
		return;
	if (n < 0) {
		uv_read_stop(stream);
		p->events->on_end(p->owner, n != UV_EOF);
	} else if (p->tls) {
		take_cipher(p, piece->base, (size_t)n);
	} else {
		p->events->on_bytes(p->owner, piece->base, (size_t)n);
	}
}

void pipe_init(struct pipe *p, uv_loop_t *loop, const struct pipe_events *events, void *owner)
{
	p->tls = NULL;
	p->read_bytes = p->queued_bytes = 0;
	p->closing = false;
	p->events = events;
	p->owner = owner;
	must(uv_tcp_init(loop, &p->tcp) == 0);
	p->tcp.data = p;
}

int pipe_accept(struct pipe *p, uv_stream_t *listener, SSL_CTX *tls)
{
	if (uv_accept(listener, (uv_stream_t *)&p->tcp) < 0)
		return -1;
	uv_tcp_nodelay(&p->tcp, 1);
	if (tls) {
		p->tls = SSL_new(tls);
		p->cipher_in = BIO_new(BIO_s_mem());
		p->cipher_out = BIO_new(BIO_s_mem());
		must(p->tls && p->cipher_in && p->cipher_out);
		SSL_set_bio(p->tls, p->cipher_in, p->cipher_out);
		SSL_set_accept_state(p->tls);
	}
	return 0;
}

void pipe_read(struct pipe *p)
{
	if (!p->closing)
		(void)uv_read_start((uv_stream_t *)&p->tcp, on_room, on_read);
}

void pipe_pause(struct pipe *p)
{
	uv_read_stop((uv_stream_t *)&p->tcp);
}

static void on_closed(uv_handle_t *handle)
{
	struct pipe *p = handle->data;

	SSL_free(p->tls); /* and both BIOs */
	p->tls = NULL;
	p->events->on_closed(p->owner);
}

static void on_shut(uv_shutdown_t *request, int status)
{
	(void)status;
	mem_put(request);
}

void pipe_half_close(struct pipe *p)
{
	uv_shutdown_t *request = mem_get(sizeof(*request));

	if (p->tls) {
		SSL_shutdown(p->tls);
		send_cipher(p);
	}
	if (uv_shutdown(request, (uv_stream_t *)&p->tcp, on_shut) < 0)
		mem_put(request);
}

void pipe_close(struct pipe *p)
{
	if (p->closing)
		return;
	if (p->tls) {
		SSL_shutdown(p->tls);
		send_cipher(p);
	}
	p->closing = true;
	uv_close((uv_handle_t *)&p->tcp, on_closed);
}

void pipe_reset(struct pipe *p)
{
	if (p->closing)
		return;
	p->closing = true;
	if (uv_tcp_close_reset(&p->tcp, on_closed) < 0)
		uv_close((uv_handle_t *)&p->tcp, on_closed);
}

void pipe_describe_tls(const struct pipe *p, struct buf *out)
{
	const char *name = p->tls ? SSL_get_servername(p->tls, TLSEXT_NAMETYPE_host_name) : NULL;
	X509 *client = p->tls ? SSL_get0_peer_certificate(p->tls) : NULL;
	char subject[256] = "";

	if (p->tls == NULL)
		return;
	if (client)
		X509_NAME_oneline(X509_get_subject_name(client), subject, sizeof(subject));
	buf_printf(out, "%s sni=%s client=%s", SSL_get_version(p->tls), name ? name : "", subject);
}

SSL_CTX *pipe_tls_new(const char *certificate, const char *key, const char *ca)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	bool good = tls && SSL_CTX_use_certificate_chain_file(tls, certificate) == 1 &&
	            SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) == 1;

	if (good && ca) {
		good = SSL_CTX_load_verify_locations(tls, ca, NULL) == 1;
		SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		/* without it OpenSSL refuses to resume a session of a verified client */
		SSL_CTX_set_session_id_context(tls, (const unsigned char *)"flux", 4);
	}
	if (good)
		return tls;
	ERR_print_errors_fp(stderr);
	SSL_CTX_free(tls);
	return NULL;
}
