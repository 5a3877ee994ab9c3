/* Starting, steering and stopping.
 *
 * 	state     SERVING -> DELAYED (still listening) -> DRAINING (no longer) -> CUT -> gone
 * 	                  \-> LEAVING (a successor listens) ---/
 *
 * The main thread owns the signals and the clock of the stop; workers learn of a new state by
 * loop_wake and obey it on their own loops. A worker's loop ends when it drains and has no
 * connection left.
 *
 * THREADS: `state` is atomic; everything else here is the main thread's, but obey(), which runs
 * on each worker's loop. */
#include "daemon/daemon.h"

#include "admin/admin.h"
#include "admin/office.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/timer.h"
#include "front/inherit.h"
#include "gate/lease.h"
#include "daemon/handover.h"
#include "ledger/segment.h"
#include "metric.h"
#include "provider/keeper.h"
#include "daemon/snapshot.h"
#include "token/shelf.h"
#include "path/worker.h"

enum { WORKERS_MAX = 64 };

struct daemon {
	const struct daemon_options *options;
	struct shared shared;
	struct worker workers[WORKERS_MAX];
	int worker_count;
	struct admin *admin;
	struct office *office;
	struct keeper *keeper;
	struct lease *lease;
	struct store *lease_store; /* a connection of its own */
	uv_signal_t term, interrupt, hang_up, upgrade;
	struct handover handover;
	struct timer stop_clock;
	struct arena arena;
};

/* ---- keys ---- */

/* Whoever finds a key finds what it may spend. */
static void on_key(void *arg, const struct store_key *key)
{
	struct shared *shared = arg;

	account_table_put_key(shared->accounts, key);
	key_table_put(shared->keys, key);
}

static void on_owner(void *arg, const struct store_owner *owner)
{
	struct shared *shared = arg;

	account_table_put(shared->accounts, owner);
}

static void on_trouble(void *arg, struct str sentence)
{
	(void)arg;
	log_say(LOG_WARN, "%.*s", STR_ARG(sentence));
}

static int start_carrier(struct daemon *d, const struct config *config, struct fail *f)
{
	struct carrier_options options = {.store = d->options->store,
	                                  .tariff = d->shared.tariff,
	                                  .data_dir = d->options->seat->dir,
	                                  .seats_of = d->options->data_dir,
	                                  .sync_ms = config->journal_sync_ms,
	                                  .leaves_sync = config->journal_sync == CONFIG_SYNC_OFF,
	                                  .on_key = on_key,
	                                  .key_arg = &d->shared,
	                                  .on_owner = on_owner,
	                                  .owner_arg = &d->shared,
	                                  .on_trouble = on_trouble};
	struct carry_recovery found = {0};

	d->shared.carrier = carrier_start(&options, &found, f);
	if (d->shared.carrier == NULL)
		return -1;
	if (found.lost || found.damaged)
		log_say(LOG_WARN,
		        "the last run did not end well: %lld attempts were under way and got an "
		        "estimated entry; %lld records of the journal are damaged",
		        (long long)found.lost, (long long)found.damaged);
	return 0;
}

/* Behind the carrier, which has recovered what this node's journal had. */
static int start_lease(struct daemon *d, struct fail *f)
{
	struct lease_options options = {.limits = d->shared.limits, .on_trouble = on_trouble};

	if (segment_dir_read(d->options->seat->dir, options.node, f) < 0 ||
	    store_open(d->options->store_where, STORE_EXISTING, &d->lease_store, f) < 0)
		return -1;
	options.store = d->lease_store;
	d->lease = lease_start(&options, f);
	return d->lease ? 0 : -1;
}

/* On the keeper's thread: requests may wait for the credential that came. */
static void on_credential(void *daemon)
{
	struct daemon *d = daemon;

	for (int i = 0; i < d->worker_count; i++)
		loop_wake(&d->workers[i].loop);
}

/* ---- the stop ---- */

static void tell_workers(struct daemon *d, enum shared_state state)
{
	atomic_store(&d->shared.state, state);
	for (int i = 0; i < d->worker_count; i++)
		loop_wake(&d->workers[i].loop);
}

static void on_cut_due(struct timer *t)
{
	struct daemon *d = LIST_OBJECT(t, struct daemon, stop_clock);

	log_say(LOG_WARN, "the drain limit is over; cutting what is still under way");
	tell_workers(d, SHARED_CUT);
}

