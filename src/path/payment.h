/* The money of a request: who pays, what an attempt may cost at most and holds, what it came to.
 * What gate/limit.h is to a loop, said in terms of one request. docs/ledger.md has the bound. */
#ifndef PATH_PAYMENT_H
#define PATH_PAYMENT_H

#include "base/timer.h"
#include "gate/limit.h"
#include "llm.h"
#include "wire/calls.h"

struct request;

struct payment {
	struct payer *payer; /* a reference; NULL: not known yet */
	struct limit_wait wait;
	struct limit_hold hold;
	struct limit_pass pass;
	struct timer patience;
	int64_t bound_nusd;        /* of the attempt: what it may cost by the bytes of its body */
	int64_t window_nusd;       /* the same, by the window and the dearest service */
	int64_t max_output;        /* tokens that it may give; 0: not bounded */
	int64_t lowered;           /* the same where it must be written into the request; else 0 */
	int64_t each;              /* calls that each of the provider's tools may make */
	struct wire_calls calls;   /* what the request is told of them */
	bool is_limited_elsewhere; /* refused here, since nothing limits these calls */
	int64_t tokens;            /* of attempts that are settled */
	struct fail *refused;      /* of the first candidate; NULL: it was not */
	struct str tags;           /* of X-Flux-Tags */
};

enum payment_result { PAYMENT_HELD, PAYMENT_WAITS, PAYMENT_REFUSED };

/* Finds who pays for r->key. -1: not known here (yet). */
int payment_find(struct request *) MUST_USE;
/* X-Flux-Tags. f: INVALID_VALUE. */
int payment_read_tags(struct request *) MUST_USE;
/* Holds the worst case of r->now, whose target and deal are set; to be called again when the
 * request is resumed. REFUSED: r->fail says why. */
enum payment_result payment_hold(struct request *);
/* Asks the store how the ceilings of r's payer stand; to be called again when resumed. HELD: it is
 * known, or the store is away and what is known has to do. */
enum payment_result payment_look(struct request *);
/* Is a candidate's refusal a reason to look at the next one, which may be cheaper? */
bool payment_may_be_cheaper(const struct request *);
/* Tokens that all choices of this attempt may give together; 0: not bounded. */
int64_t payment_most_output(const struct request *);
/* What the attempt came to; 0 also where none was made. */
void payment_settle(struct request *, int64_t charge_nusd, const struct llm_usage *);
/* The request is over; harmless when repeated. */
void payment_end(struct request *);

#endif
