/* TLS as a state object, against OpenSSL's own server over memory: what verifies, what does not
 * and how that is said, any split of the bytes, resumption, closing. */
#include "base/tls.h"

#include "certs.h"
#include "check.h"

#include <openssl/err.h>

static char dir[] = "/tmp/test_tls.XXXXXX";
static char ca_path[64], client_path[64], broken_path[64];
static struct cert authority, good, by_address, expired, alone, stranger, client_cert;

struct pair {
	struct tls_contexts *contexts;
	struct tls *t;
	SSL *server;
	size_t piece; /* bytes per feed */
	char plain[8192];
	size_t plain_len;
};

static void drain(struct pair *p)
{
	size_t n;

	while ((n = tls_read(p->t, p->plain + p->plain_len, sizeof p->plain - p->plain_len)))
		p->plain_len += n;
}

/* The server's bytes to the client, in pieces. */
static void carry_to_client(struct pair *p)
{
	char cipher[65536];
	int len = BIO_read(SSL_get_wbio(p->server), cipher, sizeof cipher);

	for (int at = 0; at < len && tls_state(p->t) < TLS_CLOSED; at += (int)p->piece) {
		tls_feed(p->t, str_part((struct str){cipher, (size_t)len}, (size_t)at, p->piece));
		drain(p);
	}
}

static void carry_to_server(struct pair *p)
{
	struct buf *out = tls_output(p->t);

	if (out->len)
		BIO_write(SSL_get_rbio(p->server), out->ptr, (int)out->len);
	buf_clear(out);
}

static void shake_hands(struct pair *p)
{
	for (int i = 0; i < 6; i++) {
		carry_to_server(p);
		SSL_do_handshake(p->server);
		carry_to_client(p);
	}
	carry_to_server(p);
	ERR_clear_error();
}

static SSL *server_side(SSL_CTX *ctx)
{
	SSL *server = SSL_new(ctx);

	SSL_set_bio(server, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_accept_state(server);
	return server;
}

static void pair_open(struct pair *p, struct tls_client *client, SSL_CTX *ctx)
{
	p->server = server_side(ctx);
	p->t = tls_new(client);
	p->plain_len = 0;
	if (p->piece == 0)
		p->piece = 65536;
	shake_hands(p);
}

static void pair_close(struct pair *p)
{
	tls_free(&p->t);
	SSL_free(p->server);
}

struct trial {
	const struct cert *shown;
	const char *ca_file;
	const char *host;
	const char *problem; /* NULL: opens */
};

static void test_verification(void)
{
	const struct trial trials[] = {
	    {&good, ca_path, "localhost", NULL},
	    {&by_address, ca_path, "127.0.0.1", NULL},
	    {&by_address, ca_path, "::1", NULL},
	    {&good, ca_path, "127.0.0.1", "certificate verify failed: IP address mismatch"},
	    {&good, ca_path, "example.com", "certificate verify failed: hostname mismatch"},
	    {&expired, ca_path, "localhost", "certificate verify failed: certificate has expired"},
	    {&alone, ca_path, "localhost", "certificate verify failed: self-signed certificate"},
	    {&stranger, ca_path, "localhost",
	     "certificate verify failed: unable to get local issuer certificate"},
	    {&good, "", "localhost",
	     "certificate verify failed: unable to get local issuer certificate"},
	};

	for (size_t i = 0; i < sizeof trials / sizeof *trials; i++) {
		const struct trial *want = &trials[i];
		struct pair p = {.contexts = tls_contexts_new()};
		struct tls_files files = {.ca_file = str_of(want->ca_file)};
		SSL_CTX *ctx = cert_server(want->shown, NULL);
		struct tls_client *client =
		    tls_client_new(p.contexts, &files, str_of(want->host), NULL);

		pair_open(&p, client, ctx);
		CHECK(tls_state(p.t) == (want->problem ? TLS_FAILED : TLS_OPEN));
		CHECK_STR(tls_problem(p.t), str_of(want->problem));
		pair_close(&p);
		tls_client_put(&client);
		tls_contexts_free(&p.contexts);
		SSL_CTX_free(ctx);
	}
}

static void test_any_split(void)
{
	struct tls_files files = {.ca_file = str_of(ca_path)};
	SSL_CTX *ctx = cert_server(&good, NULL);
	static const size_t pieces[] = {1, 2, 7, 100, 65536};
	char sent[5000], got[64];
	size_t got_len = 0;

	memset(sent, 'x', sizeof sent);
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		struct pair p = {.contexts = tls_contexts_new(), .piece = pieces[i]};
		struct tls_client *client =
		    tls_client_new(p.contexts, &files, STR("localhost"), NULL);

		pair_open(&p, client, ctx);
		CHECK(tls_state(p.t) == TLS_OPEN);
		SSL_write(p.server, sent, sizeof sent);
		carry_to_client(&p);
		CHECK(p.plain_len == sizeof sent && memcmp(p.plain, sent, sizeof sent) == 0);
		CHECK(tls_write(p.t, STR("hello")) == 0);
		carry_to_server(&p);
		SSL_read_ex(p.server, got, sizeof got, &got_len);
		CHECK_STR(((struct str){got, got_len}), STR("hello"));
		SSL_shutdown(p.server);
		carry_to_client(&p);
		CHECK(tls_state(p.t) == TLS_CLOSED);
		pair_close(&p);
		tls_client_put(&client);
		tls_contexts_free(&p.contexts);
	}
	SSL_CTX_free(ctx);
}

