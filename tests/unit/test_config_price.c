/* Prices of a configuration: defaults, rows, versions by day, what accounts pay, and every
 * mistake that would make something cost nothing. */
#include "base/buf.h"
#include "base/clock.h"
#include "check.h"
#include "config/config.h"

#define MODEL                                                                                      \
	"providers: [{name: p, dialect: chat, base_url: \"http://h\"}]\n"                          \
	"models:\n  - name: m\n    lane: deep\n    targets: [{provider: p, model: x}]\n"

static struct config *read_text(const char *text)
{
	struct config *c = NULL;
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	if (config_read_text(STR("t.yaml"), str_of(text), &c, &f) < 0)
		printf("    %.*s\n", STR_ARG(f.message));
	arena_release(&arena);
	CHECK(c != NULL);
	return c;
}

static void expect(const char *text, const char *part)
{
	struct buf report;

	buf_init(&report, 65536);
	config_check_text(STR("t.yaml"), str_of(text), &report);
	if (!CHECK(str_find(buf_str(&report), str_of(part)) < report.len))
		printf("    wanted: %s\n    got: %.*s\n", part, STR_ARG(buf_str(&report)));
	buf_release(&report);
}

static const struct price *row_of(const struct config *c, enum llm_service service, int64_t tokens)
{
	return price_row(&c->models[0].prices.versions[0], service, tokens);
}

static void test_defaults(void)
{
	struct config *c = read_text(MODEL "    price: {input: 2, output: 8, cache_write: 3}\n");
	const struct price *p = config_price(&c->models[0]);

	CHECK(p->input_pusd == 2000000 && p->cache_read_pusd == 2000000);
	CHECK(p->cache_write_5m_pusd == 3000000 && p->cache_write_1h_pusd == 3000000);
	CHECK(p->output_pusd == 8000000 && p->reasoning_pusd == 8000000);
	CHECK(p->audio_input_pusd == 2000000 && p->image_input_pusd == 2000000);
	CHECK(p->audio_output_pusd == 8000000 && p->image_output_pusd == 8000000);
	CHECK(p->call_nusd == 0 && p->search_nusd == 0 && p->percent_bp == 10000);
	config_put(&c);
	c = read_text(MODEL
	              "    price: {input: 2, output: 8, per_call: 0.01, regional: \"110%\"}\n");
	p = config_price(&c->models[0]);
	CHECK(p->call_nusd == 10000000 && p->search_nusd == 10000000 && p->regional_bp == 11000);
	config_put(&c);
}

static void test_rows(void)
{
	struct config *c = read_text(
	    MODEL "    price:\n      input: 5\n      output: 30\n      cache_read: 0.5\n"
	          "      per_call: 0.01\n      rows:\n"
	          "        - {service: flex, percent: \"50%\"}\n"
	          "        - {above: 272000, input: 10, output: 45, cache_read: 1}\n"
	          "        - {service: priority, input: 12.5, output: 75, per_search: 0.02}\n");

	CHECK(c->models[0].prices.versions[0].row_count == 5);
	CHECK(row_of(c, LLM_SERVICE_STANDARD, 272000)->input_pusd == 5000000);
	CHECK(row_of(c, LLM_SERVICE_STANDARD, 272001)->cache_read_pusd == 1000000);
	CHECK(row_of(c, LLM_SERVICE_STANDARD, 272001)->call_nusd == 10000000);
	/* a percentage without a length counts at all of them, whatever the order of the rows */
	CHECK(row_of(c, LLM_SERVICE_FLEX, 1)->input_pusd == 5000000);
	CHECK(row_of(c, LLM_SERVICE_FLEX, 272001)->input_pusd == 10000000);
	CHECK(row_of(c, LLM_SERVICE_FLEX, 272001)->percent_bp == 5000);
	CHECK(row_of(c, LLM_SERVICE_PRIORITY, 272001)->input_pusd == 12500000);
	CHECK(row_of(c, LLM_SERVICE_PRIORITY, 272001)->cache_read_pusd == 12500000);
	CHECK(row_of(c, LLM_SERVICE_PRIORITY, 1)->search_nusd == 20000000);
	CHECK(row_of(c, LLM_SERVICE_BATCH, 1) == NULL);
	config_put(&c);
}

