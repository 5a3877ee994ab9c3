/* Messages and responses, translated: what is exact comes out as it went in, each dialect to
 * itself by way of neutral words; every stream at every split and between all pairs, gemini as a
 * provider among them. */
#include "translating.h"

/* ---- requests ---- */

static const struct {
	enum llm_dialect dialect;
	struct str body;
} exact[] = {
    {LLM_MESSAGES,
     STR_INIT(
         "{\"model\":\"real-model\",\"max_tokens\":9,\"top_k\":3,\"stop_sequences\":[\"a\"],"
         "\"metadata\":{\"user_id\":\"u\"},\"stream\":true,\"tools\":[{\"name\":\"f\","
         "\"description\":\"d\",\"input_schema\":{\"type\":\"object\"},\"strict\":true,"
         "\"cache_control\":{\"type\":\"ephemeral\"}}],\"tool_choice\":{\"type\":\"tool\",\"name\":"
         "\"f\",\"disable_parallel_tool_use\":true},\"system\":[{\"type\":\"text\",\"text\":\"s "
         "\\u00e9\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}}],\"messages\":[{"
         "\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi \\\"you\\\"\"},{\"type\":"
         "\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"AAAA\""
         "}},{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://x/y\"}},{\"type\":"
         "\"document\",\"source\":{\"type\":\"base64\",\"media_type\":\"application/pdf\",\"data\":"
         "\"AAAA\"},\"title\":\"t\",\"context\":\"c\",\"citations\":{\"enabled\":true}},{\"type\":"
         "\"document\",\"source\":{\"type\":\"text\",\"media_type\":\"text/plain\",\"data\":\"x\""
         "}}]},{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\","
         "\"signature\":\"SIG+/==\"},{\"type\":\"redacted_thinking\",\"data\":\"RR==\"},{\"type\":"
         "\"text\",\"text\":\"ok\"},{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"f\","
         "\"input\":{\"a\":1.0}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
         "\"tool_use_id\":\"toolu_1\",\"is_error\":true,\"content\":[{\"type\":\"text\",\"text\":"
         "\"no\"}]}]}]}")},
    {LLM_MESSAGES,
     STR_INIT("{\"model\":\"real-model\",\"max_tokens\":9000,\"thinking\":{\"type\":\"enabled\","
              "\"budget_tokens\":2048},\"output_config\":{\"format\":{\"type\":\"json_schema\","
              "\"schema\":{\"type\":\"object\"}}},\"messages\":[{\"role\":\"user\",\"content\":[{"
              "\"type\":\"text\",\"text\":\"u\"}]}]}")},
    {LLM_RESPONSES,
     STR_INIT(
         "{\"model\":\"real-model\",\"max_output_tokens\":9,\"temperature\":0.50,\"top_p\":1e0,"
         "\"metadata\":{\"k\":\"v\"},\"user\":\"u\",\"prompt_cache_key\":\"p\",\"service_tier\":"
         "\"flex\",\"store\":false,\"stream\":true,\"reasoning\":{\"effort\":\"xhigh\",\"summary\":"
         "\"auto\"},\"include\":[\"reasoning.encrypted_content\"],\"text\":{\"verbosity\":\"low\","
         "\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":{\"type\":\"object\"},"
         "\"strict\":true}},\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"description\":\"d\","
         "\"parameters\":{\"type\":\"object\"},\"strict\":false},{\"type\":\"custom\",\"name\":"
         "\"p\",\"format\":{\"type\":\"grammar\",\"syntax\":\"lark\",\"definition\":\"start: "
         "x\"}}],\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"required\",\"tools\":[{"
         "\"type\":\"custom\",\"name\":\"p\"}]},\"parallel_tool_calls\":false,\"input\":[{\"type\":"
         "\"message\",\"role\":\"developer\",\"content\":[{\"type\":\"input_text\",\"text\":\"d\"}]"
         "},{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":"
         "\"u\"},{\"type\":\"input_image\",\"image_url\":\"data:image/png;base64,AAAA\",\"detail\":"
         "\"low\"},{\"type\":\"input_file\",\"filename\":\"a.pdf\",\"file_data\":"
         "\"data:application/pdf;base64,AAAA\"}]},{\"type\":\"reasoning\",\"id\":\"rs_1\","
         "\"summary\":[{\"type\":\"summary_text\",\"text\":\"s\"}],\"encrypted_content\":\"gA==\"},"
         "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\","
         "\"text\":\"a\",\"annotations\":[]}]},{\"type\":\"function_call\",\"call_id\":\"call_1\","
         "\"name\":\"f\",\"arguments\":\"{\\\"a\\\": 1}\"},{\"type\":\"function_call_output\","
         "\"call_id\":\"call_1\",\"output\":\"r\"},{\"type\":\"custom_tool_call\",\"call_id\":"
         "\"call_2\",\"name\":\"p\",\"input\":\"*** \\n\"},{\"type\":\"custom_tool_call_output\","
         "\"call_id\":\"call_2\",\"output\":[{\"type\":\"input_text\",\"text\":\"x\"},{\"type\":"
         "\"input_image\",\"image_url\":\"https://i\",\"detail\":\"auto\"}]}]}")},
};

static void test_exact(void)
{
	for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++) {
		struct translating t;

		translating_init(&t, exact[i].dialect, exact[i].dialect);
		t.job.target.can = LLM_CAN_THINKING;
		CHECK_STR(translating_request(&t, exact[i].body), exact[i].body);
		CHECK_STR(job_warnings(&t.job), STR(""));
		translating_release(&t);
	}
}

