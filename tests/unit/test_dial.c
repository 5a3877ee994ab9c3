/* New connections: names (with a resolver of our own in place of libuv's), the race of
 * addresses, proxies, and ending in each state of a dial. */
#include "probe.h"

#include "limits.h"
#include "upstream/resolve.h"

#define OK_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

/* --- a resolver of our own --- */

static const char *names_give[8]; /* addresses, in this order; none: not found */
static int names_take_ms;
static int lookups;

struct lookup {
	uv_timer_t timer;
	uv_getaddrinfo_t *request;
	uv_getaddrinfo_cb on_done;
	struct addrinfo list[8];
	union address addresses[8];
};

static void free_lookup(uv_handle_t *timer)
{
	mem_put(timer->data);
}

static void answer_lookup(uv_timer_t *timer)
{
	struct lookup *l = timer->data;
	int count = 0;

	for (; count < 8 && names_give[count]; count++) {
		union address *a = &l->addresses[count];
		struct addrinfo *info = &l->list[count];

		if (uv_ip4_addr(names_give[count], 0, &a->v4))
			must(uv_ip6_addr(names_give[count], 0, &a->v6) == 0);
		info->ai_family = a->any.sa_family;
		info->ai_addr = &a->any;
		info->ai_addrlen = a->any.sa_family == AF_INET ? sizeof a->v4 : sizeof a->v6;
		if (count)
			l->list[count - 1].ai_next = info;
	}
	l->on_done(l->request, count ? 0 : UV_EAI_NONAME, count ? l->list : NULL);
	uv_close((uv_handle_t *)timer, free_lookup);
}

int uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *request, uv_getaddrinfo_cb on_done,
                   const char *node, const char *service, const struct addrinfo *hints)
{
	struct lookup *l = mem_get(sizeof *l);

	must(node && service == NULL && hints->ai_socktype == SOCK_STREAM);
	lookups++;
	l->request = request;
	l->on_done = on_done;
	uv_timer_init(loop, &l->timer);
	l->timer.data = l;
	uv_timer_start(&l->timer, answer_lookup, (uint64_t)names_take_ms, 0);
	return 0;
}

void uv_freeaddrinfo(struct addrinfo *list)
{
	(void)list;
}

static void set_names(const char *first, const char *second)
{
	names_give[0] = first;
	names_give[1] = second;
	names_give[2] = NULL;
	names_take_ms = 0;
	lookups = 0;
}

/* --- the race --- */

static void serve_hello(struct server *s)
{
	struct peer p = server_accept(s);

	while (p.fd >= 0 && peer_read_request(s, &p))
		peer_say(&p, OK_HELLO);
	peer_close(&p);
}

/* A listener on [::1] at the same port that never takes anybody. */
struct hole {
	int fds[4];
};

static void open_hole(struct hole *h, int family, int port)
{
	union address to = {.v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};

	if (family == AF_INET)
		to.v4 = (struct sockaddr_in){.sin_family = AF_INET,
		                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
	address_set_port(&to, port);
	for (int i = 0; i < 4; i++)
		h->fds[i] = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	must(bind(h->fds[0], &to.any, sizeof to) == 0 && listen(h->fds[0], 0) == 0);
	for (int i = 1; i < 4; i++)
		(void)!connect(h->fds[i], &to.any, sizeof to);
}

static void close_hole(struct hole *h)
{
	for (int i = 0; i < 4; i++)
		close(h->fds[i]);
}

/* How long one of them took to be reached, in milliseconds. */
static int64_t race(const char *first, const char *second, bool hole)
{
	struct server server = {0};
	struct hole h;
	struct stage stage;
	struct probe p;
	int64_t start_ns, took_ms;

	stage_open(&stage);
	server_start(&server, serve_hello);
	if (hole)
		open_hole(&h, AF_INET6, server.port);
	set_names(first, second);
	probe_init(&p, &stage.loop, stage.upstream, server.port);
	p.origin.host = STR("api.example");
	start_ns = clock_mono_ns();
	probe_ask(&p);
	CHECK(exchange_state(p.ex) == EXCHANGE_DONE);
	took_ms = (clock_mono_ns() - start_ns) / 1000000;
	CHECK(upstream_open_connections(stage.upstream) == 1);
	probe_end(&p);
	upstream_close_idle(stage.upstream);
	if (hole)
		close_hole(&h);
	server_join(&server);
	stage_close(&stage);
	return took_ms;
}

/* A machine that is busy takes longer, but not each time. */
static void check_race(const char *first, const char *second, bool hole, int at_most_ms)
{
	int64_t took_ms = race(first, second, hole);

	for (int i = 0; took_ms >= at_most_ms && i < 20; i++)
		took_ms = race(first, second, hole);
	CHECK(took_ms < at_most_ms);
	CHECK(!hole || took_ms >= LIMIT_HAPPY_EYEBALLS_MS);
}

static void test_race(void)
{
	check_race("127.0.0.1", NULL, false, 240);
	check_race("::1", "127.0.0.1", false, 240); /* refused: the next at once */
	check_race("::1", "127.0.0.1", true, LIMIT_HAPPY_EYEBALLS_MS + 400);
	check_race("127.0.0.1", "::1", false, 240);
}

static void test_refused(void)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;
	char want[200];

	stage_open(&stage);
	server_listen(&server);
	close(server.listener);
	set_names("::1", "127.0.0.1");
	probe_init(&p, &stage.loop, stage.upstream, server.port);
	probe_ask(&p);
	snprintf(want, sizeof want, "connect: refused by 127.0.0.1:%d", server.port);
	CHECK_FAILED(&p, CONNECT, want);
	CHECK(!exchange_was_sent(p.ex) && p.events == 1 && lookups == 0);
	exchange_end(&p.ex);
	p.origin.host = STR("api.example");
	probe_ask(&p);
	snprintf(want, sizeof want, "connect: refused by [::1]:%d, refused by 127.0.0.1:%d",
	         server.port, server.port);
	CHECK_FAILED(&p, CONNECT, want);
	probe_end(&p);
	stage_close(&stage);
}

