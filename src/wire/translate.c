/* The driver of translations.
 *
 *	read_talk -> what can the target not say? (warn, refuse) -> rename -> write_request
 *	read_event -> flow -> the client's events
 *
 * What every pair of dialects has in common is done here, so that no dialect needs to know it:
 * features that a target lacks, names and ids, custom tools for targets that only have functions,
 * thinking that only its maker takes back. Called by request and relay, for requests whose target
 * speaks another dialect than the client. Must never let a part of the request vanish unnamed. */
#include "wire/translate.h"

#include "base/encode.h"
#include "base/hash.h"
#include "wire/chat.h"
#include "wire/compact.h"
#include "wire/gemini.h"
#include "wire/messages.h"
#include "wire/responses.h"
#include "wire/put.h"
#include "wire/wire.h"

enum { USER_BYTES_MAX = 64, USER_HASH_BYTES = 16 };

static const struct translator *const rows[LLM_WIRES] = {
    [LLM_CHAT] = &wire_chat_translator,
    [LLM_RESPONSES] = &wire_responses_translator,
    [LLM_MESSAGES] = &wire_messages_translator,
    [LLM_GEMINI] = &wire_gemini_translator,
};

const struct translator *translate_row(enum llm_dialect d)
{
	must(d < LLM_WIRES);
	return rows[d];
}

bool translate_is_possible(enum llm_dialect client, enum llm_dialect target)
{
	return client < LLM_DIALECTS && rows[client] && rows[target];
}

/* ---- features ---- */

/* Features that a habit of the target takes away, and what they leave. */
static const struct {
	enum wire_habit habit;
	enum feature feature;
	enum feature_level level;
} habits[] = {
    {WIRE_NO_EFFORT, FEATURE_EFFORT, FEATURE_LACKS},
    {WIRE_NO_EFFORT, FEATURE_BUDGET, FEATURE_LACKS},
    {WIRE_NO_STRICT, FEATURE_TOOL_STRICT, FEATURE_LACKS},
    {WIRE_NO_SCHEMA, FEATURE_FORMAT_SCHEMA, FEATURE_LACKS},
    {WIRE_NO_PARALLEL, FEATURE_PARALLEL, FEATURE_LACKS},
    {WIRE_NO_CUSTOM_TOOLS, FEATURE_TOOL_CUSTOM, FEATURE_CHANGES},
    {WIRE_NO_CUSTOM_TOOLS, FEATURE_CALL_CUSTOM, FEATURE_CHANGES},
    {WIRE_NO_CACHE_MARKS, FEATURE_CACHE_MARK, FEATURE_LACKS},
    {WIRE_NO_SAMPLING, FEATURE_TEMPERATURE, FEATURE_LACKS},
    {WIRE_NO_SAMPLING, FEATURE_TOP_P, FEATURE_LACKS},
    {WIRE_NO_SAMPLING, FEATURE_TOP_K, FEATURE_LACKS},
    {WIRE_NO_SAMPLING, FEATURE_PENALTY, FEATURE_LACKS},
    {WIRE_NO_SAMPLING, FEATURE_LOGIT_BIAS, FEATURE_LACKS},
    {WIRE_NO_STORE, FEATURE_STORE, FEATURE_LACKS},
    {WIRE_NO_NAMES, FEATURE_STORE, FEATURE_LACKS},
    {WIRE_NO_NAMES, FEATURE_METADATA, FEATURE_LACKS},
    {WIRE_NO_NAMES, FEATURE_CACHE_KEY, FEATURE_LACKS},
    {WIRE_NO_NAMES, FEATURE_SERVICE_TIER, FEATURE_LACKS},
    {WIRE_NO_NAMES, FEATURE_VERBOSITY, FEATURE_LACKS},
    {WIRE_NO_JSON_OBJECT, FEATURE_FORMAT_JSON, FEATURE_LACKS},
};

enum feature_fate translate_fate(enum feature f, enum llm_dialect client, enum llm_dialect target)
{
	bool goes_by_maker = f == FEATURE_THINKING || f == FEATURE_SEAL; /* see keeps_thinking */

	if (!translate_is_possible(client, target) || rows[client]->reads[f] == FEATURE_LACKS)
		return FEATURE_NEVER;
	if (goes_by_maker && client != target)
		return FEATURE_WARNED;
	if (rows[target]->writes[f] == FEATURE_LACKS)
		return feature_weight(f);
	return rows[client]->reads[f] == FEATURE_KEEPS && rows[target]->writes[f] == FEATURE_KEEPS
	           ? FEATURE_EXACT
	           : FEATURE_TRANSLATED;
}

