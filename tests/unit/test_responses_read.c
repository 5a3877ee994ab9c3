/* What a client of responses asks for, member by member: how it is said to others, what is told of
 * what they cannot say, and what is refused with its path. */
#include "translating.h"

#define FUNCTION(name) "{\"type\":\"function\",\"name\":\"" name "\",\"parameters\":{}}"
#define CHOICE(type) "\"tool_choice\":{\"type\":\"" type "\",\"name\":\"g\"}"
#define FUNCTIONS "\"tools\":[" FUNCTION("f") "," FUNCTION("g") "],"
#define FORMAT(type) "\"text\":{\"format\":{\"type\":\"" type "\""

/* `warning`: all of them. */
static const struct {
	enum llm_dialect target;
	struct str asked, said, warning;
} said[] = {
    {LLM_CHAT, STR_INIT(FUNCTIONS CHOICE("function")),
     STR_INIT("\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"g\"}}"),
     STR_INIT("")},
    {LLM_MESSAGES, STR_INIT(FUNCTIONS CHOICE("function")),
     STR_INIT("\"tool_choice\":{\"type\":\"tool\",\"name\":\"g\"}"), STR_INIT("")},
    {LLM_GEMINI, STR_INIT(FUNCTIONS CHOICE("function")),
     STR_INIT("{\"mode\":\"ANY\",\"allowedFunctionNames\":[\"g\"]}"), STR_INIT("")},
    {LLM_CHAT, STR_INIT("\"tools\":[{\"type\":\"custom\",\"name\":\"g\"}]," CHOICE("custom")),
     STR_INIT("\"tool_choice\":{\"type\":\"custom\",\"custom\":{\"name\":\"g\"}}"), STR_INIT("")},
    {LLM_CHAT,
     STR_INIT("\"tools\":[{\"type\":\"namespace\",\"name\":\"ns\",\"odd\":1,\"tools\":[" FUNCTION(
         "f") "]}]"),
     STR_INIT("\"name\":\"ns__f\""), STR_INIT("tools[0].odd: dropped, not known to chat")},
    {LLM_CHAT,
     STR_INIT("\"tools\":[{\"type\":\"custom\",\"name\":\"p\",\"format\":{\"type\":\"grammar\","
              "\"syntax\":\"lark\",\"definition\":\"a\",\"odd\":1}}]"),
     STR_INIT("\"grammar\":{\"syntax\":\"lark\",\"definition\":\"a\"}"),
     STR_INIT("tools[0].format.odd: dropped, not known to chat")},
    {LLM_CHAT, STR_INIT(FORMAT("text") "}}"), STR_INIT("\"max_completion_tokens\":99}"),
     STR_INIT("")},
    {LLM_CHAT, STR_INIT(FORMAT("json_object") "}}"),
     STR_INIT("\"response_format\":{\"type\":\"json_object\"}"), STR_INIT("")},
    {LLM_CHAT,
     STR_INIT(FORMAT("json_schema") ",\"name\":\"n\",\"schema\":{},\"strict\":true,\"odd\":1}}"),
     STR_INIT("\"json_schema\":{\"name\":\"n\",\"schema\":{},\"strict\":true}"),
     STR_INIT("text.format.odd: dropped, not known to chat")},
    {LLM_CHAT,
     STR_INIT("\"include\":[\"message.output_text.logprobs\",\"file_search_call.results\"]"),
     STR_INIT("\"max_completion_tokens\":99,\"logprobs\":true}"),
     STR_INIT("include[1]: dropped, not known to chat")},
    {LLM_CHAT, STR_INIT("\"top_logprobs\":3"),
     STR_INIT("\"logprobs\":true,\"top_logprobs\":3}"), STR_INIT("")},
    {LLM_CHAT, STR_INIT("\"top_logprobs\":0"), STR_INIT("\"max_completion_tokens\":99}"),
     STR_INIT("")},
    {LLM_CHAT, STR_INIT("\"metadata\":{}"), STR_INIT("\"max_completion_tokens\":99}"),
     STR_INIT("")},
    {LLM_CHAT, STR_INIT("\"metadata\":{\"a\":\"b\"}"), STR_INIT("\"metadata\":{\"a\":\"b\"}}"),
     STR_INIT("")},
    {LLM_CHAT, STR_INIT("\"safety_identifier\":\"s\\n1\""),
     STR_INIT("\"safety_identifier\":\"s\\n1\"}"), STR_INIT("")},
    {LLM_MESSAGES, STR_INIT("\"safety_identifier\":\"s1\""),
     STR_INIT("\"metadata\":{\"user_id\":\"s1\"}"), STR_INIT("")},
    {LLM_CHAT, STR_INIT("\"truncation\":\"disabled\""), STR_INIT("\"max_completion_tokens\":99}"),
     STR_INIT("")},
    {LLM_CHAT, STR_INIT("\"truncation\":\"auto\""), STR_INIT("\"max_completion_tokens\":99}"),
     STR_INIT("truncation: dropped, not known to chat")},
};

static const struct {
	struct str asked, param;
	enum fail_kind kind;
} refused[] = {
    {STR_INIT("\"tool_choice\":\"perhaps\""), STR_INIT("tool_choice"), FAIL_UNSUPPORTED_CONTENT},
    {STR_INIT(CHOICE("web_search_preview")), STR_INIT("tool_choice"), FAIL_UNSUPPORTED_CONTENT},
    {STR_INIT("\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"some\",\"tools\":[]}"),
     STR_INIT("tool_choice"), FAIL_UNSUPPORTED_CONTENT},
    {STR_INIT("\"tool_choice\":7"), STR_INIT("tool_choice"), FAIL_INVALID_VALUE},
    {STR_INIT("\"tools\":[{\"type\":\"custom\",\"name\":\"p\",\"format\":7}]"),
     STR_INIT("tools[0].format"), FAIL_INVALID_VALUE},
    {STR_INIT(FORMAT("xml") "}}"), STR_INIT("text.format"), FAIL_UNSUPPORTED_CONTENT},
    {STR_INIT(FORMAT("json_schema") ",\"name\":\"n\"}}"), STR_INIT("text.format"),
     FAIL_INVALID_VALUE},
    {STR_INIT("\"text\":{\"format\":\"json\"}"), STR_INIT("text.format"), FAIL_INVALID_VALUE},
    {STR_INIT("\"top_logprobs\":21"), STR_INIT("top_logprobs"), FAIL_INVALID_VALUE},
    {STR_INIT("\"top_logprobs\":\"3\""), STR_INIT("top_logprobs"), FAIL_INVALID_VALUE},
};

static struct str translated(struct translating *t, enum llm_dialect target, struct str asked)
{
	translating_init(t, LLM_RESPONSES, target);
	return translating_request(
	    t, ARENA_JOIN(&t->arena,
	                  STR("{\"model\":\"m\",\"input\":\"u\",\"max_output_tokens\":99,"), asked,
	                  STR("}")));
}

static void test_said(void)
{
	for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
		struct translating t;
		struct str body = translated(&t, said[i].target, said[i].asked);

		if (!CHECK(str_find(body, said[i].said) < body.len))
			CHECK_STR(body, said[i].said);
		CHECK_STR(job_warnings(&t.job), said[i].warning);
		translating_release(&t);
	}
}

static void test_refused(void)
{
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct translating t;

		CHECK_STR(translated(&t, LLM_CHAT, refused[i].asked), STR(""));
		CHECK(t.fail.kind == refused[i].kind);
		CHECK_STR(t.fail.param, refused[i].param);
		translating_release(&t);
	}
}

int main(void)
{
	test_said();
	test_refused();
	return check_report("responses_read");
}
