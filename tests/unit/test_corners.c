/* Corners of translation that real clients and providers stand in: how other languages write
 * their JSON, what an API refuses in itself, and members that have no counterpart. */
#include "translating.h"

static struct translating t;

/* The provider's body; the warnings are job_warnings(&t.job). */
static struct str sent(enum llm_dialect client, enum llm_dialect target, const char *body)
{
	translating_init(&t, client, target);
	t.job.target.can = LLM_CAN_THINKING;
	return translating_request(&t, str_of(body));
}

static void check_has(struct str text, const char *part)
{
	if (!CHECK(str_find(text, str_of(part)) < text.len))
		CHECK_STR(text, str_of(part));
}

static void check_warned(const char *part)
{
	check_has(job_warnings(&t.job), part);
}

/* Python writes 0.00001 as 1e-05. */
static void test_small_temperature(void)
{
	static const char *const low[] = {"1e-05", "1E-5", "5.0e-1", "0.7", "0e3", "1.0"};
	static const char *const high[] = {"1.2", "2", "15e-1", "1.000001", "0.2e1", "1e1"};
	char body[200], want[60];

	for (size_t i = 0; i < sizeof low / sizeof low[0]; i++) {
		snprintf(body, sizeof body, "{\"model\":\"m\",\"temperature\":%s,\"messages\":[]}",
		         low[i]);
		snprintf(want, sizeof want, "\"temperature\":%s,", low[i]);
		check_has(sent(LLM_CHAT, LLM_MESSAGES, body), want);
		CHECK_STR(job_warnings(&t.job), STR(""));
		translating_release(&t);
	}
	for (size_t i = 0; i < sizeof high / sizeof high[0]; i++) {
		snprintf(body, sizeof body, "{\"model\":\"m\",\"temperature\":%s,\"messages\":[]}",
		         high[i]);
		check_has(sent(LLM_CHAT, LLM_MESSAGES, body), "\"temperature\":1,");
		check_warned("lowered to 1");
		translating_release(&t);
	}
}

/* PHP writes every slash as \/. */
static void test_escaped_slashes(void)
{
	struct str body = sent(
	    LLM_CHAT, LLM_MESSAGES,
	    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
	    "\"image_url\",\"image_url\":{\"url\":\"data:image\\/png;base64,AA\\/A\"}},{\"type\":"
	    "\"file\",\"file\":{\"file_data\":\"data:application\\/pdf;base64,AAAA\"}}]}]}");

	check_has(body, "\"media_type\":\"image/png\",\"data\":\"AA\\/A\"");
	check_has(body, "\"media_type\":\"application/pdf\",\"data\":\"AAAA\"");
	translating_release(&t);
}

/* "text content blocks must contain non-whitespace text", and a system prompt of none is no
 * member. */
static void test_blank_texts(void)
{
	struct str body =
	    sent(LLM_CHAT, LLM_MESSAGES,
	         "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"\"},{\"role\":"
	         "\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":\" \\n\\n\\t\","
	         "\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\","
	         "\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":"
	         "\"\\n\"},{\"role\":\"user\",\"content\":\" \\n a\"}]}");

	CHECK(str_find(body, STR("system")) == body.len);
	CHECK_STR(
	    str_part(body, str_find(body, STR("\"messages\"")), body.len),
	    STR("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
	        "\"q\"}]},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":"
	        "\"c\",\"name\":\"f\",\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":"
	        "\"tool_result\",\"tool_use_id\":\"c\",\"content\":[]},{\"type\":\"text\","
	        "\"text\":\" \\n a\"}]}]}"));
	translating_release(&t);
}

