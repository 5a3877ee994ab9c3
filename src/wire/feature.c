/* The features' names and weights, printed from the table, and the marks of a request. Called by
 * readers of dialects and by the driver. Must never decide by a request's text. */
#include "wire/feature.h"

static const struct {
	enum feature_fate weight;
	const char *words;
} rows[FEATURE_COUNT] = {
#define X(name, weight, words) [FEATURE_##name] = {FEATURE_##weight, words},
    FEATURES(X)
#undef X
};

void feature_mark(struct feature_use *use, enum feature f, uint32_t node)
{
	if (use->at[f].count++ == 0)
		use->at[f].node = node;
}

bool feature_is_used(const struct feature_use *use, enum feature f)
{
	return use->at[f].count > 0;
}

enum feature_fate feature_weight(enum feature f)
{
	must(f < FEATURE_COUNT);
	return rows[f].weight;
}

const char *feature_words(enum feature f)
{
	must(f < FEATURE_COUNT);
	return rows[f].words;
}

const char *feature_fate_name(enum feature_fate fate)
{
	static const char *const names[] = {"-", "exact", "translated", "warned", "refused"};

	must(fate <= FEATURE_REFUSED);
	return names[fate];
}
