/* One line of the books: an attempt to serve a request, what it used and what it came to. Amounts
 * are nano-dollars, times milliseconds of the calendar, tokens as in llm_usage. */
#ifndef STORE_ENTRY_H
#define STORE_ENTRY_H

#include "llm.h"

/* How an attempt ended. The names stand in the store and in reports, the numbers in the journal:
 * new rows go to the end. */
#define ENTRY_ENDS(X)                                                                              \
	X(OK, "ok")                                                                                \
	X(CLIENT_GONE, "client_gone")                                                              \
	X(PROVIDER_FAILED, "provider_failed")                                                      \
	X(BROKEN, "broken")                                                                        \
	X(TIMEOUT, "timeout")                                                                      \
	X(REJECTED, "rejected")                                                                    \
	X(LOST, "lost")

enum entry_end {
#define X(name, text) ENTRY_##name,
	ENTRY_ENDS(X)
#undef X
	    ENTRY_END_COUNT
};

const char *entry_end_name(enum entry_end);                      /* client_gone */
int entry_end_of(struct str name, enum entry_end *out) MUST_USE; /* -1: none of ours */

/* One attempt in the books. Texts are names of the catalog, at most 63 bytes each; longer ones
 * are cut. */
struct entry {
	uint8_t request_id[16]; /* UUIDv7 */
	uint16_t attempt;       /* 1.. */
	int64_t account_id;
	int64_t key_id;
	int64_t team_id; /* 0: none, as user_id */
	int64_t user_id;
	int64_t opened_ms; /* wall */
	int64_t closed_ms; /* 0 while open */
	int64_t held_nusd;
	int64_t cost_nusd;
	int64_t charge_nusd;
	struct llm_usage usage;
	struct str model;
	struct str provider;
	struct str tags;         /* of X-Flux-Tags */
	uint32_t price_version;  /* price_version.id by which cost was computed */
	uint32_t charge_version; /* price_deal.charge_id by which charge was */
	bool is_unpriced;        /* no price was known of some of it: the amounts lack that */
	enum llm_dialect dialect;
	enum llm_tier tier; /* only when routed by tier */
	uint8_t lane;       /* 0 express, 1 daily, 2 deep */
	bool has_tier;
	bool stream;
	enum entry_end end;
	uint16_t status; /* HTTP status that the client got */
	uint32_t duration_ms;
	uint32_t first_byte_ms;
};

/* In every field that the books have. */
bool entry_is_same(const struct entry *, const struct entry *);

#endif
