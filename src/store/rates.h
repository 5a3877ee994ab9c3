/* The rates behind the price versions that entries name, so that what an entry came to can be
 * computed again when the configuration that had them is gone. A version is a hash of its rates:
 * a row is written once and never changes.
 *
 * What `text` says is known to ledger/price_text.h alone.
 *
 * THREADS: as store/store.h. */
#ifndef STORE_RATES_H
#define STORE_RATES_H

#include "store/store.h"

struct store_rates {
	uint32_t id;       /* entry.price_version or entry.charge_version */
	uint32_t of_id;    /* the version that has the rates; id where no mark-up was added */
	int64_t markup_bp; /* 10,000: as it is */
	struct str text;   /* empty where of_id is another */
};

/* In one transaction; those that are there stay. */
int store_rates_put(struct store *, const struct store_rates *, int count, struct fail *) MUST_USE;
/* All, those with rates first; texts in the arena. on_rates gives false to stop. */
int store_rates_all(struct store *, struct arena *,
                    bool (*on_rates)(void *, const struct store_rates *), void *arg,
                    struct fail *) MUST_USE;

#endif
