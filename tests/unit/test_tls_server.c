/* Our side towards clients, against OpenSSL's own client over memory: which certificate is shown,
 * which protocol is agreed, tickets, old versions, files that do not fit. */
#include "certs.h"
#include "check.h"

#include "base/tls.h"

#include <openssl/err.h>

static char dir[] = "/tmp/test_tls_server.XXXXXX";
static char first_path[64], second_path[64], old_path[64];

struct pair {
	struct tls *t;
	SSL *client;
	size_t piece;
	char plain[8192];
	size_t plain_len;
};

static void carry(struct pair *p)
{
	char cipher[65536];
	int len = BIO_read(SSL_get_wbio(p->client), cipher, sizeof cipher);
	struct buf *out = tls_output(p->t);

	for (int at = 0; at < len && tls_state(p->t) < TLS_CLOSED; at += (int)p->piece) {
		size_t n;

		tls_feed(p->t, str_part((struct str){cipher, (size_t)len}, (size_t)at, p->piece));
		while (
		    (n = tls_read(p->t, p->plain + p->plain_len, sizeof p->plain - p->plain_len)))
			p->plain_len += n;
	}
	if (out->len)
		BIO_write(SSL_get_rbio(p->client), out->ptr, (int)out->len);
	buf_clear(out);
}

static void pair_open(struct pair *p, struct tls_server *server, SSL *client)
{
	p->t = tls_accept(server);
	p->client = client;
	p->plain_len = 0;
	SSL_set_bio(client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(client);
	for (int i = 0; i < 6; i++) {
		SSL_do_handshake(client);
		carry(p);
	}
	ERR_clear_error();
}

static void pair_close(struct pair *p)
{
	tls_free(&p->t);
	SSL_free(p->client);
}

static int add(struct tls_server *server, const char *cert, const char *key, struct buf *problem)
{
	struct tls_cert files = {str_of(cert), str_of(key)};
	int64_t left = 0;
	int result = tls_server_add(server, &files, &left, problem);

	CHECK(result != 0 || (left < 0) == (cert == old_path));
	return result;
}

static struct tls_server *server_of_two(bool speaks_http2)
{
	struct tls_server *server = tls_server_new(speaks_http2);
	struct buf problem;

	buf_init(&problem, 1000);
	CHECK(add(server, first_path, "", &problem) == 0);
	CHECK(add(server, second_path, "", &problem) == 0);
	CHECK(problem.len == 0);
	return server;
}

static bool is_shown(SSL *client, const char *host)
{
	return X509_check_host(SSL_get0_peer_certificate(client), host, 0, 0, NULL) == 1;
}

static void test_names(void)
{
	static const struct {
		const char *asked, *shown;
	} rows[] = {{NULL, "first.test"},
	            {"first.test", "first.test"},
	            {"second.test", "second.test"},
	            {"a.wild.test", "b.wild.test"},
	            {"stranger.test", "first.test"}};
	struct tls_server *server = server_of_two(false);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pair p = {.piece = 7};
		SSL *client = SSL_new(ctx);

		if (rows[i].asked)
			SSL_set_tlsext_host_name(client, rows[i].asked);
		pair_open(&p, server, client);
		CHECK(tls_state(p.t) == TLS_OPEN && is_shown(client, rows[i].shown));
		pair_close(&p);
	}
	SSL_CTX_free(ctx);
	tls_server_put(&server);
}

static void test_protocols(void)
{
	static const struct {
		const char *offer;
		bool speaks_http2, opens, is_http2;
	} rows[] = {{"\x02h2\x08http/1.1", true, true, true},
	            {"\x08http/1.1\x02h2", true, true, true},
	            {"\x02h2\x08http/1.1", false, true, false},
	            {"\x08http/1.1", true, true, false},
	            {"", true, true, false},
	            {"\x02h2", false, false, false},
	            {"\x06spdy/1", true, false, false}};
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct tls_server *server = server_of_two(rows[i].speaks_http2);
		struct pair p = {.piece = 65536};
		SSL *client = SSL_new(ctx);

		SSL_set_alpn_protos(client, (const unsigned char *)rows[i].offer,
		                    (unsigned)strlen(rows[i].offer));
		pair_open(&p, server, client);
		tls_server_put(&server); /* connections live on */
		CHECK((tls_state(p.t) == TLS_OPEN) == rows[i].opens);
		CHECK(tls_speaks_http2(p.t) == rows[i].is_http2);
		pair_close(&p);
	}
	SSL_CTX_free(ctx);
}

