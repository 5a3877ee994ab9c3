/* What a request can ask for, and which dialect can say it: the table that decides whether a
 * translation is exact, changed, warned of or refused, and from which docs/dialects.md is
 * printed. Pure.
 *
 * A reader marks every feature that it meets (feature_mark). Before writing, the driver compares
 * the marks with what the target's dialect writes: a feature that it cannot say ends in a
 * warning or in 400 unsupported_content, by the weight below, with the path of the first place.
 * So a writer only writes what it can, and nothing is dropped silently. */
#ifndef WIRE_FEATURE_H
#define WIRE_FEATURE_H

#include "llm.h"

/* X(name, what happens where the target cannot say it, the words for people) */
#define FEATURES(X)                                                                                \
	X(DEVELOPER, WARNED, "developer messages")                                                 \
	X(LATE_SYSTEM, REFUSED, "system messages amid the conversation")                           \
	X(SPEAKER, WARNED, "names of speakers")                                                    \
	X(IMAGE_BYTES, REFUSED, "images as base64")                                                \
	X(IMAGE_URL, REFUSED, "images by URL")                                                     \
	X(IMAGE_ID, REFUSED, "images as kept files")                                               \
	X(IMAGE_DETAIL, WARNED, "detail of images")                                                \
	X(IMAGE_PAST, REFUSED, "images of earlier answers")                                        \
	X(AUDIO, REFUSED, "audio input")                                                           \
	X(AUDIO_PAST, REFUSED, "audio of earlier answers")                                         \
	X(FILE_BYTES, REFUSED, "documents as base64")                                              \
	X(FILE_URL, REFUSED, "documents by URL")                                                   \
	X(FILE_ID, REFUSED, "documents as kept files")                                             \
	X(FILE_TEXT, REFUSED, "documents as text")                                                 \
	X(FILE_NAME, WARNED, "names of documents")                                                 \
	X(FILE_ABOUT, WARNED, "notes on documents")                                                \
	X(CITATIONS, WARNED, "asking for citations")                                               \
	X(NOTES, WARNED, "annotations of earlier answers")                                         \
	X(THINKING, WARNED, "thinking of earlier answers")                                         \
	X(SEAL, WARNED, "signatures of thinking")                                                  \
	X(REFUSAL, WARNED, "refusals of earlier answers")                                          \
	X(CALL, REFUSED, "tool calls and results")                                                 \
	X(CALL_CUSTOM, REFUSED, "calls of custom tools")                                           \
	X(RESULT_MEDIA, REFUSED, "images and documents in tool results")                           \
	X(RESULT_ERROR, WARNED, "is_error of tool results")                                        \
	X(FOREIGN, REFUSED, "items of server tools")                                               \
	X(CACHE_MARK, WARNED, "cache_control")                                                     \
	X(TOOL, REFUSED, "function tools")                                                         \
	X(TOOL_STRICT, WARNED, "strict tools")                                                     \
	X(TOOL_CUSTOM, REFUSED, "custom tools")                                                    \
	X(TOOL_GRAMMAR, WARNED, "grammars of custom tools")                                        \
	X(TOOL_SERVER, REFUSED, "server tools")                                                    \
	X(TOOL_SEARCH, WARNED, "web search")                                                       \
	X(TOOL_DEFERRED, WARNED, "deferred tools")                                                 \
	X(CHOICE, REFUSED, "tool_choice")                                                          \
	X(CHOICE_ALLOWED, REFUSED, "tool_choice of some tools")                                    \
	X(PARALLEL, WARNED, "turning parallel calls off")                                          \
	X(FORMAT_JSON, REFUSED, "answers as JSON")                                                 \
	X(FORMAT_SCHEMA, REFUSED, "answers by a JSON schema")                                      \
	X(EFFORT, WARNED, "reasoning effort")                                                      \
	X(BUDGET, WARNED, "thinking budget")                                                       \
	X(SUMMARY, WARNED, "how thinking is shown")                                                \
	X(SEALED, WARNED, "asking for encrypted thinking")                                         \
	X(MAX_OUTPUT, WARNED, "output limit")                                                      \
	X(TEMPERATURE, WARNED, "temperature")                                                      \
	X(TOP_P, WARNED, "top_p")                                                                  \
	X(TOP_K, WARNED, "top_k")                                                                  \
	X(PENALTY, WARNED, "frequency and presence penalty")                                       \
	X(LOGIT_BIAS, WARNED, "logit_bias")                                                        \
	X(SEED, WARNED, "seed")                                                                    \
	X(STOP, REFUSED, "stop sequences")                                                         \
	X(CHOICES, REFUSED, "more than one choice (n)")                                            \
	X(LOGPROBS, REFUSED, "logprobs")                                                           \
	X(AUDIO_OUT, REFUSED, "audio output")                                                      \
	X(METADATA, WARNED, "metadata")                                                            \
	X(USER, WARNED, "user")                                                                    \
	X(CACHE_KEY, WARNED, "prompt cache key")                                                   \
	X(SERVICE_TIER, WARNED, "service tier")                                                    \
	X(VERBOSITY, WARNED, "verbosity")                                                          \
	X(STORE, WARNED, "store")

enum feature {
#define X(name, weight, words) FEATURE_##name,
	FEATURES(X)
#undef X
	    FEATURE_COUNT
};

/* How well a dialect says a feature. */
enum feature_level {
	FEATURE_LACKS,   /* not at all */
	FEATURE_CHANGES, /* in other words of the same meaning, or within narrower bounds */
	FEATURE_KEEPS,   /* as it is */
};

/* What becomes of a feature from one dialect to another. */
enum feature_fate {
	FEATURE_NEVER,
	FEATURE_EXACT,
	FEATURE_TRANSLATED,
	FEATURE_WARNED,
	FEATURE_REFUSED
};

/* Where a request has which feature. */
struct feature_use {
	struct {
		uint32_t node;  /* of the first place */
		uint32_t count; /* 0: the request does not have it */
	} at[FEATURE_COUNT];
};

void feature_mark(struct feature_use *, enum feature, uint32_t node);
bool feature_is_used(const struct feature_use *, enum feature);

/* What happens where the target lacks it: FEATURE_WARNED or FEATURE_REFUSED. */
enum feature_fate feature_weight(enum feature);
const char *feature_words(enum feature);
const char *feature_fate_name(enum feature_fate); /* -, exact, translated, warned, refused */

#endif
