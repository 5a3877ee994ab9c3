/* What a usage costs. Integers only: prices in pico-dollars per token (1 USD per 1M tokens =
 * 1,000,000 pUSD per token), amounts in nano-dollars, rounded once, half up, over the whole
 * request. */
#ifndef LEDGER_PRICE_H
#define LEDGER_PRICE_H

#include "llm.h"

/* Every rate is filled in: a rate that the catalog does not name is what the provider charges
 * instead (audio and cached tokens without a rate of their own are charged as input or output),
 * never 0 for "unknown". */
struct price {
	int64_t input_pusd;
	int64_t cache_read_pusd;
	int64_t cache_write_5m_pusd;
	int64_t cache_write_1h_pusd;
	int64_t output_pusd; /* reasoning tokens are part of output and pay this */
	int64_t audio_input_pusd;
	int64_t audio_output_pusd;
	int64_t call_nusd; /* per provider-side tool call */
	uint32_t
	    version; /* names this row in the ledger: first 32 bits of a hash of all the above */
};

/* -1: the amount does not fit (cannot happen with tokens and prices inside config's limits). */
int price_cost_nusd(const struct price *, const struct llm_usage *, int64_t *out_nusd) MUST_USE;

/* The most that a request could cost: all of `body_bytes` as input tokens at the dearest input or
 * cache-write rate, plus overhead per message and tool, plus choices x max_output. docs/ledger.md
 * has the formula. */
struct price_bound {
	int64_t body_bytes;
	int64_t messages;
	int64_t tools;
	int64_t pictures; /* by address or id; those inside the body are covered by its bytes */
	int64_t choices;
	int64_t max_output;
	int64_t calls; /* provider-side tool calls that are allowed */
};
int price_bound_nusd(const struct price *, const struct price_bound *, int64_t *out_nusd) MUST_USE;
void price_set_version(struct price *);

#endif
