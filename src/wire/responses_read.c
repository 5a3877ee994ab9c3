/* A responses request in neutral words: the members of its root and the tools. Called by the
 * driver through the table; must never drop silently. */
#include "wire/responses_talk.h"

#include "wire/field.h"

/* ---- tools ---- */

static struct talk_tool *add_tool(struct reading *r, enum talk_tool_kind kind, uint32_t node,
                                  struct str space)
{
	struct talk_tool *tool = talk_add_tool(r->talk, r->job->arena, kind, node);

	tool->name = reading_plain(r, node, STR("name"));
	tool->space = space;
	tool->description_raw = reading_inside(r, node, STR("description"));
	tool->is_deferred =
	    reading_flag(r, json_get(r->doc, node, STR("defer_loading"))) == TALK_YES;
	if (tool->is_deferred)
		reading_mark(r, FEATURE_TOOL_DEFERRED, node);
	return tool;
}

static const struct reading_member function_members[] = {
    {STR_INIT("type"), NULL},       {STR_INIT("name"), NULL},   {STR_INIT("description"), NULL},
    {STR_INIT("parameters"), NULL}, {STR_INIT("strict"), NULL}, {STR_INIT("defer_loading"), NULL},
};

/* `strict` is on unless it is turned off, in this API alone. */
static int read_function(struct reading *r, uint32_t node, struct str space)
{
	struct talk_tool *tool = add_tool(r, TALK_TOOL_FUNCTION, node, space);

	tool->schema_json = reading_value(r, node, STR("parameters"));
	tool->strict = reading_flag(r, json_get(r->doc, node, STR("strict")));
	reading_mark(r, FEATURE_TOOL, node);
	if (tool->strict == TALK_YES)
		reading_mark(r, FEATURE_TOOL_STRICT, node);
	return READ_MEMBERS(r, node, function_members);
}

static const struct reading_member custom_members[] = {
    {STR_INIT("type"), NULL},   {STR_INIT("name"), NULL},          {STR_INIT("description"), NULL},
    {STR_INIT("format"), NULL}, {STR_INIT("defer_loading"), NULL},
};

static const struct reading_member grammar_members[] = {
    {STR_INIT("type"), NULL}, {STR_INIT("syntax"), NULL}, {STR_INIT("definition"), NULL}};

static int read_custom(struct reading *r, uint32_t node, struct str space)
{
	struct talk_tool *tool = add_tool(r, TALK_TOOL_CUSTOM, node, space);
	uint32_t format = json_get(r->doc, node, STR("format"));

	reading_mark(r, FEATURE_TOOL_CUSTOM, node);
	tool->syntax = reading_plain(r, format, STR("syntax"));
	tool->grammar_raw = reading_inside(r, format, STR("definition"));
	if (tool->grammar_raw.len)
		reading_mark(r, FEATURE_TOOL_GRAMMAR, format);
	if (READ_MEMBERS(r, format, grammar_members) < 0)
		return -1;
	return READ_MEMBERS(r, node, custom_members);
}

static const struct reading_member namespace_members[] = {
    {STR_INIT("type"), NULL}, {STR_INIT("name"), NULL}, {STR_INIT("tools"), NULL}};

static int read_namespace(struct reading *r, uint32_t node, struct str space)
{
	(void)space;
	if (READ_MEMBERS(r, node, namespace_members) < 0)
		return -1;
	return responses_read_tools(r, json_get(r->doc, node, STR("tools")),
	                            reading_plain(r, node, STR("name")));
}

/* The search for deferred tools: whoever does not know it gets those that the request shows. */
static int read_tool_search(struct reading *r, uint32_t node, struct str space)
{
	(void)space;
	reading_mark(r, FEATURE_TOOL_DEFERRED, node);
	return 0;
}

static int read_filters(struct reading *r, uint32_t node)
{
	static const struct reading_member rows[] = {
	    {STR_INIT("allowed_domains"), reading_domains}};

	return READ_MEMBERS(r, node, rows);
}

