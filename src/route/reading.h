/* One text, read and weighed: canonical form, features, and what the trained tables say of it. */
#ifndef ROUTE_READING_H
#define ROUTE_READING_H

#include "route/scorer_file.h"

struct reading {
	struct canon canon;
	struct feature_set set;
	uint16_t ask[FEATURE_ROOM]; /* counts of what the user asks, not of what is pasted */
	bool is_ask_only;           /* canon, ask, steering and small_talk are all there is */
	uint8_t levels[FEATURE_COUNTERS];
	uint32_t doublings;  /* of the length: 16 x log2 of 16 and feature_set_work */
	uint32_t steering;   /* sentences about the choice of the model and boasts, left out */
	uint32_t small_talk; /* sentences left out beside real ones */
};

/* Large (40 KB): keep it on the stack of one function, not in a loop. */
void reading_read(const struct scorer *, const struct gather_source *, struct canon_limits,
                  struct reading *out);

/* For the ask alone, which is the same. */
void reading_read_ask(const struct scorer *, const struct gather_source *, struct canon_limits,
                      struct reading *out);

/* What the tables say before the curve, 1/65536. */
void reading_weigh(const struct scorer *, const struct reading *, int32_t out_z[SCORE_TIERS]);
/* The part of it that comes from hashed words alone. */
void reading_weigh_words(const struct scorer *, const struct reading *, int32_t out_z[SCORE_TIERS]);
/* What buckets of this text add to z where their weights sum up to `sum`. */
int32_t reading_words_part(const struct scorer *, const struct reading *, int64_t sum, int tier);

uint32_t reading_curve(const struct scorer_curve *, int32_t z); /* 1/65536 */

#endif
