/* The objects of a responses answer: items of its output, and the response around them. In a
 * stream every item is written twice, when it is added and when it is done, and the response three
 * times; so both are here, for whole answers and streams. Must never tell of options that the
 * client did not send what it could not have meant. */
#include "wire/responses_talk.h"

#include "wire/put.h"

/* ---- items ---- */

bool responses_has_item(const struct talk_part *p)
{
	return p->kind == TALK_TEXT || p->kind == TALK_REFUSAL || p->kind == TALK_THINKING ||
	       p->kind == TALK_CALL || p->kind == TALK_SUMMARY || p->kind == TALK_IMAGE;
}

struct str responses_item_id(const struct wire_job *job, const struct talk_part *p, int index)
{
	struct str head = STR("msg_");

	if (p->kind == TALK_THINKING)
		head = STR("rs_");
	else if (p->kind == TALK_SUMMARY)
		head = STR("cmp_");
	else if (p->kind == TALK_IMAGE)
		head = STR("ig_");
	else if (p->kind == TALK_CALL)
		head = p->call == TALK_CUSTOM ? STR("ctc_") : STR("fc_");
	return ARENA_JOIN(job->scratch, head, job->request_id, STR("_"),
	                  arena_i64(job->scratch, index));
}

static void put_note(struct json_writer *w, const struct talk_note *n)
{
	if (n->origin == LLM_RESPONSES && n->json.len) {
		json_put_raw(w, n->json);
		return;
	}
	json_open_object(w);
	json_key_text(w, STR("type"), STR("url_citation"));
	json_put_key(w, STR("url"));
	json_put_inside(w, n->url_raw);
	json_put_key(w, STR("title"));
	json_put_inside(w, n->title_raw);
	json_key_i64(w, STR("start_index"), n->start < 0 ? 0 : n->start);
	json_key_i64(w, STR("end_index"), n->end < 0 ? 0 : n->end);
	json_close_object(w);
}

void responses_put_note(struct buf *out, const struct talk_note *n)
{
	struct json_writer w;

	json_writer_init(&w, out);
	put_note(&w, n);
}

static void put_list(struct json_writer *w, struct str key, struct str inside)
{
	json_put_key(w, key);
	json_open_array(w);
	if (inside.len)
		json_put_raw(w, inside);
	json_close_array(w);
}

void responses_put_content(struct json_writer *w, const struct responses_item *item)
{
	json_open_object(w);
	if (item->part->kind == TALK_REFUSAL) {
		json_key_text(w, STR("type"), STR("refusal"));
		json_put_key(w, STR("refusal"));
		json_put_inside(w, item->text_raw);
	} else {
		json_key_text(w, STR("type"), STR("output_text"));
		put_list(w, STR("annotations"), item->notes_json);
		put_list(w, STR("logprobs"), item->logprobs_json);
		json_put_key(w, STR("text"));
		json_put_inside(w, item->text_raw);
	}
	json_close_object(w);
}

static void put_message(struct json_writer *w, const struct responses_item *item)
{
	json_key_text(w, STR("type"), STR("message"));
	json_key_text(w, STR("role"), STR("assistant"));
	json_put_key(w, STR("content"));
	json_open_array(w);
	if (item->is_done)
		responses_put_content(w, item);
	json_close_array(w);
}

void responses_put_summary(struct json_writer *w, struct str text_raw)
{
	json_open_object(w);
	json_key_text(w, STR("type"), STR("summary_text"));
	json_put_key(w, STR("text"));
	json_put_inside(w, text_raw);
	json_close_object(w);
}

/* The proof is for those who asked for it. */
static void put_thinking(const struct wire_job *job, struct json_writer *w,
                         const struct responses_item *item)
{
	json_key_text(w, STR("type"), STR("reasoning"));
	json_put_key(w, STR("summary"));
	json_open_array(w);
	if (item->is_done && item->text_raw.len)
		responses_put_summary(w, item->text_raw);
	json_close_array(w);
	if (item->is_done && job->talk && job->talk->thinking.wants_sealed)
		put_raw_if(w, STR("encrypted_content"),
		           put_seal(&item->part->seal, LLM_RESPONSES, job->arena));
}

static void put_call(struct json_writer *w, const struct responses_item *item)
{
	bool is_custom = item->part->call == TALK_CUSTOM;

	json_key_text(w, STR("type"), is_custom ? STR("custom_tool_call") : STR("function_call"));
	json_key_text(w, STR("call_id"), item->part->id);
	json_key_text(w, STR("name"), item->part->name);
	put_text_if(w, STR("namespace"), item->part->space);
	json_put_key(w, is_custom ? STR("input") : STR("arguments"));
	json_put_inside(w, item->is_done ? item->text_raw : STR(""));
}

