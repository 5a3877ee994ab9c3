/* What a new store has from the start: plans to begin with, and the first account's terms. Names
 * and terms (gate/terms.h has the table); docs/operations.md tells what they are for. */
#ifndef STORE_SAMPLES_H
#define STORE_SAMPLES_H

#define STORE_PLAN_SAMPLES(X)                                                                      \
	X("free", "{\"allowance_usd\":5,\"rpm\":20,\"tpm\":200000,\"concurrency\":4}")             \
	X("payg", "{\"month_usd\":100,\"hour_usd\":20,\"rpm\":300,\"concurrency\":32}")            \
	X("builder", "{\"included_usd\":50,\"overage\":false,\"rpm\":600,\"concurrency\":64}")     \
	X("scale", "{\"month_usd\":5000,\"hour_usd\":500,\"included_usd\":500,\"overage\":true,"   \
	           "\"rps\":100,\"concurrency\":1000}")

/* Account 1 has no plan. */
#define STORE_FIRST_ACCOUNT_TERMS "{\"month_usd\":20}"

#endif
