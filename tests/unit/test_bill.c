/* Providers' exports: the four shapes as the consoles give them, amounts, names, what is refused,
 * and any cut of a file. */
#include "ledger/bill.h"

#include "check.h"
#include "guard.h"

static const char openai_usage[] =
    "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,"
    "api_key_id,model,batch,service_tier,input_tokens,output_tokens,input_cached_tokens,"
    "input_uncached_tokens\n"
    "1759622400,1759708800,2025-10-05T00:00:00+00:00,2025-10-06T00:00:00+00:00,p,3,,k1,"
    "gpt-5-mini-2025-08-07,False,default,1000,200,400,600\n"
    "1759622400,1759708800,2025-10-05T00:00:00+00:00,2025-10-06T00:00:00+00:00,p,2,,k2,"
    "gpt-5-mini-2025-08-07,False,default,10,20,0,10\n"
    "1759708800,1759795200,2025-10-06T00:00:00+00:00,2025-10-07T00:00:00+00:00,,,,,,,,,,,\n";

static const char openai_cost[] =
    "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,"
    "quantity_unit,line_item,user_id,project_id\n"
    "1759622400,1759708800,2025-10-05T00:00:00+00:00,,0.003835980000000000000000000000,usd,,,"
    "\"gpt-5-mini-2025-08-07, input\",,\n"
    "1759622400,1759708800,2025-10-05T00:00:00+00:00,,1.5e-05,usd,,,"
    "\"gpt-5-mini-2025-08-07, cached input\",,\n"
    "1759622400,1759708800,2025-10-05T00:00:00+00:00,,0.02,usd,,,"
    "web search tool calls | gpt-4.1,,\n";

static const char anthropic_usage[] =
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,"
    "usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
    "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,"
    "web_search_count,inference_geo,speed\n"
    "2026-03-22,claude-sonnet-4-20250514,k,\"Default, all\",standard,\xe2\x89\xa4 200k,"
    "100,7,5,30,50,0,global,\n";

static const char anthropic_cost[] =
    "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,"
    "cost_type\n"
    "2026-03-22,Claude Sonnet 4.5,Default,k,message,200k,input_no_cache,0.30,token\n"
    "2026-03-22,Claude Sonnet 4.5,Default,k,message,200k,output,1.25,token\n";

static struct arena arena;
static struct fail failure;

static int read_text(const char *text, struct bill *out)
{
	fail_init(&failure, &arena);
	return bill_read(str_of(text), &arena, out, &failure);
}

static void test_openai(void)
{
	struct bill b;

	if (!CHECK(read_text(openai_usage, &b) == 0))
		return;
	CHECK(b.count == 1 && b.first_day == 20366 && b.last_day == 20367);
	CHECK_STR(b.rows[0].model, STR("gpt-5-mini"));
	CHECK(b.rows[0].figures[BILL_REQUESTS] == 5);
	CHECK(b.rows[0].figures[BILL_INPUT] == 610);
	CHECK(b.rows[0].figures[BILL_CACHE_READ] == 400);
	CHECK(b.rows[0].figures[BILL_OUTPUT] == 220);
	CHECK(!(b.knows >> BILL_COST & 1) && !(b.knows >> BILL_CACHE_WRITE & 1));
	if (!CHECK(read_text(openai_cost, &b) == 0))
		return;
	CHECK(b.count == 2 && b.knows == 1u << BILL_COST);
	CHECK_STR(b.rows[0].model, STR("gpt-4-1"));
	CHECK(b.rows[0].figures[BILL_COST] == 20000000000);
	CHECK_STR(b.rows[1].model, STR("gpt-5-mini"));
	CHECK(b.rows[1].figures[BILL_COST] == 3835980000 + 15000000);
	CHECK_STR(b.provider, STR("openai"));
}

static void test_anthropic(void)
{
	struct bill b;

	if (!CHECK(read_text(anthropic_usage, &b) == 0))
		return;
	CHECK(b.count == 1);
	CHECK_STR(b.rows[0].model, STR("claude-sonnet-4"));
	CHECK(b.rows[0].figures[BILL_INPUT] == 100 && b.rows[0].figures[BILL_CACHE_WRITE] == 12);
	CHECK(b.rows[0].figures[BILL_CACHE_READ] == 30 && b.rows[0].figures[BILL_OUTPUT] == 50);
	if (!CHECK(read_text(anthropic_cost, &b) == 0))
		return;
	CHECK(b.count == 1);
	CHECK_STR(b.rows[0].model, STR("claude-sonnet-4-5"));
	CHECK(b.rows[0].figures[BILL_COST] == 1550000000000);
	CHECK_STR(b.provider, STR("anthropic"));
}

