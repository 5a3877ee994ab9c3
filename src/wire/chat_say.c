/* An answer in neutral words as a chat client reads it.
 *
 * 	data: {"id","object":"chat.completion.chunk","created","model","choices":[{"index":0,
 * 	      "delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}
 * 	..    deltas; calls by index, their id and name in the first piece only
 * 	..    "delta":{},"finish_reason":"stop"
 * 	data: {.., "choices":[],"usage":{..}}          where the client asked for it
 * 	data: [DONE]
 *
 * What every chunk begins with is made once. A client that knows functions only (`functions` in
 * its request) gets function_call. Called by the driver. Must never decode a text. */
#include "wire/chat_talk.h"

#include "wire/put.h"

/* ---- shared by both ---- */

static struct str finish_word(enum talk_finish finish, bool is_old)
{
	static const struct str words[TALK_FINISHES] = {
	    [TALK_FINISH_UNSET] = STR_INIT("stop"),
	    [TALK_FINISH_STOP] = STR_INIT("stop"),
	    [TALK_FINISH_STOP_SEQUENCE] = STR_INIT("stop"),
	    [TALK_FINISH_LENGTH] = STR_INIT("length"),
	    [TALK_FINISH_CALLS] = STR_INIT("tool_calls"),
	    [TALK_FINISH_FILTER] = STR_INIT("content_filter"),
	    [TALK_FINISH_REFUSAL] = STR_INIT("stop"),
	    [TALK_FINISH_PAUSE] = STR_INIT("length"),
	    [TALK_FINISH_OVERFLOW] = STR_INIT("length"),
	};

	if (finish == TALK_FINISH_CALLS && is_old)
		return STR("function_call");
	return words[finish];
}

static bool is_old_client(const struct wire_job *job)
{
	uint32_t root = json_root(job->doc);

	return json_get(job->doc, root, STR("functions")) != JSON_NONE &&
	       json_get(job->doc, root, STR("tools")) == JSON_NONE;
}

static void put_usage(struct json_writer *w, const struct wire_job *job)
{
	const struct llm_usage *u = &job->usage;
	int64_t prompt = u->input + u->cache_read + u->cache_write_5m + u->cache_write_1h;

	json_open_object(w);
	json_key_i64(w, STR("prompt_tokens"), prompt);
	json_key_i64(w, STR("completion_tokens"), u->output);
	json_key_i64(w, STR("total_tokens"), prompt + u->output);
	json_put_key(w, STR("prompt_tokens_details"));
	json_open_object(w);
	json_key_i64(w, STR("cached_tokens"), u->cache_read);
	json_key_i64(w, STR("audio_tokens"), u->audio_input);
	json_close_object(w);
	json_put_key(w, STR("completion_tokens_details"));
	json_open_object(w);
	json_key_i64(w, STR("reasoning_tokens"), u->reasoning);
	json_key_i64(w, STR("audio_tokens"), u->audio_output);
	json_close_object(w);
	put_cost(w, job);
	json_close_object(w);
}

static void put_note(struct json_writer *w, const struct talk_note *n)
{
	if (n->kind != TALK_NOTE_URL && n->origin == LLM_CHAT) {
		json_put_raw(w, n->json);
		return;
	}
	json_open_object(w);
	json_key_text(w, STR("type"), STR("url_citation"));
	json_put_key(w, STR("url_citation"));
	json_open_object(w);
	json_key_i64(w, STR("start_index"), n->start < 0 ? 0 : n->start);
	json_key_i64(w, STR("end_index"), n->end < 0 ? 0 : n->end);
	put_raw_if(w, STR("url"), n->url_raw);
	json_put_key(w, STR("title"));
	json_put_inside(w, n->title_raw);
	json_close_object(w);
	json_close_object(w);
}

static int64_t created(const struct wire_job *job)
{
	return job->head.created_s ? job->head.created_s : job->now_s;
}

