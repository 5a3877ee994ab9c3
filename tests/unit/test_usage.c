/* Usage in every dialect and spelling: one neutral form, nothing counted twice, nothing lost,
 * never negative, the last report alone. */
#include "check.h"
#include "wire/usage.h"
#include "wire/wire.h"

static bool is_same(const struct llm_usage *a, const struct llm_usage *b)
{
	return a->input == b->input && a->cache_read == b->cache_read &&
	       a->cache_write_5m == b->cache_write_5m && a->cache_write_1h == b->cache_write_1h &&
	       a->output == b->output && a->reasoning == b->reasoning &&
	       a->audio_input == b->audio_input && a->audio_output == b->audio_output &&
	       a->image_input == b->image_input && a->image_output == b->image_output &&
	       a->searches == b->searches && a->calls == b->calls && a->service == b->service &&
	       a->is_regional == b->is_regional && a->has_unpriced == b->has_unpriced &&
	       a->reported == b->reported;
}

static void expect(const char *what, const struct llm_usage *got, const struct llm_usage *want)
{
	if (!CHECK(is_same(got, want)))
		printf("    %s: input %lld read %lld write %lld+%lld output %lld reasoning %lld "
		       "searches %lld calls %lld service %d\n",
		       what, (long long)got->input, (long long)got->cache_read,
		       (long long)got->cache_write_5m, (long long)got->cache_write_1h,
		       (long long)got->output, (long long)got->reasoning, (long long)got->searches,
		       (long long)got->calls, got->service);
}

static void parse(struct json *doc, const char *text)
{
	struct json_error error;

	json_init(doc);
	must(json_read(doc, str_of(text), &error) == 0);
}

/* ---- chat ---- */

static const struct {
	const char *text;
	bool counts_rest;
	struct llm_usage want;
} chats[] = {
    {"{\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":20,\"total_tokens\":120,"
     "\"prompt_tokens_details\":{\"cached_tokens\":60,\"audio_tokens\":10},"
     "\"completion_tokens_details\":{\"reasoning_tokens\":5,\"audio_tokens\":7,"
     "\"accepted_prediction_tokens\":2,\"rejected_prediction_tokens\":3}}}",
     false,
     {.input = 40,
      .cache_read = 60,
      .audio_input = 10,
      .output = 20,
      .reasoning = 5,
      .audio_output = 7,
      .reported = true}},
    /* thinking that stands in the total alone: billed where the provider is known to do so */
    {"{\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":198,\"total_tokens\":623}}",
     true,
     {.input = 20, .output = 603, .reasoning = 405, .reported = true}},
    {"{\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":198,\"total_tokens\":623}}",
     false,
     {.input = 20, .output = 198, .reported = true}},
    {"{\"usage\":{\"prompt_tokens\":21,\"total_tokens\":81}}",
     true,
     {.input = 21, .output = 60, .reported = true}},
    /* reasoning beside completion_tokens: the total tells, for anybody */
    {"{\"usage\":{\"prompt_tokens\":21,\"completion_tokens\":0,\"total_tokens\":81,"
     "\"completion_tokens_details\":{\"reasoning_tokens\":60}}}",
     false,
     {.input = 21, .output = 60, .reasoning = 60, .reported = true}},
    {"{\"usage\":{\"prompt_tokens\":21,\"completion_tokens\":70,\"total_tokens\":91,"
     "\"completion_tokens_details\":{\"reasoning_tokens\":60}}}",
     true,
     {.input = 21, .output = 70, .reasoning = 60, .reported = true}},
    {"{\"service_tier\":\"flex\",\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":1}}",
     false,
     {.input = 4, .output = 1, .service = LLM_SERVICE_FLEX, .reported = true}},
    {"{\"service_tier\":\"default\",\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":1}}",
     false,
     {.input = 4, .output = 1, .reported = true}},
    /* DeepSeek, Moonshot */
    {"{\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":1,\"prompt_cache_hit_tokens\":4}}",
     false,
     {.input = 6, .cache_read = 4, .output = 1, .reported = true}},
    /* OpenRouter: writes within the prompt, searches */
    {"{\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":1,\"prompt_tokens_details\":"
     "{\"cached_tokens\":30,\"cache_write_tokens\":50},\"server_tool_use\":"
     "{\"web_search_requests\":2}}}",
     false,
     {.input = 20,
      .cache_read = 30,
      .cache_write_5m = 50,
      .output = 1,
      .searches = 2,
      .reported = true}},
    {"{\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1,\"num_sources_used\":3,"
     "\"server_side_tool_usage_details\":{\"web_search_calls\":1,\"x_search_calls\":2,"
     "\"code_interpreter_calls\":4}}}",
     false,
     {.input = 9, .output = 1, .searches = 6, .calls = 4, .reported = true}},
    /* parts that come to more than the whole */
    {"{\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"prompt_tokens_details\":"
     "{\"cached_tokens\":60,\"audio_tokens\":9},\"completion_tokens_details\":"
     "{\"reasoning_tokens\":50,\"audio_tokens\":4,\"image_tokens\":4}}}",
     false,
     {.cache_read = 10,
      .output = 5,
      .reasoning = 5,
      .audio_output = 4,
      .image_output = 1,
      .reported = true}},
    /* image tokens within the cached ones */
    {"{\"usage\":{\"prompt_tokens\":300,\"completion_tokens\":5,\"prompt_tokens_details\":"
     "{\"cached_tokens\":260,\"image_tokens\":258}}}",
     false,
     {.input = 40, .cache_read = 260, .image_input = 40, .output = 5, .reported = true}},
    /* no report */
    {"{\"usage\":{\"prompt_tokens\":10}}", false, {.input = 10}},
    {"{\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":5}}", false, {.output = 5}},
    {"{\"usage\":{\"prompt_tokens\":-5,\"completion_tokens\":1e3}}", true, {.input = 0}},
};

