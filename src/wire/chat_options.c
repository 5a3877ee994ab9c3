/* The members of a chat request beside its messages: tools, choice, format, limits. The table at
 * the end names them all; what it does not name is dropped with a warning.
 *
 * Called by the driver. Must never let a value pass that means nothing: where we translate, we
 * validate. */
#include "wire/chat_talk.h"

#include "wire/field.h"
#include "wire/put.h"

/* ---- tools ---- */

static const struct reading_member function_members[] = {
    {STR_INIT("name"), NULL},   {STR_INIT("description"), NULL},   {STR_INIT("parameters"), NULL},
    {STR_INIT("strict"), NULL}, {STR_INIT("cache_control"), NULL},
};

static int read_function(struct reading *r, uint32_t tool, uint32_t function)
{
	struct talk_tool *t = talk_add_tool(r->talk, r->job->arena, TALK_TOOL_FUNCTION, tool);

	t->name = reading_plain(r, function, STR("name"));
	t->description_raw = reading_inside(r, function, STR("description"));
	t->schema_json = reading_value(r, function, STR("parameters"));
	t->strict = reading_flag(r, json_get(r->doc, function, STR("strict")));
	t->cache_json = reading_value(r, tool, STR("cache_control"));
	reading_mark(r, FEATURE_TOOL, tool);
	if (t->strict == TALK_YES)
		reading_mark(r, FEATURE_TOOL_STRICT, tool);
	if (t->cache_json.len)
		reading_mark(r, FEATURE_CACHE_MARK, tool);
	return READ_MEMBERS(r, function, function_members);
}

static const struct reading_member grammar_members[] = {{STR_INIT("syntax"), NULL},
                                                        {STR_INIT("definition"), NULL}};
static const struct reading_member syntax_members[] = {{STR_INIT("type"), NULL},
                                                       {STR_INIT("grammar"), NULL}};
static const struct reading_member custom_members[] = {
    {STR_INIT("name"), NULL}, {STR_INIT("description"), NULL}, {STR_INIT("format"), NULL}};

static int read_custom(struct reading *r, uint32_t tool, uint32_t custom)
{
	struct talk_tool *t = talk_add_tool(r->talk, r->job->arena, TALK_TOOL_CUSTOM, tool);
	uint32_t format = json_get(r->doc, custom, STR("format"));
	uint32_t grammar = json_get(r->doc, format, STR("grammar"));

	t->name = reading_plain(r, custom, STR("name"));
	t->description_raw = reading_inside(r, custom, STR("description"));
	t->syntax = reading_plain(r, grammar, STR("syntax"));
	t->grammar_raw = reading_inside(r, grammar, STR("definition"));
	reading_mark(r, FEATURE_TOOL_CUSTOM, tool);
	if (t->grammar_raw.len)
		reading_mark(r, FEATURE_TOOL_GRAMMAR, tool);
	if (READ_MEMBERS(r, grammar, grammar_members) < 0 ||
	    READ_MEMBERS(r, format, syntax_members) < 0)
		return -1;
	return READ_MEMBERS(r, custom, custom_members);
}

static const struct reading_member tool_members[] = {{STR_INIT("type"), NULL},
                                                     {STR_INIT("function"), NULL},
                                                     {STR_INIT("custom"), NULL},
                                                     {STR_INIT("cache_control"), NULL}};

static int read_tool(struct reading *r, uint32_t tool)
{
	uint32_t function = json_get(r->doc, tool, STR("function"));
	uint32_t custom = json_get(r->doc, tool, STR("custom"));
	int result;

	if (function != JSON_NONE)
		result = read_function(r, tool, function);
	else if (custom != JSON_NONE)
		result = read_custom(r, tool, custom);
	else
		return job_refuse(r->job, tool, "tools of this type are not known");
	if (result < 0 || READ_MEMBERS(r, tool, tool_members) < 0)
		return -1;
	if (r->talk->tools[r->talk->tool_count - 1].name.len == 0)
		return reading_wrong(r, tool, "a tool with a name");
	return 0;
}

static int read_tools(struct reading *r, uint32_t tools)
{
	if (reading_list(r, tools) < 0)
		return -1;
	JSON_EACH(r->doc, tools, tool)
	if (read_tool(r, tool) < 0)
		return -1;
	return 0;
}

