/* Expected failures. One table (fail.def) says for every kind its HTTP status, its code, each
 * dialect's error type and whether a retry can help; no status number stands anywhere else.
 *
 * 	return fail(f, FAIL_INVALID_VALUE, "max_tokens is %lld; it must be 1 or more", asked);
 *
 * The sentence names the thing, the value and the remedy, and is fit for the client: nothing
 * secret, nothing of a provider's account. */
#ifndef FAIL_H
#define FAIL_H

#include "base/arena.h"

enum fail_kind {
	FAIL_NONE,
#define FAIL(kind, status, code, openai, anthropic, retry) FAIL_##kind,
#include "fail.def"
#undef FAIL
	FAIL_KINDS
};

/* How a ceiling stands, of 402 and ceiling_busy. */
struct fail_money {
	int64_t limit_nusd, spent_nusd, held_nusd, needed_nusd;
	int64_t resets_ms; /* wall; 0: never */
};

struct fail {
	struct arena *arena; /* borrows; holds the texts */
	enum fail_kind kind;
	struct str message;
	struct str param;        /* JSON path of the culprit; empty: null */
	struct str attempts;     /* 502/504: "openai:gpt-5 connect refused; ..." */
	struct str routed_model; /* 413 */
	int provider_status;     /* of PROVIDER_REJECTED; else 0 */
	int64_t required_tokens; /* 413; 0: absent, as all below */
	int64_t model_window;
	int64_t retry_after_ms;
	int64_t limit;    /* 429 */
	struct str scope; /* 429: "key", "account", "address"; with money: "account_month", ... */
	const struct fail_money *money; /* arena; NULL: none */
};

void fail_init(struct fail *, struct arena *);

/* Fills f with kind and sentence; param stays as set before or by fail_at. Gives -1, always. */
int fail(struct fail *, enum fail_kind, const char *format, ...) PRINTF_LIKE(3, 4);
/* The same, and names the field: param is a JSON path such as "messages[2].content". */
int fail_at(struct fail *, enum fail_kind, struct str param, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* So that compilers and analyzers know that it is -1, and see no path on after a failure. */
static inline int fail_is_minus_one(int result)
{
	(void)result;
	return -1;
}
#define fail(...) fail_is_minus_one(fail(__VA_ARGS__))
#define fail_at(...) fail_is_minus_one(fail_at(__VA_ARGS__))

bool fail_is_set(const struct fail *);
int fail_status(const struct fail *); /* HTTP status, 400..599 */
struct str fail_code(enum fail_kind);
struct str fail_openai_type(enum fail_kind);
struct str fail_anthropic_type(enum fail_kind);
bool fail_is_verdict(enum fail_kind);   /* the provider's, on this request: it goes nowhere else */
bool fail_can_retry(enum fail_kind);
bool fail_waits(enum fail_kind);        /* 429 and 503: who comes again is told when */
bool fail_is_providers(enum fail_kind); /* X-Flux-Error-Source: provider, else router */

#endif
