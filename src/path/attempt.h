/* One try at one target: held and opened in the journal before it goes out, closed with what it
 * came to after. */
#ifndef PATH_ATTEMPT_H
#define PATH_ATTEMPT_H

#include "path/request.h"

/* Holds the most that the current candidate may cost, or a cheaper one after it, and opens its
 * books. To be called again when resumed. f: 402, ceiling_busy, JOURNAL_UNAVAILABLE. */
enum request_result attempt_admit(struct request *);
/* Whether a long request is composed on another thread first, as more is to be done with it than to
 * pass it on; then attempt_compose is to be called when the request is resumed. */
bool attempt_composes_away(struct request *);
/* The bytes that will go out. -1: the request cannot be said in the dialect of this target. */
int attempt_compose(struct request *) MUST_USE;
void attempt_ask(struct request *);

/* A whole answer is there: reads and prices it. Its pieces borrow from the exchange. */
void attempt_read_answer(struct request *, struct attempt_answer *out);
/* Whether that is done on another thread, as it is long: then r->now.read is there when the request
 * is resumed. */
bool attempt_reads_away(struct request *);

int64_t attempt_charge_so_far(const struct request *);    /* of all attempts, by usage known now */
void attempt_warn(struct request *, struct str sentence); /* for X-Flux-Warnings; empty: nothing */

/* Closes the books: exactly once per attempt, harmless without one. */
void attempt_settle(struct request *, enum entry_end);
/* The same for one that failed before any content: r->fail says how; gives true when another
 * candidate may be tried. */
bool attempt_gave_up(struct request *);
/* Encrypted thinking means nothing to this attempt's target: another organisation's made it. */
bool attempt_leaves_thinking(const struct request *);
/* The provider refused the encrypted thinking that it was sent: the books of the attempt are
 * closed, and the same target is to be asked once without it. */
bool attempt_may_leave_thinking(struct request *);
/* The same for one that could not be composed, or proven: nothing went out. */
bool attempt_was_not_asked(struct request *, const char *why);

#endif
