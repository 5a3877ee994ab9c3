/* Alerts: that a bucket has come to a percentage of its ceiling, noted once over all nodes. Who
 * notes one has it in hand (*claims* it) until it says that it was sent; one that was claimed long
 * ago and never sent is taken up again, by whoever looks.
 *
 * THREADS: as store/store.h. */
#ifndef STORE_ALERT_H
#define STORE_ALERT_H

#include "store/lease.h"

enum { ALERT_CLAIM_MS = 30 * 60 * 1000 };

struct store_alert {
	struct store_bucket bucket;
	int percent;
	int64_t ceiling_nusd, spent_nusd; /* when it was noted */
	int64_t noted_ms;
};

/* *out_is_new: nobody has noted it before, and it is the caller's to send. */
int store_alert_note(struct store *, const struct store_alert *, bool *out_is_new,
                     struct fail *) MUST_USE;
/* It need not be sent again. */
int store_alert_done(struct store *, const struct store_alert *, int64_t now_ms,
                     struct fail *) MUST_USE;
/* One that was claimed before now - ALERT_CLAIM_MS and not sent, claimed for the caller;
 * out->percent 0: there is none. */
int store_alert_left(struct store *, int64_t now_ms, struct store_alert *out,
                     struct fail *) MUST_USE;

/* Every bucket of these periods in which something is spent. */
int store_spents(struct store *, const int64_t *periods_ms, int count,
                 bool (*on_spent)(void *, struct store_bucket, int64_t spent_nusd), void *arg,
                 struct fail *) MUST_USE;

/* A number that grows with every change of an owner or key. */
int store_revision(struct store *, int64_t *out, struct fail *) MUST_USE;

#endif
