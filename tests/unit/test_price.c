/* Prices: known amounts, rounding, and random usages against schoolbook arithmetic on digits,
 * which shares nothing with the 128-bit code. */
#include "check.h"
#include "ledger/price.h"

enum { DIGITS = 60 };

/* A number as decimal digits, lowest first. */
struct big {
	unsigned char digit[DIGITS];
};

static struct big big_of(uint64_t value)
{
	struct big b = {{0}};

	for (int i = 0; value; i++, value /= 10)
		b.digit[i] = (unsigned char)(value % 10);
	return b;
}

static void big_add(struct big *a, const struct big *b)
{
	int carry = 0;

	for (int i = 0; i < DIGITS; i++) {
		carry += a->digit[i] + b->digit[i];
		a->digit[i] = (unsigned char)(carry % 10);
		carry /= 10;
	}
}

static struct big big_times(uint64_t x, uint64_t y)
{
	struct big a = big_of(x), b = big_of(y), product = {{0}};

	for (int i = 0; i < DIGITS; i++) {
		for (int n = 0; n < a.digit[i]; n++) {
			struct big shifted = {{0}};

			for (int k = 0; k + i < DIGITS; k++)
				shifted.digit[k + i] = b.digit[k];
			big_add(&product, &shifted);
		}
	}
	return product;
}

/* The number / 1000, or UINT64_MAX where it has more than 18 digits then. */
static uint64_t big_nano(const struct big *b)
{
	uint64_t value = 0;

	for (int i = DIGITS - 1; i >= 21; i--)
		if (b->digit[i])
			return UINT64_MAX;
	for (int i = 20; i >= 3; i--)
		value = value * 10 + b->digit[i];
	return value;
}

static uint64_t random_state = 88172645463325252u;

static uint64_t random_below(uint64_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % limit;
}

static int64_t random_figure(void)
{
	static const uint64_t limits[] = {2, 10, 1000, 100000, 10000000, 1000000000000};

	return (int64_t)random_below(limits[random_below(6)]);
}

/* Rates at random; nothing but them: 100 %. */
static struct price random_price(void)
{
	struct price p = {.percent_bp = PRICE_WHOLE_BP, .regional_bp = PRICE_WHOLE_BP};

#define X(rate, fallback) p.rate##_pusd = random_figure();
	PRICE_RATES(X)
#undef X
	p.call_nusd = random_figure();
	p.search_nusd = random_figure();
	return p;
}

static uint64_t schoolbook_cost(const struct price *p, const struct llm_usage *u)
{
	const struct {
		int64_t tokens, rate;
	} rows[] = {
	    {u->input - u->audio_input - u->image_input, p->input_pusd},
	    {u->audio_input, p->audio_input_pusd},
	    {u->image_input, p->image_input_pusd},
	    {u->cache_read, p->cache_read_pusd},
	    {u->cache_write_5m, p->cache_write_5m_pusd},
	    {u->cache_write_1h, p->cache_write_1h_pusd},
	    {u->output - u->audio_output - u->image_output - u->reasoning, p->output_pusd},
	    {u->reasoning, p->reasoning_pusd},
	    {u->audio_output, p->audio_output_pusd},
	    {u->image_output, p->image_output_pusd},
	    {u->calls * 1000, p->call_nusd},
	    {u->searches * 1000, p->search_nusd},
	};
	struct big sum = big_of(500);

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct big product = big_times((uint64_t)rows[i].tokens, (uint64_t)rows[i].rate);

		big_add(&sum, &product);
	}
	return big_nano(&sum);
}

static void check_one_random(void)
{
	struct price p = random_price();
	struct llm_usage u = {.cache_read = random_figure(),
	                      .cache_write_5m = random_figure(),
	                      .cache_write_1h = random_figure(),
	                      .audio_input = random_figure(),
	                      .audio_output = random_figure(),
	                      .image_input = random_figure(),
	                      .image_output = random_figure(),
	                      .reasoning = random_figure(),
	                      .searches = random_figure(),
	                      .calls = random_figure()};
	int64_t got = -1;
	uint64_t want;
	int result;

	u.input = u.audio_input + u.image_input + random_figure();
	u.output = u.audio_output + u.image_output + u.reasoning + random_figure();
	want = schoolbook_cost(&p, &u);
	result = price_cost_nusd(&p, &u, &got);
	if (want != UINT64_MAX)
		CHECK(result == 0 && (uint64_t)got == want);
}

static void test_random(void)
{
	for (int i = 0; i < 20000; i++)
		check_one_random();
}

