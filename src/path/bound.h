/* What an attempt may cost at most, in nano-dollars (1e-9 USD). docs/ledger.md, "The bound", has
 * the formula and where its figures come from. */
#ifndef PATH_BOUND_H
#define PATH_BOUND_H

#include <stdint.h>

struct request;

/* What one reading of its input may be at most: as many tokens as bytes, but no more than fit into
 * the model. Or, closer: half as many again as were estimated; or, where they were counted exactly,
 * an eighth more than that, for what a provider puts around them; and of what is not counted a
 * share of its bytes. Or what no provider can bill with right, also where the configuration has a
 * window that is too small: the bytes, or where a document may have more pages than bytes tell, the
 * window; but to hold as much would leave little for others. */
enum bound_basis { BOUND_BY_BYTES, BOUND_BY_COUNT, BOUND_BY_WINDOW };

/* How far an attempt may go. */
struct bound_extent {
	int64_t output; /* tokens of its answer; 0: not bounded */
	int64_t each;   /* calls of each of the provider's tools */
};

/* What it may cost for that. */
struct bound_room {
	int64_t nusd;
	enum bound_basis basis;
};

/* Tokens that r->now may give: what the client asks for, but what its model or provider gives at
 * most. 0: neither says. */
int64_t bound_asked_output(const struct request *);

/* INT64_MAX: nothing bounds it. */
int64_t bound_nusd(const struct request *, enum bound_basis, struct bound_extent);
/* Above it a provider bills what cannot be. What is its standard service may be set at the provider
 * (OpenAI's `auto`, by project), and only its answer tells. INT64_MAX: nothing bounds it. */
int64_t bound_window_nusd(const struct request *, struct bound_extent);

/* Why nothing bounds it, or nothing that a ceiling could pay. Gives -1. */
int bound_refuse(struct request *);

/* The most of one part of *e, up to `highest`, whose bound is within the room; that of what the
 * part is now is. The part is set to it. */
int64_t bound_most_within(const struct request *, struct bound_room, struct bound_extent *e,
                          int64_t *part, int64_t highest);

#endif