static void test_connect_timeout(void)
{
	struct server server = {0};
	struct hole h;
	struct stage stage;
	struct probe p;
	char want[200];

	stage_open(&stage);
	server_listen(&server);
	close(server.listener);
	open_hole(&h, AF_INET, server.port);
	probe_init(&p, &stage.loop, stage.upstream, server.port);
	p.origin.connect_ms = 100;
	probe_ask(&p);
	snprintf(want, sizeof want, "no connection to 127.0.0.1:%d in 100 ms, still connecting",
	         server.port);
	CHECK_FAILED(&p, CONNECT_TIMEOUT, want);
	CHECK(upstream_open_connections(stage.upstream) == 0);
	probe_end(&p);
	close_hole(&h);
	stage_close(&stage);
}

/* --- names --- */

static void test_names_are_shared(void)
{
	struct stage stage;
	struct probe p[3];

	stage_open(&stage);
	set_names(NULL, NULL);
	names_take_ms = 30;
	for (int i = 0; i < 3; i++) {
		probe_init(&p[i], &stage.loop, stage.upstream, 9);
		p[i].origin.host = i == 1 ? STR("API.example") : STR("api.example");
		probe_start(&p[i]);
	}
	probe_end(&p[0]);
	for (int i = 1; i < 3; i++) {
		probe_wait(&p[i]);
		CHECK(exchange_failure(p[i].ex) == EXCHANGE_DNS_FAILURE);
	}
	CHECK_STR(exchange_failure_detail(p[2].ex), STR("api.example: unknown node or service"));
	exchange_end(&p[1].ex);
	probe_ask(&p[1]); /* a failure is known for a while */
	CHECK(exchange_failure(p[1].ex) == EXCHANGE_DNS_FAILURE && lookups == 1);
	probe_end(&p[1]);
	probe_end(&p[2]);
	stage_close(&stage);
}

static void note_order(struct resolve_wait *wait, const struct addresses *found)
{
	static const char *const want[] = {"[2001:db8::1]:7", "127.0.0.1:7", "[2001:db8::2]:7",
	                                   "[2001:db8::3]:7"};
	char text[ADDRESS_TEXT_BYTES];

	(void)wait;
	if (!CHECK(found->count == 4))
		return;
	for (int i = 0; i < 4; i++) {
		union address a = found->list[i];

		address_set_port(&a, 7);
		CHECK_STR(str_of(address_text(&a, text)), str_of(want[i]));
	}
}

static void test_families_take_turns(void)
{
	static const char *const give[] = {"2001:db8::1", "2001:db8::1", "2001:db8::2",
	                                   "2001:db8::3", "127.0.0.1"};
	struct resolve_wait wait = {.on_addresses = note_order};
	struct resolver *r;
	struct stage stage;

	stage_open(&stage);
	set_names(NULL, NULL);
	memcpy(names_give, give, sizeof give);
	r = resolver_new(&stage.loop);
	resolve(r, STR("many.example"), &wait);
	uv_run(&stage.loop.uv, UV_RUN_NOWAIT);
	uv_run(&stage.loop.uv, UV_RUN_NOWAIT);
	CHECK(!list_has_node(&wait.node));
	resolve(r, STR("other.example"), &wait);
	resolve_cancel(&wait);
	resolver_free(&r); /* while a look-up is under way */
	stage_close(&stage);
	memset(names_give, 0, sizeof names_give);
}

/* --- proxies --- */

static const char *proxy_says;

static void serve_proxy(struct server *s)
{
	struct peer p = server_accept(s);

	peer_read_request(s, &p);
	CHECK(strstr(s->request, "CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n"));
	CHECK(strstr(s->request, "Proxy-Authorization: Basic dXNlcjpwdw==\r\n"));
	if (str_ends_with(str_of(proxy_says), STR("\n")))
		peer_say_slowly(&p, proxy_says);
	else
		peer_say(&p, proxy_says);
	if (strncmp(proxy_says, "HTTP/1.1 200", 12) == 0 && peer_read_request(s, &p))
		peer_say(&p, OK_HELLO);
	peer_close(&p);
}

