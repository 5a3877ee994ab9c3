/* What a replay adds up, and how it is told. */
#ifndef CLI_TALLY_H
#define CLI_TALLY_H

#include "base/buf.h"
#include "base/map.h"
#include "llm.h"

enum { TALLY_NO_TIER = LLM_TIERS, TALLY_REFUSED, TALLY_OUTCOMES };

/* Sessions by how many requests they have. */
#define TALLY_LENGTHS(X)                                                                           \
	X(1, "1")                                                                                  \
	X(9, "2-9")                                                                                \
	X(99, "10-99")                                                                             \
	X(INT64_MAX, "100 and more")
#define X(most, name) +1
enum { TALLY_LENGTH_COUNT = 0 TALLY_LENGTHS(X) };
#undef X

/* One request: what came of it, and what would. */
struct tally_one {
	int was, now;    /* enum llm_tier or TALLY_... */
	bool is_changed; /* another tier or model */
	bool has_cost;   /* it is in the books */
	int64_t was_nusd, now_nusd;
	uint64_t conversation;
};

struct tally {
	int64_t requests, changed, priced, was_nusd, now_nusd;
	int64_t moved[TALLY_OUTCOMES][TALLY_OUTCOMES]; /* was, now */
	int64_t other_scorer; /* made from texts that the new scorer may read otherwise */
	int64_t fronts_cut;
	int64_t sampled, damaged;
	struct map sessions; /* conversation -> struct tally_session */
	struct arena arena;
};

void tally_init(struct tally *);
void tally_release(struct tally *);
void tally_add(struct tally *, const struct tally_one *);

void tally_put_json(struct buf *, const struct tally *, struct str was, struct str now);
void tally_put_page(struct buf *, const struct tally *, struct str was, struct str now);

const char *tally_outcome_name(int outcome);

#endif