static void test_versions(void)
{
	struct config *c =
	    read_text(MODEL "    prices:\n      - {input: 1, output: 5}\n"
	                    "      - {from: 2026-01-01, input: 2, output: 6, as_of: 2026-01-02}\n"
	                    "      - {from: 2126-01-01, input: 3, output: 7}\n");
	const struct config_model *m = &c->models[0];
	const int64_t day_ms = 24LL * 3600 * 1000, turn_ms = 20454 * day_ms;
	struct price_deal deal = config_deal(c, NULL, m, turn_ms - 1);

	CHECK(m->prices.count == 3 && m->prices.versions[1].from_ms == turn_ms);
	CHECK(deal.cost->rows[0].input_pusd == 1000000 && deal.charge == deal.cost);
	deal = config_deal(c, NULL, m, turn_ms);
	CHECK(deal.cost->rows[0].input_pusd == 2000000);
	CHECK_STR(deal.cost->as_of, STR("2026-01-02"));
	CHECK(config_price(m)->input_pusd == 2000000);
	config_put(&c);
}

static void test_unknown(void)
{
	struct config *c = read_text(MODEL "    price: {unknown: true}\n");
	struct price_deal deal = config_deal(c, NULL, &c->models[0], 0);
	struct llm_usage usage = {.input = 100, .output = 100};
	struct price_amounts got;
	int64_t bound;

	CHECK(price_amounts_of(&deal, &usage, &got) == 0);
	CHECK(got.is_unknown && got.cost_nusd == 0);
	CHECK(price_bound_nusd(&deal, &(struct price_bound){0}, &bound) == -1);
	config_put(&c);
}

static struct price_amounts paid(const struct config *c, struct config_payer payer)
{
	struct price_deal deal = config_deal(c, &payer, &c->models[0], clock_wall_ms());
	struct llm_usage usage = {.input = 1000};
	struct price_amounts got = {0};

	usage.output = 1000;
	CHECK(price_amounts_of(&deal, &usage, &got) == 0);
	CHECK(got.cost_nusd == 3 * 1000000);
	return got;
}

static void test_charges(void)
{
	struct config *c = read_text(
	    MODEL "    price: {input: 1, output: 2}\n"
	          "charges:\n  - {account: \"Acme*\", markup: \"12.5%\"}\n"
	          "  - {plan: builder, model: m, price: {input: 2, output: 4}, markup: \"-10%\"}\n"
	          "  - {model: other, markup: \"500%\"}\n");

	CHECK(paid(c, (struct config_payer){.account = STR("acme ltd")}).charge_nusd == 3375000);
	CHECK(paid(c, (struct config_payer){.plan = STR("builder")}).charge_nusd == 5400000);
	CHECK(paid(c, (struct config_payer){.account = STR("x")}).charge_nusd == 3000000);
	/* what is set on the account counts in place of the mark-up */
	CHECK(
	    paid(c, (struct config_payer){STR("acme"), STR(""), true, 20000, false}).charge_nusd ==
	    6000000);
	/* from 4 dollars per million output tokens in the lane deep */
	CHECK(paid(c, (struct config_payer){STR("x"), STR(""), true, 11000, true}).charge_nusd ==
	      5500000);
	config_put(&c);
	c = read_text(MODEL "    price: {input: 1, output: 2}\napply_floor: true\n");
	CHECK(paid(c, (struct config_payer){.account = STR("x")}).charge_nusd == 5000000);
	config_put(&c);
}

/* The floor is of what is paid, so a percentage that halves the rates does not get below it. */
static void test_floor_of_percent(void)
{
	struct config *c = read_text(
	    MODEL "    price: {input: 1, output: 5, rows: [{service: flex, percent: \"30%\"}]}\n"
	          "apply_floor: true\n");
	struct price_deal deal = config_deal(c, NULL, &c->models[0], 0);
	struct llm_usage usage = {.output = 1000000, .service = LLM_SERVICE_FLEX};
	struct price_amounts got;

	CHECK(price_amounts_of(&deal, &usage, &got) == 0);
	CHECK(got.cost_nusd == 1500000000 && got.charge_nusd >= 4000000000);
	CHECK(got.charge_nusd < 4000001000);
	config_put(&c);
}