/* A function without arguments is {} to many; messages want to hear that it is an object. */
static void test_schema_without_type(void)
{
	check_has(sent(LLM_CHAT, LLM_MESSAGES,
	               "{\"model\":\"m\",\"messages\":[],\"tools\":[{\"type\":\"function\","
	               "\"function\":{\"name\":\"f\",\"parameters\":{}}}]}"),
	          "\"input_schema\":{\"type\":\"object\",\"properties\":{}}");
	translating_release(&t);
	check_has(sent(LLM_CHAT, LLM_MESSAGES,
	               "{\"model\":\"m\",\"messages\":[],\"tools\":[{\"type\":\"function\","
	               "\"function\":{\"name\":\"f\",\"parameters\":{\"properties\":{}}}}]}"),
	          "\"input_schema\":{\"type\":\"object\",\"properties\":{}}");
	translating_release(&t);
}

/* Responses give logprobs to those who ask in `include`, whole and streamed. */
static void test_logprobs(void)
{
	static const char *const ask = "{\"model\":\"m\",\"logprobs\":true,\"messages\":[]}";

	check_has(sent(LLM_CHAT, LLM_RESPONSES, ask),
	          "\"include\":[\"message.output_text.logprobs\"]");
	check_has(
	    translating_answer(
	        &t, STR("{\"status\":\"completed\",\"output\":[{\"type\":\"message\","
	                "\"content\":[{\"type\":\"output_text\",\"text\":\"a\",\"logprobs\":[{"
	                "\"token\":\"a\",\"logprob\":-1}]}]}]}")),
	    "\"logprobs\":{\"content\":[{\"token\":\"a\",\"logprob\":-1}]");
	translating_release(&t);
}

/* No part of an answer is an empty text: clients send it back, and messages refuse it then. */
static void test_empty_answer_text(void)
{
	sent(LLM_MESSAGES, LLM_RESPONSES, "{\"model\":\"m\",\"max_tokens\":99,\"messages\":[]}");
	check_has(translating_answer(
	              &t, STR("{\"status\":\"completed\",\"output\":[{\"type\":\"message\","
	                      "\"content\":[{\"type\":\"output_text\",\"text\":\"\"},{\"type\":"
	                      "\"refusal\",\"refusal\":\"no\"}]}]}")),
	          "\"content\":[{\"type\":\"text\",\"text\":\"no\"}],\"stop_reason\":\"refusal\"");
	translating_release(&t);
}

/* Marks and strangers in a tool's message, which is read apart. */
static void test_tool_message(void)
{
	check_has(
	    sent(LLM_CHAT, LLM_MESSAGES,
	         "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{"
	         "\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":"
	         "\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"r\","
	         "\"odd\":1,\"cache_control\":{\"type\":\"ephemeral\"}}]}"),
	    "{\"type\":\"tool_result\",\"tool_use_id\":\"c\",\"content\":[{\"type\":\"text\","
	    "\"text\":\"r\"}],\"cache_control\":{\"type\":\"ephemeral\"}}");
	check_warned("messages[1].odd: dropped");
	translating_release(&t);
}

