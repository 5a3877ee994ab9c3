/* Neutral words as answers to a client of responses.
 *
 *	response.created, response.in_progress
 *	( response.output_item.added
 *	    text      content_part.added, output_text.delta*, output_text.done, content_part.done
 *	    thinking  reasoning_summary_part.added, .._text.delta*, .._text.done, .._part.done
 *	    call      function_call_arguments.delta*, .done      (custom_tool_call_input)
 *	    summary   nothing: it is opaque, and told when it is whole
 *	    image     the same
 *	  response.output_item.done )*
 *	response.completed | response.incomplete
 *
 * Every part is an item of its own; its text is kept until it is done, and the items until the
 * response is, which repeats them. sequence_number counts all events. Called by the driver. */
#include "wire/responses_talk.h"

#include "limits.h"

/* ---- whole answers ---- */

static void put_notes(struct buf *out, const struct talk_part *p)
{
	for (int i = 0; i < p->note_count; i++) {
		if (out->len)
			buf_put_byte(out, ',');
		responses_put_note(out, &p->notes[i]);
	}
}

static void put_item(struct wire_job *job, struct buf *out, const struct responses_item *item)
{
	struct json_writer w;

	if (out->len)
		buf_put_byte(out, ',');
	json_writer_init(&w, out);
	responses_put_item(job, &w, item);
}

void responses_write_answer(struct wire_job *job, const struct talk_answer *a, struct buf *out)
{
	struct buf items, notes;
	struct json_writer w;
	int index = 0;

	buf_init(&items, LIMIT_ANSWER_BYTES);
	buf_init(&notes, LIMIT_ANSWER_BYTES);
	for (int i = 0; i < a->part_count; i++) {
		const struct talk_part *p = &a->parts[i];
		struct responses_item item = {.part = p, .text_raw = p->text_raw, .is_done = true};

		if (!responses_has_item(p))
			continue;
		if (p->kind == TALK_CALL)
			item.text_raw = put_input_raw(p, job->arena);
		if (p->kind == TALK_IMAGE)
			item.text_raw = p->media.raw;
		buf_clear(&notes);
		put_notes(&notes, p);
		item.notes_json = buf_str(&notes);
		item.logprobs_json = index == 0 ? a->logprobs_json : STR("");
		item.index = index++;
		put_item(job, &items, &item);
	}
	json_writer_init(&w, out);
	responses_put_response(job, &w,
	                       &(struct responses_state){.status = responses_status_of(a->finish),
	                                                 .finish = a->finish,
	                                                 .output_json = buf_str(&items)});
	buf_release(&items);
	buf_release(&notes);
}

/* ---- streams ---- */

static struct responses_saying *saying(struct wire_job *job)
{
	struct responses_saying *s = job->writing;

	if (!s->has_begun) {
		s->has_begun = true;
		buf_init(&s->text, LIMIT_ANSWER_BYTES);
		buf_init(&s->notes, LIMIT_ANSWER_BYTES);
		buf_init(&s->logprobs, LIMIT_ANSWER_BYTES);
		buf_init(&s->items, LIMIT_ANSWER_BYTES);
		buf_init(&s->place, LIMIT_ANSWER_BYTES);
	}
	return s;
}

static void begin(struct wire_job *job, struct json_writer *w, struct buf *out, const char *type)
{
	put_event_begin(out, str_of(type));
	json_writer_init(w, out);
	json_open_object(w);
	json_key_text(w, STR("type"), str_of(type));
	json_key_i64(w, STR("sequence_number"), saying(job)->sequence++);
}

static void end(struct json_writer *w)
{
	json_close_object(w);
	put_event_end(w->out);
}

static void say_response(struct wire_job *job, const char *type,
                         const struct responses_state *state, struct buf *out)
{
	struct json_writer w;

	begin(job, &w, out, type);
	json_put_key(&w, STR("response"));
	responses_put_response(job, &w, state);
	end(&w);
}

static struct responses_item item_of(struct wire_job *job, const struct talk_part *part)
{
	struct responses_saying *s = saying(job);

	return (struct responses_item){.part = part,
	                               .text_raw = buf_str(&s->text),
	                               .notes_json = buf_str(&s->notes),
	                               .logprobs_json = buf_str(&s->logprobs),
	                               .index = s->index};
}

static void say_item(struct wire_job *job, const char *type, const struct responses_item *item,
                     struct buf *out)
{
	struct json_writer w;

	begin(job, &w, out, type);
	json_key_i64(&w, STR("output_index"), item->index);
	json_put_key(&w, STR("item"));
	responses_put_item(job, &w, item);
	end(&w);
}

