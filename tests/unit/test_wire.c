/* The dialects: what is read out of requests, which fields are named in refusals, the named
 * edits and nothing else, usage and meaning of answers and events. */
#include "check.h"

#include "wire/wire.h"

struct bench {
	struct arena arena;
	struct json doc;
	struct llm_request llm;
	struct fail fail;
};

static int read_request(struct bench *b, enum llm_dialect d, struct str body)
{
	struct json_error error;

	arena_init(&b->arena);
	json_init(&b->doc);
	b->llm = (struct llm_request){0};
	fail_init(&b->fail, &b->arena);
	must(json_read(&b->doc, body, &error) == 0);
	return wire_dialect(d)->read_request(&b->doc, &b->arena, &b->llm, &b->fail);
}

static void release(struct bench *b)
{
	json_release(&b->doc);
	arena_release(&b->arena);
}

/* ---- refusals ---- */

static const struct {
	enum llm_dialect dialect;
	struct str body;
	enum fail_kind kind;
	struct str param;
} refused[] = {
    {LLM_CHAT, STR_INIT("[]"), FAIL_INVALID_VALUE, STR_INIT("")},
    {LLM_CHAT, STR_INIT("{\"messages\":[]}"), FAIL_MISSING_FIELD, STR_INIT("model")},
    {LLM_CHAT, STR_INIT("{\"model\":\"\",\"messages\":[]}"), FAIL_INVALID_VALUE, STR_INIT("model")},
    {LLM_CHAT, STR_INIT("{\"model\":7}"), FAIL_INVALID_VALUE, STR_INIT("model")},
    {LLM_CHAT, STR_INIT("{\"model\":\"m\"}"), FAIL_MISSING_FIELD, STR_INIT("messages")},
    {LLM_CHAT, STR_INIT("{\"model\":\"m\",\"messages\":[]}"), FAIL_INVALID_VALUE,
     STR_INIT("messages")},
    {LLM_CHAT, STR_INIT("{\"model\":\"m\",\"messages\":[{\"content\":\"x\"}]}"), FAIL_MISSING_FIELD,
     STR_INIT("messages[0].role")},
    {LLM_CHAT,
     STR_INIT("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],"
              "\"max_tokens\":0}"),
     FAIL_INVALID_VALUE, STR_INIT("max_tokens")},
    {LLM_CHAT,
     STR_INIT("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],"
              "\"stream\":\"yes\"}"),
     FAIL_INVALID_VALUE, STR_INIT("stream")},
    {LLM_RESPONSES, STR_INIT("{\"model\":\"m\"}"), FAIL_MISSING_FIELD, STR_INIT("input")},
    {LLM_RESPONSES, STR_INIT("{\"model\":\"m\",\"input\":\"x\",\"previous_response_id\":\"r\"}"),
     FAIL_UNSUPPORTED_PARAMETER, STR_INIT("previous_response_id")},
    {LLM_RESPONSES, STR_INIT("{\"model\":\"m\",\"input\":[{\"type\":\"item_reference\"}]}"),
     FAIL_UNSUPPORTED_PARAMETER, STR_INIT("input[0]")},
    {LLM_RESPONSES,
     STR_INIT("{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":"
              "\"input_file\",\"file_id\":\"f\"}]}]}"),
     FAIL_UNSUPPORTED_PARAMETER, STR_INIT("input[0].content[0].file_id")},
    {LLM_RESPONSES, STR_INIT("{\"model\":\"m\",\"input\":\"x\",\"background\":true}"),
     FAIL_UNSUPPORTED_PARAMETER, STR_INIT("background")},
    {LLM_CHAT, STR_INIT("{\"model\":\"m\",\"messages\":[],\"deferred\":true}"),
     FAIL_UNSUPPORTED_PARAMETER, STR_INIT("deferred")},
    {LLM_CHAT,
     STR_INIT("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],"
              "\"deferred\":false,\"preset\":\"p\"}"),
     FAIL_UNSUPPORTED_PARAMETER, STR_INIT("preset")},
    {LLM_CHAT,
     STR_INIT("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],"
              "\"extra_body\":{\"google\":{\"cached_content\":\"cachedContents/1\"}}}"),
     FAIL_UNSUPPORTED_PARAMETER, STR_INIT("extra_body.google.cached_content")},
    {LLM_MESSAGES,
     STR_INIT("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"),
     FAIL_MISSING_FIELD, STR_INIT("max_tokens")},
    {LLM_MESSAGES,
     STR_INIT("{\"model\":\"m\",\"max_tokens\":5,\"thread\":{\"type\":\"create\"},"
              "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"),
     FAIL_THREADS_UNSUPPORTED, STR_INIT("thread")},
};

