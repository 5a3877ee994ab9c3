/* Who pays for a request: what a key, its user, team, account and plan come to together, worked
 * out once for each change and not for each request. Immutable; shared by counting.
 *
 * THREADS: any; gate/account.h makes them. */
#ifndef GATE_PAYER_H
#define GATE_PAYER_H

#include "gate/terms.h"
#include "store/lease.h"

#include <stdatomic.h>

struct limit_book;
struct limit_party;

struct payer_rates {
	int64_t rps, rpm, tpm, concurrency; /* 0: none */
};

enum { PAYER_MODEL_LISTS = 4 };

struct payer {
	atomic_int holders;
	uint64_t generation; /* of the table when it was worked out */
	int64_t key_id, account_id;
	int64_t team_id, user_id; /* 0: none */
	bool on_hold;             /* the account is, or somebody was closed */
	bool is_revoked;          /* the key was: a request may have come before */

	struct limit_book *book; /* the account's counters; borrows, as the parties */
	struct limit_party *account, *team, *user, *key;
	int64_t ceilings[STORE_SCOPE_COUNT]; /* INT64_MAX: none; global is the configuration's */
	struct payer_rates account_rates, key_rates;

	bool clamp, apply_floor, has_markup;
	int64_t charge_bp;                    /* of the cost: 10,000 is all of it */
	struct str plan;                      /* its name; own bytes, as the next */
	int tier_floor, tier_ceiling;         /* enum llm_tier; -1: none */
	struct str models[PAYER_MODEL_LISTS]; /* comma lists, all of which must allow; own bytes */
	int model_lists;
	char texts[];
};

struct payer *payer_get(struct payer *);
void payer_put(struct payer **);

#endif
