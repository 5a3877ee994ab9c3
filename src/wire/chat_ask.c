/* A talk as a chat request, for providers of that dialect.
 *
 * 	tool turns   one message of role tool per result; images in results go behind the last one,
 * 	             in a user message, for tool messages hold text only
 * 	texts        a user's parts stay parts; other roles get one string, which is all that many
 * 	             providers of this dialect take
 * 	thinking     reasoning_content, where the driver left any; providers that want it back want
 * 	             it beside every call, if only empty
 *
 * Called by the driver, which has already warned of or refused what this dialect lacks. Must
 * never write a member that was not asked for. */
#include "wire/chat_talk.h"

#include "wire/put.h"

struct asking {
	struct wire_job *job;
	const struct talk *talk;
	struct json_writer w;
};

/* ---- parts ---- */

static struct str data_url(const struct asking *a, const struct talk_media *m)
{
	return ARENA_JOIN(a->job->arena, STR("data:"), m->type, STR(";base64,"), m->raw);
}

static void open_part(struct asking *a, struct str type)
{
	json_open_object(&a->w);
	json_key_text(&a->w, STR("type"), type);
}

static void put_text_part(struct asking *a, struct str raw)
{
	open_part(a, STR("text"));
	json_put_key(&a->w, STR("text"));
	json_put_inside(&a->w, raw);
	json_close_object(&a->w);
}

static void put_image(struct asking *a, const struct talk_media *m)
{
	open_part(a, STR("image_url"));
	json_put_key(&a->w, STR("image_url"));
	json_open_object(&a->w);
	json_put_key(&a->w, STR("url"));
	json_put_inside(&a->w, m->source == TALK_BYTES ? data_url(a, m) : m->raw);
	put_text_if(&a->w, STR("detail"), m->detail);
	json_close_object(&a->w);
	json_close_object(&a->w);
}

static void put_audio(struct asking *a, const struct talk_media *m)
{
	struct str format = str_part(m->type, str_find_byte(m->type, '/') + 1, m->type.len);

	open_part(a, STR("input_audio"));
	json_put_key(&a->w, STR("input_audio"));
	json_open_object(&a->w);
	put_raw_if(&a->w, STR("data"), m->raw);
	json_key_text(&a->w, STR("format"), str_eq(format, STR("mpeg")) ? STR("mp3") : format);
	json_close_object(&a->w);
	json_close_object(&a->w);
}

/* A file's bytes need a name there. */
static void put_file(struct asking *a, const struct talk_media *m)
{
	if (m->source == TALK_PLAIN) {
		put_text_part(a, m->raw);
		return;
	}
	open_part(a, STR("file"));
	json_put_key(&a->w, STR("file"));
	json_open_object(&a->w);
	put_raw_if(&a->w, STR("filename"),
	           m->name_raw.len || m->source == TALK_ID ? m->name_raw : STR("document.pdf"));
	put_raw_if(&a->w, STR("file_id"), m->source == TALK_ID ? m->raw : STR(""));
	put_raw_if(&a->w, STR("file_data"), m->source == TALK_BYTES ? data_url(a, m) : STR(""));
	json_close_object(&a->w);
	json_close_object(&a->w);
}

static void put_part(struct asking *a, const struct talk_part *part)
{
	switch (part->kind) {
	case TALK_TEXT:
	case TALK_REFUSAL:
		put_text_part(a, part->text_raw);
		break;
	case TALK_IMAGE:
		put_image(a, &part->media);
		break;
	case TALK_AUDIO:
		put_audio(a, &part->media);
		break;
	case TALK_FILE:
		put_file(a, &part->media);
		break;
	default:
		break;
	}
}

/* ---- messages ---- */

static void put_content_text(struct asking *a, const struct talk_part *parts, int count)
{
	json_put_key(&a->w, STR("content"));
	json_put_inside(&a->w, put_joined_text(parts, count, a->job->arena));
}

static void put_content_parts(struct asking *a, const struct talk_part *parts, int count)
{
	json_put_key(&a->w, STR("content"));
	json_open_array(&a->w);
	for (int i = 0; i < count; i++)
		put_part(a, &parts[i]);
	json_close_array(&a->w);
}