static void put_head(struct json_writer *w, const struct wire_job *job, struct str object)
{
	json_key_text(w, STR("id"), ARENA_JOIN(job->arena, STR("chatcmpl-"), job->request_id));
	json_key_text(w, STR("object"), object);
	json_key_i64(w, STR("created"), created(job));
	json_key_text(w, STR("model"), job->head.model.len ? job->head.model : job->target.model);
	put_text_if(w, STR("service_tier"), job->head.service_tier);
}

/* ---- stream ---- */

/* Everything up to the choices, made once. */
static void begin(struct wire_job *job, struct chat_writing *s)
{
	struct json_writer w;
	struct buf text;

	if (s->head.len)
		return;
	buf_init(&text, 4096);
	buf_put(&text, STR("data: "));
	json_writer_init(&w, &text);
	json_open_object(&w);
	put_head(&w, job, STR("chat.completion.chunk"));
	buf_put(&text, job->talk->options.wants_usage ? STR(",\"usage\":null,\"choices\":[")
	                                              : STR(",\"choices\":["));
	s->head = arena_copy(job->arena, buf_str(&text));
	s->is_old = is_old_client(job);
	buf_release(&text);
}

static void open_delta(struct buf *out, const struct chat_writing *s, struct str inside)
{
	buf_put(out, s->head);
	buf_put(out, STR("{\"index\":0,\"delta\":{"));
	buf_put(out, inside);
}

static void close_delta(struct buf *out)
{
	buf_put(out, STR("},\"logprobs\":null,\"finish_reason\":null}]}\n\n"));
}

/* "content":"..", already escaped. */
static void say_text(struct buf *out, const struct chat_writing *s, struct str key, struct str raw)
{
	open_delta(out, s, key);
	buf_put(out, raw);
	buf_put_byte(out, '"');
	close_delta(out);
}

static void say_open(struct buf *out, struct chat_writing *s, const struct talk_part *part)
{
	bool is_custom = part->call == TALK_CUSTOM;

	if (part->kind != TALK_CALL)
		return;
	if (s->is_old) {
		open_delta(out, s, STR("\"function_call\":{\"name\":\""));
	} else {
		open_delta(out, s, STR("\"tool_calls\":[{\"index\":"));
		buf_put_i64(out, s->calls);
		buf_put(out, STR(",\"id\":\""));
		json_put_escaped(out, part->id);
		buf_put(out, is_custom ? STR("\",\"type\":\"custom\",\"custom\":{\"name\":\"")
		                       : STR("\",\"type\":\"function\",\"function\":{\"name\":\""));
	}
	json_put_escaped(out, part->name);
	buf_put(out, is_custom ? STR("\",\"input\":\"\"}") : STR("\",\"arguments\":\"\"}"));
	buf_put(out, s->is_old ? STR("") : STR("}]"));
	close_delta(out);
	s->calls++;
	s->has_input = false;
}

static void say_input(struct buf *out, struct chat_writing *s, const struct talk_event *e)
{
	if (s->is_old) {
		open_delta(out, s, STR("\"function_call\":{\"arguments\":\""));
		buf_put(out, e->raw);
		buf_put(out, STR("\"}"));
	} else {
		open_delta(out, s, STR("\"tool_calls\":[{\"index\":"));
		buf_put_i64(out, s->calls - 1);
		buf_put(out, e->part->call == TALK_CUSTOM ? STR(",\"custom\":{\"input\":\"")
		                                          : STR(",\"function\":{\"arguments\":\""));
		buf_put(out, e->raw);
		buf_put(out, STR("\"}}]"));
	}
	close_delta(out);
	s->has_input = true;
}

/* Clients read the arguments as JSON, also where the provider had none to tell. */
static void say_close(struct buf *out, struct chat_writing *s, const struct talk_event *e)
{
	struct talk_event none = *e;

	none.raw = STR("{}");
	if (e->part->kind == TALK_CALL && e->part->call == TALK_FUNCTION && !s->has_input)
		say_input(out, s, &none);
}

