/* Neutral words as answers to a client of messages.
 *
 *	message_start                            with a count of the input: ours until the
 *	                                         provider tells its own
 *	content_block_start, _delta*, _stop      one after the other, never overlapping
 *	message_delta                            stop_reason and the whole usage, held back until
 *	message_stop                             the end so that late usage is in it
 *
 * Called by the driver, with names and ids that are the client's own. Must never write a block
 * without its stop. */
#include "wire/messages_talk.h"

#include "wire/job.h"
#include "wire/put.h"

static struct str reason_of(enum talk_finish finish)
{
	static const struct str words[TALK_FINISHES] = {
	    [TALK_FINISH_UNSET] = STR_INIT("end_turn"),
	    [TALK_FINISH_STOP] = STR_INIT("end_turn"),
	    [TALK_FINISH_STOP_SEQUENCE] = STR_INIT("stop_sequence"),
	    [TALK_FINISH_LENGTH] = STR_INIT("max_tokens"),
	    [TALK_FINISH_CALLS] = STR_INIT("tool_use"),
	    [TALK_FINISH_FILTER] = STR_INIT("refusal"),
	    [TALK_FINISH_REFUSAL] = STR_INIT("refusal"),
	    [TALK_FINISH_PAUSE] = STR_INIT("pause_turn"),
	    [TALK_FINISH_OVERFLOW] = STR_INIT("model_context_window_exceeded"),
	};

	return words[finish];
}

/* Input excludes what was cached, as ours does. job: NULL where nobody told a usage yet. */
static void put_usage(struct json_writer *w, const struct wire_job *job, const struct llm_usage *u)
{
	json_put_key(w, STR("usage"));
	json_open_object(w);
	json_key_i64(w, STR("input_tokens"), u->input);
	json_key_i64(w, STR("cache_creation_input_tokens"), u->cache_write_5m + u->cache_write_1h);
	json_key_i64(w, STR("cache_read_input_tokens"), u->cache_read);
	json_key_i64(w, STR("output_tokens"), u->output);
	if (job)
		put_cost(w, job);
	json_close_object(w);
}

static struct str id_of(const struct wire_job *job)
{
	if (str_starts_with(job->head.id, STR("msg_")))
		return job->head.id;
	return ARENA_JOIN(job->arena, STR("msg_"), job->request_id);
}

static void put_head(struct json_writer *w, const struct wire_job *job)
{
	json_key_text(w, STR("id"), id_of(job));
	json_key_text(w, STR("type"), STR("message"));
	json_key_text(w, STR("role"), STR("assistant"));
	json_key_text(w, STR("model"), job->head.model.len ? job->head.model : job->target.model);
}

static void put_stop(struct json_writer *w, enum talk_finish finish, struct str stop_raw)
{
	json_key_text(w, STR("stop_reason"), reason_of(finish));
	json_put_key(w, STR("stop_sequence"));
	if (finish == TALK_FINISH_STOP_SEQUENCE && stop_raw.len)
		json_put_inside(w, stop_raw);
	else
		json_put_null(w);
}

/* ---- citations ---- */

/* A place on the web; other citations speak of documents as only their own dialect numbers them. */
static void put_citation(struct json_writer *w, const struct talk_note *note)
{
	if (note->origin == LLM_MESSAGES && note->json.len) {
		json_put_raw(w, note->json);
		return;
	}
	json_open_object(w);
	json_key_text(w, STR("type"), STR("web_search_result_location"));
	json_put_key(w, STR("url"));
	json_put_inside(w, note->url_raw);
	json_put_key(w, STR("title"));
	json_put_inside(w, note->title_raw);
	json_key_text(w, STR("encrypted_index"), STR(""));
	json_put_key(w, STR("cited_text"));
	json_put_inside(w, note->quote_raw);
	json_close_object(w);
}

/* ---- blocks ---- */

static bool is_shown(const struct talk_part *p)
{
	return p->kind == TALK_TEXT || p->kind == TALK_REFUSAL || p->kind == TALK_THINKING ||
	       p->kind == TALK_CALL || p->kind == TALK_AUDIO;
}

