/* Counting tokens for clients that plan ahead (Claude Code asks dozens of times in a row for its
 * context display). The count is our own estimate, the one that windows are judged by: it asks no
 * provider, costs nothing, and errs upwards, since a context that is thought too small is
 * compacted too early and one thought too large breaks. Called by request.c.
 *
 * https://docs.anthropic.com/en/api/messages-count-tokens */
#include "tokens.h"

#include "base/json_write.h"
#include "reply.h"
#include "route/policy.h"

static int count(struct request *r)
{
	struct alias alias;

	r->llm.is_counted_only = true;
	if (wire_dialect(LLM_MESSAGES)->read_request(&r->doc, r->arena, &r->llm, &r->fail) < 0)
		return -1;
	return catalog_resolve(r->config->catalog, r->llm.model, &alias, &r->fail);
}

void tokens_answer(struct request *r)
{
	struct json_writer w;
	struct buf body;

	if (count(r) < 0)
		return;
	buf_init(&body, 256);
	json_writer_init(&w, &body);
	json_open_object(&w);
	json_key_i64(&w, STR("input_tokens"), route_estimate_tokens(&r->llm));
	json_close_object(&w);
	reply_own(r, STR("application/json"), buf_str(&body));
	buf_release(&body);
}
