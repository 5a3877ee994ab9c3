/* OpenAI chat completions. A stream is: a chunk with the role, one per word, one with the finish
 * reason, with stream_options.include_usage one with the usage and no choice, and [DONE].
 * https://platform.openai.com/docs/api-reference/chat-streaming */
#include "reply.h"

#define TOOL_ID "call_scripted%04d"

static struct str usage_of(struct reply *r, const struct asked *a)
{
	const int64_t *u = a->usage;

	return arena_printf(
	    r->arena,
	    "{\"prompt_tokens\":%" PRId64 ",\"completion_tokens\":%" PRId64
	    ",\"total_tokens\":%" PRId64 ",\"prompt_tokens_details\":{\"cached_tokens\":%" PRId64
	    ",\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":%" PRId64
	    ",\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}"
	    "}",
	    u[USAGE_INPUT], u[USAGE_OUTPUT], u[USAGE_INPUT] + u[USAGE_OUTPUT], u[USAGE_CACHED],
	    u[USAGE_REASONING]);
}

static const char *input_name(const struct asked *a)
{
	return a->is_custom ? "input" : "arguments";
}

/* The members of a call; a stream gives its input in a piece of its own. */
static struct str call_of(struct reply *r, const struct asked *a, struct str input)
{
	const char *type = a->is_custom ? "custom" : "function";

	return arena_printf(
	    r->arena, "\"id\":\"" TOOL_ID "\",\"type\":\"%s\",\"%s\":{\"name\":%.*s,\"%s\":%.*s}",
	    a->number, type, type, STR_ARG(a->tool_name), input_name(a), STR_ARG(input));
}

static struct str message_of(struct reply *r, const struct asked *a)
{
	if (a->tool_name.len == 0)
		return arena_printf(r->arena,
		                    "{\"role\":\"assistant\",\"content\":%.*s,\"refusal\":null,"
		                    "\"annotations\":[]}",
		                    STR_ARG(a->say));
	return arena_printf(r->arena,
	                    "{\"role\":\"assistant\",\"content\":null,\"refusal\":null,"
	                    "\"annotations\":[],\"tool_calls\":[{%.*s}]}",
	                    STR_ARG(call_of(r, a, a->tool_input)));
}

static const char *finish_of(const struct asked *a)
{
	return a->tool_name.len > 0 ? "tool_calls" : "stop";
}

void chat_whole(struct reply *r, const struct asked *a)
{
	struct str message = message_of(r, a);
	struct str usage = usage_of(r, a);

	REPLY_JSON(
	    r,
	    "{\"id\":\"chatcmpl-scripted%04d\",\"object\":\"chat.completion\","
	    "\"created\":1700000000,\"model\":%.*s,\"choices\":[{\"index\":0,\"message\":%.*s,"
	    "\"logprobs\":null,\"finish_reason\":\"%s\"}],\"usage\":%.*s,"
	    "\"service_tier\":\"default\",\"system_fingerprint\":\"fp_scripted\"}",
	    a->number, STR_ARG(a->model), STR_ARG(message), finish_of(a), STR_ARG(usage));
}

static void chunk(struct reply *r, const struct asked *a, struct str choices, struct str usage)
{
	REPLY_EVENT(r, "",
	            "{\"id\":\"chatcmpl-scripted%04d\",\"object\":\"chat.completion.chunk\","
	            "\"created\":1700000000,\"model\":%.*s,\"service_tier\":\"default\","
	            "\"system_fingerprint\":\"fp_scripted\",\"choices\":[%.*s]%s%.*s}",
	            a->number, STR_ARG(a->model), STR_ARG(choices),
	            usage.len > 0 ? ",\"usage\":" : "", STR_ARG(usage));
}

static void delta(struct reply *r, const struct asked *a, struct str what)
{
	struct str choice = arena_printf(
	    r->arena, "{\"index\":0,\"delta\":%.*s,\"logprobs\":null,\"finish_reason\":null}",
	    STR_ARG(what));

	chunk(r, a, choice, a->wants_usage ? STR("null") : STR(""));
}

static void stream_tool(struct reply *r, const struct asked *a)
{
	delta(r, a,
	      arena_printf(r->arena,
	                   "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"index\":0,"
	                   "%.*s}],\"refusal\":null}",
	                   STR_ARG(call_of(r, a, STR("\"\"")))));
	delta(r, a,
	      arena_printf(r->arena, "{\"tool_calls\":[{\"index\":0,\"%s\":{\"%s\":%.*s}}]}",
	                   a->is_custom ? "custom" : "function", input_name(a),
	                   STR_ARG(a->tool_input)));
}

static void stream_text(struct reply *r, const struct asked *a)
{
	delta(r, a, STR("{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}"));
	for (size_t i = 0; i < a->word_count; i++)
		delta(r, a, arena_printf(r->arena, "{\"content\":%.*s}", STR_ARG(a->words[i])));
}

void chat_stream(struct reply *r, const struct asked *a)
{
	if (a->tool_name.len > 0)
		stream_tool(r, a);
	else
		stream_text(r, a);
	chunk(r, a,
	      arena_printf(r->arena,
	                   "{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"%s\"}",
	                   finish_of(a)),
	      a->wants_usage ? STR("null") : STR(""));
	if (a->wants_usage)
		chunk(r, a, STR(""), usage_of(r, a));
	acts_add(&r->acts, (struct act){.kind = ACT_DATA, .text = STR("[DONE]")});
}
