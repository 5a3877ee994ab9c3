/* A request to a provider that speaks Gemini's generateContent, from neutral words.
 *
 *	{"systemInstruction": {"parts": [..]},
 *	 "contents": [{"role": "user" | "model", "parts": [
 *		{"text"} | {"inlineData": {"mimeType", "data"}} | {"fileData": {"fileUri"}}
 *		| {"functionCall": {"id", "name", "args"}}
 *		| {"functionResponse": {"id", "name", "response"}}]}],
 *	 "tools": [{"functionDeclarations": [..]}], "toolConfig": {..}, "generationConfig": {..}}
 *
 * Model and stream stand in the path. Turns of one speaker are one content: all results of parallel
 * calls must stand together, whichever way the client divides them. Called by the driver, which has
 * already warned of or refused what this dialect lacks. Must never change a signature. */
#include "wire/gemini_talk.h"

/* Newer models refuse a step whose first call has no signature. For calls that another model made,
 * or whose client has no place for proofs, Google names this one:
 * https://ai.google.dev/gemini-api/docs/thought-signatures, "FAQs". */
#define UNSIGNED STR("skip_thought_signature_validator")

enum speaker { SPEAKER_NONE, SPEAKER_USER, SPEAKER_TOOLS, SPEAKER_MODEL };

struct asking {
	struct wire_job *job;
	const struct talk *talk;
	struct json_writer w;
	enum speaker speaker; /* whose content is open */
	struct str seal;      /* for the next call; empty: none */
	bool has_calls;       /* the open content */
};

/* Models that know no levels of thinking and take calls without signatures. */
static bool is_older(const struct asking *a)
{
	static const struct str older[] = {STR_INIT("gemini-1"), STR_INIT("gemini-2"),
	                                   STR_INIT("gemma")};

	for (size_t i = 0; i < sizeof older / sizeof older[0]; i++)
		if (str_starts_with(a->job->target.model, older[i]))
			return true;
	return false;
}

/* ---- parts ---- */

static void open_part(struct asking *a, enum speaker speaker)
{
	if (a->speaker != speaker) {
		if (a->speaker != SPEAKER_NONE) {
			json_close_array(&a->w);
			json_close_object(&a->w);
		}
		json_open_object(&a->w);
		json_key_text(&a->w, STR("role"),
		              speaker == SPEAKER_MODEL ? STR("model") : STR("user"));
		json_put_key(&a->w, STR("parts"));
		json_open_array(&a->w);
		a->speaker = speaker;
		a->has_calls = false;
	}
	json_open_object(&a->w);
}

static void put_text(struct asking *a, struct str raw)
{
	json_put_key(&a->w, STR("text"));
	json_put_inside(&a->w, raw);
	json_close_object(&a->w);
}

/* The type is wanted beside every address; where the client did not tell, its ending does. */
static struct str type_of(const struct talk_part *p)
{
	static const struct {
		struct str ending, type;
	} rows[] = {{STR_INIT(".png"), STR_INIT("image/png")},
	            {STR_INIT(".webp"), STR_INIT("image/webp")},
	            {STR_INIT(".gif"), STR_INIT("image/gif")},
	            {STR_INIT(".jpg"), STR_INIT("image/jpeg")},
	            {STR_INIT(".jpeg"), STR_INIT("image/jpeg")}};
	struct str url = str_part(p->media.raw, 0, str_find_byte(p->media.raw, '?'));

	if (p->media.type.len)
		return p->media.type;
	if (p->kind != TALK_IMAGE)
		return STR("application/pdf");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (str_ends_with(url, rows[i].ending))
			return rows[i].type;
	return STR("image/jpeg");
}

static void put_media(struct asking *a, const struct talk_part *p)
{
	bool is_url = p->media.source == TALK_URL;

	if (p->media.source == TALK_PLAIN) {
		put_text(a, p->media.raw);
		return;
	}
	json_put_key(&a->w, is_url ? STR("fileData") : STR("inlineData"));
	json_open_object(&a->w);
	json_key_text(&a->w, STR("mimeType"), type_of(p));
	put_raw_if(&a->w, is_url ? STR("fileUri") : STR("data"), p->media.raw);
	json_close_object(&a->w);
	json_close_object(&a->w);
}

static bool is_media(const struct talk_part *p)
{
	return p->kind == TALK_IMAGE || p->kind == TALK_AUDIO || p->kind == TALK_FILE;
}

