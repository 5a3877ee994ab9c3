/* A request in the router's words, judged by the scorer. */
#ifndef ROUTE_JUDGE_H
#define ROUTE_JUDGE_H

#include "base/arena.h"
#include "llm.h"
#include "route/score.h"

/* `explains`: the evidence also names the words that weighed most, which are the client's own. */
struct judging {
	const struct score_policy *policy;
	bool explains;
	struct arena *arena;
};
void judge_request(const struct judging *, const struct llm_request *, struct score_result *out);

#endif