static void test_resumption(int version)
{
	struct pair p = {.contexts = tls_contexts_new()};
	struct tls_files files = {.ca_file = str_of(ca_path)};
	struct tls_client *client = tls_client_new(p.contexts, &files, STR("localhost"), NULL);
	SSL_CTX *ctx = cert_server(&good, NULL);

	SSL_CTX_set_max_proto_version(ctx, version);
	for (int i = 0; i < 3; i++) {
		pair_open(&p, client, ctx);
		CHECK(tls_state(p.t) == TLS_OPEN);
		CHECK(tls_was_resumed(p.t) == (i > 0));
		if (i == 1)
			tls_say_close(p.t);
		pair_close(&p);
	}
	tls_client_put(&client);
	tls_contexts_free(&p.contexts);
	SSL_CTX_free(ctx);
}

static void test_client_certificate(void)
{
	struct pair p = {.contexts = tls_contexts_new()};
	struct tls_files with = {.ca_file = str_of(ca_path), .cert_file = str_of(client_path)};
	struct tls_files without = {.ca_file = str_of(ca_path)};
	SSL_CTX *ctx = cert_server(&good, &authority);
	struct tls_client *client = tls_client_new(p.contexts, &with, STR("localhost"), NULL);

	pair_open(&p, client, ctx);
	CHECK(tls_state(p.t) == TLS_OPEN);
	CHECK(SSL_is_init_finished(p.server) && SSL_get0_peer_certificate(p.server) != NULL);
	pair_close(&p);
	tls_client_put(&client);

	client = tls_client_new(p.contexts, &without, STR("localhost"), NULL);
	pair_open(&p, client, ctx); /* TLS 1.3: the refusal comes after our side is done */
	CHECK(tls_state(p.t) == TLS_FAILED);
	CHECK_STR(tls_problem(p.t), STR("tlsv13 alert certificate required"));
	pair_close(&p);
	tls_client_put(&client);
	tls_contexts_free(&p.contexts);
	SSL_CTX_free(ctx);
}

static void check_problem(struct tls_files files, const char *problem)
{
	struct tls_contexts *contexts = tls_contexts_new();
	struct buf text;

	buf_init(&text, 300);
	CHECK(tls_client_new(contexts, &files, STR("localhost"), &text) == NULL);
	CHECK_STR(buf_str(&text), str_of(problem));
	buf_release(&text);
	tls_contexts_free(&contexts);
}

static void test_bad_files(void)
{
	struct str ca = str_of(ca_path), broken = str_of(broken_path);
	struct str other_key = str_of(ca_path);
	char want[160];

	check_problem((struct tls_files){.ca_file = STR("/nonexistent/ca.pem")},
	              "ca_file /nonexistent/ca.pem: No such file or directory");
	snprintf(want, sizeof want, "ca_file %s: no certificate or crl found", broken_path);
	check_problem((struct tls_files){.ca_file = broken}, want);
	snprintf(want, sizeof want, "cert_file %s: no start line", broken_path);
	check_problem((struct tls_files){.ca_file = ca, .cert_file = broken}, want);
	snprintf(want, sizeof want, "key_file %s: key values mismatch", ca_path);
	check_problem((struct tls_files){ca, str_of(client_path), other_key}, want);
}

static void test_garbage(void)
{
	struct pair p = {.contexts = tls_contexts_new()};
	struct tls_files files = {.ca_file = str_of(ca_path)};
	struct tls_client *client = tls_client_new(p.contexts, &files, STR("localhost"), NULL);

	p.t = tls_new(client);
	tls_feed(p.t, STR("HTTP/1.1 400 Bad Request\r\n\r\n"));
	CHECK(tls_read(p.t, p.plain, sizeof p.plain) == 0);
	CHECK(tls_state(p.t) == TLS_FAILED);
	CHECK_STR(tls_problem(p.t), STR("wrong version number"));
	tls_say_close(p.t);
	tls_free(&p.t);
	tls_free(&p.t);
	tls_contexts_free(&p.contexts); /* before its client: fine */
	tls_client_put(&client);
}

static void make_certificates(void)
{
	FILE *file;

	must(mkdtemp(dir) != NULL);
	snprintf(ca_path, sizeof ca_path, "%s/ca.pem", dir);
	snprintf(client_path, sizeof client_path, "%s/client.pem", dir);
	snprintf(broken_path, sizeof broken_path, "%s/broken.pem", dir);
	authority = cert_make(NULL, NULL, 86400);
	good = cert_make("DNS:localhost", &authority, 86400);
	by_address = cert_make("IP:127.0.0.1,IP:::1", &authority, 86400);
	expired = cert_make("DNS:localhost", &authority, -60);
	alone = cert_make("DNS:localhost", NULL, 86400);
	client_cert = cert_make("DNS:client", &authority, 86400);
	cert_save(&authority, ca_path);
	cert_save(&client_cert, client_path);
	file = fopen(broken_path, "w");
	must(file && fputs("no certificate\n", file) >= 0 && fclose(file) == 0);

	struct cert other = cert_make(NULL, NULL, 86400);

	X509_NAME_add_entry_by_txt(X509_get_subject_name(other.x509), "O", MBSTRING_ASC,
	                           (const unsigned char *)"other", -1, -1, 0);
	stranger = cert_make("DNS:localhost", &other, 86400);
	cert_release(&other);
}

int main(void)
{
	struct cert *all[] = {&authority, &good,     &by_address, &expired,
	                      &alone,     &stranger, &client_cert};

	make_certificates();
	test_verification();
	test_any_split();
	test_resumption(TLS1_2_VERSION);
	test_resumption(TLS1_3_VERSION);
	test_client_certificate();
	test_bad_files();
	test_garbage();
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		cert_release(all[i]);
	unlink(ca_path);
	unlink(client_path);
	unlink(broken_path);
	rmdir(dir);
	return check_report("tls");
}
