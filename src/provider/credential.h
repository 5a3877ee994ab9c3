/* Inside a credential: for auth.c, which has the table of all, and keeper.c, which fetches. */
#ifndef PROVIDER_CREDENTIAL_H
#define PROVIDER_CREDENTIAL_H

#include "base/hash.h"
#include "base/timer.h"
#include "provider/auth.h"
#include "provider/auth_style.h"
#include "upstream/exchange.h"

struct credential {
	/* Never changed. */
	uint8_t id[HASH_SHA256_BYTES]; /* of all that `auth` says */
	struct arena arena;            /* of auth and its origin; wiped */
	struct config_auth auth;

	/* Under the table's mutex. */
	struct list_node node;
	int references;
	struct arena secrets; /* of the proof; wiped */
	struct auth_proof proof;
	int64_t good_until_ns; /* monotonic; 0: there is none */
	int64_t fetched_ns;    /* when that was, or when it failed; 0: not yet */
	bool has_failed;       /* the last time */
	bool wants_refresh;

	/* The keeper's. */
	bool is_kept; /* it was begun with */
	struct timer timer;
	struct auth_work work;
	struct arena work_arena;
	struct exchange *exchange; /* NULL: waits */
	struct str pieces[2];
	int tries;      /* that failed since the last that did not */
	int64_t skew_s; /* by which the clock of the one that is asked seems to be ahead */
};

/* The keeper's view of the table: with one, on_change is called when there is something to do,
 * under the mutex. NULL: no more. */
void credentials_watch(void (*on_change)(void *), void *arg);
/* Each in turn, with the mutex held; `visit` may free it by credential_free. */
void credentials_visit(void (*visit)(struct credential *, void *arg), void *arg);
void credential_free(struct credential *);

int64_t credential_skew_s(struct credential *);
/* What came of a refresh. One that failed changes nothing of what requests are signed with. */
void credential_set(struct credential *, const struct auth_grant *, int64_t skew_s);
void credential_fail(struct credential *);

#endif