static int64_t cost(int64_t tokens, int64_t rate)
{
	struct price p = {.input_pusd = rate, .percent_bp = PRICE_WHOLE_BP};
	struct llm_usage u = {.input = tokens};
	int64_t nusd = -7;

	return price_cost_nusd(&p, &u, &nusd) == 0 ? nusd : -1;
}

static void test_rounding(void)
{
	CHECK(cost(0, 250000) == 0);
	CHECK(cost(1, 499) == 0);
	CHECK(cost(1, 500) == 1);
	CHECK(cost(1, 1499) == 1);
	CHECK(cost(1, 1500) == 2);
	CHECK(cost(1000000, 250000) == 250000000); /* 0.25 USD per 1M */
	CHECK(cost(3, 333) == 1);                  /* once over the whole: 0.999 */
	CHECK(cost(-1, 1) == -1);
	CHECK(cost(INT64_MAX, 1000) == INT64_MAX);
	CHECK(cost(INT64_MAX, 1001) == -1);
	CHECK(cost(INT64_MAX, INT64_MAX) == -1);
}

static void test_extremes(void)
{
	struct price p = {.percent_bp = PRICE_WHOLE_BP};
	struct llm_usage u = {.input = INT64_MAX, .cache_read = INT64_MAX, .output = INT64_MAX};
	int64_t out = 42;

	p.input_pusd = p.cache_read_pusd = p.output_pusd = INT64_MAX;
	CHECK(price_cost_nusd(&p, &u, &out) == -1 && out == 42);
	p = (struct price){.output_pusd = 1000, .audio_output_pusd = 5000, .reasoning_pusd = 7000};
	p.percent_bp = PRICE_WHOLE_BP;
	u = (struct llm_usage){.output = 10, .audio_output = 25}; /* more audio than output */
	CHECK(price_cost_nusd(&p, &u, &out) == 0 && out == 125);
	u = (struct llm_usage){.output = 10, .reasoning = 25}; /* a part is never more than all */
	CHECK(price_cost_nusd(&p, &u, &out) == 0 && out == 70);
	p.percent_bp = 0; /* forgotten, not free */
	CHECK(price_cost_nusd(&p, &u, &out) == -1);
}

/* ---- percentages ---- */

static void test_percent(void)
{
	struct price p = {
	    .input_pusd = 1000, .call_nusd = 100, .percent_bp = 5000, .regional_bp = 11000};
	struct llm_usage u = {.input = 3};
	int64_t out;

	CHECK(price_cost_nusd(&p, &u, &out) == 0 && out == 2); /* 1.5 */
	u.is_regional = true;
	CHECK(price_cost_nusd(&p, &u, &out) == 0 && out == 2); /* 1.65, not 2 x 1.1 */
	u.input = 300;
	CHECK(price_cost_nusd(&p, &u, &out) == 0 && out == 165);
	u.calls = 2; /* calls have their own price, whatever the service */
	CHECK(price_cost_nusd(&p, &u, &out) == 0 && out == 365);
}

/* ---- rows, versions, terms ---- */

static struct price row(enum llm_service service, int64_t above, int64_t rate)
{
	return (struct price){.service = service,
	                      .above_tokens = above,
	                      .input_pusd = rate,
	                      .cache_read_pusd = rate,
	                      .output_pusd = rate,
	                      .percent_bp = PRICE_WHOLE_BP,
	                      .regional_bp = PRICE_WHOLE_BP};
}

static int64_t rate_of(const struct price_version *v, enum llm_service service, int64_t tokens)
{
	const struct price *p = price_row(v, service, tokens);

	return p ? p->input_pusd : -1;
}

static void test_rows(void)
{
	struct price rows[] = {row(LLM_SERVICE_STANDARD, 0, 1), row(LLM_SERVICE_STANDARD, 200, 2),
	                       row(LLM_SERVICE_STANDARD, 272, 3), row(LLM_SERVICE_FLEX, 0, 4)};
	struct price_version v = {.rows = rows, .row_count = 4};

	CHECK(rate_of(&v, LLM_SERVICE_STANDARD, 0) == 1);
	CHECK(rate_of(&v, LLM_SERVICE_STANDARD, 200) == 1);
	CHECK(rate_of(&v, LLM_SERVICE_STANDARD, 201) == 2);
	CHECK(rate_of(&v, LLM_SERVICE_STANDARD, 272) == 2);
	CHECK(rate_of(&v, LLM_SERVICE_STANDARD, INT64_MAX) == 3);
	CHECK(rate_of(&v, LLM_SERVICE_FLEX, 1000) == 4);
	CHECK(rate_of(&v, LLM_SERVICE_BATCH, 0) == -1);
}

