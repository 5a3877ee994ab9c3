/* How much of the store's money this node has, bucket by bucket: what to ask for, what an answer
 * means, what to give back. docs/ledger.md, "Leases", tells the rules to operators.
 *
 * A slice grows with what is admitted and shrinks in quiet times; it is never more than a quarter
 * of what the store has left, until that is little: then it is all, so that one node alone admits
 * to the last cent. A bucket that nobody uses gives back; so does one that has more than it uses
 * while the store has little for others.
 *
 * Invariant: granted_nusd is never more than what the store counts as this node's lease and what
 * it has carried of it: what is given back is taken off before the store is told.
 *
 * THREADS: the lease thread's, but for lend_tick's last call at the end. See bucket.h. */
#include "gate/bucket.h"

#include "base/clock.h"

#define LITTLE_NUSD (8 * BUCKET_SLICE_NUSD)
#define SECOND_NS INT64_C(1000000000)

enum { IDLE_S = 10, DRY_IDLE_S = 1, FORGET_S = 60, LOOK_S = 5, QUIET_S = 4 };

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool is_quiet(const struct bucket *b, int64_t now_ns, int seconds)
{
	return b->waiters == 0 && now_ns - b->used_ns > seconds * SECOND_NS;
}

/* ---- asking ---- */

/* Slices double while they are used up within a second. */
static void fit_size(struct bucket *b, int64_t now_ns)
{
	if (b->granted_ns && now_ns - b->granted_ns < SECOND_NS &&
	    b->size_nusd < LIMIT_NUSD_MAX / 4)
		b->size_nusd *= 2;
	if (b->is_known)
		b->size_nusd = least(b->size_nusd, most(b->left_nusd / 4, BUCKET_SLICE_NUSD));
}

static int64_t want_of(const struct bucket *b, int64_t now_ns)
{
	int64_t missing = b->waiting_nusd - bucket_free(b);

	if (b->ceiling_nusd == INT64_MAX || is_quiet(b, now_ns, QUIET_S))
		return 0;
	if (b->is_known && b->left_nusd <= LITTLE_NUSD)
		return most(most(missing, b->left_nusd), 0);
	return most(missing + b->size_nusd, 0);
}

static void make_job(struct bucket *b, struct lend_job *out, int64_t now_ns)
{
	fit_size(b, now_ns);
	*out = (struct lend_job){.bucket = b,
	                         .asked_ns = now_ns,
	                         .ask = {.bucket = b->id,
	                                 .ceiling_nusd = b->ceiling_nusd,
	                                 .want_nusd = want_of(b, now_ns),
	                                 .least_nusd = 1}};
}

int lend_take_jobs(struct limits *l, struct lend_job *out, int max)
{
	int64_t now_ns = clock_mono_ns();
	struct list_node *node;
	int count = 0;

	pthread_mutex_lock(&l->mutex);
	while (count < max && (node = list_pop(&l->asking)))
		out[count++].bucket = LIST_OBJECT(node, struct bucket, asking);
	pthread_mutex_unlock(&l->mutex);
	for (int i = 0; i < count; i++) {
		struct bucket *b = out[i].bucket;

		pthread_mutex_lock(&b->book->mutex);
		make_job(b, &out[i], now_ns);
		pthread_mutex_unlock(&b->book->mutex);
	}
	return count;
}

/* ---- answers ---- */

/* What the store counts as this node's may be less than what is thought here: an operator wrote the
 * lease off, or the ceiling was set after charges that were not carried yet. The store is right. */
static void take_grant(struct bucket *b, const struct lend_job *job)
{
	const struct store_lease_grant *g = &job->grant;

	if (g->granted_nusd > 0 && !b->is_leased) {
		b->is_leased = true;
		b->spent_nusd = 0;
	}
	b->granted_nusd += g->granted_nusd;
	if (b->is_leased && g->mine_nusd < b->granted_nusd - b->spent_nusd)
		b->granted_nusd = b->spent_nusd + g->mine_nusd;
	b->elsewhere_nusd = most(g->spent_nusd - (b->granted_nusd - g->mine_nusd), 0);
	if (!b->is_leased)
		b->elsewhere_nusd = g->spent_nusd;
	b->others_nusd = g->others_nusd;
	b->left_nusd =
	    most(job->ask.ceiling_nusd - g->spent_nusd - most(g->mine_nusd, 0) - g->others_nusd, 0);
	b->is_known = true;
	b->is_dry = g->granted_nusd < job->ask.want_nusd;
	b->looked_ns = job->asked_ns;
	if (g->granted_nusd)
		b->granted_ns = job->asked_ns;
}

static void finish_job(struct limits *l, struct lend_job *job, bool is_answered)
{
	struct bucket *b = job->bucket;
	struct limit_book *book = b->book;

	pthread_mutex_lock(&book->mutex);
	if (is_answered)
		take_grant(b, job);
	b->is_asking = false;
	if (b->wanted_ns > b->looked_ns && is_answered)
		bucket_ask(b);
	if (book != &l->house)
		limits_walk(book);
	pthread_mutex_unlock(&book->mutex);
	if (book == &l->house)
		limits_wake_house(l);
}

