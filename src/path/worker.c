/* Making and ending a worker, and waking the requests that wait for news of keys.
 *
 * THREADS: worker_init and worker_release on the main thread, before the loop runs and after it
 * has ended; on_wake on the loop's own. */
#include "path/worker.h"

#include "base/log.h"
#include "gate/bad_keys.h"
#include "metric.h"
#include "path/reply.h"
#include "path/request.h"

enum { WATCH_MS = 50 };

/* The first worker's loop has the clock of the stop, and the operators' listener: it ends last. */
static bool may_end(const struct worker *w)
{
	return front_connections(w->front) == 0 &&
	       (!w->is_first || atomic_load(&w->shared->busy) == 1);
}

static void on_watch(struct timer *t)
{
	struct worker *w = LIST_OBJECT(t, struct worker, watch);

	if (may_end(w)) {
		atomic_fetch_sub(&w->shared->busy, 1);
		loop_stop(&w->loop);
	} else {
		timer_set(&w->watch, &w->loop, WATCH_MS, on_watch);
	}
}

/* Requests whose clients have left already: cutting connections does not reach them. */
static void cut_draining(struct worker *w)
{
	struct list_node *node = list_first(&w->requests);

	while (node && node != &w->requests.head) {
		struct request *r = LIST_OBJECT(node, struct request, node);

		node = node->next;
		if (r->is_draining)
			request_resume(r);
	}
}

/* Each state is obeyed once, with all that come before it. */
static void obey(struct worker *w)
{
	enum shared_state state = atomic_load(&w->shared->state);

	if (w->state < SHARED_DELAYED && state >= SHARED_DELAYED)
		front_leave(w->front);
	if (w->state < SHARED_LEAVING && state >= SHARED_LEAVING) {
		front_stop_listening(w->front);
		timer_set(&w->watch, &w->loop, WATCH_MS, on_watch);
	}
	if (w->state < SHARED_DRAINING && state >= SHARED_DRAINING)
		front_drain(w->front);
	if (w->state < SHARED_CUT && state == SHARED_CUT) {
		w->state = state;
		front_cut_all(w->front);
		cut_draining(w);
	}
	w->state = state;
}

static void hear_of_keys(struct worker *w)
{
	struct list_node *node;

	while ((node = list_first(&w->asking))) {
		struct request *r = LIST_OBJECT(node, struct request, asking_node);

		if (!carrier_has_answered(w->shared->carrier, r->keys_ticket))
			return;
		list_remove(node);
		request_resume(r);
	}
}

static void hear_of_money(struct worker *w)
{
	struct limit_wait *wait;

	while ((wait = limit_inbox_pop(&w->inbox)))
		request_resume(LIST_OBJECT(wait, struct request, pay.wait));
}

static const struct config_listen *find_address(const struct config *c, struct str address)
{
	for (int i = 0; i < c->listen_count; i++)
		if (str_eq(c->listen[i].address, address))
			return &c->listen[i];
	return NULL;
}

static struct front_manner manner_of(const struct config_listen *l)
{
	return (struct front_manner){.tls = l->tls,
	                             .has_proxy_header = l->has_proxy_header,
	                             .speaks_http2 = l->speaks_http2};
}

/* What a reload says of addresses that are listened on, and of proxies; other addresses wait for
 * the next start. */
static void hear_of_manners(struct worker *w)
{
	struct config *now = config_current();
	struct front_trust trust = {now->trusted, now->trusted_count, now->trusts_unix};

	if (now != w->shown)
		front_set_trust(w->front, &trust);
	for (int i = 0; now != w->shown && i < w->bound_count; i++) {
		const struct config_listen *l = find_address(now, w->bound[i]);
		struct front_manner manner;

		if (l == NULL)
			continue;
		manner = manner_of(l);
		front_set_manner(w->front, i, &manner);
	}
	config_put(&w->shown);
	w->shown = now;
}

void worker_follow(struct worker *w, struct config *bound)
{
	for (int i = 0; bound && i < bound->listen_count; i++)
		w->bound[w->bound_count++] = arena_copy(&w->bound_texts, bound->listen[i].address);
	hear_of_manners(w);
}

/* Who still has to wait comes back into the list. */
static void hear_of_credentials(struct worker *w)
{
	struct list waited;
	struct list_node *node;

	list_init(&waited);
	while ((node = list_pop(&w->proving)))
		list_push(&waited, node);
	while ((node = list_pop(&waited)))
		request_resume(LIST_OBJECT(node, struct request, proving_node));
}

static void on_wake(struct loop *loop)
{
	struct worker *w = LIST_OBJECT(loop, struct worker, loop);

	hear_of_keys(w);
	hear_of_money(w);
	hear_of_credentials(w);
	obey(w);
	if (w->state < SHARED_DRAINING)
		hear_of_manners(w);
}

