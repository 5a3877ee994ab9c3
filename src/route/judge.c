/* Translates struct llm_request, which borrows from the request's body, into struct score_request.
 * The texts of the turns are the insides of JSON strings: the scorer reads escapes itself. Pure but
 * for the arena; called once per request for flux-auto. */
#include "route/judge.h"

static enum score_role role_of(enum llm_role role)
{
	static const enum score_role roles[] = {[LLM_SYSTEM] = SCORE_SYSTEM,
	                                        [LLM_USER] = SCORE_USER,
	                                        [LLM_ASSISTANT] = SCORE_ASSISTANT,
	                                        [LLM_TOOL] = SCORE_TOOL_RESULT};

	return roles[role];
}

static enum score_effort effort_of(enum llm_effort effort)
{
	static const enum score_effort efforts[] = {
	    [LLM_EFFORT_UNSET] = SCORE_EFFORT_UNSET, [LLM_EFFORT_NONE] = SCORE_EFFORT_NONE,
	    [LLM_EFFORT_LOW] = SCORE_EFFORT_LOW,     [LLM_EFFORT_MEDIUM] = SCORE_EFFORT_MEDIUM,
	    [LLM_EFFORT_HIGH] = SCORE_EFFORT_HIGH,   [LLM_EFFORT_XHIGH] = SCORE_EFFORT_XHIGH};

	return efforts[effort];
}

static size_t count_of(int count)
{
	return count > 0 ? (size_t)count : 0;
}

static struct score_turn *turns_of(const struct llm_request *r, struct arena *arena)
{
	struct score_turn *turns = ARENA_ARRAY(arena, struct score_turn, count_of(r->turn_count));

	for (int i = 0; i < r->turn_count; i++)
		turns[i] = (struct score_turn){
		    .role = role_of(r->turns[i].role),
		    .parts = r->turns[i].texts,
		    .part_count = count_of(r->turns[i].text_count),
		    .is_escaped = true,
		    .is_error = r->turns[i].is_error,
		    .tool_calls = (uint32_t)r->turns[i].tool_calls,
		    .calls_hash = r->turns[i].calls_hash,
		};
	return turns;
}

void judge_request(const struct judging *j, const struct llm_request *r, struct score_result *out)
{
	struct score_request request = {
	    .turns = turns_of(r, j->arena),
	    .turn_count = count_of(r->turn_count),
	    .tool_names = r->tool_names,
	    .tool_count = count_of(r->tools),
	    .tool_schema_bytes = (size_t)r->tool_bytes,
	    .image_count = count_of(r->images),
	    .audio_count = count_of(r->audios),
	    .file_count = count_of(r->files),
	    .answer_schema_bytes = (size_t)r->schema_bytes,
	    .effort = effort_of(r->effort),
	    .thinking_tokens = r->thinking_budget,
	    .max_output_tokens = r->max_output,
	    .answer_count = r->choices,
	    .stop_count = count_of(r->stops),
	    .has_logprobs = r->logprobs,
	    .has_tool_choice = r->forces_tool,
	    .is_completion = r->is_autocomplete,
	    .is_stream = r->stream,
	};

	if (j->explains)
		score_explain(&request, j->policy, out);
	else
		score_decide(&request, j->policy, out);
}
