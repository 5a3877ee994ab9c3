/* What the table of features says becomes of each one is what becomes of it: a small request per
 * feature and client's dialect, to every target. And docs/dialects.md says the same. */
#include "translating.h"

#include "wire/fates.h"

#define C(x) STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":\"u\"}]," x)
#define C_USER(part) STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":[" part "]}]")
#define C_CALL                                                                                     \
	"{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\","        \
	"\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}"
#define C_TOOL(x)                                                                                  \
	C("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{"        \
	  "\"type\":"                                                                              \
	  "\"object\"}" x "}}]")
#define C_TOOLS "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],"
#define R(x) STR_INIT("\"input\":\"u\"," x)
#define R_USER(part)                                                                               \
	STR_INIT("\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":[" part "]}]")
#define R_ITEMS(items) STR_INIT("\"input\":[{\"role\":\"user\",\"content\":\"u\"}," items "]")
#define R_TOOL(x) R("\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{}" x "}]")
#define R_TOOLS "\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{}}],"
#define M_ALL(messages, x) STR_INIT("\"max_tokens\":9000,\"messages\":[" messages "]" x)
#define M(x) M_ALL("{\"role\":\"user\",\"content\":\"u\"}", "," x)
#define M_USER(part) M_ALL("{\"role\":\"user\",\"content\":[" part "]}", "")
#define M_CALL                                                                                     \
	"{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\",\"content\":[{\"type\":"    \
	"\"tool_use\",\"id\":\"toolu_1\",\"name\":\"f\",\"input\":{}}]}"
#define M_RESULT(x)                                                                                \
	M_ALL(M_CALL ",{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":" \
	             "\"toolu_1\"" x "}]}",                                                        \
	      "")
#define M_SAID(block)                                                                              \
	M_ALL("{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\",\"content\":[" block  \
	      "]}",                                                                                \
	      "")
#define M_TOOL(x) M("\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}" x "}]")
#define M_TOOLS "\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}],"
#define IMAGE "{\"type\":\"image_url\",\"image_url\":{\"url\":"
#define SOURCE(type, from)                                                                         \
	"{\"type\":\"" type "\",\"source\":{\"type\":\"" from "\",\"media_type\":"