static void put_summary(struct json_writer *w, const struct responses_item *item)
{
	json_key_text(w, STR("type"), STR("compaction"));
	json_put_key(w, STR("encrypted_content"));
	json_put_inside(w, item->is_done ? item->text_raw : STR(""));
}

/* https://platform.openai.com/docs/guides/tools-image-generation */
static void put_image(struct json_writer *w, const struct responses_item *item)
{
	const struct talk_media *m = &item->part->media;

	json_key_text(w, STR("type"), STR("image_generation_call"));
	if (str_starts_with(m->type, STR("image/")))
		json_key_text(w, STR("output_format"), str_part(m->type, 6, m->type.len));
	json_put_key(w, STR("result"));
	if (item->is_done)
		json_put_inside(w, item->text_raw);
	else
		json_put_null(w);
}

void responses_put_item(const struct wire_job *job, struct json_writer *w,
                        const struct responses_item *item)
{
	json_open_object(w);
	json_key_text(w, STR("id"), responses_item_id(job, item->part, item->index));
	if (item->part->kind != TALK_THINKING && item->part->kind != TALK_SUMMARY)
		json_key_text(w, STR("status"),
		              item->is_done ? STR("completed") : STR("in_progress"));
	if (item->part->kind == TALK_THINKING)
		put_thinking(job, w, item);
	else if (item->part->kind == TALK_CALL)
		put_call(w, item);
	else if (item->part->kind == TALK_SUMMARY)
		put_summary(w, item);
	else if (item->part->kind == TALK_IMAGE)
		put_image(w, item);
	else
		put_message(w, item);
	json_close_object(w);
}

/* ---- the response ---- */

enum responses_status responses_status_of(enum talk_finish finish)
{
	return finish == TALK_FINISH_LENGTH || finish == TALK_FINISH_FILTER ||
	               finish == TALK_FINISH_PAUSE || finish == TALK_FINISH_OVERFLOW
	           ? RESPONSES_INCOMPLETE
	           : RESPONSES_COMPLETED;
}

/* What the client sent is said back; X(member, what stands for it where it was not sent). Nothing
 * is kept, so `store` is false. */
#define ECHOES(X)                                                                                  \
	X("background", "false")                                                                   \
	X("frequency_penalty", "0")                                                                \
	X("instructions", "null")                                                                  \
	X("max_output_tokens", "null")                                                             \
	X("max_tool_calls", "null")                                                                \
	X("metadata", "{}")                                                                        \
	X("parallel_tool_calls", "true")                                                           \
	X("presence_penalty", "0")                                                                 \
	X("previous_response_id", "null")                                                          \
	X("prompt_cache_key", "null")                                                              \
	X("reasoning", "{\"effort\":null,\"summary\":null}")                                       \
	X("safety_identifier", "null")                                                             \
	X("temperature", "1")                                                                      \
	X("text", "{\"format\":{\"type\":\"text\"}}")                                              \
	X("tool_choice", "\"auto\"")                                                               \
	X("top_logprobs", "0")                                                                     \
	X("top_p", "1")                                                                            \
	X("truncation", "\"disabled\"")                                                            \
	X("user", "null")

/* A function's `strict` is never absent from an answer. */
static void put_tool(const struct wire_job *job, struct json_writer *w, uint32_t tool)
{
	const struct json *doc = job->doc;
	bool is_function = json_text_is(doc, json_get(doc, tool, STR("type")), STR("function"));
	struct str raw = json_raw(doc, tool);

	if (is_function && json_get(doc, tool, STR("strict")) == JSON_NONE) {
		raw.len--;
		raw = ARENA_JOIN(job->scratch, raw, STR(",\"strict\":null}"));
	}
	json_put_raw(w, raw);
}

static void put_tools(const struct wire_job *job, struct json_writer *w)
{
	uint32_t tools = json_get(job->doc, json_root(job->doc), STR("tools"));
	bool is_list = tools != JSON_NONE && json_type(job->doc, tools) == JSON_ARRAY;

	json_put_key(w, STR("tools"));
	json_open_array(w);
	if (is_list)
		JSON_EACH(job->doc, tools, tool)
	put_tool(job, w, tool);
	json_close_array(w);
}