/* ---- streams ---- */

static const struct str requests[LLM_DIALECTS] = {
    [LLM_CHAT] = STR_INIT("{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\","
                          "\"content\":\"u\"}],\"tools\":[{\"type\":\"function\",\"function\":{"
                          "\"name\":\"f\"}}]}"),
    [LLM_RESPONSES] = STR_INIT("{\"model\":\"m\",\"stream\":true,\"input\":\"u\",\"include\":["
                               "\"reasoning.encrypted_content\"],\"tools\":[{\"type\":"
                               "\"function\",\"name\":\"f\"}]}"),
    [LLM_MESSAGES] = STR_INIT("{\"model\":\"m\",\"stream\":true,\"max_tokens\":9,\"messages\":[{"
                              "\"role\":\"user\",\"content\":\"u\"}],\"tools\":[{\"name\":\"f\","
                              "\"input_schema\":{}}]}"),
};

static const struct str streams[LLM_WIRES] = {
    [LLM_CHAT] = STR_INIT(
        "data: {\"id\":\"c\",\"model\":\"v\",\"choices\":[{\"index\":0,\"delta\":{\"role\":"
        "\"assistant\",\"content\":\"\"}}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"H\\u00e4 \\\"\"}}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\""
        ",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\"\"}}]}}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{"
        "\"arguments\":\":1}\"}}]}}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n"
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,"
        "\"total_tokens\":15}}\n\n"
        "data: [DONE]\n\n"),
    [LLM_RESPONSES] = STR_INIT(
        "event: response.created\r\ndata: {\"type\":\"response.created\",\"response\":{\"id\":"
        "\"resp_1\",\"model\":\"v\",\"created_at\":7}}\r\n\r\n"
        "data: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":"
        "\"message\"}}\n\n"
        "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"content_index\":0,"
        "\"delta\":\"H\\u00e4 \\\"\"}\n\n"
        "data: {\"type\":\"response.content_part.done\",\"output_index\":0,\"content_index\":0}\n\n"
        "data: {\"type\":\"response.output_item.added\",\"output_index\":1,\"item\":{\"type\":"
        "\"function_call\",\"call_id\":\"call_1\",\"name\":\"f\",\"arguments\":\"\"}}\n\n"
        "data: {\"type\":\"response.output_item.done\",\"output_index\":1,\"item\":{\"type\":"
        "\"function_call\",\"call_id\":\"call_1\",\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}"
        "\n\n"
        "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"output\":"
        "[],\"usage\":{\"input_tokens\":10,\"output_tokens\":5,\"total_tokens\":15}}}\n\n"),
    [LLM_MESSAGES] = STR_INIT(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
        "\"model\":\"v\",\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\n\n"
        ": comment\n\n"
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\","
        "\"text\":\"\"}}\n\n"
        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
        "\"text\":\"H\\u00e4 \\\"\"}}\n\n"
        "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
        "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":"
        "\"tool_use\",\"id\":\"toolu_1\",\"name\":\"f\",\"input\":{}}}\n\n"
        "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":"
        "\"input_json_delta\",\"partial_json\":\"{\\\"a\\\":1}\"}}\n\n"
        "data: {\"type\":\"content_block_stop\",\"index\":1}\n\n"
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{"
        "\"output_tokens\":5}}\n\n"
        "data: {\"type\":\"message_stop\"}\n\n"),
    [LLM_GEMINI] =
        STR_INIT("data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hm\",\"thought\":tru"
                 "e}],\"role\":\"model\"},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":10"
                 ",\"totalTokenCount\":10},\"modelVersion\":\"v\",\"responseId\":\"g1\"}\r\n\r\nda"
                 "ta: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"H\\u00e4 \\\"\"}],\"ro"
                 "le\":\"model\"}}]}\r\n\r\ndata: {\"candidates\":[{\"content\":{\"parts\":[{\"fun"
                 "ctionCall\":{\"name\":\"f\",\"args\":{\"a\":1}},\"thoughtSignature\":\"S+/=\"}]}"
                 "}]}\r\n\r\ndata: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\",\"thou"
                 "ghtSignature\":\"T==\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promp"
                 "tTokenCount\":10,\"candidatesTokenCount\":3,\"thoughtsTokenCount\":2,\"totalToke"
                 "nCount\":15}}\r\n\r\n"),
};

static bool contains(struct str text, struct str part)
{
	return str_find(text, part) < text.len;
}

/* What every client must find, in its own words. */
static const struct str expected[LLM_DIALECTS][4] = {
    [LLM_CHAT] = {STR_INIT("\"content\":\"H\\u00e4 \\\"\""), STR_INIT("\"name\":\"f\""),
                  STR_INIT("\"finish_reason\":\"tool_calls\""), STR_INIT("data: [DONE]")},
    [LLM_RESPONSES] = {STR_INIT("\"delta\":\"H\\u00e4 \\\"\""),
                       STR_INIT("\"arguments\":\"{\\\"a\\\":1}\""), STR_INIT("response.completed"),
                       STR_INIT("\"total_tokens\":15")},
    [LLM_MESSAGES] = {STR_INIT("\"text\":\"H\\u00e4 \\\"\""), STR_INIT("\"type\":\"tool_use\""),
                      STR_INIT("\"stop_reason\":\"tool_use\""), STR_INIT("\"output_tokens\":5")},
};

static struct str stream_of(struct translating *t, enum llm_dialect client, enum llm_dialect target,
                            size_t piece)
{
	bool is_over = false;
	struct str out;

	translating_init(t, client, target);
	CHECK(translating_request(t, requests[client]).len > 0);
	out = translating_stream(t, streams[target], piece, &is_over);
	CHECK(is_over);
	return out;
}

static void test_stream(enum llm_dialect client, enum llm_dialect target)
{
	struct translating whole, split;
	struct str all = stream_of(&whole, client, target, SIZE_MAX);

	for (int i = 0; i < 4; i++)
		CHECK(contains(all, expected[client][i]));
	for (size_t piece = 1; piece < 200; piece += piece < 20 ? 1 : 37) {
		CHECK_STR(stream_of(&split, client, target, piece), all);
		translating_release(&split);
	}
	translating_release(&whole);
}

/* A stream that ends early never says that it is whole. */
static void test_cut(enum llm_dialect client, enum llm_dialect target)
{
	static const struct str ends[LLM_DIALECTS] = {[LLM_CHAT] = STR_INIT("[DONE]"),
	                                              [LLM_RESPONSES] =
	                                                  STR_INIT("response.completed"),
	                                              [LLM_MESSAGES] = STR_INIT("message_stop")};

	for (size_t len = 0; len + 40 < streams[target].len; len += 97) {
		struct translating t;
		bool is_over = false;
		struct str out;

		translating_init(&t, client, target);
		CHECK(translating_request(&t, requests[client]).len > 0);
		out = translating_stream(&t, str_part(streams[target], 0, len), 64, &is_over);
		CHECK(!is_over && !contains(out, ends[client]));
		translating_release(&t);
	}
}

/* Results of parallel calls and the user's next words are one message of messages. */
static void test_turns_are_joined(void)
{
	struct translating t;
	struct str said;

	translating_init(&t, LLM_CHAT, LLM_MESSAGES);
	said = translating_request(
	    &t, STR("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\"},{\"role\":"
	            "\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"tool_calls\":[{\"id\":"
	            "\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":"
	            "\"\"}},{\"id\":\"call_2\",\"type\":\"function\",\"function\":{\"name\":\"f\","
	            "\"arguments\":\"[]\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"call_1\","
	            "\"content\":"
	            "\"1\"},{\"role\":\"tool\",\"tool_call_id\":\"call_2\",\"content\":\"2\"},{"
	            "\"role\":"
	            "\"user\",\"content\":\"go\"}]}"));
	CHECK_STR(
	    str_part(said, str_find(said, STR("\"messages\"")), said.len),
	    STR("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"q\"}]}"
	        ","
	        "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"call_1\","
	        "\"name\":"
	        "\"f\",\"input\":{}},{\"type\":\"tool_use\",\"id\":\"call_2\",\"name\":\"f\","
	        "\"input\":{"
	        "\"input\":\"[]\"}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
	        "\"tool_use_id\":\"call_1\",\"content\":[{\"type\":\"text\",\"text\":\"1\"}]},{"
	        "\"type\":"
	        "\"tool_result\",\"tool_use_id\":\"call_2\",\"content\":[{\"type\":\"text\","
	        "\"text\":"
	        "\"2\"}]},{\"type\":\"text\",\"text\":\"go\"}]}]}"));
	translating_release(&t);
}

int main(void)
{
	test_turns_are_joined();
	test_exact();
	for (int client = 0; client < LLM_DIALECTS; client++)
		for (int target = 0; target < LLM_WIRES; target++) {
			test_stream((enum llm_dialect)client, (enum llm_dialect)target);
			test_cut((enum llm_dialect)client, (enum llm_dialect)target);
		}
	return check_report("pairs");
}