static void test_refusals(void)
{
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct bench b;

		CHECK(read_request(&b, refused[i].dialect, refused[i].body) == -1);
		CHECK(b.fail.kind == refused[i].kind);
		CHECK_STR(b.fail.param, refused[i].param);
		CHECK(b.fail.message.len > 0);
		release(&b);
	}
}

/* ---- what is read ---- */

static void test_chat_is_read(void)
{
	struct bench b;

	CHECK(read_request(&b, LLM_CHAT,
	                   STR("{\"model\":\"flux-auto\",\"stream\":true,\"messages\":["
	                       "{\"role\":\"system\",\"content\":\"rules\"},"
	                       "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi "
	                       "\\\"you\\\"\"},{\"type\":\"image_url\",\"image_url\":{}}]},"
	                       "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{"
	                       "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},"
	                       "{\"role\":\"tool\",\"content\":\"out\"}],"
	                       "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],"
	                       "\"max_completion_tokens\":9,\"n\":2,"
	                       "\"reasoning_effort\":\"high\"}")) == 0);
	CHECK(b.llm.stream && !b.llm.wants_stream_usage && b.llm.turn_count == 4);
	CHECK(b.llm.turns[1].role == LLM_USER && b.llm.turns[1].text_count == 1);
	CHECK_STR(b.llm.turns[1].texts[0], STR("hi \\\"you\\\""));
	CHECK(b.llm.turns[2].tool_calls == 1 && b.llm.turns[2].calls_hash != 0);
	CHECK(b.llm.turns[3].role == LLM_TOOL);
	CHECK(b.llm.tools == 1 && b.llm.images == 1 && b.llm.choices == 2);
	CHECK(b.llm.max_output == 9 && b.llm.effort == LLM_EFFORT_HIGH);
	CHECK(b.llm.needs == (LLM_CAN_TOOLS | LLM_CAN_IMAGES | LLM_CAN_THINKING));
	release(&b);
}

/* What a provider may charge beside tokens, and the service that is asked for. */
static const struct {
	enum llm_dialect dialect;
	const char *rest;
	enum llm_service service;
	int64_t calls;
} extras[] = {
    {LLM_CHAT, "", LLM_SERVICE_STANDARD, 0},
    {LLM_CHAT, ",\"service_tier\":\"flex\"", LLM_SERVICE_FLEX, 0},
    {LLM_CHAT, ",\"service_tier\":\"auto\",\"search_parameters\":{\"max_search_results\":3}",
     LLM_SERVICE_STANDARD, 3},
    {LLM_CHAT, ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"web_search\"}}]",
     LLM_SERVICE_STANDARD, 0},
    {LLM_RESPONSES,
     ",\"service_tier\":\"priority\",\"tools\":[{\"type\":\"web_search\"},"
     "{\"type\":\"function\",\"name\":\"f\"},{\"type\":\"code_interpreter\"}]",
     LLM_SERVICE_PRIORITY, 20},
    {LLM_RESPONSES, ",\"max_tool_calls\":2,\"tools\":[{\"type\":\"web_search_preview\"}]",
     LLM_SERVICE_STANDARD, 2},
    {LLM_MESSAGES,
     ",\"speed\":\"fast\",\"tools\":[{\"type\":\"web_search_20250305\",\"name\":"
     "\"web_search\",\"max_uses\":8}]",
     LLM_SERVICE_FAST, 8},
};

static void test_extras(void)
{
	for (size_t i = 0; i < sizeof extras / sizeof extras[0]; i++) {
		char text[512];
		struct bench b;

		snprintf(
		    text, sizeof text,
		    "{\"model\":\"m\",\"max_tokens\":5,\"input\":\"x\",\"messages\":[{\"role\":"
		    "\"user\",\"content\":\"x\"}]%s}",
		    extras[i].rest);
		CHECK(read_request(&b, extras[i].dialect, str_of(text)) == 0);
		CHECK(b.llm.service == extras[i].service);
		CHECK(llm_most_calls(&b.llm, llm_calls_each(&b.llm)) == extras[i].calls);
		release(&b);
	}
}

