/* A messages request in neutral words: the members of its root. Every one has a row; what has
 * none is dropped with a warning. Called by the driver through the table; must never drop
 * silently. */
#include "wire/messages_talk.h"

/* ---- tools ---- */

static bool is_search_for_tools(struct str type)
{
	return str_starts_with(type, STR("tool_search_tool_"));
}

/* A search that may find what was forbidden is another one than was asked for. */
static int refuse_domains(struct reading *r, uint32_t node)
{
	if (json_count(r->doc, node) == 0 ||
	    translate_row(r->job->target.dialect)->writes[FEATURE_TOOL_SEARCH] == FEATURE_LACKS)
		return 0;
	return job_refuse(r->job, node, "forbidden places have no counterpart at the target");
}

static const struct reading_member search_members[] = {
    {STR_INIT("type"), NULL},
    {STR_INIT("name"), NULL},
    {STR_INIT("cache_control"), NULL},
    {STR_INIT("allowed_domains"), reading_domains},
    {STR_INIT("blocked_domains"), refuse_domains},
    {STR_INIT("max_uses"), reading_calls},
};

static int read_server_tool(struct reading *r, struct talk_tool *tool, struct str type)
{
	bool searches = str_starts_with(type, STR("web_search"));

	tool->kind = TALK_TOOL_SERVER;
	tool->type = searches ? STR("web_search") : type;
	tool->json = json_raw(r->doc, tool->node);
	tool->origin = LLM_MESSAGES;
	reading_mark(r, searches ? FEATURE_TOOL_SEARCH : FEATURE_TOOL_SERVER, tool->node);
	return searches ? READ_MEMBERS(r, tool->node, search_members) : 0;
}

static const struct reading_member function_members[] = {
    {STR_INIT("type"), NULL},
    {STR_INIT("name"), NULL},
    {STR_INIT("description"), NULL},
    {STR_INIT("input_schema"), NULL},
    {STR_INIT("strict"), NULL},
    {STR_INIT("defer_loading"), NULL},
    {STR_INIT("cache_control"), NULL},
    {STR_INIT("eager_input_streaming"), NULL}, /* the pieces' size alone */
};

static int read_function(struct reading *r, struct talk_tool *tool)
{
	uint32_t node = tool->node;

	tool->description_raw = reading_inside(r, node, STR("description"));
	tool->schema_json = reading_value(r, node, STR("input_schema"));
	tool->strict = reading_flag(r, json_get(r->doc, node, STR("strict")));
	tool->is_deferred =
	    reading_flag(r, json_get(r->doc, node, STR("defer_loading"))) == TALK_YES;
	tool->cache_json = reading_value(r, node, STR("cache_control"));
	reading_mark(r, FEATURE_TOOL, node);
	if (tool->strict == TALK_YES)
		reading_mark(r, FEATURE_TOOL_STRICT, node);
	if (tool->is_deferred)
		reading_mark(r, FEATURE_TOOL_DEFERRED, node);
	if (tool->cache_json.len)
		reading_mark(r, FEATURE_CACHE_MARK, node);
	return READ_MEMBERS(r, node, function_members);
}

static int read_tools(struct reading *r, uint32_t tools)
{
	if (reading_list(r, tools) < 0)
		return -1;
	JSON_EACH(r->doc, tools, node)
	{
		struct str type = reading_plain(r, node, STR("type"));
		struct talk_tool *tool;

		if (is_search_for_tools(type)) {
			reading_mark(r, FEATURE_TOOL_DEFERRED, node);
			continue;
		}
		tool = talk_add_tool(r->talk, r->job->arena, TALK_TOOL_FUNCTION, node);
		tool->name = reading_plain(r, node, STR("name"));
		if ((type.len == 0 || str_eq(type, STR("custom"))
		         ? read_function(r, tool)
		         : read_server_tool(r, tool, type)) < 0)
			return -1;
	}
	return 0;
}

static const struct reading_member choice_members[] = {
    {STR_INIT("type"), NULL},
    {STR_INIT("name"), NULL},
    {STR_INIT("disable_parallel_tool_use"), NULL}};

static int read_choice(struct reading *r, uint32_t node)
{
	static const struct {
		struct str type;
		enum talk_choice_kind kind;
	} kinds[] = {{STR_INIT("auto"), TALK_CHOICE_AUTO},
	             {STR_INIT("any"), TALK_CHOICE_REQUIRED},
	             {STR_INIT("tool"), TALK_CHOICE_NAMED},
	             {STR_INIT("none"), TALK_CHOICE_NONE}};
	struct talk_choice *choice = &r->talk->choice;
	struct str type = reading_plain(r, node, STR("type"));

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (str_eq(kinds[i].type, type))
			choice->kind = kinds[i].kind;
	if (choice->kind == TALK_CHOICE_UNSET)
		return job_refuse(r->job, node, "its type is none of auto, any, tool, none");
	if (choice->kind != TALK_CHOICE_AUTO)
		reading_mark(r, FEATURE_CHOICE, node);
	if (choice->kind == TALK_CHOICE_NAMED) {
		choice->names = ARENA_NEW(r->job->arena, struct str);
		choice->names[0] = reading_plain(r, node, STR("name"));
		choice->name_count = 1;
	}
	if (reading_flag(r, json_get(r->doc, node, STR("disable_parallel_tool_use"))) == TALK_YES) {
		choice->parallel = TALK_NO;
		reading_mark(r, FEATURE_PARALLEL, node);
	}
	return READ_MEMBERS(r, node, choice_members);
}

