/* OpenAI responses. A stream carries the life of one output item:
 *
 *   created, in_progress, output_item.added,
 *     text: content_part.added, output_text.delta per word, output_text.done, content_part.done
 *     tool: function_call_arguments.delta, function_call_arguments.done
 *   output_item.done, completed
 *
 * each with the next sequence_number.
 * https://platform.openai.com/docs/api-reference/responses-streaming */
#include "reply.h"

#define TEXT_ITEM "msg_scripted%04d"
#define TOOL_ITEM "fc_scripted%04d"
#define AT_ITEM(item) "\"item_id\":\"" item "\",\"output_index\":0"
#define AT_PART AT_ITEM(TEXT_ITEM) ",\"content_index\":0"

static struct str part_of(struct reply *r, struct str text)
{
	return arena_printf(
	    r->arena, "{\"type\":\"output_text\",\"text\":%.*s,\"annotations\":[],\"logprobs\":[]}",
	    STR_ARG(text));
}

static struct str item_of(struct reply *r, const struct asked *a, bool finished)
{
	const char *status = finished ? "completed" : "in_progress";
	struct str part = finished ? part_of(r, a->say) : STR("");

	if (a->tool_name.len == 0)
		return arena_printf(r->arena,
		                    "{\"id\":\"" TEXT_ITEM
		                    "\",\"type\":\"message\",\"status\":\"%s\","
		                    "\"role\":\"assistant\",\"content\":[%.*s]}",
		                    a->number, status, STR_ARG(part));
	struct str input = finished ? a->tool_input : STR("\"\"");

	return arena_printf(r->arena,
	                    "{\"id\":\"" TOOL_ITEM "\",\"type\":\"%s\",\"status\":\"%s\","
	                    "\"call_id\":\"call_scripted%04d\",\"name\":%.*s,\"%s\":%.*s}",
	                    a->number, a->is_custom ? "custom_tool_call" : "function_call", status,
	                    a->number, STR_ARG(a->tool_name), a->is_custom ? "input" : "arguments",
	                    STR_ARG(input));
}

static struct str usage_of(struct reply *r, const struct asked *a)
{
	const int64_t *u = a->usage;

	return arena_printf(r->arena,
	                    "{\"input_tokens\":%" PRId64
	                    ",\"input_tokens_details\":{\"cached_tokens\":%" PRId64
	                    "},\"output_tokens\":%" PRId64
	                    ",\"output_tokens_details\":{\"reasoning_tokens\":%" PRId64
	                    "},\"total_tokens\":%" PRId64 "}",
	                    u[USAGE_INPUT], u[USAGE_CACHED], u[USAGE_OUTPUT], u[USAGE_REASONING],
	                    u[USAGE_INPUT] + u[USAGE_OUTPUT]);
}

static struct str response_of(struct reply *r, const struct asked *a, bool finished)
{
	struct str item = finished ? item_of(r, a, true) : STR("");
	struct str usage = finished ? usage_of(r, a) : STR("null");

	return arena_printf(
	    r->arena,
	    "{\"id\":\"resp_scripted%04d\",\"object\":\"response\",\"created_at\":1700000000,"
	    "\"completed_at\":%s,\"status\":\"%s\",\"background\":false,\"error\":null,"
	    "\"incomplete_details\":null,\"instructions\":null,\"max_output_tokens\":null,"
	    "\"max_tool_calls\":null,\"model\":%.*s,\"output\":[%.*s],\"parallel_tool_calls\":true,"
	    "\"presence_penalty\":0,\"frequency_penalty\":0,\"previous_response_id\":null,"
	    "\"prompt_cache_key\":null,\"reasoning\":{\"effort\":null,\"summary\":null},"
	    "\"safety_identifier\":null,\"service_tier\":\"default\",\"store\":false,"
	    "\"temperature\":1,\"text\":{\"format\":{\"type\":\"text\"},\"verbosity\":\"medium\"},"
	    "\"tool_choice\":\"auto\",\"tools\":[],\"top_logprobs\":0,\"top_p\":1,"
	    "\"truncation\":\"disabled\",\"usage\":%.*s,\"user\":null,\"metadata\":{}}",
	    a->number, finished ? "1700000001" : "null", finished ? "completed" : "in_progress",
	    STR_ARG(a->model), STR_ARG(item), STR_ARG(usage));
}

void responses_whole(struct reply *r, const struct asked *a)
{
	struct str response = response_of(r, a, true);

	reply_json(r, response);
}

static void step(struct reply *r, int *number, const char *type, struct str members)
{
	REPLY_EVENT(r, type, "{\"type\":\"%s\",\"sequence_number\":%d,%.*s}", type, (*number)++,
	            STR_ARG(members));
}

static void stream_text(struct reply *r, const struct asked *a, int *number)
{
	struct str empty = part_of(r, STR("\"\""));
	struct str full = part_of(r, a->say);

	step(r, number, "response.content_part.added",
	     arena_printf(r->arena, AT_PART ",\"part\":%.*s", a->number, STR_ARG(empty)));
	for (size_t i = 0; i < a->word_count; i++)
		step(r, number, "response.output_text.delta",
		     arena_printf(r->arena, AT_PART ",\"delta\":%.*s,\"logprobs\":[]", a->number,
		                  STR_ARG(a->words[i])));
	step(r, number, "response.output_text.done",
	     arena_printf(r->arena, AT_PART ",\"text\":%.*s,\"logprobs\":[]", a->number,
	                  STR_ARG(a->say)));
	step(r, number, "response.content_part.done",
	     arena_printf(r->arena, AT_PART ",\"part\":%.*s", a->number, STR_ARG(full)));
}

static void stream_custom(struct reply *r, const struct asked *a, int *number)
{
	step(r, number, "response.custom_tool_call_input.delta",
	     arena_printf(r->arena, AT_ITEM(TOOL_ITEM) ",\"delta\":%.*s", a->number,
	                  STR_ARG(a->tool_input)));
	step(r, number, "response.custom_tool_call_input.done",
	     arena_printf(r->arena, AT_ITEM(TOOL_ITEM) ",\"input\":%.*s", a->number,
	                  STR_ARG(a->tool_input)));
}

static void stream_tool(struct reply *r, const struct asked *a, int *number)
{
	step(r, number, "response.function_call_arguments.delta",
	     arena_printf(r->arena, AT_ITEM(TOOL_ITEM) ",\"delta\":%.*s", a->number,
	                  STR_ARG(a->tool_input)));
	step(r, number, "response.function_call_arguments.done",
	     arena_printf(r->arena, AT_ITEM(TOOL_ITEM) ",\"name\":%.*s,\"arguments\":%.*s",
	                  a->number, STR_ARG(a->tool_name), STR_ARG(a->tool_input)));
}

static struct str named(struct reply *r, const char *name, struct str value)
{
	return arena_printf(r->arena, "%s:%.*s", name, STR_ARG(value));
}

void responses_stream(struct reply *r, const struct asked *a)
{
	struct str begun = named(r, "\"response\"", response_of(r, a, false));
	int number = 0;

	step(r, &number, "response.created", begun);
	step(r, &number, "response.in_progress", begun);
	step(r, &number, "response.output_item.added",
	     named(r, "\"output_index\":0,\"item\"", item_of(r, a, false)));
	if (a->tool_name.len > 0)
		(a->is_custom ? stream_custom : stream_tool)(r, a, &number);
	else
		stream_text(r, a, &number);
	step(r, &number, "response.output_item.done",
	     named(r, "\"output_index\":0,\"item\"", item_of(r, a, true)));
	step(r, &number, "response.completed", named(r, "\"response\"", response_of(r, a, true)));
}
