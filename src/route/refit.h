/* Fits the weights of facts (route/structure.h) to requests of which somebody says which tier they
 * should have had. The words' weights stay as they are.
 *
 * Integers only and in a fixed order: the same rows give the same weights on every machine. */
#ifndef ROUTE_REFIT_H
#define ROUTE_REFIT_H

#include "route/scorer_file.h"

struct refit_row {
	struct score_gist gist; /* made with a scorer of the same words */
	enum score_tier should_be;
	bool is_apart; /* kept apart: measured by, never fitted to */
};

struct refit {
	const struct scorer *scorer; /* to begin with */
	struct score_policy policy;  /* prices and quality; its bounds should bind nothing */
	const struct refit_row *rows;
	int count;
	int16_t structure[STRUCTURE_FACTS][SCORE_TIERS]; /* the result */
};

/* Fits. Takes about a second for 1,000 rows. */
void refit_run(struct refit *);

/* How well weights decide about the rows: fitted ones, or those kept apart. */
struct refit_figures {
	int rows, right;
	int too_low, too_high; /* of the others */
};
struct refit_figures refit_measure(const struct refit *,
                                   const int16_t structure[STRUCTURE_FACTS][SCORE_TIERS],
                                   bool apart);

#endif
