/* Facts from parameters, tool names and counts; no weights here, they are in the scorer file.
 *
 * Invariants: pure; every fact of a user message depends on that message alone, and every other
 * fact on what stays the same through a conversation. Called by score.c and by the trainer's
 * dumper. Must never read what a prompt says about models: the counts have no such sentence any
 * more. */
#include "route/structure.h"

#define SHORT_ANSWER_TOKENS 64
#define LONG_ANSWER_TOKENS 16384
#define BIG_TOOLS_BYTES 8192
#define BIG_SCHEMA_BYTES 2048
#define PASTE_BYTES 1200
#define QUOTED_BYTES 60
#define EXAM_OPTIONS 2 /* a multiple choice is a test, whatever it is about */

static const struct str agent_words[] = {
    STR_INIT("edit"),    STR_INIT("write"),   STR_INIT("patch"),    STR_INIT("bash"),
    STR_INIT("shell"),   STR_INIT("exec"),    STR_INIT("terminal"), STR_INIT("browser"),
    STR_INIT("command"), STR_INIT("replace"), STR_INIT("computer"), STR_INIT("notebook"),
};

static uint64_t when(bool holds, enum structure_fact fact)
{
	return (uint64_t)holds << fact;
}

static bool name_has_word(struct str name, struct str word)
{
	for (size_t at = 0; at + word.len <= name.len; at++)
		if (str_eq_nocase(str_part(name, at, word.len), word))
			return true;
	return false;
}

static bool has_agent_tools(const struct score_request *r)
{
	size_t found = 0, looked = r->tool_count < 64 ? r->tool_count : 64;

	for (size_t i = 0; i < looked; i++)
		for (size_t w = 0; w < sizeof(agent_words) / sizeof(agent_words[0]); w++)
			if (name_has_word(str_part(r->tool_names[i], 0, 48), agent_words[w])) {
				found++;
				break;
			}
	return found >= 2;
}

uint64_t structure_of_request(const struct score_request *r)
{
	bool thinks = r->effort == SCORE_EFFORT_MEDIUM || r->thinking_tokens > 0;
	bool agent = r->tool_names && has_agent_tools(r);

	return when(r->tool_count > 0 && r->tool_count < 4, FACT_TOOLS) |
	       when(r->tool_count >= 4, FACT_MANY_TOOLS) |
	       when(r->tool_schema_bytes >= BIG_TOOLS_BYTES, FACT_BIG_TOOLS) |
	       when(agent, FACT_AGENT_TOOLS) | when(r->has_tool_choice, FACT_FORCED_TOOL) |
	       when(r->image_count > 0, FACT_IMAGES) | when(r->audio_count > 0, FACT_AUDIO) |
	       when(r->file_count > 0, FACT_FILES) |
	       when(r->answer_schema_bytes > 0 && r->answer_schema_bytes < BIG_SCHEMA_BYTES,
	            FACT_SCHEMA) |
	       when(r->answer_schema_bytes >= BIG_SCHEMA_BYTES, FACT_BIG_SCHEMA) |
	       when(r->max_output_tokens > 0 && r->max_output_tokens <= SHORT_ANSWER_TOKENS,
	            FACT_SHORT_ANSWER) |
	       when(r->max_output_tokens >= LONG_ANSWER_TOKENS, FACT_LONG_ANSWER) |
	       when(r->has_logprobs, FACT_LOGPROBS) | when(r->answer_count > 1, FACT_SAMPLES) |
	       when(r->stop_count > 0, FACT_STOPS) | when(r->is_completion, FACT_COMPLETION) |
	       when(thinks, FACT_THINKING);
}

static uint32_t lex(const uint16_t *counts, enum lexicon_class class)
{
	return counts[FEATURE_LEXICON + class];
}

uint64_t structure_of_system(const uint16_t c[FEATURE_ROOM])
{
	uint32_t hard = lex(c, LEX_PROOF) + lex(c, LEX_HARD_FAULT);

	return when(lex(c, LEX_TRANSFORM) >= 2 && hard == 0 && lex(c, LEX_CODE) < 4,
	            FACT_SYSTEM_TRANSFORM) |
	       when(hard >= 2, FACT_SYSTEM_HARD) | when(lex(c, LEX_CODE) >= 5, FACT_SYSTEM_AGENT);
}

