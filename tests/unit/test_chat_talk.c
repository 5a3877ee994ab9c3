/* Chat, translated: requests read and written again, streams and whole answers, every split. */
#include "translating.h"

/* ---- requests: what is exact comes out as it went in ---- */

static const struct str exact[] = {
    STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":\"hi \\\"you\\\" \\u00e9\"}]"),
    STR_INIT(
        "\"messages\":[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"developer\","
        "\"content\":\"d\"},{\"role\":\"user\",\"name\":\"ann\",\"content\":\"u\"},"
        "{\"role\":\"assistant\",\"content\":\"a\"},{\"role\":\"system\",\"content\":\"late\"}]"),
    STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
             "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x/y.png\",\"detail\":"
             "\"low\"}},{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,"
             "AAAA\"}},{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"AAAA\",\"format\":"
             "\"wav\"}},{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\",\"file_data\":"
             "\"data:application/pdf;base64,AAAA\"}}]}]"),
    STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\","
             "\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\","
             "\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}},{\"id\":\"call_2\","
             "\"type\":\"custom\",\"custom\":{\"name\":\"patch\",\"input\":\"*** Begin\"}}]},"
             "{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"one\"},"
             "{\"role\":\"tool\",\"tool_call_id\":\"call_2\",\"content\":\"two\"}],\"tools\":["
             "{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"d\","
             "\"parameters\":{\"type\":\"object\",\"properties\":{\"a\":{}}},\"strict\":true}},"
             "{\"type\":\"custom\",\"custom\":{\"name\":\"patch\",\"format\":{\"type\":\"grammar\","
             "\"grammar\":{\"syntax\":\"lark\",\"definition\":\"start: x\"}}}}],"
             "\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\","
             "\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"patch\"}}]}},"
             "\"parallel_tool_calls\":false"),
    STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\","
             "\"content\":null,\"refusal\":\"no\"}],\"response_format\":{\"type\":\"json_schema\","
             "\"json_schema\":{\"name\":\"n\",\"schema\":{\"type\":\"object\"},\"strict\":true}},"
             "\"max_completion_tokens\":9,\"stop\":[\"a\",\"b\"],\"reasoning_effort\":\"high\","
             "\"temperature\":0.50,\"top_p\":1e0,\"seed\":7,\"frequency_penalty\":1,"
             "\"presence_penalty\":-1,\"logit_bias\":{\"5\":-100},\"logprobs\":true,"
             "\"top_logprobs\":3,\"metadata\":{\"k\":\"v\"},\"user\":\"u1\","
             "\"safety_identifier\":\"s\",\"prompt_cache_key\":\"p\",\"service_tier\":\"flex\","
             "\"verbosity\":\"low\",\"store\":true,\"stream\":true,\"stream_options\":"
             "{\"include_usage\":true}"),
    STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":\"u\"}],\"tools\":[{\"type\":"
             "\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":{\"type\":\"function\","
             "\"function\":{\"name\":\"f\"}},\"response_format\":{\"type\":\"json_object\"}"),
};

static void test_exact(void)
{
	for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++) {
		struct translating t;
		struct str body;

		translating_init(&t, LLM_CHAT, LLM_CHAT);
		body = ARENA_JOIN(&t.arena, STR("{\"model\":\"real-model\","), exact[i], STR("}"));
		CHECK_STR(translating_request(&t, body), body);
		CHECK_STR(job_warnings(&t.job), STR(""));
		translating_release(&t);
	}
}

/* ---- requests: what changes ---- */