static const struct talk_part *find_kind(const struct talk_turn *t, enum talk_kind kind)
{
	for (int i = 0; i < t->part_count; i++)
		if (t->parts[i].kind == kind)
			return &t->parts[i];
	return NULL;
}

static void put_call(struct asking *a, const struct talk_part *call)
{
	bool is_custom = call->call == TALK_CUSTOM;

	json_open_object(&a->w);
	json_key_text(&a->w, STR("id"), call->id);
	json_key_text(&a->w, STR("type"), is_custom ? STR("custom") : STR("function"));
	json_put_key(&a->w, is_custom ? STR("custom") : STR("function"));
	json_open_object(&a->w);
	json_key_text(&a->w, STR("name"), call->name);
	json_put_key(&a->w, is_custom ? STR("input") : STR("arguments"));
	json_put_inside(&a->w, is_custom ? call->input_raw : put_input_raw(call, a->job->arena));
	json_close_object(&a->w);
	json_close_object(&a->w);
}

static void put_calls(struct asking *a, const struct talk_turn *t)
{
	if (find_kind(t, TALK_CALL) == NULL)
		return;
	json_put_key(&a->w, STR("tool_calls"));
	json_open_array(&a->w);
	for (int i = 0; i < t->part_count; i++)
		if (t->parts[i].kind == TALK_CALL)
			put_call(a, &t->parts[i]);
	json_close_array(&a->w);
}

/* MiniMax: [{"type":"reasoning.text","text":".."}]; all others: one text. */
static void put_thoughts(struct asking *a, struct str raw)
{
	if (!job_has_habit(a->job, WIRE_SPLITS_REASONING) || raw.len == 0) {
		put_raw_if(&a->w, STR("reasoning_content"), raw);
		return;
	}
	json_put_key(&a->w, STR("reasoning_details"));
	json_open_array(&a->w);
	json_open_object(&a->w);
	json_key_text(&a->w, STR("type"), STR("reasoning.text"));
	put_raw_if(&a->w, STR("text"), raw);
	json_close_object(&a->w);
	json_close_array(&a->w);
}

/* Several thoughts of one turn are one text here. */
static void put_reasoning(struct asking *a, const struct talk_turn *t)
{
	struct talk_part *thoughts =
	    ARENA_ARRAY(a->job->arena, struct talk_part, (size_t)t->part_count + 1);
	int count = 0;

	for (int i = 0; i < t->part_count; i++)
		if (t->parts[i].kind == TALK_THINKING) {
			thoughts[count] = t->parts[i];
			thoughts[count++].kind = TALK_TEXT;
		}
	put_thoughts(a, put_joined_text(thoughts, count, a->job->arena));
}

static void put_past_audio(struct asking *a, const struct talk_turn *t)
{
	const struct talk_part *audio = find_kind(t, TALK_AUDIO);

	if (audio == NULL)
		return;
	json_put_key(&a->w, STR("audio"));
	json_open_object(&a->w);
	put_raw_if(&a->w, STR("id"), audio->media.raw);
	json_close_object(&a->w);
}

static void put_assistant(struct asking *a, const struct talk_turn *t)
{
	const struct talk_part *refusal = find_kind(t, TALK_REFUSAL);

	if (find_kind(t, TALK_THINKING))
		put_reasoning(a, t);
	else if (find_kind(t, TALK_CALL) && job_has_habit(a->job, WIRE_SENDS_REASONING) &&
	         !job_has_habit(a->job, WIRE_SPLITS_REASONING))
		json_key_text(&a->w, STR("reasoning_content"), STR(""));
	if (find_kind(t, TALK_TEXT))
		put_content_text(a, t->parts, t->part_count);
	else if (find_kind(t, TALK_CALL) || refusal || find_kind(t, TALK_AUDIO))
		json_key_null(&a->w, STR("content"));
	else
		json_key_text(&a->w, STR("content"), STR(""));
	if (refusal)
		put_raw_if(&a->w, STR("refusal"), refusal->text_raw);
	put_past_audio(a, t);
	put_calls(a, t);
}

static bool is_text_only(const struct talk_turn *t)
{
	return t->part_count == 0 || (t->part_count == 1 && t->parts[0].kind == TALK_TEXT);
}