static void test_messages_are_read(void)
{
	struct bench b;

	CHECK(read_request(&b, LLM_MESSAGES,
	                   STR("{\"model\":\"claude\",\"max_tokens\":64,"
	                       "\"system\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\","
	                       "\"text\":\"b\"}],\"messages\":["
	                       "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
	                       "\"name\":\"f\",\"input\":{}},{\"type\":\"tool_use\",\"name\":\"g\","
	                       "\"input\":{}}]},"
	                       "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
	                       "\"is_error\":true,\"content\":\"no\"},{\"type\":\"tool_result\","
	                       "\"content\":[{\"type\":\"text\",\"text\":\"yes\"}]},"
	                       "{\"type\":\"text\",\"text\":\"go on\"}]}],"
	                       "\"metadata\":{\"user_id\":\"u\"}}")) == 0);
	CHECK(b.llm.turn_count == 5 && b.llm.turns[0].text_count == 2);
	CHECK(b.llm.turns[1].tool_calls == 2);
	CHECK(b.llm.turns[2].role == LLM_TOOL && b.llm.turns[2].is_error);
	CHECK(b.llm.turns[3].role == LLM_TOOL && !b.llm.turns[3].is_error);
	CHECK(b.llm.turns[4].role == LLM_USER);
	CHECK_STR(b.llm.turns[4].texts[0], STR("go on"));
	CHECK_STR(b.llm.session, STR("u"));
	release(&b);
}

static void test_responses_are_read(void)
{
	struct bench b;

	CHECK(read_request(&b, LLM_RESPONSES,
	                   STR("{\"model\":\"m\",\"instructions\":\"i\",\"store\":false,\"input\":["
	                       "{\"role\":\"user\",\"content\":\"q\"},"
	                       "{\"type\":\"function_call\",\"call_id\":\"1\",\"name\":\"f\","
	                       "\"arguments\":\"{}\"},"
	                       "{\"type\":\"custom_tool_call\",\"call_id\":\"2\",\"name\":\"g\","
	                       "\"input\":\"x\"},"
	                       "{\"type\":\"function_call_output\",\"call_id\":\"1\","
	                       "\"output\":\"o\"}],\"background\":false}")) == 0);
	CHECK(b.llm.turn_count == 4 && b.llm.no_store);
	CHECK(b.llm.turns[2].role == LLM_ASSISTANT && b.llm.turns[2].tool_calls == 2);
	CHECK(b.llm.turns[3].role == LLM_TOOL);
	release(&b);
}

/* What the scorer is told beside texts. */
static const struct {
	enum llm_dialect dialect;
	struct str member;
	bool forces, completes;
} facts[] = {
    {LLM_CHAT, STR_INIT(""), false, false},
    {LLM_CHAT, STR_INIT(",\"tool_choice\":\"auto\""), false, false},
    {LLM_CHAT, STR_INIT(",\"tool_choice\":\"none\""), false, false},
    {LLM_CHAT, STR_INIT(",\"tool_choice\":\"required\""), true, false},
    {LLM_CHAT, STR_INIT(",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}"),
     true, false},
    {LLM_CHAT,
     STR_INIT(
         ",\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\"}}"),
     true, false},
    {LLM_CHAT, STR_INIT(",\"function_call\":{\"name\":\"f\"}"), true, false},
    {LLM_CHAT, STR_INIT(",\"function_call\":\"auto\""), false, false},
    {LLM_CHAT, STR_INIT(",\"suffix\":\"}\""), false, true},
    {LLM_RESPONSES, STR_INIT(",\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"auto\"}"),
     false, false},
    {LLM_RESPONSES, STR_INIT(",\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"required\"}"),
     true, false},
    {LLM_RESPONSES, STR_INIT(",\"tool_choice\":{\"type\":\"custom\",\"name\":\"f\"}"), true, false},
    {LLM_MESSAGES, STR_INIT(",\"tool_choice\":{\"type\":\"auto\"}"), false, false},
    {LLM_MESSAGES, STR_INIT(",\"tool_choice\":{\"type\":\"any\"}"), true, false},
    {LLM_MESSAGES, STR_INIT(",\"tool_choice\":{\"type\":\"tool\",\"name\":\"f\"}"), true, false},
};

