/* Prices and usages at random, and what ledger/price makes of them, for tests/money/prices.py to
 * compute again with integers that have no end.
 *
 *	price_cases SEED SETS
 *
 * A line of JSON for each set of prices ("versions": [[from_ms, unknown, rows]], a row as
 * print_row has it), then one for each case that it is asked: "usage" or "bound", and "result",
 * null where the amount does not fit. Figures are small, usual and at the end of 63 bits. */
#include "ledger/price.h"

#include <stdlib.h>

enum { VERSIONS = 3, ROWS = 6, CASES = 20 };

struct sample {
	struct price rows[VERSIONS][ROWS];
	struct price_version versions[VERSIONS];
	struct price_set set;
};

static uint64_t state;

static uint64_t random_below(uint64_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % limit;
}

/* Of any size that fits in so many bits. */
static int64_t random_figure(unsigned bits)
{
	return (int64_t)random_below((uint64_t)1 << random_below(bits + 1));
}

static bool one_in(unsigned n)
{
	return random_below(n) == 0;
}

static int64_t random_percent(void)
{
	return one_in(2) ? PRICE_WHOLE_BP : 1 + (int64_t)random_below(PRICE_PERCENT_MAX_BP);
}

static struct price random_row(unsigned rate_bits)
{
	struct price p = {.percent_bp = random_percent(), .regional_bp = random_percent()};

#define X(rate, fallback) p.rate##_pusd = random_figure(rate_bits);
	PRICE_RATES(X)
#undef X
	p.call_nusd = random_figure(rate_bits);
	p.search_nusd = random_figure(rate_bits);
	return p;
}

static void fill_version(struct sample *s, int index, unsigned rate_bits)
{
	struct price_version *v = &s->versions[index];

	*v = (struct price_version){.from_ms = index * 1000,
	                            .is_unknown = one_in(20),
	                            .rows = s->rows[index],
	                            .row_count = 1 + (int)random_below(ROWS)};
	for (int i = 0; i < v->row_count; i++) {
		v->rows[i] = random_row(rate_bits);
		if (i == 0)
			continue;
		v->rows[i].service = (enum llm_service)random_below(LLM_SERVICE_COUNT);
		v->rows[i].above_tokens = 1 + (int64_t)random_below(5) * 1000;
	}
	price_set_id(v);
}

static void fill(struct sample *s)
{
	unsigned rate_bits = one_in(4) ? 63 : 33;

	s->set = (struct price_set){s->versions, 1 + (int)random_below(VERSIONS)};
	for (int i = 0; i < s->set.count; i++)
		fill_version(s, i, rate_bits);
}

/* ---- lines ---- */

static void put(int64_t value)
{
	printf("%lld,", (long long)value);
}

static void print_row(const struct price *p)
{
	printf("[");
	put(p->service);
	put(p->above_tokens);
#define X(rate, fallback) put(p->rate##_pusd);
	PRICE_RATES(X)
#undef X
	put(p->call_nusd);
	put(p->search_nusd);
	put(p->percent_bp);
	printf("%lld]", (long long)p->regional_bp);
}

static void print_set(const char *name, const struct price_set *set)
{
	printf("\"%s\":[", name);
	for (int v = 0; v < set->count; v++) {
		const struct price_version *version = &set->versions[v];

		printf("%s[%lld,%d,[", v ? "," : "", (long long)version->from_ms,
		       version->is_unknown);
		for (int i = 0; i < version->row_count; i++) {
			printf("%s", i ? "," : "");
			print_row(&version->rows[i]);
		}
		printf("]]");
	}
	printf("]");
}