static void test_versions(void)
{
	struct price_version versions[] = {
	    {.id = 1}, {.id = 2, .from_ms = 1000}, {3, .from_ms = 2000}};
	struct price_set set = {versions, 3};

	CHECK(price_at(&set, -5)->id == 1);
	CHECK(price_at(&set, 999)->id == 1);
	CHECK(price_at(&set, 1000)->id == 2);
	CHECK(price_at(&set, INT64_MAX)->id == 3);
	versions[0].from_ms = 500; /* what is before all is priced by the first */
	CHECK(price_at(&set, 0)->id == 1);
}

static void test_ids(void)
{
	struct price rows[] = {row(LLM_SERVICE_STANDARD, 0, 1), row(LLM_SERVICE_STANDARD, 5, 1)};
	struct price_version a = {.rows = rows, .row_count = 1}, b = {.rows = rows, .row_count = 2};

	price_set_id(&a);
	price_set_id(&b);
	CHECK(a.id != 0 && b.id != 0 && a.id != b.id);
	rows[1].image_output_pusd++;
	CHECK(b.id != (price_set_id(&a), a.id));
	a.id = b.id;
	price_set_id(&b);
	CHECK(a.id != b.id);
}

static struct price_amounts amounts(const struct price_deal *deal, const struct llm_usage *u)
{
	struct price_amounts out = {-1, -1, false};

	CHECK(price_amounts_of(deal, u, &out) == 0);
	return out;
}

static void test_terms(void)
{
	struct price rows[] = {row(LLM_SERVICE_STANDARD, 0, 1000),
	                       row(LLM_SERVICE_STANDARD, 100, 2000)};
	struct price own_row = row(LLM_SERVICE_STANDARD, 0, 500);
	struct price_version version = {.rows = rows, .row_count = 2};
	struct price_version own_version = {.rows = &own_row, .row_count = 1};
	struct price_set set = {&version, 1}, own = {&own_version, 1};
	struct price_terms terms = {NULL, 12500};
	struct llm_usage u = {.input = 60, .cache_read = 41};
	struct price_deal deal;
	struct price_amounts got;

	price_set_id(&version);
	price_set_id(&own_version);
	deal = price_deal_of(&set, NULL, 0);
	got = amounts(&deal, &u);
	CHECK(got.cost_nusd == 202 && got.charge_nusd == 202 && !got.is_unknown);
	CHECK(deal.charge_id == version.id);
	deal = price_deal_of(&set, &terms, 0);
	got = amounts(&deal, &u);
	CHECK(got.cost_nusd == 202 && got.charge_nusd == 253); /* 252.5 */
	CHECK(deal.charge_id != version.id);
	terms = (struct price_terms){&own, PRICE_WHOLE_BP};
	deal = price_deal_of(&set, &terms, 0);
	got = amounts(&deal, &u);
	CHECK(got.cost_nusd == 202 && got.charge_nusd == 51); /* 50.5 */
	CHECK(deal.charge_id == own_version.id);
	terms.markup_bp = 0; /* served for nothing, since somebody said so */
	deal = price_deal_of(&set, &terms, 0);
	got = amounts(&deal, &u);
	CHECK(got.cost_nusd == 202 && got.charge_nusd == 0 && !got.is_unknown);
	u.service = LLM_SERVICE_PRIORITY; /* for which there is no price here */
	got = amounts(&deal, &u);
	CHECK(got.cost_nusd == 202 && got.is_unknown);
	u.service = LLM_SERVICE_STANDARD;
	u.has_unpriced = true;
	got = amounts(&deal, &u);
	CHECK(got.cost_nusd == 202 && got.is_unknown);
}

/* ---- the bound ---- */

static int64_t bound_by(struct price *rows, int count, const struct price_bound *b)
{
	struct price_version v = {.rows = rows, .row_count = count};
	struct price_set set = {&v, 1};
	struct price_deal deal = price_deal_of(&set, NULL, 0);
	int64_t nusd;

	return price_bound_nusd(&deal, b, &nusd) == 0 ? nusd : -1;
}

static int64_t bound(struct price *p, const struct price_bound *b)
{
	p->percent_bp = p->regional_bp = PRICE_WHOLE_BP;
	return bound_by(p, 1, b);
}

