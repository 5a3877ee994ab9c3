/* Money that a node may spend without asking again. Every process that serves is a node, on
 * SQLite too.
 *
 * A *bucket* is one ceiling's counter in one period: scope, owner, first millisecond of the
 * period. The store keeps two sums of it, and never lets them pass the ceiling:
 *
 *	spent        charges of entries that are in the store
 *	leased       what nodes were granted and have not yet carried as entries nor given back,
 *	             a row for each node
 *
 * store_put_entries moves money from one to the other in the transaction that inserts the entry:
 * for each bucket of the entry spent += charge, and the putting node's lease -= the same. What was
 * charged beyond all that is leased brings the lease below 0: it counts as nothing then, and what
 * the node is granted next makes up for it. So an entry counts once, however often it is carried.
 * It counts in the periods in which it was opened, where it was held: global, account_month,
 * account_hour, included_credit, free_allowance and key_month always, team_month and user_month
 * where it has a team, a user.
 *
 *	left to grant = ceiling - spent - sum of all nodes' leases
 *
 * A node stops spending from its leases LEASE_SKEW_MS before they expire (store's clock: the
 * grant tells how long, not until when). A lease that expired is still counted until its node
 * returns it, its node's journal has been replayed (store_lease_release) or an operator writes it
 * off (`fluxrouter ledger write-off NODE`). docs/ledger.md has the rules.
 *
 * THREADS: as store/store.h. */
#ifndef STORE_LEASE_H
#define STORE_LEASE_H

#include "store/store.h"

/* Names stand in answers and in docs/ledger.md; numbers in the store: new rows to the end. */
#define STORE_SCOPES(X)                                                                            \
	X(GLOBAL_MONTH, "global")                                                                  \
	X(ACCOUNT_MONTH, "account_month")                                                          \
	X(ACCOUNT_HOUR, "account_hour")                                                            \
	X(INCLUDED, "included_credit") /* of the plan, a month's */                                \
	X(ALLOWANCE, "free_allowance") /* of the plan, once: its period begins at 0 */             \
	X(TEAM_MONTH, "team_month")                                                                \
	X(USER_MONTH, "user_month")                                                                \
	X(KEY_MONTH, "key_month")

enum store_scope {
#define X(name, text) STORE_##name,
	STORE_SCOPES(X)
#undef X
	    STORE_SCOPE_COUNT
};

const char *store_scope_name(enum store_scope);

struct store_bucket {
	enum store_scope scope;
	int64_t owner;     /* id of account, team, user or key; 0 for GLOBAL_MONTH */
	int64_t period_ms; /* its first millisecond, UTC; 0 where it never ends */
};

enum { LEASE_TERM_MS = 60 * 1000, LEASE_SKEW_MS = 5 * 1000 };

struct store_lease_ask {
	struct store_bucket bucket;
	int64_t ceiling_nusd; /* in force now */
	int64_t want_nusd;    /* more, beside what the node has; 0: only look */
	int64_t least_nusd;   /* less than that is no use: then nothing is taken */
};

struct store_lease_grant {
	int64_t granted_nusd; /* by this ask; 0: less than `least` was left */
	int64_t mine_nusd;    /* this node's lease now; below 0: it lacks so much */
	int64_t spent_nusd;   /* in the store */
	int64_t others_nusd;  /* leases of other nodes */
};

/* One question of a node. Its tickets grow. Where no answer came, nobody knows whether the
 * database committed: the next question names the ticket of the first such as doubted, and what was
 * granted under it and later ones is given back first, once. */
struct store_lease_turn {
	const struct store_lease_ask *asks;
	int count;
	int64_t ticket;  /* above 0 */
	int64_t doubted; /* 0: none */
};

/* All asks in one transaction, each granted on its own; extends every lease of the node by
 * LEASE_TERM_MS. */
int store_lease_take(struct store *, const uint8_t node[16], const struct store_lease_turn *,
                     struct store_lease_grant *out, struct fail *) MUST_USE;
/* Gives back at most what the node's lease has. */
int store_lease_return(struct store *, const uint8_t node[16], struct store_bucket,
                       int64_t amount_nusd, struct fail *) MUST_USE;
/* The node has no process and its journal is all carried: nothing of its leases is in use. */
int store_lease_release(struct store *, const uint8_t node[16], struct fail *) MUST_USE;

/* An operator's word that a node will not come back: what it has leased is given back. -1: also
 * INVALID_VALUE, where the node has no lease, or one
 * that has not expired by the store's clock. */
int store_lease_write_off(struct store *, const uint8_t node[16], struct fail *) MUST_USE;

/* Leases as they stand, for reports and `ledger verify`. */
struct store_lease {
	uint8_t node[16];
	struct store_bucket bucket;
	int64_t amount_nusd;
	int64_t expires_ms;
};
int store_leases(struct store *, struct arena *,
                 bool (*on_lease)(void *, const struct store_lease *), void *arg,
                 struct fail *) MUST_USE;

/* What a bucket has spent, in the store. */
int store_spent(struct store *, struct store_bucket, int64_t *out_nusd, struct fail *) MUST_USE;

/* First millisecond, UTC, of the period of that scope in which a time lies, and of the next one
 * (INT64_MAX: none). Pure. */
int64_t store_period(enum store_scope, int64_t wall_ms, int64_t *out_next_ms);

#endif
