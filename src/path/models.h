/* GET /v1/models: exactly what this key may send as `model`, aliases first, then pinned, in
 * OpenAI's list format, or in Anthropic's for callers of that dialect. */
#ifndef PATH_MODELS_H
#define PATH_MODELS_H

struct request;

void models_answer_list(struct request *);
void models_answer_one(struct request *); /* of r->path_id; MODEL_NOT_FOUND */

#endif
