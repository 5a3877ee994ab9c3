/* An exact count of a request's input, where its model's vocabulary is known and installed. Long
 * ones are counted on a thread of the pool. */
#ifndef PATH_COUNTING_H
#define PATH_COUNTING_H

#include "path/choice.h"

/* True when it is known; false: the request is resumed when it is, and asks again. Where there is
 * no vocabulary it is an estimate. One model a request: what was counted first is the answer. */
bool counting_ask(struct request *, struct str model, int64_t *out_tokens) MUST_USE;
/* Its vocabulary is known and there: the count would be exact. */
bool counting_would_be_exact(struct str model);

/* What was counted exactly so far; 0: nothing. */
int64_t counting_exact(const struct request *);
/* choice_make, and once more by the exact count where the estimate fits no window. */
enum choice_result counting_choose(struct request *) MUST_USE;
void counting_release(struct request *);

#endif
