/* Tools that the provider runs: which they are in each dialect, how often they may be called, and
 * what the request is told. */
#include "check.h"

#include "wire/responses.h"
#include "wire/wire.h"

static const struct {
	enum llm_dialect dialect;
	const char *members; /* beside model and what is said */
	int tools;           /* of the provider's */
	int64_t most, most_with_two;
	bool is_limited;
	const char *edited; /* where each may make two calls */
} rows[] = {
    {LLM_CHAT, "", 0, 0, 0, true, ""},
    {LLM_CHAT, ",\"tools\":[{\"type\":\"function\"},{\"function\":{}},{\"type\":\"custom\"}]", 0, 0,
     0, true, NULL},
    {LLM_CHAT, ",\"search_parameters\":{}", 1, 10, 2, false,
     ",\"search_parameters\":{\"max_search_results\":2}"},
    {LLM_CHAT, ",\"search_parameters\":{\"mode\":\"off\"}", 0, 0, 0, true, NULL},
    {LLM_CHAT, ",\"search_parameters\":{\"max_search_results\":30}", 1, 30, 2, true,
     ",\"search_parameters\":{\"max_search_results\":2}"},
    {LLM_CHAT, ",\"web_search_options\":{}", 1, 1, 1, true, NULL},
    {LLM_CHAT, ",\"tools\":[{\"google_search\":{}}]", 1, 10, 10, true, NULL},
    {LLM_CHAT, ",\"enable_search\":true,\"web_search\":{\"enable\":true}", 2, 20, 20, false, NULL},
    {LLM_CHAT, ",\"enable_search\":false,\"web_search\":{\"enable\":false}", 0, 0, 0, true, NULL},
    {LLM_MESSAGES, ",\"plugins\":[{\"id\":\"response-healing\"},{\"id\":\"web\"}]", 1, 10, 10,
     false, NULL},
    {LLM_RESPONSES, ",\"enable_code_interpreter\":true", 1, 10, 10, false,
     ",\"enable_code_interpreter\":true,\"max_tool_calls\":10"},
    {LLM_CHAT, ",\"plugins\":[{\"id\":\"file-parser\"},{\"id\":\"web\"}]", 1, 10, 10, false, NULL},
    {LLM_RESPONSES, ",\"tools\":[{\"type\":\"function\"},{\"type\":\"tool_search\"}]", 0, 0, 0,
     true, NULL},
    {LLM_RESPONSES, ",\"tools\":[{\"type\":\"web_search\"},{\"type\":\"code_interpreter\"}]", 2, 20,
     4, false,
     ",\"tools\":[{\"type\":\"web_search\"},{\"type\":\"code_interpreter\"}],"
     "\"max_tool_calls\":4"},
    {LLM_RESPONSES, ",\"max_tool_calls\":\"3\",\"tools\":[{\"type\":\"new\"}]", 1, 10, 2, false,
     ",\"max_tool_calls\":2,\"tools\":[{\"type\":\"new\"}]"},
    {LLM_RESPONSES, ",\"max_tool_calls\":1,\"tools\":[{\"type\":\"web_search\"}]", 1, 1, 1, true,
     NULL},
    {LLM_RESPONSES, ",\"max_tool_calls\":5000,\"tools\":[{\"type\":\"web_search\"}]", 1, 1000, 2,
     true, ",\"max_tool_calls\":2,\"tools\":[{\"type\":\"web_search\"}]"},
    {LLM_MESSAGES, ",\"tools\":[{\"name\":\"f\"},{\"type\":\"text_editor_20250728\"}]", 0, 0, 0,
     true, NULL},
    {LLM_MESSAGES, ",\"tools\":[{\"type\":\"web_search_20250305\",\"max_uses\":7}]", 1, 7, 2, true,
     ",\"tools\":[{\"type\":\"web_search_20250305\",\"max_uses\":2}]"},
    {LLM_MESSAGES, ",\"tools\":[{\"type\":\"web_fetch_20250910\",\"max_uses\":1}]", 1, 1, 1, false,
     ",\"tools\":[{\"type\":\"web_fetch_20250910\",\"max_uses\":1,\"max_content_tokens\":8192}]"},
    {LLM_MESSAGES,
     ",\"tools\":[{\"type\":\"web_fetch_20250910\",\"max_content_tokens\":90000,\"max_uses\":2}]",
     1, 2, 2, true, NULL},
    {LLM_MESSAGES, ",\"tools\":[{\"type\":\"code_execution_20250825\"}]", 1, 10, 10, true, NULL},
};

