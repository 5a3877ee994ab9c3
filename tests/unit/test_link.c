/* TLS to an origin: certificates, client certificates, close_notify, large bodies, resumption;
 * by the name "localhost" and the system's resolver. */
#include "probe.h"

#include "certs.h"

#define OK_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static void serve_hello(struct server *s)
{
	struct peer p = server_accept(s);

	while (p.fd >= 0 && peer_read_request(s, &p))
		peer_say(&p, OK_HELLO);
	peer_close(&p);
}

static char dir[] = "/tmp/test_dial.XXXXXX";
static char ca_path[64], client_path[64];
static struct cert authority, good, wrong, expired, alone, client_cert;

static void open_tls(struct stage *stage, struct server *server, struct probe *p,
                     void (*script)(struct server *))
{
	stage_open(stage);
	server_start(server, script);
	probe_init(p, &stage->loop, stage->upstream, server->port);
	p->origin.host = STR("localhost");
	p->origin.tls = true;
	p->origin.ca_file = str_of(ca_path);
}

static void close_tls(struct stage *stage, struct server *server, struct probe *p)
{
	probe_end(p);
	upstream_close_idle(stage->upstream);
	server_join(server);
	stage_close(stage);
}

static void check_certificate(const struct cert *shown, const char *problem)
{
	struct server server = {.ctx = cert_server(shown, NULL)};
	struct stage stage;
	struct probe p;
	char want[200];

	open_tls(&stage, &server, &p, serve_hello);
	p.gather_max = 100;
	probe_ask(&p);
	snprintf(want, sizeof want, "TLS with localhost:%d: %s", server.port,
	         problem ? problem : "");
	if (problem)
		CHECK_FAILED(&p, TLS, want);
	else
		CHECK_STR(buf_str(&p.body), STR("hello"));
	CHECK(upstream_open_connections(stage.upstream) == (problem == NULL));
	close_tls(&stage, &server, &p);
}

static void test_certificates(void)
{
	check_certificate(&good, NULL);
	check_certificate(&wrong, "certificate verify failed: hostname mismatch");
	check_certificate(&expired, "certificate verify failed: certificate has expired");
	check_certificate(&alone, "certificate verify failed: self-signed certificate");
}

static void test_bad_files(void)
{
	struct server server = {.ctx = cert_server(&good, NULL)};
	struct stage stage;
	struct probe p;

	open_tls(&stage, &server, &p, serve_hello);
	p.origin.ca_file = STR("/nonexistent.pem");
	probe_ask(&p);
	CHECK_FAILED(&p, TLS, "ca_file /nonexistent.pem: No such file or directory");
	close_tls(&stage, &server, &p);
}

static void test_client_certificate(bool show)
{
	struct server server = {.ctx = cert_server(&good, &authority)};
	struct stage stage;
	struct probe p;

	open_tls(&stage, &server, &p, serve_hello);
	if (show)
		p.origin.cert_file = str_of(client_path);
	probe_ask(&p);
	CHECK(exchange_failure(p.ex) == (show ? EXCHANGE_NONE_FAILURE : EXCHANGE_TLS_FAILURE));
	CHECK(show || str_ends_with(exchange_failure_detail(p.ex),
	                            STR("tlsv13 alert certificate required")));
	close_tls(&stage, &server, &p);
}

static void serve_until_close(struct server *s)
{
	for (int i = 0; i < 2; i++) {
		struct peer p = server_accept(s);

		peer_read_request(s, &p);
		peer_say(&p, "HTTP/1.1 200 OK\r\n\r\nhello");
		if (i)
			peer_cut(&p);
		else
			peer_close(&p);
	}
}

/* The end of the connection ends a body only when TLS says that it was meant. */
static void test_close_notify(void)
{
	struct server server = {.ctx = cert_server(&good, NULL)};
	struct stage stage;
	struct probe p;

	open_tls(&stage, &server, &p, serve_until_close);
	probe_ask(&p);
	CHECK(exchange_state(p.ex) == EXCHANGE_DONE);
	exchange_end(&p.ex);
	probe_ask(&p);
	CHECK(exchange_failure(p.ex) == EXCHANGE_TRUNCATED_FAILURE);
	CHECK_STR(buf_str(&p.body), STR("hello"));
	close_tls(&stage, &server, &p);
}

static char megabytes[4 * 1024 * 1024];
static int resumed;

static void serve_large(struct server *s)
{
	for (int i = 0; i < 2; i++) {
		struct peer p = server_accept(s);
		size_t got = 0;
		char bytes[65536];
		ssize_t n;

		resumed += SSL_session_reused(p.ssl);
		while (got < sizeof megabytes && (n = peer_read(&p, bytes, sizeof bytes)) > 0)
			got += (size_t)n;
		snprintf(bytes, sizeof bytes,
		         "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
		         sizeof megabytes);
		peer_say(&p, bytes);
		peer_say_part(&p, megabytes, sizeof megabytes);
		peer_close(&p);
	}
}

static void test_large(void)
{
	struct server server = {.ctx = cert_server(&good, NULL)};
	struct stage stage;
	struct probe p;

	open_tls(&stage, &server, &p, serve_large);
	p.body_piece = (struct str){megabytes, sizeof megabytes};
	probe_ask(&p);
	CHECK(p.body.len == sizeof megabytes && memcmp(p.body.ptr, megabytes, p.body.len) == 0);
	exchange_end(&p.ex);
	p.gather_max = sizeof megabytes;
	probe_ask(&p);
	CHECK(p.body.len == sizeof megabytes && memcmp(p.body.ptr, megabytes, p.body.len) == 0);
	close_tls(&stage, &server, &p);
	CHECK(resumed == 1);
}

static void make_certificates(void)
{
	must(mkdtemp(dir) != NULL);
	snprintf(ca_path, sizeof ca_path, "%s/ca.pem", dir);
	snprintf(client_path, sizeof client_path, "%s/client.pem", dir);
	authority = cert_make(NULL, NULL, 86400);
	good = cert_make("DNS:localhost", &authority, 86400);
	wrong = cert_make("DNS:example.com", &authority, 86400);
	expired = cert_make("DNS:localhost", &authority, -60);
	alone = cert_make("DNS:localhost", NULL, 86400);
	client_cert = cert_make("DNS:client", &authority, 86400);
	cert_save(&authority, ca_path);
	cert_save(&client_cert, client_path);
}

static void forget_certificates(void)
{
	struct cert *all[] = {&authority, &good, &wrong, &expired, &alone, &client_cert};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		cert_release(all[i]);
	unlink(ca_path);
	unlink(client_path);
	rmdir(dir);
}

int main(void)
{
	for (size_t i = 0; i < sizeof megabytes; i++)
		megabytes[i] = (char)(i * 31 + i / 251);
	make_certificates();
	test_certificates();
	test_bad_files();
	test_client_certificate(true);
	test_client_certificate(false);
	test_close_notify();
	test_large();
	forget_certificates();
	return check_report("link");
}
