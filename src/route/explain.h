/* A decision told to people and programs: what POST /v1/route and `fluxrouter route` answer. */
#ifndef ROUTE_EXPLAIN_H
#define ROUTE_EXPLAIN_H

#include "base/json_write.h"
#include "route/policy.h"

/* What the request would cost with that model, its answer being as long as asked for or a usual
 * one; and the most it could cost at that target, what a ceiling would hold (-1: nothing bounds the
 * answer). */
int64_t decision_estimate_nusd(const struct decision *, const struct model *,
                               const struct llm_request *);
int64_t decision_most_nusd(const struct target *, const struct llm_request *);

/* "counter", "fact", "length" or "words". */
const char *decision_evidence_kind(enum score_evidence_kind);

/* The whole decision as one JSON value: model, tier and why, probabilities and evidence,
 * candidates, who was left out and why, token counts, and what the request would cost. */
void decision_put_json(struct json_writer *, const struct decision *, const struct catalog *,
                       const struct llm_request *);

#endif
