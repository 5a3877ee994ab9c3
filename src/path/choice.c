/* Called by counting.c and tokens.c. What the pool's thread touches is the request, its arena and
 * its configuration (away.h). */
#include "path/choice.h"

#include "path/away.h"
#include "path/wish.h"

static void decide(struct request *r)
{
	r->has_chosen = true;
	r->has_choice =
	    route_decide(r->config->catalog, &r->llm, &r->wish, &r->decision, &r->fail) == 0;
}

enum choice_result choice_make(struct request *r, int64_t counted_tokens)
{
	if (!r->has_chosen) {
		wish_read(r, &r->wish);
		r->wish.counted_tokens = counted_tokens;
		if (away_is_worth_it(r)) {
			away_go(r, decide);
			return CHOICE_WAITS;
		}
		decide(r);
	}
	r->has_chosen = false; /* who asks again has counted meanwhile */
	return r->has_choice ? CHOICE_MADE : CHOICE_NONE;
}
