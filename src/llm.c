/* The names of the neutral words, both ways. Pure. */
#include "llm.h"

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