static void test_facts(void)
{
	static const char *const bodies[] = {
	    [LLM_CHAT] = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]",
	    [LLM_RESPONSES] = "{\"model\":\"m\",\"input\":\"x\"",
	    [LLM_MESSAGES] = ("{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\","
	                      "\"content\":\"x\"}]"),
	};
	char body[512];
	struct bench b;

	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
		snprintf(body, sizeof body, "%s%.*s}", bodies[facts[i].dialect],
		         STR_ARG(facts[i].member));
		CHECK(read_request(&b, facts[i].dialect, str_of(body)) == 0);
		CHECK(b.llm.forces_tool == facts[i].forces);
		CHECK(b.llm.is_autocomplete == facts[i].completes);
		release(&b);
	}
	CHECK(read_request(&b, LLM_CHAT,
	                   STR("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
	                       "\"<|fim_prefix|>int \"}]}")) == 0);
	CHECK(b.llm.is_autocomplete);
	release(&b);
}

/* ---- edits ---- */

static const struct {
	enum llm_dialect dialect;
	struct str body, edited;
} edits[] = {
    {LLM_CHAT,
     STR_INIT("{ \"model\" : \"flux-auto\", \"messages\":[{\"role\":\"user\"}], \"x\":1.0 }"),
     STR_INIT("{ \"model\" : \"real\", \"messages\":[{\"role\":\"user\"}], \"x\":1.0 ,"
              "\"store\":false}")},
    {LLM_CHAT,
     STR_INIT(
         "{\"stream\":true,\"model\":\"a\",\"messages\":[{\"role\":\"user\"}],\"store\":true}"),
     STR_INIT("{\"stream\":true,\"model\":\"real\",\"messages\":[{\"role\":\"user\"}],"
              "\"store\":false,\"stream_options\":{\"include_usage\":true}}")},
    {LLM_CHAT,
     STR_INIT("{\"stream\":true,\"stream_options\":{\"include_usage\":false},\"model\":\"a\","
              "\"messages\":[{\"role\":\"user\"}],\"store\":false,\"max_tokens\":900}"),
     STR_INIT("{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"model\":\"real\","
              "\"messages\":[{\"role\":\"user\"}],\"store\":false,\"max_tokens\":100}")},
    {LLM_CHAT,
     STR_INIT("{\"stream\":true,\"stream_options\":{},\"model\":\"a\","
              "\"messages\":[{\"role\":\"user\"}],\"store\":false}"),
     STR_INIT("{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"model\":\"real\","
              "\"messages\":[{\"role\":\"user\"}],\"store\":false}")},
    {LLM_RESPONSES, STR_INIT("{\"model\":\"a\",\"input\":\"x\",\"stream\":true}"),
     STR_INIT("{\"model\":\"real\",\"input\":\"x\",\"stream\":true,\"store\":false}")},
    {LLM_MESSAGES,
     STR_INIT("{\"model\":\"a\",\"max_tokens\":900,\"messages\":[{\"role\":\"user\"}]}"),
     STR_INIT("{\"model\":\"real\",\"max_tokens\":100,\"messages\":[{\"role\":\"user\"}]}")},
    /* Other models than `model`, wherever they stand. */
    {LLM_MESSAGES,
     STR_INIT(
         "{\"fallbacks\" : [{\"model\":\"b\"}] , \"models\":[], \"model\":\"a\",\"max_tokens\":9,"
         "\"messages\":[{\"role\":\"user\"}]}"),
     STR_INIT("{\"model\":\"real\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\"}]}")},
    {LLM_MESSAGES,
     STR_INIT("{\"model\":\"a\" , "
              "\"models\":[\"b\"],\"max_tokens\":9,\"messages\":[{\"role\":\"user\"}],"
              "\"fallbacks\":\"default\"}"),
     STR_INIT("{\"model\":\"real\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\"}]}")},
    {LLM_CHAT,
     STR_INIT("{\"stream\":true,\"store\":false,\"stream_options\":{\"include_usage\":true},"
              "\"messages\":[{\"role\":\"user\"}],\"model\":\"a\",\"models\":[\"b\",\"c\"]}"),
     STR_INIT("{\"stream\":true,\"store\":false,\"stream_options\":{\"include_usage\":true},"
              "\"messages\":[{\"role\":\"user\"}],\"model\":\"real\"}")},
};

