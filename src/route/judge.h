/* A request in the router's words, judged by the scorer. */
#ifndef ROUTE_JUDGE_H
#define ROUTE_JUDGE_H

#include "base/arena.h"
#include "llm.h"
#include "route/score.h"

void judge_request(const struct llm_request *, const struct score_policy *, struct arena *,
                   struct score_result *out);

#endif