static const struct {
	unsigned habits;
	struct str in, out, warnings;
} changed[] = {
    /* functions of old become tools */
    {0,
     STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\","
              "\"content\":\"\",\"function_call\":{\"name\":\"f\",\"arguments\":\"{}\"}},{\"role\":"
              "\"function\",\"name\":\"f\",\"content\":\"r\"}],\"functions\":[{\"name\":\"f\"}],"
              "\"function_call\":{\"name\":\"f\"}"),
     STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\","
              "\"content\":null,\"tool_calls\":[{\"id\":\"call_function1\",\"type\":\"function\","
              "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\","
              "\"tool_call_id\":\"call_function1\",\"content\":\"r\"}],\"tools\":[{\"type\":"
              "\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":{\"type\":\"function\","
              "\"function\":{\"name\":\"f\"}},\"parallel_tool_calls\":false"),
     STR_INIT("")},
    /* habits of a provider */
    {WIRE_OLD_MAX_TOKENS | WIRE_NO_DEVELOPER | WIRE_NO_STREAM_OPTIONS | WIRE_NO_STRICT |
         WIRE_NO_SAMPLING,
     STR_INIT("\"messages\":[{\"role\":\"developer\",\"content\":\"d\"}],\"max_tokens\":5,"
              "\"max_completion_tokens\":6,\"stream\":true,\"temperature\":1,\"tools\":[{\"type\":"
              "\"function\",\"function\":{\"name\":\"f\",\"strict\":true}}]"),
     STR_INIT("\"messages\":[{\"role\":\"system\",\"content\":\"d\"}],\"tools\":[{\"type\":"
              "\"function\",\"function\":{\"name\":\"f\"}}],\"max_tokens\":6,\"stream\":true"),
     STR_INIT("tools[0]: strict tools left out; temperature: temperature left out")},
    /* custom tools as functions of one text */
    {WIRE_NO_CUSTOM_TOOLS,
     STR_INIT("\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"call_1\",\"type\":"
              "\"custom\",\"custom\":{\"name\":\"p\",\"input\":\"a\\nb\"}}]},{\"role\":\"tool\","
              "\"tool_call_id\":\"call_1\",\"content\":\"r\"}],\"tools\":[{\"type\":\"custom\","
              "\"custom\":{\"name\":\"p\",\"format\":{\"type\":\"grammar\",\"grammar\":{"
              "\"syntax\":\"lark\",\"definition\":\"start: x\"}}}}]"),
     STR_INIT("\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":"
              "\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"p\",\"arguments\":"
              "\"{\\\"input\\\":\\\"a\\\\nb\\\"}\"}}]},{\"role\":\"tool\",\"tool_call_id\":"
              "\"call_1\",\"content\":\"r\"}],\"tools\":[{\"type\":\"function\",\"function\":{"
              "\"name\":\"p\",\"parameters\":{\"type\":\"object\",\"properties\":{\"input\":{"
              "\"type\":\"string\",\"description\":\"start: x\"}},\"required\":[\"input\"],"
              "\"additionalProperties\":false}}}]"),
     STR_INIT("")},
    /* several ways to say the same */
    {0,
     STR_INIT("\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":"
              "\"a\"},{\"type\":\"refusal\",\"refusal\":\"b\"}]}]"),
     STR_INIT("\"messages\":[{\"role\":\"assistant\",\"content\":\"a\",\"refusal\":\"b\"}]"),
     STR_INIT("")},
    {0,
     STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
              "\"https://x\"}]}]"),
     STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
              "{\"url\":\"https://x\"}}]}]"),
     STR_INIT("")},
    {0,
     STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"file_"
              "data\":\"AAAA\"}}]}]"),
     STR_INIT(
         "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"filename\":"
         "\"document.pdf\",\"file_data\":\"data:application/pdf;base64,AAAA\"}}]}]"),
     STR_INIT("")},
    {0,
     STR_INIT("\"messages\":[{\"role\":\"assistant\",\"reasoning\":\"r\",\"reasoning_content\":"
              "\"r\",\"content\":\"a\"}]"),
     STR_INIT("\"messages\":[{\"role\":\"assistant\",\"content\":\"a\"}]"),
     STR_INIT("messages[0].reasoning_content: thinking of another provider left out")},
    {0,
     STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":\"u\",\"cache_control\":{\"type\":"
              "\"ephemeral\"}}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"},"
              "\"cache_control\":{\"type\":\"ephemeral\"}}]"),
     STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":\"u\"}],\"tools\":[{\"type\":"
              "\"function\",\"function\":{\"name\":\"f\"}}]"),
     STR_INIT("messages[0]: cache_control left out, and 1 more")},
    /* thinking goes back where it is wanted, and nowhere else */
    {WIRE_SENDS_REASONING,
     STR_INIT("\"messages\":[{\"role\":\"assistant\",\"reasoning_content\":\"hm\","
              "\"content\":\"a\"}]"),
     STR_INIT("\"messages\":[{\"role\":\"assistant\",\"reasoning_content\":\"hm\","
              "\"content\":\"a\"}]"),
     STR_INIT("")},
    {0, STR_INIT("\"messages\":[{\"role\":\"assistant\",\"reasoning\":\"hm\",\"content\":\"a\"}]"),
     STR_INIT("\"messages\":[{\"role\":\"assistant\",\"content\":\"a\"}]"),
     STR_INIT("messages[0].reasoning: thinking of another provider left out")},
    /* images in results stand behind them */
    {0,
     STR_INIT("\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"call_1\",\"type\":"
              "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":"
              "\"tool\",\"tool_call_id\":\"call_1\",\"content\":[{\"type\":\"text\",\"text\":"
              "\"see\"},{\"type\":\"image_url\",\"image_url\":{\"url\":\"http://i\"}}]}]"),
     STR_INIT("\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":"
              "\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}"
              "}]},{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"see\"},{\"role\":"
              "\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"http://i\"}}"
              "]}]"),
     STR_INIT("")},
    /* words for OpenAI's own account; a user of 65 bytes and more is a hash */
    {WIRE_NO_NAMES,
     STR_INIT(
         "\"messages\":[{\"role\":\"user\",\"content\":\"u\"}],\"store\":false,\"verbosity\":"
         "\"low\",\"prompt_cache_key\":\"k\",\"user\":\"0123456789012345678901234567890123456789"
         "0123456789012345678901234\""),
     STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":\"u\"}],\"user\":"
              "\"52774b57c10e45040a61c14d35c1c8eb\""),
     STR_INIT("prompt_cache_key: prompt cache key left out; verbosity: verbosity left out; store: "
              "store left out; user: too long for chat, sent as its hash")},
    /* what nobody knows is named */
    {0,
     STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\","
              "\"cache_control\":{\"type\":\"ephemeral\"}}]}],\"prediction\":{},\"top_k\":5"),
     STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]"),
     STR_INIT("prediction: dropped, not known to chat; messages[0].content[0]: cache_control "
              "left out; top_k: top_k left out")},
};

