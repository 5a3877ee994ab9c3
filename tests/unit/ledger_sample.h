/* Entries for the ledger's tests: entry number n, always the same, told apart by its request id. */
#ifndef TESTS_UNIT_LEDGER_SAMPLE_H
#define TESTS_UNIT_LEDGER_SAMPLE_H

#include "store/entry.h"

__attribute__((unused)) static struct entry sample_entry(int64_t n)
{
	static const struct str models[] = {STR_INIT("gpt-5-mini"), STR_INIT("gpt-5"),
	                                    STR_INIT("claude-haiku-4-5")};
	static const struct str tags[] = {STR_INIT(""), STR_INIT("team=search,env=prod"),
	                                  STR_INIT("nightly")};
	struct entry e = {.attempt = 1,
	                  .account_id = 1 + n % 3,
	                  .key_id = 1 + n % 5,
	                  .team_id = n % 4 ? 1 + n % 2 : 0,
	                  .user_id = n % 3,
	                  .opened_ms = 1764000000000 + n,
	                  .closed_ms = 1764000000500 + n,
	                  .held_nusd = 900000 + n,
	                  .cost_nusd = 1000 + n,
	                  .charge_nusd = 2000 + n,
	                  .usage = {n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, LLM_SERVICE_FLEX,
	                            .is_regional = true, .reported = true},
	                  .model = models[n % 3],
	                  .tags = tags[n / 2 % 3],
	                  .provider = n % 2 ? STR("openai") : STR("anthropic"),
	                  .price_version = 0xfedcba98u,
	                  .charge_version = 0xfedcba99u,
	                  .is_unpriced = n % 7 == 0,
	                  .dialect = (enum llm_dialect)(n % LLM_DIALECTS),
	                  .tier = n % 2 ? (enum llm_tier)(n % LLM_TIERS) : LLM_FAST,
	                  .lane = (uint8_t)(n % 3),
	                  .has_tier = n % 2,
	                  .stream = n % 4 == 0,
	                  .end = ENTRY_OK,
	                  .status = 200,
	                  .duration_ms = 1234,
	                  .first_byte_ms = 56};

	for (int i = 0; i < 8; i++)
		e.request_id[15 - i] = (uint8_t)((uint64_t)n >> 8 * i);
	return e;
}

/* What its open record says: an estimate of the input alone. */
__attribute__((unused)) static struct entry sample_open(int64_t n)
{
	struct entry e = sample_entry(n);

	e.closed_ms = 0;
	e.cost_nusd = 10 + n;
	e.charge_nusd = 20 + n;
	e.usage = (struct llm_usage){.input = n};
	e.status = 0;
	e.duration_ms = e.first_byte_ms = 0;
	return e;
}

/* What it becomes when its close never came. */
__attribute__((unused)) static struct entry sample_lost(int64_t n)
{
	struct entry e = sample_open(n);

	e.closed_ms = e.opened_ms;
	e.end = ENTRY_LOST;
	return e;
}

__attribute__((unused)) static int64_t sample_number(const struct entry *e)
{
	uint64_t n = 0;

	for (int i = 0; i < 8; i++)
		n |= (uint64_t)e->request_id[15 - i] << 8 * i;
	return (int64_t)n;
}

#endif