/* Where in the answer it is, after the members that all events have. */
static void put_place(struct wire_job *job, struct json_writer *w, const struct talk_part *part)
{
	int index = saying(job)->index;

	json_key_text(w, STR("item_id"), responses_item_id(job, part, index));
	json_key_i64(w, STR("output_index"), index);
	if (part->kind == TALK_THINKING)
		json_key_i64(w, STR("summary_index"), 0);
	else if (part->kind != TALK_CALL)
		json_key_i64(w, STR("content_index"), 0);
}

/* What all events about the inside of an item begin with. */
static void begin_inside(struct wire_job *job, struct json_writer *w, struct buf *out,
                         const char *type, const struct talk_part *part)
{
	begin(job, w, out, type);
	put_place(job, w, part);
}

/* Events of an item's inside, by what it is. */
static const struct words {
	const char *part_added, *delta, *done, *part_done;
	struct str member; /* of the done event: the whole text */
} words[] = {
    [TALK_TEXT] = {"response.content_part.added", "response.output_text.delta",
                   "response.output_text.done", "response.content_part.done", STR_INIT("text")},
    [TALK_REFUSAL] = {"response.content_part.added", "response.refusal.delta",
                      "response.refusal.done", "response.content_part.done", STR_INIT("refusal")},
    [TALK_THINKING] = {"response.reasoning_summary_part.added",
                       "response.reasoning_summary_text.delta",
                       "response.reasoning_summary_text.done",
                       "response.reasoning_summary_part.done", STR_INIT("text")},
    [TALK_SUMMARY] = {NULL, NULL, NULL, NULL, STR_INIT("")},
    [TALK_IMAGE] = {NULL, NULL, NULL, NULL, STR_INIT("")},
    [TALK_CALL] = {NULL, "response.function_call_arguments.delta",
                   "response.function_call_arguments.done", NULL, STR_INIT("arguments")},
};

static const struct words custom_words = {NULL, "response.custom_tool_call_input.delta",
                                          "response.custom_tool_call_input.done", NULL,
                                          STR_INIT("input")};

static const struct words *words_of(const struct talk_part *p)
{
	return p->kind == TALK_CALL && p->call == TALK_CUSTOM ? &custom_words : &words[p->kind];
}

static void say_part(struct wire_job *job, const char *type, const struct responses_item *item,
                     struct buf *out)
{
	struct json_writer w;

	if (type == NULL)
		return;
	begin_inside(job, &w, out, type, item->part);
	json_put_key(&w, STR("part"));
	if (item->part->kind == TALK_THINKING)
		responses_put_summary(&w, item->text_raw);
	else
		responses_put_content(&w, item);
	end(&w);
}

/* Deltas are most of a stream, and alike but for a number and their text. */
static void keep_place(struct wire_job *job, const struct talk_part *part)
{
	struct json_writer w;

	buf_clear(&saying(job)->place);
	json_writer_init(&w, &saying(job)->place);
	json_open_object(&w);
	put_place(job, &w, part);
}

static void say_open(struct wire_job *job, const struct talk_event *e, struct buf *out)
{
	struct responses_saying *s = saying(job);
	struct responses_item item;

	buf_clear(&s->text);
	buf_clear(&s->notes);
	s->note_count = 0;
	buf_clear(&s->logprobs);
	keep_place(job, e->part);
	item = item_of(job, e->part);
	say_item(job, "response.output_item.added", &item, out);
	say_part(job, words_of(e->part)->part_added, &item, out);
}

static void keep(struct buf *to, struct str json)
{
	if (to->len)
		buf_put_byte(to, ',');
	buf_put(to, json);
}

static void say_delta(struct wire_job *job, const struct talk_event *e, struct buf *out)
{
	struct responses_saying *s = saying(job);
	struct str type, place = buf_str(&s->place);

	if (e->delta == TALK_DELTA_LOGPROBS)
		keep(&s->logprobs, e->raw);
	if (e->delta == TALK_DELTA_LOGPROBS)
		return;
	buf_put(&s->text, e->raw);
	if (words_of(e->part)->delta == NULL)
		return;
	type = str_of(words_of(e->part)->delta);
	put_event_begin(out, type);
	buf_put(out, STR("{\"type\":\""));
	buf_put(out, type);
	buf_put(out, STR("\",\"sequence_number\":"));
	buf_put_i64(out, s->sequence++);
	buf_put_byte(out, ',');
	buf_put(out, str_part(place, 1, place.len)); /* behind its { */
	buf_put(out, STR(",\"delta\":\""));
	buf_put(out, e->raw);
	buf_put(out, e->part->kind == TALK_TEXT ? STR("\",\"logprobs\":[]}") : STR("\"}"));
	put_event_end(out);
}

