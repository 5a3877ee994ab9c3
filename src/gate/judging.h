/* Whether a request may spend, under the mutexes of its book and, where the house has a ceiling, of
 * the house's. Private to gate/; see limit.h for the verdicts. */
#ifndef GATE_JUDGING_H
#define GATE_JUDGING_H

#include "gate/bucket.h"

struct judging {
	struct limits *limits;
	struct payer *payer;
	const struct limit_ask *ask;
	struct bucket *buckets[STORE_SCOPE_COUNT];
	uint64_t walk; /* 0: somebody new */
	int64_t wall_ms, mono_ns;
	int64_t amount_nusd;
	struct bucket *blocked; /* of LIMIT_WAITS */
};

/* Finds its buckets, makes those that are missing. Gives whether there is any ceiling. */
bool judging_find(struct judging *);
/* ADMITTED, REFUSED, or WAITS with j->blocked. What a lease lacks is asked for. */
struct limit_verdict judging_money(struct judging *);
/* Rates and concurrency of key and account. */
struct limit_verdict judging_rates(const struct judging *);
/* After these have refused: what is left, for the answer's x-ratelimit-*. Nothing is taken. */
void judging_tell_rates(const struct judging *, struct limit_pass *);
/* After ADMITTED. */
void judging_hold(const struct judging *, struct limit_hold *);
/* Counts it as under way. */
void judging_pass(const struct judging *, struct limit_pass *);

/* Refused after all: what was waited for did not come. */
struct limit_verdict judging_too_late(const struct bucket *, const struct limit_ask *,
                                      bool is_away);

/* The party of a scope; NULL: the payer has none. */
struct limit_party *limit_party_of(struct limits *, const struct payer *, enum store_scope);

/* The house's mutex, where its ceiling counts. */
bool house_lock(struct limits *, int64_t global_nusd);
void house_unlock(struct limits *, bool is_locked);

#endif
