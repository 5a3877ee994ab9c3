/* Which prices attempts were priced by, on their way to the store (store/rates.h).
 *
 *	loops ─tariff_note─> what is new ─tariff_carry (carrier)─> the store
 *
 * A crash between the two loses a note; the next attempt at that price makes it again.
 *
 * THREADS: any. Noting what is known already is one atomic read for each of the two versions. */
#ifndef LEDGER_TARIFF_H
#define LEDGER_TARIFF_H

#include "ledger/price.h"
#include "store/store.h"

struct tariff;

struct tariff *tariff_new(void);
void tariff_free(struct tariff **);

void tariff_note(struct tariff *, const struct price_deal *);
/* Blocks. -1: what is new stays, for the next call. */
int tariff_carry(struct tariff *, struct store *, struct fail *) MUST_USE;

#endif
