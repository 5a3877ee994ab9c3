/* Named facts about a request that no benchmark teaches: its shape, its parameters, the kind of
 * its ask.
 *
 * Each fact is present or not, and has one weight per tier in the scorer file: how much the odds
 * that the tier's model does it well change, in 1/64 of a doubling. This small table is what an
 * operator's own log can refit. */
#ifndef ROUTE_STRUCTURE_H
#define ROUTE_STRUCTURE_H

#include "route/feature.h"
#include "route/score.h"

/* id, name, what it means */
#define STRUCTURE_TABLE(X)                                                                         \
	X(FACT_TOOLS, "tools", "one to three tools offered")                                       \
	X(FACT_MANY_TOOLS, "many tools", "four tools or more")                                     \
	X(FACT_BIG_TOOLS, "big tool schemas", "8 KiB of tool schemas or more")                     \
	X(FACT_AGENT_TOOLS, "agent's tools", "tools that edit files, run commands or browse")      \
	X(FACT_FORCED_TOOL, "forced tool", "the answer must be a tool call")                       \
	X(FACT_IMAGES, "images", "images to look at")                                              \
	X(FACT_AUDIO, "audio", "audio to listen to")                                               \
	X(FACT_FILES, "files", "files attached")                                                   \
	X(FACT_SCHEMA, "answer schema", "a JSON schema below 2 KiB")                               \
	X(FACT_BIG_SCHEMA, "big answer schema", "a JSON schema of 2 KiB or more")                  \
	X(FACT_SHORT_ANSWER, "short answer", "at most 64 tokens asked for")                        \
	X(FACT_LONG_ANSWER, "long answer", "16,384 tokens or more allowed")                        \
	X(FACT_LOGPROBS, "logprobs", "token probabilities asked for")                              \
	X(FACT_SAMPLES, "several answers", "n above 1")                                            \
	X(FACT_STOPS, "stop words", "stop sequences given")                                        \
	X(FACT_COMPLETION, "completion", "autocomplete rather than conversation")                  \
	X(FACT_THINKING, "some thinking", "medium effort or a small thinking budget")              \
	X(FACT_SYSTEM_TRANSFORM, "system: transform",                                              \
	  "the system prompt orders a simple transformation")                                      \
	X(FACT_SYSTEM_HARD, "system: hard topic",                                                  \
	  "the system prompt speaks of proofs or hard faults")                                     \
	X(FACT_SYSTEM_AGENT, "system: agent", "the system prompt speaks of code and repositories") \
	X(FACT_EMPTY, "no words", "no text of the user")                                           \
	X(FACT_GREETING, "greeting", "small talk and little else")                                 \
	X(FACT_ONE_LINER, "one-liner", "a dozen words, nothing hard among them")                   \
	X(FACT_LONG_PASTE, "long paste", "long text, mostly quoted or code")                       \
	X(FACT_TRANSFORM, "transform", "translate, summarise, extract, classify, rewrite")         \
	X(FACT_TRANSFORM_PASTE, "transform a paste", "the same, over a long text")                 \
	X(FACT_GROUNDED, "grounded answer", "documents to answer from")                            \
	X(FACT_PROOF, "proof", "a proof or derivation asked for")                                  \
	X(FACT_MATHS, "mathematics", "formulas and their words")                                   \
	X(FACT_HARD_FAULT, "hard fault", "concurrency, corruption, intermittent failures")         \
	X(FACT_FAULT_HUNT, "fault hunt", "an error with code, paths or a trace")                   \
	X(FACT_DESIGN, "design", "a system to design or migrate")                                  \
	X(FACT_OPTIMISE, "optimise", "performance or complexity to improve")                       \
	X(FACT_CONSTRAINTS, "many constraints", "a list of conditions to satisfy together")        \
	X(FACT_CODE, "code", "code to write or read")                                              \
	X(FACT_WRITE, "write", "prose to write")                                                   \
	X(FACT_LOOKUP, "look-up", "a short question of fact")                                      \
	X(FACT_WEIGH, "weighing", "options, causes or advice to weigh")                            \
	X(FACT_PLAIN, "nothing hard", "none of the signs of a hard task")

#define STRUCTURE_ENUM(id, name, why) id,
enum structure_fact { STRUCTURE_TABLE(STRUCTURE_ENUM) STRUCTURE_FACTS };

/* Sets of facts: bit i is fact i. */
uint64_t structure_of_request(const struct score_request *);
/* Of the system prompt's counts, and of one user message's. */
uint64_t structure_of_system(const uint16_t ask[FEATURE_ROOM]);
uint64_t structure_of_user(const uint16_t ask[FEATURE_ROOM], const struct canon *);

const char *structure_fact_name(int fact);
const char *structure_fact_why(int fact);

#endif