static void test_edits(void)
{
	struct wire_change change = {.model = STR("real"), .meter_stream = true, .no_store = true};

	for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
		struct str pieces[WIRE_PIECES_MAX];
		struct wire_edits list;
		struct bench b;
		struct buf out;
		size_t bytes;
		int count;

		CHECK(read_request(&b, edits[i].dialect, edits[i].body) == 0);
		change.max_output = b.llm.max_output > 100 ? 100 : 0;
		wire_dialect(edits[i].dialect)->edit_request(&b.llm, &change, &b.arena, &list);
		count = wire_edit_pieces(&list, edits[i].body, pieces, &bytes);
		buf_init(&out, 4096);
		for (int p = 0; p < count; p++)
			buf_put(&out, pieces[p]);
		CHECK_STR(buf_str(&out), edits[i].edited);
		CHECK(bytes == out.len);
		buf_release(&out);
		release(&b);
	}
}

/* ---- events ---- */

static const struct {
	enum llm_dialect dialect;
	struct str data;
	enum wire_kind kind;
	bool has_usage, is_usage_only;
} events[] = {
    {LLM_CHAT, STR_INIT("{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}"),
     WIRE_LIFECYCLE, false, false},
    {LLM_CHAT, STR_INIT("{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}"), WIRE_CONTENT, false,
     false},
    {LLM_CHAT, STR_INIT("{\"choices\":[{\"delta\":{\"reasoning_content\":\"a\"}}]}"), WIRE_CONTENT,
     false, false},
    {LLM_CHAT, STR_INIT("{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}"), WIRE_CONTENT,
     false, false},
    {LLM_CHAT, STR_INIT("{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":0}}"),
     WIRE_LIFECYCLE, true, true},
    {LLM_CHAT, STR_INIT("{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"total_tokens\":4}}"),
     WIRE_LIFECYCLE, true, true},
    {LLM_CHAT, STR_INIT("{\"choices\":[],\"usage\":{\"prompt_tokens\":3}}"), WIRE_LIFECYCLE, false,
     true},
    {LLM_CHAT, STR_INIT("{\"choices\":[],\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":5}}"),
     WIRE_LIFECYCLE, false, true},
    {LLM_CHAT, STR_INIT("{\"error\":{\"message\":\"overloaded\"}}"), WIRE_ERROR, false, false},
    {LLM_CHAT, STR_INIT("{\"object\":\"error\",\"message\":\"x\",\"code\":400}"), WIRE_ERROR, false,
     false},
    {LLM_CHAT, STR_INIT("[DONE]"), WIRE_END, false, false},
    {LLM_RESPONSES, STR_INIT("{\"type\":\"response.created\",\"response\":{}}"), WIRE_LIFECYCLE,
     false, false},
    {LLM_RESPONSES, STR_INIT("{\"type\":\"response.output_text.delta\",\"delta\":\"a\"}"),
     WIRE_CONTENT, false, false},
    {LLM_RESPONSES,
     STR_INIT("{\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":3,"
              "\"output_tokens\":1}}}"),
     WIRE_END, true, false},
    {LLM_RESPONSES,
     STR_INIT("{\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":3}}}"),
     WIRE_END, false, false},
    {LLM_RESPONSES, STR_INIT("{\"type\":\"response.failed\",\"response\":{}}"), WIRE_ERROR, false,
     false},
    {LLM_MESSAGES,
     STR_INIT("{\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3}}}"),
     WIRE_LIFECYCLE, true, false},
    {LLM_MESSAGES, STR_INIT("{\"type\":\"ping\"}"), WIRE_LIFECYCLE, false, false},
    {LLM_MESSAGES, STR_INIT("{\"type\":\"content_block_delta\",\"delta\":{\"text\":\"a\"}}"),
     WIRE_CONTENT, false, false},
    {LLM_MESSAGES, STR_INIT("{\"type\":\"error\",\"error\":{}}"), WIRE_ERROR, false, false},
    {LLM_MESSAGES, STR_INIT("{\"type\":\"message_stop\"}"), WIRE_END, false, false},
};