/* ---- thinking and format ---- */

static int read_thinking_type(struct reading *r, uint32_t node)
{
	struct talk_thinking *thinking = &r->talk->thinking;
	struct str type = json_text(r->doc, node, r->job->arena);

	thinking->is_off = str_eq(type, STR("disabled"));
	thinking->is_adaptive = str_eq(type, STR("adaptive"));
	return thinking->is_off || thinking->is_adaptive || str_eq(type, STR("enabled"))
	           ? 0
	           : reading_wrong(r, node, "enabled, disabled or adaptive");
}

static int read_thinking(struct reading *r, uint32_t node)
{
	static const struct reading_member rows[] = {{STR_INIT("type"), read_thinking_type},
	                                             {STR_INIT("budget_tokens"), NULL},
	                                             {STR_INIT("display"), NULL}};
	struct talk_thinking *thinking = &r->talk->thinking;
	int64_t budget = 0;

	if (READ_MEMBERS(r, node, rows) < 0)
		return -1;
	thinking->display = reading_plain(r, node, STR("display"));
	if (json_i64(r->doc, json_get(r->doc, node, STR("budget_tokens")), 0, INT32_MAX, &budget) ==
	        0 &&
	    !thinking->is_off)
		thinking->budget = budget;
	if (thinking->budget)
		reading_mark(r, FEATURE_BUDGET, node);
	else
		reading_mark(r, FEATURE_EFFORT, node);
	if (thinking->display.len)
		reading_mark(r, FEATURE_SUMMARY, node);
	return 0;
}

static int read_format(struct reading *r, uint32_t node)
{
	static const struct reading_member rows[] = {{STR_INIT("type"), NULL},
	                                             {STR_INIT("schema"), NULL}};
	struct talk_format *format = &r->talk->format;

	if (json_is_null(r->doc, node))
		return 0;
	if (!str_eq(reading_plain(r, node, STR("type")), STR("json_schema")))
		return job_refuse(r->job, node, "its type is not json_schema");
	format->kind = TALK_FORMAT_SCHEMA;
	format->schema_json = reading_value(r, node, STR("schema"));
	format->strict = TALK_YES;
	reading_mark(r, FEATURE_FORMAT_SCHEMA, node);
	if (format->schema_json.len == 0)
		return reading_wrong(r, node, "a json_schema with its schema");
	return READ_MEMBERS(r, node, rows);
}

static int read_output_config(struct reading *r, uint32_t node)
{
	static const struct reading_member rows[] = {{STR_INIT("effort"), reading_effort},
	                                             {STR_INIT("format"), read_format}};

	return READ_MEMBERS(r, node, rows);
}

/* ---- the root's members ---- */

static int refuse(struct reading *r, uint32_t node)
{
	return job_refuse(r->job, node, "lives at Anthropic and has no counterpart at the target");
}

static int read_top_k(struct reading *r, uint32_t node)
{
	r->talk->options.top_k_json = json_raw(r->doc, node);
	reading_mark(r, FEATURE_TOP_K, node);
	return 0;
}

static int read_metadata(struct reading *r, uint32_t node)
{
	static const struct reading_member rows[] = {{STR_INIT("user_id"), NULL}};

	r->talk->options.user_raw = reading_inside(r, node, STR("user_id"));
	if (r->talk->options.user_raw.len)
		reading_mark(r, FEATURE_USER, node);
	return READ_MEMBERS(r, node, rows);
}

static int mark_cache(struct reading *r, uint32_t node)
{
	reading_mark(r, FEATURE_CACHE_MARK, node);
	return 0;
}

/* Where the request may be processed; anywhere, by default:
 * https://platform.claude.com/docs/en/build-with-claude/data-residency */
static int read_geo(struct reading *r, uint32_t node)
{
	if (json_is_null(r->doc, node) || json_text_is(r->doc, node, STR("global")))
		return 0;
	return job_refuse(r->job, node,
	                  "where the request may be processed cannot be said to this target");
}

static const struct reading_member members[] = {
    {STR_INIT("model"), NULL},
    {STR_INIT("system"), NULL},
    {STR_INIT("messages"), NULL},
    {STR_INIT("max_tokens"), reading_max_output},
    {STR_INIT("tools"), read_tools},
    {STR_INIT("tool_choice"), read_choice},
    {STR_INIT("thinking"), read_thinking},
    {STR_INIT("output_config"), read_output_config},
    {STR_INIT("output_format"), read_format},
    {STR_INIT("temperature"), reading_temperature},
    {STR_INIT("top_p"), reading_top_p},
    {STR_INIT("top_k"), read_top_k},
    {STR_INIT("stop_sequences"), reading_stops},
    {STR_INIT("stream"), reading_stream},
    {STR_INIT("metadata"), read_metadata},
    {STR_INIT("service_tier"), reading_service_tier},
    {STR_INIT("cache_control"), mark_cache},
    {STR_INIT("inference_geo"), read_geo},
    {STR_INIT("container"), refuse},
    {STR_INIT("mcp_servers"), refuse},
};

int messages_read_talk(struct wire_job *job, struct talk *out)
{
	struct reading r = {.job = job, .doc = job->doc, .talk = out};

	if (messages_read_turns(&r) < 0)
		return -1;
	return READ_MEMBERS(&r, json_root(r.doc), members);
}
