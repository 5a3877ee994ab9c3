/* TLS over OpenSSL 3, with memory on both sides of it.
 *
 * 	socket --cipher--> tls_feed  -> [span BIO | SSL | buf BIO] -> tls_read  --plain--> caller
 * 	socket <--cipher-- tls_output <-[                        ] <- tls_write <--plain-- caller
 *
 * The BIO is our own: reading takes from the caller's span without a copy between, writing
 * appends to a buf that the caller sends and drops. Sessions are kept one per tls_client, the
 * newest; a client belongs to one origin, so that a session is never offered to another host
 * than the one whose certificate it was made with.
 *
 * Called by upstream. Must never do I/O on sockets, accept a certificate that does not verify,
 * or leave OpenSSL's error queue filled for the next connection. */
#include "base/tls.h"

#include "base/list.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct tls_context {
	struct list_node node;
	SSL_CTX *ctx;
	struct str names[3]; /* of the files, in the order of struct tls_files */
	char text[];
};

struct tls_contexts {
	struct list list;
	BIO_METHOD *span_bio;
	int users; /* this cache and its clients; the BIO method is theirs */
};

struct tls_client {
	struct tls_contexts *contexts;
	SSL_CTX *ctx;
	SSL_SESSION *session; /* to offer next; NULL: none yet */
	int users;
	bool is_address;
	char host[];
};

struct tls {
	struct tls_client *client;
	SSL *ssl;
	enum tls_state state;
	struct str input;
	struct buf output;
	char problem[192];
};

/* --- the BIO --- */

static int span_read(BIO *bio, char *out, int room)
{
	struct tls *t = BIO_get_data(bio);
	size_t len = t->input.len < (size_t)room ? t->input.len : (size_t)room;

	BIO_clear_retry_flags(bio);
	if (len == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(out, t->input.ptr, len);
	t->input = str_part(t->input, len, t->input.len);
	return (int)len;
}

static int span_write(BIO *bio, const char *bytes, int len)
{
	struct tls *t = BIO_get_data(bio);

	buf_put(&t->output, (struct str){bytes, (size_t)len});
	return buf_is_over(&t->output) ? -1 : len;
}

static long span_ctrl(BIO *bio, int command, long number, void *arg)
{
	(void)bio;
	(void)number;
	(void)arg;
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *span_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "span");

	must(method && BIO_meth_set_read(method, span_read));
	must(BIO_meth_set_write(method, span_write) && BIO_meth_set_ctrl(method, span_ctrl));
	return method;
}

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

static int no_passphrase(char *out, int room, int writing, void *arg)
{
	(void)out;
	(void)room;
	(void)writing;
	(void)arg;
	return 0;
}

/* The oldest error of the queue: what went wrong, before whoever called for it went wrong too. */
static const char *first_reason(void)
{
	unsigned long error = ERR_peek_error();
	const char *reason = ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error))
	                                             : ERR_reason_error_string(error);

	return reason ? reason : "unknown reason";
}

static int refuse_file(struct buf *out_problem, const char *what, struct str name)
{
	buf_printf(out_problem, "%s %.*s: %s", what, STR_ARG(name), first_reason());
	ERR_clear_error();
	return -1;
}

static int load_files(SSL_CTX *ctx, const struct str *names, struct buf *out_problem)
{
	struct str ca = names[0], cert = names[1], key = names[2].len ? names[2] : names[1];

	if (ca.len == 0 && !SSL_CTX_set_default_verify_paths(ctx))
		return refuse_file(out_problem, "the system's certificates", ca);
	if (ca.len && !SSL_CTX_load_verify_file(ctx, ca.ptr))
		return refuse_file(out_problem, "ca_file", ca);
	if (cert.len == 0)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(ctx, cert.ptr) != 1)
		return refuse_file(out_problem, "cert_file", cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, key.ptr, SSL_FILETYPE_PEM) != 1)
		return refuse_file(out_problem, "key_file", key);
	return 0;
}

static SSL_CTX *client_ctx(const struct str *names, struct buf *out_problem)
{
	static const unsigned char protocols[] = "\x08http/1.1";
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	must(ctx && SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION));
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
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
	all->span_bio = span_method();
	all->users = 1;
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

static void leave_contexts(struct tls_contexts *all)
{
	if (--all->users)
		return;
	BIO_meth_free(all->span_bio);
	mem_put(all);
}