static SSL_SESSION *kept;

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(kept);
	kept = session;
	return 1;
}

static void test_tickets(int version)
{
	struct tls_server *server = server_of_two(false);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(ctx, on_session);
	SSL_CTX_set_max_proto_version(ctx, version);
	for (int i = 0; i < 3; i++) {
		struct pair p = {.piece = 65536};
		SSL *client = SSL_new(ctx);
		char room[64];

		if (kept)
			SSL_set_session(client, kept);
		pair_open(&p, server, client);
		SSL_read(client, room, sizeof room); /* tickets come behind the handshake */
		CHECK(tls_state(p.t) == TLS_OPEN && tls_was_resumed(p.t) == (i > 0));
		CHECK(SSL_version(client) == version);
		SSL_shutdown(client);
		carry(&p);
		CHECK(tls_state(p.t) == TLS_CLOSED);
		pair_close(&p);
	}
	SSL_SESSION_free(kept);
	kept = NULL;
	SSL_CTX_free(ctx);
	tls_server_put(&server);
}

static void test_bytes(void)
{
	struct tls_server *server = server_of_two(false);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct pair p = {.piece = 3};
	char room[64];
	size_t len = 0;

	pair_open(&p, server, SSL_new(ctx));
	SSL_write(p.client, "hello", 5);
	carry(&p);
	CHECK_STR(((struct str){p.plain, p.plain_len}), STR("hello"));
	CHECK(tls_write(p.t, STR("world")) == 0);
	carry(&p);
	SSL_read_ex(p.client, room, sizeof room, &len);
	CHECK_STR(((struct str){room, len}), STR("world"));
	tls_say_close(p.t);
	carry(&p);
	CHECK(SSL_read(p.client, room, sizeof room) == 0);
	CHECK(SSL_get_error(p.client, 0) == SSL_ERROR_ZERO_RETURN);
	pair_close(&p);
	SSL_CTX_free(ctx);
	tls_server_put(&server);
}

static void test_old_versions(void)
{
	struct tls_server *server = server_of_two(false);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct pair p = {.piece = 65536};

	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
	pair_open(&p, server, SSL_new(ctx));
	CHECK(tls_state(p.t) == TLS_FAILED);
	CHECK_STR(tls_problem(p.t), STR("unsupported protocol"));
	pair_close(&p);
	SSL_CTX_free(ctx);
	tls_server_put(&server);
}

static void check_problem(const char *cert, const char *key, const char *problem)
{
	struct tls_server *server = tls_server_new(false);
	struct buf text;

	buf_init(&text, 1000);
	CHECK(add(server, cert, key, &text) == -1);
	CHECK(str_find(buf_str(&text), str_of(problem)) < text.len);
	if (str_find(buf_str(&text), str_of(problem)) == text.len)
		printf("    got \"%.*s\"\n", STR_ARG(buf_str(&text)));
	buf_release(&text);
	tls_server_put(&server);
}

static void test_bad_files(void)
{
	struct tls_server *server = tls_server_new(false);
	struct buf text;

	check_problem("/nonexistent/a.pem", "", "cert_file /nonexistent/a.pem: No such file");
	check_problem(first_path, second_path, ": key values mismatch");
	check_problem(first_path, "/nonexistent/k", "key_file /nonexistent/k: No such file");
	buf_init(&text, 1000);
	CHECK(add(server, old_path, "", &text) == 0); /* expired: to be told, not refused */
	tls_server_put(&server);
}

static void save(char *path, const char *name, const char *names, long seconds_left)
{
	struct cert c = cert_make(names, NULL, seconds_left);

	snprintf(path, 64, "%s/%s.pem", dir, name);
	cert_save(&c, path);
	cert_release(&c);
}

int main(void)
{
	must(mkdtemp(dir) != NULL);
	save(first_path, "first", "DNS:first.test", 86400);
	save(second_path, "second", "DNS:second.test,DNS:*.wild.test", 86400);
	save(old_path, "old", "DNS:old.test", -60);
	test_names();
	test_protocols();
	test_tickets(TLS1_2_VERSION);
	test_tickets(TLS1_3_VERSION);
	test_bytes();
	test_old_versions();
	test_bad_files();
	unlink(first_path);
	unlink(second_path);
	unlink(old_path);
	rmdir(dir);
	return check_report("tls_server");
}