static void test_refused(void)
{
	static const struct {
		const char *text, *words;
	} bad[] = {
	    {"", "is empty"},
	    {"a,b\n1,2\n", "none of a usage or cost export"},
	    {"usage_date_utc,model,cost_usd\n2026-02-30,m,1\n", "line 2: usage_date_utc"},
	    {"usage_date_utc,model,cost_usd\n2026-02-03,m,1,2\n", "has 4 fields"},
	    {"usage_date_utc,model,cost_usd\n2026-02-03,m,one\n", "cost_usd \"one\""},
	    {"usage_date_utc,model,cost_usd\n\n2026-02-03,m,1\n2026-02-03,m,\"1\n", "line 4"},
	    {"start_time,amount_value,amount_currency\n1759622400,1,eur\n", "amount_currency"},
	    {"start_time,model,input_tokens,output_tokens\n1759622400,m,-1,1\n", "input_tokens"},
	    {"usage_date_utc,model,cost_usd\n2026-02-03,m,9000000\n2026-02-03,m,9000000\n",
	     "too large"},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct bill b = {.count = 77};

		CHECK(read_text(bad[i].text, &b) == -1);
		CHECK(b.count == 77);
		if (!CHECK(str_find(failure.message, str_of(bad[i].words)) < failure.message.len))
			printf("    %.*s\n", STR_ARG(failure.message));
	}
}

static void test_amounts(void)
{
	static const struct {
		const char *text;
		int64_t pusd; /* -1: refused */
	} amounts[] = {
	    {"0", 0},
	    {"1", 1000000000000},
	    {"0.000000000001", 1},
	    {"0.0000000000019", 1},
	    {"00.50", 500000000000},
	    {"1e-12", 1},
	    {"1E-13", 0},
	    {"1.5e+1", 15000000000000},
	    {"9e6", 9000000000000000000},
	    {"1e7", -1},
	    {"1e400", -1},
	    {"0e400", 0},
	    {"1e401", -1},
	    {"0.000000000000000000000000001", 0},
	    {"123456789012345678901234567890", -1},
	    {"", -1},
	    {".", -1},
	    {"1.2.3", -1},
	    {"e5", -1},
	    {"1e", -1},
	    {"--1", -1},
	    {"$1", -1},
	    {"1,000", -1},
	};
	int64_t got;

	for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
		int result = bill_read_pusd(str_of(amounts[i].text), &got);

		if (!CHECK(amounts[i].pusd < 0 ? result < 0
		                               : result == 0 && got == amounts[i].pusd))
			printf("    %s\n", amounts[i].text);
	}
	CHECK(bill_read_pusd(STR("-0.25"), &got) == 0 && got == -250000000000);
}

static void test_names(void)
{
	static const struct {
		const char *name, *want;
	} names[] = {
	    {"gpt-5-mini", "gpt-5-mini"},
	    {"GPT-5-mini-2025-08-07", "gpt-5-mini"},
	    {"claude-sonnet-4-20250514", "claude-sonnet-4"},
	    {"anthropic/claude-3-5-haiku-latest", "claude-3-5-haiku"},
	    {" Claude Opus 4.1 ", "claude-opus-4-1"},
	    {"-20250514", "-20250514"},
	    {"", ""},
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		CHECK_STR(bill_model_name(str_of(names[i].name), &arena), str_of(names[i].want));
}

/* Each beginning of a file is read or refused, and nothing behind its end is looked at. */
static void test_cuts(void)
{
	static const char *const files[] = {openai_usage, openai_cost, anthropic_usage,
	                                    anthropic_cost};
	struct bill b;

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		for (size_t len = 0; len < strlen(files[i]); len++) {
			struct guard guard = guard_copy(str_part(str_of(files[i]), 0, len));

			fail_init(&failure, &arena);
			CHECK((bill_read(guard.bytes, &arena, &b, &failure) < 0) ==
			      fail_is_set(&failure));
			guard_free(&guard);
			arena_reset(&arena);
		}
}

int main(void)
{
	arena_init(&arena);
	test_openai();
	test_anthropic();
	test_refused();
	test_amounts();
	test_names();
	test_cuts();
	arena_release(&arena);
	return check_report("bill");
}
