/* A request to a provider that speaks responses, from neutral words.
 *
 * Every part of an assistant's turn is an item of its own. `strict` is said of every function,
 * for this API turns it on where it is left out; `store` is, for it keeps conversations unless
 * told not to, which no client of another dialect has asked for. Called by the driver. */
#include "wire/responses_talk.h"

#include "wire/put.h"

/* ---- contents ---- */

static void put_data_url(struct json_writer *w, struct str key, const struct talk_media *m,
                         struct arena *arena)
{
	json_put_key(w, key);
	json_put_inside(w, ARENA_JOIN(arena, STR("data:"), m->type, STR(";base64,"), m->raw));
}

static void put_image(struct wire_job *job, struct json_writer *w, const struct talk_media *m)
{
	json_key_text(w, STR("type"), STR("input_image"));
	if (m->source == TALK_BYTES)
		put_data_url(w, STR("image_url"), m, job->arena);
	else
		put_raw_if(w, m->source == TALK_ID ? STR("file_id") : STR("image_url"), m->raw);
	json_key_text(w, STR("detail"), m->detail.len ? m->detail : STR("auto"));
}

static void put_file(struct wire_job *job, struct json_writer *w, const struct talk_media *m)
{
	json_key_text(w, STR("type"), STR("input_file"));
	if (m->source == TALK_BYTES) {
		json_put_key(w, STR("filename"));
		json_put_inside(w, m->name_raw.len ? m->name_raw : STR("document.pdf"));
		put_data_url(w, STR("file_data"), m, job->arena);
		return;
	}
	put_raw_if(w, STR("filename"), m->source == TALK_ID ? STR("") : m->name_raw);
	put_raw_if(w, m->source == TALK_ID ? STR("file_id") : STR("file_url"), m->raw);
}

static void put_audio(struct json_writer *w, const struct talk_media *m)
{
	struct str format = str_part(m->type, str_find_byte(m->type, '/') + 1, m->type.len);

	json_key_text(w, STR("type"), STR("input_audio"));
	json_put_key(w, STR("input_audio"));
	json_open_object(w);
	put_raw_if(w, STR("data"), m->raw);
	json_key_text(w, STR("format"), format);
	json_close_object(w);
}

static void put_text(struct json_writer *w, const char *type, struct str raw)
{
	json_key_text(w, STR("type"), str_of(type));
	json_put_key(w, STR("text"));
	json_put_inside(w, raw);
}

/* A part of what a user said, or of a tool's result. */
static void put_input(struct wire_job *job, struct json_writer *w, const struct talk_part *p)
{
	json_open_object(w);
	if (p->kind == TALK_IMAGE)
		put_image(job, w, &p->media);
	else if (p->kind == TALK_FILE && p->media.source == TALK_PLAIN)
		put_text(w, "input_text", p->media.raw);
	else if (p->kind == TALK_FILE)
		put_file(job, w, &p->media);
	else if (p->kind == TALK_AUDIO)
		put_audio(w, &p->media);
	else
		put_text(w, "input_text", p->text_raw);
	json_close_object(w);
}

/* ---- items ---- */

static void begin_item(struct json_writer *w, const char *type)
{
	json_open_object(w);
	json_key_text(w, STR("type"), str_of(type));
}

static void put_said(struct wire_job *job, struct json_writer *w, const struct talk_turn *t)
{
	static const struct str roles[] = {[TALK_SYSTEM] = STR_INIT("system"),
	                                   [TALK_DEVELOPER] = STR_INIT("developer"),
	                                   [TALK_USER] = STR_INIT("user")};

	begin_item(w, "message");
	json_key_text(w, STR("role"), roles[t->role]);
	json_put_key(w, STR("content"));
	json_open_array(w);
	for (int i = 0; i < t->part_count; i++)
		put_input(job, w, &t->parts[i]);
	json_close_array(w);
	json_close_object(w);
}