static void put_thought(struct asking *a, const struct talk_part *p)
{
	if (str_eq(p->seal.id, GEMINI_SEALS_CALL)) {
		a->seal = p->seal.raw;
		return;
	}
	open_part(a, SPEAKER_MODEL);
	if (!str_eq(p->seal.id, GEMINI_SEALS_TEXT))
		json_key_bool(&a->w, STR("thought"), true);
	put_raw_if(&a->w, STR("thoughtSignature"), p->seal.raw);
	put_text(a, str_eq(p->seal.id, GEMINI_SEALS_TEXT) ? STR("") : p->text_raw);
}

/* The first call of a step is the one that must be signed. */
static void put_signature(struct asking *a, const struct talk_part *call)
{
	if (a->seal.len) {
		put_raw_if(&a->w, STR("thoughtSignature"), a->seal);
	} else if (!a->has_calls && !is_older(a)) {
		json_key_text(&a->w, STR("thoughtSignature"), UNSIGNED);
		job_warn(a->job, call->node, "sent without the signature of its thinking");
	}
	a->seal = STR("");
}

static void put_call(struct asking *a, const struct talk_part *p)
{
	open_part(a, SPEAKER_MODEL);
	put_signature(a, p);
	a->has_calls = true;
	json_put_key(&a->w, STR("functionCall"));
	json_open_object(&a->w);
	put_text_if(&a->w, STR("id"), p->id);
	json_key_text(&a->w, STR("name"), p->name);
	json_key_raw(&a->w, STR("args"), put_input_json(a->job, p));
	json_close_object(&a->w);
	json_close_object(&a->w);
}

/* `output` and `error` are the words that FunctionResponse names for this. */
static void put_result(struct asking *a, const struct talk_part *p)
{
	open_part(a, SPEAKER_TOOLS);
	json_put_key(&a->w, STR("functionResponse"));
	json_open_object(&a->w);
	put_text_if(&a->w, STR("id"), p->id);
	json_key_text(&a->w, STR("name"), p->name);
	json_put_key(&a->w, STR("response"));
	json_open_object(&a->w);
	json_put_key(&a->w, p->is_error ? STR("error") : STR("output"));
	json_put_inside(&a->w, put_joined_text(p->parts, p->part_count, a->job->arena));
	json_close_object(&a->w);
	json_close_object(&a->w);
	json_close_object(&a->w);
	for (int i = 0; i < p->part_count; i++)
		if (is_media(&p->parts[i])) {
			open_part(a, SPEAKER_TOOLS);
			put_media(a, &p->parts[i]);
		}
}

static void put_part(struct asking *a, enum speaker speaker, const struct talk_part *p)
{
	if (p->kind == TALK_THINKING) {
		put_thought(a, p);
	} else if (p->kind == TALK_CALL) {
		put_call(a, p);
	} else if (p->kind == TALK_RESULT) {
		put_result(a, p);
	} else if (is_media(p)) {
		open_part(a, speaker);
		if (speaker == SPEAKER_MODEL && !is_older(a)) /* its own images are signed too */
			json_key_text(&a->w, STR("thoughtSignature"), UNSIGNED);
		put_media(a, p);
	} else if (p->text_raw.len && p->kind != TALK_FOREIGN) {
		open_part(a, speaker);
		put_text(a, p->text_raw);
	}
}

/* ---- turns ---- */

static bool is_rule(const struct talk_turn *t)
{
	return t->role == TALK_SYSTEM || t->role == TALK_DEVELOPER;
}

static void put_rules(struct asking *a)
{
	bool has_any = false;

	for (int i = 0; i < a->talk->turn_count; i++) {
		const struct talk_turn *t = &a->talk->turns[i];

		for (int k = 0; is_rule(t) && k < t->part_count; k++) {
			if (t->parts[k].text_raw.len == 0)
				continue;
			if (!has_any) {
				json_put_key(&a->w, STR("systemInstruction"));
				json_open_object(&a->w);
				json_put_key(&a->w, STR("parts"));
				json_open_array(&a->w);
				has_any = true;
			}
			json_open_object(&a->w);
			put_text(a, t->parts[k].text_raw);
		}
	}
	if (has_any) {
		json_close_array(&a->w);
		json_close_object(&a->w);
	}
}

