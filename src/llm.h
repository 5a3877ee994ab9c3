/* Neutral words for what every dialect says: the request as the router, the limits and the books
 * see it, and usage. No dialect's spelling, no I/O, no ownership: every str borrows from the
 * request's body or its arena. */
#ifndef LLM_H
#define LLM_H

#include "base/json_read.h"
#include "base/str.h"

/* Clients speak the first LLM_DIALECTS; gemini is for providers only. */
enum llm_dialect {
	LLM_CHAT,
	LLM_RESPONSES,
	LLM_MESSAGES,
	LLM_DIALECTS,
	LLM_GEMINI = LLM_DIALECTS,
	LLM_WIRES
};
enum llm_tier { LLM_FAST, LLM_STANDARD, LLM_REASONING, LLM_TIERS };
enum llm_role { LLM_SYSTEM, LLM_USER, LLM_ASSISTANT, LLM_TOOL };
enum llm_effort {
	LLM_EFFORT_UNSET,
	LLM_EFFORT_NONE,
	LLM_EFFORT_LOW,
	LLM_EFFORT_MEDIUM,
	LLM_EFFORT_HIGH,
	LLM_EFFORT_XHIGH
};

/* What a request needs and a model can do; a set of bits. The names are the config's `can:`
 * words. */
enum llm_ability {
	LLM_CAN_TOOLS = 1 << 0,          /* tools */
	LLM_CAN_PARALLEL_TOOLS = 1 << 1, /* parallel_tools */
	LLM_CAN_IMAGES = 1 << 2,         /* images */
	LLM_CAN_AUDIO = 1 << 3,          /* audio */
	LLM_CAN_PDF = 1 << 4,            /* pdf */
	LLM_CAN_JSON_SCHEMA = 1 << 5,    /* json_schema */
	LLM_CAN_THINKING = 1 << 6,       /* thinking */
};

/* responses: the conversation is to become one item that stands for it; wire/compact.h. */
enum llm_compaction {
	LLM_NO_COMPACTION,
	LLM_COMPACTION_ITEM, /* as the input's last item asks; the answer is a response */
	LLM_COMPACTION_CALL, /* at an endpoint of its own */
};

/* How a provider served a request, where that has a price of its own. The names are the config's
 * `service:` words. */
#define LLM_SERVICES(X)                                                                            \
	X(STANDARD, "standard")                                                                    \
	X(FLEX, "flex")                                                                            \
	X(PRIORITY, "priority")                                                                    \
	X(BATCH, "batch")                                                                          \
	X(FAST, "fast")

enum llm_service {
#define X(name, text) LLM_SERVICE_##name,
	LLM_SERVICES(X)
#undef X
	    LLM_SERVICE_COUNT
};

/* Who ends the calls of a tool that the provider runs itself. */
enum llm_tool_end {
	LLM_ENDS_SEARCH,  /* the request can: a search of the web, known to other dialects too */
	LLM_ENDS_REQUEST, /* the request can, in this dialect */
	LLM_ENDS_ROUNDS,  /* the provider: LIMIT_PROVIDER_ROUNDS in a request */
	LLM_ENDS_NOBODY,  /* nobody, or what a call costs is told nowhere */
};

struct llm_provider_tool {
	enum llm_tool_end end;
	uint32_t node;      /* its definition */
	int64_t most;       /* calls, as the request limits them; -1: it does not */
	int64_t most_found; /* tokens that a call may find; 0: nothing can limit them */
	bool is_limited;    /* by the request, in all that it can limit */
};

struct llm_turn {
	enum llm_role role;
	bool is_error; /* a tool result that reports a failure */
	int tool_calls;
	uint64_t calls_hash; /* stable hash of the calls' names and arguments; 0: none */
	struct str *texts;   /* the insides of the body's JSON strings, escapes and all */
	int text_count;
};

struct llm_request {
	enum llm_dialect dialect;
	const struct json *doc; /* borrows */

	struct str model;    /* as sent, decoded */
	uint32_t model_node; /* its value */
	bool names_others;   /* models beside it that may serve in its place */
	bool stream;
	bool wants_stream_usage;        /* chat: stream_options.include_usage is true */
	bool no_store;                  /* chat, responses: store is false */
	enum llm_compaction compaction; /* CALL is set before reading */
	bool may_compact;     /* the provider is told to sum it up first where it is long */
	bool is_counted_only; /* count_tokens: no output is asked for; set before reading */