/* A model that does not think refuses the words for it; of an unknown one nothing is known. */
static bool lacks_thinking(const struct wire_job *job, enum feature f)
{
	return (f == FEATURE_EFFORT || f == FEATURE_BUDGET) && job->target.can &&
	       !(job->target.can & LLM_CAN_THINKING);
}

static enum feature_level level_of(const struct wire_job *job, enum feature f)
{
	if (lacks_thinking(job, f))
		return FEATURE_LACKS;
	for (size_t i = 0; i < sizeof habits / sizeof habits[0]; i++)
		if (habits[i].feature == f && job_has_habit(job, habits[i].habit))
			return habits[i].level;
	return rows[job->target.dialect]->writes[f];
}

static int check_feature(struct wire_job *job, const struct talk *t, enum feature f)
{
	const char *dialect = llm_dialect_name(job->target.dialect);
	uint32_t node = t->use.at[f].node, more = t->use.at[f].count - 1;

	if (feature_weight(f) == FEATURE_REFUSED)
		return job_refuse(job, node,
		                  "%s cannot be sent to %.*s, which speaks %s; leave it out or "
		                  "name a model that takes it",
		                  feature_words(f), STR_ARG(job->target.model), dialect);
	if (more)
		job_warn(job, node, "%s left out, and %u more", feature_words(f), (unsigned)more);
	else
		job_warn(job, node, "%s left out", feature_words(f));
	return 0;
}

/* What a habit takes away must not be written by the dialect's writer, which knows no habits of
 * this kind. */
static void clear_feature(struct talk *t, enum feature f)
{
	struct talk_options *o = &t->options;
	struct str none = STR("");

	switch (f) {
	case FEATURE_EFFORT:
	case FEATURE_BUDGET:
		t->thinking = (struct talk_thinking){.wants_sealed = t->thinking.wants_sealed};
		break;
	case FEATURE_TOOL_STRICT:
		for (int i = 0; i < t->tool_count; i++)
			t->tools[i].strict = TALK_UNSET;
		break;
	case FEATURE_PARALLEL:
		t->choice.parallel = TALK_UNSET;
		break;
	case FEATURE_TEMPERATURE:
		o->temperature_json = none;
		break;
	case FEATURE_TOP_P:
		o->top_p_json = none;
		break;
	case FEATURE_TOP_K:
		o->top_k_json = none;
		break;
	case FEATURE_PENALTY:
		o->frequency_penalty_json = o->presence_penalty_json = none;
		break;
	case FEATURE_LOGIT_BIAS:
		o->logit_bias_json = none;
		break;
	case FEATURE_STORE:
		o->store = TALK_UNSET;
		break;
	case FEATURE_METADATA:
		o->metadata_json = none;
		break;
	case FEATURE_CACHE_KEY:
		o->cache_key_raw = none;
		break;
	case FEATURE_SERVICE_TIER:
		o->service_tier = none;
		break;
	case FEATURE_VERBOSITY:
		o->verbosity = none;
		break;
	default:
		break;
	}
}

static int check_features(struct wire_job *job, struct talk *t)
{
	for (int f = 0; f < FEATURE_COUNT; f++) {
		if (level_of(job, (enum feature)f) != FEATURE_LACKS)
			continue;
		if (feature_is_used(&t->use, (enum feature)f) &&
		    check_feature(job, t, (enum feature)f) < 0)
			return -1;
		clear_feature(t, (enum feature)f);
	}
	return 0;
}

/* ---- thinking ---- */

/* Only its maker takes thinking back, or a provider that wants the bare text. */
static bool keeps_thinking(struct wire_job *job, struct talk_part *part)
{
	if (put_seal_fits(&part->seal, job) && !job->leaves_thinking)
		return true;
	if (job_has_habit(job, WIRE_SENDS_REASONING) && part->text_raw.len) {
		part->seal = (struct talk_seal){.origin = LLM_WIRES};
		return true;
	}
	job_warn(job, part->node, "thinking of another provider left out");
	return false;
}

static void prune_thinking(struct wire_job *job, struct talk_turn *turn)
{
	int kept = 0;

	for (int i = 0; i < turn->part_count; i++)
		if (turn->parts[i].kind != TALK_THINKING || keeps_thinking(job, &turn->parts[i]))
			turn->parts[kept++] = turn->parts[i];
	turn->part_count = kept;
}

/* ---- names and ids ---- */

static bool wraps_custom(const struct wire_job *job)
{
	return level_of(job, FEATURE_TOOL_CUSTOM) != FEATURE_KEEPS;
}

static const struct rename_tool *map_tool(struct wire_job *job, struct str space, struct str name,
                                          enum talk_tool_kind kind)
{
	struct rename_tool *tool = rename_add(&job->renames, space, name, kind);

	tool->is_wrapped = tool->kind == TALK_TOOL_CUSTOM && wraps_custom(job);
	return tool;
}

