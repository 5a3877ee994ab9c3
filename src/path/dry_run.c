/* The decision as an answer. Called by request.c behind the step choose. */
#include "path/dry_run.h"

#include "path/reply.h"
#include "route/explain.h"

enum { DECISION_BYTES_MAX = 1024 * 1024 };

void dry_run_answer(struct request *r)
{
	struct json_writer w;
	struct buf body;

	buf_init(&body, DECISION_BYTES_MAX);
	json_writer_init(&w, &body);
	decision_put_json(&w, &r->decision, r->config->catalog, &r->llm);
	reply_own(r, STR("application/json"), buf_str(&body));
	buf_release(&body);
}
