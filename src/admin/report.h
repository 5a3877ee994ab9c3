/* Reports of spending and invoices, as text for people, JSON or CSV.
 *
 * THREADS: as store/store.h. */
#ifndef ADMIN_REPORT_H
#define ADMIN_REPORT_H

#include "base/buf.h"
#include "store/report.h"

enum report_form { REPORT_AS_TEXT, REPORT_AS_JSON, REPORT_AS_CSV };

int report_form_of(struct str name, enum report_form *out) MUST_USE; /* -1: none */

/* "day,model" -> bits of struct report_ask. -1: f names the word that is none. */
int report_read_groups(struct str list, unsigned *out, struct fail *) MUST_USE;
/* First and last day, both included; empty: from the beginning, to the end. -1: INVALID_VALUE. */
int report_read_days(struct str from, struct str to, struct report_ask *out,
                     struct fail *) MUST_USE;

/* Writes the report to `out`. */
int report_put(struct store *, const struct report_ask *, enum report_form, struct buf *out,
               struct fail *) MUST_USE;

#endif