/* The grammar is the client's own text, and the only place where the tool says what it takes. */
static void wrap_tool(struct wire_job *job, struct talk_tool *tool)
{
	struct str about = tool->grammar_raw;

	tool->kind = TALK_TOOL_FUNCTION;
	tool->schema_json = ARENA_JOIN(
	    job->arena, STR("{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\""),
	    about.len ? STR(",\"description\":\"") : STR(""), about,
	    about.len ? STR("\"") : STR(""),
	    STR("}},\"required\":[\"input\"],\"additionalProperties\":false}"));
}

static void map_tools(struct wire_job *job, struct talk *t)
{
	for (int i = 0; i < t->tool_count; i++) {
		struct talk_tool *tool = &t->tools[i];

		if (tool->kind == TALK_TOOL_SERVER)
			continue;
		tool->name = map_tool(job, tool->space, tool->name, tool->kind)->wire;
		if (tool->kind == TALK_TOOL_CUSTOM && wraps_custom(job))
			wrap_tool(job, tool);
	}
}

static void map_call(struct wire_job *job, struct talk_part *part)
{
	enum talk_tool_kind kind =
	    part->call == TALK_CUSTOM ? TALK_TOOL_CUSTOM : TALK_TOOL_FUNCTION;
	const struct rename_tool *tool = map_tool(job, part->space, part->name, kind);

	part->name = tool->wire;
	part->id = rename_id_for_target(part->id, &job->renames.rule, job->arena);
	rename_note_call(&job->renames, part->id, part);
	if (part->call != TALK_CUSTOM || !wraps_custom(job))
		return;
	part->call = TALK_FUNCTION;
	part->input_json =
	    ARENA_JOIN(job->arena, STR("{\"input\":\""), part->input_raw, STR("\"}"));
	part->input_raw = STR("");
}

/* A result has the name of its call, for dialects that ask for it. */
static void map_result(struct wire_job *job, struct talk_part *part)
{
	const struct rename_call *call;

	part->id = rename_id_for_target(part->id, &job->renames.rule, job->arena);
	call = rename_find_call(&job->renames, part->id);
	if (call)
		part->name = call->name;
	if (part->call == TALK_CUSTOM && wraps_custom(job))
		part->call = TALK_FUNCTION;
}

static void map_parts(struct wire_job *job, struct talk_turn *turn)
{
	for (int i = 0; i < turn->part_count; i++) {
		struct talk_part *part = &turn->parts[i];

		if (part->kind == TALK_CALL)
			map_call(job, part);
		else if (part->kind == TALK_RESULT)
			map_result(job, part);
	}
}

/* A choice names tools without their namespace; the first of that name is meant. */
static void map_choice(const struct wire_job *job, struct talk_choice *choice)
{
	for (int i = 0; i < choice->name_count; i++) {
		struct rename_tool *tool = rename_choose(&job->renames, choice->names[i]);

		choice->has_unnamed |= choice->names[i].len == 0;
		if (tool == NULL)
			continue;
		tool->is_chosen = true;
		choice->names[i] = tool->wire;
	}
}

static void map_talk(struct wire_job *job, struct talk *t)
{
	int kept = 0;

	map_tools(job, t);
	rename_forget_calls(&job->renames); /* by the client's ids */
	for (int i = 0; i < t->turn_count; i++) {
		bool had_parts = t->turns[i].part_count > 0;

		prune_thinking(job, &t->turns[i]);
		map_parts(job, &t->turns[i]);
		if (t->turns[i].part_count > 0 || !had_parts)
			t->turns[kept++] = t->turns[i];
	}
	t->turn_count = kept;
	map_choice(job, &t->choice);
}

/* ---- requests ---- */

/* Agents put whole objects there; OpenAI takes 64 characters and wants to tell users apart. */
static void shorten_user(struct wire_job *job, struct talk *t)
{
	struct talk_options *o = &t->options;
	bool is_messages = job->target.dialect == LLM_MESSAGES;
	uint8_t digest[HASH_SHA256_BYTES];
	char hex[2 * USER_HASH_BYTES];
	struct buf out = {.ptr = hex, .cap = sizeof hex, .max = sizeof hex};

	if (o->user_raw.len <= USER_BYTES_MAX || is_messages)
		return;
	hash_sha256(o->user_raw, digest);
	encode_hex(&out, (struct str){(const char *)digest, USER_HASH_BYTES});
	o->user_raw = arena_copy(job->arena, buf_str(&out));
	job_warn(job, t->use.at[FEATURE_USER].node, "too long for %s, sent as its hash",
	         llm_dialect_name(job->target.dialect));
}

