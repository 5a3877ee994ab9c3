/* Deleting entries that are old enough, and only these: their day sums stay, unless told
 * otherwise, and so does what was spent under ceilings.
 *
 * Before the *purge mark*, always a day's first millisecond, there are no entries but lost ones
 * (ENTRY_LOST), which stay, since recovery may find them again at any time. Whoever carries a
 * journal leaves out what is older than the mark and was carried before (ledger/carry.c), so what
 * was purged does not come back, and day sums are not raised twice.
 *
 * THREADS: as store/store.h. */
#ifndef STORE_PURGE_H
#define STORE_PURGE_H

#include "store/store.h"

/* The mark; 0: nothing was purged yet. */
int store_purged_ms(struct store *, int64_t *out_ms, struct fail *) MUST_USE;

struct store_purge {
	int64_t before_ms; /* closed before that day; the mark never goes back */
	bool drop_sums;    /* the day sums too */
	int64_t entries;   /* out: how many were deleted */
};

/* In pieces, each a transaction of its own, so that the carrier is not held up for long. */
int store_purge(struct store *, struct store_purge *, struct fail *) MUST_USE;

#endif
