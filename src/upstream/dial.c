/* Dialling.
 *
 * 	DIAL_RESOLVING -> DIAL_CONNECTING -> [DIAL_TUNNELLING] -> [DIAL_SHAKING] -> result
 * 	       \__________________\________________\___________________\__> DIAL_FAILED -> result
 *
 * Connecting is a race (RFC 8305): an attempt starts when the one before has failed or
 * LIMIT_HAPPY_EYEBALLS_MS after it started; the first connected wins and the others are closed.
 * Through a proxy the race is for the proxy's addresses, then (RFC 9110 9.3.6):
 *
 * 	CONNECT api.example:443 HTTP/1.1        HTTP/1.1 200 OK
 * 	Host: api.example:443                   (no body, whatever it says; not one byte more)
 * 	Proxy-Authorization: ...
 *
 * Invariants: every link in `racing` has the dial as its owner; after DIAL_FAILED, whose result
 * is told at the turn's end, nothing is open. Called by exchange. Must never call on_result from
 * dial_start, nor show the proxy's secret in a detail. */
#include "upstream/dial.h"

#include "limits.h"

#define DIAL_STATES(X)                                                                             \
	X(RESOLVING, "looking up the name")                                                        \
	X(CONNECTING, "connecting")                                                                \
	X(TUNNELLING, "asking the proxy")                                                          \
	X(SHAKING, "shaking hands for TLS")                                                        \
	X(FAILED, "failing")

enum dial_state {
#define X(name, text) DIAL_##name,
	DIAL_STATES(X)
#undef X
};

static const char *const state_words[] = {
#define X(name, text) text,
    DIAL_STATES(X)
#undef X
};

enum { DIAL_DETAIL_BYTES = 512 };

struct dial {
	struct upstream *upstream;
	struct pool *pool;
	const struct origin *origin;
	void (*on_result)(void *owner, const struct dial_result *);
	void *owner;
	enum dial_state state;
	enum exchange_failure failure;
	struct buf detail; /* grows with every attempt that fails */
	struct resolve_wait wait;
	struct timer deadline;
	struct timer stagger;
	struct loop_task tell;

	struct addresses addresses;
	int next_address;
	int racing_count;
	struct link *racing[RESOLVE_ADDRESSES];
	struct link *link; /* the winner */

	struct buf answer; /* the proxy's */
	size_t scanned;
	struct buf request;
	struct str request_piece;
};

/* --- results --- */

static void close_all(struct dial *d)
{
	resolve_cancel(&d->wait);
	timer_cancel(&d->deadline);
	timer_cancel(&d->stagger);
	for (int i = 0; i < RESOLVE_ADDRESSES; i++)
		link_close(&d->racing[i]);
	d->racing_count = 0;
	link_close(&d->link);
}

static void dial_free(struct dial *d)
{
	close_all(d);
	loop_drop_task(&d->tell);
	buf_release(&d->detail);
	buf_release(&d->answer);
	buf_release(&d->request);
	mem_put(d);
}

static void tell_failure(struct loop_task *task)
{
	struct dial *d = LIST_OBJECT(task, struct dial, tell);
	struct dial_result result = {.failure = d->failure, .detail = buf_str(&d->detail)};

	d->on_result(d->owner, &result);
	dial_free(d);
}

/* d->detail says why. */
static void dial_fail(struct dial *d, enum exchange_failure failure)
{
	if (d->state == DIAL_FAILED)
		return;
	d->state = DIAL_FAILED;
	d->failure = failure;
	close_all(d);
	loop_at_turn_end(d->upstream->loop, &d->tell);
}

static void dial_succeed(struct dial *d)
{
	struct dial_result result = {.link = d->link};

	d->link = NULL;
	d->on_result(d->owner, &result);
	dial_free(d);
}

static void on_deadline(struct timer *t)
{
	struct dial *d = LIST_OBJECT(t, struct dial, deadline);

	buf_clear(&d->detail);
	buf_printf(&d->detail, "no connection to %.*s:%d in %lld ms, still %s",
	           STR_ARG(d->origin->host), d->origin->port, (long long)d->origin->connect_ms,
	           state_words[d->state]);
	dial_fail(d, EXCHANGE_CONNECT_TIMEOUT_FAILURE);
}

/* --- TLS --- */

static void on_secure(struct link *l)
{
	dial_succeed(link_owner(l));
}

static void on_shake_bytes(struct link *l, char *bytes, size_t len)
{
	(void)l;
	(void)bytes;
	(void)len;
	must(!"plain bytes before the handshake's end");
}

