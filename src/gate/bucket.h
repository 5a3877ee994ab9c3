/* What stands behind gate/limit.h: parties, books and buckets. Private to gate/.
 *
 *	limits ── book of an account ── parties: account, teams, users, keys
 *	      └── book of the house  ── party    └── a bucket for each scope with a ceiling, of this
 *	                                             period; older ones while somebody holds
 *
 * A bucket counts, of one ceiling in one period, what this process may spend of it:
 *
 *	granted   leased from the store, since the bucket is here; given back is taken off
 *	spent     settled here                            granted - spent - held = free to hold
 *	held      by attempts under way
 *	elsewhere spent by other nodes, or before         all as the store said last
 *	others    leased to other nodes
 *
 * THREADS: a bucket and its book's queue are guarded by the book's mutex. Mutexes are taken in this
 * order: account's book, house's book, limits, inbox. */
#ifndef GATE_BUCKET_H
#define GATE_BUCKET_H

#include "base/map.h"
#include "gate/limit.h"
#include "gate/rate.h"

struct bucket {
	struct store_bucket id;
	int64_t end_ms; /* of the period; INT64_MAX: none */
	struct limit_book *book;
	struct limit_party *party;
	struct list_node in_book;
	struct list_node in_older; /* of its party, when it is not current */
	struct list_node asking;   /* in limits->asking; limits' mutex */
	bool is_asking;            /* there, or in the lease thread's hands */

	int64_t ceiling_nusd;
	uint64_t generation; /* of the payer who said so */
	int64_t granted_nusd, spent_nusd, held_nusd;
	int64_t elsewhere_nusd, others_nusd, left_nusd;
	int holders; /* holds that name it */
	int waiters; /* waits that are blocked on it */
	int64_t waiting_nusd;
	uint64_t walk; /* the last walk in which somebody stayed blocked on it */

	bool is_known;               /* the store answered once */
	bool is_leased;              /* and granted something */
	bool is_dry;                 /* it had no more than it gave; until the next tick */
	int64_t size_nusd;           /* of the next slice */
	int64_t admitted_nusd;       /* since the last tick */
	int64_t used_ns, granted_ns; /* monotonic, as the two below */
	int64_t looked_ns;           /* before the store was asked what is known */
	int64_t wanted_ns;           /* somebody wants to know what is newer */
};

struct limit_rates {
	struct rate second, minute, tokens;
	int64_t running;
};

struct limit_party {
	struct limit_book *book;
	bool owns_book; /* an account does */
	int64_t id;
	struct bucket *current[STORE_SCOPE_COUNT];
	struct list older; /* buckets of other periods that somebody still needs */
	struct limit_rates rates;
};

struct limit_book {
	struct limits *limits;
	pthread_mutex_t mutex;
	struct list buckets;
	struct list queue; /* struct limit_wait that want to spend, in the order they came */
	struct list looks; /* struct limit_wait that want to know */
	uint64_t walk;
	struct list_node in_active; /* limits->active, while it has buckets; limits' mutex */
	bool is_active;
	bool waits_for_house; /* in limits->house_waiters; limits' mutex */
};

/* The smallest slice of a ceiling that is worth a question: 0.01 USD. */
#define BUCKET_SLICE_NUSD INT64_C(10000000)

struct limits {
	pthread_mutex_t mutex;
	struct list asking; /* buckets for the lease thread */
	struct list active; /* books */
	int active_count;
	struct limit_book **house_waiters;
	int house_waiter_room;
	atomic_int house_waiter_count;
	struct map parties;        /* kind and id -> struct limit_party, owned */
	struct arena names;        /* of the map */
	void (*on_asking)(void *); /* any thread, no mutex but limits' is held; NULL: none */
	void *on_asking_arg;

	atomic_bool uses_house; /* a ceiling of the house was seen */
	struct limit_book house;
	struct limit_party house_party;
	_Atomic int64_t good_until_ns; /* leases may be spent until then */
	atomic_bool store_is_away;
	atomic_bool is_leaving; /* what is not used is given back at once */
};

/* A party's counters, made at first; they stay as long as limits does. kind: ACCOUNT_MONTH,
 * TEAM_MONTH, USER_MONTH or KEY_MONTH. `book`: of its account; NULL for an account. */
struct limit_party *limits_party(struct limits *, enum store_scope kind, int64_t id,
                                 struct limit_book *book);

/* ---- arithmetic of one bucket ---- */

int64_t bucket_total(const struct bucket *);   /* spent in all, as far as is known */
int64_t bucket_payable(const struct bucket *); /* ceiling - total; may be below 0 */
int64_t bucket_free(const struct bucket *);    /* may be held now; may be below 0 */

/* The party's bucket of that scope and time, made at first. */
struct bucket *bucket_at(struct limit_party *, enum store_scope, int64_t wall_ms);
/* The same, NULL where there is none. */
struct bucket *bucket_find(struct limit_party *, enum store_scope, int64_t wall_ms);

/* Nobody holds it, waits for it or asks about it. */
void bucket_drop(struct bucket *);

/* Puts it before the lease thread. */
void bucket_ask(struct bucket *);

/* ---- the lease thread's side: gate/lend.c ---- */

struct lend_job {
	struct bucket *bucket;
	int64_t asked_ns; /* monotonic */
	struct store_lease_ask ask;
	struct store_lease_grant grant;
};
/* Fills at most `max` jobs; gives how many. */
int lend_take_jobs(struct limits *, struct lend_job *, int max);
/* The store answered, or did not. good_until_ns counts for every lease of the node. */
void lend_apply(struct limits *, struct lend_job *, int count, int64_t good_until_ns);
void lend_failed(struct limits *, struct lend_job *, int count);

struct lend_return {
	struct bucket *bucket;
	struct store_bucket id;
	int64_t amount_nusd;
};
/* Now and then: marks what is to be looked at again, frees what nobody uses, and fills what is to
 * be given back; `is_end`: all that is free. The amounts are taken off already. */
int lend_tick(struct limits *, struct lend_return *, int max, bool is_end);
/* The store took it, or did not. */
void lend_returned(struct limits *, const struct lend_return *, bool is_done);
/* It was asked to, and nobody knows: what it says next is waited for before any of it is spent. */
void lend_doubted(struct limits *, const struct lend_return *);
/* Books that have buckets; the caller's to put. */
struct limit_book **limits_active(struct limits *, int *out_count);

/* Decides what can be decided of those that wait; the book's mutex is held. */
void limits_walk(struct limit_book *);
/* The same of all books that wait for the house's money; no mutex is held. */
void limits_wake_house(struct limits *);

#endif
