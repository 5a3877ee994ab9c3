/* Which of a decision's candidates is asked next, and when: their order is the decision's, health
 * only passes some over. */
#ifndef PATH_CANDIDATE_H
#define PATH_CANDIDATE_H

#include "path/request.h"

/* Makes the next one r->now.target, with its pass. -1: none may be asked; r->fail is that of the
 * attempt before, or NO_HEALTHY_TARGET. */
int candidate_choose(struct request *) MUST_USE;
/* Whether another may follow the attempts so far. */
bool candidate_may_follow(const struct request *);
/* Whether one is left that was not tried, well or not. */
bool candidate_is_left(const struct request *);

/* What the attempt says about its target; gives the pass back, once. */
void candidate_note(struct request *, enum entry_end);
/* Content has come. */
void candidate_note_answer(struct request *);

/* How long to wait before the chosen one is asked, in milliseconds: with jitter where it is at the
 * provider that failed before, else 0. */
int64_t candidate_backoff_ms(const struct request *, const struct target *failed);

#endif
