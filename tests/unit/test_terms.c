/* Terms: every row both ways, exact money, sentences that name the field and the remedy. */
#include "gate/terms.h"
#include "llm.h"
#include "store/samples.h"

#include "check.h"

static struct arena arena;

static struct terms read_good(const char *json, enum terms_of whose)
{
	struct fail f = {.arena = &arena};
	struct terms t = {0};

	if (!CHECK(terms_read(str_of(json), whose, &arena, &t, &f) == 0))
		printf("    %s: %.*s\n", json, STR_ARG(f.message));
	return t;
}

static void refuses(const char *json, enum terms_of whose, const char *param, const char *sentence)
{
	struct fail f = {.arena = &arena};
	struct terms t = {0};

	CHECK(terms_read(str_of(json), whose, &arena, &t, &f) == -1);
	CHECK(f.kind == FAIL_INVALID_VALUE && t.set == 0);
	CHECK_STR(f.param, str_of(param));
	CHECK_STR(f.message, str_of(sentence));
}

static void test_read(void)
{
	struct terms t = read_good("{\"month_usd\": 20, \"hour_usd\": \"0.1\", \"overage\": true,"
	                           "\"rpm\": 60, \"markup_percent\": -12.5, \"tier_ceiling\": "
	                           "\"standard\", \"models\": \"gpt-*,x\", \"tpm\": null}",
	                           TERMS_OF_ACCOUNT);

	CHECK(terms_value(&t, TERM_month_usd, 0) == 20000000000);
	CHECK(terms_value(&t, TERM_hour_usd, 0) == 100000000);
	CHECK(terms_value(&t, TERM_overage, 0) == 1);
	CHECK(terms_value(&t, TERM_rpm, 0) == 60);
	CHECK(terms_value(&t, TERM_markup_percent, 0) == -1250);
	CHECK(terms_value(&t, TERM_tier_ceiling, 0) == LLM_STANDARD);
	CHECK_STR(t.models, STR("gpt-*,x"));
	CHECK(!terms_has(&t, TERM_tpm) && terms_value(&t, TERM_tpm, 7) == 7);
	CHECK(read_good("", TERMS_OF_KEY).set == 0);
	CHECK(read_good("{}", TERMS_OF_KEY).set == 0);
	t = read_good("{\"month_usd\":0.000000001}", TERMS_OF_KEY);
	CHECK(terms_value(&t, TERM_month_usd, 0) == 1);
	t = read_good("{\"month_usd\":0}", TERMS_OF_KEY);
	CHECK(terms_has(&t, TERM_month_usd) && t.values[TERM_month_usd] == 0);
}

static void test_refuse(void)
{
	refuses("{\"month_usd\":-1}", TERMS_OF_KEY, "month_usd",
	        "month_usd is negative; give US dollars such as 20 or 0.25, at most 1000000000");
	refuses("{\"month_usd\":1e3}", TERMS_OF_KEY, "month_usd",
	        "month_usd has an exponent; write it out; give US dollars such as 20 or 0.25, at "
	        "most 1000000000");
	refuses("{\"month_usd\":0.0000000001}", TERMS_OF_KEY, "month_usd",
	        "month_usd has more than 9 digits behind the point; give US dollars such as 20 or "
	        "0.25, at most 1000000000");
	refuses("{\"month_usd\":true}", TERMS_OF_KEY, "month_usd",
	        "month_usd is a boolean; give US dollars such as 20 or 0.25, at most 1000000000");
	refuses("{\"rpm\":0}", TERMS_OF_PLAN, "rpm",
	        "rpm is too small; give a whole number from 1 to 1000000000");
	refuses("{\"clamp\":\"true\"}", TERMS_OF_PLAN, "clamp",
	        "clamp is a string; give true or false");
	refuses("{\"tier_floor\":\"best\"}", TERMS_OF_PLAN, "tier_floor",
	        "tier_floor is no tier; give fast, standard or reasoning");
	refuses("{\"models\":\"\"}", TERMS_OF_PLAN, "models",
	        "models is empty, which would allow none; give a comma list of names such as "
	        "\"gpt-*,claude-*\"");
	refuses("{\"month_us\":1}", TERMS_OF_PLAN, "month_us",
	        "there is no term \"month_us\"; did you mean month_usd?");
	refuses("{\"budget\":1}", TERMS_OF_PLAN, "budget",
	        "there is no term \"budget\"; docs/operations.md lists them");
	refuses("{\"hour_usd\":1}", TERMS_OF_KEY, "hour_usd",
	        "hour_usd cannot be set on a key; set it on a plan or an account");
	refuses("[1]", TERMS_OF_KEY, "", "terms must be a JSON object such as {\"month_usd\": 20}");
	refuses("{", TERMS_OF_KEY, "", "terms are not valid JSON: ends before the value does");
}

static void test_set(void)
{
	const struct str add[2] = {STR("month_usd"), STR("2.50")};
	const struct str take[2] = {STR("month_usd"), STR("unset")};
	const struct str bad[2] = {STR("month_usd"), STR("two")};
	struct fail f = {.arena = &arena};
	struct terms t = {0};

	CHECK(terms_set(&t, TERMS_OF_KEY, add, &arena, &f) == 0);
	CHECK(terms_value(&t, TERM_month_usd, 0) == 2500000000);
	CHECK(terms_set(&t, TERMS_OF_KEY, bad, &arena, &f) == -1);
	CHECK(terms_value(&t, TERM_month_usd, 0) == 2500000000);
	CHECK(terms_set(&t, TERMS_OF_KEY, take, &arena, &f) == 0);
	CHECK(t.set == 0);
}

static void test_merge_and_write(void)
{
	struct terms plan =
	    read_good("{\"month_usd\":100,\"rpm\":5,\"models\":\"a\"}", TERMS_OF_PLAN);
	struct terms account = read_good("{\"month_usd\":20.25,\"clamp\":false}", TERMS_OF_ACCOUNT);
	struct terms both = terms_merge(&plan, &account);
	struct buf text;

	buf_init(&text, 1000);
	terms_write(&text, &both);
	CHECK_STR(buf_str(&text),
	          STR("{\"month_usd\":20.25,\"rpm\":5,\"clamp\":false,\"models\":\"a\"}"));
	buf_release(&text);
}

static void test_samples(void)
{
#define X(name, json) CHECK(read_good(json, TERMS_OF_PLAN).set != 0);
	STORE_PLAN_SAMPLES(X)
#undef X
	CHECK(read_good(STORE_FIRST_ACCOUNT_TERMS, TERMS_OF_ACCOUNT).values[TERM_month_usd] ==
	      20000000000);
}

int main(void)
{
	arena_init(&arena);
	test_read();
	test_refuse();
	test_set();
	test_merge_and_write();
	test_samples();
	arena_release(&arena);
	return check_report("terms");
}