static void put_echoes(const struct wire_job *job, struct json_writer *w)
{
	static const struct {
		struct str name, absent;
	} rows[] = {
#define X(name, absent) {STR_INIT(name), STR_INIT(absent)},
	    ECHOES(X)
#undef X
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint32_t node = json_get(job->doc, json_root(job->doc), rows[i].name);

		json_key_raw(w, rows[i].name,
		             node == JSON_NONE || json_is_null(job->doc, node)
		                 ? rows[i].absent
		                 : json_raw(job->doc, node));
	}
	put_tools(job, w);
	json_key_bool(w, STR("store"), false);
}

static void put_usage(const struct wire_job *job, struct json_writer *w)
{
	const struct llm_usage *u = &job->usage;
	int64_t input = u->input + u->cache_read + u->cache_write_5m + u->cache_write_1h;

	json_put_key(w, STR("usage"));
	json_open_object(w);
	json_key_i64(w, STR("input_tokens"), input);
	json_put_key(w, STR("input_tokens_details"));
	json_open_object(w);
	json_key_i64(w, STR("cached_tokens"), u->cache_read);
	json_close_object(w);
	json_key_i64(w, STR("output_tokens"), u->output);
	json_put_key(w, STR("output_tokens_details"));
	json_open_object(w);
	json_key_i64(w, STR("reasoning_tokens"), u->reasoning);
	json_close_object(w);
	json_key_i64(w, STR("total_tokens"), input + u->output);
	put_cost(w, job);
	json_close_object(w);
}

static void put_incomplete(struct json_writer *w, enum responses_status status,
                           enum talk_finish finish)
{
	json_put_key(w, STR("incomplete_details"));
	if (status != RESPONSES_INCOMPLETE)
		json_put_null(w);
	else if (finish == TALK_FINISH_FILTER)
		json_put_raw(w, STR("{\"reason\":\"content_filter\"}"));
	else
		json_put_raw(w, STR("{\"reason\":\"max_output_tokens\"}"));
}

static struct str response_id(const struct wire_job *job)
{
	return str_starts_with(job->head.id, STR("resp_"))
	           ? job->head.id
	           : ARENA_JOIN(job->arena, STR("resp_"), job->request_id);
}

/* https://developers.openai.com/api/reference, "Compacted response object". */
static void put_compacted(const struct wire_job *job, struct json_writer *w,
                          const struct responses_state *s)
{
	json_open_object(w);
	json_key_text(w, STR("id"), response_id(job));
	json_key_text(w, STR("object"), STR("response.compaction"));
	json_key_i64(w, STR("created_at"), job->head.created_s ? job->head.created_s : job->now_s);
	put_list(w, STR("output"), s->output_json);
	put_usage(job, w);
	json_close_object(w);
}

static void put_completed_at(const struct wire_job *job, struct json_writer *w,
                             enum responses_status status)
{
	if (status == RESPONSES_COMPLETED)
		json_key_i64(w, STR("completed_at"), job->done_s ? job->done_s : job->now_s);
	else
		json_key_null(w, STR("completed_at"));
}

void responses_put_response(const struct wire_job *job, struct json_writer *w,
                            const struct responses_state *s)
{
	static const struct str words[] = {[RESPONSES_IN_PROGRESS] = STR_INIT("in_progress"),
	                                   [RESPONSES_COMPLETED] = STR_INIT("completed"),
	                                   [RESPONSES_INCOMPLETE] = STR_INIT("incomplete"),
	                                   [RESPONSES_FAILED] = STR_INIT("failed")};
	const struct talk_head *head = &job->head;

	if (job->compaction == LLM_COMPACTION_CALL) {
		put_compacted(job, w, s);
		return;
	}
	json_open_object(w);
	json_key_text(w, STR("id"), response_id(job));
	json_key_text(w, STR("object"), STR("response"));
	json_key_i64(w, STR("created_at"), head->created_s ? head->created_s : job->now_s);
	put_completed_at(job, w, s->status);
	json_key_text(w, STR("status"), words[s->status]);
	json_key_raw(w, STR("error"), s->error_json.len ? s->error_json : STR("null"));
	put_incomplete(w, s->status, s->finish);
	json_key_text(w, STR("model"), head->model.len ? head->model : job->target.model);
	put_list(w, STR("output"), s->output_json);
	put_echoes(job, w);
	json_key_text(w, STR("service_tier"),
	              head->service_tier.len ? head->service_tier : STR("default"));
	if (s->status == RESPONSES_IN_PROGRESS)
		json_key_null(w, STR("usage"));
	else
		put_usage(job, w);
	json_close_object(w);
}
