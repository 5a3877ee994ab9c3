/* Whom we are a client of: authorities and certificates from files, and per origin the host to
 * expect and the session to resume.
 *
 * Sessions are kept one per tls_client, the newest; a client belongs to one origin, so that a
 * session is never offered to another host than the one whose certificate it was made with. Called
 * by upstream. Must never accept a certificate that does not verify. */
#include "base/tls_own.h"

#include "base/list.h"

#include <openssl/x509v3.h>

struct tls_context {
	struct list_node node;
	SSL_CTX *ctx;
	struct str names[3]; /* of the files, in the order of struct tls_files */
	char text[];
};

struct tls_contexts {
	struct list list;
};

struct tls_client {
	SSL_CTX *ctx;
	SSL_SESSION *session; /* to offer next; NULL: none yet */
	int users;
	bool is_address;
	char host[];
};

/* --- contexts --- */

/* A session may be kept whenever the server hands one out; in TLS 1.3 that is after the
 * handshake. */
static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls *t = SSL_get_app_data(ssl);
	struct tls_client *c = t->client;

	if (!SSL_SESSION_is_resumable(session))
		return 0;
	SSL_SESSION_free(c->session);
	c->session = session;
	return 1; /* taken */
}

static int load_files(SSL_CTX *ctx, const struct str *names, struct buf *out_problem)
{
	struct str ca = names[0], cert = names[1], key = names[2].len ? names[2] : names[1];

	if (ca.len == 0 && !SSL_CTX_set_default_verify_paths(ctx))
		return tls_refuse_file(out_problem, "the system's certificates", ca);
	if (ca.len && !SSL_CTX_load_verify_file(ctx, ca.ptr))
		return tls_refuse_file(out_problem, "ca_file", ca);
	if (cert.len == 0)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(ctx, cert.ptr) != 1)
		return tls_refuse_file(out_problem, "cert_file", cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, key.ptr, SSL_FILETYPE_PEM) != 1)
		return tls_refuse_file(out_problem, "key_file", key);
	return 0;
}

static SSL_CTX *client_ctx(const struct str *names, struct buf *out_problem)
{
	static const unsigned char protocols[] = "\x08http/1.1";
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	must(ctx && SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION));
	SSL_CTX_set_default_passwd_cb(ctx, tls_no_passphrase);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_new_session);
	must(SSL_CTX_set_alpn_protos(ctx, protocols, sizeof protocols - 1) == 0);
	if (load_files(ctx, names, out_problem) == 0)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

static struct tls_context *find_context(struct tls_contexts *all, const struct tls_files *files)
{
	for (struct list_node *n = all->list.head.next; n != &all->list.head; n = n->next) {
		struct tls_context *c = LIST_OBJECT(n, struct tls_context, node);

		if (str_eq(c->names[0], files->ca_file) && str_eq(c->names[1], files->cert_file) &&
		    str_eq(c->names[2], files->key_file))
			return c;
	}
	return NULL;
}

static struct tls_context *read_context(struct tls_contexts *all, const struct tls_files *files,
                                        struct buf *out_problem)
{
	const struct str names[3] = {files->ca_file, files->cert_file, files->key_file};
	struct tls_context *c = mem_get(sizeof *c + names[0].len + names[1].len + names[2].len + 3);
	char *text = c->text;

	for (int i = 0; i < 3; i++) { /* each ends with a NUL, for OpenSSL */
		if (names[i].len)
			memcpy(text, names[i].ptr, names[i].len);
		c->names[i] = (struct str){text, names[i].len};
		text += names[i].len + 1;
	}
	c->ctx = client_ctx(c->names, out_problem);
	if (c->ctx == NULL) {
		mem_put(c);
		return NULL;
	}
	list_push(&all->list, &c->node);
	return c;
}

struct tls_contexts *tls_contexts_new(void)
{
	struct tls_contexts *all = mem_get(sizeof *all);

	list_init(&all->list);
	return all;
}

void tls_contexts_clear(struct tls_contexts *all)
{
	struct list_node *node;

	while ((node = list_pop(&all->list))) {
		struct tls_context *c = LIST_OBJECT(node, struct tls_context, node);

		SSL_CTX_free(c->ctx);
		mem_put(c);
	}
}

void tls_contexts_free(struct tls_contexts **all)
{
	if (*all == NULL)
		return;
	tls_contexts_clear(*all);
	mem_put(*all);
	*all = NULL;
}

/* --- clients --- */

static bool is_address(const char *host)
{
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
	bool is = address != NULL;

	ASN1_OCTET_STRING_free(address);
	ERR_clear_error();
	return is;
}

struct tls_client *tls_client_new(struct tls_contexts *all, const struct tls_files *files,
                                  struct str host, struct buf *out_problem)
{
	struct tls_context *context = find_context(all, files);
	struct tls_client *c;

	ERR_clear_error();
	if (host.len == 0 || host.len > TLSEXT_MAXLEN_host_name) {
		buf_printf(out_problem, "host of %zu bytes cannot be verified", host.len);
		return NULL;
	}
	if (context == NULL)
		context = read_context(all, files, out_problem);
	if (context == NULL)
		return NULL;
	c = mem_get(sizeof *c + host.len + 1);
	memcpy(c->host, host.ptr, host.len);
	c->is_address = is_address(c->host);
	c->ctx = context->ctx;
	c->users = 1;
	SSL_CTX_up_ref(c->ctx);
	return c;
}

void tls_client_put(struct tls_client **client)
{
	struct tls_client *c = *client;

	*client = NULL;
	if (c == NULL || --c->users)
		return;
	SSL_SESSION_free(c->session);
	SSL_CTX_free(c->ctx);
	mem_put(c);
}

static void expect_host(SSL *ssl, const struct tls_client *c)
{
	if (c->is_address) {
		must(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), c->host));
		return;
	}
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	must(SSL_set1_host(ssl, c->host) && SSL_set_tlsext_host_name(ssl, c->host));
}

struct tls *tls_new(struct tls_client *client)
{
	struct tls *t = tls_make(client->ctx);

	t->client = client;
	client->users++;
	expect_host(t->ssl, client);
	if (client->session)
		SSL_set_session(t->ssl, client->session);
	SSL_set_connect_state(t->ssl);
	tls_shake(t);
	return t;
}
