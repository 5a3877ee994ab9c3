/* A request to a provider that speaks messages, from neutral words.
 *
 * The API puts neighbours of one role together itself; what it does not forgive is done here:
 * system texts stand apart, empty texts are left out, results of tools come before other words
 * of their turn (they are turns of their own, written first), and sampling and forced tools do
 * not go with thinking. Called by the driver. */
#include "wire/messages_talk.h"

#include "wire/job.h"
#include "wire/put.h"

enum {
	MAX_TOKENS_DEFAULT = 8192, /* the field is required; where nobody knows the model's limit */
	BUDGET_LEAST = 1024,
};

/* ---- parts ---- */

static void put_source(struct json_writer *w, const struct talk_media *m)
{
	static const struct {
		struct str type, member;
	} words[] = {[TALK_BYTES] = {STR_INIT("base64"), STR_INIT("data")},
	             [TALK_URL] = {STR_INIT("url"), STR_INIT("url")},
	             [TALK_ID] = {STR_INIT("file"), STR_INIT("file_id")},
	             [TALK_PLAIN] = {STR_INIT("text"), STR_INIT("data")}};

	json_put_key(w, STR("source"));
	json_open_object(w);
	json_key_text(w, STR("type"), words[m->source].type);
	if (m->source == TALK_BYTES)
		json_key_text(w, STR("media_type"), m->type);
	if (m->source == TALK_PLAIN)
		json_key_text(w, STR("media_type"), STR("text/plain"));
	put_raw_if(w, words[m->source].member, m->raw);
	json_close_object(w);
}

static int put_media(struct wire_job *job, struct json_writer *w, const struct talk_part *p)
{
	bool is_image = p->kind == TALK_IMAGE;

	if (!is_image && p->media.source == TALK_BYTES &&
	    !str_eq(p->media.type, STR("application/pdf")))
		return job_refuse(job, p->node, "%.*s is no PDF; messages take PDF and plain text",
		                  STR_ARG(p->media.type));
	json_key_text(w, STR("type"), is_image ? STR("image") : STR("document"));
	put_source(w, &p->media);
	if (is_image)
		return 0;
	put_raw_if(w, STR("title"), p->media.name_raw);
	put_raw_if(w, STR("context"), p->media.about_raw);
	if (p->media.cites == TALK_YES)
		json_key_raw(w, STR("citations"), STR("{\"enabled\":true}"));
	return 0;
}

static void put_thinking(struct json_writer *w, const struct talk_part *p)
{
	if (p->seal.kind == TALK_REDACTED) {
		json_key_text(w, STR("type"), STR("redacted_thinking"));
		put_raw_if(w, STR("data"), p->seal.raw);
		return;
	}
	json_key_text(w, STR("type"), STR("thinking"));
	json_put_key(w, STR("thinking"));
	json_put_inside(w, p->text_raw);
	put_raw_if(w, STR("signature"), p->seal.raw);
}

static int put_parts(struct wire_job *, struct json_writer *, const struct talk_part *, int);

static int put_result(struct wire_job *job, struct json_writer *w, const struct talk_part *p)
{
	json_key_text(w, STR("type"), STR("tool_result"));
	json_key_text(w, STR("tool_use_id"), p->id);
	if (p->is_error)
		json_key_bool(w, STR("is_error"), true);
	if (p->part_count == 0)
		return 0;
	json_put_key(w, STR("content"));
	return put_parts(job, w, p->parts, p->part_count);
}

static void put_call(struct wire_job *job, struct json_writer *w, const struct talk_part *p)
{
	json_key_text(w, STR("type"), STR("tool_use"));
	json_key_text(w, STR("id"), p->id);
	json_key_text(w, STR("name"), p->name);
	json_key_raw(w, STR("input"), put_input_json(job, p));
}

/* Spaces and line ends, as they are escaped. */
static bool is_blank(struct str raw)
{
	for (size_t i = 0; i < raw.len; i++) {
		if (raw.ptr[i] == '\\' && i + 1 < raw.len &&
		    str_find_byte(STR("nrt"), raw.ptr[i + 1]) < 3)
			i++;
		else if (raw.ptr[i] != ' ')
			return false;
	}
	return true;
}