	struct llm_turn *turns; /* in the order of the conversation; system texts come first */
	int turn_count;

	unsigned needs;       /* enum llm_ability bits */
	bool forces_tool;     /* a named one, or any: the answer is one call */
	bool is_autocomplete; /* what stands between a prefix and a suffix is asked for */
	struct str *tool_names;
	int tools;
	int named_tools;      /* of these, whose definition the provider has and puts in */
	int64_t tool_bytes;   /* raw bytes of the tools' definitions */
	int64_t schema_bytes; /* of the answer's JSON schema */
	int images, audios, files;
	int64_t image_bytes;     /* raw, of the images in the body: nothing tells their tokens */
	int64_t dense_tokens;    /* at most, beyond one for each three bytes, of what no count of
	                            ours has in it: documents, sound, what calls were given */
	uint32_t unbounded_node; /* the first thing whose tokens no bytes bound: a document by
	                            address or id; JSON_NONE: none */
	enum llm_effort effort;
	int64_t thinking_budget; /* tokens; 0: none asked */
	int64_t max_output;      /* tokens; 0: not given */
	uint32_t max_output_node;
	uint32_t other_max_output_node; /* chat: the older word, where both are there */
	int64_t choices;                /* n, at least 1 */
	int64_t
	    predicted_bytes; /* chat: of a prediction, whose rejected tokens are billed as output */
	bool logprobs;
	int stops;
	int64_t text_bytes;       /* all text, raw JSON bytes */
	int64_t call_bytes;       /* of these, what calls were given: no count has them */
	int proofs;               /* thinking with a proof of any kind; wire/strip.h */
	int foreign_proofs;       /* of these, what only another dialect takes back */
	int summaries;            /* compactions of ours, to be sent as text */
	enum llm_service service; /* that is asked for */

	struct llm_provider_tool *provider_tools;
	int provider_tool_count;
	int64_t max_calls; /* responses: of all of them together; -1: no limit is set */

	struct str session; /* what the client says its conversation is; empty: nothing */
};

/* Tokens of one attempt, brought to one form: `input` has no cached or cache-written tokens in
 * it, `output` includes `reasoning`, and audio and image tokens are subsets of input and output. */
struct llm_usage {
	int64_t input;
	int64_t cache_read;
	int64_t cache_write_5m;
	int64_t cache_write_1h;
	int64_t output;
	int64_t reasoning;
	int64_t audio_input;
	int64_t audio_output;
	int64_t image_input;
	int64_t image_output;
	int64_t searches;         /* of the web, by the provider */
	int64_t calls;            /* of its other tools, where each has a price */
	enum llm_service service; /* that the provider says it used */
	bool is_regional;         /* served in a region that was asked for */
	bool has_unpriced;        /* beside these, what another model used: no price tells */
	bool reported;            /* by the provider; else every figure is our estimate */
};

/* How many calls the provider's tools may make where each may make `each` at most, and
 * LIMIT_PROVIDER_CALLS where the request sets no limit. */
int64_t llm_most_calls(const struct llm_request *, int64_t each);
/* The least `each` that takes nothing away from what the request allows. */
int64_t llm_calls_each(const struct llm_request *);
/* Tokens that one of these calls finds at most. */
int64_t llm_most_found(const struct llm_request *);
/* Does the request itself limit all that can be limited? */
bool llm_limits_calls(const struct llm_request *);
/* Has it such tools, and limits none of them? */
bool llm_leaves_calls_open(const struct llm_request *);

const char *llm_dialect_name(enum llm_dialect); /* chat, .., gemini */
const char *llm_tier_name(enum llm_tier);       /* fast, standard, reasoning */
const char *llm_ability_name(unsigned one_bit);
const char *llm_service_name(enum llm_service); /* standard, flex, ... */
/* -1 where the word is none of ours. */
int llm_dialect_of(struct str name, enum llm_dialect *out);
int llm_tier_of(struct str name, enum llm_tier *out);
int llm_ability_of(struct str name, unsigned *out_bit);
int llm_service_of(struct str name, enum llm_service *out);

#endif
