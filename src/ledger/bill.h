/* What a provider says it was used for: its own export, as a table of days and models.
 *
 *	openai-usage      start_time, model, input_tokens (cached ones included),
 *	                  input_cached_tokens, output_tokens, num_model_requests
 *	openai-cost       start_time, amount_value (USD, any number of digits), line_item
 *	                  ("gpt-5-mini, input"; empty when not grouped by it)
 *	anthropic-usage   usage_date_utc, model_version, usage_input_tokens_no_cache,
 *	                  usage_input_tokens_cache_read, _cache_write_5m, _cache_write_1h,
 *	                  usage_output_tokens
 *	anthropic-cost    usage_date_utc, model ("Claude Sonnet 4.5"), cost_usd
 *
 * They are what the export buttons of the two consoles give, in 2026; columns are found by name, in
 * any order, and others are left alone. Pure. */
#ifndef LEDGER_BILL_H
#define LEDGER_BILL_H

#include "fail.h"

#define BILL_FIGURES(X)                                                                            \
	X(REQUESTS, "requests")                                                                    \
	X(INPUT, "input tokens")                                                                   \
	X(CACHE_READ, "cache read tokens")                                                         \
	X(CACHE_WRITE, "cache write tokens")                                                       \
	X(OUTPUT, "output tokens")                                                                 \
	X(COST, "cost") /* pico-dollars: 1 USD = 10^12 */

enum bill_figure {
#define X(name, text) BILL_##name,
	BILL_FIGURES(X)
#undef X
	    BILL_FIGURE_COUNT
};

const char *bill_figure_name(enum bill_figure);

struct bill_row {
	int64_t day;      /* since 1970-01-01, UTC */
	struct str model; /* as bill_model_name makes it; empty: the export tells none */
	int64_t figures[BILL_FIGURE_COUNT];
};

struct bill {
	const char *shape;     /* "openai-usage", ... */
	struct str provider;   /* whose: openai or anthropic */
	unsigned knows;        /* 1 << enum bill_figure: what it tells */
	struct bill_row *rows; /* by day, then model; arena */
	int count;
	int64_t first_day, last_day; /* that it speaks of; also days on which nothing was used */
};

enum { BILL_BYTES_MAX = 256 * 1024 * 1024, BILL_ROWS_MAX = 1000 * 1000 };

/* f: INVALID_VALUE, names line and column. */
int bill_read(struct str text, struct arena *, struct bill *out, struct fail *) MUST_USE;

/* One spelling for names of the same model: lower case, '-' for blanks and dots, without what
 * stands before the last '/', without a date at the end (-20250514, -2025-08-07), without
 * "-latest". Arena. */
struct str bill_model_name(struct str name, struct arena *);

/* US dollars as a decimal number, digits behind the twelfth dropped; also 1.5e-05. -1: no such
 * number, or beyond what 63 bits hold. */
int bill_read_pusd(struct str text, int64_t *out_pusd) MUST_USE;

/* By day, then model. */
int bill_compare_rows(const void *left, const void *right);
/* Sorts, and makes one row of those of the same day and model. Gives how many are left, -1 where
 * a figure passes 63 bits. */
int bill_gather(struct bill_row *rows, int count);

#endif
