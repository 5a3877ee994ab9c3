/* The lease side of a store, in memory: what store_lease_take and its kin promise, for tests of
 * limits that want to play the lease thread, several nodes and failures. One thread at a time. */
#ifndef TESTS_UNIT_FAKE_STORE_H
#define TESTS_UNIT_FAKE_STORE_H

#include "gate/bucket.h"

enum { FAKE_BUCKETS = 64, FAKE_NODES = 4 };

struct fake_bucket {
	struct store_bucket id;
	int64_t spent, leased[FAKE_NODES];
};

struct fake_store {
	struct fake_bucket buckets[FAKE_BUCKETS];
	int count;
};

static struct fake_bucket *fake_of(struct fake_store *s, struct store_bucket id)
{
	for (int i = 0; i < s->count; i++) {
		struct fake_bucket *b = &s->buckets[i];

		if (b->id.scope == id.scope && b->id.owner == id.owner &&
		    b->id.period_ms == id.period_ms)
			return b;
	}
	must(s->count < FAKE_BUCKETS);
	s->buckets[s->count].id = id;
	return &s->buckets[s->count++];
}

static int64_t fake_leased(const struct fake_bucket *b)
{
	int64_t sum = 0;

	for (int i = 0; i < FAKE_NODES; i++)
		sum += b->leased[i] > 0 ? b->leased[i] : 0;
	return sum;
}

static void fake_take(struct fake_store *s, int node, struct lend_job *job)
{
	struct fake_bucket *b = fake_of(s, job->ask.bucket);
	int64_t lacking = b->leased[node] < 0 ? -b->leased[node] : 0, others;
	int64_t left = job->ask.ceiling_nusd - b->spent - fake_leased(b) + lacking;
	int64_t grant = left < job->ask.want_nusd ? left : job->ask.want_nusd;

	if (grant < job->ask.least_nusd || grant < 0)
		grant = 0;
	b->leased[node] += grant;
	others = fake_leased(b) - (b->leased[node] > 0 ? b->leased[node] : 0);
	job->grant = (struct store_lease_grant){.granted_nusd = grant,
	                                        .mine_nusd = b->leased[node],
	                                        .spent_nusd = b->spent,
	                                        .others_nusd = others};
}

/* One round of the lease thread. */
__attribute__((unused)) static void fake_serve(struct fake_store *s, int node, struct limits *l)
{
	struct lend_job jobs[16];
	int count;

	while ((count = lend_take_jobs(l, jobs, 16)) > 0) {
		for (int i = 0; i < count; i++)
			fake_take(s, node, &jobs[i]);
		lend_apply(l, jobs, count, INT64_MAX);
	}
}

__attribute__((unused)) static void fake_tick(struct fake_store *s, int node, struct limits *l,
                                              bool is_end)
{
	struct lend_return returns[16];
	int count;

	do {
		count = lend_tick(l, returns, 16, is_end);
		for (int i = 0; i < count; i++) {
			fake_of(s, returns[i].id)->leased[node] -= returns[i].amount_nusd;
			lend_returned(l, &returns[i], true);
		}
	} while (is_end && count > 0);
}

/* An entry arrives: money moves from lease to spent. */
__attribute__((unused)) static void fake_carry(struct fake_store *s, int node,
                                               struct store_bucket id, int64_t nusd)
{
	struct fake_bucket *b = fake_of(s, id);

	b->spent += nusd;
	if (b->leased[node] != 0)
		b->leased[node] -= nusd;
}

#endif