/* Texts of nothing are refused there. */
static bool is_sent(const struct talk_part *p)
{
	if (p->kind == TALK_TEXT || p->kind == TALK_REFUSAL)
		return !is_blank(p->text_raw);
	return p->kind != TALK_FOREIGN;
}

static int put_part(struct wire_job *job, struct json_writer *w, const struct talk_part *p)
{
	int result = 0;

	json_open_object(w);
	switch (p->kind) {
	case TALK_IMAGE:
	case TALK_FILE:
		result = put_media(job, w, p);
		break;
	case TALK_THINKING:
		put_thinking(w, p);
		break;
	case TALK_CALL:
		put_call(job, w, p);
		break;
	case TALK_RESULT:
		result = put_result(job, w, p);
		break;
	default:
		json_key_text(w, STR("type"), STR("text"));
		put_raw_if(w, STR("text"), p->text_raw);
	}
	if (!job_has_habit(job, WIRE_NO_CACHE_MARKS))
		put_json_if(w, STR("cache_control"), p->cache_json);
	json_close_object(w);
	return result;
}

static int put_each(struct wire_job *job, struct json_writer *w, const struct talk_part *parts,
                    int count)
{
	for (int i = 0; i < count; i++)
		if (is_sent(&parts[i]) && put_part(job, w, &parts[i]) < 0)
			return -1;
	return 0;
}

/* An array, perhaps empty. */
static int put_parts(struct wire_job *job, struct json_writer *w, const struct talk_part *parts,
                     int count)
{
	json_open_array(w);
	if (put_each(job, w, parts, count) < 0)
		return -1;
	json_close_array(w);
	return 0;
}

/* ---- turns ---- */

static bool is_rule(const struct talk_turn *t)
{
	return t->role == TALK_SYSTEM || t->role == TALK_DEVELOPER;
}

static bool has_words(const struct talk_turn *t)
{
	for (int i = 0; i < t->part_count; i++)
		if (is_sent(&t->parts[i]))
			return true;
	return false;
}

/* All rules stand before the conversation, wherever they were said. */
static int put_rules(struct wire_job *job, struct json_writer *w, const struct talk *talk)
{
	bool has_any = false;

	for (int i = 0; i < talk->turn_count; i++)
		has_any = has_any || (is_rule(&talk->turns[i]) && has_words(&talk->turns[i]));
	if (!has_any)
		return 0;
	json_put_key(w, STR("system"));
	json_open_array(w);
	for (int i = 0; i < talk->turn_count; i++) {
		const struct talk_turn *t = &talk->turns[i];

		for (int k = 0; is_rule(t) && k < t->part_count; k++)
			if (is_sent(&t->parts[k]) && put_part(job, w, &t->parts[k]) < 0)
				return -1;
	}
	json_close_array(w);
	return 0;
}

static void open_message(struct json_writer *w, struct str role)
{
	json_open_object(w);
	json_key_text(w, STR("role"), role);
	json_put_key(w, STR("content"));
	json_open_array(w);
}

static void close_message(struct json_writer *w)
{
	json_close_array(w);
	json_close_object(w);
}

/* Turns of one role are one message: the results of all calls have to stand in the one behind
 * them, with what the user said, and not every provider of this dialect joins them itself. */
static int put_turns(struct wire_job *job, struct json_writer *w, const struct talk *talk)
{
	struct str last = STR("");

	json_put_key(w, STR("messages"));
	json_open_array(w);
	for (int i = 0; i < talk->turn_count; i++) {
		const struct talk_turn *t = &talk->turns[i];
		struct str role = t->role == TALK_ASSISTANT ? STR("assistant") : STR("user");

		if (is_rule(t) || !has_words(t))
			continue;
		if (last.len && !str_eq(role, last))
			close_message(w);
		if (!str_eq(role, last))
			open_message(w, role);
		last = role;
		if (put_each(job, w, t->parts, t->part_count) < 0)
			return -1;
	}
	if (last.len)
		close_message(w);
	json_close_array(w);
	return 0;
}

/* ---- tools ---- */