void lend_apply(struct limits *l, struct lend_job *jobs, int count, int64_t good_until_ns)
{
	atomic_store(&l->good_until_ns, good_until_ns);
	atomic_store(&l->store_is_away, false);
	for (int i = 0; i < count; i++)
		finish_job(l, &jobs[i], true);
}

void lend_failed(struct limits *l, struct lend_job *jobs, int count)
{
	atomic_store(&l->store_is_away, true);
	for (int i = 0; i < count; i++)
		finish_job(l, &jobs[i], false);
}

/* ---- once in a while ---- */

struct ticking {
	struct limits *limits;
	struct lend_return *returns;
	int count, max;
	int64_t now_ns;
	bool is_end, is_leaving;
};

/* Who waits while nothing of this bucket is at work here gives its crumbs back too: another node
 * may be able to use them, or has given its own back by then. */
static int64_t keep_of(const struct bucket *b, const struct ticking *t)
{
	if (t->is_end || is_quiet(b, t->now_ns, IDLE_S))
		return 0;
	if (t->is_leaving)
		return b->waiting_nusd;
	if (b->left_nusd >= bucket_free(b))
		return INT64_MAX;
	if (is_quiet(b, t->now_ns, DRY_IDLE_S) || (b->waiters && b->held_nusd == 0))
		return b->others_nusd ? 0 : INT64_MAX;
	return b->others_nusd ? most(2 * b->admitted_nusd, b->waiting_nusd) : INT64_MAX;
}

static void give_back(struct ticking *t, struct bucket *b)
{
	int64_t free_nusd = b->granted_nusd - b->spent_nusd - b->held_nusd;
	int64_t amount_nusd = free_nusd - least(keep_of(b, t), free_nusd);

	if (!b->is_leased || b->is_asking || amount_nusd <= 0 || t->count == t->max)
		return;
	b->granted_nusd -= amount_nusd;
	b->is_asking = true;
	t->returns[t->count++] = (struct lend_return){b, b->id, amount_nusd};
}

static bool can_drop(const struct bucket *b, const struct ticking *t)
{
	bool is_empty = !b->is_leased || b->granted_nusd <= b->spent_nusd;

	return b->holders == 0 && b->waiters == 0 && !b->is_asking && is_empty &&
	       is_quiet(b, t->now_ns, FORGET_S);
}

static void tick_bucket(struct ticking *t, struct bucket *b)
{
	bool is_due = t->now_ns - b->looked_ns > LOOK_S * SECOND_NS && b->is_leased;

	give_back(t, b);
	if (is_quiet(b, t->now_ns, QUIET_S))
		b->size_nusd = most(b->size_nusd / 2, BUCKET_SLICE_NUSD);
	b->is_dry = false;
	b->admitted_nusd = b->admitted_nusd / 4 * 3;
	if (can_drop(b, t))
		bucket_drop(b);
	else if ((b->waiters || is_due) && !t->is_end)
		bucket_ask(b);
}

static void tick_book(struct ticking *t, struct limit_book *book)
{
	struct limits *l = t->limits;
	struct list_node *next;

	pthread_mutex_lock(&book->mutex);
	for (struct list_node *n = book->buckets.head.next; n != &book->buckets.head; n = next) {
		next = n->next;
		tick_bucket(t, LIST_OBJECT(n, struct bucket, in_book));
	}
	if (list_is_empty(&book->buckets)) {
		book->is_active = false;
		pthread_mutex_lock(&l->mutex);
		list_remove(&book->in_active);
		l->active_count--;
		pthread_mutex_unlock(&l->mutex);
	}
	pthread_mutex_unlock(&book->mutex);
}

int lend_tick(struct limits *l, struct lend_return *out, int max, bool is_end)
{
	struct ticking t = {.limits = l,
	                    .returns = out,
	                    .max = max,
	                    .now_ns = clock_mono_ns(),
	                    .is_end = is_end,
	                    .is_leaving = atomic_load(&l->is_leaving)};
	int count;
	struct limit_book **books = limits_active(l, &count);

	for (int i = 0; i < count; i++)
		tick_book(&t, books[i]);
	mem_put(books);
	return t.count;
}

/* What was given back may be what somebody waits for: then it is asked for again. So it is where
 * somebody wanted to know meanwhile. */
static void end_return(struct bucket *b)
{
	b->is_asking = false;
	if (b->waiters || b->wanted_ns > b->looked_ns)
		bucket_ask(b);
}

void lend_returned(struct limits *l, const struct lend_return *r, bool is_done)
{
	struct bucket *b = r->bucket;

	(void)l;
	pthread_mutex_lock(&b->book->mutex);
	if (!is_done)
		b->granted_nusd += r->amount_nusd;
	else
		b->left_nusd += r->amount_nusd;
	end_return(b);
	pthread_mutex_unlock(&b->book->mutex);
}

/* A connection that breaks may break behind the commit: then others have that money by now. */
void lend_doubted(struct limits *l, const struct lend_return *r)
{
	struct bucket *b = r->bucket;

	(void)l;
	pthread_mutex_lock(&b->book->mutex);
	b->granted_nusd += r->amount_nusd;
	b->is_known = false;
	b->wanted_ns = clock_mono_ns();
	end_return(b);
	pthread_mutex_unlock(&b->book->mutex);
}