static struct llm_usage random_usage(unsigned bits)
{
	struct llm_usage u = {.input = random_figure(bits),
	                      .cache_read = one_in(2) ? random_figure(bits) : 0,
	                      .cache_write_5m = one_in(3) ? random_figure(bits) : 0,
	                      .cache_write_1h = one_in(3) ? random_figure(bits) : 0,
	                      .output = random_figure(bits),
	                      .reasoning = one_in(2) ? random_figure(bits) : 0,
	                      .audio_input = one_in(4) ? random_figure(bits) : 0,
	                      .audio_output = one_in(4) ? random_figure(bits) : 0,
	                      .image_input = one_in(4) ? random_figure(bits) : 0,
	                      .image_output = one_in(4) ? random_figure(bits) : 0,
	                      .searches = one_in(4) ? random_figure(bits / 2) : 0,
	                      .calls = one_in(4) ? random_figure(bits / 2) : 0,
	                      .service = one_in(2)
	                                     ? (enum llm_service)random_below(LLM_SERVICE_COUNT)
	                                     : LLM_SERVICE_STANDARD,
	                      .is_regional = one_in(3)};

	return u;
}

static void print_usage(const struct llm_usage *u)
{
	const int64_t figures[] = {
	    u->input,     u->cache_read,  u->cache_write_5m, u->cache_write_1h, u->output,
	    u->reasoning, u->audio_input, u->audio_output,   u->image_input,    u->image_output,
	    u->searches,  u->calls,       u->service};

	printf("\"usage\":[");
	for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
		put(figures[i]);
	printf("%d]", u->is_regional);
}

static void ask_amounts(const struct price_deal *deal, unsigned bits)
{
	struct llm_usage u = random_usage(bits);
	struct price_amounts got;

	print_usage(&u);
	if (price_amounts_of(deal, &u, &got) < 0)
		printf(",\"result\":null}\n");
	else
		printf(",\"result\":[%lld,%lld,%d]}\n", (long long)got.cost_nusd,
		       (long long)got.charge_nusd, got.is_unknown);
}

static void ask_bound(const struct price_deal *deal, unsigned bits)
{
	struct price_bound b = {.input_tokens = random_figure(bits),
	                        .messages = random_figure(10),
	                        .tools = one_in(2) ? random_figure(8) : 0,
	                        .pictures = one_in(3) ? random_figure(6) : 0,
	                        .choices = 1 + random_figure(3),
	                        .max_output = random_figure(bits),
	                        .calls = one_in(3) ? random_figure(6) : 0,
	                        .found_tokens = random_figure(18),
	                        .again_tokens = one_in(2) ? random_figure(21) : 0,
	                        .service = (enum llm_service)random_below(LLM_SERVICE_COUNT)};
	int64_t nusd;

	printf("\"bound\":[%lld,%lld,%lld,%lld,%lld,%lld,%lld,%lld,%lld,%d]",
	       (long long)b.input_tokens, (long long)b.messages, (long long)b.tools,
	       (long long)b.pictures, (long long)b.choices, (long long)b.max_output,
	       (long long)b.calls, (long long)b.found_tokens, (long long)b.again_tokens, b.service);
	if (price_bound_nusd(deal, &b, &nusd) < 0)
		printf(",\"result\":null}\n");
	else
		printf(",\"result\":%lld}\n", (long long)nusd);
}

static void ask(const struct price_set *cost, const struct price_set *own)
{
	struct price_terms terms = {one_in(2) ? own : NULL, one_in(20) ? 0 : random_percent()};
	int64_t opened_ms = (int64_t)random_below(3500) - 500;
	unsigned bits = one_in(5) ? 62 : 21;
	struct price_deal deal = price_deal_of(cost, &terms, opened_ms);

	printf("{\"own\":%d,\"markup\":%lld,\"opened\":%lld,", terms.own != NULL,
	       (long long)terms.markup_bp, (long long)opened_ms);
	if (one_in(4))
		ask_bound(&deal, bits);
	else
		ask_amounts(&deal, bits);
}

int main(int argc, char **argv)
{
	static struct sample cost, own;

	must(argc == 3);
	state = strtoull(argv[1], NULL, 10) | 1;
	for (long set = strtol(argv[2], NULL, 10); set > 0; set--) {
		fill(&cost);
		fill(&own);
		printf("{");
		print_set("versions", &cost.set);
		printf(",");
		print_set("own", &own.set);
		printf("}\n");
		for (int i = 0; i < CASES; i++)
			ask(&cost.set, &own.set);
	}
	return 0;
}