static void test_changed(void)
{
	for (size_t i = 0; i < sizeof changed / sizeof changed[0]; i++) {
		struct translating t;
		struct str body;

		translating_init(&t, LLM_CHAT, LLM_CHAT);
		t.job.target.habits = changed[i].habits;
		body = ARENA_JOIN(&t.arena, STR("{\"model\":\"m\","), changed[i].in, STR("}"));
		CHECK_STR(translating_request(&t, body),
		          ARENA_JOIN(&t.arena, STR("{\"model\":\"real-model\","), changed[i].out,
		                     STR("}")));
		CHECK_STR(job_warnings(&t.job), changed[i].warnings);
		translating_release(&t);
	}
}

/* Words for thinking go to models that think; of an unknown one nothing is known. */
static void test_effort_needs_a_thinker(void)
{
	static const struct {
		unsigned can;
		bool is_sent;
	} rows[] = {{0, true}, {LLM_CAN_TOOLS, false}, {LLM_CAN_THINKING, true}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct translating t;
		struct str said;

		translating_init(&t, LLM_CHAT, LLM_CHAT);
		t.job.target.can = rows[i].can;
		said = translating_request(
		    &t, STR("{\"model\":\"m\",\"messages\":[],\"reasoning_effort\":\"low\"}"));
		CHECK((str_find(said, STR("\"low\"")) < said.len) == rows[i].is_sent);
		CHECK((job_warnings(&t.job).len == 0) == rows[i].is_sent);
		translating_release(&t);
	}
}