static struct str role_word(const struct asking *a, enum talk_role role)
{
	switch (role) {
	case TALK_SYSTEM:
		return STR("system");
	case TALK_DEVELOPER:
		return job_has_habit(a->job, WIRE_NO_DEVELOPER) ? STR("system") : STR("developer");
	case TALK_ASSISTANT:
		return STR("assistant");
	case TALK_TOOL:
		return STR("tool");
	case TALK_USER:
		break;
	}
	return STR("user");
}

static void put_turn(struct asking *a, const struct talk_turn *t)
{
	json_open_object(&a->w);
	json_key_text(&a->w, STR("role"), role_word(a, t->role));
	put_raw_if(&a->w, STR("name"), t->name_raw);
	if (t->role == TALK_ASSISTANT)
		put_assistant(a, t);
	else if (t->role != TALK_USER || is_text_only(t))
		put_content_text(a, t->parts, t->part_count);
	else
		put_content_parts(a, t->parts, t->part_count);
	json_close_object(&a->w);
}

static void put_results(struct asking *a, const struct talk_turn *t)
{
	for (int i = 0; i < t->part_count; i++) {
		const struct talk_part *result = &t->parts[i];

		if (result->kind != TALK_RESULT)
			continue;
		json_open_object(&a->w);
		json_key_text(&a->w, STR("role"), STR("tool"));
		json_key_text(&a->w, STR("tool_call_id"), result->id);
		put_content_text(a, result->parts, result->part_count);
		json_close_object(&a->w);
	}
}

static void keep_media(struct asking *a, struct talk_turn *shown, const struct talk_part *result)
{
	for (int i = 0; i < result->part_count; i++)
		if (result->parts[i].kind != TALK_TEXT)
			*talk_add_part(shown, a->job->arena, TALK_IMAGE, JSON_NONE) =
			    result->parts[i];
}

/* Images and files of the results of turns from..before, as the dialect lets a user show them. */
static void put_media_of(struct asking *a, int from, int before)
{
	struct talk_turn shown = {.role = TALK_USER};

	for (int i = from; i < before; i++)
		for (int k = 0; k < a->talk->turns[i].part_count; k++)
			keep_media(a, &shown, &a->talk->turns[i].parts[k]);
	if (shown.part_count)
		put_turn(a, &shown);
}

static void put_messages(struct asking *a)
{
	int results_from = -1;

	json_put_key(&a->w, STR("messages"));
	json_open_array(&a->w);
	for (int i = 0; i < a->talk->turn_count; i++) {
		const struct talk_turn *t = &a->talk->turns[i];

		if (t->role == TALK_TOOL) {
			results_from = results_from < 0 ? i : results_from;
			put_results(a, t);
			continue;
		}
		if (results_from >= 0)
			put_media_of(a, results_from, i);
		results_from = -1;
		put_turn(a, t);
	}
	if (results_from >= 0)
		put_media_of(a, results_from, a->talk->turn_count);
	json_close_array(&a->w);
}

/* ---- tools ---- */

static void put_grammar(struct asking *a, const struct talk_tool *t)
{
	if (t->grammar_raw.len == 0)
		return;
	json_put_key(&a->w, STR("format"));
	json_open_object(&a->w);
	json_key_text(&a->w, STR("type"), STR("grammar"));
	json_put_key(&a->w, STR("grammar"));
	json_open_object(&a->w);
	json_key_text(&a->w, STR("syntax"), t->syntax);
	put_raw_if(&a->w, STR("definition"), t->grammar_raw);
	json_close_object(&a->w);
	json_close_object(&a->w);
}

static void put_tool(struct asking *a, const struct talk_tool *t)
{
	bool is_custom = t->kind == TALK_TOOL_CUSTOM;

	json_open_object(&a->w);
	json_key_text(&a->w, STR("type"), is_custom ? STR("custom") : STR("function"));
	json_put_key(&a->w, is_custom ? STR("custom") : STR("function"));
	json_open_object(&a->w);
	json_key_text(&a->w, STR("name"), t->name);
	put_raw_if(&a->w, STR("description"), t->description_raw);
	if (is_custom)
		put_grammar(a, t);
	else
		put_json_if(&a->w, STR("parameters"), t->schema_json);
	put_flag_if(&a->w, STR("strict"), is_custom ? TALK_UNSET : t->strict);
	json_close_object(&a->w);
	json_close_object(&a->w);
}

