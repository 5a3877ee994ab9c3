/* Requests of very many small things, translated: what each of them costs does not grow with how
 * many there are. What grew took minutes for what is here; the bound is much more than it takes. */
#include "translating.h"

#include <sys/resource.h>
#include <time.h>

enum { CPU_SECONDS_MAX = 10 };

static struct buf text;

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* In `each` %d is the thing's number, said twice at most. */
struct row {
	enum llm_dialect client, target;
	int count;
	const char *head, *each, *between, *tail;
};

static const struct row rows[] = {
    /* members that nobody knows */
    {LLM_CHAT, LLM_MESSAGES, 200000, "{\"model\":\"m\",\"messages\":[],", "\"x%d\":%d", ",", "}"},
    {LLM_CHAT, LLM_MESSAGES, 80000, "{\"model\":\"m\",\"messages\":[",
     "{\"role\":\"user\",\"content\":\"%d\",\"x\":%d}", ",", "]}"},
    /* thinking of others */
    {LLM_RESPONSES, LLM_MESSAGES, 100000, "{\"model\":\"m\",\"input\":[",
     "{\"type\":\"reasoning\",\"id\":\"%d\",\"encrypted_content\":\"%d\"}", ",",
     ",{\"role\":\"user\",\"content\":\"x\"}]}"},
    /* results of a call that came long before, of none, and of functions of old */
    {LLM_CHAT, LLM_CHAT, 45000,
     "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\","
     "\"function\":"
     "{\"name\":\"f\",\"arguments\":\"{}\"}}]}",
     ",{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":"
     "\"%d\"}"
     ",{\"role\":\"tool\",\"tool_call_id\":\"b%d\"}",
     "", "]}"},
    {LLM_CHAT, LLM_MESSAGES, 50000, "{\"model\":\"m\",\"messages\":[",
     "{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"function\",\"name\":\"f%d\",\"content\":\"%"
     "d\"}",
     ",", "]}"},
};

static void test_row(const struct row *row)
{
	double before = cpu_seconds();
	struct translating t;

	buf_clear(&text);
	buf_put(&text, str_of(row->head));
	for (int i = 0; i < row->count; i++) {
		char each[256];
		int len = snprintf(each, sizeof each, row->each, i, i);

		buf_put(&text, i ? str_of(row->between) : STR(""));
		buf_put(&text, (struct str){each, (size_t)len});
	}
	buf_put(&text, str_of(row->tail));
	translating_init(&t, row->client, row->target);
	CHECK(translating_request(&t, buf_str(&text)).len > 0);
	translating_release(&t);
	CHECK(cpu_seconds() - before < CPU_SECONDS_MAX);
}

/* A choice of many tools among many. */
static void test_choice(void)
{
	enum { TOOLS = 40000 };
	double before = cpu_seconds();
	struct translating t;

	buf_clear(&text);
	buf_put(&text, STR("{\"model\":\"m\",\"input\":\"x\",\"tools\":["));
	for (int i = 0; i < TOOLS; i++)
		buf_printf(&text, "%s{\"type\":\"function\",\"name\":\"f%d\"}", i ? "," : "", i);
	buf_put(&text,
	        STR("],\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"auto\",\"tools\":["));
	for (int i = 0; i < TOOLS; i++)
		buf_printf(&text, "%s{\"name\":\"g%d\"}", i ? "," : "", i);
	buf_put(&text, STR("]}}"));
	for (int target = 0; target < LLM_WIRES; target++) {
		if (target == LLM_RESPONSES)
			continue;
		translating_init(&t, LLM_RESPONSES, (enum llm_dialect)target);
		CHECK(translating_request(&t, buf_str(&text)).len > 0);
		translating_release(&t);
	}
	CHECK(cpu_seconds() - before < CPU_SECONDS_MAX);
}

static int64_t most_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* Tokens of many texts become one list: it was copied for each of them, into memory that stays. */
static void test_tokens(void)
{
	enum { TEXTS = 8000, KIB_MAX = 1024 * 1024 };
	int64_t before_kib = most_kib();
	struct translating t;

	buf_clear(&text);
	buf_put(&text, STR("{\"status\":\"completed\",\"output\":["));
	for (int i = 0; i < TEXTS; i++)
		buf_printf(
		    &text,
		    "%s{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":"
		    "\"x\",\"logprobs\":[{\"token\":\"%060d\"}]}]}",
		    i ? "," : "", i);
	buf_put(&text, STR("]}"));
	translating_init(&t, LLM_CHAT, LLM_RESPONSES);
	CHECK(translating_request(&t, STR("{\"model\":\"m\",\"messages\":[]}")).len > 0);
	CHECK(translating_answer(&t, buf_str(&text)).len > TEXTS * 60);
	translating_release(&t);
	CHECK(most_kib() - before_kib < KIB_MAX);
}

int main(void)
{
	buf_init(&text, 1 << 25);
	test_tokens();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		test_row(&rows[i]);
	test_choice();
	buf_release(&text);
	return check_report("many");
}