/* ---- requests: what is refused ---- */

static const struct {
	struct str in, param;
	enum fail_kind kind;
} refused[] = {
    {STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":\"u\"}],\"n\":2"), STR_INIT("n"),
     FAIL_UNSUPPORTED_CONTENT},
    {STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"video\"}]}]"),
     STR_INIT("messages[0].content[0]"), FAIL_UNSUPPORTED_CONTENT},
    {STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{"
              "\"file_id\":\"f1\"}}]}]"),
     STR_INIT("messages[0].content[0]"), FAIL_UNSUPPORTED_CONTENT},
    {STR_INIT("\"messages\":[],\"modalities\":[\"text\",\"audio\"]"), STR_INIT("modalities[1]"),
     FAIL_UNSUPPORTED_CONTENT},
    {STR_INIT("\"messages\":[{\"role\":\"robot\",\"content\":\"u\"}]"),
     STR_INIT("messages[0].role"), FAIL_INVALID_VALUE},
    {STR_INIT("\"messages\":[],\"tool_choice\":\"perhaps\""), STR_INIT("tool_choice"),
     FAIL_INVALID_VALUE},
    {STR_INIT("\"messages\":[],\"reasoning_effort\":\"much\""), STR_INIT("reasoning_effort"),
     FAIL_INVALID_VALUE},
    {STR_INIT("\"messages\":[],\"temperature\":\"hot\""), STR_INIT("temperature"),
     FAIL_INVALID_VALUE},
    {STR_INIT("\"messages\":[],\"response_format\":{\"type\":\"xml\"}"),
     STR_INIT("response_format"), FAIL_INVALID_VALUE},
    {STR_INIT("\"messages\":[],\"tools\":[{\"type\":\"shell\"}]"), STR_INIT("tools[0]"),
     FAIL_UNSUPPORTED_CONTENT},
    {STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
              "{}}]}]"),
     STR_INIT("messages[0].content[0]"), FAIL_INVALID_VALUE},
    {STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\",\"input_"
              "audio\":{\"data\":\"A\"}}]}]"),
     STR_INIT("messages[0].content[0]"), FAIL_INVALID_VALUE},
    {STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{}}]}]"),
     STR_INIT("messages[0].content[0]"), FAIL_INVALID_VALUE},
    {STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":7}]"), STR_INIT("messages[0].content"),
     FAIL_INVALID_VALUE},
    {STR_INIT("\"messages\":[{\"role\":\"assistant\",\"tool_calls\":7}]"),
     STR_INIT("messages[0].tool_calls"), FAIL_INVALID_VALUE},
    {STR_INIT(
         "\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"function\":{}}]}]"),
     STR_INIT("messages[0].tool_calls[0]"), FAIL_INVALID_VALUE},
    {STR_INIT("\"messages\":[],\"tools\":[{\"function\":{}}]"), STR_INIT("tools[0]"),
     FAIL_INVALID_VALUE},
    {STR_INIT("\"messages\":[],\"n\":0"), STR_INIT("n"), FAIL_INVALID_VALUE},
    {STR_INIT("\"messages\":[],\"max_tokens\":0"), STR_INIT("max_tokens"), FAIL_INVALID_VALUE},
    {STR_INIT("\"messages\":[],\"top_logprobs\":21"), STR_INIT("top_logprobs"), FAIL_INVALID_VALUE},
    {STR_INIT("\"messages\":[],\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{}}"),
     STR_INIT("response_format"), FAIL_INVALID_VALUE},
};

