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

static struct price random_price(void)
{
	return (struct price){random_figure(), random_figure(), random_figure(),
	                      random_figure(), random_figure(), random_figure(),
	                      random_figure(), random_figure(), 0};
}

static uint64_t schoolbook_cost(const struct price *p, const struct llm_usage *u)
{
	const struct {
		int64_t tokens, rate;
	} rows[] = {
	    {u->input - u->audio_input, p->input_pusd},
	    {u->audio_input, p->audio_input_pusd},
	    {u->cache_read, p->cache_read_pusd},
	    {u->cache_write_5m, p->cache_write_5m_pusd},
	    {u->cache_write_1h, p->cache_write_1h_pusd},
	    {u->output - u->audio_output, p->output_pusd},
	    {u->audio_output, p->audio_output_pusd},
	    {u->calls * 1000, p->call_nusd},
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
	                      .calls = random_figure()};
	int64_t got = -1;
	uint64_t want;
	int result;

	u.input = u.audio_input + random_figure();
	u.output = u.audio_output + random_figure();
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
	struct price p = {.input_pusd = rate};
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
	struct price p = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX,
	                  INT64_MAX, INT64_MAX, INT64_MAX, 0};
	struct llm_usage u = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, 0,
	                      INT64_MAX, INT64_MAX, 0,         INT64_MAX, false};
	int64_t out = 42;

	CHECK(price_cost_nusd(&p, &u, &out) == -1 && out == 42);
	p = (struct price){.output_pusd = 1000, .audio_output_pusd = 5000};
	u = (struct llm_usage){.output = 10, .audio_output = 25}; /* more audio than output */
	CHECK(price_cost_nusd(&p, &u, &out) == 0 && out == 125);
}

static int64_t bound(const struct price *p, const struct price_bound *b)
{
	int64_t nusd;

	return price_bound_nusd(p, b, &nusd) == 0 ? nusd : -1;
}

static void test_bound(void)
{
	struct price p = {.input_pusd = 1000, .output_pusd = 2000, .cache_write_1h_pusd = 3000};

	CHECK(bound(&p, &(struct price_bound){.body_bytes = 84}) == 3 * (84 + 16));
	CHECK(bound(&p, &(struct price_bound){.messages = 2, .tools = 1}) ==
	      3 * (3 * 16 + 64 + 1024));
	CHECK(bound(&p, &(struct price_bound){.pictures = 1}) == 3 * (16 + 8192));
	CHECK(bound(&p, &(struct price_bound){.choices = 3, .max_output = 50}) == 48 + 300);
	CHECK(bound(&p, &(struct price_bound){.calls = 5}) == 48);
	p.call_nusd = 10;
	CHECK(bound(&p, &(struct price_bound){.calls = 5}) == 98);
	CHECK(bound(&p, &(struct price_bound){.body_bytes = -1}) == -1);
	CHECK(bound(&p, &(struct price_bound){.choices = INT64_MAX, .max_output = INT64_MAX}) ==
	      -1);
	p = (struct price){.input_pusd = 1};
	CHECK(bound(&p, &(struct price_bound){0}) == 1); /* up, never down */
}

/* A usage inside the bound's premises never costs more than the bound. */
static void test_bound_covers(void)
{
	for (int i = 0; i < 5000; i++) {
		struct price p = random_price();
		struct price_bound b = {.body_bytes = random_figure(),
		                        .choices = 1,
		                        .max_output = random_figure(),
		                        .calls = random_figure()};
		struct llm_usage u = {.output = b.max_output, .calls = b.calls};
		int64_t cost_nusd, bound_nusd;

		u.cache_write_5m = b.body_bytes / 3;
		u.cache_write_1h = b.body_bytes / 4;
		u.input = b.body_bytes - u.cache_write_5m - u.cache_write_1h;
		if (price_bound_nusd(&p, &b, &bound_nusd) == 0)
			CHECK(price_cost_nusd(&p, &u, &cost_nusd) == 0 && cost_nusd <= bound_nusd);
	}
}

static void test_version(void)
{
	struct price p = {.input_pusd = 250000, .output_pusd = 2000000}, q = p;

	price_set_version(&p);
	price_set_version(&q);
	CHECK(p.version == q.version && p.version != 0);
	q.output_pusd++;
	price_set_version(&q);
	CHECK(p.version != q.version);
	q = (struct price){.input_pusd = 2000000, .output_pusd = 250000};
	price_set_version(&q);
	CHECK(p.version != q.version);
}

int main(void)
{
	test_rounding();
	test_extremes();
	test_random();
	test_bound();
	test_bound_covers();
	test_version();
	return check_report("price");
}
