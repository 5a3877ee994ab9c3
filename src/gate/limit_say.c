/* Refusals in words, and as the machine fields of contract 8. The sentence says which limit, how
 * much of it is spent and held, what the request needs, when it resets and who can change it.
 * Called by the path. Pure. */
#include "gate/limit.h"

#include "base/clock.h"
#include "base/decimal.h"

enum { TEXT_BYTES = 64 };

/* Whose limit it is, in the words of a sentence, and what to do beside waiting. */
static const struct {
	enum fail_kind kind;
	const char *what, *remedy;
} scopes[STORE_SCOPE_COUNT] = {
    [STORE_GLOBAL_MONTH] = {FAIL_GLOBAL_CEILING, "this service's ceiling for the month",
                            "its operator can raise ceilings.global_month_usd"},
    [STORE_ACCOUNT_MONTH] = {FAIL_ACCOUNT_MONTHLY_CEILING, "the account's ceiling for the month",
                             "an operator can raise the account's month_usd"},
    [STORE_ACCOUNT_HOUR] = {FAIL_ACCOUNT_HOURLY_LIMIT, "the account's limit for the hour",
                            "an operator can raise the account's hour_usd"},
    [STORE_INCLUDED] = {FAIL_INCLUDED_CREDIT_USED, "the credit that comes with the plan each month",
                        "an operator can allow overage or change the plan"},
    [STORE_ALLOWANCE] = {FAIL_FREE_ALLOWANCE_USED, "the free allowance",
                         "it is given once; another plan has more"},
    [STORE_TEAM_MONTH] = {FAIL_TEAM_CEILING, "the team's ceiling for the month",
                          "an operator can raise the team's month_usd"},
    [STORE_USER_MONTH] = {FAIL_USER_CEILING, "the user's ceiling for the month",
                          "an operator can raise the user's month_usd"},
    [STORE_KEY_MONTH] = {FAIL_KEY_MONTHLY_CEILING, "this key's ceiling for the month",
                         "an operator can raise the key's month_usd, or use another key"},
};

static struct str usd(struct arena *arena, int64_t nusd)
{
	char room[TEXT_BYTES];
	struct buf text = {.ptr = room, .cap = sizeof room, .max = sizeof room};

	buf_put_nusd(&text, nusd);
	return arena_copy(arena, buf_str(&text));
}

static struct str when(struct arena *arena, int64_t wall_ms)
{
	char room[TEXT_BYTES];
	struct buf text = {.ptr = room, .cap = sizeof room, .max = sizeof room};

	clock_put_rfc3339(&text, wall_ms);
	return arena_copy(arena, buf_str(&text));
}

static void put_money(const struct limit_verdict *v, struct fail *f)
{
	struct fail_money *m = ARENA_NEW(f->arena, struct fail_money);

	*m = (struct fail_money){.limit_nusd = v->limit_nusd,
	                         .spent_nusd = v->spent_nusd,
	                         .held_nusd = v->held_nusd,
	                         .needed_nusd = v->needed_nusd,
	                         .resets_ms = v->resets_ms};
	f->money = m;
	f->scope = str_of(store_scope_name(v->scope));
}

static int say_spent(const struct limit_verdict *v, struct fail *f)
{
	struct arena *a = f->arena;
	struct str resets = v->resets_ms
	                        ? ARENA_JOIN(a, STR("; it begins anew at "), when(a, v->resets_ms))
	                        : STR("");

	put_money(v, f);
	return fail(f, scopes[v->scope].kind,
	            "%s is %.*s USD, of which %.*s are spent; this request needs %.*s%.*s; %s",
	            scopes[v->scope].what, STR_ARG(usd(a, v->limit_nusd)),
	            STR_ARG(usd(a, v->spent_nusd)), STR_ARG(usd(a, v->needed_nusd)),
	            STR_ARG(resets), scopes[v->scope].remedy);
}

static int say_held(const struct limit_verdict *v, struct fail *f)
{
	struct arena *a = f->arena;

	put_money(v, f);
	return fail(f, FAIL_CEILING_BUSY,
	            "of %s, %.*s USD, %.*s are spent and %.*s are held by requests under way; "
	            "this one needs %.*s, and none became free in time; send it again, or fewer "
	            "at once",
	            scopes[v->scope].what, STR_ARG(usd(a, v->limit_nusd)),
	            STR_ARG(usd(a, v->spent_nusd)), STR_ARG(usd(a, v->held_nusd)),
	            STR_ARG(usd(a, v->needed_nusd)));
}

static int say_rate(const struct limit_verdict *v, struct fail *f)
{
	bool is_concurrency = v->reason == LIMIT_CONCURRENCY;

	f->limit = v->limit;
	f->scope = str_of(v->whose);
	return fail(f, is_concurrency ? FAIL_CONCURRENCY_LIMITED : FAIL_RATE_LIMITED,
	            is_concurrency ? "this %s has %lld requests under way, which is its %s; wait "
	                             "for one to end"
	                           : "this %s may send %lld %s, and has; wait, or ask an operator",
	            v->whose, (long long)v->limit,
	            is_concurrency                        ? "limit"
	            : str_eq(str_of(v->rate), STR("rps")) ? "requests per second"
	            : str_eq(str_of(v->rate), STR("rpm")) ? "requests per minute"
	                                                  : "tokens per minute");
}

int limits_say(const struct limit_verdict *v, struct fail *f)
{
	f->retry_after_ms = v->retry_after_ms;
	switch (v->reason) {
	case LIMIT_ON_HOLD:
		return fail(f, FAIL_ACCOUNT_ON_HOLD,
		            "this account is on hold; its operator can take it off");
	case LIMIT_SPENT:
		return say_spent(v, f);
	case LIMIT_HELD:
		return say_held(v, f);
	case LIMIT_RATE:
	case LIMIT_CONCURRENCY:
		return say_rate(v, f);
	case LIMIT_NO_LEASE:
		break;
	}
	return fail(f, FAIL_LEDGER_UNAVAILABLE,
	            "the ledger cannot be reached, so nothing more can be admitted under a "
	            "ceiling; send it again in a moment");
}

struct str limits_code(const struct limit_verdict *v)
{
	return fail_code(v->reason == LIMIT_ON_HOLD ? FAIL_ACCOUNT_ON_HOLD : scopes[v->scope].kind);
}