static void test_chat(void)
{
	for (size_t i = 0; i < sizeof chats / sizeof chats[0]; i++) {
		struct llm_usage got = {.input = 77, .searches = 5, .reported = true};
		struct json doc;

		parse(&doc, chats[i].text);
		usage_read_chat(&doc, json_get(&doc, json_root(&doc), STR("usage")),
		                chats[i].counts_rest, &got);
		expect(chats[i].text, &got, &chats[i].want);
		json_release(&doc);
	}
}

/* ---- responses ---- */

static const struct {
	const char *text;
	struct llm_usage want;
} responses[] = {
    {"{\"usage\":{\"input_tokens\":10,\"output_tokens\":8,\"input_tokens_details\":"
     "{\"cached_tokens\":4},\"output_tokens_details\":{\"reasoning_tokens\":6}},\"output\":[]}",
     {.input = 6, .cache_read = 4, .output = 8, .reasoning = 6, .reported = true}},
    /* a search is charged, the pages that it opens are not; older calls have no action */
    {"{\"usage\":{\"input_tokens\":10,\"output_tokens\":8},\"output\":["
     "{\"type\":\"web_search_call\",\"action\":{\"type\":\"search\",\"query\":\"x\"}},"
     "{\"type\":\"web_search_call\",\"action\":{\"type\":\"open_page\"}},"
     "{\"type\":\"web_search_call\"},{\"type\":\"file_search_call\"},"
     "{\"type\":\"code_interpreter_call\"},{\"type\":\"function_call\"},{\"type\":\"message\"}]}",
     {.input = 10, .output = 8, .searches = 2, .calls = 2, .reported = true}},
    /* a container is charged once */
    {"{\"usage\":{\"input_tokens\":10,\"output_tokens\":8},\"output\":["
     "{\"type\":\"code_interpreter_call\",\"container_id\":\"a\"},"
     "{\"type\":\"code_interpreter_call\",\"container_id\":\"a\"},"
     "{\"type\":\"code_interpreter_call\",\"container_id\":\"b\"}]}",
     {.input = 10, .output = 8, .calls = 2, .reported = true}},
    /* gpt-image */
    {"{\"usage\":{\"input_tokens\":50,\"output_tokens\":4160,\"input_tokens_details\":"
     "{\"text_tokens\":10,\"image_tokens\":40},\"output_tokens_details\":{\"image_tokens\":4000,"
     "\"text_tokens\":160}}}",
     {.input = 50, .image_input = 40, .output = 4160, .image_output = 4000, .reported = true}},
    {"{\"usage\":{\"input_tokens\":3}}", {.input = 3}},
    {"{\"usage\":{\"input_tokens\":3,\"output_tokens\":2},\"output\":[{\"type\":"
     "\"image_generation_call\",\"result\":\"aGk=\"}]}",
     {.input = 3, .output = 2, .has_unpriced = true, .reported = true}},
};