static const struct reading_member search_members[] = {{STR_INIT("type"), NULL},
                                                       {STR_INIT("filters"), read_filters}};

static int read_server_tool(struct reading *r, uint32_t node, struct str space)
{
	struct talk_tool *tool = add_tool(r, TALK_TOOL_SERVER, node, space);
	struct str type = reading_plain(r, node, STR("type"));
	bool searches = str_starts_with(type, STR("web_search"));

	tool->type = searches ? STR("web_search") : type;
	tool->json = json_raw(r->doc, node);
	tool->origin = LLM_RESPONSES;
	reading_mark(r, searches ? FEATURE_TOOL_SEARCH : FEATURE_TOOL_SERVER, node);
	return searches ? READ_MEMBERS(r, node, search_members) : 0;
}

static const struct tool_row {
	struct str type;
	int (*read)(struct reading *, uint32_t node, struct str space);
} tool_rows[] = {
    {STR_INIT("function"), read_function},
    {STR_INIT("custom"), read_custom},
    {STR_INIT("namespace"), read_namespace},
    {STR_INIT("tool_search"), read_tool_search},
};

static int read_tool(struct reading *r, uint32_t node, struct str space)
{
	struct str type = reading_plain(r, node, STR("type"));

	for (size_t i = 0; i < sizeof tool_rows / sizeof tool_rows[0]; i++)
		if (str_eq(tool_rows[i].type, type))
			return tool_rows[i].read(r, node, space);
	return read_server_tool(r, node, space);
}

int responses_read_tools(struct reading *r, uint32_t tools, struct str space)
{
	if (reading_list(r, tools) < 0)
		return -1;
	JSON_EACH(r->doc, tools, node)
	if (read_tool(r, node, space) < 0)
		return -1;
	return 0;
}

static int read_tools(struct reading *r, uint32_t tools)
{
	return responses_read_tools(r, tools, STR(""));
}

/* ---- which tool ---- */

static int read_choice_word(struct reading *r, struct str word, uint32_t node)
{
	static const struct {
		struct str word;
		enum talk_choice_kind kind;
	} rows[] = {{STR_INIT("auto"), TALK_CHOICE_AUTO},
	            {STR_INIT("none"), TALK_CHOICE_NONE},
	            {STR_INIT("required"), TALK_CHOICE_REQUIRED}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (!str_eq(rows[i].word, word))
			continue;
		r->talk->choice.kind = rows[i].kind;
		if (rows[i].kind != TALK_CHOICE_AUTO)
			reading_mark(r, FEATURE_CHOICE, node);
		return 0;
	}
	return job_refuse(r->job, node, "it is none of auto, none, required");
}

static const struct reading_member choice_members[] = {{STR_INIT("type"), NULL},
                                                       {STR_INIT("name"), NULL},
                                                       {STR_INIT("mode"), NULL},
                                                       {STR_INIT("tools"), NULL}};

static int read_allowed(struct reading *r, uint32_t node)
{
	struct talk_choice *choice = &r->talk->choice;
	uint32_t tools = json_get(r->doc, node, STR("tools"));

	if (reading_list(r, tools) < 0)
		return -1;
	choice->names = ARENA_ARRAY(r->job->arena, struct str, json_count(r->doc, tools) + 1);
	JSON_EACH(r->doc, tools, tool)
	{
		choice->names[choice->name_count++] = reading_plain(r, tool, STR("name"));
		if (READ_MEMBERS(r, tool, choice_members) < 0)
			return -1;
	}
	reading_mark(r, FEATURE_CHOICE_ALLOWED, node);
	return read_choice_word(r, reading_plain(r, node, STR("mode")), node);
}

