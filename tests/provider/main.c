/* fluxprovider: the scripted provider of the tests. One thread, one loop; speaks HTTP/1 with
 * readers and writers of its own, so that no mistake of the gateway is shared by what checks it.
 *
 * Prints "listening HOST:PORT" per listener on standard output, then serves until it is killed. */
#include "peer.h"

#include "base/must.h"

#include <getopt.h>
#include <signal.h>

enum { LISTENERS_MAX = 16, BACKLOG = 1024, HOST_MAX = 64, SCRIPT_MAX = 16 << 20 };
enum { KEPT_LOG_BYTES = 256 << 20 };

struct options {
	const char *listen[LISTENERS_MAX];
	int listen_count;
	const char *door;
	const char *script;
	const char *log;
	const char *certificate;
	const char *key;
	const char *ca;
	const char *proxy_auth;
	bool is_proxy;
	bool keeps_nothing;
};

/* A listener's tcp handle and what stands behind it. */
struct entrance {
	uv_tcp_t tcp;
	struct provider *provider;
	SSL_CTX *tls; /* NULL: plain */
};

static const char usage[] =
    "fluxprovider [options]            the scripted provider (tests/provider/README)\n"
    "  --listen HOST:PORT     may be given several times; [::1]:PORT; port 0 is any (127.0.0.1:0)\n"
    "  --door HOST:PORT       a listener without TLS, for the side door\n"
    "  --script FILE          rules to begin with\n"
    "  --log FILE             appends a JSON line for each request\n"
    "  --no-log               keeps no records in memory\n"
    "  --tls-cert FILE --tls-key FILE   serves TLS\n"
    "  --tls-ca FILE          asks for client certificates of this authority\n"
    "  --proxy                is a CONNECT proxy\n"
    "  --proxy-auth USER:PASSWORD\n";

static _Noreturn void stop(const char *what, const char *why)
{
	fprintf(stderr, "fluxprovider: %s: %s\n", what, why);
	exit(2);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct entrance *e = listener->data;

	if (status == 0)
		peer_accept(e->provider, listener, e->tls);
}

static void parse_address(const char *text, struct sockaddr_storage *out)
{
	struct str all = str_of(text);
	char host[HOST_MAX];
	size_t colon = all.len;
	int64_t port = 0;

	while (colon > 0 && all.ptr[colon - 1] != ':')
		colon--;
	if (colon < 2 || str_to_i64(str_part(all, colon, all.len), 0, 65535, &port) < 0)
		stop(text, "is not HOST:PORT");
	bool is_v6 = all.ptr[0] == '[';

	snprintf(host, sizeof(host), "%.*s", (int)(colon - 1 - 2 * is_v6), all.ptr + is_v6);
	int result = is_v6 ? uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)out)
	                   : uv_ip4_addr(host, (int)port, (struct sockaddr_in *)out);

	if (result < 0)
		stop(text, uv_strerror(result));
}

static void print_listener(uv_tcp_t *tcp)
{
	struct sockaddr_storage got;
	int size = sizeof(got);
	char host[HOST_MAX] = "";

	must(uv_tcp_getsockname(tcp, (struct sockaddr *)&got, &size) == 0);
	uv_ip_name((struct sockaddr *)&got, host, sizeof(host));
	if (got.ss_family == AF_INET6)
		printf("listening [%s]:%d\n", host,
		       ntohs(((struct sockaddr_in6 *)&got)->sin6_port));
	else
		printf("listening %s:%d\n", host, ntohs(((struct sockaddr_in *)&got)->sin_port));
	fflush(stdout);
}