static void test_responses(void)
{
	for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++) {
		struct llm_usage got = {0};
		struct json doc;
		uint32_t root;

		parse(&doc, responses[i].text);
		root = json_root(&doc);
		usage_read_responses(&doc, json_get(&doc, root, STR("usage")),
		                     json_get(&doc, root, STR("output")), &got);
		expect(responses[i].text, &got, &responses[i].want);
		json_release(&doc);
	}
}

/* ---- messages ---- */

static const struct {
	const char *start, *delta; /* usage objects */
	struct llm_usage want;
} messages[] = {
    {"{\"input_tokens\":25,\"cache_read_input_tokens\":5,\"output_tokens\":1}",
     "{\"output_tokens\":15}",
     {.input = 25, .cache_read = 5, .output = 15, .reported = true}},
    /* the delta names them all again, and counts */
    {"{\"input_tokens\":25,\"cache_creation_input_tokens\":9,\"output_tokens\":1}",
     "{\"input_tokens\":20,\"cache_creation_input_tokens\":7,\"cache_read_input_tokens\":2,"
     "\"output_tokens\":15}",
     {.input = 20, .cache_read = 2, .cache_write_5m = 7, .output = 15, .reported = true}},
    /* a split of the writes stays when only their sum is told again */
    {"{\"input_tokens\":10,\"cache_creation_input_tokens\":30,\"cache_creation\":"
     "{\"ephemeral_5m_input_tokens\":10,\"ephemeral_1h_input_tokens\":20},\"output_tokens\":1}",
     "{\"cache_creation_input_tokens\":30,\"output_tokens\":3}",
     {.input = 10, .cache_write_5m = 10, .cache_write_1h = 20, .output = 3, .reported = true}},
    {"{\"input_tokens\":10,\"output_tokens\":1,\"service_tier\":\"standard\","
     "\"inference_geo\":\"us\"}",
     "{\"output_tokens\":9,\"server_tool_use\":{\"web_search_requests\":2,"
     "\"web_fetch_requests\":5}}",
     {.input = 10, .output = 9, .searches = 2, .is_regional = true, .reported = true}},
    {"{\"input_tokens\":10,\"output_tokens\":1,\"service_tier\":\"batch\","
     "\"inference_geo\":\"not_available\"}",
     "{\"output_tokens\":9}",
     {.input = 10, .output = 9, .service = LLM_SERVICE_BATCH, .reported = true}},
    {"{\"input_tokens\":10,\"output_tokens\":1,\"service_tier\":\"standard\",\"speed\":\"fast\"}",
     "{\"output_tokens\":9}",
     {.input = 10, .output = 9, .service = LLM_SERVICE_FAST, .reported = true}},
    /* what was compacted is billed beside what the message itself used, and not twice */
    {"{\"input_tokens\":23,\"output_tokens\":1}",
     "{\"input_tokens\":23,\"output_tokens\":1000,\"iterations\":[{\"type\":\"compaction\","
     "\"input_tokens\":180000,\"output_tokens\":3500},{\"type\":\"message\",\"input_tokens\":23,"
     "\"output_tokens\":1000}]}",
     {.input = 180023, .output = 4500, .reported = true}},
    /* what another model advised has prices of its own */
    {"{\"input_tokens\":23,\"output_tokens\":1}",
     "{\"output_tokens\":9,\"iterations\":[{\"type\":\"message\",\"input_tokens\":23,"
     "\"output_tokens\":9},{\"type\":\"advisor_message\",\"model\":\"claude-opus-4-8\","
     "\"input_tokens\":900,\"output_tokens\":500}]}",
     {.input = 23, .output = 9, .has_unpriced = true, .reported = true}},
    /* nulls and odd values leave what was known */
    {"{\"input_tokens\":25,\"output_tokens\":1}",
     "{\"input_tokens\":null,\"cache_read_input_tokens\":null,\"output_tokens\":2}",
     {.input = 25, .output = 2, .reported = true}},
};

static void test_messages(void)
{
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		struct llm_usage told = {0}, got = {0};
		struct json doc;

		parse(&doc, messages[i].start);
		usage_read_messages(&doc, json_root(&doc), false, &told, &got);
		CHECK(!got.reported && got.input > 0);
		json_release(&doc);
		for (int again = 0; again < 2; again++) { /* the same once more changes nothing */
			parse(&doc, messages[i].delta);
			usage_read_messages(&doc, json_root(&doc), true, &told, &got);
			expect(messages[i].delta, &got, &messages[i].want);
			json_release(&doc);
		}
	}
}