static void on_shake_end(struct link *l, enum link_end end)
{
	struct dial *d = link_owner(l);

	buf_printf(&d->detail, "TLS with %.*s:%d: %s", STR_ARG(d->origin->host), d->origin->port,
	           end == LINK_TLS_FAILED ? link_problem(l)
	           : end == LINK_BROKEN   ? link_problem(l)
	                                  : "closed in the handshake");
	dial_fail(d, EXCHANGE_TLS_FAILURE);
}

static const struct link_user shaking = {
    .on_open = on_secure, .on_bytes = on_shake_bytes, .on_end = on_shake_end};

/* The way to the origin is there: what remains is TLS, if it is asked for. */
static void on_reached(struct dial *d)
{
	struct tls_client *client;

	if (!d->origin->tls) {
		dial_succeed(d);
		return;
	}
	d->state = DIAL_SHAKING;
	client = pool_tls_client(d->pool, d->origin, &d->detail);
	if (client == NULL) {
		dial_fail(d, EXCHANGE_TLS_FAILURE);
		return;
	}
	link_use(d->link, &shaking, d);
	link_start_tls(d->link, client);
}

/* --- the proxy --- */

static void note_proxy(struct dial *d)
{
	buf_printf(&d->detail, "proxy %.*s:%d ", STR_ARG(d->origin->proxy_host),
	           d->origin->proxy_port);
}

static void refuse_proxy(struct dial *d, const char *why)
{
	note_proxy(d);
	buf_printf(&d->detail, "%s", why);
	dial_fail(d, EXCHANGE_PROXY_FAILURE);
}

static void judge_proxy(struct dial *d, const struct http_head *head)
{
	if (head->status / 100 != 2) {
		note_proxy(d);
		buf_printf(&d->detail, "answered %d to CONNECT %.*s:%d", head->status,
		           STR_ARG(d->origin->host), d->origin->port);
		dial_fail(d, EXCHANGE_PROXY_FAILURE);
	} else if (d->answer.len) {
		refuse_proxy(d, "sent bytes behind its answer");
	} else {
		on_reached(d);
	}
}

/* Reads one head of the proxy off d->answer. Gives false when there is no more to do now. */
static bool read_proxy_head(struct dial *d)
{
	struct arena *scratch = &d->upstream->loop->scratch;
	struct http_head head;
	struct fail f;
	int64_t len;

	fail_init(&f, scratch);
	len = http1_find_head(buf_str(&d->answer), &d->scanned, &f);
	if (len == 0)
		return false;
	if (len < 0 || http1_read_answer(str_part(buf_str(&d->answer), 0, (size_t)len),
	                                 STR("CONNECT"), scratch, &head, &f) < 0) {
		refuse_proxy(d, "sent no HTTP answer");
		return false;
	}
	buf_drop(&d->answer, (size_t)len);
	d->scanned = 0;
	if (head.status / 100 == 1)
		return true;
	judge_proxy(d, &head);
	return false;
}

static void on_proxy_bytes(struct link *l, char *bytes, size_t len)
{
	struct dial *d = link_owner(l);

	buf_put(&d->answer, (struct str){bytes, len});
	if (buf_is_over(&d->answer)) {
		refuse_proxy(d, "sent too large an answer");
		return;
	}
	while (read_proxy_head(d))
		;
}

static void on_proxy_sent(struct link *l)
{
	(void)l;
}

static void on_proxy_end(struct link *l, enum link_end end)
{
	refuse_proxy(link_owner(l), end == LINK_ENDED ? "closed" : link_problem(l));
}

static const struct link_user tunnelling = {
    .on_bytes = on_proxy_bytes, .on_sent = on_proxy_sent, .on_end = on_proxy_end};

static void ask_proxy(struct dial *d)
{
	const struct origin *o = d->origin;
	const char *form = str_find_byte(o->host, ':') < o->host.len ? "[%.*s]:%d" : "%.*s:%d";
	struct str authority =
	    arena_printf(&d->upstream->loop->scratch, form, STR_ARG(o->host), o->port);

	d->state = DIAL_TUNNELLING;
	buf_printf(&d->request, "CONNECT %.*s HTTP/1.1\r\nHost: %.*s\r\n", STR_ARG(authority),
	           STR_ARG(authority));
	if (o->proxy_authorization.len)
		buf_printf(&d->request, "Proxy-Authorization: %.*s\r\n",
		           STR_ARG(o->proxy_authorization));
	buf_put(&d->request, STR("\r\n"));
	d->request_piece = buf_str(&d->request);
	link_use(d->link, &tunnelling, d);
	link_send(d->link, &d->request_piece, 1);
}