static void put_answered(struct json_writer *w, const struct talk_part *p)
{
	bool is_refusal = p->kind == TALK_REFUSAL;

	begin_item(w, "message");
	json_key_text(w, STR("role"), STR("assistant"));
	json_put_key(w, STR("content"));
	json_open_array(w);
	json_open_object(w);
	json_key_text(w, STR("type"), is_refusal ? STR("refusal") : STR("output_text"));
	json_put_key(w, is_refusal ? STR("refusal") : STR("text"));
	json_put_inside(w, p->text_raw);
	if (!is_refusal)
		json_key_raw(w, STR("annotations"), STR("[]"));
	json_close_object(w);
	json_close_array(w);
	json_close_object(w);
}

/* The driver lets pass only what this provider sealed. */
static void put_thinking(struct json_writer *w, const struct talk_part *p)
{
	begin_item(w, "reasoning");
	put_text_if(w, STR("id"), p->seal.id);
	json_put_key(w, STR("summary"));
	json_open_array(w);
	if (p->text_raw.len) {
		json_open_object(w);
		put_text(w, "summary_text", p->text_raw);
		json_close_object(w);
	}
	json_close_array(w);
	put_raw_if(w, STR("encrypted_content"), p->seal.raw);
	json_close_object(w);
}

static void put_call(struct wire_job *job, struct json_writer *w, const struct talk_part *p)
{
	bool is_custom = p->call == TALK_CUSTOM;

	begin_item(w, is_custom ? "custom_tool_call" : "function_call");
	json_key_text(w, STR("call_id"), p->id);
	json_key_text(w, STR("name"), p->name);
	json_put_key(w, is_custom ? STR("input") : STR("arguments"));
	json_put_inside(w, is_custom ? p->input_raw : put_input_raw(p, job->arena));
	json_close_object(w);
}

static bool is_one_text(const struct talk_part *p)
{
	return p->part_count == 0 || (p->part_count == 1 && p->parts[0].kind == TALK_TEXT);
}

static void put_result(struct wire_job *job, struct json_writer *w, const struct talk_part *p)
{
	begin_item(w, p->call == TALK_CUSTOM ? "custom_tool_call_output" : "function_call_output");
	json_key_text(w, STR("call_id"), p->id);
	json_put_key(w, STR("output"));
	if (is_one_text(p)) {
		json_put_inside(w, p->part_count ? p->parts[0].text_raw : STR(""));
	} else {
		json_open_array(w);
		for (int i = 0; i < p->part_count; i++)
			put_input(job, w, &p->parts[i]);
		json_close_array(w);
	}
	json_close_object(w);
}

static void put_part(struct wire_job *job, struct json_writer *w, const struct talk_part *p)
{
	if (p->kind == TALK_THINKING)
		put_thinking(w, p);
	else if (p->kind == TALK_CALL)
		put_call(job, w, p);
	else if (p->kind == TALK_RESULT)
		put_result(job, w, p);
	else if (p->kind == TALK_TEXT || p->kind == TALK_REFUSAL)
		put_answered(w, p);
}

static void put_turns(struct wire_job *job, struct json_writer *w, const struct talk *talk)
{
	json_put_key(w, STR("input"));
	json_open_array(w);
	for (int i = 0; i < talk->turn_count; i++) {
		const struct talk_turn *t = &talk->turns[i];

		if (t->role != TALK_ASSISTANT && t->role != TALK_TOOL) {
			put_said(job, w, t);
			continue;
		}
		for (int k = 0; k < t->part_count; k++)
			put_part(job, w, &t->parts[k]);
	}
	json_close_array(w);
}

/* ---- tools ---- */

/* {"type":"grammar","syntax":"lark","definition":".."}; free text where it is left out. */
static void put_grammar(struct json_writer *w, const struct talk_tool *tool)
{
	if (tool->grammar_raw.len == 0)
		return;
	json_put_key(w, STR("format"));
	begin_item(w, "grammar");
	put_text_if(w, STR("syntax"), tool->syntax);
	put_raw_if(w, STR("definition"), tool->grammar_raw);
	json_close_object(w);
}

