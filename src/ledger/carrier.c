/* Syncer and carrier.
 *
 *	loop ─on_written─> syncer ─fdatasync─> synced ─> carrier ─> store
 *	              every 50 ms at most     │          └─ keys: every 250 ms, or when asked
 *	                     at once after a pause, else every 250 ms
 *
 * Two threads, since the store may make its caller wait and a sync may not be late for that. What
 * is carried was synced before, so the store never knows more than the journal would after power
 * loss.
 *
 * Invariants: synced <= written, next <= synced, for each journal. A store that fails changes
 * nothing but the time.
 *
 * THREADS: `mutex` guards what is marked so; between loops, syncer and carrier go atomics. A loop
 * takes the mutex only to wake a sleeping syncer or to ask for keys. */
#include "ledger/carrier.h"

#include "base/clock.h"
#include "ledger/seat.h"
#include "store/lease.h"

#include <pthread.h>

enum {
	SYNC_MS = 50,
	CARRY_MS = 250,
	KEYS_MS = 250,
	SEATS_MS = 5000,
	PATIENCE_MS = 20,
	STOP_MS = 3000,
	WAITERS = SEGMENT_LOOPS_MAX
};

struct follow {
	struct journal_tail *tail;
	struct carry carry; /* the carrier's own */
	_Atomic uint64_t synced, carried, oldest;
};

struct trouble { /* one per thing that can fail, so that each is said once */
	bool failing;
};

struct carrier {
	struct carrier_options options;
	struct arena arena;
	uint8_t node[RECORD_NODE_BYTES];
	pthread_t syncer, carrier;

	struct follow *follows[SEGMENT_LOOPS_MAX];
	atomic_int follow_count;
	atomic_bool dirty; /* something was written since the syncer looked */
	atomic_bool stopping;
	atomic_bool syncer_ended;
	_Atomic uint64_t keys_asked, keys_answered;

	pthread_mutex_t mutex;
	pthread_cond_t wake_syncer, wake_carrier;
	bool carry_due;                /* mutex */
	struct loop *waiters[WAITERS]; /* mutex: loops that asked for keys */
	int waiter_count;              /* mutex */

	struct trouble sync_trouble, store_trouble, keys_trouble, seats_trouble;
	int64_t seats_due_ns, keys_due_ns; /* the carrier's own, as the following */
	int64_t carry_from_ns;
	bool has_carried_all; /* at the end */
	int64_t key_revision, owner_revision;
};

static void note(struct carrier *c, struct trouble *t, bool failing, struct str sentence)
{
	if (t->failing != failing && c->options.on_trouble)
		c->options.on_trouble(c->options.trouble_arg, sentence);
	t->failing = failing;
}

static struct timespec at_ns(int64_t mono_ns)
{
	return (struct timespec){mono_ns / 1000000000, mono_ns % 1000000000};
}

static struct timespec in_ms(int64_t wait_ms)
{
	return at_ns(clock_mono_ns() + wait_ms * 1000000);
}

/* The syncer */

static int sync_follow(struct carrier *c, struct follow *w, struct fail *f)
{
	uint64_t written = atomic_load_explicit(&w->tail->written, memory_order_acquire);
	uint64_t synced = atomic_load_explicit(&w->synced, memory_order_relaxed);
	uint64_t last = record_segment_of(written - 1);

	if (synced == written)
		return 0;
	for (uint64_t n = record_segment_of(synced); n <= last && !c->options.leaves_sync; n++) {
		bool is_new = synced <= record_sequence(n, 0);

		if (segment_sync(c->options.data_dir, (struct segment_id){w->tail->loop, n}, is_new,
		                 f) < 0)
			return -1;
	}
	atomic_store_explicit(&w->synced, written, memory_order_release);
	return 0;
}

static void sync_all(struct carrier *c)
{
	int count = atomic_load(&c->follow_count);
	bool failing = false;
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	for (int i = 0; i < count; i++) {
		bool fails = sync_follow(c, c->follows[i], &f) < 0;

		atomic_store(&c->follows[i]->tail->sync_fails, fails);
		failing = failing || fails;
	}
	note(c, &c->sync_trouble, failing, failing ? f.message : STR("journal: syncing again"));
	if (failing)
		atomic_store(&c->dirty, true);
	arena_release(&arena);
}

static void wait_for_dirt(struct carrier *c)
{
	pthread_mutex_lock(&c->mutex);
	while (!atomic_load(&c->dirty) && !atomic_load(&c->stopping))
		pthread_cond_wait(&c->wake_syncer, &c->mutex);
	pthread_mutex_unlock(&c->mutex);
}

