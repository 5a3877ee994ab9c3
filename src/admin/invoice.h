/* What one account is to pay for a calendar month (UTC): a line for each model and price version,
 * from the entries. The same entries always give the same invoice, to the nano-dollar, and its sum
 * is the sum of their charges.
 *
 * THREADS: as store/store.h. */
#ifndef ADMIN_INVOICE_H
#define ADMIN_INVOICE_H

#include "admin/report.h"

struct invoice_ask {
	struct str account; /* its name, as it is printed */
	int64_t account_id;
	struct str month; /* 2026-11 */
};

/* -1: INVALID_VALUE: no such month, or its entries were purged. */
int invoice_put(struct store *, const struct invoice_ask *, enum report_form, struct buf *out,
                struct fail *) MUST_USE;

#endif