static void put_thinking(struct json_writer *w, const struct talk_part *p, struct str text,
                         struct str signature)
{
	if (p->seal.kind == TALK_REDACTED && p->seal.origin == LLM_MESSAGES) {
		json_key_text(w, STR("type"), STR("redacted_thinking"));
		json_put_key(w, STR("data"));
		json_put_inside(w, p->seal.raw);
		return;
	}
	json_key_text(w, STR("type"), STR("thinking"));
	json_put_key(w, STR("thinking"));
	json_put_inside(w, text);
	json_put_key(w, STR("signature"));
	json_put_inside(w, signature);
}

static void put_call(struct json_writer *w, const struct talk_part *p, struct str input)
{
	json_key_text(w, STR("type"), STR("tool_use"));
	json_key_text(w, STR("id"), p->id);
	json_key_text(w, STR("name"), p->name);
	json_key_raw(w, STR("input"), input);
}

static void put_notes(struct json_writer *w, const struct talk_part *p)
{
	if (p->note_count == 0)
		return;
	json_put_key(w, STR("citations"));
	json_open_array(w);
	for (int i = 0; i < p->note_count; i++)
		put_citation(w, &p->notes[i]);
	json_close_array(w);
}

static void put_block(struct wire_job *job, struct json_writer *w, const struct talk_part *p)
{
	json_open_object(w);
	if (p->kind == TALK_CALL) {
		put_call(w, p, put_input_json(job, p));
	} else if (p->kind == TALK_THINKING) {
		put_thinking(w, p, p->text_raw, put_seal(&p->seal, LLM_MESSAGES, job->arena));
	} else {
		json_key_text(w, STR("type"), STR("text"));
		json_put_key(w, STR("text"));
		json_put_inside(w, p->text_raw);
		put_notes(w, p);
	}
	json_close_object(w);
}

/* ---- whole answers ---- */

void messages_write_answer(struct wire_job *job, const struct talk_answer *a, struct buf *out)
{
	struct json_writer w;

	json_writer_init(&w, out);
	json_open_object(&w);
	put_head(&w, job);
	json_put_key(&w, STR("content"));
	json_open_array(&w);
	for (int i = 0; i < a->part_count; i++)
		if (is_shown(&a->parts[i]))
			put_block(job, &w, &a->parts[i]);
	json_close_array(&w);
	put_stop(&w, a->finish, a->finish_raw);
	put_usage(&w, job, &a->usage);
	json_close_object(&w);
}

/* ---- streams ---- */

static void begin(struct json_writer *w, struct buf *out, const char *type)
{
	put_event_begin(out, str_of(type));
	json_writer_init(w, out);
	json_open_object(w);
	json_key_text(w, STR("type"), str_of(type));
}

static void end(struct json_writer *w)
{
	json_close_object(w);
	put_event_end(w->out);
}

static void say_head(struct wire_job *job, struct buf *out)
{
	struct llm_usage usage = job->usage;
	struct json_writer w;

	if (!job->has_usage)
		usage = (struct llm_usage){.input = job->input_tokens};
	begin(&w, out, "message_start");
	json_put_key(&w, STR("message"));
	json_open_object(&w);
	put_head(&w, job);
	json_key_raw(&w, STR("content"), STR("[]"));
	json_key_null(&w, STR("stop_reason"));
	json_key_null(&w, STR("stop_sequence"));
	put_usage(&w, job->has_usage ? job : NULL, &usage);
	json_close_object(&w);
	end(&w);
}

static void say_open(int index, const struct talk_event *e, struct buf *out)
{
	struct json_writer w;

	must(e->part);
	begin(&w, out, "content_block_start");
	json_key_i64(&w, STR("index"), index);
	json_put_key(&w, STR("content_block"));
	json_open_object(&w);
	if (e->part->kind == TALK_CALL) {
		put_call(&w, e->part, STR("{}"));
	} else if (e->part->kind == TALK_THINKING) {
		put_thinking(&w, e->part, STR(""), STR(""));
	} else {
		json_key_text(&w, STR("type"), STR("text"));
		json_key_text(&w, STR("text"), STR(""));
	}
	json_close_object(&w);
	end(&w);
}

