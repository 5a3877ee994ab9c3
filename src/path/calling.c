/* What becomes of the request's tools at a target:
 *
 *	the client's dialect   all of them, as they stand
 *	another one            searches of the web alone; the translation refuses the others
 *	chat, from another     none: it has no word for them
 *	gemini, from another   searches, which nothing limits: left out under a ceiling
 *
 * Called by payment.c and translation.c; pure. */
#include "path/calling.h"

#include "limits.h"
#include "path/request.h"
#include "provider/provider.h"

static const struct config_provider *provider_of(const struct request *r)
{
	return r->now.target->config->provider;
}

static bool is_translated(const struct request *r)
{
	return r->now.dialect != r->llm.dialect;
}

static bool goes_there(const struct request *r, const struct llm_provider_tool *tool)
{
	return !is_translated(r) ||
	       (tool->end == LLM_ENDS_SEARCH &&
	        (r->now.dialect == LLM_RESPONSES || r->now.dialect == LLM_MESSAGES));
}

bool calling_leaves_searches(const struct request *r)
{
	return is_translated(r) && r->now.dialect == LLM_GEMINI;
}

/* A server that charges no calls has no tools of its own, or does not mind. */
static bool is_limited_there(const struct request *r, int index)
{
	const struct price_deal *deal = &r->now.deal;

	switch (r->now.dialect) {
	case LLM_RESPONSES:
		return provider_limits_calls(provider_of(r)) ||
		       !(price_has_calls(deal->cost) || price_has_calls(deal->charge));
	case LLM_CHAT:
		return r->llm.provider_tools[index].end != LLM_ENDS_SEARCH ||
		       provider_searches_once(provider_of(r));
	default:
		return index < LIMIT_PROVIDER_TOOLS;
	}
}

static int refuse(struct request *r, const struct llm_provider_tool *tool)
{
	struct str path = json_path(&r->doc, tool->node, r->arena);

	if (tool->end == LLM_ENDS_NOBODY)
		return fail_at(&r->fail, FAIL_UNSUPPORTED_CONTENT, path,
		               "what the provider's tool at %.*s costs cannot be limited, and a "
		               "ceiling is set; send the request without it, or with the key of an "
		               "account that has no ceiling",
		               STR_ARG(path));
	r->pay.is_limited_elsewhere = true;
	return fail_at(&r->fail, FAIL_UNSUPPORTED_CONTENT, path,
	               "how often %.*s calls the provider's tool at %.*s cannot be limited, and a "
	               "ceiling is set; send the request without it, ask for a model whose "
	               "provider takes a limit, or have an operator say `kind: openai` of a "
	               "provider that heeds max_tool_calls",
	               STR_ARG(r->now.target->model->config->name), STR_ARG(path));
}

int calling_check(struct request *r)
{
	for (int i = 0; i < r->llm.provider_tool_count; i++) {
		const struct llm_provider_tool *tool = &r->llm.provider_tools[i];

		if (goes_there(r, tool) &&
		    (tool->end == LLM_ENDS_NOBODY || !is_limited_there(r, i)))
			return refuse(r, tool);
	}
	return 0;
}

static bool any_goes_there(const struct request *r)
{
	bool any = false;

	for (int i = 0; i < r->llm.provider_tool_count; i++)
		any = any || goes_there(r, &r->llm.provider_tools[i]);
	return any;
}

int64_t calling_most(const struct request *r, int64_t each)
{
	return any_goes_there(r) ? llm_most_calls(&r->llm, each) : 0;
}

bool calling_reads_again(const struct request *r)
{
	return r->now.dialect != LLM_CHAT;
}

/* Where the dialect is another one, the client's limit has to be said anew. */
struct wire_calls calling_limit(const struct request *r, int64_t each, bool is_limited)
{
	return (struct wire_calls){
	    .is_set = any_goes_there(r) &&
	              (is_limited || (is_translated(r) && llm_limits_calls(&r->llm))),
	    .all = llm_most_calls(&r->llm, each),
	    .each = each};
}