static void on_delay_due(struct timer *t)
{
	struct daemon *d = LIST_OBJECT(t, struct daemon, stop_clock);
	struct config *config = config_current();

	log_say(LOG_INFO, "no longer listening; finishing what is under way");
	tell_workers(d, SHARED_DRAINING);
	timer_set(&d->stop_clock, &d->workers[0].loop, config->drain_limit_ms, on_cut_due);
	config_put(&config);
}

static void on_stop(uv_signal_t *handle, int signal)
{
	struct daemon *d = handle->data;
	struct config *config = config_current();

	(void)signal;
	handover_cancel(&d->handover);
	if (atomic_load(&d->shared.state) == SHARED_SERVING) {
		log_say(LOG_INFO, "stopping: not ready any more, still serving for %lld ms",
		        (long long)config->drain_delay_ms);
		notify_say("STOPPING=1");
		atomic_store(&d->shared.is_ready, false);
		tell_workers(d, SHARED_DELAYED);
		timer_set(&d->stop_clock, &d->workers[0].loop, config->drain_delay_ms,
		          on_delay_due);
	} else if (atomic_load(&d->shared.state) == SHARED_LEAVING) {
		on_delay_due(&d->stop_clock);
	} else {
		log_say(LOG_WARN, "told to stop again; cutting what is under way");
		timer_cancel(&d->stop_clock);
		tell_workers(d, SHARED_CUT);
	}
	config_put(&config);
}

/* ---- the successor ---- */

/* Its sockets are ours: nobody is refused meanwhile, and what waits in their queues is theirs. */
static void on_successor_ready(struct handover *h, int pid)
{
	struct daemon *d = LIST_OBJECT(h, struct daemon, handover);
	struct config *config = config_current();

	log_say(LOG_INFO, "process %d has taken over; finishing what is under way", pid);
	notify_say("MAINPID=%d\nREADY=1", pid);
	inherit_handed_over();
	close(d->options->lock); /* it has it, too: from now on alone */
	if (d->admin)
		admin_leave(d->admin);
	office_leave(d->office);
	limits_retire(d->shared.limits);
	tell_workers(d, SHARED_LEAVING);
	timer_set(&d->stop_clock, &d->workers[0].loop, config->upgrade_limit_ms, on_cut_due);
	config_put(&config);
}

static void on_successor_failed(struct handover *h, struct str why)
{
	(void)h;
	metric_add(METRIC_UPGRADES_FAILED, 1);
	log_say(LOG_ERROR, "upgrade failed, this process goes on: %.*s", STR_ARG(why));
}

static void on_upgrade(uv_signal_t *handle, int signal)
{
	struct daemon *d = handle->data;
	struct arena arena;
	struct fail f;

	(void)signal;
	if (atomic_load(&d->shared.state) != SHARED_SERVING) {
		log_say(LOG_WARN, "upgrade: this process is ending already");
		return;
	}
	arena_init(&arena);
	fail_init(&f, &arena);
	if (handover_begin(&d->handover, &f) < 0)
		on_successor_failed(&d->handover, f.message);
	else
		log_say(LOG_INFO, "upgrade: process %d is starting to take over",
		        uv_process_get_pid(&d->handover.process));
	arena_release(&arena);
}

/* ---- reload ---- */

/* Nobody is to think that a move of the books came into force. */
static void warn_of_data(const struct config *next)
{
	struct config *config = config_current();

	if (!str_eq(config->data, next->data))
		log_say(LOG_WARN,
		        "reload: `data` is %.*s now, but is read at start only; stop and start for "
		        "that",
		        STR_ARG(next->data));
	config_put(&config);
}