static void put_search(struct json_writer *w, const struct talk_tool *tool)
{
	begin_item(w, "web_search");
	if (tool->domains_json.len) {
		json_put_key(w, STR("filters"));
		json_open_object(w);
		json_key_raw(w, STR("allowed_domains"), tool->domains_json);
		json_close_object(w);
	}
	json_close_object(w);
}

static void put_tool(struct wire_job *job, struct json_writer *w, const struct talk_tool *tool)
{
	if (tool->kind == TALK_TOOL_SERVER) {
		put_search(w, tool);
		return;
	}
	begin_item(w, tool->kind == TALK_TOOL_CUSTOM ? "custom" : "function");
	json_key_text(w, STR("name"), tool->name);
	put_raw_if(w, STR("description"), tool->description_raw);
	if (tool->kind == TALK_TOOL_CUSTOM) {
		put_grammar(w, tool);
	} else {
		json_key_raw(w, STR("parameters"),
		             tool->schema_json.len
		                 ? tool->schema_json
		                 : STR("{\"type\":\"object\",\"properties\":{}}"));
		if (!job_has_habit(job, WIRE_NO_STRICT))
			json_key_bool(w, STR("strict"), tool->strict == TALK_YES);
	}
	json_close_object(w);
}

static void put_named(const struct wire_job *job, struct json_writer *w, struct str name)
{
	const struct rename_tool *tool = rename_find(&job->renames, name);
	bool is_custom = tool && tool->kind == TALK_TOOL_CUSTOM && !tool->is_wrapped;

	json_open_object(w);
	json_key_text(w, STR("type"), is_custom ? STR("custom") : STR("function"));
	json_key_text(w, STR("name"), name);
	json_close_object(w);
}

static void put_choice(const struct wire_job *job, struct json_writer *w, const struct talk *talk)
{
	static const struct str words[] = {[TALK_CHOICE_AUTO] = STR_INIT("auto"),
	                                   [TALK_CHOICE_NONE] = STR_INIT("none"),
	                                   [TALK_CHOICE_REQUIRED] = STR_INIT("required")};
	const struct talk_choice *c = &talk->choice;

	if (c->kind == TALK_CHOICE_UNSET)
		return;
	json_put_key(w, STR("tool_choice"));
	if (c->kind == TALK_CHOICE_NAMED) {
		put_named(job, w, c->names[0]);
	} else if (c->name_count == 0) {
		json_put_text(w, words[c->kind]);
	} else {
		begin_item(w, "allowed_tools");
		json_key_text(w, STR("mode"), words[c->kind]);
		json_put_key(w, STR("tools"));
		json_open_array(w);
		for (int i = 0; i < c->name_count; i++)
			put_named(job, w, c->names[i]);
		json_close_array(w);
		json_close_object(w);
	}
}

static void put_tools(struct wire_job *job, struct json_writer *w, const struct talk *talk)
{
	if (talk->tool_count == 0)
		return;
	json_put_key(w, STR("tools"));
	json_open_array(w);
	for (int i = 0; i < talk->tool_count; i++)
		put_tool(job, w, &talk->tools[i]);
	json_close_array(w);
	put_choice(job, w, talk);
	if (talk->choice.parallel == TALK_NO)
		json_key_bool(w, STR("parallel_tool_calls"), false);
	if (job->target.calls.is_set)
		json_key_i64(w, STR("max_tool_calls"), job->target.calls.all);
}

/* ---- options ---- */

static struct str effort_word(enum talk_effort effort)
{
	return str_of(talk_effort_word(effort == TALK_EFFORT_MAX ? TALK_EFFORT_XHIGH : effort));
}

/* A client that shows thinking gets the summary; one that can carry its proof gets that too. */
static void put_reasoning(struct wire_job *job, struct json_writer *w, const struct talk *talk)
{
	const struct talk_thinking *t = &talk->thinking;
	enum talk_effort effort = t->is_off ? TALK_EFFORT_NONE : put_effort(t);
	bool shows = job->client == LLM_MESSAGES && !t->is_off &&
	             (effort != TALK_EFFORT_UNSET || t->is_adaptive);

	if (!(job->target.can & LLM_CAN_THINKING))
		return;
	if (effort != TALK_EFFORT_UNSET || t->summary.len || shows) {
		json_put_key(w, STR("reasoning"));
		json_open_object(w);
		put_text_if(w, STR("effort"), effort_word(effort));
		put_text_if(w, STR("summary"), shows ? STR("auto") : t->summary);
		json_close_object(w);
	}
}