/* One delta of that type, `key` holding escaped text. */
static void put_delta(int index, struct str type, struct str key, struct str raw, struct buf *out)
{
	struct json_writer w;

	begin(&w, out, "content_block_delta");
	json_key_i64(&w, STR("index"), index);
	json_put_key(&w, STR("delta"));
	json_open_object(&w);
	json_key_text(&w, STR("type"), type);
	json_put_key(&w, key);
	json_put_inside(&w, raw);
	json_close_object(&w);
	end(&w);
}

static void say_delta(int index, const struct talk_event *e, struct buf *out)
{
	must(e->part);
	if (e->delta == TALK_DELTA_INPUT)
		put_delta(index, STR("input_json_delta"), STR("partial_json"), e->raw, out);
	else if (e->delta == TALK_DELTA_TEXT && e->part->kind == TALK_THINKING)
		put_delta(index, STR("thinking_delta"), STR("thinking"), e->raw, out);
	else if (e->delta == TALK_DELTA_TEXT)
		put_delta(index, STR("text_delta"), STR("text"), e->raw, out);
}

static void say_note(int index, const struct talk_event *e, struct buf *out)
{
	struct json_writer w;

	begin(&w, out, "content_block_delta");
	json_key_i64(&w, STR("index"), index);
	json_put_key(&w, STR("delta"));
	json_open_object(&w);
	json_key_text(&w, STR("type"), STR("citations_delta"));
	json_put_key(&w, STR("citation"));
	put_citation(&w, e->note);
	json_close_object(&w);
	end(&w);
}

static void say_signature(struct wire_job *job, int index, const struct talk_seal *seal,
                          struct buf *out)
{
	bool is_redacted = seal->kind == TALK_REDACTED && seal->origin == LLM_MESSAGES;
	struct str signature = is_redacted ? STR("") : put_seal(seal, LLM_MESSAGES, job->scratch);

	if (signature.len)
		put_delta(index, STR("signature_delta"), STR("signature"), signature, out);
}

static void say_close(struct wire_job *job, int index, const struct talk_event *e, struct buf *out)
{
	struct json_writer w;

	must(e->part);
	if (e->part->kind == TALK_THINKING)
		say_signature(job, index, &e->part->seal, out);
	begin(&w, out, "content_block_stop");
	json_key_i64(&w, STR("index"), index);
	end(&w);
}

static void say_end(struct wire_job *job, struct buf *out)
{
	const struct messages_saying *s = job->writing;
	struct json_writer w;

	begin(&w, out, "message_delta");
	json_put_key(&w, STR("delta"));
	json_open_object(&w);
	put_stop(&w, s->finish, s->stop_raw);
	json_close_object(&w);
	put_usage(&w, job, &job->usage);
	end(&w);
	begin(&w, out, "message_stop");
	end(&w);
}

void messages_write_event(struct wire_job *job, const struct talk_event *e, struct buf *out)
{
	struct messages_saying *s = job->writing;

	if (e->part && !is_shown(e->part) && e->type != TALK_FINISH && e->type != TALK_END)
		return;
	switch (e->type) {
	case TALK_HEAD:
		say_head(job, out);
		break;
	case TALK_OPEN:
		say_open(s->index, e, out);
		break;
	case TALK_DELTA:
		say_delta(s->index, e, out);
		break;
	case TALK_NOTE:
		say_note(s->index, e, out);
		break;
	case TALK_CLOSE:
		say_close(job, s->index++, e, out);
		break;
	case TALK_FINISH:
		s->finish = e->finish;
		s->stop_raw = arena_copy(job->arena, e->raw);
		break;
	case TALK_END:
		say_end(job, out);
		break;
	case TALK_USAGE:
	case TALK_ERROR:
		break;
	}
}