static void on_hang_up(uv_signal_t *handle, int signal)
{
	struct daemon *d = handle->data;
	struct config *config = NULL;
	struct arena arena;
	struct fail f;

	(void)signal;
	arena_init(&arena);
	fail_init(&f, &arena);
	if (atomic_load(&d->shared.state) == SHARED_SERVING)
		notify_say("RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_mono_ns() / 1000);
	if (str_is_empty(d->options->config_file)) {
		log_say(LOG_WARN,
		        "reload: there is no configuration file to read (started without -c)");
	} else if (snapshot_read(d->options->config_file, &config, &f) < 0) {
		metric_add(METRIC_RELOADS_REFUSED, 1);
		log_say(LOG_ERROR, "reload refused, the old configuration stays: %.*s",
		        STR_ARG(f.message));
	} else {
		metric_add(METRIC_RELOADS_OK, 1);
		log_say(LOG_INFO, "reloaded %.*s, configuration %s",
		        STR_ARG(d->options->config_file), config->hash);
		warn_of_data(config);
		front_set_body_memory(config->body_memory_max);
		config_set(config);
		limits_wake_all(d->shared.limits); /* the house's ceiling may be another */
		for (int i = 0; i < d->worker_count; i++)
			loop_wake(&d->workers[i].loop); /* certificates may be others */
	}
	if (atomic_load(&d->shared.state) == SHARED_SERVING)
		notify_say("READY=1");
	arena_release(&arena);
}

static void watch_signal(struct daemon *d, uv_signal_t *handle, int number,
                         void (*on_signal)(uv_signal_t *, int))
{
	must(uv_signal_init(&d->workers[0].loop.uv, handle) == 0);
	handle->data = d;
	must(uv_signal_start(handle, on_signal, number) == 0);
	uv_unref((uv_handle_t *)handle);
}

static void watch_signals(struct daemon *d)
{
	watch_signal(d, &d->term, SIGTERM, on_stop);
	watch_signal(d, &d->interrupt, SIGINT, on_stop);
	watch_signal(d, &d->hang_up, SIGHUP, on_hang_up);
	watch_signal(d, &d->upgrade, SIGUSR2, on_upgrade);
}

/* What is left is to carry the journal, which ends by itself: being told again to stop shall not
 * cut that off. */
static void unwatch_signals(struct daemon *d)
{
	uv_signal_t *const watched[] = {&d->term, &d->interrupt, &d->hang_up, &d->upgrade};

	timer_cancel(&d->stop_clock);
	for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++) {
		int number = watched[i]->signum;

		uv_close((uv_handle_t *)watched[i], NULL);
		signal(number, SIG_IGN);
	}
	handover_release(&d->handover);
}

/* ---- start ---- */

static int count_workers(const struct daemon_options *o, const struct config *config)
{
	int threads = o->threads ? o->threads : config->threads;

	if (threads == 0)
		threads = (int)uv_available_parallelism();
	return threads < WORKERS_MAX ? threads : WORKERS_MAX;
}

/* The first worker binds what was asked for; the others what it got, for port 0. */
static struct str address_of(struct daemon *d, const struct worker *w, const struct config *config,
                             int index)
{
	if (w != &d->workers[0])
		return front_address(d->workers[0].front, index, &d->arena);
	return d->options->listen.len ? d->options->listen : config->listen[index].address;
}

static int listen_all(struct daemon *d, struct worker *w, struct config *config, struct fail *f)
{
	int count = d->options->listen.len ? 1 : config->listen_count;

	front_set_connections(w->front, config->connections_max);
	for (int i = 0; i < count; i++)
		if (front_listen(w->front, address_of(d, w, config, i), f) < 0)
			return -1;
	worker_follow(w, d->options->listen.len ? NULL : config);
	return 0;
}

static int start_workers(struct daemon *d, struct config *config, struct fail *f)
{
	int count = count_workers(d->options, config);

	d->shared.worker_count = count;
	atomic_store(&d->shared.busy, count);
	for (int i = 0; i < count; i++) {
		struct worker *w = &d->workers[d->worker_count++];

		if (worker_init(w, &d->shared, d->options->data_dir, i, f) < 0 ||
		    listen_all(d, w, config, f) < 0)
			return -1;
		carrier_follow(d->shared.carrier, w->journal);
	}
	d->keeper = keeper_start(on_credential, d);
	return 0;
}

/* The process before may have had more loops than this one; their sockets are dealt out. */
static void take_rest(struct daemon *d)
{
	int idle = 0;

	for (int i = 0; idle < d->worker_count; i++)
		idle = front_listen_rest(d->workers[i % d->worker_count].front) ? 0 : idle + 1;
	inherit_drop_rest();
}

static void tell_addresses(struct daemon *d, const struct config *config)
{
	int count = d->options->listen.len ? 1 : config->listen_count;
	struct str *addresses = ARENA_ARRAY(&d->arena, struct str, (size_t)count);

	for (int i = 0; i < count; i++)
		addresses[i] = front_address(d->workers[0].front, i, &d->arena);
	d->options->on_listening(d->options->listening_arg, addresses, count);
}

