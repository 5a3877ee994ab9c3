/* Gemini as a provider: what it is asked in its own words, signatures there and back through a
 * client of messages, and ends that are none. Streams at every split: test_pairs.c. */
#include "translating.h"

static bool contains(struct str text, struct str part)
{
	return str_find(text, part) < text.len;
}

/* ---- requests ---- */

static const struct {
	enum llm_dialect client;
	const char *model;
	struct str body, wanted;
} asks[] = {
    {LLM_MESSAGES, "gemini-2.5-flash",
     STR_INIT("{\"model\":\"m\",\"max_tokens\":9000,\"top_k\":3,\"temperature\":0.50,\"stop_se"
              "quences\":[\"a\"],\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048},\""
              "tools\":[{\"name\":\"f\",\"description\":\"d\",\"input_schema\":{\"type\":\"obj"
              "ect\"}}],\"tool_choice\":{\"type\":\"tool\",\"name\":\"f\"},\"system\":[{\"type"
              "\":\"text\",\"text\":\"s \\u00e9\"}],\"messages\":[{\"role\":\"user\",\"content"
              "\":[{\"type\":\"text\",\"text\":\"hi\"},{\"type\":\"image\",\"source\":{\"type"
              "\":\"base64\",\"media_type\":\"image/png\",\"data\":\"AAAA\"}},{\"type\":\"imag"
              "e\",\"source\":{\"type\":\"url\",\"url\":\"https://x/y.webp?z\"}},{\"type\":\"d"
              "ocument\",\"source\":{\"type\":\"base64\",\"media_type\":\"application/pdf\",\""
              "data\":\"AAAA\"}},{\"type\":\"document\",\"source\":{\"type\":\"text\",\"media_"
              "type\":\"text/plain\",\"data\":\"x\"}}]},{\"role\":\"assistant\",\"content\":[{"
              "\"type\":\"text\",\"text\":\"ok\"},{\"type\":\"tool_use\",\"id\":\"toolu_1\",\""
              "name\":\"f\",\"input\":{\"a\":1.0}},{\"type\":\"tool_use\",\"id\":\"toolu_2\","
              "\"name\":\"f\",\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool"
              "_result\",\"tool_use_id\":\"toolu_1\",\"is_error\":true,\"content\":\"no\"},{\""
              "type\":\"tool_result\",\"tool_use_id\":\"toolu_2\",\"content\":[{\"type\":\"tex"
              "t\",\"text\":\"r\"},{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media"
              "_type\":\"image/png\",\"data\":\"BBBB\"}}]},{\"type\":\"text\",\"text\":\"go\"}"
              "]}]}"),
     STR_INIT("{\"systemInstruction\":{\"parts\":[{\"text\":\"s \\u00e9\"}]},\"contents\":[{\""
              "role\":\"user\",\"parts\":[{\"text\":\"hi\"},{\"inlineData\":{\"mimeType\":\"im"
              "age/png\",\"data\":\"AAAA\"}},{\"fileData\":{\"mimeType\":\"image/webp\",\"file"
              "Uri\":\"https://x/y.webp?z\"}},{\"inlineData\":{\"mimeType\":\"application/pdf"
              "\",\"data\":\"AAAA\"}},{\"text\":\"x\"}]},{\"role\":\"model\",\"parts\":[{\"tex"
              "t\":\"ok\"},{\"functionCall\":{\"id\":\"toolu_1\",\"name\":\"f\",\"args\":{\"a"
              "\":1.0}}},{\"functionCall\":{\"id\":\"toolu_2\",\"name\":\"f\",\"args\":{}}}]},"
              "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"id\":\"toolu_1\",\"name"
              "\":\"f\",\"response\":{\"error\":\"no\"}}},{\"functionResponse\":{\"id\":\"tool"
              "u_2\",\"name\":\"f\",\"response\":{\"output\":\"r\"}}},{\"inlineData\":{\"mimeT"
              "ype\":\"image/png\",\"data\":\"BBBB\"}}]},{\"role\":\"user\",\"parts\":[{\"text"
              "\":\"go\"}]}],\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\",\"descripti"
              "on\":\"d\",\"parametersJsonSchema\":{\"type\":\"object\"}}]}],\"toolConfig\":{"
              "\"functionCallingConfig\":{\"mode\":\"ANY\",\"allowedFunctionNames\":[\"f\"]}},"
              "\"generationConfig\":{\"maxOutputTokens\":9000,\"temperature\":0.50,\"topK\":3,"
              "\"stopSequences\":[\"a\"],\"thinkingConfig\":{\"includeThoughts\":true,\"thinki"
              "ngBudget\":2048}}}")},
    {LLM_CHAT, "gemini-3-pro-preview",
     STR_INIT("{\"model\":\"m\",\"max_completion_tokens\":9,\"top_p\":1e0,\"seed\":7,\"presenc"
              "e_penalty\":0.1,\"reasoning_effort\":\"minimal\",\"response_format\":{\"type\":"
              "\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{\"type\":\"object\""
              "}}},\"messages\":[{\"role\":\"developer\",\"content\":\"d\"},{\"role\":\"user\""
              ",\"content\":\"u\"},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{"
              "\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"argument"
              "s\":\"{\\\"a\\\": 1}\"}},{\"id\":\"call_2\",\"type\":\"function\",\"function\":"
              "{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\""
              "call_1\",\"content\":\"1\"},{\"role\":\"tool\",\"tool_call_id\":\"call_2\",\"co"
              "ntent\":\"2\"}]}"),
     STR_INIT("{\"systemInstruction\":{\"parts\":[{\"text\":\"d\"}]},\"contents\":[{\"role\":"
              "\"user\",\"parts\":[{\"text\":\"u\"}]},{\"role\":\"model\",\"parts\":[{\"though"
              "tSignature\":\"skip_thought_signature_validator\",\"functionCall\":{\"id\":\"ca"
              "ll_1\",\"name\":\"f\",\"args\":{\"a\": 1}}},{\"functionCall\":{\"id\":\"call_2"
              "\",\"name\":\"f\",\"args\":{}}}]},{\"role\":\"user\",\"parts\":[{\"functionResp"
              "onse\":{\"id\":\"call_1\",\"name\":\"f\",\"response\":{\"output\":\"1\"}}},{\"f"
              "unctionResponse\":{\"id\":\"call_2\",\"name\":\"f\",\"response\":{\"output\":\""
              "2\"}}}]}],\"generationConfig\":{\"maxOutputTokens\":9,\"topP\":1e0,\"presencePe"
              "nalty\":0.1,\"seed\":7,\"responseMimeType\":\"application/json\",\"responseJson"
              "Schema\":{\"type\":\"object\"},\"thinkingConfig\":{\"includeThoughts\":true,\"t"
              "hinkingLevel\":\"low\"}}}")},
    {LLM_RESPONSES, "gemini-2.5-pro",
     STR_INIT("{\"model\":\"m\",\"input\":\"u\",\"reasoning\":{\"effort\":\"none\"},\"tools\":"
              "[{\"type\":\"custom\",\"name\":\"p\"},{\"type\":\"web_search\"}],\"tool_choice"
              "\":\"auto\"}"),
     STR_INIT("{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"u\"}]}],\"tools\":[{\""
              "functionDeclarations\":[{\"name\":\"p\",\"parametersJsonSchema\":{\"type\":\"ob"
              "ject\",\"properties\":{\"input\":{\"type\":\"string\"}},\"required\":[\"input\""
              "],\"additionalProperties\":false}}]},{\"googleSearch\":{}}],\"toolConfig\":{\"f"
              "unctionCallingConfig\":{\"mode\":\"AUTO\"}},\"generationConfig\":{\"thinkingCon"
              "fig\":{\"thinkingBudget\":128}}}")},
};