/* ---- through the dialects ---- */

struct stream {
	struct wire_meter meter;
	struct json scratch;
	struct arena arena;
};

static void note(struct stream *s, enum llm_dialect dialect, const char *data)
{
	struct wire_noting noting = {
	    .meter = &s->meter, .scratch = &s->scratch, .arena = &s->arena};
	struct sse_event e = {.data = str_of(data), .has_data = true};
	struct wire_note out;

	wire_dialect(dialect)->note_event(&noting, &e, &out);
}

/* A stream that names its service first, and breaks before it reports. */
static void test_service_of_a_cut_stream(void)
{
	struct stream s = {0};

	arena_init(&s.arena);
	json_init(&s.scratch);
	note(&s, LLM_CHAT,
	     "{\"service_tier\":\"priority\",\"choices\":[{\"delta\":{\"role\":\"a\"}}]}");
	note(&s, LLM_CHAT, "{\"choices\":[{\"delta\":{\"content\":\"hello there\"}}]}");
	CHECK(!s.meter.has_usage && s.meter.usage.service == LLM_SERVICE_PRIORITY);
	note(&s, LLM_CHAT,
	     "{\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}");
	CHECK(s.meter.has_usage && s.meter.usage.service == LLM_SERVICE_PRIORITY);
	json_release(&s.scratch);
	arena_release(&s.arena);
}

static void test_failed_response(void)
{
	static const char text[] =
	    "{\"object\":\"response\",\"status\":\"failed\",\"error\":{\"code\":\"server_error\"},"
	    "\"output\":[],\"usage\":{\"input_tokens\":9,\"output_tokens\":2}}";
	struct wire_meter meter = {0};
	struct arena arena;
	struct json doc;
	struct wire_noting noting = {.meter = &meter, .scratch = &doc, .arena = &arena};
	struct str usage = {0};

	arena_init(&arena);
	parse(&doc, text);
	CHECK(wire_dialect(LLM_RESPONSES)->read_answer(&doc, &noting, &usage) == -1);
	CHECK(meter.has_usage && meter.usage.input == 9 && meter.usage.output == 2);
	json_release(&doc);
	arena_release(&arena);
}

/* ---- gemini ---- */

static const struct {
	const char *text;
	bool is_final;
	struct llm_usage want;
} geminis[] = {
    {"{\"usageMetadata\":{\"promptTokenCount\":100,\"cachedContentTokenCount\":60,"
     "\"candidatesTokenCount\":20,\"thoughtsTokenCount\":5,\"toolUsePromptTokenCount\":7,"
     "\"totalTokenCount\":132,\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":90},"
     "{\"modality\":\"AUDIO\",\"tokenCount\":10}],\"candidatesTokensDetails\":[{\"modality\":"
     "\"IMAGE\",\"tokenCount\":8}]},\"candidates\":[{\"groundingMetadata\":{\"webSearchQueries\":["
     "\"a\",\"b\"]}}]}",
     true,
     {.input = 47,
      .cache_read = 60,
      .output = 25,
      .reasoning = 5,
      .audio_input = 10,
      .image_output = 8,
      .searches = 2,
      .reported = true}},
    /* nothing was written, so no candidates are counted; and an event amid the stream */
    {"{\"usageMetadata\":{\"promptTokenCount\":10,\"totalTokenCount\":10}}",
     true,
     {.input = 10, .reported = true}},
    {"{\"usageMetadata\":{\"promptTokenCount\":10,\"totalTokenCount\":10}}", false, {.input = 10}},
    {"{\"usageMetadata\":{\"promptTokenCount\":-10,\"cachedContentTokenCount\":3,"
     "\"totalTokenCount\":1}}",
     true,
     {0}},
    {"{}", true, {0}},
};

static void test_gemini(void)
{
	for (size_t i = 0; i < sizeof geminis / sizeof geminis[0]; i++) {
		struct llm_usage got = {.output = 99};
		struct json doc;

		parse(&doc, geminis[i].text);
		usage_read_gemini(&doc, geminis[i].is_final, &got);
		expect(geminis[i].text, &got, &geminis[i].want);
		json_release(&doc);
	}
}

int main(void)
{
	test_chat();
	test_responses();
	test_messages();
	test_service_of_a_cut_stream();
	test_failed_response();
	test_gemini();
	return check_report("usage");
}