static int read_functions(struct reading *r, uint32_t functions)
{
	if (reading_list(r, functions) < 0)
		return -1;
	JSON_EACH(r->doc, functions, function)
	if (read_function(r, function, function) < 0)
		return -1;
	/* This client can be shown one call; where the target cannot be told, that is named. */
	if (json_get(r->doc, json_root(r->doc), STR("tools")) == JSON_NONE) {
		r->talk->choice.parallel = TALK_NO;
		reading_mark(r, FEATURE_PARALLEL, functions);
	}
	return 0;
}

static int read_search(struct reading *r, uint32_t node)
{
	struct talk_tool *t = talk_add_tool(r->talk, r->job->arena, TALK_TOOL_SERVER, node);

	t->type = STR("web_search");
	t->json = json_raw(r->doc, node);
	t->origin = LLM_CHAT;
	reading_mark(r, FEATURE_TOOL_SEARCH, node);
	return reading_members(r, node, NULL, 0); /* where and how much: nobody else's words */
}

static int choice_word(struct reading *r, uint32_t node, enum talk_choice_kind *out)
{
	if (json_text_is(r->doc, node, STR("auto")))
		*out = TALK_CHOICE_AUTO;
	else if (json_text_is(r->doc, node, STR("none")))
		*out = TALK_CHOICE_NONE;
	else if (json_text_is(r->doc, node, STR("required")))
		*out = TALK_CHOICE_REQUIRED;
	else
		return reading_wrong(r, node, "none, auto, required or a tool");
	return 0;
}

static const struct reading_member name_members[] = {{STR_INIT("name"), NULL}};
static const struct reading_member choice_members[] = {{STR_INIT("type"), NULL},
                                                       {STR_INIT("name"), NULL},
                                                       {STR_INIT("function"), NULL},
                                                       {STR_INIT("custom"), NULL},
                                                       {STR_INIT("allowed_tools"), NULL}};
static const struct reading_member allowed_members[] = {{STR_INIT("mode"), NULL},
                                                        {STR_INIT("tools"), NULL}};

/* {"type":"function","function":{"name"}}, the same with custom, or {"name"}. */
static int read_chosen(struct reading *r, uint32_t node)
{
	struct talk_choice *c = &r->talk->choice;
	uint32_t inner = json_get(r->doc, node, STR("function"));

	if (inner == JSON_NONE)
		inner = json_get(r->doc, node, STR("custom"));
	c->names[c->name_count++] =
	    reading_plain(r, inner == JSON_NONE ? node : inner, STR("name"));
	return READ_MEMBERS(r, inner, name_members);
}

static int read_allowed(struct reading *r, uint32_t allowed)
{
	struct talk_choice *c = &r->talk->choice;
	uint32_t tools = json_get(r->doc, allowed, STR("tools"));
	uint32_t mode = json_get(r->doc, allowed, STR("mode"));

	if (reading_list(r, tools) < 0)
		return -1;
	reading_mark(r, FEATURE_CHOICE_ALLOWED, allowed);
	c->names = ARENA_ARRAY(r->job->arena, struct str, json_count(r->doc, tools) + 1);
	JSON_EACH(r->doc, tools, tool)
	if (read_chosen(r, tool) < 0 || READ_MEMBERS(r, tool, choice_members) < 0)
		return -1;
	if (READ_MEMBERS(r, allowed, allowed_members) < 0)
		return -1;
	if (mode == JSON_NONE)
		return reading_wrong(r, allowed, "a list of tools with its mode");
	return choice_word(r, mode, &c->kind);
}

static int read_choice(struct reading *r, uint32_t node)
{
	struct talk_choice *c = &r->talk->choice;
	uint32_t allowed = json_get(r->doc, node, STR("allowed_tools"));

	if (json_type(r->doc, node) == JSON_STRING) {
		if (choice_word(r, node, &c->kind) < 0)
			return -1;
		if (c->kind != TALK_CHOICE_AUTO)
			reading_mark(r, FEATURE_CHOICE, node);
		return 0;
	}
	if (READ_MEMBERS(r, node, choice_members) < 0)
		return -1;
	if (allowed != JSON_NONE)
		return read_allowed(r, allowed);
	reading_mark(r, FEATURE_CHOICE, node);
	c->kind = TALK_CHOICE_NAMED;
	c->names = ARENA_NEW(r->job->arena, struct str);
	if (read_chosen(r, node) < 0)
		return -1;
	return c->names[0].len
	           ? 0
	           : reading_wrong(r, node, "none, auto, required or a tool with its name");
}

