/* A decision told to people and programs: what POST /v1/route and `fluxrouter route` answer. */
#ifndef ROUTE_EXPLAIN_H
#define ROUTE_EXPLAIN_H

#include "base/json_write.h"
#include "route/policy.h"

/* The whole decision as one JSON value: model, tier and why, probabilities and evidence,
 * candidates, who was left out and why, token counts, and what the request would cost. */
void decision_put_json(struct json_writer *, const struct decision *, const struct catalog *,
                       const struct llm_request *);

#endif
