/* May it spend? One atomic step that checks a request against all that limits its key, user, team
 * and account, and the whole house, and holds the most that an attempt may cost in all of them,
 * or in none.
 *
 *	limits_admit ─> LIMIT_ADMITTED   limits_settle with what it came to; limits_leave at the end
 *	             ─> LIMIT_REFUSED    limits_say turns the verdict into a failure
 *	             ─> LIMIT_WAITS      held money, or an answer of the store, is in the way; the
 *	                                 inbox's loop is woken when it is decided
 *
 * Money comes from leases (store/lease.h) that a thread of its own takes and returns
 * (gate/lease.h): no request goes to the store. docs/ledger.md, "Ceilings", has the rules.
 *
 * Amounts are nano-dollars, at most LIMIT_NUSD_MAX. What `wall_ms` is to an admission is what the
 * entry has as opened_ms: it says which month and hour the money is of.
 *
 * THREADS: any loop. A short mutex for each account, arithmetic only. A struct limit_wait belongs
 * to its loop; while it waits others write to it, under its account's mutex. */
#ifndef GATE_LIMIT_H
#define GATE_LIMIT_H

#include "base/list.h"
#include "base/loop.h"
#include "fail.h"
#include "gate/payer.h"

#define LIMIT_NUSD_MAX INT64_C(1000000000000000000) /* 1e9 USD */

struct bucket;
struct limits;

struct limits *limits_new(void);
/* This process serves no new clients: money that it does not use goes back at once. Any thread. */
void limits_retire(struct limits *);
void limits_free(struct limits **); /* nobody holds or waits any more */

enum limit_result { LIMIT_ADMITTED, LIMIT_REFUSED, LIMIT_WAITS };

/* What is in the way. */
enum limit_reason {
	LIMIT_ON_HOLD,
	LIMIT_SPENT,    /* scope says where: a 402 of its own for each */
	LIMIT_HELD,     /* money that others hold: ceiling_busy */
	LIMIT_NO_LEASE, /* the store does not answer: ledger_unavailable */
	LIMIT_RATE,
	LIMIT_CONCURRENCY,
};

struct limit_verdict {
	enum limit_result result;
	enum limit_reason reason;
	enum store_scope scope;
	int64_t limit_nusd, spent_nusd, held_nusd, needed_nusd;
	int64_t resets_ms;      /* wall; 0: never */
	int64_t retry_after_ms; /* 0: not told */
	int64_t limit;          /* of a rate: rps, rpm, tpm, concurrency */
	const char *rate;       /* its name; static text */
	const char *whose;      /* "key" or "account" */
};

/* For x-ratelimit-* headers; limit 0: none is set. */
struct limit_rest {
	int64_t limit, left, reset_ms;
};

/* That a request is under way: taken with its first admission or wait, left at its end. */
struct limit_pass {
	struct payer *payer; /* holds a reference; NULL: none is taken */
	int64_t tokens;      /* counted against tpm so far */
	struct limit_rest requests, tokens_rest;
};

/* What one attempt holds. */
struct limit_hold {
	struct payer *payer; /* holds a reference; NULL: nothing is held */
	struct bucket *buckets[STORE_SCOPE_COUNT];
	int64_t amount_nusd;
	int64_t wall_ms;
	bool is_limited; /* some ceiling is set */
};

/* Where a loop hears of what was decided. */
struct limit_inbox {
	pthread_mutex_t mutex;
	struct list waits; /* struct limit_wait, by inbox_node */
	struct loop *loop; /* borrows; is woken */
};

void limit_inbox_init(struct limit_inbox *, struct loop *);
void limit_inbox_release(struct limit_inbox *);
/* The next wait that is decided; NULL: none. */
struct limit_wait *limit_inbox_pop(struct limit_inbox *);

struct limit_ask {
	int64_t need_nusd;   /* the bound */
	int64_t least_nusd;  /* the least that it may be lowered to; need_nusd: not at all */
	int64_t tokens;      /* estimate, for tpm */
	int64_t global_nusd; /* the house's ceiling; INT64_MAX: none */
	int64_t modest_nusd; /* enough, where others hold the rest of it; 0: need_nusd is */
};

enum limit_wait_state { LIMIT_IDLE, LIMIT_QUEUED, LIMIT_DECIDED };

struct limit_wait { /* zeroed before first use */
	struct list_node node, inbox_node;
	_Atomic(enum limit_wait_state) state;
	struct limit_inbox *inbox;
	struct limit_ask ask;
	struct payer *payer;
	struct limit_hold *hold;
	struct limit_pass *pass;
	struct bucket *blocked_on;
	int64_t waiting_nusd; /* there */
	int64_t since_ns;     /* of a look: what is known must be newer */
	bool is_changed;      /* decided by nothing but that terms changed: admit again */
	struct limit_verdict verdict;
};

/* Takes pass (where it has none) and hold, or nothing. `wait` is used where it has to wait, and
 * then stays in place until it is decided or given up. A hold may be smaller than need_nusd: see
 * hold->amount_nusd. */
struct limit_verdict limits_admit(struct limits *, struct payer *, struct limit_wait *wait,
                                  struct limit_inbox *);
/* LIMIT_DECIDED -> its verdict; also before the inbox told of it. */
struct limit_verdict limits_decided(struct limit_wait *);
/* The wait is over, whatever it came to: gives the verdict that stands now; WAITS never. */
struct limit_verdict limits_give_up(struct limits *, struct limit_wait *);

/* What it came to, exactly, also above the hold; 0 where nothing is billed. Harmless without a
 * hold. Gives true when it was more than was held: an overrun. */
bool limits_settle(struct limits *, struct limit_hold *, int64_t charge_nusd);
/* More may be held than is needed: a hold that was lowered to what fits. */
void limits_lower(struct limits *, struct limit_hold *, int64_t amount_nusd);
/* The request is over, with that many tokens in all (0: none were used). Harmless without one. */
void limits_leave(struct limits *, struct limit_pass *, int64_t tokens);

/* f from a refusal: sentence and machine fields. */
int limits_say(const struct limit_verdict *, struct fail *);
/* Of ON_HOLD and SPENT: account_monthly_ceiling. */
struct str limits_code(const struct limit_verdict *);

/* Terms or the configuration changed: all that wait are asked again. Any thread. */
void limits_wake_all(struct limits *);

/* ---- GET /v1/usage ---- */

struct limit_row {
	enum store_scope scope;
	int64_t limit_nusd; /* INT64_MAX: none */
	int64_t spent_nusd, held_nusd;
	int64_t resets_ms; /* 0: never */
};
struct limit_report {
	struct limit_row rows[STORE_SCOPE_COUNT];
	int count;
	bool is_blocked;
	struct limit_verdict blocked_by;
};

/* Asks the store for what is spent, as limits_admit does: ADMITTED when it is known. */
struct limit_verdict limits_look(struct limits *, struct payer *, struct limit_wait *wait,
                                 struct limit_inbox *);
void limits_report(struct limits *, struct payer *, struct limit_report *out);

#endif