static void on_log_rest(struct timer *t)
{
	(void)t;
	log_flush();
}

static void write_log(struct worker *w)
{
	if (log_flush_paced() && !timer_is_set(&w->log_rest))
		timer_set(&w->log_rest, &w->loop, LOG_PAUSE_MS, on_log_rest);
}

/* The end of a turn: gauges, the log's lines, the journal's records. */
static int commit(void *worker)
{
	struct worker *w = worker;
	int idle = upstream_idle_connections(w->upstream);

	metric_set(METRIC_CLIENT_CONNECTIONS, front_connections(w->front));
	metric_set(METRIC_PROVIDER_BUSY, upstream_open_connections(w->upstream) - idle);
	metric_set(METRIC_PROVIDER_IDLE, idle);
	write_log(w);
	return journal_commit(w->journal);
}

/* Beside the data, unless the configuration names a place; what this worker may keep is its share.
 */
static struct writer *open_decisions(struct worker *w, struct str data_dir)
{
	struct config *config = config_current();
	int workers = w->shared->worker_count ? w->shared->worker_count : 1;
	struct writer_options options = {.dir = config->decisions_dir,
	                                 .loop = w->loop.index,
	                                 .max_bytes = config->decisions_max_bytes / workers};
	struct writer *writer = NULL;

	if (options.dir.len == 0)
		options.dir = arena_printf(&w->loop.scratch, "%.*s/decisions", STR_ARG(data_dir));
	if (config->keeps_decisions)
		writer = writer_open(&w->loop, &options);
	config_put(&config);
	return writer;
}

static void on_turn(void *worker, int64_t took_ns, size_t bytes)
{
	struct worker *w = worker;

	metric_observe(METRIC_TURN_SECONDS, took_ns);
	metric_raise(METRIC_TURN_LONGEST, took_ns / 1000);
	metric_raise(METRIC_TURN_BYTES, (int64_t)bytes);
	turnstile_note_turn(&w->turnstile, took_ns);
}

static void on_pool(uv_work_t *work)
{
	(void)work;
}

/* libuv makes its threads with the first work, which takes milliseconds that no request should wait
 * for. */
static void start_pool(struct worker *w)
{
	must(uv_queue_work(&w->loop.uv, &w->first_work, on_pool, NULL) == 0);
}

static void set_sync(struct worker *w)
{
	struct config *config = config_current();

	if (config->journal_sync == CONFIG_SYNC_EACH)
		journal_sync_each(w->journal);
	config_put(&config);
}

/* Also where none are taken: what was taken must expire. */
static struct sampler *open_samples(struct worker *w, struct str data_dir)
{
	struct config *config = config_current();
	struct str dir = arena_printf(&w->loop.scratch, "%.*s/samples", STR_ARG(data_dir));
	struct sampler *sampler = sampler_open(&w->loop, dir, config->samples_keep_ms);

	config_put(&config);
	return sampler;
}

int worker_init(struct worker *w, struct shared *shared, struct str data_dir, int index,
                struct fail *f)
{
	struct front_server server = {
	    .on_request = request_start, .on_bad_head = reply_bad_head, .server = w};

	*w = (struct worker){.shared = shared, .is_first = index == 0};
	loop_init(&w->loop, index);
	list_init(&w->requests);
	list_init(&w->asking);
	list_init(&w->proving);
	limit_inbox_init(&w->inbox, &w->loop);
	json_init(&w->scratch);
	w->scratch.allows_duplicates = true;
	w->loop.on_wake = on_wake;
	w->bad_keys = bad_keys_new();
	turnstile_init(&w->turnstile);
	w->front = front_new(&w->loop, &server);
	w->upstream = upstream_new(&w->loop);
	w->journal = journal_open(&w->loop, shared->journal_dir, index, f);
	if (w->journal == NULL)
		return -1;
	set_sync(w);
	w->decisions = open_decisions(w, data_dir);
	w->samples = open_samples(w, data_dir);
	loop_set_commit(&w->loop, commit, w);
	loop_watch_turns(&w->loop, on_turn, w);
	start_pool(w);
	return 0;
}

void worker_run(struct worker *w)
{
	loop_run(&w->loop);
	timer_cancel(&w->log_rest);
	log_flush();
}

void worker_release(struct worker *w)
{
	front_close(&w->front);
	upstream_free(&w->upstream);
	if (w->journal)
		journal_close(&w->journal);
	writer_close(&w->decisions);
	sampler_close(&w->samples);
	limit_inbox_release(&w->inbox);
	bad_keys_free(&w->bad_keys);
	json_release(&w->scratch);
	arena_release(&w->bound_texts);
	config_put(&w->shown);
	loop_release(&w->loop);
}
