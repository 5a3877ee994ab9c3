/* A price version as JSON: integers only, rates in pico-dollars per token, calls in nano-dollars,
 * percentages in basis points.
 *
 *	{"unknown":false,"rows":[{"service":"standard","above":0,"input_pusd":250000, ...,
 *	                          "call_nusd":0,"search_nusd":0,"percent_bp":10000,
 *	                          "regional_bp":10000}]}
 *
 * `fluxrouter catalog show` prints it, the store keeps it (store/rates.h). Pure. */
#ifndef LEDGER_PRICE_TEXT_H
#define LEDGER_PRICE_TEXT_H

#include "base/json_read.h"
#include "base/json_write.h"
#include "ledger/price.h"

/* The members `unknown` and `rows` of an object that is open. */
void price_put_text(struct json_writer *, const struct price_version *);
/* Rows in the arena; the id is the hash of what was read. -1: it is none of ours. */
int price_read_text(struct str text, struct arena *, struct price_version *out) MUST_USE;

#endif
