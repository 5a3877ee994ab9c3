/* Tools that the provider runs itself: which of a request's tools are such, what limits how often
 * they are called, and the edits that set a limit. Pure.
 *
 *	responses  max_tool_calls, over all of them
 *	           https://platform.openai.com/docs/api-reference/responses/create
 *	messages   max_uses of each tool, and for pages max_content_tokens; what has no max_uses
 *	           ends with the API's own rounds, 10 of them ("pause_turn"):
 *	           https://platform.claude.com/docs/en/agents-and-tools/tool-use/server-tools,
 *	           .../web-search-tool, .../web-fetch-tool
 *	chat       search_parameters.max_search_results of xAI; OpenAI's search models search once
 *	           for each request (web_search_options)
 *	           https://platform.openai.com/docs/guides/tools-web-search */
#ifndef WIRE_CALLS_H
#define WIRE_CALLS_H

#include "wire/edit.h"
#include "wire/field.h"

/* The limit that a request gets. */
struct wire_calls {
	bool is_set; /* else what the client said stays as it is */
	int64_t all; /* of all tools together */
	int64_t each;
};

/* The dialect's tools into r->provider_tools; `tools` may be none, and several lists may be read.
 */
void calls_read(const struct field_source *, struct llm_request *r, uint32_t tools);
/* What limits all of them, and what stands beside the tools. Behind the last calls_read. */
void calls_read_root(const struct field_source *, struct llm_request *r);

/* But for responses, of the first LIMIT_PROVIDER_TOOLS tools alone. */
void calls_edit(const struct llm_request *, const struct wire_calls *, struct arena *,
                struct wire_edits *);

#endif