static bool is_allowed(const struct wire_job *job, const struct talk_choice *choice,
                       const struct talk_tool *tool)
{
	const struct rename_tool *known = rename_find(&job->renames, tool->name);

	if (choice->name_count == 0 || choice->kind == TALK_CHOICE_NAMED)
		return true;
	return tool->kind == TALK_TOOL_SERVER ? choice->has_unnamed : known && known->is_chosen;
}

/* The API wants to be told that it is an object, where others take {} for it. */
static struct str schema_of(const struct wire_job *job, const struct talk_tool *tool)
{
	struct str said = STR("{\"type\":\"object\",\"properties\":{}}"), json = tool->schema_json;
	struct json_error error;
	struct json doc;
	uint32_t root;

	if (json.len == 0)
		return said;
	json_init(&doc);
	if (json_read(&doc, json, &error) < 0 ||
	    json_type(&doc, root = json_root(&doc)) != JSON_OBJECT ||
	    json_get(&doc, root, STR("type")) != JSON_NONE)
		said = json;
	else if (json_count(&doc, root))
		said = ARENA_JOIN(job->arena, STR("{\"type\":\"object\","),
		                  str_part(json, 1, json.len));
	json_release(&doc);
	return said;
}

static void put_tool(struct wire_job *job, struct json_writer *w, const struct talk_tool *tool)
{
	json_open_object(w);
	if (tool->kind == TALK_TOOL_SERVER) {
		json_key_text(w, STR("type"), STR("web_search_20250305"));
		json_key_text(w, STR("name"), STR("web_search"));
		put_json_if(w, STR("allowed_domains"), tool->domains_json);
		if (job->target.calls.is_set)
			json_key_i64(w, STR("max_uses"), job->target.calls.all);
	} else {
		json_key_text(w, STR("name"), tool->name);
		put_raw_if(w, STR("description"), tool->description_raw);
		json_key_raw(w, STR("input_schema"), schema_of(job, tool));
		if (tool->strict == TALK_YES && !job_has_habit(job, WIRE_NO_STRICT))
			json_key_bool(w, STR("strict"), true);
	}
	if (!job_has_habit(job, WIRE_NO_CACHE_MARKS))
		put_json_if(w, STR("cache_control"), tool->cache_json);
	json_close_object(w);
}

static void put_choice(struct json_writer *w, const struct talk_choice *choice)
{
	static const struct str words[] = {[TALK_CHOICE_UNSET] = STR_INIT("auto"),
	                                   [TALK_CHOICE_AUTO] = STR_INIT("auto"),
	                                   [TALK_CHOICE_NONE] = STR_INIT("none"),
	                                   [TALK_CHOICE_REQUIRED] = STR_INIT("any"),
	                                   [TALK_CHOICE_NAMED] = STR_INIT("tool")};
	enum talk_choice_kind kind = choice->kind;

	if (kind == TALK_CHOICE_UNSET && choice->parallel != TALK_NO)
		return;
	json_put_key(w, STR("tool_choice"));
	json_open_object(w);
	json_key_text(w, STR("type"), words[kind]);
	if (kind == TALK_CHOICE_NAMED)
		json_key_text(w, STR("name"), choice->names[0]);
	if (choice->parallel == TALK_NO && kind != TALK_CHOICE_NONE)
		json_key_bool(w, STR("disable_parallel_tool_use"), true);
	json_close_object(w);
}

static void put_tools(struct wire_job *job, struct json_writer *w, const struct talk *talk)
{
	if (talk->tool_count == 0)
		return;
	json_put_key(w, STR("tools"));
	json_open_array(w);
	for (int i = 0; i < talk->tool_count; i++)
		if (is_allowed(job, &talk->choice, &talk->tools[i]))
			put_tool(job, w, &talk->tools[i]);
	json_close_array(w);
	put_choice(w, &talk->choice);
}

/* ---- thinking ---- */

/* The last assistant turn called tools whose results follow: with a budget the API wants it to
 * begin with its own thinking. */