static void put_turns(struct asking *a)
{
	json_put_key(&a->w, STR("contents"));
	json_open_array(&a->w);
	for (int i = 0; i < a->talk->turn_count; i++) {
		const struct talk_turn *t = &a->talk->turns[i];
		enum speaker speaker = t->role == TALK_ASSISTANT ? SPEAKER_MODEL : SPEAKER_USER;

		if (speaker != SPEAKER_MODEL)
			a->seal = STR("");
		for (int k = 0; !is_rule(t) && k < t->part_count; k++)
			put_part(a, speaker, &t->parts[k]);
	}
	if (a->speaker != SPEAKER_NONE) {
		json_close_array(&a->w);
		json_close_object(&a->w);
	}
	json_close_array(&a->w);
}

/* ---- tools ---- */

/* Some tools of many: with `auto` the rest is not shown, for the names that the dialect allows go
 * with a forced call only. */
static bool is_shown(const struct asking *a, const struct talk_tool *tool)
{
	const struct talk_choice *choice = &a->talk->choice;
	const struct rename_tool *known = rename_find(&a->job->renames, tool->name);

	if (tool->kind == TALK_TOOL_SERVER || choice->name_count == 0 ||
	    choice->kind == TALK_CHOICE_NAMED || choice->kind == TALK_CHOICE_REQUIRED)
		return true;
	return known && known->is_chosen;
}

static void put_function(struct asking *a, const struct talk_tool *tool)
{
	json_open_object(&a->w);
	json_key_text(&a->w, STR("name"), tool->name);
	put_raw_if(&a->w, STR("description"), tool->description_raw);
	put_json_if(&a->w, STR("parametersJsonSchema"), tool->schema_json);
	json_close_object(&a->w);
}

static void put_choice(struct asking *a, const struct talk_choice *choice)
{
	static const struct str words[] = {
	    [TALK_CHOICE_AUTO] = STR_INIT("AUTO"),
	    [TALK_CHOICE_NONE] = STR_INIT("NONE"),
	    [TALK_CHOICE_REQUIRED] = STR_INIT("ANY"),
	    [TALK_CHOICE_NAMED] = STR_INIT("ANY"),
	};
	bool is_forced = choice->kind == TALK_CHOICE_REQUIRED || choice->kind == TALK_CHOICE_NAMED;

	if (choice->kind == TALK_CHOICE_UNSET)
		return;
	json_put_key(&a->w, STR("toolConfig"));
	json_open_object(&a->w);
	json_put_key(&a->w, STR("functionCallingConfig"));
	json_open_object(&a->w);
	json_key_text(&a->w, STR("mode"), words[choice->kind]);
	if (is_forced && choice->name_count) {
		json_put_key(&a->w, STR("allowedFunctionNames"));
		json_open_array(&a->w);
		for (int i = 0; i < choice->name_count; i++)
			json_put_text(&a->w, choice->names[i]);
		json_close_array(&a->w);
	}
	json_close_object(&a->w);
	json_close_object(&a->w);
}

/* Google ends its searches by itself, and charges each of them. */
static void leave_searches(const struct asking *a)
{
	for (int i = 0; i < a->talk->tool_count; i++)
		if (a->talk->tools[i].kind == TALK_TOOL_SERVER)
			job_warn(a->job, a->talk->tools[i].node,
			         "left out, since nothing limits searches there and a ceiling is "
			         "set");
}

static int count_tools(const struct asking *a, bool is_server)
{
	int count = 0;

	for (int i = 0; i < a->talk->tool_count; i++) {
		const struct talk_tool *tool = &a->talk->tools[i];

		if ((tool->kind == TALK_TOOL_SERVER) == is_server)
			count += is_shown(a, tool);
	}
	return count;
}

static void put_functions(struct asking *a)
{
	json_open_object(&a->w);
	json_put_key(&a->w, STR("functionDeclarations"));
	json_open_array(&a->w);
	for (int i = 0; i < a->talk->tool_count; i++) {
		const struct talk_tool *tool = &a->talk->tools[i];

		if (tool->kind != TALK_TOOL_SERVER && is_shown(a, tool))
			put_function(a, tool);
	}
	json_close_array(&a->w);
	json_close_object(&a->w);
}