static void run_thread(void *worker)
{
	struct worker *w = worker;

	metric_thread_start();
	worker_run(w);
}

static void run_workers(struct daemon *d)
{
	for (int i = 1; i < d->worker_count; i++)
		must(uv_thread_create(&d->workers[i].thread, run_thread, &d->workers[i]) == 0);
	worker_run(&d->workers[0]);
	for (int i = 1; i < d->worker_count; i++)
		must(uv_thread_join(&d->workers[i].thread) == 0);
}

static void stop_all(struct daemon *d)
{
	bool has_carried, has_returned;

	keeper_stop(&d->keeper);
	office_close(&d->office);
	if (d->admin)
		admin_stop(&d->admin);
	if (d->shared.carrier)
		carrier_forget_loops(d->shared.carrier);
	for (int i = 0; i < d->worker_count; i++)
		worker_release(&d->workers[i]);
	has_carried = d->shared.carrier && carrier_stop(&d->shared.carrier);
	has_returned = lease_stop(&d->lease);
	seat_leave(d->options->seat, has_carried && has_returned);
	if (d->lease_store)
		store_close(&d->lease_store);
	tariff_free(&d->shared.tariff);
	account_table_free(&d->shared.accounts);
	limits_free(&d->shared.limits);
	key_table_free(&d->shared.keys);
	arena_release(&d->arena);
}

/* Where nobody asked for metrics, a taken port of theirs holds up no service. */
static int start_admin(struct daemon *d, const struct config *config, struct fail *f)
{
	struct fail own;

	fail_init(&own, f->arena);
	d->admin = admin_start(&d->workers[0].loop, config->metrics_listen, &own);
	if (d->admin || !fail_is_set(&own))
		return 0;
	if (d->options->config_file.len)
		return fail(f, FAIL_CONFIG, "metrics_listen: %.*s", STR_ARG(own.message));
	log_say(LOG_WARN, "no metrics: %.*s", STR_ARG(own.message));
	return 0;
}

static int open_office(struct daemon *d, struct fail *f)
{
	struct str address;

	d->office = office_open(&d->workers[0].loop, d->options->store_where, f);
	if (d->office == NULL)
		return fail(f, FAIL_CONFIG, "admin.listen: %.*s", STR_ARG(f->message));
	address = office_address(d->office, &d->arena);
	if (address.len)
		log_say(LOG_INFO, "the admin API is served on %.*s", STR_ARG(address));
	return 0;
}

/* The configuration is given back before the loops run: it has credentials, which a reload may
 * replace. */
static int serve(struct daemon *d, struct config **inout, struct fail *f)
{
	struct config *config = *inout;

	log_say(LOG_INFO, "vocabularies for exact counts of tokens: %d",
	        shelf_open(config->tokenizer_dir));
	if (start_carrier(d, config, f) < 0 || start_lease(d, f) < 0 ||
	    start_workers(d, config, f) < 0)
		return -1;
	if (start_admin(d, config, f) < 0 || open_office(d, f) < 0)
		return -1;
	take_rest(d);
	watch_signals(d);
	atomic_store(&d->shared.is_ready, true);
	tell_addresses(d, config);
	config_put(inout);
	if (heir_has_predecessor(d->options->heir))
		metric_add(METRIC_UPGRADES_OK, 1);
	heir_say_ready(d->options->heir);
	notify_say("READY=1");
	run_workers(d);
	unwatch_signals(d);
	return 0;
}

int daemon_run(const struct daemon_options *options, struct fail *f)
{
	struct daemon *d = mem_get(sizeof *d);
	struct config *config = config_current();
	int result;

	struct handover_options handing = {.loop = &d->workers[0].loop,
	                                   .words = options->words,
	                                   .lock = options->lock,
	                                   .on_ready = on_successor_ready,
	                                   .on_failed = on_successor_failed};

	d->options = options;
	d->shared.journal_dir = options->seat->dir;
	handover_init(&d->handover, &handing);
	d->shared.keys = key_table_new();
	d->shared.limits = limits_new();
	d->shared.tariff = tariff_new();
	d->shared.accounts = account_table_new(d->shared.limits);
	arena_init(&d->arena);
	metric_thread_start();
	log_set((enum log_format)config->log_format, LOG_INFO);
	front_set_body_memory(config->body_memory_max);
	result = serve(d, &config, f);
	stop_all(d);
	config_put(&config);
	mem_put(d);
	return result;
}