static void test_refused(void)
{
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct translating t;
		struct str body;

		translating_init(&t, LLM_CHAT, LLM_CHAT);
		body = ARENA_JOIN(&t.arena, STR("{\"model\":\"m\","), refused[i].in, STR("}"));
		CHECK_STR(translating_request(&t, body), STR(""));
		CHECK(t.fail.kind == refused[i].kind);
		CHECK_STR(t.fail.param, refused[i].param);
		translating_release(&t);
	}
}

/* ---- streams ---- */

#define ASK "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"u\"}],\"stream\":true"
#define CHUNK(delta)                                                                               \
	"data: "                                                                                   \
	"{\"id\":\"c1\",\"model\":\"v\",\"created\":5,\"choices\":[{\"index\":0,\"delta\":{" delta \
	"},\"finish_reason\":null}]}\n\n"
#define LAST(reason) "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define SAID(delta)                                                                                \
	"data: {\"id\":\"chatcmpl-0192-req\",\"object\":\"chat.completion.chunk\",\"created\":5,"  \
	"\"model\":\"v\",\"choices\":[{\"index\":0,\"delta\":{" delta                              \
	"},\"logprobs\":null,\"finish_reason\":null}]}\n\n"
#define SAID_LAST(reason)                                                                          \
	"data: {\"id\":\"chatcmpl-0192-req\",\"object\":\"chat.completion.chunk\",\"created\":5,"  \
	"\"model\":\"v\",\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_"       \
	"reason\":"                                                                                \
	"\"" reason "\"}]}\n\n"
#define ROLE SAID("\"role\":\"assistant\",\"content\":\"\"")
#define NOTHING SAID("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]")
#define DONE "data: [DONE]\n\n"