/* Empty: the dialect cannot ask for it. */
static const struct str samples[FEATURE_COUNT][LLM_DIALECTS] = {
    [FEATURE_DEVELOPER] =
        {STR_INIT("\"messages\":[{\"role\":\"developer\",\"content\":\"d\"},{\"role\":\"user\","
                  "\"content\":\"u\"}]"),
         STR_INIT("\"input\":[{\"role\":\"developer\",\"content\":\"d\"},{\"role\":\"user\","
                  "\"content\":\"u\"}]")},
    [FEATURE_LATE_SYSTEM] =
        {STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"system\","
                  "\"content\":\"s\"}]"),
         R_ITEMS("{\"role\":\"system\",\"content\":\"s\"}"),
         M_ALL("{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"system\",\"content\":\"s\"}",
               "")},
    [FEATURE_SPEAKER] = {STR_INIT(
        "\"messages\":[{\"role\":\"user\",\"name\":\"ann\",\"content\":\"u\"}]")},
    [FEATURE_IMAGE_BYTES] =
        {C_USER(IMAGE "\"data:image/png;base64,AAAA\"}}"),
         R_USER("{\"type\":\"input_image\",\"image_url\":\"data:image/png;base64,AAAA\"}"),
         M_USER(SOURCE("image", "base64") "\"image/png\",\"data\":\"AAAA\"}}")},
    [FEATURE_IMAGE_URL] = {C_USER(IMAGE "\"https://x/y.png\"}}"),
                           R_USER("{\"type\":\"input_image\",\"image_url\":\"https://x/y.png\"}"),
                           M_USER("{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":"
                                  "\"https://x/y.png\"}}")},
    [FEATURE_IMAGE_ID] = {{0},
                          R_USER("{\"type\":\"input_image\",\"file_id\":\"file_1\"}"),
                          M_USER("{\"type\":\"image\",\"source\":{\"type\":\"file\",\"file_id\":"
                                 "\"file_1\"}}")},
    [FEATURE_IMAGE_DETAIL] =
        {C_USER(IMAGE "\"https://x/y.png\",\"detail\":\"low\"}}"),
         R_USER("{\"type\":\"input_image\",\"image_url\":\"https://x/y.png\",\"detail\":\"low\"}")},
    [FEATURE_IMAGE_PAST] =
        {{0}, R_ITEMS("{\"type\":\"image_generation_call\",\"id\":\"ig_1\",\"result\":\"AA\"}")},
    [FEATURE_AUDIO] =
        {C_USER("{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"AA\",\"format\":\"wav\"}}"),
         R_USER("{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"AA\",\"format\":\"wav\"}}")},
    [FEATURE_AUDIO_PAST] = {STR_INIT(
        "\"messages\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\","
        "\"audio\":{\"id\":\"audio_1\"}}]")},
    [FEATURE_FILE_BYTES] = {C_USER(
                                "{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\",\"file_data\":"
                                "\"data:application/pdf;base64,AAAA\"}}"),
                            R_USER("{\"type\":\"input_file\",\"filename\":\"a.pdf\",\"file_data\":"
                                   "\"data:application/pdf;base64,AAAA\"}"),
                            M_USER(SOURCE("document",
                                          "base64") "\"application/pdf\",\"data\":\"AAAA\"}}")},
    [FEATURE_FILE_URL] = {{0},
                          R_USER("{\"type\":\"input_file\",\"file_url\":\"https://x/y.pdf\"}"),
                          M_USER("{\"type\":\"document\",\"source\":{\"type\":\"url\",\"url\":"
                                 "\"https://x/y.pdf\"}}")},
    [FEATURE_FILE_ID] = {C_USER("{\"type\":\"file\",\"file\":{\"file_id\":\"file_1\"}}"),
                         R_USER("{\"type\":\"input_file\",\"file_id\":\"file_1\"}"),
                         M_USER("{\"type\":\"document\",\"source\":{\"type\":\"file\","
                                "\"file_id\":\"file_1\"}}")},
    [FEATURE_FILE_TEXT] = {{0},
                           {0},
                           M_USER(SOURCE("document", "text") "\"text/plain\",\"data\":\"x\"}}")},
    [FEATURE_FILE_NAME] =
        {C_USER("{\"type\":\"file\",\"file\":{\"filename\":\"n\",\"file_data\":\"data:application/"
                "pdf;base64,eA==\"}}"),
         R_USER("{\"type\":\"input_file\",\"filename\":\"n\",\"file_data\":\"data:application/"
                "pdf;base64,eA==\"}"),
         M_USER("{\"type\":\"document\",\"title\":\"n\",\"source\":{\"type\":\"base64\",\"media_"
                "type\":\"application/pdf\",\"data\":\"eA==\"}}")},
    [FEATURE_FILE_ABOUT] = {{0},
                            {0},
                            M_USER("{\"type\":\"document\",\"context\":\"c\",\"source\":{\"type\":"
                                   "\"text\",\"media_type\":\"text/plain\",\"data\":\"x\"}}")},
    [FEATURE_CITATIONS] = {{0},
                           {0},
                           M_USER("{\"type\":\"document\",\"citations\":{\"enabled\":true},"
                                  "\"source\":{\"type\":\"text\",\"media_type\":\"text/plain\","
                                  "\"data\":\"x\"}}")},
    [FEATURE_NOTES] =
        {STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\","
                  "\"content\":\"a\",\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":"
                  "{\"url\":\"http://x\",\"title\":\"t\",\"start_index\":0,\"end_index\":1}}]}]"),
         R_ITEMS("{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":"
                 "\"output_text\",\"text\":\"a\",\"annotations\":[{\"type\":\"url_citation\","
                 "\"url\":\"http://x\",\"title\":\"t\",\"start_index\":0,\"end_index\":1}]}]}"),
         M_SAID("{\"type\":\"text\",\"text\":\"a\",\"citations\":[{\"type\":"
                "\"web_search_result_location\",\"url\":\"http://x\",\"title\":\"t\","
                "\"cited_text\":\"c\",\"encrypted_index\":\"e\"}]}")},
    [FEATURE_REFUSAL] =
        {STR_INIT("\"messages\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\","
                  "\"content\":null,\"refusal\":\"no\"}]"),
         R_ITEMS("{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"refusal\","
                 "\"refusal\":\"no\"}]}")},
    [FEATURE_CALL] =
        {STR_INIT("\"messages\":[" C_CALL ",{\"role\":\"tool\",\"tool_call_id\":\"call_1\","
                  "\"content\":\"r\"}]"),
         R_ITEMS("{\"type\":\"function_call\",\"call_id\":\"call_1\",\"name\":\"f\",\"arguments\":"
                 "\"{}\"},{\"type\":\"function_call_output\",\"call_id\":\"call_1\",\"output\":"
                 "\"r\"}"),
         M_RESULT(",\"content\":\"r\"")},
    [FEATURE_CALL_CUSTOM] =
        {STR_INIT("\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"call_1\","
                  "\"type\":\"custom\",\"custom\":{\"name\":\"p\",\"input\":\"x\"}}]},{\"role\":"
                  "\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"r\"}]"),
         R_ITEMS("{\"type\":\"custom_tool_call\",\"call_id\":\"call_1\",\"name\":\"p\",\"input\":"
                 "\"x\"},{\"type\":\"custom_tool_call_output\",\"call_id\":\"call_1\",\"output\":"
                 "\"r\"}")},
    [FEATURE_RESULT_MEDIA] =
        {STR_INIT("\"messages\":[" C_CALL ",{\"role\":\"tool\",\"tool_call_id\":\"call_1\","
                  "\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
                  "\"https://x/y.png\"}}]}]"),
         R_ITEMS("{\"type\":\"function_call\",\"call_id\":\"call_1\",\"name\":\"f\",\"arguments\":"
                 "\"{}\"},{\"type\":\"function_call_output\",\"call_id\":\"call_1\",\"output\":[{"
                 "\"type\":\"input_image\",\"image_url\":\"https://x/y.png\"}]}"),
         M_RESULT(",\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":"
                  "\"https://x/y.png\"}}]")},
    [FEATURE_RESULT_ERROR] = {{0}, {0}, M_RESULT(",\"content\":\"r\",\"is_error\":true")},
    [FEATURE_FOREIGN] =
        {{0},
         R_ITEMS("{\"type\":\"code_interpreter_call\",\"id\":\"ci_1\",\"status\":\"completed\"}"),
         M_SAID("{\"type\":\"server_tool_use\",\"id\":\"srvtoolu_1\",\"name\":\"web_search\","
                "\"input\":{\"query\":\"q\"}}")},
    [FEATURE_CACHE_MARK] =
        {C_USER("{\"type\":\"text\",\"text\":\"u\",\"cache_control\":{\"type\":\"ephemeral\"}}"),
         {0},
         M_USER("{\"type\":\"text\",\"text\":\"u\",\"cache_control\":{\"type\":\"ephemeral\"}}")},
    [FEATURE_TOOL] = {C_TOOL(""), R_TOOL(""), M_TOOL("")},
    [FEATURE_TOOL_STRICT] = {C_TOOL(",\"strict\":true"), R_TOOL(",\"strict\":true"),
                             M_TOOL(",\"strict\":true")},
    [FEATURE_TOOL_CUSTOM] = {C("\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"p\"}}]"),
                             R("\"tools\":[{\"type\":\"custom\",\"name\":\"p\"}]")},
    [FEATURE_TOOL_GRAMMAR] =
        {C("\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"p\",\"format\":{\"type\":"
           "\"grammar\",\"grammar\":{\"syntax\":\"lark\",\"definition\":\"start: x\"}}}}]"),
         R("\"tools\":[{\"type\":\"custom\",\"name\":\"p\",\"format\":{\"type\":\"grammar\","
           "\"syntax\":\"lark\",\"definition\":\"start: x\"}}]")},
    [FEATURE_TOOL_SERVER] =
        {{0},
         R("\"tools\":[{\"type\":\"code_interpreter\",\"container\":{\"type\":\"auto\"}}]"),
         M("\"tools\":[{\"type\":\"code_execution_20250825\",\"name\":\"code_execution\"}]")},
    [FEATURE_TOOL_SEARCH] =
        {C("\"web_search_options\":{}"), R("\"tools\":[{\"type\":\"web_search\"}]"),
         M("\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}]")},
    [FEATURE_TOOL_DEFERRED] = {{0},
                               R_TOOL(",\"defer_loading\":true"),
                               M_TOOL(",\"defer_loading\":true")},
    [FEATURE_CHOICE] = {C(C_TOOLS "\"tool_choice\":\"required\""),
                        R(R_TOOLS "\"tool_choice\":\"required\""),
                        M(M_TOOLS "\"tool_choice\":{\"type\":\"any\"}")},
    [FEATURE_CHOICE_ALLOWED] =
        {C(C_TOOLS "\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":"
                   "\"auto\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}}"),
         R(R_TOOLS "\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"auto\",\"tools\":[{"
                   "\"type\":\"function\",\"name\":\"f\"}]}")},
    [FEATURE_PARALLEL] = {C(C_TOOLS "\"parallel_tool_calls\":false"),
                          R(R_TOOLS "\"parallel_tool_calls\":false"),
                          M(M_TOOLS "\"tool_choice\":{\"type\":\"auto\","
                                    "\"disable_parallel_tool_use\":true}")},
    [FEATURE_FORMAT_JSON] = {C("\"response_format\":{\"type\":\"json_object\"}"),
                             R("\"text\":{\"format\":{\"type\":\"json_object\"}}")},
    [FEATURE_FORMAT_SCHEMA] =
        {C("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\","
           "\"schema\":{\"type\":\"object\"},\"strict\":true}}"),
         R("\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":{\"type\":"
           "\"object\"},\"strict\":true}}"),
         M("\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":"
           "\"object\"}}}")},
    [FEATURE_EFFORT] = {C("\"max_tokens\":30000,\"reasoning_effort\":\"high\""),
                        R("\"max_output_tokens\":30000,\"reasoning\":{\"effort\":\"high\"}"),
                        M("\"output_config\":{\"effort\":\"high\"}")},
    [FEATURE_BUDGET] = {{0}, {0}, M("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":4096}")},
    [FEATURE_SUMMARY] = {{0},
                         R("\"reasoning\":{\"summary\":\"auto\"}"),
                         M("\"thinking\":{\"type\":\"adaptive\",\"display\":\"summarized\"}")},
    [FEATURE_SEALED] = {{0}, R("\"include\":[\"reasoning.encrypted_content\"]")},
    [FEATURE_MAX_OUTPUT] = {C("\"max_completion_tokens\":99"), R("\"max_output_tokens\":99"),
                            M("\"stream\":false")},
    [FEATURE_TEMPERATURE] = {C("\"temperature\":0.5"), R("\"temperature\":0.5"),
                             M("\"temperature\":0.5")},
    [FEATURE_TOP_P] = {C("\"top_p\":0.5"), R("\"top_p\":0.5"), M("\"top_p\":0.5")},
    [FEATURE_TOP_K] = {C("\"top_k\":5"), {0}, M("\"top_k\":5")},
    [FEATURE_PENALTY] = {C("\"frequency_penalty\":1,\"presence_penalty\":1")},
    [FEATURE_LOGIT_BIAS] = {C("\"logit_bias\":{\"5\":1}")},
    [FEATURE_SEED] = {C("\"seed\":5")},
    [FEATURE_STOP] = {C("\"stop\":[\"x\"]"), {0}, M("\"stop_sequences\":[\"x\"]")},
    [FEATURE_CHOICES] = {C("\"n\":2")},
    [FEATURE_LOGPROBS] = {C("\"logprobs\":true,\"top_logprobs\":2"), R("\"top_logprobs\":2")},
    [FEATURE_AUDIO_OUT] = {C("\"modalities\":[\"text\",\"audio\"],\"audio\":{\"voice\":\"a\"}")},
    [FEATURE_METADATA] = {C("\"metadata\":{\"k\":\"v\"}"), R("\"metadata\":{\"k\":\"v\"}")},
    [FEATURE_USER] = {C("\"user\":\"u1\""), R("\"user\":\"u1\""),
                      M("\"metadata\":{\"user_id\":\"u1\"}")},
    [FEATURE_CACHE_KEY] = {C("\"prompt_cache_key\":\"k\""), R("\"prompt_cache_key\":\"k\"")},
    [FEATURE_SERVICE_TIER] = {C("\"service_tier\":\"flex\""), R("\"service_tier\":\"flex\""),
                              M("\"service_tier\":\"standard_only\"")},
    [FEATURE_VERBOSITY] = {C("\"verbosity\":\"low\""), R("\"text\":{\"verbosity\":\"low\"}")},
    [FEATURE_STORE] = {C("\"store\":true"), R("\"store\":true")},
};

/* Goes by its maker, not by the table: test_pairs and test_chat_talk follow it. */
static bool is_thinking(int f)
{
	return f == FEATURE_THINKING || f == FEATURE_SEAL;
}

static const char *fate_of(const struct translating *t, bool is_sent, struct str words)
{
	struct str warnings = job_warnings((struct wire_job *)&t->job);

	if (!is_sent)
		return t->fail.kind == FAIL_UNSUPPORTED_CONTENT &&
		               str_find(t->fail.message, words) < t->fail.message.len
		           ? "refused"
		           : "refused for something else";
	return str_find(warnings, words) < warnings.len ? "warned" : "sent";
}

static void test_fate(enum feature f, enum llm_dialect client, enum llm_dialect target)
{
	enum feature_fate fate = translate_fate(f, client, target);
	const char *want = fate >= FEATURE_WARNED ? feature_fate_name(fate) : "sent";
	struct translating t;
	const char *got;
	struct str body;

	translating_init(&t, client, target);
	body = ARENA_JOIN(&t.arena, STR("{\"model\":\"m\","), samples[f][client], STR("}"));
	body = translating_request(&t, body);
	got = fate_of(&t, body.len > 0, str_of(feature_words(f)));
	if (!CHECK(strcmp(got, want) == 0))
		printf("    %s from %s to %s: %s, not %s: %.*s%.*s\n", feature_words(f),
		       llm_dialect_name(client), llm_dialect_name(target), got, want,
		       STR_ARG(t.fail.message), STR_ARG(job_warnings(&t.job)));
	CHECK(feature_is_used(&t.job.talk->use, f));
	translating_release(&t);
}

static void test_fates(enum llm_dialect client)
{
	const struct translator *row = translate_row(client);

	for (int f = 0; f < FEATURE_COUNT; f++) {
		bool reads = row->reads[f] != FEATURE_LACKS;

		if (is_thinking(f))
			continue;
		if (!CHECK(reads == (samples[f][client].len > 0)))
			printf("    %s in %s\n", feature_words((enum feature)f),
			       llm_dialect_name(client));
		for (int target = 0; reads && target < LLM_WIRES; target++)
			if (translate_is_possible(client, (enum llm_dialect)target))
				test_fate((enum feature)f, client, (enum llm_dialect)target);
	}
}

static void test_document(void)
{
	static char room[64 * 1024];
	FILE *file = fopen("docs/dialects.md", "re");
	struct str document = {room, 0};
	struct buf table;

	must(file != NULL);
	document.len = fread(room, 1, sizeof room, file);
	fclose(file);
	buf_init(&table, sizeof room);
	fates_put(&table);
	if (!CHECK(str_find(document, buf_str(&table)) < document.len))
		printf("    put what `fluxrouter dialects` prints in the place of its table\n");
	buf_release(&table);
}

int main(void)
{
	test_document();
	for (int client = 0; client < LLM_DIALECTS; client++)
		test_fates((enum llm_dialect)client);
	return check_report("fates");
}
