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

struct reconcile_ours {
	const struct bill_row *rows; /* spelled and sorted as bill_gather leaves them */
	int count;
	int64_t tolerance_pusd; /* amounts that differ by at most that are the same */
};

/* Our rows against the bill's, figure by figure, for what the bill knows. An export without models
 * is compared by day. Gives how many differences were told. */
int reconcile(const struct bill *, const struct reconcile_ours *,
              void (*on_difference)(void *, const struct reconcile_difference *), void *arg);

#endif
