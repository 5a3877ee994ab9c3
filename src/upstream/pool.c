/* Pools of idle connections, one per pool key, and the life of struct upstream.
 *
 * The one used last is taken first: the few that a quiet hour needs stay warm, the rest grow old
 * and are closed. While a link is idle the pool is its user: whatever comes then, end or bytes,
 * closes it, so a link that is taken was healthy at the last poll.
 *
 * Invariants: idle lists are ordered by age, oldest first, and never longer than
 * LIMIT_POOL_IDLE; a link gets in through pool_return only. A pool is never freed before its
 * upstream: it holds the TLS session of its origin, and keys are as many as the configuration
 * has named. Called by exchange and dial. Must never hand one link to two users. */
#include "upstream/pool.h"

#include "base/clock.h"
#include "limits.h"

struct pool {
	struct list_node node;
	struct upstream *upstream;
	struct list idle;
	int idle_count;
	struct timer oldest;
	struct tls_client *tls_client;
	unsigned tls_generation; /* of the upstream when the files were read */
	struct str key;
	char text[];
};

/* --- idle links --- */

static void take_off(struct pool *p, struct link *l)
{
	list_remove(&link_idle(l)->node);
	p->idle_count--;
	p->upstream->idle_count--;
}

static void close_idle_link(struct link *l)
{
	take_off(link_pool(l), l);
	link_close(&l);
}

static void on_idle_bytes(struct link *l, char *bytes, size_t len)
{
	(void)bytes;
	(void)len;
	close_idle_link(l);
}

static void on_idle_end(struct link *l, enum link_end end)
{
	(void)end;
	close_idle_link(l);
}

static const struct link_user idle_user = {.on_bytes = on_idle_bytes, .on_end = on_idle_end};

static void on_oldest_due(struct timer *t);

static void watch_oldest(struct pool *p)
{
	struct list_node *first = list_first(&p->idle);
	int64_t age_ms;

	if (first == NULL) {
		timer_cancel(&p->oldest);
		return;
	}
	if (timer_is_set(&p->oldest))
		return;
	age_ms = (clock_mono_coarse_ns() - link_idle(link_of_idle(first))->since_ns) / 1000000;
	timer_set(&p->oldest, p->upstream->loop,
	          age_ms < LIMIT_POOL_IDLE_MS ? LIMIT_POOL_IDLE_MS - age_ms : 0, on_oldest_due);
}

static void on_oldest_due(struct timer *t)
{
	struct pool *p = LIST_OBJECT(t, struct pool, oldest);
	int64_t limit_ns = clock_mono_coarse_ns() - LIMIT_POOL_IDLE_MS * INT64_C(1000000);
	struct list_node *node;

	while ((node = list_first(&p->idle)) && link_idle(link_of_idle(node))->since_ns <= limit_ns)
		close_idle_link(link_of_idle(node));
	watch_oldest(p);
}

struct link *pool_take(struct pool *p)
{
	struct list_node *node = list_last(&p->idle);
	struct link *l;

	if (node == NULL)
		return NULL;
	l = link_of_idle(node);
	take_off(p, l);
	return l;
}

static const char *why_refuse(struct link *l, const struct pool_verdict *v)
{
	struct pool *p = link_pool(l);

	if (!v->is_whole)
		return "the answer is not whole";
	if (!v->is_sent)
		return "the request is not sent";
	if (!v->can_keep_alive)
		return "the provider closes";
	if (v->has_leftover)
		return "bytes behind the answer";
	if (link_idle(l)->generation != p->upstream->generation)
		return "draining";
	return NULL;
}

const char *pool_return(struct link **link, const struct pool_verdict *verdict)
{
	struct link *l = *link;
	struct pool *p = link_pool(l);
	const char *why = why_refuse(l, verdict);

	if (why) {
		link_close(link);
		return why;
	}
	*link = NULL;
	if (p->idle_count == LIMIT_POOL_IDLE) /* the oldest makes room */
		close_idle_link(link_of_idle(list_first(&p->idle)));
	link_use(l, &idle_user, NULL);
	link_resume(l);
	link_idle(l)->since_ns = clock_mono_coarse_ns();
	list_push(&p->idle, &link_idle(l)->node);
	p->idle_count++;
	p->upstream->idle_count++;
	watch_oldest(p);
	return NULL;
}

/* --- pools --- */

struct pool *pool_find(struct upstream *up, const struct origin *origin)
{
	struct str key = origin->pool_key;
	struct pool *p;

	for (struct list_node *n = up->pools.head.next; n != &up->pools.head; n = n->next) {
		p = LIST_OBJECT(n, struct pool, node);
		if (str_eq(p->key, key))
			return p;
	}
	p = mem_get(sizeof *p + key.len + 1);
	p->upstream = up;
	memcpy(p->text, key.ptr, key.len);
	p->key = (struct str){p->text, key.len};
	list_init(&p->idle);
	list_push(&up->pools, &p->node);
	return p;
}

struct tls_client *pool_tls_client(struct pool *p, const struct origin *origin,
                                   struct buf *out_problem)
{
	const struct tls_files files = {origin->ca_file, origin->cert_file, origin->key_file};

	if (p->tls_client && p->tls_generation == p->upstream->generation)
		return p->tls_client;
	tls_client_put(&p->tls_client);
	p->tls_client =
	    tls_client_new(p->upstream->tls_contexts, &files, origin->host, out_problem);
	p->tls_generation = p->upstream->generation;
	return p->tls_client;
}

static void close_all_idle(struct pool *p)
{
	struct list_node *node;

	while ((node = list_first(&p->idle)))
		close_idle_link(link_of_idle(node));
	timer_cancel(&p->oldest);
}

static void pool_free(struct pool *p)
{
	close_all_idle(p);
	tls_client_put(&p->tls_client);
	list_remove(&p->node);
	mem_put(p);
}

/* --- upstream --- */

char *upstream_plain_bytes(struct upstream *up)
{
	if (up->plain_bytes == NULL)
		up->plain_bytes = mem_get(LOOP_READ_BYTES);
	return up->plain_bytes;
}

struct upstream *upstream_new(struct loop *loop)
{
	struct upstream *up = mem_get(sizeof *up);

	up->loop = loop;
	up->resolver = resolver_new(loop);
	up->tls_contexts = tls_contexts_new();
	list_init(&up->pools);
	list_init(&up->links);
	list_init(&up->exchanges);
	list_init(&up->dying);
	return up;
}

void upstream_free(struct upstream **upstream)
{
	struct upstream *up = *upstream;
	struct list_node *node;

	if (up == NULL)
		return;
	upstream_cut_exchanges(up);
	while ((node = list_first(&up->pools)))
		pool_free(LIST_OBJECT(node, struct pool, node));
	must(list_is_empty(&up->links) && up->open_count == 0 && up->idle_count == 0);
	resolver_free(&up->resolver);
	tls_contexts_free(&up->tls_contexts);
	mem_put(up->plain_bytes);
	mem_put(up);
	*upstream = NULL;
}

void upstream_close_idle(struct upstream *up)
{
	up->generation++;
	tls_contexts_clear(up->tls_contexts);
	for (struct list_node *n = up->pools.head.next; n != &up->pools.head; n = n->next)
		close_all_idle(LIST_OBJECT(n, struct pool, node));
}

int upstream_open_connections(const struct upstream *up)
{
	return up->open_count;
}

int upstream_idle_connections(const struct upstream *up)
{
	return up->idle_count;
}