static void ask_by_proxy(struct probe *p, struct stage *stage, struct server *server)
{
	stage_open(stage);
	server_start(server, serve_proxy);
	probe_init(p, &stage->loop, stage->upstream, 443);
	p->origin.host = STR("api.example");
	p->origin.proxy_host = STR("127.0.0.1");
	p->origin.proxy_port = server->port;
	p->origin.proxy_authorization = STR("Basic dXNlcjpwdw==");
	probe_ask(p);
}

static void check_proxy(const char *says, enum exchange_failure failure, const char *detail)
{
	struct server server = {0};
	struct stage stage;
	struct probe p;

	proxy_says = says;
	ask_by_proxy(&p, &stage, &server);
	CHECK(exchange_failure(p.ex) == failure);
	if (failure)
		CHECK_STR(exchange_failure_detail(p.ex),
		          arena_printf(&p.arena, "proxy 127.0.0.1:%d %s", server.port, detail));
	else
		CHECK_STR(buf_str(&p.body), STR("hello"));
	probe_end(&p);
	upstream_close_idle(stage.upstream);
	server_join(&server);
	stage_close(&stage);
}

static void test_proxy(void)
{
	enum exchange_failure refused = EXCHANGE_PROXY_FAILURE;

	set_names(NULL, NULL); /* the proxy looks names up, not we */
	check_proxy("HTTP/1.1 200 Connection established\r\n\r\n", EXCHANGE_NONE_FAILURE, "");
	check_proxy("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", EXCHANGE_NONE_FAILURE, "");
	check_proxy("HTTP/1.1 407 Auth\r\nContent-Length: 0\r\n\r\n", refused,
	            "answered 407 to CONNECT api.example:443");
	check_proxy("HTTP/1.1 502 Bad\r\nConnection: close\r\n\r\n", refused,
	            "answered 502 to CONNECT api.example:443");
	check_proxy("SSH-2.0\r\n\r\n", refused, "sent no HTTP answer");
	check_proxy("HTTP/1.1 200 OK\r\n\r\nhello", refused, "sent bytes behind its answer");
	check_proxy("", refused, "closed");
	CHECK(lookups == 0);
}

/* --- ending in each state --- */

static void serve_silence(struct server *s)
{
	struct peer p;

	s->ctx = NULL;
	p = server_accept(s);
	CHECK(p.fd < 0 || peer_wait_end(&p));
	peer_close(&p);
}

/* `set` makes it stick in some state; then it is ended from outside, and once more left to its
 * deadline. */
static void check_ending(void (*set)(struct origin *, int port), const char *still)
{
	for (int left_alone = 0; left_alone < 2; left_alone++) {
		struct server server = {0};
		struct stage stage;
		struct probe p;

		stage_open(&stage);
		server_start(&server, serve_silence);
		set_names("127.0.0.1", NULL);
		probe_init(&p, &stage.loop, stage.upstream, server.port);
		p.origin.connect_ms = left_alone ? 1000 : PROBE_PATIENCE_MS;
		set(&p.origin, server.port);
		probe_start(&p);
		probe_run_ms(&p, left_alone ? PROBE_PATIENCE_MS : 50);
		CHECK(p.ended == left_alone);
		if (left_alone) {
			CHECK(exchange_failure(p.ex) == EXCHANGE_CONNECT_TIMEOUT_FAILURE);
			CHECK(str_ends_with(exchange_failure_detail(p.ex), str_of(still)));
		}
		probe_end(&p);
		CHECK(upstream_open_connections(stage.upstream) == 0);
		upstream_free(&stage.upstream);
		server_join(&server);
		stage_close(&stage);
	}
}

static void stick_in_tls(struct origin *o, int port)
{
	(void)port;
	o->tls = true;
}

static void stick_in_proxy(struct origin *o, int port)
{
	o->proxy_host = STR("127.0.0.1");
	o->proxy_port = port;
}

static void stick_in_name(void)
{
	struct stage stage;
	struct probe p;

	stage_open(&stage);
	set_names("127.0.0.1", NULL);
	names_take_ms = 300;
	probe_init(&p, &stage.loop, stage.upstream, 9);
	p.origin.host = STR("slow.example");
	p.origin.connect_ms = 100;
	probe_ask(&p);
	CHECK_FAILED(&p, CONNECT_TIMEOUT,
	             "no connection to slow.example:9 in 100 ms, still looking up the name");
	exchange_end(&p.ex);
	probe_start(&p);
	probe_end(&p);
	stage_close(&stage);
}

int main(void)
{
	test_race();
	test_refused();
	test_connect_timeout();
	test_names_are_shared();
	test_families_take_turns();
	test_proxy();
	check_ending(stick_in_tls, "still shaking hands for TLS");
	check_ending(stick_in_proxy, "still asking the proxy");
	stick_in_name();
	return check_report("dial");
}