static int read_parallel(struct reading *r, uint32_t node)
{
	r->talk->choice.parallel = reading_flag(r, node);
	if (r->talk->choice.parallel == TALK_NO)
		reading_mark(r, FEATURE_PARALLEL, node);
	return 0;
}

/* ---- options ---- */

/* NUMBER(member, feature): a number that goes over as it stands. */
#define NUMBER(name, feature)                                                                      \
	static int read_##name(struct reading *r, uint32_t node)                                   \
	{                                                                                          \
		return reading_number(r, node, feature, &r->talk->options.name##_json);            \
	}
NUMBER(top_k, FEATURE_TOP_K)
NUMBER(seed, FEATURE_SEED)
NUMBER(frequency_penalty, FEATURE_PENALTY)
NUMBER(presence_penalty, FEATURE_PENALTY)

/* TEXT(member, feature, how the text is kept) */
#define TEXT(name, feature, member, value)                                                         \
	static int read_##name(struct reading *r, uint32_t node)                                   \
	{                                                                                          \
		r->talk->options.member = value;                                                   \
		reading_mark(r, feature, node);                                                    \
		return 0;                                                                          \
	}
TEXT(user, FEATURE_USER, user_raw, field_raw_text(r->doc, node))
TEXT(safety_id, FEATURE_USER, safety_id_raw, field_raw_text(r->doc, node))
TEXT(cache_key, FEATURE_CACHE_KEY, cache_key_raw, field_raw_text(r->doc, node))
TEXT(tier, FEATURE_SERVICE_TIER, service_tier, json_text(r->doc, node, r->job->arena))
TEXT(verbosity, FEATURE_VERBOSITY, verbosity, json_text(r->doc, node, r->job->arena))
TEXT(metadata, FEATURE_METADATA, metadata_json, json_raw(r->doc, node))
TEXT(logit_bias, FEATURE_LOGIT_BIAS, logit_bias_json, json_raw(r->doc, node))
TEXT(store, FEATURE_STORE, store, reading_flag(r, node))

static int read_limit(struct reading *r, uint32_t node)
{
	int64_t limit = 0;

	if (json_i64(r->doc, node, 1, INT32_MAX, &limit) < 0)
		return reading_wrong(r, node, "a whole number, 1 or more");
	r->talk->options.max_output = limit;
	reading_mark(r, FEATURE_MAX_OUTPUT, node);
	return 0;
}

/* The newer word counts where both are there. */
static int read_old_limit(struct reading *r, uint32_t node)
{
	uint32_t root = json_root(r->doc);
	struct str newer = reading_value(r, root, STR("max_completion_tokens"));

	return newer.len ? 0 : read_limit(r, node);
}

static int read_n(struct reading *r, uint32_t node)
{
	if (json_i64(r->doc, node, 1, 128, &r->talk->options.n) < 0)
		return reading_wrong(r, node, "a whole number, 1 or more");
	if (r->talk->options.n > 1)
		reading_mark(r, FEATURE_CHOICES, node);
	return 0;
}

static int read_logprobs(struct reading *r, uint32_t node)
{
	r->talk->options.logprobs = reading_flag(r, node) == TALK_YES;
	if (r->talk->options.logprobs)
		reading_mark(r, FEATURE_LOGPROBS, node);
	return 0;
}

static int read_top_logprobs(struct reading *r, uint32_t node)
{
	return json_i64(r->doc, node, 0, 20, &r->talk->options.top_logprobs) < 0
	           ? reading_wrong(r, node, "a whole number, 0 to 20")
	           : 0;
}

static int read_include_usage(struct reading *r, uint32_t node)
{
	r->talk->options.wants_usage = reading_flag(r, node) == TALK_YES;
	return 0;
}

static int read_stream_options(struct reading *r, uint32_t node)
{
	static const struct reading_member rows[] = {
	    {STR_INIT("include_usage"), read_include_usage},
	    {STR_INIT("include_obfuscation"), NULL}}; /* of lengths: the client needs none */

	return READ_MEMBERS(r, node, rows);
}

static int read_modalities(struct reading *r, uint32_t node)
{
	if (reading_list(r, node) < 0)
		return -1;
	JSON_EACH(r->doc, node, modality)
	if (!json_text_is(r->doc, modality, STR("text")))
		reading_mark(r, FEATURE_AUDIO_OUT, modality);
	return 0;
}

static const struct reading_member schema_members[] = {{STR_INIT("name"), NULL},
                                                       {STR_INIT("description"), NULL},
                                                       {STR_INIT("schema"), NULL},
                                                       {STR_INIT("strict"), NULL}};

static int read_schema(struct reading *r, uint32_t format, uint32_t schema)
{
	struct talk_format *to = &r->talk->format;

	to->kind = TALK_FORMAT_SCHEMA;
	to->name = reading_plain(r, schema, STR("name"));
	to->description_raw = reading_inside(r, schema, STR("description"));
	to->schema_json = reading_value(r, schema, STR("schema"));
	to->strict = reading_flag(r, json_get(r->doc, schema, STR("strict")));
	reading_mark(r, FEATURE_FORMAT_SCHEMA, format);
	if (to->schema_json.len == 0)
		return reading_wrong(r, format, "a json_schema with its schema");
	return READ_MEMBERS(r, schema, schema_members);
}

static const struct reading_member format_members[] = {{STR_INIT("type"), NULL},
                                                       {STR_INIT("json_schema"), NULL}};

static int read_format(struct reading *r, uint32_t node)
{
	uint32_t type = json_get(r->doc, node, STR("type"));

	if (READ_MEMBERS(r, node, format_members) < 0)
		return -1;
	if (json_text_is(r->doc, type, STR("json_schema")))
		return read_schema(r, node, json_get(r->doc, node, STR("json_schema")));
	if (json_text_is(r->doc, type, STR("json_object"))) {
		r->talk->format.kind = TALK_FORMAT_JSON;
		reading_mark(r, FEATURE_FORMAT_JSON, node);
		return 0;
	}
	r->talk->format.kind = TALK_FORMAT_TEXT;
	return json_text_is(r->doc, type, STR("text"))
	           ? 0
	           : reading_wrong(r, node, "of type text, json_object or json_schema");
}

static const struct reading_member root_members[] = {
    {STR_INIT("model"), NULL},
    {STR_INIT("messages"), chat_read_messages},
    {STR_INIT("tools"), read_tools},
    {STR_INIT("functions"), read_functions},
    {STR_INIT("tool_choice"), read_choice},
    {STR_INIT("function_call"), read_choice},
    {STR_INIT("parallel_tool_calls"), read_parallel},
    {STR_INIT("web_search_options"), read_search},
    {STR_INIT("response_format"), read_format},
    {STR_INIT("max_completion_tokens"), read_limit},
    {STR_INIT("max_tokens"), read_old_limit},
    {STR_INIT("temperature"), reading_temperature},
    {STR_INIT("top_p"), reading_top_p},
    {STR_INIT("top_k"), read_top_k},
    {STR_INIT("seed"), read_seed},
    {STR_INIT("frequency_penalty"), read_frequency_penalty},
    {STR_INIT("presence_penalty"), read_presence_penalty},
    {STR_INIT("logit_bias"), read_logit_bias},
    {STR_INIT("stop"), reading_stops},
    {STR_INIT("n"), read_n},
    {STR_INIT("logprobs"), read_logprobs},
    {STR_INIT("top_logprobs"), read_top_logprobs},
    {STR_INIT("stream"), reading_stream},
    {STR_INIT("stream_options"), read_stream_options},
    {STR_INIT("reasoning_effort"), reading_effort},
    {STR_INIT("verbosity"), read_verbosity},
    {STR_INIT("modalities"), read_modalities},
    {STR_INIT("audio"), NULL}, /* how the audio of `modalities` sounds */
    {STR_INIT("metadata"), read_metadata},
    {STR_INIT("user"), read_user},
    {STR_INIT("safety_identifier"), read_safety_id},
    {STR_INIT("prompt_cache_key"), read_cache_key},
    {STR_INIT("service_tier"), read_tier},
    {STR_INIT("store"), read_store},
};

int chat_read_talk(struct wire_job *job, struct talk *out)
{
	struct reading r = {.job = job, .doc = job->doc, .talk = out};

	return READ_MEMBERS(&r, json_root(job->doc), root_members);
}