static void clamp(struct wire_job *job, struct talk *t)
{
	int64_t most = job->target.clamp_output;

	if (most && (t->options.max_output == 0 || t->options.max_output > most))
		t->options.max_output = most;
	if (job->target.no_store && level_of(job, FEATURE_STORE) != FEATURE_LACKS)
		t->options.store = TALK_NO;
}

int translate_request(struct wire_job *job, struct buf *out)
{
	struct talk *t = ARENA_NEW(job->arena, struct talk);

	must(translate_is_possible(job->client, job->target.dialect));
	job->talk = t;
	t->options.n = 1;
	if (rows[job->client]->read_talk(job, t) < 0 || check_features(job, t) < 0)
		return -1;
	map_talk(job, t);
	if (job->compaction)
		compact_ask(job, t);
	shorten_user(job, t);
	clamp(job, t);
	if (rows[job->target.dialect]->write_request(job, t, out) < 0)
		return -1;
	if (buf_is_over(out))
		return fail(job->fail, FAIL_BODY_TOO_LARGE,
		            "the request has more than %zu bytes as %s", out->max,
		            llm_dialect_name(job->target.dialect));
	return 0;
}

/* ---- streams ---- */

static void begin_stream(struct wire_job *job)
{
	size_t reading = rows[job->target.dialect]->reading_bytes;
	size_t writing = rows[job->client]->writing_bytes;

	must(reading <= TRANSLATE_STATE_MAX && writing <= TRANSLATE_STATE_MAX);
	job->flow = flow_new(job);
	job->reading = arena_get(job->arena, reading + 1);
	job->writing = arena_get(job->arena, writing + 1);
}

int translate_read(struct wire_job *job, const struct sse_event *e, struct talk_events *out)
{
	if (job->flow == NULL)
		begin_stream(job);
	flow_begin(job->flow);
	if (e->has_data && rows[job->target.dialect]->read_event(job, e, job->flow) < 0)
		return -1;
	out->list = flow_events(job->flow, &out->count);
	if (job->compaction && compact_events(job, out) < 0)
		return -1;
	return flow_is_broken(job->flow) ? -1 : 0;
}

void translate_write(struct wire_job *job, const struct talk_event *e, struct buf *out)
{
	if (e->type != TALK_ERROR)
		rows[job->client]->write_event(job, e, out);
}

void translate_write_error(struct wire_job *job, const struct fail *f, struct buf *out)
{
	if (rows[job->client]->write_error && job->writing)
		rows[job->client]->write_error(job, f, out);
	else
		wire_dialect(job->client)
		    ->put_stream_error(out, f, job->request_id, job->writing == NULL);
}

/* ---- whole answers ---- */

static void own_part(struct wire_job *job, struct talk_part *part, int number)
{
	const struct rename_tool *tool = rename_find(&job->renames, part->name);

	if (part->id.len)
		part->id = rename_id_for_client(part->id, job->client, job->arena);
	else
		part->id = rename_new_id(job->request_id, number, job->client, job->arena);
	if (tool == NULL)
		return;
	part->name = tool->name;
	part->space = tool->space;
	if (tool->kind == TALK_TOOL_CUSTOM)
		part->call = TALK_CUSTOM;
	if (tool->is_wrapped) {
		part->input_raw = put_unwrapped(put_input_raw(part, job->arena), job->arena);
		part->input_json = STR("");
	}
}

static void keep_notes(struct wire_job *job, struct talk_part *part)
{
	int kept = 0;

	for (int i = 0; i < part->note_count; i++)
		if (talk_note_is_for(&part->notes[i], job->client))
			part->notes[kept++] = part->notes[i];
		else
			job_lose(job, TALK_NOTE_WORDS);
	part->note_count = kept;
}

int translate_answer(struct wire_job *job, const struct json *doc, struct talk_answer *out)
{
	bool has_calls = false;

	*out = (struct talk_answer){0};
	if (rows[job->target.dialect]->read_answer(job, doc, out) < 0)
		return -1;
	for (int i = 0; i < out->part_count; i++) {
		keep_notes(job, &out->parts[i]);
		if (out->parts[i].kind != TALK_CALL)
			continue;
		if (out->parts[i].name.len == 0)
			return -1; /* a call that nobody can run */
		own_part(job, &out->parts[i], i);
		has_calls = true;
	}
	out->finish = put_finish(out->finish, has_calls);
	job->head = out->head;
	job->usage = out->usage;
	job->has_usage = out->has_usage;
	return job->compaction ? compact_answer(job, out) : 0;
}

void translate_write_answer(struct wire_job *job, const struct talk_answer *a, struct buf *out)
{
	rows[job->client]->write_answer(job, a, out);
}

void translate_release(struct wire_job *job)
{
	if (job->writing && rows[job->client]->release_writing)
		rows[job->client]->release_writing(job);
	job->writing = NULL;
	flow_free(&job->flow);
	job_release(job);
}