static void put_named(struct asking *a, struct str name)
{
	const struct rename_tool *tool = rename_find(&a->job->renames, name);
	bool is_custom = tool && tool->kind == TALK_TOOL_CUSTOM && !tool->is_wrapped;

	json_open_object(&a->w);
	json_key_text(&a->w, STR("type"), is_custom ? STR("custom") : STR("function"));
	json_put_key(&a->w, is_custom ? STR("custom") : STR("function"));
	json_open_object(&a->w);
	json_key_text(&a->w, STR("name"), name);
	json_close_object(&a->w);
	json_close_object(&a->w);
}

static struct str choice_word(enum talk_choice_kind kind)
{
	if (kind == TALK_CHOICE_REQUIRED)
		return STR("required");
	return kind == TALK_CHOICE_NONE ? STR("none") : STR("auto");
}

static void put_allowed(struct asking *a, const struct talk_choice *c)
{
	json_open_object(&a->w);
	json_key_text(&a->w, STR("type"), STR("allowed_tools"));
	json_put_key(&a->w, STR("allowed_tools"));
	json_open_object(&a->w);
	json_key_text(&a->w, STR("mode"), choice_word(c->kind));
	json_put_key(&a->w, STR("tools"));
	json_open_array(&a->w);
	for (int i = 0; i < c->name_count; i++)
		put_named(a, c->names[i]);
	json_close_array(&a->w);
	json_close_object(&a->w);
	json_close_object(&a->w);
}

static void put_choice(struct asking *a)
{
	const struct talk_choice *c = &a->talk->choice;

	if (c->kind == TALK_CHOICE_UNSET)
		return;
	json_put_key(&a->w, STR("tool_choice"));
	if (c->kind == TALK_CHOICE_NAMED)
		put_named(a, c->names[0]);
	else if (c->name_count)
		put_allowed(a, c);
	else
		json_put_text(&a->w, choice_word(c->kind));
}

static void put_tools(struct asking *a)
{
	int count = 0;

	for (int i = 0; i < a->talk->tool_count; i++) {
		if (a->talk->tools[i].kind == TALK_TOOL_SERVER)
			continue;
		if (count++ == 0) {
			json_put_key(&a->w, STR("tools"));
			json_open_array(&a->w);
		}
		put_tool(a, &a->talk->tools[i]);
	}
	if (count == 0) /* a choice without tools is refused there */
		return;
	json_close_array(&a->w);
	put_choice(a);
	put_flag_if(&a->w, STR("parallel_tool_calls"), a->talk->choice.parallel);
}

/* ---- options ---- */

static void put_format(struct asking *a)
{
	const struct talk_format *f = &a->talk->format;

	if (f->kind == TALK_FORMAT_UNSET)
		return;
	json_put_key(&a->w, STR("response_format"));
	json_open_object(&a->w);
	if (f->kind == TALK_FORMAT_SCHEMA) {
		json_key_text(&a->w, STR("type"), STR("json_schema"));
		json_put_key(&a->w, STR("json_schema"));
		json_open_object(&a->w);
		json_key_text(&a->w, STR("name"), f->name.len ? f->name : STR("response"));
		put_raw_if(&a->w, STR("description"), f->description_raw);
		put_json_if(&a->w, STR("schema"), f->schema_json);
		put_flag_if(&a->w, STR("strict"), f->strict);
		json_close_object(&a->w);
	} else {
		json_key_text(&a->w, STR("type"),
		              f->kind == TALK_FORMAT_JSON ? STR("json_object") : STR("text"));
	}
	json_close_object(&a->w);
}

static void put_limits(struct asking *a)
{
	const struct talk_options *o = &a->talk->options;
	struct str key = job_has_habit(a->job, WIRE_OLD_MAX_TOKENS) ? STR("max_tokens")
	                                                            : STR("max_completion_tokens");

	if (o->max_output)
		json_key_i64(&a->w, key, o->max_output);
	if (o->stop_count == 0)
		return;
	json_put_key(&a->w, STR("stop"));
	json_open_array(&a->w);
	for (int i = 0; i < o->stop_count; i++)
		json_put_inside(&a->w, o->stops_raw[i]);
	json_close_array(&a->w);
}