/* --- the race --- */

static void try_next(struct dial *d);

static int place_of(const struct dial *d, const struct link *l)
{
	int i = 0;

	while (d->racing[i] != l)
		must(++i < RESOLVE_ADDRESSES);
	return i;
}

static void on_connected(struct link *l)
{
	struct dial *d = link_owner(l);

	d->racing[place_of(d, l)] = NULL;
	d->racing_count = 0;
	for (int i = 0; i < RESOLVE_ADDRESSES; i++)
		link_close(&d->racing[i]);
	timer_cancel(&d->stagger);
	buf_clear(&d->detail);
	d->link = l;
	if (d->origin->proxy_host.len)
		ask_proxy(d);
	else
		on_reached(d);
}

static void note_attempt(struct dial *d, const union address *to, int status)
{
	char place[ADDRESS_TEXT_BYTES];

	buf_printf(&d->detail, "%s%s %s", d->detail.len ? ", " : "connect: ",
	           status == UV_ECONNREFUSED ? "refused by" : uv_strerror(status),
	           address_text(to, place));
}

static void on_attempt_end(struct link *l, enum link_end end)
{
	struct dial *d = link_owner(l);

	(void)end;
	note_attempt(d, link_peer(l), link_status(l));
	link_close(&d->racing[place_of(d, l)]);
	d->racing_count--;
	try_next(d);
}

static const struct link_user racing = {.on_open = on_connected, .on_end = on_attempt_end};

static void on_stagger(struct timer *t)
{
	try_next(LIST_OBJECT(t, struct dial, stagger));
}

/* -1: could not even begin. */
static int attempt(struct dial *d, int i)
{
	int status;

	d->racing[i] = link_new(d->upstream, d->pool);
	link_use(d->racing[i], &racing, d);
	status = link_connect(d->racing[i], &d->addresses.list[i]);
	if (status == 0) {
		d->racing_count++;
		return 0;
	}
	note_attempt(d, &d->addresses.list[i], status);
	link_close(&d->racing[i]);
	return -1;
}

static void try_next(struct dial *d)
{
	while (d->next_address < d->addresses.count)
		if (attempt(d, d->next_address++) == 0)
			break;
	if (d->next_address < d->addresses.count)
		timer_set(&d->stagger, d->upstream->loop, LIMIT_HAPPY_EYEBALLS_MS, on_stagger);
	else
		timer_cancel(&d->stagger);
	if (d->racing_count == 0)
		dial_fail(d, EXCHANGE_CONNECT_FAILURE);
}

static void on_addresses(struct resolve_wait *wait, const struct addresses *found)
{
	struct dial *d = LIST_OBJECT(wait, struct dial, wait);
	const struct origin *o = d->origin;
	bool proxy = o->proxy_host.len > 0;

	if (found->count == 0) {
		buf_printf(&d->detail, "%s%.*s: %s", proxy ? "proxy " : "",
		           STR_ARG(proxy ? o->proxy_host : o->host), found->problem);
		dial_fail(d, EXCHANGE_DNS_FAILURE);
		return;
	}
	d->addresses = *found;
	for (int i = 0; i < found->count; i++)
		address_set_port(&d->addresses.list[i], proxy ? o->proxy_port : o->port);
	d->state = DIAL_CONNECTING;
	try_next(d);
}

/* --- life --- */

struct dial *dial_start(struct pool *pool, struct upstream *up, const struct origin *origin,
                        void (*on_result)(void *owner, const struct dial_result *), void *owner)
{
	struct dial *d = mem_get(sizeof *d);

	d->upstream = up;
	d->pool = pool;
	d->origin = origin;
	d->on_result = on_result;
	d->owner = owner;
	d->wait.on_addresses = on_addresses;
	d->tell.run = tell_failure;
	buf_init(&d->detail, DIAL_DETAIL_BYTES);
	buf_init(&d->answer, LIMIT_HEAD_BYTES);
	buf_init(&d->request, LIMIT_HEAD_BYTES);
	if (origin->connect_ms > 0)
		timer_set(&d->deadline, up->loop, origin->connect_ms, on_deadline);
	resolve(up->resolver, origin->proxy_host.len ? origin->proxy_host : origin->host, &d->wait);
	return d;
}

void dial_cancel(struct dial **dial)
{
	if (*dial)
		dial_free(*dial);
	*dial = NULL;
}
