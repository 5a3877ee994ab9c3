/* Do journal and store agree? docs/ledger.md, "ledger verify". Only reads; also beside a running
 * daemon. */
#ifndef LEDGER_VERIFY_H
#define LEDGER_VERIFY_H

#include "ledger/recount.h"

struct verify_report {
	int64_t entries; /* found in journals */
	int64_t pending; /* of these, not yet carried */
	int64_t open;    /* attempts under way, or cut off and waiting for the next start */
	int64_t torn;    /* slots of torn tails */
	int64_t wrong;   /* things that are not as they should be */
	struct recount_report recount;
};

/* on_wrong gets a sentence for each of `wrong`. -1: cannot be read at all. */
int verify_ledger(struct store *, struct str data_dir, void (*on_wrong)(void *, struct str),
                  void *arg, struct verify_report *out, struct fail *) MUST_USE;

/* Waits until what the journals hold now is in the store: while a daemon serves, and at most
 * wait_ms. *out_pending: entries that are still on their way. */
int verify_wait_carried(struct store *, struct str data_dir, int64_t wait_ms, int64_t *out_pending,
                        struct fail *) MUST_USE;

#endif