static void test_old(void)
{
	expect(MODEL "    price: {input: 1, output: 9, as_of: 2020-01-01}\n",
	       "warning: models: nobody has looked at 1 prices for more than 90 days (at \"m\" not "
	       "since 2020-01-01)");
}

static void test_mistakes(void)
{
	expect(MODEL "    price: {unknown: true, input: 1}\n",
	       "t.yaml:6:12: models[0].price: is unknown, and has rates");
	expect(MODEL "    price: {unknown: false, input: 1}\n",
	       "models[0].price: `output` is missing");
	expect(MODEL "    price: {input: 1, output: 1}\n    prices: [{input: 1, output: 1}]\n",
	       "models[0]: has `price` and `prices`");
	expect(MODEL, "models[0]: `price` is missing");
	expect(MODEL "    price: {input: 1, output: 1, from: 2026-13-01}\n",
	       "models[0].price.from: \"2026-13-01\" is no day; write it as 2026-11-22");
	expect(MODEL "    price: {input: 1, output: 1, as_of: 2026-02-29}\n",
	       "models[0].price.as_of: \"2026-02-29\" is no day");
	expect(MODEL "    price: {input: 1, output: 1, as_of: yesterday}\n",
	       "models[0].price.as_of: \"yesterday\" is no day");
	expect(MODEL "    prices: [{input: 1, output: 1}, {input: 1, output: 2}]\n",
	       "models[0].prices[1]: `from` must be a later day than that of the price before");
	expect(MODEL "    price: {input: 1, output: 1, rows: [{above: 5, input: 1}]}\n",
	       "models[0].price.rows[0]: `output` is missing");
	expect(MODEL "    price: {input: 1, output: 1, rows: [{above: 5, percent: \"50%\"}]}\n",
	       "models[0].price.rows[0]: a row has `input` and `output`, or the `percent`");
	expect(MODEL "    price: {input: 1, output: 1, rows: [{service: flex}]}\n",
	       "models[0].price.rows[0]: a row has `input` and `output`, or the `percent`");
	expect(MODEL "    price: {input: 1, output: 1, rows: [{service: flex, percent: \"0%\"}]}\n",
	       "models[0].price.rows[0].percent: \"0%\" is no percentage");
	expect(MODEL "    price: {input: 1, output: 1, rows: [{input: 1, output: 1}]}\n",
	       "models[0].price.rows[0]: there is another row for standard above 0 tokens");
	expect(MODEL "    price: {input: 1, output: 1, rows: [{service: flex, above: 9, input: 1, "
	             "output: 1}]}\n",
	       "service flex needs a row that counts from the first token, too");
	expect(MODEL "    price: {input: 1, output: 1, rows: [{service: fly, percent: \"9%\"}]}\n",
	       "models[0].price.rows[0].service: \"fly\" is none of standard, flex, priority");
	expect(MODEL "    price: {input: 1, output: 1, regional: 110}\n",
	       "models[0].price.regional: \"110\" is no percentage");
	expect(MODEL "    price: {input: 1, output: 1}\ncharges: [{account: a}]\n",
	       "charges[0]: has neither `markup` nor `price`");
	expect(MODEL "    price: {input: 1, output: 1}\ncharges: [{markup: \"-100%\"}]\n",
	       "charges[0].markup: \"-100%\" is no percentage");
	expect(MODEL "    price: {input: 1, output: 1}\ncharges: [{price: {unknown: true}}]\n",
	       "charges[0]: what accounts pay cannot be unknown");
}

int main(void)
{
	test_defaults();
	test_rows();
	test_versions();
	test_unknown();
	test_charges();
	test_floor_of_percent();
	test_old();
	test_mistakes();
	return check_report("config_price");
}
