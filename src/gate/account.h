/* Whose key is it, and what may it spend? A table in memory of plans, accounts, teams, users and
 * keys that follows the store, and the payers worked out from it.
 *
 * Terms that cannot be read (a newer program wrote them) put their owner on hold: nothing is served
 * without a limit that somebody has set.
 *
 * THREADS: the table is shared by all loops and the carrier's thread, under a read-write lock; what
 * a loop gets is counted and immutable. */
#ifndef GATE_ACCOUNT_H
#define GATE_ACCOUNT_H

#include "gate/limit.h"
#include "store/owner.h"

struct account_table;

struct account_table *account_table_new(struct limits *); /* borrows */
void account_table_free(struct account_table **);         /* nobody holds a payer any more */

/* New or changed; by the carrier. Requests that wait are asked again. */
void account_table_put(struct account_table *, const struct store_owner *);
void account_table_put_key(struct account_table *, const struct store_key *);
int64_t account_table_revision(const struct account_table *); /* of the owners */

/* A reference. NULL: the key, or somebody whom it belongs to, is not known here (yet). */
struct payer *account_payer(struct account_table *, int64_t key_id);

#endif