/* Also behind content, where most events are not parsed. */
static void test_events(void)
{
	for (size_t i = 0; i < 2 * sizeof events / sizeof events[0]; i++) {
		struct wire_meter meter = {.has_content = i & 1};
		struct sse_event e = {.data = events[i / 2].data, .has_data = true};
		struct wire_note note;
		struct json scratch;
		struct arena arena;
		struct wire_noting noting = {
		    .meter = &meter, .scratch = &scratch, .arena = &arena, .hides_usage = true};

		arena_init(&arena);
		json_init(&scratch);
		wire_dialect(events[i / 2].dialect)->note_event(&noting, &e, &note);
		if (!meter.has_content || note.kind != WIRE_CONTENT)
			CHECK(note.kind == events[i / 2].kind);
		CHECK((note.usage.len > 0) == events[i / 2].has_usage);
		CHECK(note.is_usage_only == events[i / 2].is_usage_only);
		json_release(&scratch);
		arena_release(&arena);
	}
}

/* Also behind content, where it is cut without reading the chunk. */
static void test_null_usage_is_cut(void)
{
	static const struct {
		struct str data, cut;
	} rows[] = {
	    {STR_INIT("{\"choices\":[],\"usage\":null}"), STR_INIT(",\"usage\":null")},
	    {STR_INIT("{\"usage\":null,\"choices\":[]}"), STR_INIT("\"usage\":null,")},
	    {STR_INIT("{\"choices\":[{\"x\":1}],\"usage\":null}"), STR_INIT(",\"usage\":null")},
	    {STR_INIT("{\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\":null\"}}]}"),
	     STR_INIT("")},
	};

	for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
		struct wire_meter meter = {.has_content = i & 1};
		struct sse_event e = {.data = rows[i / 2].data, .has_data = true};
		struct wire_note note;
		struct json scratch;
		struct arena arena;
		struct wire_noting noting = {
		    .meter = &meter, .scratch = &scratch, .arena = &arena, .hides_usage = true};

		arena_init(&arena);
		json_init(&scratch);
		wire_dialect(LLM_CHAT)->note_event(&noting, &e, &note);
		CHECK_STR(note.null_usage, rows[i / 2].cut);
		json_release(&scratch);
		arena_release(&arena);
	}
}

/* ---- usage ---- */

static const struct {
	enum llm_dialect dialect;
	struct str answer;
	struct llm_usage usage;
} usages[] = {
    {LLM_CHAT,
     STR_INIT("{\"choices\":[],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":20,"
              "\"prompt_tokens_details\":{\"cached_tokens\":60},"
              "\"completion_tokens_details\":{\"reasoning_tokens\":5}}}"),
     {.input = 40, .cache_read = 60, .output = 20, .reasoning = 5}},
    {LLM_CHAT, /* reasoning beside completion tokens: the total tells */
     STR_INIT("{\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":20,"
              "\"total_tokens\":35,\"completion_tokens_details\":{\"reasoning_tokens\":5}}}"),
     {.input = 10, .output = 25, .reasoning = 5}},
    {LLM_CHAT, /* more cached than prompt: never negative */
     STR_INIT("{\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":1,"
              "\"prompt_tokens_details\":{\"cached_tokens\":60}}}"),
     {.input = 0, .cache_read = 10, .output = 1}},
    {LLM_CHAT,
     STR_INIT("{\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":1,"
              "\"prompt_cache_hit_tokens\":4}}"),
     {.input = 6, .cache_read = 4, .output = 1}},
    {LLM_RESPONSES,
     STR_INIT("{\"output\":[],\"usage\":{\"input_tokens\":10,\"output_tokens\":3,"
              "\"input_tokens_details\":{\"cached_tokens\":4}}}"),
     {.input = 6, .cache_read = 4, .output = 3}},
    {LLM_MESSAGES,
     STR_INIT("{\"content\":[],\"usage\":{\"input_tokens\":10,\"output_tokens\":3,"
              "\"cache_read_input_tokens\":7,\"cache_creation_input_tokens\":30,"
              "\"cache_creation\":{\"ephemeral_5m_input_tokens\":10,"
              "\"ephemeral_1h_input_tokens\":20}}}"),
     {.input = 10, .cache_read = 7, .cache_write_5m = 10, .cache_write_1h = 20, .output = 3}},
};

