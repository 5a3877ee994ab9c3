/* A tool is the provider's own unless its type is in the dialect's list of those that the client
 * runs: what is new there is rather limited than forgotten. In messages, where a tool that knows no
 * max_uses cannot be limited, what is new is said to end with nobody.
 *
 * What a call costs is told nowhere for pictures (OpenAI bills them by another model's tokens),
 * for servers of other people (as much input as they like to send), and for advice of another
 * model. Called by the dialects' read_request and edit_request. */
#include "wire/calls.h"

#include "limits.h"

struct kind {
	struct str type; /* how it begins */
	enum llm_tool_end end;
	bool finds_pages; /* max_content_tokens */
	bool is_clients;
	bool is_named; /* its definition is the provider's, and put in there */
};

enum { KINDS_MAX = 12 };

#define CLIENTS(word)                                                                              \
	{                                                                                          \
		STR_INIT(word), LLM_ENDS_NOBODY, false, true, false                                \
	}
#define NAMED(word)                                                                                \
	{                                                                                          \
		STR_INIT(word), LLM_ENDS_NOBODY, false, true, true                                 \
	}
#define PROVIDERS(word, end)                                                                       \
	{                                                                                          \
		STR_INIT(word), end, false, false, false                                           \
	}

/* The last row is what any other type is. */
static const struct kind kinds[LLM_DIALECTS][KINDS_MAX] = {
    [LLM_CHAT] = {CLIENTS("function"), CLIENTS("custom"), PROVIDERS("", LLM_ENDS_NOBODY)},
    [LLM_RESPONSES] = {CLIENTS("function"), CLIENTS("custom"), CLIENTS("namespace"),
                       CLIENTS("tool_search"), NAMED("local_shell"), NAMED("apply_patch"),
                       NAMED("computer"), PROVIDERS("image_generation", LLM_ENDS_NOBODY),
                       PROVIDERS("mcp", LLM_ENDS_NOBODY), PROVIDERS("web_search", LLM_ENDS_SEARCH),
                       PROVIDERS("", LLM_ENDS_REQUEST)},
    [LLM_MESSAGES] = {CLIENTS("custom"),
                      NAMED("bash_"),
                      NAMED("text_editor_"),
                      NAMED("computer_"),
                      NAMED("memory_"),
                      NAMED("tool_search_tool_"),
                      PROVIDERS("web_search_", LLM_ENDS_SEARCH),
                      {STR_INIT("web_fetch_"), LLM_ENDS_REQUEST, true, false, false},
                      PROVIDERS("code_execution_", LLM_ENDS_ROUNDS),
                      PROVIDERS("", LLM_ENDS_NOBODY)},
};

static const struct kind *kind_of(enum llm_dialect dialect, struct str type)
{
	const struct kind *kind = kinds[dialect];

	while (!str_starts_with(type, kind->type))
		kind++;
	return kind;
}

/* ---- reading ---- */

/* -1: it is none, or none that can be. */
static int64_t limit_of(const struct json *doc, uint32_t object, struct str key)
{
	int64_t most = -1;

	return json_i64(doc, json_get(doc, object, key), 0, INT32_MAX, &most) < 0 ? -1 : most;
}

static void add(const struct field_source *s, struct llm_request *r, struct llm_provider_tool tool)
{
	int count = r->provider_tool_count;

	if ((count & (count - 1)) == 0) { /* 0, 1, 2, 4, ..: it is full */
		struct llm_provider_tool *grown =
		    ARENA_ARRAY(s->arena, struct llm_provider_tool, (size_t)(2 * count + 1));

		if (count)
			memcpy(grown, r->provider_tools, (size_t)count * sizeof *grown);
		r->provider_tools = grown;
	}
	r->provider_tools[count] = tool;
	r->provider_tool_count++;
}

static void read_pages(const struct field_source *s, struct llm_provider_tool *tool)
{
	tool->most_found = limit_of(s->doc, tool->node, STR("max_content_tokens"));
	if (tool->most_found > 0)
		return;
	tool->is_limited = false;
	tool->most_found = LIMIT_FOUND_TOKENS;
}

/* {"google_search":{}}: a client's own without a type has at least one of these; `name` stands in
 * Anthropic's form, which some clients send here. */
static bool is_bare(const struct json *doc, enum llm_dialect dialect, uint32_t tool)
{
	return dialect == LLM_CHAT && json_get(doc, tool, STR("function")) == JSON_NONE &&
	       json_get(doc, tool, STR("custom")) == JSON_NONE &&
	       json_type(doc, json_get(doc, tool, STR("name"))) != JSON_STRING;
}

static void read_tool(const struct field_source *s, struct llm_request *r, uint32_t node)
{
	struct str type = field_raw_text(s->doc, json_get(s->doc, node, STR("type")));
	const struct kind *kind = kind_of(r->dialect, type);
	struct llm_provider_tool tool = {.end = kind->end, .node = node, .most = -1};

	r->named_tools += kind->is_named;
	if (kind->is_clients || (type.len == 0 && !is_bare(s->doc, r->dialect, node)))
		return;
	if (r->dialect == LLM_MESSAGES && kind->end <= LLM_ENDS_REQUEST)
		tool.most = limit_of(s->doc, node, STR("max_uses"));
	tool.is_limited = tool.most >= 0 || kind->end > LLM_ENDS_REQUEST;
	if (kind->finds_pages)
		read_pages(s, &tool);
	add(s, r, tool);
}