static void test_asks(void)
{
	for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
		struct translating t;

		translating_init(&t, asks[i].client, LLM_GEMINI);
		t.job.target.can = LLM_CAN_THINKING;
		t.job.target.model = str_of(asks[i].model);
		CHECK_STR(translating_request(&t, asks[i].body), asks[i].wanted);
		translating_release(&t);
	}
}

/* What it cannot say is refused, or named. */
static void test_lacks(void)
{
	struct translating t;

	translating_init(&t, LLM_CHAT, LLM_GEMINI);
	CHECK_STR(
	    translating_request(&t, STR("{\"model\":\"m\",\"n\":2,\"messages\":[{\"role\":\"user\","
	                                "\"content\":\"u\"}]}")),
	    STR(""));
	CHECK(t.fail.kind == FAIL_UNSUPPORTED_CONTENT);
	CHECK_STR(t.fail.param, STR("n"));
	translating_release(&t);
	translating_init(&t, LLM_CHAT, LLM_GEMINI);
	CHECK(translating_request(&t, STR("{\"model\":\"m\",\"user\":\"x\",\"messages\":[{"
	                                  "\"role\":\"user\",\"content\":\"u\"}]}"))
	          .len > 0);
	CHECK_STR(job_warnings(&t.job), STR("user: user left out"));
	translating_release(&t);
}

/* ---- signatures ---- */

static const struct str thoughtful =
    STR_INIT("{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"hm\",\"thou"
             "ght\":true},{\"functionCall\":{\"id\":\"c1\",\"name\":\"f\",\"args\":{\"a\":1}},\"th"
             "oughtSignature\":\"S+/=\"},{\"text\":\"ok\",\"thoughtSignature\":\"T==\"}]},\"finish"
             "Reason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":10,\"cachedContentTokenC"
             "ount\":5,\"candidatesTokenCount\":3,\"thoughtsTokenCount\":2,\"totalTokenCount\":15}"
             ",\"modelVersion\":\"v\",\"responseId\":\"r\"}");