/* What makes an ask hard, counted over its own words. */
static uint64_t hard_facts(const uint16_t *c, const struct canon *canon)
{
	uint32_t symbols = c[FEATURE_LATEX] + c[FEATURE_EQUALS] + c[FEATURE_POWERS];
	uint32_t faults = lex(c, LEX_FAULT) + lex(c, LEX_KEYWORD) / 4;
	uint32_t enough = lex(c, LEX_WHY) > 0 ? 1 : 2; /* "how do I" needs no second word of code */
	bool code = canon->fences > 0 || lex(c, LEX_CODE) >= enough ||
	            c[FEATURE_UNDERSCORES] >= 3 ||
	            (c[FEATURE_CURLY] >= 2 && c[FEATURE_ROUND] >= 2);

	uint32_t matter = lex(c, LEX_MATH) + lex(c, LEX_GEOMETRY) + lex(c, LEX_DESIGN) +
	                  lex(c, LEX_CODE) + lex(c, LEX_HARD_FAULT) + lex(c, LEX_OPTIMISE) +
	                  lex(c, LEX_LOGIC) + symbols;

	return when(lex(c, LEX_PROOF) > 0 && (matter > 0 || lex(c, LEX_PRAISE) == 0), FACT_PROOF) |
	       when(lex(c, LEX_MATH) >= 3 || (symbols >= 3 && lex(c, LEX_MATH) > 0), FACT_MATHS) |
	       when(lex(c, LEX_HARD_FAULT) > 0, FACT_HARD_FAULT) |
	       when(faults >= 2 && (code || c[FEATURE_SLASHES] >= 3), FACT_FAULT_HUNT) |
	       when(lex(c, LEX_DESIGN) >= 2, FACT_DESIGN) |
	       when(lex(c, LEX_OPTIMISE) > 0, FACT_OPTIMISE) |
	       when(lex(c, LEX_CONSTRAINT) >= 4, FACT_CONSTRAINTS) | when(code, FACT_CODE);
}

#define HARD_FACTS                                                                                 \
	((uint64_t)1 << FACT_PROOF | (uint64_t)1 << FACT_HARD_FAULT | (uint64_t)1 << FACT_DESIGN | \
	 (uint64_t)1 << FACT_OPTIMISE | (uint64_t)1 << FACT_MATHS |                                \
	 (uint64_t)1 << FACT_CONSTRAINTS)

/* What makes it light. */
static uint64_t light_facts(const uint16_t *c, const struct canon *canon, uint32_t words, bool code)
{
	bool is_long = canon->len >= PASTE_BYTES || canon->is_long;
	bool greets = lex(c, LEX_CHAT) > 0 && (words <= 6 || lex(c, LEX_CHAT) * 4 >= words);
	bool counts = words <= 16 && lex(c, LEX_WHY) == 1 && lex(c, LEX_QUANTITY) > 0;
	bool weighs = lex(c, LEX_WEIGH) + lex(c, LEX_WHY) > counts; /* "how many" is no how */
	bool transforms = lex(c, LEX_TRANSFORM) > 0 && !code && !weighs;
	bool is_short = words > 0 && words <= 16 && c[FEATURE_NUMBERS] < 4 &&
	                c[FEATURE_DECIMALS] == 0 && !weighs && !code && lex(c, LEX_WRITE) == 0;

	return when(greets && words <= 16, FACT_GREETING) | when(is_short, FACT_ONE_LINER) |
	       when(is_short && (counts || lex(c, LEX_WH) > 0), FACT_LOOKUP) |
	       when(transforms, FACT_TRANSFORM) |
	       when(transforms && is_long, FACT_TRANSFORM_PASTE) |
	       when(canon->quoted_bytes >= QUOTED_BYTES && !weighs && !code, FACT_GROUNDED) |
	       when(lex(c, LEX_WRITE) > 0, FACT_WRITE) | when(true, FACT_PLAIN);
}

uint64_t structure_of_user(const uint16_t c[FEATURE_ROOM], const struct canon *canon)
{
	uint64_t hard = hard_facts(c, canon);
	uint32_t words = c[FEATURE_WORDS] + c[FEATURE_NON_LATIN];
	bool is_long = canon->len >= PASTE_BYTES || canon->is_long;
	bool is_paste = is_long && canon->quoted_bytes + canon->code_bytes >= canon->len / 2;
	bool code = hard & (uint64_t)1 << FACT_CODE;

	if (!(hard & HARD_FACTS) && c[FEATURE_OPTIONS] < EXAM_OPTIONS)
		hard |= light_facts(c, canon, words, code);
	return hard | when(words == 0 && c[FEATURE_TOKENS] < 2, FACT_EMPTY) |
	       when(is_paste, FACT_LONG_PASTE) |
	       when(lex(c, LEX_WEIGH) + lex(c, LEX_WHY) > 0, FACT_WEIGH);
}

#define FACT_NAME(id, name, why) name,
#define FACT_WHY(id, name, why) why,

const char *structure_fact_name(int fact)
{
	static const char *const names[] = {STRUCTURE_TABLE(FACT_NAME)};

	must(fact >= 0 && fact < STRUCTURE_FACTS);
	return names[fact];
}

const char *structure_fact_why(int fact)
{
	static const char *const whys[] = {STRUCTURE_TABLE(FACT_WHY)};

	must(fact >= 0 && fact < STRUCTURE_FACTS);
	return whys[fact];
}