static void listen_on(struct provider *v, const char *text, SSL_CTX *tls)
{
	struct entrance *e = mem_get(sizeof(*e));
	struct sockaddr_storage address;

	parse_address(text, &address);
	must(uv_tcp_init(v->loop, &e->tcp) == 0);
	e->provider = v;
	e->tls = tls;
	e->tcp.data = e;
	int result = uv_tcp_bind(&e->tcp, (struct sockaddr *)&address, 0);

	if (result == 0)
		result = uv_listen((uv_stream_t *)&e->tcp, BACKLOG, on_connection);
	if (result < 0)
		stop(text, uv_strerror(result));
	print_listener(&e->tcp);
}

static void load_script(struct provider *v, const char *path)
{
	FILE *file = fopen(path, "rb");
	struct buf text;
	struct buf problem;
	size_t n;
	char *room;

	if (file == NULL)
		stop(path, "cannot be opened");
	buf_init(&text, SCRIPT_MAX);
	buf_init(&problem, SCRIPT_MAX);
	while ((room = buf_room(&text, 4096)) && (n = fread(room, 1, 4096, file)) > 0)
		buf_grew(&text, n);
	fclose(file);
	if (script_add(&v->script, buf_str(&text), STR(""), &problem) < 0) {
		buf_put_byte(&problem, 0);
		stop(path, problem.ptr);
	}
	buf_release(&text);
	buf_release(&problem);
}

static void read_options(struct options *o, int argc, char **argv)
{
	static const struct option rows[] = {
	    {"listen", 1, NULL, 'l'}, {"script", 1, NULL, 's'},   {"log", 1, NULL, 'o'},
	    {"no-log", 0, NULL, 'n'}, {"tls-cert", 1, NULL, 'c'}, {"tls-key", 1, NULL, 'k'},
	    {"tls-ca", 1, NULL, 'a'}, {"proxy", 0, NULL, 'p'},    {"proxy-auth", 1, NULL, 'u'},
	    {"door", 1, NULL, 'd'},   {"help", 0, NULL, 'h'},     {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", rows, NULL)) != -1) {
		switch (c) {
		case 'l':
			if (o->listen_count == LISTENERS_MAX)
				stop(optarg, "one listener too many");
			o->listen[o->listen_count++] = optarg;
			break;
		case 'd':
			o->door = optarg;
			break;
		case 's':
			o->script = optarg;
			break;
		case 'o':
			o->log = optarg;
			break;
		case 'n':
			o->keeps_nothing = true;
			break;
		case 'c':
			o->certificate = optarg;
			break;
		case 'k':
			o->key = optarg;
			break;
		case 'a':
			o->ca = optarg;
			break;
		case 'p':
			o->is_proxy = true;
			break;
		case 'u':
			o->proxy_auth = optarg;
			break;
		default:
			fputs(usage, c == 'h' ? stdout : stderr);
			exit(c == 'h' ? 0 : 2);
		}
	}
}

int main(int argc, char **argv)
{
	struct options o = {.listen_count = 0};
	struct provider v = {.loop = uv_default_loop()};
	SSL_CTX *tls = NULL;

	signal(SIGPIPE, SIG_IGN);
	read_options(&o, argc, argv);
	if (o.listen_count == 0)
		o.listen[o.listen_count++] = "127.0.0.1:0";
	FILE *log = o.log ? fopen(o.log, "ab") : NULL;

	if (o.log && log == NULL)
		stop(o.log, "cannot be opened");
	script_init(&v.script);
	list_init(&v.peers);
	record_book_init(&v.book, o.keeps_nothing ? 0 : KEPT_LOG_BYTES, log);
	v.is_proxy = o.is_proxy;
	v.proxy_auth = str_of(o.proxy_auth);
	if (o.certificate && (tls = pipe_tls_new(o.certificate, o.key, o.ca)) == NULL)
		stop(o.certificate, "cannot be used");
	if (o.script)
		load_script(&v, o.script);
	for (int i = 0; i < o.listen_count; i++)
		listen_on(&v, o.listen[i], tls);
	if (o.door)
		listen_on(&v, o.door, NULL);
	return uv_run(v.loop, UV_RUN_DEFAULT);
}