static const struct {
	struct str request, stream, said;
	bool is_over;
} streams[] = {
    {STR_INIT(ASK "}"),
     STR_INIT(CHUNK("\"role\":\"assistant\",\"content\":\"\"") CHUNK(
         "\"content\":\"a\\n\"") ": ping\n\n" CHUNK("\"content\":\"\\u00e9\"") LAST("stop") DONE),
     STR_INIT(ROLE SAID("\"content\":\"a\\n\"") SAID("\"content\":\"\\u00e9\"") SAID_LAST("stop")
                  DONE),
     true},
    /* no [DONE]: not over */
    {STR_INIT(ASK "}"), STR_INIT(CHUNK("\"content\":\"a\"") LAST("length")),
     STR_INIT(ROLE SAID("\"content\":\"a\"") SAID_LAST("length")), false},
    /* thinking, then text, then a refusal */
    {STR_INIT(ASK "}"),
     STR_INIT(CHUNK("\"reasoning_content\":\"h\"") CHUNK("\"reasoning\":\"m\"")
                  CHUNK("\"content\":\"a\"") CHUNK("\"refusal\":\"no\"") LAST("stop") DONE),
     STR_INIT(ROLE SAID("\"reasoning_content\":\"h\"") SAID("\"reasoning_content\":\"m\"")
                  SAID("\"content\":\"a\"") SAID("\"refusal\":\"no\"") SAID_LAST("stop") DONE),
     true},
    /* calls whose pieces are interleaved come one behind the other; "stop" means calls */
    {STR_INIT(ASK "}"),
     STR_INIT(
         CHUNK("\"tool_calls\":[{\"index\":0,\"id\":\"call_a\",\"function\":{\"name\":\"f\","
               "\"arguments\":\"{\\\"x\"}}]")
             CHUNK("\"tool_calls\":[{\"index\":1,\"id\":\"b:1\",\"function\":{\"name\":\"g\","
                   "\"arguments\":\"{\"}}]")
                 CHUNK("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\":1}\"}},"
                       "{\"index\":1,\"function\":{\"arguments\":\"}\"}}]") LAST("stop") DONE),
     STR_INIT(
         ROLE SAID("\"tool_calls\":[{\"index\":0,\"id\":\"call_a\",\"type\":\"function\","
                   "\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]")
             SAID("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"x\"}}]") SAID(
                 "\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\":1}\"}}]")
                 SAID("\"tool_calls\":[{\"index\":1,\"id\":\"call_fx1623a31\",\"type\":"
                      "\"function\",\"function\":{\"name\":\"g\",\"arguments\":\"\"}}]")
                     SAID("\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"{\"}}]")
                         SAID("\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"}\"}}]")
                             SAID_LAST("tool_calls") DONE),
     true},
    /* all calls under one index, told apart by their ids; one without any input, which is {} */
    {STR_INIT(ASK "}"),
     STR_INIT(CHUNK("\"tool_calls\":[{\"index\":0,\"id\":\"call_a\",\"function\":{\"name\":\"f\","
                    "\"arguments\":\"\"}}]")
                  CHUNK("\"tool_calls\":[{\"index\":0,\"id\":\"call_b\",\"function\":{\"name\":"
                        "\"g\",\"arguments\":\"{}\"}}]") LAST("tool_calls") DONE),
     STR_INIT(
         ROLE SAID("\"tool_calls\":[{\"index\":0,\"id\":\"call_a\",\"type\":\"function\","
                   "\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]")
             NOTHING SAID("\"tool_calls\":[{\"index\":1,\"id\":\"call_b\",\"type\":\"function\","
                          "\"function\":{\"name\":\"g\",\"arguments\":\"\"}}]")
                 SAID("\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"{}\"}}]")
                     SAID_LAST("tool_calls") DONE),
     true},
    /* usage: the last one counts, and only who asked sees it */
    {STR_INIT(ASK "}"),
     STR_INIT(CHUNK("\"content\":\"a\"")
                  LAST("stop") "data: {\"choices\":[],\"usage\":{"
                               "\"prompt_tokens\":9,\"completion_tokens\":2}}\n\n" DONE),
     STR_INIT(ROLE SAID("\"content\":\"a\"") SAID_LAST("stop") DONE), true},
    /* a client of functions */
    {STR_INIT(ASK ",\"functions\":[{\"name\":\"f\"}]}"),
     STR_INIT(CHUNK("\"function_call\":{\"name\":\"f\",\"arguments\":\"{\"}")
                  CHUNK("\"function_call\":{\"arguments\":\"}\"}") LAST("function_call") DONE),
     STR_INIT(ROLE SAID("\"function_call\":{\"name\":\"f\",\"arguments\":\"\"}") SAID(
         "\"function_call\":{\"arguments\":\"{\"}") SAID("\"function_call\":{\"arguments\":\"}\"}")
                  SAID_LAST("function_call") DONE),
     true},
    /* nothing behind [DONE], and content behind the finish is none */
    {STR_INIT(ASK "}"),
     STR_INIT(CHUNK("\"content\":\"a\"") LAST("stop") CHUNK("\"content\":\"b\"") DONE CHUNK(
         "\"content\":\"c\"") "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
                              "\"completion_tokens\":2}}\n\n"),
     STR_INIT(ROLE SAID("\"content\":\"a\"") SAID_LAST("stop") DONE), true},
    /* text behind a call that may not be whole waits, and is text still */
    {STR_INIT(ASK "}"),
     STR_INIT(
         CHUNK("\"tool_calls\":[{\"index\":0,\"id\":\"call_a\",\"function\":{\"name\":\"f\"}}]")
             CHUNK("\"content\":\"a\"") CHUNK("\"content\":\"b\"") LAST("stop") DONE),
     STR_INIT(ROLE SAID("\"tool_calls\":[{\"index\":0,\"id\":\"call_a\",\"type\":\"function\","
                        "\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]")
                  NOTHING SAID("\"content\":\"ab\"") SAID_LAST("tool_calls") DONE),
     true},
    /* nor behind an error */
    {STR_INIT(ASK "}"),
     STR_INIT(CHUNK("\"content\":\"a\"") "data: {\"error\":{\"message\":\"busy\"}}\n\n" CHUNK(
         "\"annotations\":[{}],\"content\":\"b\"") LAST("stop") DONE),
     STR_INIT(ROLE SAID("\"content\":\"a\"")), true},
    /* an annotation */
    {STR_INIT(ASK "}"),
     STR_INIT(CHUNK("\"content\":\"a\"")
                  CHUNK("\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{"
                        "\"start_index\":0,\"end_index\":1,\"url\":\"http://x\",\"title\":\"X\"}}]")
                      LAST("stop") DONE),
     STR_INIT(ROLE SAID("\"content\":\"a\"")
                  SAID("\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{"
                       "\"start_index\":0,\"end_index\":1,\"url\":\"http://x\",\"title\":\"X\"}}]")
                      SAID_LAST("stop") DONE),
     true},
};