static void say_logprobs(struct buf *out, const struct chat_writing *s, struct str tokens)
{
	buf_put(out, s->head);
	buf_put(out, STR("{\"index\":0,\"delta\":{},\"logprobs\":{\"content\":["));
	buf_put(out, tokens);
	buf_put(out, STR("],\"refusal\":null},\"finish_reason\":null}]}\n\n"));
}

static void say_delta(struct buf *out, struct chat_writing *s, const struct talk_event *e)
{
	switch (e->delta) {
	case TALK_DELTA_TEXT:
		if (e->part->kind == TALK_THINKING)
			say_text(out, s, STR("\"reasoning_content\":\""), e->raw);
		else if (e->part->kind == TALK_REFUSAL)
			say_text(out, s, STR("\"refusal\":\""), e->raw);
		else
			say_text(out, s, STR("\"content\":\""), e->raw);
		break;
	case TALK_DELTA_INPUT:
		say_input(out, s, e);
		break;
	case TALK_DELTA_LOGPROBS:
		say_logprobs(out, s, e->raw);
		break;
	case TALK_DELTA_MEDIA:
		break;
	}
}

static void say_note(struct buf *out, const struct chat_writing *s, const struct talk_note *note)
{
	struct json_writer w;

	open_delta(out, s, STR("\"annotations\":["));
	json_writer_init(&w, out);
	put_note(&w, note);
	buf_put_byte(out, ']');
	close_delta(out);
}

static void say_finish(struct buf *out, const struct chat_writing *s, const struct talk_event *e)
{
	buf_put(out, s->head);
	buf_put(out, STR("{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\""));
	buf_put(out, finish_word(e->finish, s->is_old));
	buf_put(out, STR("\"}]}\n\n"));
}

static void say_usage_chunk(struct wire_job *job, struct buf *out)
{
	struct json_writer w;

	buf_put(out, STR("data: "));
	json_writer_init(&w, out);
	json_open_object(&w);
	put_head(&w, job, STR("chat.completion.chunk"));
	json_key_raw(&w, STR("choices"), STR("[]"));
	json_put_key(&w, STR("usage"));
	put_usage(&w, job);
	json_close_object(&w);
	put_event_end(out);
}

void chat_write_event(struct wire_job *job, const struct talk_event *e, struct buf *out)
{
	struct chat_writing *s = job->writing;

	begin(job, s);
	switch (e->type) {
	case TALK_HEAD:
		open_delta(out, s, STR("\"role\":\"assistant\",\"content\":\"\""));
		close_delta(out);
		break;
	case TALK_OPEN:
		say_open(out, s, e->part);
		break;
	case TALK_DELTA:
		say_delta(out, s, e);
		break;
	case TALK_NOTE:
		say_note(out, s, e->note);
		break;
	case TALK_FINISH:
		say_finish(out, s, e);
		break;
	case TALK_END:
		if (job->talk->options.wants_usage && job->has_usage)
			say_usage_chunk(job, out);
		buf_put(out, STR("data: [DONE]\n\n"));
		break;
	case TALK_CLOSE:
		say_close(out, s, e);
		break;
	case TALK_USAGE:
	case TALK_ERROR:
		break;
	}
}

/* ---- whole answers ---- */

/* The texts of one kind, one behind the other; null where there is none. */
static void put_texts(struct json_writer *w, const struct wire_job *job,
                      const struct talk_answer *a, enum talk_kind kind)
{
	struct str *texts = ARENA_ARRAY(job->arena, struct str, (size_t)a->part_count + 1);
	int count = 0;

	for (int i = 0; i < a->part_count; i++)
		if (a->parts[i].kind == kind)
			texts[count++] = a->parts[i].text_raw;
	if (count)
		json_put_inside(w, arena_join(job->arena, texts, count));
	else
		json_put_null(w);
}

