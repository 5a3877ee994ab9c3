/* The lease thread.
 *
 *	wait for asks, at most 250 ms ─> jobs ─store_lease_take─> answers
 *	every 250 ms: what is to be given back, what is to be looked at again
 *	every 15 s, at least: the term of the node's leases is extended
 *
 * A lease may be spent until LEASE_TERM_MS - LEASE_SKEW_MS after the moment before the store was
 * asked: by this process's monotonic clock, whatever the calendars do. Must never hold a mutex
 * of limits while it waits for the store.
 *
 * THREADS: `mutex` guards `is_asked` and `is_stopping`; the rest is the thread's own. */
#include "gate/lease.h"

#include "base/clock.h"
#include "gate/bucket.h"

enum {
	TICK_MS = 250,
	RETRY_MS = 500,
	EXTEND_MS = LEASE_TERM_MS / 4,
	STOP_PATIENCE_MS = 500,
	BATCH = 64
};

#define MS_NS INT64_C(1000000)

struct lease {
	struct lease_options options;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool is_asked, is_stopping;

	bool is_failing;
	int64_t tick_ns, extended_ns, retry_ns;
	int64_t ticket;  /* of the last question */
	int64_t doubted; /* of the first since when none was answered; 0: the last one was */
	struct lend_job jobs[BATCH];
	struct lend_return returns[BATCH];
};

static void on_asking(void *arg)
{
	struct lease *l = arg;

	pthread_mutex_lock(&l->mutex);
	l->is_asked = true;
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->mutex);
}

static void note(struct lease *l, bool is_failing, struct str sentence)
{
	if (l->is_failing != is_failing && l->options.on_trouble)
		l->options.on_trouble(l->options.trouble_arg, sentence);
	l->is_failing = is_failing;
	if (is_failing)
		l->retry_ns = clock_mono_ns() + RETRY_MS * MS_NS;
}

/* With no jobs it only extends. */
static void ask_store(struct lease *l, int count, struct fail *f)
{
	struct store_lease_ask asks[BATCH];
	struct store_lease_grant grants[BATCH];
	struct store_lease_turn turn = {asks, count, ++l->ticket, l->doubted};
	int64_t now_ns = clock_mono_ns();
	bool is_failing;

	for (int i = 0; i < count; i++)
		asks[i] = l->jobs[i].ask;
	is_failing = store_lease_take(l->options.store, l->options.node, &turn, grants, f) < 0;
	if (!is_failing)
		l->doubted = 0;
	else if (l->doubted == 0)
		l->doubted = turn.ticket;
	for (int i = 0; i < count && !is_failing; i++)
		l->jobs[i].grant = grants[i];
	note(l, is_failing, is_failing ? f->message : STR("leases: the store answers again"));
	if (is_failing) {
		lend_failed(l->options.limits, l->jobs, count);
		return;
	}
	l->extended_ns = now_ns;
	lend_apply(l->options.limits, l->jobs, count,
	           now_ns + (LEASE_TERM_MS - LEASE_SKEW_MS) * MS_NS);
}

static void ask_all(struct lease *l, struct fail *f)
{
	int count;

	do {
		count = lend_take_jobs(l->options.limits, l->jobs, BATCH);
		if (count > 0)
			ask_store(l, count, f);
	} while (count == BATCH && !l->is_failing);
}

/* Behind the first that fails none is tried: each would wait as long for the store, and requests
 * for this thread. */
static int give_back(struct lease *l, bool is_end, struct fail *f)
{
	int max = l->is_failing && !is_end ? 0 : BATCH, done = 0;
	int count = lend_tick(l->options.limits, l->returns, max, is_end);

	for (int i = 0; i < count; i++) {
		const struct lend_return *r = &l->returns[i];

		if (done < i) {
			lend_returned(l->options.limits, r, false);
		} else if (store_lease_return(l->options.store, l->options.node, r->id,
		                              r->amount_nusd, f) == 0) {
			lend_returned(l->options.limits, r, true);
			done++;
		} else {
			note(l, true, f->message);
			lend_doubted(l->options.limits, r);
			lend_failed(l->options.limits, NULL, 0);
		}
	}
	return done;
}