static void put_tools(struct asking *a)
{
	int functions = count_tools(a, false), servers = count_tools(a, true);

	if (a->job->target.leaves_searches) {
		leave_searches(a);
		servers = 0;
	}
	if (functions + servers == 0)
		return;
	json_put_key(&a->w, STR("tools"));
	json_open_array(&a->w);
	if (functions)
		put_functions(a);
	if (servers) {
		json_open_object(&a->w);
		json_key_raw(&a->w, STR("googleSearch"), STR("{}"));
		json_close_object(&a->w);
	}
	json_close_array(&a->w);
	if (functions)
		put_choice(a, &a->talk->choice);
}

/* ---- options ---- */

static struct str level_of(enum talk_effort effort)
{
	if (effort <= TALK_EFFORT_LOW)
		return STR("low");
	return effort == TALK_EFFORT_MEDIUM ? STR("medium") : STR("high");
}

/* 2.5 Pro cannot do without; 128 is its least:
 * https://ai.google.dev/gemini-api/docs/thinking, "Thinking budgets". */
static int64_t least_budget(const struct asking *a)
{
	return str_starts_with(a->job->target.model, STR("gemini-2.5-pro")) ? 128 : 0;
}

static int64_t budget_of(const struct asking *a, enum talk_effort effort)
{
	const struct talk_thinking *t = &a->talk->thinking;

	if (effort == TALK_EFFORT_NONE)
		return least_budget(a);
	if (t->budget)
		return t->budget;
	return t->is_adaptive ? -1 : put_budget_of_effort(effort, a->talk->options.max_output);
}

/* Levels from 3 on, budgets before; both in one request are refused:
 * https://ai.google.dev/gemini-api/docs/thinking. */
static void put_thinking(struct asking *a)
{
	const struct talk_thinking *t = &a->talk->thinking;
	enum talk_effort effort = put_effort(t);

	if ((effort == TALK_EFFORT_UNSET && !t->is_adaptive) ||
	    !(a->job->target.can & LLM_CAN_THINKING))
		return;
	json_put_key(&a->w, STR("thinkingConfig"));
	json_open_object(&a->w);
	if (effort != TALK_EFFORT_NONE)
		json_key_bool(&a->w, STR("includeThoughts"), !str_eq(t->display, STR("omitted")));
	if (is_older(a))
		json_key_i64(&a->w, STR("thinkingBudget"), budget_of(a, effort));
	else if (t->budget)
		json_key_i64(&a->w, STR("thinkingBudget"), t->budget);
	else if (effort != TALK_EFFORT_UNSET)
		json_key_text(&a->w, STR("thinkingLevel"), level_of(effort));
	json_close_object(&a->w);
}

static void put_format(struct asking *a)
{
	enum talk_format_kind kind = a->talk->format.kind;

	if (kind != TALK_FORMAT_JSON && kind != TALK_FORMAT_SCHEMA)
		return;
	json_key_text(&a->w, STR("responseMimeType"), STR("application/json"));
	if (kind == TALK_FORMAT_SCHEMA)
		put_json_if(&a->w, STR("responseJsonSchema"), a->talk->format.schema_json);
}

static void put_options(struct asking *a)
{
	const struct talk_options *o = &a->talk->options;

	json_put_key(&a->w, STR("generationConfig"));
	json_open_object(&a->w);
	if (o->max_output)
		json_key_i64(&a->w, STR("maxOutputTokens"), o->max_output);
	put_json_if(&a->w, STR("temperature"), o->temperature_json);
	put_json_if(&a->w, STR("topP"), o->top_p_json);
	put_json_if(&a->w, STR("topK"), o->top_k_json);
	put_json_if(&a->w, STR("presencePenalty"), o->presence_penalty_json);
	put_json_if(&a->w, STR("frequencyPenalty"), o->frequency_penalty_json);
	put_json_if(&a->w, STR("seed"), o->seed_json);
	if (o->stop_count) {
		json_put_key(&a->w, STR("stopSequences"));
		json_open_array(&a->w);
		for (int i = 0; i < o->stop_count; i++)
			json_put_inside(&a->w, o->stops_raw[i]);
		json_close_array(&a->w);
	}
	put_format(a);
	put_thinking(a);
	json_close_object(&a->w);
}

int gemini_write_request(struct wire_job *job, const struct talk *talk, struct buf *out)
{
	struct asking a = {.job = job, .talk = talk};

	json_writer_init(&a.w, out);
	json_open_object(&a.w);
	put_rules(&a);
	put_turns(&a);
	put_tools(&a);
	put_options(&a);
	json_close_object(&a.w);
	return 0;
}