static bool has_kind(const struct talk_answer *a, enum talk_kind kind)
{
	for (int i = 0; i < a->part_count; i++)
		if (a->parts[i].kind == kind)
			return true;
	return false;
}

static void put_notes(struct json_writer *w, const struct talk_answer *a)
{
	json_put_key(w, STR("annotations"));
	json_open_array(w);
	for (int i = 0; i < a->part_count; i++)
		for (int k = 0; k < a->parts[i].note_count; k++)
			put_note(w, &a->parts[i].notes[k]);
	json_close_array(w);
}

static void put_call_body(struct json_writer *w, const struct wire_job *job,
                          const struct talk_part *call)
{
	bool is_custom = call->call == TALK_CUSTOM;

	json_open_object(w);
	json_key_text(w, STR("name"), call->name);
	json_put_key(w, is_custom ? STR("input") : STR("arguments"));
	json_put_inside(w, is_custom ? call->input_raw : put_input_raw(call, job->arena));
	json_close_object(w);
}

static void put_call(struct json_writer *w, const struct wire_job *job,
                     const struct talk_part *call)
{
	struct str type = call->call == TALK_CUSTOM ? STR("custom") : STR("function");

	json_open_object(w);
	json_key_text(w, STR("id"), call->id);
	json_key_text(w, STR("type"), type);
	json_put_key(w, type);
	put_call_body(w, job, call);
	json_close_object(w);
}

static void put_calls(struct json_writer *w, const struct wire_job *job,
                      const struct talk_answer *a)
{
	if (!has_kind(a, TALK_CALL))
		return;
	if (is_old_client(job)) {
		int i = 0;

		while (a->parts[i].kind != TALK_CALL)
			i++;
		json_put_key(w, STR("function_call"));
		put_call_body(w, job, &a->parts[i]);
		return;
	}
	json_put_key(w, STR("tool_calls"));
	json_open_array(w);
	for (int i = 0; i < a->part_count; i++)
		if (a->parts[i].kind == TALK_CALL)
			put_call(w, job, &a->parts[i]);
	json_close_array(w);
}

static void put_message(struct json_writer *w, const struct wire_job *job,
                        const struct talk_answer *a)
{
	json_open_object(w);
	json_key_text(w, STR("role"), STR("assistant"));
	json_put_key(w, STR("content"));
	put_texts(w, job, a, TALK_TEXT);
	json_put_key(w, STR("refusal"));
	put_texts(w, job, a, TALK_REFUSAL);
	put_notes(w, a);
	if (has_kind(a, TALK_THINKING)) {
		json_put_key(w, STR("reasoning_content"));
		put_texts(w, job, a, TALK_THINKING);
	}
	put_calls(w, job, a);
	json_close_object(w);
}

static void put_choice(struct json_writer *w, const struct wire_job *job,
                       const struct talk_answer *a)
{
	json_open_object(w);
	json_key_i64(w, STR("index"), 0);
	json_put_key(w, STR("message"));
	put_message(w, job, a);
	json_put_key(w, STR("logprobs"));
	if (a->logprobs_json.len) {
		json_open_object(w);
		json_key_raw(w, STR("content"), a->logprobs_json);
		json_key_null(w, STR("refusal"));
		json_close_object(w);
	} else {
		json_put_null(w);
	}
	json_key_text(w, STR("finish_reason"), finish_word(a->finish, is_old_client(job)));
	json_close_object(w);
}

void chat_write_answer(struct wire_job *job, const struct talk_answer *a, struct buf *out)
{
	struct json_writer w;

	json_writer_init(&w, out);
	json_open_object(&w);
	put_head(&w, job, STR("chat.completion"));
	json_put_key(&w, STR("choices"));
	json_open_array(&w);
	put_choice(&w, job, a);
	json_close_array(&w);
	if (job->has_usage) {
		json_put_key(&w, STR("usage"));
		put_usage(&w, job);
	}
	json_close_object(&w);
}
