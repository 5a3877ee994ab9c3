/* The provider's usage, as each dialect tells it, brought to struct llm_usage: one reading, which
 * feeds what the client is told, what is charged and what the ledger keeps. Pure.
 *
 * Sources: OpenAI API reference (chat completions and responses, usage objects; prompt caching;
 * predicted outputs), Anthropic API reference (messages usage, prompt caching, compaction, service
 * tiers, data residency), docs.x.ai (usage of server-side tools),
 * ai.google.dev/api/generate-content (UsageMetadata, GroundingMetadata). */
#ifndef WIRE_USAGE_H
#define WIRE_USAGE_H

#include "llm.h"

/* All replace the figures that *out had: a later report counts alone, it is never added. Figures
 * without output, or without any input, are no report: they would serve a request for nothing.
 * out->reported says which. */

/* The usage object of an answer or a chunk: `usage`, or where Groq's streams had it alone
 * (https://github.com/vercel/ai/issues/1651), `x_groq.usage`; JSON_NONE: neither. */
uint32_t usage_of_chat(const struct json *);
/* counts_rest: what total_tokens has beyond prompt and completion is output that was thought and
 * not written, and is billed; such providers name no reasoning_tokens. */
void usage_read_chat(const struct json *, uint32_t usage, bool counts_rest, struct llm_usage *out);

/* `output`: the response's items, whose calls of the provider's own tools are counted. */
void usage_read_responses(const struct json *, uint32_t usage, uint32_t output,
                          struct llm_usage *out);

/* A message's usage is cumulative, and what a report leaves out stays as it was: *told is what was
 * told so far (zero at first), *out what that comes to. is_final: output is known only then. */
void usage_read_messages(const struct json *, uint32_t usage, bool is_final, struct llm_usage *told,
                         struct llm_usage *out);

/* Gemini: usageMetadata of a whole answer or of one event of a stream, which tells what it has come
 * to, and the searches of its groundingMetadata. is_final: output is known only then. */
void usage_read_gemini(const struct json *, bool is_final, struct llm_usage *out);

/* Calls of the provider's own tools that a stream tells of as they are made: what is known of them
 * should its usage never come. */
struct usage_calls {
	int64_t searches, calls;
	uint64_t container; /* the last one's hash: each is charged once */
};
/* May events of that name tell of one? */
bool usage_has_calls(enum llm_dialect, struct str event_name);
void usage_note_calls(enum llm_dialect, const struct json *event, struct usage_calls *);

/* Which service a provider says it used (service_tier): what is neither flex, priority nor batch
 * is the standard one. Leaves *out where it says nothing. */
void usage_note_service(const struct json *, uint32_t node, enum llm_service *out);

#endif