static void pause_between_syncs(struct carrier *c)
{
	struct timespec until = in_ms(c->options.sync_ms);
	int result = 0;

	pthread_mutex_lock(&c->mutex);
	while (!atomic_load(&c->stopping) && result == 0)
		result = pthread_cond_timedwait(&c->wake_syncer, &c->mutex, &until);
	pthread_mutex_unlock(&c->mutex);
}

static void wake_carrier(struct carrier *c)
{
	pthread_mutex_lock(&c->mutex);
	c->carry_due = true;
	pthread_cond_signal(&c->wake_carrier);
	pthread_mutex_unlock(&c->mutex);
}

static void *run_syncer(void *arg)
{
	struct carrier *c = arg;
	bool stopping;

	do {
		wait_for_dirt(c);
		stopping = atomic_load(&c->stopping);
		atomic_store(&c->dirty, false);
		sync_all(c);
		wake_carrier(c);
		if (!stopping)
			pause_between_syncs(c);
	} while (!stopping);
	atomic_store(&c->syncer_ended, true);
	wake_carrier(c);
	return NULL;
}

/* On a loop, after each write: one atomic, and a lock only when the syncer may sleep. */
static void on_written(void *arg)
{
	struct carrier *c = arg;

	if (atomic_exchange(&c->dirty, true))
		return;
	pthread_mutex_lock(&c->mutex);
	pthread_cond_signal(&c->wake_syncer);
	pthread_mutex_unlock(&c->mutex);
}

/* The carrier */

static bool tell_key(void *arg, const struct store_key *k)
{
	struct carrier *c = arg;

	c->options.on_key(c->options.key_arg, k);
	c->key_revision = k->revision;
	return true;
}

static bool tell_owner(void *arg, const struct store_owner *o)
{
	struct carrier *c = arg;

	c->options.on_owner(c->options.owner_arg, o);
	c->owner_revision = o->revision;
	return true;
}

/* Keys first: whomever a key names is in the store before it. */
static int read_keys(struct carrier *c, struct fail *f)
{
	struct store *s = c->options.store;
	struct arena arena;
	int result = 0;

	arena_init(&arena);
	if (c->options.on_key)
		result = store_keys_after(s, c->key_revision, &arena, tell_key, c, f);
	if (c->options.on_owner && result == 0)
		result = store_owners_after(s, c->owner_revision, &arena, tell_owner, c, f);
	arena_release(&arena);
	return result;
}

static void answer_loops(struct carrier *c, uint64_t ticket)
{
	pthread_mutex_lock(&c->mutex);
	atomic_store(&c->keys_answered, ticket);
	for (int i = 0; i < c->waiter_count; i++)
		loop_wake(c->waiters[i]);
	if (atomic_load(&c->keys_asked) == ticket)
		c->waiter_count = 0; /* else who asked meanwhile waits for the next answer */
	pthread_mutex_unlock(&c->mutex);
}

static void refresh_keys(struct carrier *c)
{
	uint64_t ticket = atomic_load(&c->keys_asked);
	bool asked = ticket != atomic_load(&c->keys_answered);
	struct arena arena;
	struct fail f;
	bool fails;

	if (!asked && clock_mono_ns() < c->keys_due_ns)
		return;
	arena_init(&arena);
	fail_init(&f, &arena);
	fails = read_keys(c, &f) < 0;
	note(c, &c->keys_trouble, fails, fails ? f.message : STR("keys: following again"));
	c->keys_due_ns = clock_mono_ns() + KEYS_MS * 1000000LL;
	answer_loops(c, ticket);
	arena_release(&arena);
}

/* A process that shared the data directory may have died meanwhile. */
static void look_at_seats(struct carrier *c)
{
	struct carry_recovery found = {0};
	struct arena arena;
	struct fail f;

	if (str_is_empty(c->options.seats_of) || clock_mono_ns() < c->seats_due_ns)
		return;
	arena_init(&arena);
	fail_init(&f, &arena);
	c->seats_due_ns = clock_mono_ns() + SEATS_MS * 1000000LL;
	if (seat_recover(c->options.store, c->options.seats_of, false, &found, &f) < 0)
		note(c, &c->seats_trouble, true, f.message);
	else
		note(c, &c->seats_trouble, false, STR("journals of others: read again"));
	if (found.entries + found.lost > 0 && c->options.on_trouble)
		c->options.on_trouble(
		    c->options.trouble_arg,
		    arena_printf(&arena,
		                 "a process on the same data directory has died; its journal had "
		                 "%" PRId64 " entries, and %" PRId64
		                 " attempts under way got an estimated one",
		                 found.entries, found.lost));
	arena_release(&arena);
}