/* Arguments are text; an object in their place must not become {}. */
static void test_arguments_that_are_no_text(void)
{
	CHECK(
	    sent(
	        LLM_CHAT, LLM_MESSAGES,
	        "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":"
	        "\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":{\"a\":1}}}"
	        "]}]}")
	        .len == 0);
	check_has(t.fail.message, "messages[0].tool_calls[0].function.arguments");
	translating_release(&t);
	CHECK(sent(LLM_RESPONSES, LLM_MESSAGES,
	           "{\"model\":\"m\",\"input\":[{\"type\":\"function_call\",\"call_id\":\"c\","
	           "\"name\":"
	           "\"f\",\"arguments\":{\"a\":1}}]}")
	          .len == 0);
	check_has(t.fail.message, "input[0].arguments");
	translating_release(&t);
}

/* Members of tools that say more than the target's tools can. */
static void test_tool_members(void)
{
	sent(LLM_MESSAGES, LLM_CHAT,
	     "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[],\"tools\":[{\"name\":\"f\","
	     "\"input_schema\":{},\"input_examples\":[{}],\"type\":\"custom\",\"description\":"
	     "\"d\"}]}");
	CHECK_STR(job_warnings(&t.job), STR("tools[0].input_examples: dropped, not known to chat"));
	translating_release(&t);
	sent(LLM_CHAT, LLM_MESSAGES,
	     "{\"model\":\"m\",\"messages\":[],\"tools\":[{\"type\":\"function\",\"function\":{"
	     "\"name\":\"f\",\"odd\":1}}]}");
	CHECK_STR(job_warnings(&t.job),
	          STR("tools[0].function.odd: dropped, not known to messages"));
	translating_release(&t);
	sent(LLM_RESPONSES, LLM_MESSAGES,
	     "{\"model\":\"m\",\"input\":\"u\",\"tools\":[{\"type\":\"function\",\"name\":\"f\","
	     "\"parameters\":{},\"odd\":1}]}");
	CHECK_STR(job_warnings(&t.job), STR("tools[0].odd: dropped, not known to messages"));
	translating_release(&t);
}

/* A search may be kept to some places of the web. */
static void test_searches(void)
{
	check_has(sent(LLM_MESSAGES, LLM_RESPONSES,
	               "{\"model\":\"m\",\"max_tokens\":99,\"messages\":[],\"tools\":[{\"type\":"
	               "\"web_search_20250305\",\"name\":\"web_search\",\"max_uses\":3,"
	               "\"allowed_domains\":[\"a.org\"]}]}"),
	          "{\"type\":\"web_search\",\"filters\":{\"allowed_domains\":[\"a.org\"]}}");
	CHECK_STR(job_warnings(&t.job), STR("tools[0].max_uses: dropped, not known to responses"));
	translating_release(&t);
	check_has(sent(LLM_RESPONSES, LLM_MESSAGES,
	               "{\"model\":\"m\",\"input\":\"u\",\"tools\":[{\"type\":\"web_search\","
	               "\"filters\":{\"allowed_domains\":[\"a.org\"]},\"search_context_size\":"
	               "\"low\"}]}"),
	          "\"name\":\"web_search\",\"allowed_domains\":[\"a.org\"]}");
	CHECK_STR(job_warnings(&t.job),
	          STR("tools[0].search_context_size: dropped, not known to messages"));
	translating_release(&t);
	CHECK(sent(LLM_MESSAGES, LLM_RESPONSES,
	           "{\"model\":\"m\",\"max_tokens\":99,\"messages\":[],\"tools\":[{\"type\":"
	           "\"web_search_20250305\",\"name\":\"web_search\",\"blocked_domains\":[\"b\"]}]}")
	          .len == 0);
	check_has(t.fail.message, "tools[0].blocked_domains");
	translating_release(&t);
	CHECK(sent(LLM_RESPONSES, LLM_GEMINI,
	           "{\"model\":\"m\",\"input\":\"u\",\"tools\":[{\"type\":\"web_search\","
	           "\"filters\":{\"allowed_domains\":[\"a.org\"]}}]}")
	          .len == 0);
	check_has(t.fail.message, "tools[0].filters.allowed_domains");
	translating_release(&t);
}

/* SDKs put blocks where their index says: what the dialect cannot show leaves no gap. */
static void test_block_indices(void)
{
	bool is_over = false;
	struct str out;

	sent(LLM_MESSAGES, LLM_GEMINI,
	     "{\"model\":\"m\",\"max_tokens\":9,\"stream\":true,\"messages\":[]}");
	out = translating_stream(
	    &t,
	    STR("data: {\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"mimeType\":"
	        "\"image/png\",\"data\":\"AAAA\"}},{\"text\":\"a\"}]},\"finishReason\":\"STOP\"}]}"
	        "\n\n"),
	    SIZE_MAX, &is_over);
	check_has(out, "{\"type\":\"content_block_start\",\"index\":0,");
	check_has(out, "{\"type\":\"content_block_stop\",\"index\":0}");
	translating_release(&t);
}

/* Every event of a long stream is made and forgotten; annotations are counted. */
static void test_long_stream(void)
{
	bool is_over = false;
	struct arena_block *before;
	struct str out;

	sent(LLM_RESPONSES, LLM_MESSAGES, "{\"model\":\"m\",\"stream\":true,\"input\":\"u\"}");
	out = translating_stream(
	    &t,
	    STR("data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\"}}\n\n"
	        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":"
	        "\"text\",\"text\":\"\"}}\n\n"
	        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
	        "\"citations_delta\",\"citation\":{\"url\":\"https://a\"}}}\n\n"
	        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
	        "\"citations_delta\",\"citation\":{\"url\":\"https://b\"}}}\n\n"),
	    SIZE_MAX, &is_over);
	check_has(out, "\"annotation_index\":1,\"annotation\":{\"type\":\"url_citation\",\"url\":"
	               "\"https://b\"");
	before = t.arena.newest;
	for (int i = 0; i < 5000; i++) {
		struct sse_event e = {
		    .has_data = true,
		    .data = STR("{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
		                "\"text_delta\",\"text\":\"x\"}}")};
		struct talk_events events;

		CHECK(translate_read(&t.job, &e, &events) == 0);
		for (int k = 0; k < events.count; k++)
			translate_write(&t.job, &events.list[k], &t.out);
		arena_reset(&t.scratch);
	}
	CHECK(t.arena.newest == before);
	translating_release(&t);
}

/* Claude Code asks with max_tokens 1 whether it may ask at all. */
static void test_least_output(void)
{
	check_has(
	    sent(LLM_MESSAGES, LLM_RESPONSES, "{\"model\":\"m\",\"max_tokens\":1,\"messages\":[]}"),
	    "\"max_output_tokens\":16,");
	CHECK_STR(job_warnings(&t.job),
	          STR("max_tokens: raised to 16, the least that responses take"));
	translating_release(&t);
}

/* An error in old words is no empty answer; a member that is null is told as one left out. */
static void test_old_error(void)
{
	bool is_over = false;
	struct str out;

	sent(LLM_RESPONSES, LLM_CHAT,
	     "{\"model\":\"m\",\"stream\":true,\"input\":\"u\",\"tools\":null}");
	out = translating_stream(
	    &t, STR("data: {\"object\":\"error\",\"message\":\"no\",\"code\":400}\n\n"), SIZE_MAX,
	    &is_over);
	CHECK(is_over && out.len == 0);
	translating_release(&t);
	sent(LLM_RESPONSES, LLM_CHAT, "{\"model\":\"m\",\"input\":\"u\",\"tools\":null}");
	check_has(translating_answer(&t, STR("{\"choices\":[{\"message\":{\"content\":\"a\"}}]}")),
	          "\"tools\":[],");
	translating_release(&t);
}

/* Small servers tell an item when it is done and not before. */
static void test_items_without_deltas(void)
{
	static const char stream[] =
	    "data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}\n\n"
	    "data: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"reasoning\","
	    "\"id\":\"rs_1\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"hm\"}]}}\n\n"
	    "data: {\"type\":\"response.output_item.added\",\"item\":{\"type\":\"message\"}}\n\n"
	    "data: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"message\","
	    "\"content\":[{\"type\":\"output_text\",\"text\":\"Hi \\\"you\\\"\"}]}}\n\n"
	    "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n";
	bool is_over = false;
	struct str out;

	sent(LLM_MESSAGES, LLM_RESPONSES,
	     "{\"model\":\"m\",\"max_tokens\":99,\"stream\":true,\"messages\":[{\"role\":"
	     "\"user\",\"content\":\"u\"}]}");
	out = translating_stream(&t, str_of(stream), 4096, &is_over);
	CHECK(is_over);
	check_has(out, "\"thinking\":\"hm\"");
	check_has(out, "\"text\":\"Hi \\\"you\\\"\"");
	translating_release(&t);
}

/* An answer that is not there yet is none. */
static void test_unfinished_answers(void)
{
	static const char *const statuses[] = {"failed", "cancelled", "queued", "in_progress"};
	char body[120];

	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
		sent(LLM_CHAT, LLM_RESPONSES, "{\"model\":\"m\",\"messages\":[]}");
		snprintf(body, sizeof body, "{\"status\":\"%s\",\"output\":[]}", statuses[i]);
		CHECK_STR(translating_answer(&t, str_of(body)), STR(""));
		translating_release(&t);
	}
}

