/* How hard is this request? A pure, deterministic answer in microseconds: three probabilities, one
 * tier, and why.
 *
 * The caller fills struct score_request from whatever it speaks; this layer knows no dialect, no
 * JSON, no models. All text is borrowed for the duration of the call. Nothing is allocated,
 * nothing is remembered, no floating point is used: the same request, policy and scorer file give
 * the same bytes on every compiler and machine.
 *
 * Conversation rule: for fixed tools and parameters the tier never falls when turns are appended
 * (docs/routing.md). */
#ifndef ROUTE_SCORE_H
#define ROUTE_SCORE_H

#include "base/str.h"

/* ---- what the request carries -------------------------------------------------------------- */

#define SCORE_TIER_TABLE(X)                                                                        \
	X(SCORE_FAST, "fast")                                                                      \
	X(SCORE_STANDARD, "standard")                                                              \
	X(SCORE_REASONING, "reasoning")

#define SCORE_TIER_ENUM(id, name) id,
enum score_tier { SCORE_TIER_TABLE(SCORE_TIER_ENUM) SCORE_TIERS };

enum score_role {
	SCORE_SYSTEM, /* also `developer` and instructions */
	SCORE_USER,
	SCORE_ASSISTANT,
	SCORE_TOOL_RESULT, /* tool messages, tool_result blocks, function_call_output: one each */
};

/* One message, in the order of the conversation. The text is the parts joined; where it is cut
 * into parts, and whether it comes decoded or as the inside of JSON strings, makes no difference
 * to the result. Non-text parts are left out here and counted in struct score_request. */
struct score_turn {
	enum score_role role;
	const struct str *parts;
	size_t part_count;
	bool is_escaped; /* parts are the insides of JSON strings, escapes and all */
	bool is_error;   /* a tool result that the client itself marks as failed (is_error: true) */
	uint32_t tool_calls; /* assistant: how many tools it asked for in this turn */
	uint64_t calls_hash; /* assistant: any hash of these calls; 0: not known */
};

/* An explicit thinking budget from here on asks for the reasoning tier. */
#define SCORE_THINKING_HIGH 16384

/* What the client asked of thinking, in the words of the dialects. */
enum score_effort {
	SCORE_EFFORT_UNSET,
	SCORE_EFFORT_NONE, /* none, minimal; thinking disabled in so many words */
	SCORE_EFFORT_LOW,
	SCORE_EFFORT_MEDIUM,
	SCORE_EFFORT_HIGH,
	SCORE_EFFORT_XHIGH, /* xhigh, max */
};

/* Zero everything first: zero means "not given" in every field. */
struct score_request {
	const struct score_turn *turns;
	size_t turn_count;
	const struct str *tool_names; /* functions and built-in tools alike */
	size_t tool_count;
	size_t tool_schema_bytes; /* of the JSON of all tools together */
	size_t image_count;
	size_t audio_count;
	size_t file_count;
	size_t answer_schema_bytes; /* response_format / output_config json_schema */
	enum score_effort effort;
	int64_t thinking_tokens; /* explicit thinking budget; 0: none */
	int64_t max_output_tokens;
	int64_t answer_count; /* n */
	size_t stop_count;
	bool has_logprobs;
	bool has_tool_choice; /* a named or required tool: the answer is one call */
	bool is_stream;
	bool is_completion; /* prompt/suffix style autocomplete rather than a conversation */
};

/* ---- what the operator wants --------------------------------------------------------------- */

#define SCORE_QUALITY_ECO 25
#define SCORE_QUALITY_BALANCED 50
#define SCORE_QUALITY_BEST 75

struct scorer; /* route/scorer_file.h */

/* Made once when a configuration is loaded; plain data, copied freely. */
struct score_policy {
	const struct scorer *scorer; /* borrows; NULL: the built-in one */
	enum score_tier floor;
	enum score_tier ceiling;
	int32_t toll[SCORE_TIERS]; /* lambda x relative cost, in 1/65536 of success */
};

struct score_wish {
	const struct scorer *scorer; /* NULL: the built-in one */
	int quality;                 /* 0 cheapest .. 100 best */
	int64_t
	    price[SCORE_TIERS]; /* of a typical call in each tier, any one unit; all 0: 1/5/25 */
	int reasoning_percent;  /* wished share of the reasoning tier, 1..99; 0: no wish */
	enum score_tier floor;
	enum score_tier ceiling;
};

struct score_policy score_policy_of(const struct score_wish *wish);

/* ---- the answer ---------------------------------------------------------------------------- */