static void say_note(struct wire_job *job, const struct talk_event *e, struct buf *out)
{
	struct responses_saying *s = saying(job);
	struct json_writer w;
	size_t before = s->notes.len;

	if (before++)
		buf_put_byte(&s->notes, ',');
	else
		before = 0;
	responses_put_note(&s->notes, e->note);
	begin_inside(job, &w, out, "response.output_text.annotation.added", e->part);
	json_key_i64(&w, STR("annotation_index"), s->note_count++);
	json_key_raw(&w, STR("annotation"), str_part(buf_str(&s->notes), before, SIZE_MAX));
	end(&w);
}

static void say_done(struct wire_job *job, const struct responses_item *item, struct buf *out)
{
	const struct words *word = words_of(item->part);
	struct json_writer w;

	if (word->done == NULL)
		return;
	begin_inside(job, &w, out, word->done, item->part);
	json_put_key(&w, word->member);
	json_put_inside(&w, item->text_raw);
	if (item->part->kind == TALK_TEXT) {
		json_put_key(&w, STR("logprobs"));
		json_open_array(&w);
		if (item->logprobs_json.len)
			json_put_raw(&w, item->logprobs_json);
		json_close_array(&w);
	}
	if (item->part->kind == TALK_CALL)
		json_key_text(&w, STR("name"), item->part->name);
	end(&w);
	say_part(job, word->part_done, item, out);
}

/* A call without input: {} is what an empty one means. */
static void say_close(struct wire_job *job, const struct talk_event *e, struct buf *out)
{
	struct responses_saying *s = saying(job);
	struct responses_item item;

	if (e->part->kind == TALK_CALL && e->part->call == TALK_FUNCTION && s->text.len == 0)
		buf_put(&s->text, STR("{}"));
	item = item_of(job, e->part);
	item.is_done = true;
	say_done(job, &item, out);
	say_item(job, "response.output_item.done", &item, out);
	put_item(job, &s->items, &item);
	s->index++;
}

static void say_head(struct wire_job *job, struct buf *out)
{
	struct responses_state state = {.status = RESPONSES_IN_PROGRESS};

	say_response(job, "response.created", &state, out);
	say_response(job, "response.in_progress", &state, out);
}

static void say_end(struct wire_job *job, struct buf *out)
{
	struct responses_saying *s = saying(job);
	struct responses_state state = {.status = responses_status_of(s->finish),
	                                .finish = s->finish,
	                                .output_json = buf_str(&s->items)};

	say_response(job,
	             state.status == RESPONSES_INCOMPLETE ? "response.incomplete"
	                                                  : "response.completed",
	             &state, out);
}

void responses_write_event(struct wire_job *job, const struct talk_event *e, struct buf *out)
{
	bool is_inside = e->type == TALK_OPEN || e->type == TALK_DELTA || e->type == TALK_NOTE ||
	                 e->type == TALK_CLOSE;

	if (is_inside && !responses_has_item(e->part))
		return;
	switch (e->type) {
	case TALK_HEAD:
		say_head(job, out);
		break;
	case TALK_OPEN:
		say_open(job, e, out);
		break;
	case TALK_DELTA:
		say_delta(job, e, out);
		break;
	case TALK_NOTE:
		say_note(job, e, out);
		break;
	case TALK_CLOSE:
		say_close(job, e, out);
		break;
	case TALK_FINISH:
		saying(job)->finish = e->finish;
		break;
	case TALK_END:
		say_end(job, out);
		break;
	case TALK_USAGE:
	case TALK_ERROR:
		break;
	}
}

/* Items that were done are in it, so that the client knows what it has. */
void responses_write_error(struct wire_job *job, const struct fail *f, struct buf *out)
{
	struct responses_saying *s = saying(job);
	struct responses_state state = {.status = RESPONSES_FAILED,
	                                .output_json = buf_str(&s->items)};
	struct buf error;
	struct json_writer w;

	buf_init(&error, LIMIT_ERROR_BODY_BYTES);
	json_writer_init(&w, &error);
	json_open_object(&w);
	json_key_text(&w, STR("code"), fail_code(f->kind));
	json_key_text(&w, STR("message"), f->message);
	json_close_object(&w);
	state.error_json = buf_str(&error);
	say_response(job, "response.failed", &state, out);
	buf_release(&error);
}

void responses_release_writing(struct wire_job *job)
{
	struct responses_saying *s = saying(job);

	buf_release(&s->text);
	buf_release(&s->notes);
	buf_release(&s->logprobs);
	buf_release(&s->items);
	buf_release(&s->place);
}
