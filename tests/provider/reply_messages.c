/* Anthropic messages. A stream is: message_start with the input's usage, content_block_start, ping,
 * deltas, content_block_stop, message_delta with the output's usage, message_stop.
 * https://docs.anthropic.com/en/docs/build-with-claude/streaming */
#include "reply.h"

static struct str usage_of(struct reply *r, const struct asked *a, int64_t output)
{
	const int64_t *u = a->usage;

	return arena_printf(r->arena,
	                    "{\"input_tokens\":%" PRId64 ",\"cache_creation_input_tokens\":%" PRId64
	                    ",\"cache_read_input_tokens\":%" PRId64
	                    ",\"cache_creation\":{\"ephemeral_5m_input_tokens\":%" PRId64
	                    ",\"ephemeral_1h_input_tokens\":0},\"output_tokens\":%" PRId64
	                    ",\"service_tier\":\"standard\"}",
	                    u[USAGE_INPUT], u[USAGE_WRITTEN], u[USAGE_CACHED], u[USAGE_WRITTEN],
	                    output);
}

static struct str block_of(struct reply *r, const struct asked *a, bool finished)
{
	struct str text = finished ? a->say : STR("\"\"");
	struct str input = finished ? a->tool_object : STR("{}");

	if (a->tool_name.len == 0)
		return arena_printf(r->arena, "{\"type\":\"text\",\"text\":%.*s}", STR_ARG(text));
	return arena_printf(r->arena,
	                    "{\"type\":\"tool_use\",\"id\":\"toolu_scripted%04d\",\"name\":%.*s,"
	                    "\"input\":%.*s}",
	                    a->number, STR_ARG(a->tool_name), STR_ARG(input));
}

static struct str message_of(struct reply *r, const struct asked *a, bool finished)
{
	struct str block = finished ? block_of(r, a, true) : STR("");
	struct str usage = usage_of(r, a, finished ? a->usage[USAGE_OUTPUT] : 1);
	const char *reason = a->tool_name.len > 0 ? "\"tool_use\"" : "\"end_turn\"";

	return arena_printf(r->arena,
	                    "{\"id\":\"msg_scripted%04d\",\"type\":\"message\","
	                    "\"role\":\"assistant\",\"model\":%.*s,\"content\":[%.*s],"
	                    "\"stop_reason\":%s,\"stop_sequence\":null,\"usage\":%.*s}",
	                    a->number, STR_ARG(a->model), STR_ARG(block),
	                    finished ? reason : "null", STR_ARG(usage));
}

void messages_whole(struct reply *r, const struct asked *a)
{
	struct str message = message_of(r, a, true);

	reply_json(r, message);
}

static void block_delta(struct reply *r, const char *type, const char *member, struct str value)
{
	REPLY_EVENT(r, "content_block_delta",
	            "{\"type\":\"content_block_delta\",\"index\":0,"
	            "\"delta\":{\"type\":\"%s\",\"%s\":%.*s}}",
	            type, member, STR_ARG(value));
}

void messages_stream(struct reply *r, const struct asked *a)
{
	struct str message = message_of(r, a, false);
	struct str block = block_of(r, a, false);

	REPLY_EVENT(r, "message_start", "{\"type\":\"message_start\",\"message\":%.*s}",
	            STR_ARG(message));
	REPLY_EVENT(r, "content_block_start",
	            "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":%.*s}",
	            STR_ARG(block));
	REPLY_EVENT(r, "ping", "{\"type\":\"ping\"}");
	if (a->tool_name.len > 0)
		block_delta(r, "input_json_delta", "partial_json",
		            json_text(r->arena, a->tool_object));
	else
		for (size_t i = 0; i < a->word_count; i++)
			block_delta(r, "text_delta", "text", a->words[i]);
	REPLY_EVENT(r, "content_block_stop", "{\"type\":\"content_block_stop\",\"index\":0}");
	REPLY_EVENT(r, "message_delta",
	            "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"%s\","
	            "\"stop_sequence\":null},\"usage\":{\"output_tokens\":%" PRId64 "}}",
	            a->tool_name.len > 0 ? "tool_use" : "end_turn", a->usage[USAGE_OUTPUT]);
	REPLY_EVENT(r, "message_stop", "{\"type\":\"message_stop\"}");
}