static void put_include(struct wire_job *job, struct json_writer *w, const struct talk *talk)
{
	bool wants_seal = (job->target.can & LLM_CAN_THINKING) &&
	                  (job->client == LLM_MESSAGES || talk->thinking.wants_sealed);

	if (!wants_seal && !talk->options.logprobs)
		return;
	json_put_key(w, STR("include"));
	json_open_array(w);
	if (wants_seal)
		json_put_text(w, STR("reasoning.encrypted_content"));
	if (talk->options.logprobs)
		json_put_text(w, STR("message.output_text.logprobs"));
	json_close_array(w);
}

static void put_text_config(struct json_writer *w, const struct talk *talk)
{
	const struct talk_format *f = &talk->format;

	if (f->kind <= TALK_FORMAT_TEXT && talk->options.verbosity.len == 0)
		return;
	json_put_key(w, STR("text"));
	json_open_object(w);
	put_text_if(w, STR("verbosity"), talk->options.verbosity);
	if (f->kind > TALK_FORMAT_TEXT) {
		json_put_key(w, STR("format"));
		begin_item(w, f->kind == TALK_FORMAT_JSON ? "json_object" : "json_schema");
		if (f->kind == TALK_FORMAT_SCHEMA) {
			json_key_text(w, STR("name"), f->name.len ? f->name : STR("answer"));
			put_raw_if(w, STR("description"), f->description_raw);
			json_key_raw(w, STR("schema"), f->schema_json);
			put_flag_if(w, STR("strict"), f->strict);
		}
		json_close_object(w);
	}
	json_close_object(w);
}

/* What other dialects allow below it is how clients ask whether a model is there at all. */
static int64_t max_output(struct wire_job *job, int64_t asked)
{
	if (job->client == LLM_RESPONSES || asked >= PUT_LEAST_RESPONSES_OUTPUT)
		return asked;
	job_warn(job, job->talk->use.at[FEATURE_MAX_OUTPUT].node,
	         "raised to %d, the least that responses take", PUT_LEAST_RESPONSES_OUTPUT);
	return PUT_LEAST_RESPONSES_OUTPUT;
}

static void put_options(struct wire_job *job, struct json_writer *w, const struct talk *talk)
{
	const struct talk_options *o = &talk->options;

	if (o->max_output)
		json_key_i64(w, STR("max_output_tokens"), max_output(job, o->max_output));
	put_json_if(w, STR("temperature"), o->temperature_json);
	put_json_if(w, STR("top_p"), o->top_p_json);
	if (o->top_logprobs)
		json_key_i64(w, STR("top_logprobs"), o->top_logprobs);
	put_json_if(w, STR("metadata"), o->metadata_json);
	put_raw_if(w, STR("user"), o->user_raw);
	put_raw_if(w, STR("safety_identifier"), o->safety_id_raw);
	put_raw_if(w, STR("prompt_cache_key"), o->cache_key_raw);
	put_text_if(w, STR("service_tier"),
	            str_eq(o->service_tier, STR("standard_only")) ? STR("default")
	                                                          : o->service_tier);
	if (!job_has_habit(job, WIRE_NO_STORE))
		json_key_bool(w, STR("store"), o->store == TALK_YES);
	if (o->stream)
		json_key_bool(w, STR("stream"), true);
}

int responses_write_request(struct wire_job *job, const struct talk *talk, struct buf *out)
{
	struct json_writer w;

	json_writer_init(&w, out);
	json_open_object(&w);
	json_key_text(&w, STR("model"), job->target.model);
	put_options(job, &w, talk);
	put_reasoning(job, &w, talk);
	put_include(job, &w, talk);
	put_text_config(&w, talk);
	put_tools(job, &w, talk);
	put_turns(job, &w, talk);
	json_close_object(&w);
	return 0;
}