/* What decided, in the order of the conversation rule: the last one that moved the tier is
 * reported. */
#define SCORE_RULE_TABLE(X)                                                                        \
	X(SCORE_BY_DEFAULT, "default", "nothing earned another tier than standard")                \
	X(SCORE_BY_TEXT, "text", "the words and counters of one user message")                     \
	X(SCORE_BY_STRUCTURE, "structure", "the shape of the request")                             \
	X(SCORE_BY_EARLIER, "earlier-turn", "an earlier message of this conversation")             \
	X(SCORE_BY_LOOP, "agent-loop", "tool results in the history: never below standard")        \
	X(SCORE_BY_FAILURES, "tool-failures", "tools failed again and again")                      \
	X(SCORE_BY_CORRECTION, "user-correction", "the user said that it is still wrong")          \
	X(SCORE_BY_EFFORT, "client-effort", "reasoning_effort or thinking of the request")         \
	X(SCORE_BY_BOUNDS, "bounds", "the floor or the ceiling of this key or account")

#define SCORE_RULE_ENUM(id, name, why) id,
enum score_rule { SCORE_RULE_TABLE(SCORE_RULE_ENUM) SCORE_RULES };

#define SCORE_EVIDENCE_MAX 8
#define SCORE_WORDS_MAX 6

/* What weighed on the deciding message: 1/1000 of the odds' doublings against the fast tier, plus:
 * harder. Names of counters and facts are content-free; word groups are the client's own words and
 * come only from score_explain. */
enum score_evidence_kind { SCORE_OF_COUNTER, SCORE_OF_FACT, SCORE_OF_LENGTH, SCORE_OF_WORDS };

struct score_evidence {
	enum score_evidence_kind kind;
	char name[32];
	int32_t weight;
};

/* What the tier follows from, whatever the policy: no content, small enough to keep for every
 * request, enough to decide again under other prices, bounds and weights of facts. */
#define SCORE_FRONT_MAX 4

struct score_message {
	uint16_t p[SCORE_TIERS]; /* of the words alone, 1/65536 */
	bool is_later;           /* not the first one: it is let off the margin */
	uint64_t facts;
};

struct score_gist {
	struct score_message front[SCORE_FRONT_MAX]; /* user messages that may decide */
	int front_count;
	int deciding;      /* which of them does now */
	bool front_is_cut; /* others might have decided under another policy, too */
	int users;         /* messages that were read */
	bool has_results;  /* of tools */
	int corrections;
	int failures;
	enum score_effort effort;
	int64_t thinking_tokens;
};

struct score_result {
	enum score_tier tier;      /* the decision */
	enum score_tier text_tier; /* before loop, failure, effort and bounds rules */
	enum score_rule rule;
	uint32_t p_ok[SCORE_TIERS]; /* does it well, 1/65536; never falls with the tier */
	int32_t score; /* how hard the words look, 0..1000, before facts; the most of all turns */
	size_t deciding_turn; /* index in turns[]; turn_count when none did */
	struct score_gist gist;
	size_t evidence_count;
	struct score_evidence evidence[SCORE_EVIDENCE_MAX]; /* the heaviest first */
	size_t word_count; /* of score_explain; the same for words and pairs of words */
	struct score_evidence words[SCORE_WORDS_MAX];
};

/* The whole decision. `policy` NULL: balanced, no bounds. */
void score_decide(const struct score_request *request, const struct score_policy *policy,
                  struct score_result *out_result);

/* The same decision; its evidence also names the words that weighed most. For dry runs. */
void score_explain(const struct score_request *request, const struct score_policy *policy,
                   struct score_result *out_result);

/* The decision for a request of which only the gist is left, and its `score`. Under the policy that
 * the gist was made with: the same tier, by the same rule (text, structure and earlier-turn are all
 * called text), for the same probabilities. Says nothing about evidence and turns. */
void score_again(const struct score_gist *gist, const struct score_policy *policy,
                 struct score_result *out_result);

const char *score_tier_name(enum score_tier tier);
const char *score_rule_name(enum score_rule rule);
const char *score_rule_why(enum score_rule rule);

/* One line a person can read, at most 200 bytes: "standard score=412 p=.71/.86/.90 by=text:
 * proof+1.2, length+0.4". */
struct buf;
void score_put_line(struct buf *out, const struct score_result *result);

/* Hash of the scorer file that decides under this policy, for decision records: 16 hex digits, as
 * long as the scorer. */
struct str score_version(const struct score_policy *policy);

#endif