static void check(size_t i)
{
	struct wire_change change = {.model = STR("m")};
	struct str body, wanted, pieces[WIRE_PIECES_MAX];
	struct llm_request r = {0};
	struct wire_edits edits;
	struct json_error error;
	struct arena arena;
	struct json doc;
	struct fail f;
	size_t bytes;

	arena_init(&arena);
	fail_init(&f, &arena);
	json_init(&doc);
	body = arena_printf(&arena,
	                    "{\"model\":\"m\",\"max_tokens\":5,\"input\":\"x\",\"messages\":[{"
	                    "\"role\":\"user\",\"content\":\"x\"}]%s}",
	                    rows[i].members);
	must(json_read(&doc, body, &error) == 0);
	CHECK(wire_dialect(rows[i].dialect)->read_request(&doc, &arena, &r, &f) == 0);
	CHECK(r.provider_tool_count == rows[i].tools);
	CHECK(llm_most_calls(&r, llm_calls_each(&r)) == rows[i].most);
	CHECK(llm_most_calls(&r, 2) == rows[i].most_with_two);
	CHECK(llm_limits_calls(&r) == rows[i].is_limited);
	change.calls = (struct wire_calls){true, llm_most_calls(&r, 2), 2};
	wire_dialect(rows[i].dialect)->edit_request(&r, &change, &arena, &edits);
	wanted = arena_printf(&arena, "%.*s%s}",
	                      STR_ARG(str_part(body, 0, body.len - strlen(rows[i].members) - 1)),
	                      rows[i].edited ? rows[i].edited : rows[i].members);
	CHECK_STR(arena_join(&arena, pieces, wire_edit_pieces(&edits, body, pieces, &bytes)),
	          wanted);
	json_release(&doc);
	arena_release(&arena);
}

/* What stands in an item of the conversation counts, and what shortens it calls nothing. */
static void test_items(void)
{
	static const struct str body = STR_INIT(
	    "{\"model\":\"m\",\"input\":[{\"type\":\"additional_tools\",\"role\":\"developer\","
	    "\"tools\":[{\"type\":\"web_search\"}]},{\"type\":\"compaction\","
	    "\"encrypted_content\":\"0123456789\"}],\"tools\":[{\"type\":\"mcp\"}]}");
	struct json_error error;
	struct arena arena;
	struct json doc;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	json_init(&doc);
	must(json_read(&doc, body, &error) == 0);
	for (int compaction = LLM_NO_COMPACTION; compaction <= LLM_COMPACTION_CALL; compaction++) {
		struct llm_request r = {.compaction = (enum llm_compaction)compaction};

		CHECK(wire_responses.read_request(&doc, &arena, &r, &f) == 0);
		CHECK(r.dense_tokens == 23 / 2 - 23 / 3);
		CHECK(r.provider_tool_count == (compaction == LLM_COMPACTION_CALL ? 0 : 2));
		CHECK(compaction == LLM_COMPACTION_CALL ||
		      (r.provider_tools[0].end == LLM_ENDS_SEARCH &&
		       r.provider_tools[1].end == LLM_ENDS_NOBODY));
	}
	json_release(&doc);
	arena_release(&arena);
}

/* As many as a body may hold take no longer than they are long. */
static void test_many(void)
{
	enum { MANY = 200 * 1000 };
	struct llm_request r = {0};
	struct json_error error;
	struct arena arena;
	struct json doc;
	struct buf body;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	json_init(&doc);
	buf_init(&body, 64 * 1024 * 1024);
	buf_put(&body, STR("{\"model\":\"m\",\"input\":\"x\",\"tools\":[{\"type\":\"a\"}"));
	for (int i = 1; i < MANY; i++)
		buf_put(&body, STR(",{\"type\":\"b\"}"));
	buf_put(&body, STR("]}"));
	must(json_read(&doc, buf_str(&body), &error) == 0);
	CHECK(wire_responses.read_request(&doc, &arena, &r, &f) == 0);
	CHECK(r.provider_tool_count == MANY && llm_most_calls(&r, 10) == 10 * (int64_t)MANY);
	CHECK_STR(json_raw(&doc, r.provider_tools[0].node), STR("{\"type\":\"a\"}"));
	CHECK_STR(json_raw(&doc, r.provider_tools[MANY - 1].node), STR("{\"type\":\"b\"}"));
	buf_release(&body);
	json_release(&doc);
	arena_release(&arena);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		check(i);
	test_items();
	test_many();
	return check_report("calls");
}