void calls_read(const struct field_source *s, struct llm_request *r, uint32_t tools)
{
	if (json_type(s->doc, tools) != JSON_ARRAY)
		return;
	JSON_EACH(s->doc, tools, tool)
	read_tool(s, r, tool);
}

static void read_beside(const struct field_source *s, struct llm_request *r, uint32_t node,
                        enum llm_tool_end end, int64_t most)
{
	if (json_type(s->doc, node) == JSON_OBJECT)
		add(s, r,
		    (struct llm_provider_tool){
		        .end = end, .node = node, .most = most, .is_limited = most >= 0});
}

/* Qwen's, Baidu's: how often they search, and how much they find, no one tells.
 * https://help.aliyun.com/en/model-studio/web-search,
 * https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb */
static void read_switches(const struct field_source *s, struct llm_request *r)
{
	static const struct str switches[] = {
	    STR_INIT("enable_search"), STR_INIT("enable_code_interpreter"), STR_INIT("web_search")};

	for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
		uint32_t node = json_get(s->doc, json_root(s->doc), switches[i]);
		uint32_t enable = json_get(s->doc, node, STR("enable"));

		if (json_type(s->doc, node) == JSON_TRUE ||
		    (json_type(s->doc, node) == JSON_OBJECT &&
		     json_type(s->doc, enable) != JSON_FALSE))
			add(s, r,
			    (struct llm_provider_tool){
			        .end = LLM_ENDS_NOBODY, .node = node, .most = -1});
	}
}

/* OpenRouter's, in each dialect: by the provider's own tool, or by a number of results. */
static void read_plugins(const struct field_source *s, struct llm_request *r)
{
	JSON_EACH(s->doc, json_get(s->doc, json_root(s->doc), STR("plugins")), plugin)
	if (json_text_is(s->doc, json_get(s->doc, plugin, STR("id")), STR("web")))
		read_beside(s, r, plugin, LLM_ENDS_NOBODY, -1);
}

static void read_chat_root(const struct field_source *s, struct llm_request *r)
{
	uint32_t root = json_root(s->doc);
	uint32_t search = json_get(s->doc, root, STR("search_parameters"));

	if (!json_text_is(s->doc, json_get(s->doc, search, STR("mode")), STR("off")))
		read_beside(s, r, search, LLM_ENDS_REQUEST,
		            limit_of(s->doc, search, STR("max_search_results")));
	read_beside(s, r, json_get(s->doc, root, STR("web_search_options")), LLM_ENDS_SEARCH, 1);
}

/* Of mcp-client-2025-04-04, without any tool beside them. */
static void read_messages_root(const struct field_source *s, struct llm_request *r)
{
	JSON_EACH(s->doc, json_get(s->doc, json_root(s->doc), STR("mcp_servers")), server)
	read_beside(s, r, server, LLM_ENDS_NOBODY, -1);
}

void calls_read_root(const struct field_source *s, struct llm_request *r)
{
	if (r->dialect != LLM_MESSAGES)
		read_switches(s, r);
	read_plugins(s, r);
	if (r->dialect == LLM_CHAT)
		read_chat_root(s, r);
	else if (r->dialect == LLM_RESPONSES)
		r->max_calls = limit_of(s->doc, json_root(s->doc), STR("max_tool_calls"));
	else
		read_messages_root(s, r);
	if (r->compaction == LLM_COMPACTION_CALL) /* makes a summary, and no calls */
		r->provider_tool_count = 0;
}

/* ---- editing ---- */

struct editing {
	const struct llm_request *r;
	struct arena *arena;
	struct wire_edits *edits;
};

static void limit(const struct editing *e, uint32_t object, struct str key, int64_t most)
{
	uint32_t node = json_get(e->r->doc, object, key);
	struct str value = arena_i64(e->arena, most);
	int64_t said;

	if (node == JSON_NONE)
		wire_edit_add_member(e->edits, e->r->doc, object,
		                     ARENA_JOIN(e->arena, STR("\""), key, STR("\":"), value),
		                     e->arena);
	else if (json_i64(e->r->doc, node, 0, most, &said) < 0)
		wire_edit_replace(e->edits, e->r->doc, node, value);
}

static void limit_tool(const struct editing *e, const struct llm_provider_tool *tool, int64_t each)
{
	bool is_chat = e->r->dialect == LLM_CHAT;
	int64_t most = tool->most < 0 ? LIMIT_PROVIDER_CALLS : tool->most;

	if (tool->end > LLM_ENDS_REQUEST || (is_chat && tool->end == LLM_ENDS_SEARCH))
		return;
	limit(e, tool->node, is_chat ? STR("max_search_results") : STR("max_uses"),
	      most < each ? most : each);
	if (tool->most_found)
		limit(e, tool->node, STR("max_content_tokens"), tool->most_found);
}

void calls_edit(const struct llm_request *r, const struct wire_calls *calls, struct arena *arena,
                struct wire_edits *out)
{
	struct editing e = {r, arena, out};

	if (!calls->is_set || r->provider_tool_count == 0)
		return;
	if (r->dialect == LLM_RESPONSES) {
		limit(&e, json_root(r->doc), STR("max_tool_calls"), calls->all);
		return;
	}
	for (int i = 0; i < r->provider_tool_count && i < LIMIT_PROVIDER_TOOLS; i++)
		limit_tool(&e, &r->provider_tools[i], calls->each);
}