static bool loop_lacks_thinking(struct wire_job *job, const struct talk *talk)
{
	int i = talk->turn_count - 1;

	while (i >= 0 && talk->turns[i].role != TALK_ASSISTANT) {
		if (talk->turns[i].role == TALK_USER)
			return false;
		i--;
	}
	if (i < 0)
		return false;
	for (int k = 0; k < talk->turns[i].part_count; k++) {
		const struct talk_part *p = &talk->turns[i].parts[k];

		if (p->kind == TALK_THINKING && put_seal_fits(&p->seal, job))
			return false;
	}
	return true;
}

static bool is_forced(const struct talk_choice *choice)
{
	return choice->kind == TALK_CHOICE_REQUIRED || choice->kind == TALK_CHOICE_NAMED;
}

static bool wants_thinking(const struct talk *talk)
{
	enum talk_effort effort = put_effort(&talk->thinking);

	return !talk->thinking.is_off &&
	       (talk->thinking.is_adaptive || talk->thinking.budget || effort > TALK_EFFORT_NONE);
}

/* Thinking is asked for, and nothing else in the request forbids it. */
static bool may_think(struct wire_job *job, const struct talk *talk)
{
	if (!wants_thinking(talk) || !(job->target.can & LLM_CAN_THINKING) ||
	    job_has_habit(job, WIRE_NO_EFFORT))
		return false;
	if (is_forced(&talk->choice)) {
		job_warn(job, JSON_NONE, "thinking left out, it does not go with a forced tool");
		return false;
	}
	if (job_has_habit(job, WIRE_ADAPTIVE_THINKING) || !loop_lacks_thinking(job, talk))
		return true;
	job_warn(job, JSON_NONE,
	         "thinking left out until the next turn of the user: the calls "
	         "under way were made without it");
	return false;
}

static int64_t max_output(const struct wire_job *job, const struct talk *talk)
{
	int64_t asked = talk->options.max_output;
	int64_t most = job->target.max_output;

	if (asked == 0)
		return most && most < MAX_TOKENS_DEFAULT * 4 ? most : MAX_TOKENS_DEFAULT * 4;
	return most && asked > most ? most : asked;
}

/* `adaptive` takes a word, older models a budget below max_tokens. */
static bool put_thinking_wish(struct wire_job *job, struct json_writer *w, const struct talk *talk)
{
	int64_t limit = max_output(job, talk);
	enum talk_effort effort = put_effort(&talk->thinking);
	int64_t budget =
	    talk->thinking.budget ? talk->thinking.budget : put_budget_of_effort(effort, limit);

	if (!may_think(job, talk))
		return false;
	if (!job_has_habit(job, WIRE_ADAPTIVE_THINKING) &&
	    (budget >= limit || budget < BUDGET_LEAST)) {
		budget = limit > 2 * BUDGET_LEAST ? limit / 2 : 0;
		if (budget == 0) {
			job_warn(job, JSON_NONE, "thinking left out, max_tokens leave no room");
			return false;
		}
	}
	json_put_key(w, STR("thinking"));
	json_open_object(w);
	if (job_has_habit(job, WIRE_ADAPTIVE_THINKING)) {
		json_key_text(w, STR("type"), STR("adaptive"));
	} else {
		json_key_text(w, STR("type"), STR("enabled"));
		json_key_i64(w, STR("budget_tokens"), budget);
	}
	put_text_if(w, STR("display"), talk->thinking.display);
	json_close_object(w);
	return true;
}

static struct str effort_word(const struct talk *talk)
{
	enum talk_effort effort = put_effort(&talk->thinking);

	if (effort == TALK_EFFORT_UNSET || effort == TALK_EFFORT_NONE)
		return STR("");
	if (effort == TALK_EFFORT_MINIMAL)
		return STR("low");
	return str_of(talk_effort_word(effort == TALK_EFFORT_XHIGH ? TALK_EFFORT_HIGH : effort));
}

