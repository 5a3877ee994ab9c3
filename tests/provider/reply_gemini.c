/* Google's generateContent. A stream is whole answers with what is new: one per word, or one with
 * the call; the last has the finish reason and the usage.
 * https://ai.google.dev/api/generate-content */
#include "reply.h"

static struct str usage_of(struct reply *r, const struct asked *a)
{
	const int64_t *u = a->usage;

	return arena_printf(r->arena,
	                    ",\"usageMetadata\":{\"promptTokenCount\":%" PRId64
	                    ",\"candidatesTokenCount\":%" PRId64 ",\"thoughtsTokenCount\":%" PRId64
	                    ",\"cachedContentTokenCount\":%" PRId64 ",\"totalTokenCount\":%" PRId64
	                    "}",
	                    u[USAGE_INPUT], u[USAGE_OUTPUT] - u[USAGE_REASONING],
	                    u[USAGE_REASONING], u[USAGE_CACHED], u[USAGE_INPUT] + u[USAGE_OUTPUT]);
}

static struct str text_part(struct reply *r, struct str text)
{
	return arena_printf(r->arena, "{\"text\":%.*s}", STR_ARG(text));
}

static struct str call_part(struct reply *r, const struct asked *a)
{
	return arena_printf(r->arena,
	                    "{\"functionCall\":{\"name\":%.*s,\"args\":%.*s},"
	                    "\"thoughtSignature\":\"c2NyaXB0ZWQ=\"}",
	                    STR_ARG(a->tool_name), STR_ARG(a->tool_object));
}

static struct str answer_of(struct reply *r, const struct asked *a, struct str part, bool is_last)
{
	struct str usage = is_last ? usage_of(r, a) : STR("");

	return arena_printf(r->arena,
	                    "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[%.*s]},"
	                    "%s\"index\":0}]%.*s,\"modelVersion\":\"gemini-scripted\","
	                    "\"responseId\":\"scripted%04d\"}",
	                    STR_ARG(part), is_last ? "\"finishReason\":\"STOP\"," : "",
	                    STR_ARG(usage), a->number);
}

void gemini_whole(struct reply *r, const struct asked *a)
{
	struct str part = a->tool_name.len > 0 ? call_part(r, a) : text_part(r, a->say);

	reply_json(r, answer_of(r, a, part, true));
}

void gemini_stream(struct reply *r, const struct asked *a)
{
	struct str last = STR("");

	for (size_t i = 0; a->tool_name.len == 0 && i < a->word_count; i++)
		reply_event(r, "", answer_of(r, a, text_part(r, a->words[i]), false));
	if (a->tool_name.len > 0)
		last = call_part(r, a);
	reply_event(r, "", answer_of(r, a, last, true));
}