static void test_bound(void)
{
	struct price p = {.input_pusd = 1000, .output_pusd = 2000, .cache_write_1h_pusd = 3000};

	CHECK(bound(&p, &(struct price_bound){.input_tokens = 84}) == 3 * (84 + 16));
	CHECK(bound(&p, &(struct price_bound){.messages = 2, .tools = 1}) ==
	      3 * (3 * 16 + 64 + 1024));
	CHECK(bound(&p, &(struct price_bound){.pictures = 1}) == 3 * (16 + 8192));
	CHECK(bound(&p, &(struct price_bound){.choices = 3, .max_output = 50}) == 48 + 300);
	CHECK(bound(&p, &(struct price_bound){.calls = 5, .found_tokens = 8192}) ==
	      3 * (16 + 5 * 8192));
	/* 100 tokens read six times; what was found first five times, what came last once */
	CHECK(bound(&p,
	            &(struct price_bound){
	                .input_tokens = 100, .calls = 5, .found_tokens = 7, .again_tokens = 100}) ==
	      3 * (16 + 6 * 100 + 7 * (5 + 4 + 3 + 2 + 1)));
	CHECK(bound(&p, &(struct price_bound){.calls = 1000001}) == -1);
	p.call_nusd = 10;
	CHECK(bound(&p, &(struct price_bound){.calls = 5, .found_tokens = 8192}) ==
	      3 * (16 + 5 * 8192) + 50);
	p.search_nusd = 20;
	CHECK(bound(&p, &(struct price_bound){.calls = 5, .found_tokens = 8192}) ==
	      3 * (16 + 5 * 8192) + 100);
	p.image_input_pusd = 5000;
	CHECK(bound(&p, &(struct price_bound){.pictures = 1}) == 3 * 16 + 5 * 8192);
	p.reasoning_pusd = 4000;
	CHECK(bound(&p, &(struct price_bound){.choices = 3, .max_output = 50}) == 48 + 600);
	CHECK(bound(&p, &(struct price_bound){.input_tokens = -1}) == -1);
	CHECK(bound(&p, &(struct price_bound){.choices = INT64_MAX, .max_output = INT64_MAX}) ==
	      -1);
	p = (struct price){.input_pusd = 1};
	CHECK(bound(&p, &(struct price_bound){0}) == 1); /* up, never down */
}

/* The dearest row that may apply: steps that the bytes reach, the service that is asked for. */
static void test_bound_of_rows(void)
{
	struct price rows[] = {row(LLM_SERVICE_STANDARD, 0, 1000),
	                       row(LLM_SERVICE_STANDARD, 200, 2000), row(LLM_SERVICE_FLEX, 0, 500),
	                       row(LLM_SERVICE_PRIORITY, 0, 9000)};
	struct price_bound b = {.input_tokens = 184};

	CHECK(bound_by(rows, 4, &b) == 200);
	b.input_tokens = 185;
	CHECK(bound_by(rows, 4, &b) == 402);
	b.service = LLM_SERVICE_FLEX; /* may be served by the standard one all the same */
	CHECK(bound_by(rows, 4, &b) == 402);
	b.service = LLM_SERVICE_PRIORITY;
	CHECK(bound_by(rows, 4, &b) == 1809);
	rows[3].percent_bp = 20000, rows[3].regional_bp = 11000;
	CHECK(bound_by(rows, 4, &b) == 3980); /* 3979.8 */
	b.service = LLM_SERVICE_BATCH;        /* has no price here: nothing bounds it */
	CHECK(bound_by(rows, 4, &b) == -1);
}

/* A usage inside the bound's premises never costs more than the bound. */
static void test_bound_covers(void)
{
	for (int i = 0; i < 5000; i++) {
		struct price p = random_price();
		struct price_bound b = {.input_tokens = random_figure(),
		                        .choices = 1,
		                        .max_output = random_figure(),
		                        .calls = random_figure()};
		struct llm_usage u = {.output = b.max_output, .calls = b.calls};
		int64_t cost_nusd, bound_nusd;

		u.reasoning = u.output / 2;
		u.cache_write_5m = b.input_tokens / 3;
		u.cache_write_1h = b.input_tokens / 4;
		u.input = b.input_tokens - u.cache_write_5m - u.cache_write_1h;
		bound_nusd = bound(&p, &b);
		if (bound_nusd >= 0)
			CHECK(price_cost_nusd(&p, &u, &cost_nusd) == 0 && cost_nusd <= bound_nusd);
	}
}

int main(void)
{
	test_random();
	test_rounding();
	test_extremes();
	test_percent();
	test_rows();
	test_versions();
	test_ids();
	test_terms();
	test_bound();
	test_bound_of_rows();
	test_bound_covers();
	return check_report("price");
}
