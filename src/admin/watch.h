/* Looks for ceilings that were come near to: 50, 80 and 100 % of each, once for each bucket.
 *
 * THREADS: watch_look is the clerk's thread's, the rest whoever makes it. */
#ifndef ADMIN_WATCH_H
#define ADMIN_WATCH_H

#include "store/alert.h"

struct watch;

/* An alert that is this node's to send. */
struct watch_alert {
	struct store_alert alert;
	struct str name; /* of whose ceiling it is; arena */
};

struct watch *watch_new(void);
void watch_free(struct watch **);

struct watch_ask {
	struct store *store;
	int64_t global_nusd; /* the house's ceiling; INT64_MAX: none */
	struct arena *arena; /* for texts of alerts */
	void (*on_alert)(void *arg, const struct watch_alert *);
	void *arg;
};

/* Notes what is new, and takes up what others left; tells each that is to be sent. A store that
 * fails is asked again the next time. */
void watch_look(struct watch *, const struct watch_ask *);

/* The ceiling of a bucket of that scope under these terms (INT64_MAX: none): an owner's own, for an
 * account its plan's behind it. Pure. */
struct terms;
int64_t watch_ceiling(enum store_scope, const struct terms *);
/* The highest percentage of CONFIG_MARKS that is reached; 0: none. Pure. */
int watch_percent(int64_t spent_nusd, int64_t ceiling_nusd);

#endif