static int read_choice(struct reading *r, uint32_t node)
{
	struct str type = reading_plain(r, node, STR("type"));

	if (json_type(r->doc, node) == JSON_STRING)
		return read_choice_word(r, json_text(r->doc, node, r->job->arena), node);
	if (READ_MEMBERS(r, node, choice_members) < 0)
		return -1;
	if (str_eq(type, STR("allowed_tools")))
		return read_allowed(r, node);
	if (!str_eq(type, STR("function")) && !str_eq(type, STR("custom")))
		return job_refuse(r->job, node,
		                  "only functions and custom tools can be chosen there");
	r->talk->choice.kind = TALK_CHOICE_NAMED;
	r->talk->choice.names = ARENA_NEW(r->job->arena, struct str);
	r->talk->choice.names[0] = reading_plain(r, node, STR("name"));
	r->talk->choice.name_count = 1;
	reading_mark(r, FEATURE_CHOICE, node);
	return 0;
}

static int read_parallel(struct reading *r, uint32_t node)
{
	if (json_type(r->doc, node) != JSON_FALSE)
		return 0;
	r->talk->choice.parallel = TALK_NO;
	reading_mark(r, FEATURE_PARALLEL, node);
	return 0;
}

/* ---- thinking, format ---- */

static int read_summary(struct reading *r, uint32_t node)
{
	r->talk->thinking.summary = json_text(r->doc, node, r->job->arena);
	reading_mark(r, FEATURE_SUMMARY, node);
	return 0;
}

static int read_reasoning(struct reading *r, uint32_t node)
{
	static const struct reading_member rows[] = {{STR_INIT("effort"), reading_effort},
	                                             {STR_INIT("summary"), read_summary},
	                                             {STR_INIT("generate_summary"), read_summary}};

	return READ_MEMBERS(r, node, rows);
}

static const struct reading_member format_members[] = {{STR_INIT("type"), NULL},
                                                       {STR_INIT("name"), NULL},
                                                       {STR_INIT("description"), NULL},
                                                       {STR_INIT("schema"), NULL},
                                                       {STR_INIT("strict"), NULL}};

static int read_format(struct reading *r, uint32_t node)
{
	struct talk_format *format = &r->talk->format;
	struct str type = reading_plain(r, node, STR("type"));

	if (READ_MEMBERS(r, node, format_members) < 0)
		return -1;
	if (str_eq(type, STR("text")))
		return 0;
	if (str_eq(type, STR("json_object"))) {
		format->kind = TALK_FORMAT_JSON;
		reading_mark(r, FEATURE_FORMAT_JSON, node);
		return 0;
	}
	if (!str_eq(type, STR("json_schema")))
		return job_refuse(r->job, node,
		                  "its type is none of text, json_object, json_schema");
	format->kind = TALK_FORMAT_SCHEMA;
	format->name = reading_plain(r, node, STR("name"));
	format->description_raw = reading_inside(r, node, STR("description"));
	format->schema_json = reading_value(r, node, STR("schema"));
	format->strict = reading_flag(r, json_get(r->doc, node, STR("strict")));
	reading_mark(r, FEATURE_FORMAT_SCHEMA, node);
	if (format->schema_json.len == 0)
		return reading_wrong(r, node, "a json_schema with its schema");
	return 0;
}

static int read_verbosity(struct reading *r, uint32_t node)
{
	r->talk->options.verbosity = json_text(r->doc, node, r->job->arena);
	reading_mark(r, FEATURE_VERBOSITY, node);
	return 0;
}

static int read_text_config(struct reading *r, uint32_t node)
{
	static const struct reading_member rows[] = {{STR_INIT("format"), read_format},
	                                             {STR_INIT("verbosity"), read_verbosity}};

	return READ_MEMBERS(r, node, rows);
}

/* ---- options ---- */

static int read_include(struct reading *r, uint32_t node)
{
	if (reading_list(r, node) < 0)
		return -1;
	JSON_EACH(r->doc, node, item)
	{
		if (json_text_is(r->doc, item, STR("reasoning.encrypted_content"))) {
			r->talk->thinking.wants_sealed = true;
			reading_mark(r, FEATURE_SEALED, item);
		} else if (json_text_is(r->doc, item, STR("message.output_text.logprobs"))) {
			r->talk->options.logprobs = true;
			reading_mark(r, FEATURE_LOGPROBS, item);
		} else {
			job_drop(r->job, item);
		}
	}
	return 0;
}

