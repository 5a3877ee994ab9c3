/* What buckets have spent: sums that the transaction of the entries raises. Only files of store/
 * include it. */
#ifndef STORE_SPENT_H
#define STORE_SPENT_H

#include "store/engine.h"
#include "store/lease.h"

/* Charges of one payer in one hour. Hours, since that is the shortest period there is. */
struct spent_payer {
	int64_t hour; /* since 1970, UTC, of opened_ms: an attempt counts where it was held */
	int64_t account_id, team_id, user_id, key_id;
	int64_t charge_nusd;
};

/* Adds an entry's charge; `payers` has room for one more. */
void spent_note(struct spent_payer *payers, int *count, const struct entry *);

/* In the entries' transaction: raises the buckets of these payers, and lowers the leases that the
 * node has in them; node NULL: none. Leaves `payers` in another order. */
int spent_raise(struct store *, struct spent_payer *payers, int count, const uint8_t *node,
                struct fail *) MUST_USE;

/* Sums made of all entries, where there are none yet. */
int spent_fill(struct store *, struct fail *) MUST_USE;

/* The entries' buckets beside the sums: a sentence for each difference. In a transaction. */
int spent_verify(struct store *, void (*on_wrong)(void *, struct str), void *arg,
                 struct fail *) MUST_USE;

#endif
