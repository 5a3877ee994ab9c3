/* Where a provider's export and our ledger differ. Pure. */
#ifndef LEDGER_RECONCILE_H
#define LEDGER_RECONCILE_H

#include "ledger/bill.h"

struct reconcile_difference {
	int64_t day;
	struct str model; /* empty: all models of the day */
	enum bill_figure figure;
	int64_t ours, theirs; /* of BILL_COST: pico-dollars */
};

/* Our rows, spelled and sorted as bill_gather leaves them, against the bill's, figure by figure,
 * for what the bill knows. An export without models is compared by day. Amounts that differ by at
 * most tolerance_pusd are the same. Gives how many differences were told. */
int reconcile(const struct bill *, const struct bill_row *ours, int count, int64_t tolerance_pusd,
              void (*on_difference)(void *, const struct reconcile_difference *), void *arg);

#endif