void tls_contexts_free(struct tls_contexts **all)
{
	if (*all == NULL)
		return;
	tls_contexts_clear(*all);
	leave_contexts(*all);
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
	c->contexts = all;
	c->ctx = context->ctx;
	c->users = 1;
	all->users++;
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
	leave_contexts(c->contexts);
	mem_put(c);
}

/* --- connections --- */

static void expect_host(SSL *ssl, const struct tls_client *c)
{
	if (c->is_address) {
		must(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), c->host));
		return;
	}
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	must(SSL_set1_host(ssl, c->host) && SSL_set_tlsext_host_name(ssl, c->host));
}

static void note_failure(struct tls *t)
{
	long verified = SSL_get_verify_result(t->ssl);

	if (t->state == TLS_SHAKING && verified != X509_V_OK)
		snprintf(t->problem, sizeof t->problem, "certificate verify failed: %s",
		         X509_verify_cert_error_string(verified));
	else
		snprintf(t->problem, sizeof t->problem, "%s", first_reason());
	ERR_clear_error();
	t->state = TLS_FAILED;
}

/* After any call into OpenSSL that gave `result` <= 0. */
static void note_result(struct tls *t, int result)
{
	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return;
	case SSL_ERROR_ZERO_RETURN:
		t->state = TLS_CLOSED;
		return;
	default:
		note_failure(t);
	}
}

static void shake(struct tls *t)
{
	int result;

	ERR_clear_error();
	result = SSL_do_handshake(t->ssl);
	if (result == 1)
		t->state = TLS_OPEN;
	else
		note_result(t, result);
}

struct tls *tls_new(struct tls_client *client)
{
	struct tls *t = mem_get(sizeof *t);
	BIO *bio = BIO_new(client->contexts->span_bio);

	t->client = client;
	client->users++;
	buf_init(&t->output, TLS_OUTPUT_BYTES);
	t->ssl = SSL_new(client->ctx);
	must(t->ssl && bio);
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_app_data(t->ssl, t);
	expect_host(t->ssl, client);
	if (client->session)
		SSL_set_session(t->ssl, client->session);
	SSL_set_connect_state(t->ssl);
	shake(t);
	return t;
}

void tls_free(struct tls **tls)
{
	struct tls *t = *tls;

	if (t == NULL)
		return;
	/* Otherwise OpenSSL takes an unfinished close for a broken session and spoils it for the
	 * next one. */
	SSL_set_quiet_shutdown(t->ssl, 1);
	SSL_shutdown(t->ssl);
	ERR_clear_error();
	SSL_free(t->ssl);
	tls_client_put(&t->client);
	buf_release(&t->output);
	mem_put(t);
	*tls = NULL;
}

enum tls_state tls_state(const struct tls *t)
{
	return t->state;
}

bool tls_was_resumed(const struct tls *t)
{
	return SSL_session_reused(t->ssl);
}

void tls_feed(struct tls *t, struct str cipher)
{
	must(t->input.len == 0);
	t->input = cipher;
}

size_t tls_read(struct tls *t, char *out, size_t room)
{
	size_t len = 0;

	if (t->state == TLS_SHAKING)
		shake(t);
	if (t->state == TLS_OPEN) {
		int result;

		ERR_clear_error();
		result = SSL_read_ex(t->ssl, out, room, &len);
		if (result == 1)
			return len;
		note_result(t, result);
	}
	if (t->state != TLS_SHAKING && t->state != TLS_OPEN)
		t->input = STR("");
	must(t->input.len == 0);
	return 0;
}

int tls_write(struct tls *t, struct str plain)
{
	size_t written = 0;
	int result;

	must(t->state == TLS_OPEN && plain.len <= TLS_WRITE_BYTES);
	if (plain.len == 0)
		return 0;
	ERR_clear_error();
	result = SSL_write_ex(t->ssl, plain.ptr, plain.len, &written);
	if (result == 1 && written == plain.len)
		return 0;
	note_failure(t);
	return -1;
}

struct buf *tls_output(struct tls *t)
{
	return &t->output;
}

void tls_say_close(struct tls *t)
{
	if (t->state != TLS_OPEN && t->state != TLS_CLOSED)
		return;
	ERR_clear_error();
	SSL_shutdown(t->ssl);
	ERR_clear_error();
}

struct str tls_problem(const struct tls *t)
{
	return str_of(t->problem);
}