static int carry_follow(struct carrier *c, struct follow *w, struct fail *f)
{
	uint64_t to = atomic_load_explicit(&w->synced, memory_order_acquire);
	struct fail ignored;

	if (!carry_is_done(&w->carry, to))
		c->carry_from_ns = clock_mono_ns() + CARRY_MS * 1000000LL;
	while (!carry_is_done(&w->carry, to)) {
		if (carry_some(&w->carry, to, f) < 0)
			return -1;
		atomic_store_explicit(&w->carried, w->carry.next, memory_order_relaxed);
		refresh_keys(c);
	}
	fail_init(&ignored, f->arena);
	if (carry_delete_done(&w->carry, &ignored) == 0) /* else later */
		atomic_store_explicit(&w->oldest, w->carry.oldest, memory_order_relaxed);
	return 0;
}

static int carry_all(struct carrier *c)
{
	int count = atomic_load(&c->follow_count), result = 0;
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	if (c->options.tariff)
		result = tariff_carry(c->options.tariff, c->options.store, &f);
	for (int i = 0; i < count; i++)
		if (carry_follow(c, c->follows[i], &f) < 0)
			result = -1;
	note(c, &c->store_trouble, result < 0,
	     result < 0 ? f.message : STR("store: carrying entries again"));
	arena_release(&arena);
	return result;
}

/* A transaction writes the same pages whether it has one entry or a hundred: under load entries are
 * let gather. After a pause the first goes at once. */
static bool may_carry(const struct carrier *c)
{
	return clock_mono_ns() >= c->carry_from_ns;
}

static bool has_work(struct carrier *c)
{
	return (c->carry_due && may_carry(c)) || atomic_load(&c->syncer_ended) ||
	       atomic_load(&c->keys_asked) != atomic_load(&c->keys_answered);
}

static void wait_for_work(struct carrier *c)
{
	struct timespec until = may_carry(c) ? in_ms(KEYS_MS) : at_ns(c->carry_from_ns);
	int result = 0;

	pthread_mutex_lock(&c->mutex);
	while (!has_work(c) && result == 0)
		result = pthread_cond_timedwait(&c->wake_carrier, &c->mutex, &until);
	c->carry_due = false;
	pthread_mutex_unlock(&c->mutex);
}

static void carry_rest(struct carrier *c)
{
	int64_t end = clock_mono_ns() + STOP_MS * 1000000LL;

	store_set_patience(c->options.store, STOP_MS / 6);
	while (!(c->has_carried_all = carry_all(c) == 0) && clock_mono_ns() < end)
		usleep(SYNC_MS * 1000);
}

static void *run_carrier(void *arg)
{
	struct carrier *c = arg;

	while (!atomic_load(&c->syncer_ended)) {
		wait_for_work(c);
		refresh_keys(c);
		if (may_carry(c))
			carry_all(c);
		look_at_seats(c);
	}
	carry_rest(c);
	return NULL;
}

/* Main's side */

static struct carrier *carrier_new(const struct carrier_options *options)
{
	struct carrier *c = mem_get(sizeof *c);
	pthread_condattr_t monotonic;

	arena_init(&c->arena);
	c->options = *options;
	if (c->options.sync_ms == 0)
		c->options.sync_ms = SYNC_MS;
	c->options.data_dir = arena_copy(&c->arena, options->data_dir);
	must(pthread_mutex_init(&c->mutex, NULL) == 0);
	must(pthread_condattr_init(&monotonic) == 0);
	must(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
	must(pthread_cond_init(&c->wake_syncer, &monotonic) == 0);
	must(pthread_cond_init(&c->wake_carrier, &monotonic) == 0);
	pthread_condattr_destroy(&monotonic);
	return c;
}

static void carrier_free(struct carrier **carrier)
{
	struct carrier *c = *carrier;
	int count = atomic_load(&c->follow_count);

	for (int i = 0; i < count; i++) {
		journal_tail_put(&c->follows[i]->tail);
		carry_release(&c->follows[i]->carry);
		mem_put(c->follows[i]);
	}
	pthread_cond_destroy(&c->wake_syncer);
	pthread_cond_destroy(&c->wake_carrier);
	pthread_mutex_destroy(&c->mutex);
	arena_release(&c->arena);
	mem_put(c);
	*carrier = NULL;
}

static int recover_seats(struct carrier *c, struct carry_recovery *out, struct fail *f)
{
	c->seats_due_ns = clock_mono_ns() + SEATS_MS * 1000000LL;
	if (str_is_empty(c->options.seats_of))
		return 0;
	return seat_recover(c->options.store, c->options.seats_of, true, out, f);
}

struct carrier *carrier_start(const struct carrier_options *options, struct carry_recovery *out,
                              struct fail *f)
{
	struct carrier *c = carrier_new(options);