/* Providers that turn thinking on and off by a member of their own; that it is not mentioned means
 * something else at each model. */
static void put_switch(struct asking *a, enum talk_effort effort)
{
	bool thinks = effort != TALK_EFFORT_NONE;

	if (effort == TALK_EFFORT_UNSET)
		return;
	if (job_has_habit(a->job, WIRE_SWITCHES_THINKING))
		json_key_raw(&a->w, STR("thinking"),
		             thinks ? STR("{\"type\":\"enabled\"}")
		                    : STR("{\"type\":\"disabled\"}"));
	if (job_has_habit(a->job, WIRE_ENABLES_THINKING))
		json_key_bool(&a->w, STR("enable_thinking"), thinks);
}

/* "none" only where the client said so: most models of this dialect do not know the word. */
static void put_effort_word(struct asking *a)
{
	const struct talk_thinking *t = &a->talk->thinking;
	enum talk_effort effort = put_effort(t);

	put_switch(a, effort);
	if (effort == TALK_EFFORT_NONE &&
	    (t->effort != TALK_EFFORT_NONE || job_has_habit(a->job, WIRE_SWITCHES_THINKING)))
		return;
	if (job_has_habit(a->job, WIRE_ENABLES_THINKING))
		return;
	if (effort == TALK_EFFORT_MAX)
		effort = TALK_EFFORT_XHIGH;
	put_text_if(&a->w, STR("reasoning_effort"), str_of(talk_effort_word(effort)));
}

static void put_sampling(struct asking *a)
{
	const struct talk_options *o = &a->talk->options;

	put_json_if(&a->w, STR("temperature"), o->temperature_json);
	put_json_if(&a->w, STR("top_p"), o->top_p_json);
	put_json_if(&a->w, STR("seed"), o->seed_json);
	put_json_if(&a->w, STR("frequency_penalty"), o->frequency_penalty_json);
	put_json_if(&a->w, STR("presence_penalty"), o->presence_penalty_json);
	put_json_if(&a->w, STR("logit_bias"), o->logit_bias_json);
	if (!o->logprobs)
		return;
	json_key_bool(&a->w, STR("logprobs"), true);
	if (o->top_logprobs)
		json_key_i64(&a->w, STR("top_logprobs"), o->top_logprobs);
}

static void put_names(struct asking *a)
{
	const struct talk_options *o = &a->talk->options;

	put_json_if(&a->w, STR("metadata"), o->metadata_json);
	put_raw_if(&a->w, STR("user"), o->user_raw);
	put_raw_if(&a->w, STR("safety_identifier"), o->safety_id_raw);
	put_raw_if(&a->w, STR("prompt_cache_key"), o->cache_key_raw);
	put_text_if(&a->w, STR("service_tier"), o->service_tier);
	put_text_if(&a->w, STR("verbosity"), o->verbosity);
	put_flag_if(&a->w, STR("store"), o->store);
}

static void put_stream(struct asking *a)
{
	if (!a->talk->options.stream)
		return;
	json_key_bool(&a->w, STR("stream"), true);
	if (!job_has_habit(a->job, WIRE_NO_STREAM_OPTIONS))
		json_key_raw(&a->w, STR("stream_options"), STR("{\"include_usage\":true}"));
}

int chat_write_request(struct wire_job *job, const struct talk *t, struct buf *out)
{
	struct asking a = {.job = job, .talk = t};

	json_writer_init(&a.w, out);
	json_open_object(&a.w);
	json_key_text(&a.w, STR("model"), job->target.model);
	put_messages(&a);
	put_tools(&a);
	put_format(&a);
	put_limits(&a);
	put_effort_word(&a);
	if (job_has_habit(job, WIRE_SPLITS_REASONING))
		json_key_bool(&a.w, STR("reasoning_split"), true);
	put_sampling(&a);
	put_names(&a);
	put_stream(&a);
	json_close_object(&a.w);
	return 0;
}