static void test_streams(void)
{
	for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++)
		for (size_t piece = 1; piece <= streams[i].stream.len; piece++) {
			struct translating t;
			bool is_over = false;

			translating_init(&t, LLM_CHAT, LLM_CHAT);
			CHECK(translating_request(&t, streams[i].request).len > 0);
			CHECK_STR(translating_stream(&t, streams[i].stream, piece, &is_over),
			          streams[i].said);
			CHECK(is_over == streams[i].is_over);
			translating_release(&t);
		}
}

static void test_usage_is_said_once(void)
{
	struct translating t;
	bool is_over;
	struct str said;

	translating_init(&t, LLM_CHAT, LLM_CHAT);
	CHECK(
	    translating_request(&t, STR(ASK ",\"stream_options\":{\"include_usage\":true}}")).len);
	t.job.charge_nusd = 1500;
	said = translating_stream(
	    &t,
	    STR(CHUNK("\"content\":\"a\"") LAST(
	        "stop") "data: {\"choices\":[],\"usage\":{"
	                "\"prompt_tokens\":9,\"completion_tokens\":2,\"prompt_tokens_details\":{"
	                "\"cached_tokens\":4}}}\n\n" DONE),
	    4096, &is_over);
	CHECK(t.job.usage.input == 5 && t.job.usage.cache_read == 4 && t.job.usage.output == 2);
	CHECK(
	    str_find(said, STR("\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
	                       "\"completion_tokens\":2,\"total_tokens\":11,"
	                       "\"prompt_tokens_details\":{\"cached_tokens\":4,\"audio_tokens\":0},"
	                       "\"completion_tokens_details\":{\"reasoning_tokens\":0,"
	                       "\"audio_tokens\":0},\"cost_usd\":0.0000015,\"currency\":\"USD\"}}"
	                       "\n\ndata: [DONE]\n\n")) < said.len);
	translating_release(&t);
}

/* A custom tool that went out as a function comes back as the client knows it. */
static void test_custom_tools_come_back(void)
{
	struct translating t;
	bool is_over;

	translating_init(&t, LLM_CHAT, LLM_CHAT);
	t.job.target.habits = WIRE_NO_CUSTOM_TOOLS;
	CHECK(
	    translating_request(&t, STR(ASK ",\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":"
	                                    "\"p\"}}]}"))
	        .len);
	CHECK_STR(
	    translating_stream(
	        &t,
	        STR(CHUNK(
	            "\"tool_calls\":[{\"index\":0,\"id\":\"call_a\",\"function\":{\"name\":\"p\","
	            "\"arguments\":\"{\\\"input\\\":\"}}]")
	                CHUNK("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":"
	                      "\"\\\"a\\\\nb\\\""
	                      "}\"}}]") LAST("tool_calls") DONE),
	        4096, &is_over),
	    STR(ROLE SAID("\"tool_calls\":[{\"index\":0,\"id\":\"call_a\",\"type\":\"custom\","
	                  "\"custom\":{\"name\":\"p\",\"input\":\"\"}}]")
	            SAID("\"tool_calls\":[{\"index\":0,\"custom\":{\"input\":\"a\\nb\"}}]")
	                SAID_LAST("tool_calls") DONE));
	translating_release(&t);
}