	c->options.seats_of = arena_copy(&c->arena, options->seats_of);
	if (carry_recover(options->store, c->options.data_dir, out, f) < 0 ||
	    recover_seats(c, out, f) < 0 || segment_dir_read(c->options.data_dir, c->node, f) < 0 ||
	    store_lease_release(options->store, c->node, f) < 0 || read_keys(c, f) < 0) {
		carrier_free(&c);
		return NULL;
	}
	store_set_patience(options->store, PATIENCE_MS);
	store_relax(options->store);
	must(pthread_create(&c->syncer, NULL, run_syncer, c) == 0);
	must(pthread_create(&c->carrier, NULL, run_carrier, c) == 0);
	return c;
}

void carrier_follow(struct carrier *c, struct journal *j)
{
	struct follow *w = mem_get(sizeof *w);
	int count = atomic_load(&c->follow_count);
	struct carry_place place = {.data_dir = c->options.data_dir};

	must(count < SEGMENT_LOOPS_MAX);
	w->tail = journal_tail_get(j);
	memcpy(place.node, c->node, sizeof place.node);
	place.loop = w->tail->loop;
	place.first_segment = record_segment_of(w->tail->first);
	carry_init(&w->carry, c->options.store, &place);
	atomic_store(&w->synced, w->tail->first);
	atomic_store(&w->carried, w->tail->first);
	atomic_store(&w->oldest, place.first_segment);
	w->tail->on_written_arg = c;
	atomic_store_explicit(&w->tail->on_written, on_written, memory_order_release);
	c->follows[count] = w;
	atomic_store(&c->follow_count, count + 1);
	on_written(c);
}

bool carrier_stop(struct carrier **carrier)
{
	struct carrier *c = *carrier;
	bool has_carried_all;

	if (!c)
		return false;
	pthread_mutex_lock(&c->mutex);
	atomic_store(&c->stopping, true);
	pthread_cond_signal(&c->wake_syncer);
	pthread_mutex_unlock(&c->mutex);
	must(pthread_join(c->syncer, NULL) == 0);
	must(pthread_join(c->carrier, NULL) == 0);
	has_carried_all = c->has_carried_all;
	carrier_free(carrier);
	return has_carried_all;
}

void carrier_forget_loops(struct carrier *c)
{
	pthread_mutex_lock(&c->mutex);
	c->waiter_count = 0;
	pthread_mutex_unlock(&c->mutex);
}

static void add_waiter(struct carrier *c, struct loop *l)
{
	for (int i = 0; i < c->waiter_count; i++)
		if (c->waiters[i] == l)
			return;
	must(c->waiter_count < WAITERS);
	c->waiters[c->waiter_count++] = l;
}

uint64_t carrier_ask_keys(struct carrier *c, struct loop *l)
{
	uint64_t ticket;

	pthread_mutex_lock(&c->mutex);
	ticket = atomic_fetch_add(&c->keys_asked, 1) + 1;
	add_waiter(c, l);
	pthread_cond_signal(&c->wake_carrier);
	pthread_mutex_unlock(&c->mutex);
	return ticket;
}

bool carrier_has_answered(struct carrier *c, uint64_t ticket)
{
	return atomic_load(&c->keys_answered) >= ticket;
}

struct carrier_backlog carrier_backlog(struct carrier *c)
{
	struct carrier_backlog sum = {0};
	int count = atomic_load(&c->follow_count);

	for (int i = 0; i < count; i++) {
		struct follow *w = c->follows[i];
		uint64_t carried = atomic_load(&w->carried);
		uint64_t written = atomic_load(&w->tail->written);
		uint64_t last = record_segment_of(written), oldest = atomic_load(&w->oldest);

		if (written > carried)
			sum.records += (int64_t)(written - carried);
		sum.journal_bytes += (int64_t)(last + 1 - oldest) * RECORD_SLOTS * RECORD_BYTES;
	}
	return sum;
}

void carrier_note_point(struct carrier *c, struct carrier_point *out)
{
	out->count = atomic_load(&c->follow_count);
	for (int i = 0; i < out->count; i++)
		out->written[i] = atomic_load(&c->follows[i]->tail->written);
}

bool carrier_is_past(struct carrier *c, const struct carrier_point *point)
{
	for (int i = 0; i < point->count; i++)
		if (atomic_load(&c->follows[i]->carried) < point->written[i])
			return false;
	return true;
}
