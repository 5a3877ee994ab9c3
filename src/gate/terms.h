/* What may be set on a plan, an account, a team, a user or a key: limits, rates and rights. One
 * table, from which JSON, command lines and documents take names and sentences. docs/operations.md
 * tells users the same.
 *
 *	{"month_usd": 20, "hour_usd": 2.5, "rpm": 60, "overage": false, "models": "gpt-*,claude-*"}
 *
 * A term that is not there is unset: nothing is limited by it, or what stands behind it counts
 * (an account's over its plan's). Money is exact, in nano-dollars; no amount is over 1e9 USD.
 *
 * Pure. Reading is checked whole: an unknown name or a wrong value refuses all of it. */
#ifndef GATE_TERMS_H
#define GATE_TERMS_H

#include "base/buf.h"
#include "fail.h"

/* Whose terms: a set of bits. */
enum terms_of {
	TERMS_OF_PLAN = 1,
	TERMS_OF_ACCOUNT = 2,
	TERMS_OF_TEAM = 4,
	TERMS_OF_USER = 8,
	TERMS_OF_KEY = 16,
	TERMS_OF_ALL = 31,
};

/* TERM(name, kind, whose, help) */
#define TERMS_TABLE(TERM)                                                                          \
	TERM(month_usd, USD, TERMS_OF_ALL, "most that may be spent in a calendar month, UTC")      \
	TERM(hour_usd, USD, TERMS_OF_PLAN | TERMS_OF_ACCOUNT,                                      \
	     "most that may be spent in a clock hour, UTC")                                        \
	TERM(included_usd, USD, TERMS_OF_PLAN | TERMS_OF_ACCOUNT,                                  \
	     "credit that comes with the plan each month; with overage false it is a ceiling")     \
	TERM(overage, BOOL, TERMS_OF_PLAN | TERMS_OF_ACCOUNT,                                      \
	     "true: what is spent beyond the included credit is served and billed (false)")        \
	TERM(allowance_usd, USD, TERMS_OF_PLAN | TERMS_OF_ACCOUNT,                                 \
	     "a free allowance, given once; nothing is served when it is used up")                 \
	TERM(rps, NUMBER, TERMS_OF_PLAN | TERMS_OF_ACCOUNT | TERMS_OF_KEY, "requests per second")  \
	TERM(rpm, NUMBER, TERMS_OF_PLAN | TERMS_OF_ACCOUNT | TERMS_OF_KEY, "requests per minute")  \
	TERM(tpm, NUMBER, TERMS_OF_PLAN | TERMS_OF_ACCOUNT | TERMS_OF_KEY,                         \
	     "tokens per minute, input and output")                                                \
	TERM(concurrency, NUMBER, TERMS_OF_PLAN | TERMS_OF_ACCOUNT | TERMS_OF_KEY,                 \
	     "requests under way at once")                                                         \
	TERM(markup_percent, PERCENT, TERMS_OF_PLAN | TERMS_OF_ACCOUNT,                            \
	     "what the account pays on top of the cost; below 0 it is a discount (0)")             \
	TERM(apply_floor, BOOL, TERMS_OF_PLAN | TERMS_OF_ACCOUNT,                                  \
	     "true: charges are never below the floor of the model's lane (false)")                \
	TERM(clamp, BOOL, TERMS_OF_ALL,                                                            \
	     "false: near a ceiling the length of answers is not lowered to what can be paid")     \
	TERM(models, GLOBS, TERMS_OF_ALL, "comma list of names of models that may be used (all)")  \
	TERM(tier_floor, TIER, TERMS_OF_ALL, "lowest tier that flux-auto gives")                   \
	TERM(tier_ceiling, TIER, TERMS_OF_ALL, "highest tier that may be used")

enum term {
#define TERM(name, kind, whose, help) TERM_##name,
	TERMS_TABLE(TERM)
#undef TERM
	    TERM_COUNT
};

enum term_kind {
	TERM_USD,     /* 12.5 or "12.5": decimal, at most 9 digits behind the point */
	TERM_NUMBER,  /* a whole number, 1 to 1e9 */
	TERM_PERCENT, /* -100 to 10000, at most 2 digits behind the point */
	TERM_BOOL,
	TERM_TIER, /* fast, standard, reasoning */
	TERM_GLOBS,
};

/* Texts borrow from the arena that was given. */
struct terms {
	unsigned set; /* bit 1 << term */
	int64_t values[TERM_COUNT];
	struct str models;
};

enum { TERMS_BYTES_MAX = 4096 };

struct term_row {
	const char *name;
	enum term_kind kind;
	unsigned whose;
	const char *help;
};
const struct term_row *terms_row(enum term);

static inline bool terms_has(const struct terms *t, enum term term)
{
	return t->set >> term & 1;
}
/* Nano-dollars, a count, basis points (1 % = 100), 0 or 1, enum llm_tier; `otherwise` where it is
 * unset. */
static inline int64_t terms_value(const struct terms *t, enum term term, int64_t otherwise)
{
	return terms_has(t, term) ? t->values[term] : otherwise;
}

/* A JSON object; empty text counts as {}, a null as unset. `whose`: one bit. f: INVALID_VALUE,
 * with the term's name as its param. */
int terms_read(struct str json, enum terms_of whose, struct arena *, struct terms *out,
               struct fail *) MUST_USE;
/* One term from a command line: name and text; the text "unset" takes it away. Changes *t. */
int terms_set(struct terms *t, enum terms_of whose, const struct str name_and_text[2],
              struct arena *, struct fail *) MUST_USE;
/* What `over` sets counts, else what `under` does. */
struct terms terms_merge(const struct terms *under, const struct terms *over);
/* As JSON, in the order of the table; what terms_read takes again. */
void terms_write(struct buf *, const struct terms *);

#endif