/* A client of messages keeps what it is shown, and brings it back. */
static void test_seals_of_messages(void)
{
	static const struct str next = STR_INIT(
	    "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"u\""
	    "},{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\",\""
	    "signature\":\"fxr.gemini.s.call.S+/=\"},{\"type\":\"tool_use\",\"id\":\"toolu_fx0c1"
	    "\",\"name\":\"f\",\"input\":{\"a\":1}},{\"type\":\"text\",\"text\":\"ok\"},{\"type\""
	    ":\"thinking\",\"thinking\":\"\",\"signature\":\"fxr.gemini.s.text.T==\"}]},{\"role\""
	    ":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"toolu_fx0c1\",\"c"
	    "ontent\":\"r\"}]}]}");
	struct translating t;
	struct str said;

	translating_init(&t, LLM_MESSAGES, LLM_GEMINI);
	CHECK(translating_request(&t, STR("{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{"
	                                  "\"role\":\"user\",\"content\":\"u\"}]}"))
	          .len > 0);
	said = translating_answer(&t, thoughtful);
	CHECK(contains(said, STR("\"thinking\":\"hm\",\"signature\":\"fxr.gemini.s.call.S+/=\"")));
	CHECK(contains(said, STR("\"thinking\":\"\",\"signature\":\"fxr.gemini.s.text.T==\"")));
	CHECK(contains(said, STR("\"id\":\"toolu_")) && contains(said, STR("c1\"")));
	CHECK(contains(said, STR("\"stop_reason\":\"tool_use\"")));
	CHECK(t.job.usage.input == 5 && t.job.usage.cache_read == 5 && t.job.usage.output == 5);
	translating_release(&t);

	translating_init(&t, LLM_MESSAGES, LLM_GEMINI);
	t.job.target.model = STR("gemini-3-pro");
	said = translating_request(&t, next);
	CHECK(
	    contains(said, STR("{\"thoughtSignature\":\"S+/=\",\"functionCall\":{\"id\":\"c1\"")));
	CHECK(contains(said, STR("{\"thoughtSignature\":\"T==\",\"text\":\"\"}")));
	CHECK(
	    contains(said, STR("{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"id\":\"c1\","
	                       "\"name\":\"f\",\"response\":{\"output\":\"r\"}}}]}")));
	CHECK_STR(job_warnings(&t.job), STR(""));
	translating_release(&t);
}

/* ---- ends ---- */

static const struct {
	struct str body;
	bool is_answer;
	struct str reason; /* as chat says it */
} ends[] = {
    {STR_INIT("{\"candidates\":[{\"finishReason\":\"SAFETY\"}]}"), true,
     STR_INIT("\"finish_reason\":\"content_filter\"")},
    {STR_INIT("{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}"), true,
     STR_INIT("\"finish_reason\":\"content_filter\"")},
    {STR_INIT("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]},\"finishReason\":"
              "\"MAX_TOKENS\"}]}"),
     true, STR_INIT("\"finish_reason\":\"length\"")},
    {STR_INIT("{\"candidates\":[{\"finishReason\":\"MALFORMED_FUNCTION_CALL\"}]}"), false,
     STR_INIT("")},
    {STR_INIT("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]}}]}"), false,
     STR_INIT("")},
    {STR_INIT("{\"error\":{\"code\":400,\"message\":\"m\"}}"), false, STR_INIT("")},
    {STR_INIT("{}"), false, STR_INIT("")},
};

static const struct str plain_ask = STR_INIT("{\"model\":\"m\",\"stream\":true,\"messages\":[{"
                                             "\"role\":\"user\",\"content\":\"u\"}]}");

static void test_ends(void)
{
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		struct translating t;
		struct str said;

		translating_init(&t, LLM_CHAT, LLM_GEMINI);
		CHECK(translating_request(&t, plain_ask).len > 0);
		said = translating_answer(&t, ends[i].body);
		CHECK((said.len > 0) == ends[i].is_answer);
		CHECK(!ends[i].is_answer || contains(said, ends[i].reason));
		translating_release(&t);
	}
}

/* In a stream such an end is the provider's error, and so is one in its own words. */
static void test_stream_errors(void)
{
	static const struct str streams[] = {
	    STR_INIT("data: {\"candidates\":[{\"finishReason\":\"MALFORMED_FUNCTION_CALL\"}]}\n\n"),
	    STR_INIT("data: {\"error\":{\"code\":503,\"message\":\"busy\",\"status\":"
	             "\"UNAVAILABLE\"}}\n\n")};

	for (size_t i = 0; i < 2; i++) {
		struct translating t;
		bool is_over = false;

		translating_init(&t, LLM_CHAT, LLM_GEMINI);
		CHECK(translating_request(&t, plain_ask).len > 0);
		CHECK(!contains(translating_stream(&t, streams[i], 1, &is_over), STR("[DONE]")));
		CHECK(is_over);
		translating_release(&t);
	}
}

int main(void)
{
	test_asks();
	test_lacks();
	test_seals_of_messages();
	test_ends();
	test_stream_errors();
	return check_report("gemini");
}
