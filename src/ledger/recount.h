/* Entries computed again from the rates that the store keeps (store/rates.h): whether what an entry
 * says it cost, and was charged, is what its usage comes to by the prices that it names.
 *
 * THREADS: as store/store.h. Pure but for the store. */
#ifndef LEDGER_RECOUNT_H
#define LEDGER_RECOUNT_H

#include "ledger/price.h"
#include "store/store.h"

struct recount_book; /* rates by version */

/* NULL: the store cannot be read. The arena keeps it. */
struct recount_book *recount_read(struct store *, struct arena *, struct fail *) MUST_USE;
/* The rates, and the mark-up, of the version that an entry names. -1: they are not kept. */
int recount_find(const struct recount_book *, uint32_t version, struct price_deal *out) MUST_USE;

struct recount_report {
	int64_t entries; /* that were computed again */
	int64_t unkept;  /* whose rates are not kept: from before they were, or lost in a crash */
	int64_t wrong;
};
/* on_wrong gets a sentence for each entry that does not come to what it says. */
int recount_entries(struct store *, void (*on_wrong)(void *, struct str), void *arg,
                    struct recount_report *out, struct fail *) MUST_USE;

#endif