static void work(struct lease *l)
{
	int64_t now_ns = clock_mono_ns();
	struct arena arena;
	struct fail f;

	if (l->is_failing && now_ns < l->retry_ns)
		return;
	arena_init(&arena);
	fail_init(&f, &arena);
	ask_all(l, &f);
	if (now_ns >= l->tick_ns) {
		l->tick_ns = now_ns + TICK_MS * MS_NS;
		give_back(l, false, &f);
	}
	if (now_ns - l->extended_ns >= EXTEND_MS * MS_NS)
		ask_store(l, 0, &f);
	arena_release(&arena);
}

/* While the store fails, asks alone do not wake it: they would be refused as those before. */
static bool wait_for_work(struct lease *l)
{
	int64_t due_ns = clock_mono_ns() + TICK_MS * MS_NS;
	struct timespec until = {due_ns / 1000000000, due_ns % 1000000000};
	int result = 0;
	bool goes_on;

	pthread_mutex_lock(&l->mutex);
	while (!l->is_stopping && result == 0 && (!l->is_asked || l->is_failing))
		result = pthread_cond_timedwait(&l->wake, &l->mutex, &until);
	l->is_asked = false;
	goes_on = !l->is_stopping;
	pthread_mutex_unlock(&l->mutex);
	return goes_on;
}

static void *run(void *arg)
{
	struct lease *l = arg;

	while (wait_for_work(l))
		work(l);
	return NULL;
}

static struct lease *lease_new(const struct lease_options *options)
{
	struct lease *l = mem_get(sizeof *l);
	pthread_condattr_t monotonic;

	l->options = *options;
	must(pthread_mutex_init(&l->mutex, NULL) == 0);
	must(pthread_condattr_init(&monotonic) == 0);
	must(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
	must(pthread_cond_init(&l->wake, &monotonic) == 0);
	pthread_condattr_destroy(&monotonic);
	return l;
}

struct lease *lease_start(const struct lease_options *options, struct fail *f)
{
	struct limits *limits = options->limits;
	struct lease *l;

	if (store_lease_release(options->store, options->node, f) < 0)
		return NULL;
	store_relax(options->store);
	l = lease_new(options);
	pthread_mutex_lock(&limits->mutex);
	limits->on_asking = on_asking;
	limits->on_asking_arg = l;
	pthread_mutex_unlock(&limits->mutex);
	ask_store(l, 0, f);
	must(pthread_create(&l->thread, NULL, run, l) == 0);
	return l;
}

static void stop_thread(struct lease *l)
{
	pthread_mutex_lock(&l->mutex);
	l->is_stopping = true;
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->mutex);
	must(pthread_join(l->thread, NULL) == 0);
}

/* Nothing is under way any more, so all that is left is free. A store that failed is asked once
 * more: what it granted unheard is given back with that. */
static bool give_all_back(struct lease *l)
{
	struct arena arena;
	struct fail f;
	int count;

	while ((count = lend_take_jobs(l->options.limits, l->jobs, BATCH)) > 0)
		lend_failed(l->options.limits, l->jobs, count);
	store_set_patience(l->options.store, STOP_PATIENCE_MS);
	arena_init(&arena);
	fail_init(&f, &arena);
	if (l->is_failing)
		ask_store(l, 0, &f);
	while (give_back(l, true, &f) > 0)
		continue;
	arena_release(&arena);
	return !l->is_failing;
}

bool lease_stop(struct lease **lease)
{
	struct lease *l = *lease;
	struct limits *limits;
	bool is_all_back;

	if (!l)
		return true;
	limits = l->options.limits;
	stop_thread(l);
	is_all_back = give_all_back(l);
	pthread_mutex_lock(&limits->mutex);
	limits->on_asking = NULL;
	pthread_mutex_unlock(&limits->mutex);
	pthread_cond_destroy(&l->wake);
	pthread_mutex_destroy(&l->mutex);
	mem_put(l);
	*lease = NULL;
	return is_all_back;
}