static bool is_same_usage(const struct llm_usage *a, const struct llm_usage *b)
{
	return a->input == b->input && a->cache_read == b->cache_read &&
	       a->cache_write_5m == b->cache_write_5m && a->cache_write_1h == b->cache_write_1h &&
	       a->output == b->output && a->reasoning == b->reasoning;
}

static void test_usage(void)
{
	for (size_t i = 0; i < sizeof usages / sizeof usages[0]; i++) {
		struct wire_meter meter = {0};
		struct str usage = {0};
		struct json scratch;
		struct json_error error;
		struct arena arena;
		struct wire_noting noting = {.meter = &meter, .scratch = &scratch, .arena = &arena};

		arena_init(&arena);
		json_init(&scratch);
		must(json_read(&scratch, usages[i].answer, &error) == 0);
		CHECK(wire_dialect(usages[i].dialect)->read_answer(&scratch, &noting, &usage) == 0);
		CHECK(meter.has_usage && meter.usage.reported);
		CHECK(is_same_usage(&meter.usage, &usages[i].usage));
		CHECK(usage.len > 2 && usage.ptr[0] == '{');
		json_release(&scratch);
		arena_release(&arena);
	}
}

/* message_delta replaces what it names and leaves the rest of message_start. */
static void test_messages_usage_is_cumulative(void)
{
	static const struct str parts[] = {
	    STR_INIT("{\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":25,"
	             "\"cache_read_input_tokens\":5,\"output_tokens\":1}}}"),
	    STR_INIT("{\"type\":\"message_delta\",\"usage\":{\"output_tokens\":15}}"),
	    STR_INIT("{\"type\":\"message_delta\",\"usage\":{\"output_tokens\":18}}"),
	};
	struct wire_meter meter = {0};
	struct json scratch;
	struct arena arena;
	struct wire_noting noting = {.meter = &meter, .scratch = &scratch, .arena = &arena};

	arena_init(&arena);
	json_init(&scratch);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		struct sse_event e = {.data = parts[i], .has_data = true};
		struct wire_note note;

		wire_dialect(LLM_MESSAGES)->note_event(&noting, &e, &note);
		CHECK(meter.has_usage == (i > 0));
	}
	CHECK(meter.usage.input == 25 && meter.usage.cache_read == 5 && meter.usage.output == 18);
	json_release(&scratch);
	arena_release(&arena);
}

static void test_missing_usage_is_marked(void)
{
	struct wire_meter meter = {.events = 10, .payload_bytes = 1200, .least_payload = 80};

	wire_estimate_missing(&meter, 33, 0, 0);
	CHECK(!meter.usage.reported && meter.usage.input == 33 && meter.usage.output == 100);
}

static void test_cost_goes_behind_usage(void)
{
	static const struct {
		struct str document, edited;
	} rows[] = {
	    {STR_INIT("{\"usage\":{\"a\":1}}"),
	     STR_INIT("{\"usage\":{\"a\":1,\"cost_usd\":0.000000012,\"currency\":\"USD\"}}")},
	    {STR_INIT("{\"usage\":{ }}"),
	     STR_INIT("{\"usage\":{ \"cost_usd\":0.000000012,\"currency\":\"USD\"}}")},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct str document = rows[i].document;
		struct str usage = str_part(document, 9, document.len - 10);
		struct str pieces[WIRE_PIECES_MAX];
		struct wire_edits list = {0};
		struct arena arena;
		struct buf out;
		size_t bytes;

		arena_init(&arena);
		buf_init(&out, 4096);
		wire_edit_cost(&list, 9 + usage.len - 1, usage, 12, &arena);
		for (int p = 0, n = wire_edit_pieces(&list, document, pieces, &bytes); p < n; p++)
			buf_put(&out, pieces[p]);
		CHECK_STR(buf_str(&out), rows[i].edited);
		buf_release(&out);
		arena_release(&arena);
	}
}

int main(void)
{
	test_refusals();
	test_chat_is_read();
	test_messages_are_read();
	test_extras();
	test_responses_are_read();
	test_facts();
	test_edits();
	test_events();
	test_null_usage_is_cut();
	test_usage();
	test_messages_usage_is_cumulative();
	test_missing_usage_is_marked();
	test_cost_goes_behind_usage();
	return check_report("wire");
}