static void put_output_config(struct wire_job *job, struct json_writer *w, const struct talk *talk)
{
	struct str effort =
	    job_has_habit(job, WIRE_ADAPTIVE_THINKING) ? effort_word(talk) : STR("");
	bool has_schema = talk->format.kind == TALK_FORMAT_SCHEMA;

	if (effort.len == 0 && !has_schema)
		return;
	json_put_key(w, STR("output_config"));
	json_open_object(w);
	put_text_if(w, STR("effort"), effort);
	if (has_schema) {
		json_put_key(w, STR("format"));
		json_open_object(w);
		json_key_text(w, STR("type"), STR("json_schema"));
		json_key_raw(w, STR("schema"), talk->format.schema_json);
		json_close_object(w);
	}
	json_close_object(w);
}

/* ---- options ---- */

/* What other APIs allow above 1. */
static bool is_above_one(const struct wire_job *job, const struct talk *talk)
{
	double value;

	return talk->options.temperature_json.len &&
	       json_f64(job->doc, talk->use.at[FEATURE_TEMPERATURE].node, -1e9, 1, &value) < 0;
}

static void put_sampling(struct wire_job *job, struct json_writer *w, const struct talk *talk,
                         bool thinks)
{
	const struct talk_options *o = &talk->options;
	struct str temperature = o->temperature_json;

	if (thinks || job_has_habit(job, WIRE_NO_SAMPLING)) {
		if (temperature.len || o->top_p_json.len || o->top_k_json.len)
			job_warn(job, JSON_NONE, "temperature, top_p and top_k left out, %s",
			         thinks ? "they do not go with thinking" : "refused there");
		return;
	}
	if (is_above_one(job, talk)) {
		job_warn(job, JSON_NONE,
		         "temperature %.*s lowered to 1, the most that messages take",
		         STR_ARG(str_part(temperature, 0, 20)));
		temperature = STR("1");
	}
	put_json_if(w, STR("temperature"), temperature);
	if (temperature.len == 0)
		put_json_if(w, STR("top_p"), o->top_p_json);
	else if (o->top_p_json.len && !str_eq(o->top_p_json, STR("1")))
		job_warn(job, JSON_NONE, "top_p left out, messages take it or temperature");
	put_json_if(w, STR("top_k"), o->top_k_json);
}

static void put_tier(struct wire_job *job, struct json_writer *w, struct str tier)
{
	if (str_eq(tier, STR("default")) || str_eq(tier, STR("standard_only")))
		json_key_text(w, STR("service_tier"), STR("standard_only"));
	else if (tier.len && !str_eq(tier, STR("auto")))
		job_warn(job, JSON_NONE,
		         "service_tier %.*s left out, messages know auto and default",
		         STR_ARG(str_part(tier, 0, 20)));
}

static void put_options(struct wire_job *job, struct json_writer *w, const struct talk *talk)
{
	const struct talk_options *o = &talk->options;
	bool thinks;

	json_key_i64(w, STR("max_tokens"), max_output(job, talk));
	thinks = put_thinking_wish(job, w, talk);
	put_output_config(job, w, talk);
	put_sampling(job, w, talk, thinks);
	if (o->stop_count) {
		json_put_key(w, STR("stop_sequences"));
		json_open_array(w);
		for (int i = 0; i < o->stop_count; i++)
			json_put_inside(w, o->stops_raw[i]);
		json_close_array(w);
	}
	if (o->user_raw.len || o->safety_id_raw.len) {
		json_put_key(w, STR("metadata"));
		json_open_object(w);
		put_raw_if(w, STR("user_id"), o->user_raw.len ? o->user_raw : o->safety_id_raw);
		json_close_object(w);
	}
	put_tier(job, w, o->service_tier);
	if (o->stream && job->target.body_version.len == 0)
		json_key_bool(w, STR("stream"), true);
}

int messages_write_request(struct wire_job *job, const struct talk *talk, struct buf *out)
{
	struct json_writer w;

	json_writer_init(&w, out);
	json_open_object(&w);
	if (job->target.body_version.len)
		json_key_text(&w, STR("anthropic_version"), job->target.body_version);
	else
		json_key_text(&w, STR("model"), job->target.model);
	put_options(job, &w, talk);
	put_tools(job, &w, talk);
	if (put_rules(job, &w, talk) < 0 || put_turns(job, &w, talk) < 0)
		return -1;
	json_close_object(&w);
	return 0;
}