static int read_top_logprobs(struct reading *r, uint32_t node)
{
	struct talk_options *o = &r->talk->options;

	if (json_i64(r->doc, node, 0, 20, &o->top_logprobs) < 0)
		return reading_wrong(r, node, "a whole number, 0 to 20");
	if (o->top_logprobs == 0)
		return 0;
	o->logprobs = true;
	reading_mark(r, FEATURE_LOGPROBS, node);
	return 0;
}

static int read_metadata(struct reading *r, uint32_t node)
{
	if (json_count(r->doc, node) == 0)
		return 0;
	r->talk->options.metadata_json = json_raw(r->doc, node);
	reading_mark(r, FEATURE_METADATA, node);
	return 0;
}

static int read_user(struct reading *r, uint32_t node)
{
	r->talk->options.user_raw = field_raw_text(r->doc, node);
	reading_mark(r, FEATURE_USER, node);
	return 0;
}

static int read_safety(struct reading *r, uint32_t node)
{
	r->talk->options.safety_id_raw = field_raw_text(r->doc, node);
	reading_mark(r, FEATURE_USER, node);
	return 0;
}

static int read_cache_key(struct reading *r, uint32_t node)
{
	r->talk->options.cache_key_raw = field_raw_text(r->doc, node);
	reading_mark(r, FEATURE_CACHE_KEY, node);
	return 0;
}

/* What is not kept anyway need not be turned off. */
static int read_store(struct reading *r, uint32_t node)
{
	r->talk->options.store = json_type(r->doc, node) == JSON_TRUE ? TALK_YES : TALK_NO;
	if (r->talk->options.store == TALK_YES)
		reading_mark(r, FEATURE_STORE, node);
	return 0;
}

static int read_stream_options(struct reading *r, uint32_t node)
{
	static const struct reading_member rows[] = {
	    {STR_INIT("include_obfuscation"), NULL}}; /* of lengths: the client needs none */

	return READ_MEMBERS(r, node, rows);
}

/* `auto` cuts the conversation where it is too long; elsewhere that is an error of its own. */
static int read_truncation(struct reading *r, uint32_t node)
{
	if (!json_text_is(r->doc, node, STR("disabled")))
		job_drop(r->job, node);
	return 0;
}

static const struct reading_member members[] = {
    {STR_INIT("model"), NULL},
    {STR_INIT("input"), NULL},
    {STR_INIT("instructions"), NULL},
    {STR_INIT("tools"), read_tools},
    {STR_INIT("tool_choice"), read_choice},
    {STR_INIT("parallel_tool_calls"), read_parallel},
    {STR_INIT("reasoning"), read_reasoning},
    {STR_INIT("text"), read_text_config},
    {STR_INIT("include"), read_include},
    {STR_INIT("max_output_tokens"), reading_max_output},
    {STR_INIT("max_tool_calls"), reading_calls},
    {STR_INIT("temperature"), reading_temperature},
    {STR_INIT("top_p"), reading_top_p},
    {STR_INIT("top_logprobs"), read_top_logprobs},
    {STR_INIT("metadata"), read_metadata},
    {STR_INIT("user"), read_user},
    {STR_INIT("safety_identifier"), read_safety},
    {STR_INIT("prompt_cache_key"), read_cache_key},
    {STR_INIT("service_tier"), reading_service_tier},
    {STR_INIT("store"), read_store},
    {STR_INIT("stream"), reading_stream},
    {STR_INIT("stream_options"), read_stream_options},
    {STR_INIT("truncation"), read_truncation},
    {STR_INIT("background"), NULL}, /* true is refused before */
};

int responses_read_talk(struct wire_job *job, struct talk *out)
{
	struct reading r = {.job = job, .doc = job->doc, .talk = out};

	if (responses_read_items(&r) < 0)
		return -1;
	return READ_MEMBERS(&r, json_root(r.doc), members);
}