static void test_errors(void)
{
	static const struct {
		struct str data;
		int status;
	} rows[] = {
	    {STR_INIT("{\"error\":{\"message\":\"busy\",\"type\":\"overloaded\",\"code\":529}}"),
	     0},
	    {STR_INIT("{\"error\":\"busy\"}"), 0},
	    {STR_INIT("{broken"), -1},
	    {STR_INIT("[]"), -1},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sse_event e = {.data = rows[i].data, .has_data = true};
		struct talk_events events;
		struct translating t;

		translating_init(&t, LLM_CHAT, LLM_CHAT);
		CHECK(translating_request(&t, STR(ASK "}")).len);
		CHECK(translate_read(&t.job, &e, &events) == rows[i].status);
		if (rows[i].status == 0)
			CHECK(events.count == 1 && events.list[0].type == TALK_ERROR);
		translating_release(&t);
	}
}

/* ---- whole answers ---- */

#define ANSWER(message, reason)                                                                    \
	"{\"id\":\"chatcmpl-0192-req\",\"object\":\"chat.completion\",\"created\":5,\"model\":"    \
	"\"v\","                                                                                   \
	"\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\"," message                   \
	"},\"logprobs\":null,\"finish_reason\":\"" reason "\"}],\"usage\":{\"prompt_tokens\":9,"   \
	"\"completion_tokens\":2,\"total_tokens\":11,\"prompt_tokens_details\":{\"cached_"         \
	"tokens\":0,"                                                                              \
	"\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_"       \
	"tokens\":0}}}"

static const struct str answers[] = {
    STR_INIT(ANSWER("\"content\":\"a\\tb\",\"refusal\":null,\"annotations\":[]", "stop")),
    STR_INIT(ANSWER("\"content\":null,\"refusal\":\"no\",\"annotations\":[]", "stop")),
    STR_INIT(ANSWER("\"content\":\"a\",\"refusal\":null,\"annotations\":[{\"type\":"
                    "\"url_citation\",\"url_citation\":{\"start_index\":0,\"end_index\":1,\"url\":"
                    "\"http://x\",\"title\":\"X\"}}],\"reasoning_content\":\"hm\"",
                    "length")),
    STR_INIT(ANSWER("\"content\":null,\"refusal\":null,\"annotations\":[],\"tool_calls\":[{\"id\":"
                    "\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":"
                    "\"{\\\"a\\\":1}\"}},{\"id\":\"call_2\",\"type\":\"custom\",\"custom\":{"
                    "\"name\":\"p\",\"input\":\"x\"}}]",
                    "tool_calls")),
};

static void test_answers(void)
{
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		struct translating t;

		translating_init(&t, LLM_CHAT, LLM_CHAT);
		CHECK(translating_request(
		          &t, STR("{\"model\":\"m\",\"messages\":[],\"tools\":[{\"type\":"
		                  "\"custom\",\"custom\":{\"name\":\"p\"}}]}"))
		          .len);
		CHECK_STR(translating_answer(&t, answers[i]), answers[i]);
		translating_release(&t);
	}
}

static void test_no_answers(void)
{
	struct translating t;

	translating_init(&t, LLM_CHAT, LLM_CHAT);
	CHECK(translating_request(&t, STR(ASK "}")).len);
	CHECK_STR(translating_answer(&t, STR("{\"choices\":[]}")), STR(""));
	CHECK_STR(translating_answer(&t, STR("[]")), STR(""));
	translating_release(&t);
}

int main(void)
{
	test_exact();
	test_changed();
	test_effort_needs_a_thinker();
	test_refused();
	test_streams();
	test_usage_is_said_once();
	test_custom_tools_come_back();
	test_errors();
	test_answers();
	test_no_answers();
	return check_report("chat_talk");
}