#define IN(client, members, param)                                                                 \
	{                                                                                          \
		client, STR_INIT(members), STR_INIT(param)                                         \
	}
#define USER "\"messages\":[{\"role\":\"user\",\"content\":\"u\"}],"
static const struct {
	enum llm_dialect client;
	struct str members, param;
} no_lists[] = {
    IN(LLM_CHAT, USER "\"tools\":7", "tools"),
    IN(LLM_CHAT, USER "\"tools\":{\"type\":\"function\"}", "tools"),
    IN(LLM_CHAT, USER "\"functions\":\"f\"", "functions"),
    IN(LLM_CHAT, USER "\"stop\":7", "stop"),
    IN(LLM_CHAT, USER "\"stop\":[\"a\",7]", "stop[1]"),
    IN(LLM_CHAT, USER "\"modalities\":\"audio\"", "modalities"),
    IN(LLM_CHAT,
       USER "\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"tools\":7}}",
       "tool_choice.allowed_tools.tools"),
    IN(LLM_RESPONSES, "\"input\":7", "input"),
    IN(LLM_RESPONSES, "\"input\":[{\"role\":\"user\",\"content\":7}]", "input[0].content"),
    IN(LLM_RESPONSES, "\"input\":\"u\",\"tools\":7", "tools"),
    IN(LLM_RESPONSES, "\"input\":\"u\",\"include\":\"x\"", "include"),
    IN(LLM_RESPONSES,
       "\"input\":\"u\",\"tools\":[{\"type\":\"namespace\",\"name\":\"n\",\"tools\":7}]",
       "tools[0].tools"),
    IN(LLM_RESPONSES, "\"input\":\"u\",\"tool_choice\":{\"type\":\"allowed_tools\",\"tools\":7}",
       "tool_choice.tools"),
    IN(LLM_MESSAGES, USER "\"tools\":7", "tools"),
    IN(LLM_MESSAGES, USER "\"stop_sequences\":{}", "stop_sequences"),
    IN(LLM_MESSAGES, USER "\"system\":7", "system"),
    IN(LLM_MESSAGES, "\"messages\":[{\"role\":\"user\",\"content\":7}]", "messages[0].content"),
};

/* What stands where a list should is no empty list: it would vanish unnamed. */
static void test_no_lists(void)
{
	for (size_t i = 0; i < sizeof no_lists / sizeof no_lists[0]; i++) {
		enum llm_dialect client = no_lists[i].client;
		struct str body;

		translating_init(&t, client, client == LLM_MESSAGES ? LLM_CHAT : LLM_MESSAGES);
		body = ARENA_JOIN(&t.arena, STR("{\"model\":\"m\",\"max_tokens\":9,"),
		                  no_lists[i].members, STR("}"));
		CHECK_STR(translating_request(&t, body), STR(""));
		CHECK_STR(t.fail.param, no_lists[i].param);
		CHECK(t.fail.kind == FAIL_INVALID_VALUE);
		translating_release(&t);
	}
}

int main(void)
{
	test_no_lists();
	test_items_without_deltas();
	test_unfinished_answers();
	test_small_temperature();
	test_escaped_slashes();
	test_blank_texts();
	test_schema_without_type();
	test_logprobs();
	test_empty_answer_text();
	test_tool_message();
	test_arguments_that_are_no_text();
	test_tool_members();
	test_searches();
	test_old_error();
	test_least_output();
	test_block_indices();
	test_long_stream();
	return check_report("corners");
}
