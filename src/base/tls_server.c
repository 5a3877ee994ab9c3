/* What is shown to clients: certificates with their keys, the protocols that we speak.
 *
 * One SSL_CTX per certificate, all alike but for it. A connection begins with the first; when the
 * client names a host (SNI) that another one is for, that one takes over. Sessions live in tickets
 * alone, sealed under keys that OpenSSL makes with the first SSL_CTX: nothing is kept here for
 * them, and all threads can open them. Ciphers of TLS 1.2: those with forward secrecy and AEAD; of
 * 1.3: OpenSSL's.
 *
 * Called by config, which reads the files, and front. Must never ask for a passphrase.
 *
 * THREADS: `users` is atomic; after the last tls_server_add nothing else changes. */
#include "base/tls_own.h"

#include <openssl/x509v3.h>
#include <stdatomic.h>

struct tls_server {
	atomic_int users;
	bool speaks_http2;
	int count;
	SSL_CTX *ctx[TLS_CERTS_MAX];
};

/* --- callbacks of OpenSSL --- */

/* RFC 7301: a client that offers protocols of which we speak none is told so; without an offer it
 * gets HTTP/1.1. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *offer, unsigned offer_len, void *server)
{
	static const unsigned char protocols[] = "\x02h2\x08http/1.1";
	const struct tls_server *s = server;
	size_t skip = s->speaks_http2 ? 0 : 3;
	unsigned char *chosen;

	(void)ssl;
	if (SSL_select_next_proto(&chosen, out_len, protocols + skip,
	                          (unsigned)(sizeof protocols - 1 - skip), offer,
	                          offer_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static int on_server_name(SSL *ssl, int *alert, void *server)
{
	const struct tls_server *s = server;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	for (int i = 0; name && i < s->count; i++) {
		X509 *cert = SSL_CTX_get0_certificate(s->ctx[i]);

		if (X509_check_host(cert, name, strlen(name), 0, NULL) != 1)
			continue;
		if (i > 0)
			SSL_set_SSL_CTX(ssl, s->ctx[i]);
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_OK;
}

/* --- certificates --- */

static SSL_CTX *server_ctx(struct tls_server *s)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	must(ctx && SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION));
	must(SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20"));
	must(SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"flux", 4));
	SSL_CTX_set_default_passwd_cb(ctx, tls_no_passphrase);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, s);
	SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
	SSL_CTX_set_tlsext_servername_arg(ctx, s);
	return ctx;
}

static int load_files(SSL_CTX *ctx, const struct tls_cert *files, struct buf *out_problem)
{
	struct str cert = files->cert_file, key = files->key_file.len ? files->key_file : cert;

	if (SSL_CTX_use_certificate_chain_file(ctx, cert.ptr) != 1)
		return tls_refuse_file(out_problem, "cert_file", cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, key.ptr, SSL_FILETYPE_PEM) != 1)
		return tls_refuse_file(out_problem, "key_file", key);
	return 0;
}

static int64_t seconds_left(const SSL_CTX *ctx)
{
	const ASN1_TIME *end = X509_get0_notAfter(SSL_CTX_get0_certificate(ctx));
	int days = 0, seconds = 0;

	if (!ASN1_TIME_diff(&days, &seconds, NULL, end))
		return 0;
	return (int64_t)days * 86400 + seconds;
}

struct tls_server *tls_server_new(bool speaks_http2)
{
	struct tls_server *s = mem_get(sizeof *s);

	s->speaks_http2 = speaks_http2;
	atomic_store(&s->users, 1);
	return s;
}

int tls_server_add(struct tls_server *s, const struct tls_cert *files, int64_t *out_seconds_left,
                   struct buf *out_problem)
{
	SSL_CTX *ctx;

	must(s->count < TLS_CERTS_MAX);
	ERR_clear_error();
	ctx = server_ctx(s);
	if (load_files(ctx, files, out_problem) != 0) {
		SSL_CTX_free(ctx);
		return -1;
	}
	*out_seconds_left = seconds_left(ctx);
	s->ctx[s->count++] = ctx;
	return 0;
}

struct tls_server *tls_server_get(struct tls_server *s)
{
	must(atomic_fetch_add(&s->users, 1) > 0);
	return s;
}

void tls_server_put(struct tls_server **server)
{
	struct tls_server *s = *server;

	*server = NULL;
	if (s == NULL || atomic_fetch_sub(&s->users, 1) > 1)
		return;
	for (int i = 0; i < s->count; i++)
		SSL_CTX_free(s->ctx[i]);
	mem_put(s);
}

/* --- connections --- */

struct tls *tls_accept(struct tls_server *s)
{
	struct tls *t;

	must(s->count > 0);
	t = tls_make(s->ctx[0]);
	t->server = tls_server_get(s);
	SSL_set_accept_state(t->ssl);
	return t;
}

bool tls_speaks_http2(const struct tls *t)
{
	const unsigned char *protocol;
	unsigned len;

	SSL_get0_alpn_selected(t->ssl, &protocol, &len);
	return len == 2;
}
