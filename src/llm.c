/* The names of the neutral words, both ways; and sums over a request. Pure. */
#include "llm.h"

#include "limits.h"

static const char *const dialect_names[LLM_WIRES] = {"chat", "responses", "messages", "gemini"};
static const char *const tier_names[LLM_TIERS] = {"fast", "standard", "reasoning"};
static const char *const ability_names[] = {"tools", "parallel_tools", "images",  "audio",
                                            "pdf",   "json_schema",    "thinking"};
static const char *const service_names[LLM_SERVICE_COUNT] = {
#define X(name, text) text,
    LLM_SERVICES(X)
#undef X
};

enum { ABILITIES = sizeof ability_names / sizeof ability_names[0] };

static int index_of(struct str name, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (str_eq(name, str_of(names[i])))
			return i;
	return -1;
}

const char *llm_dialect_name(enum llm_dialect d)
{
	must(d < LLM_WIRES);
	return dialect_names[d];
}

const char *llm_tier_name(enum llm_tier t)
{
	must(t < LLM_TIERS);
	return tier_names[t];
}

const char *llm_ability_name(unsigned one_bit)
{
	must(one_bit != 0 && __builtin_ctz(one_bit) < ABILITIES);
	return ability_names[__builtin_ctz(one_bit)];
}

const char *llm_service_name(enum llm_service s)
{
	must(s < LLM_SERVICE_COUNT);
	return service_names[s];
}

int llm_dialect_of(struct str name, enum llm_dialect *out)
{
	int i = index_of(name, dialect_names, LLM_DIALECTS);

	if (i < 0)
		return -1;
	*out = (enum llm_dialect)i;
	return 0;
}

int llm_tier_of(struct str name, enum llm_tier *out)
{
	int i = index_of(name, tier_names, LLM_TIERS);

	if (i < 0)
		return -1;
	*out = (enum llm_tier)i;
	return 0;
}

int llm_ability_of(struct str name, unsigned *out_bit)
{
	int i = index_of(name, ability_names, ABILITIES);

	if (i < 0)
		return -1;
	*out_bit = 1u << i;
	return 0;
}

int llm_service_of(struct str name, enum llm_service *out)
{
	int i = index_of(name, service_names, LLM_SERVICE_COUNT);

	if (i < 0)
		return -1;
	*out = (enum llm_service)i;
	return 0;
}

/* ---- calls of the provider's tools ---- */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool is_limited_by_request(const struct llm_provider_tool *t)
{
	return t->end == LLM_ENDS_SEARCH || t->end == LLM_ENDS_REQUEST;
}

int64_t llm_most_calls(const struct llm_request *r, int64_t each)
{
	int64_t limited = 0, sum = 0, others = 0;

	for (int i = 0; i < r->provider_tool_count; i++) {
		const struct llm_provider_tool *t = &r->provider_tools[i];

		if (!is_limited_by_request(t)) {
			others += LIMIT_PROVIDER_ROUNDS;
			continue;
		}
		limited++;
		sum += least(t->most < 0 ? LIMIT_PROVIDER_CALLS : t->most, each);
	}
	if (r->max_calls >= 0)
		sum = least(r->max_calls, limited * each);
	return sum + others;
}

int64_t llm_most_found(const struct llm_request *r)
{
	int64_t most = LIMIT_FOUND_TOKENS;

	for (int i = 0; i < r->provider_tool_count; i++)
		if (r->provider_tools[i].most_found > most)
			most = r->provider_tools[i].most_found;
	return most;
}

int64_t llm_calls_each(const struct llm_request *r)
{
	int64_t each = LIMIT_PROVIDER_CALLS;

	for (int i = 0; i < r->provider_tool_count; i++)
		each = r->provider_tools[i].most > each ? r->provider_tools[i].most : each;
	each = r->max_calls > each ? r->max_calls : each;
	return least(each, LIMIT_PROVIDER_CALLS_MAX);
}

bool llm_leaves_calls_open(const struct llm_request *r)
{
	bool limits_any = r->max_calls >= 0;

	for (int i = 0; i < r->provider_tool_count; i++)
		limits_any = limits_any || r->provider_tools[i].is_limited;
	return r->provider_tool_count > 0 && !limits_any;
}

bool llm_limits_calls(const struct llm_request *r)
{
	bool limits_each = true;

	for (int i = 0; i < r->provider_tool_count; i++)
		limits_each = limits_each && r->provider_tools[i].is_limited;
	return limits_each || r->max_calls >= 0;
}
