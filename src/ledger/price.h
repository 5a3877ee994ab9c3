/* What a usage costs, and what the account pays for it. Integers only: rates in pico-dollars per
 * token (1 USD per 1M tokens = 1,000,000 pUSD per token), amounts in nano-dollars, percentages in
 * basis points (10,000 = 100 %), each amount rounded once, half up, over the whole attempt.
 *
 *	price_set       all that a model's price was and will be: versions, each from a day on
 *	price_version   in force at one time: rows; what an entry names
 *	price           a row: the rates of one service beyond one length of input
 *	price_terms     what an account pays instead of the cost
 *	price_deal      all that prices one attempt, found when it opens
 *
 * docs/ledger.md, "Prices", has the formulas. Pure. */
#ifndef LEDGER_PRICE_H
#define LEDGER_PRICE_H

#include "llm.h"

/* X(rate, the rate that is charged where the catalog does not name this one). */
#define PRICE_RATES(X)                                                                             \
	X(input, input)                                                                            \
	X(cache_read, input)                                                                       \
	X(cache_write_5m, input)                                                                   \
	X(cache_write_1h, cache_write_5m)                                                          \
	X(output, output)                                                                          \
	X(reasoning, output)                                                                       \
	X(audio_input, input)                                                                      \
	X(audio_output, output)                                                                    \
	X(image_input, input)                                                                      \
	X(image_output, output)

enum { PRICE_WHOLE_BP = 10000, PRICE_PERCENT_MAX_BP = 1000 * 1000 };

/* Every rate is filled in, never 0 for "unknown". */
struct price {
	enum llm_service service;
	int64_t above_tokens; /* for requests with more input, cached included, than that */
#define X(rate, fallback) int64_t rate##_pusd;
	PRICE_RATES(X)
#undef X
	int64_t call_nusd;   /* per provider-side tool call */
	int64_t search_nusd; /* per web search of the provider */
	int64_t percent_bp;  /* of the token rates is charged */
	int64_t regional_bp; /* of that, where the provider served in a region that was asked for */
};

struct price_version {
	uint32_t id;        /* names it in the ledger: 32 bits of a hash of all rates; never 0 */
	bool is_unknown;    /* served all the same: amounts are 0 and flagged */
	int64_t from_ms;    /* wall; what is before all versions is priced by the first */
	struct str as_of;   /* YYYY-MM-DD: when somebody looked; empty: not told */
	int64_t as_of_s;    /* the same, Unix seconds; 0 */
	struct price *rows; /* the first: standard, from the first token on */
	int row_count;
};

struct price_set {
	struct price_version *versions; /* by from_ms, which differ */
	int count;                      /* at least 1 */
};

/* What an account pays: percent of its own prices where it has some, else of the cost's. */
struct price_terms {
	const struct price_set *own; /* NULL: the model's */
	int64_t markup_bp;           /* 10,000: as it is; 12,000: a fifth more; 0: nothing */
};

struct price_deal {
	const struct price_version *cost, *charge;
	int64_t markup_bp;
	uint32_t charge_id; /* names charge and mark-up; the cost's id where nothing differs */
};

struct price_amounts {
	int64_t cost_nusd;
	int64_t charge_nusd;
	bool is_unknown; /* some of it has no price here: a flagged entry */
};

/* The version in force then. */
const struct price_version *price_at(const struct price_set *, int64_t wall_ms);
/* The row that prices so much input, cached and written included; NULL: that service has none. */
const struct price *price_row(const struct price_version *, enum llm_service, int64_t input_tokens);

/* terms NULL: the account pays the cost. opened_ms: wall, when the attempt opened. Borrows. */
struct price_deal price_deal_of(const struct price_set *, const struct price_terms *,
                                int64_t opened_ms);

/* -1: the amount does not fit (cannot happen with tokens and prices inside config's limits). */
int price_amounts_of(const struct price_deal *, const struct llm_usage *,
                     struct price_amounts *out) MUST_USE;
/* By one row. */
int price_cost_nusd(const struct price *, const struct llm_usage *, int64_t *out_nusd) MUST_USE;

/* The most that the account could be charged for an attempt, by the dearest row that may apply:
 * of the standard service and of the one that is asked for, of every step that so many bytes may
 * reach. docs/ledger.md has the formula. */
struct price_bound {
	int64_t input_tokens; /* of one reading, at most */
	int64_t messages;
	int64_t tools;
	int64_t pictures;
	int64_t choices;
	int64_t max_output;
	int64_t calls;        /* provider-side tool calls that are allowed, searches included */
	int64_t found_tokens; /* that each of them may find */
	int64_t
	    again_tokens; /* that are read again after each; 0: nothing is, nor what was found */
	enum llm_service service;
};
/* -1: nothing bounds it: its price is not known, or it does not fit. */
int price_bound_nusd(const struct price_deal *, const struct price_bound *,
                     int64_t *out_nusd) MUST_USE;

/* Does it have a price for calls or searches? */
bool price_has_calls(const struct price_version *);

void price_set_id(struct price_version *);

#endif
