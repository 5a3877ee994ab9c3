/* Compaction by asking the model itself.
 *
 *	request   .. the conversation .., user: the question     tools are there, not to be called
 *	answer    text parts are the summary; thinking is left out; a call is no summary
 *	stream    HEAD  OPEN summary  DELTA*  CLOSE  FINISH  END
 *
 * The summary begins with a line that says what it is, so that the turn that is made of it later
 * speaks for itself. Called by the driver for jobs whose `compaction` is set. Must never let a
 * conversation shrink to nothing: without a summary the attempt has failed. */
#include "wire/compact.h"

#include "wire/put.h"

static const struct str mark = STR_INIT("fxr.summary.");

#define QUESTION                                                                                   \
	"The conversation so far is about to be replaced by what you write now. Write the "        \
	"summary that whoever goes on with this work needs, and nothing else. Keep: what was "     \
	"asked for, in the words that matter; rules and preferences that were stated; what was "   \
	"done and decided, and why; files, commands, names, numbers and errors exactly as they "   \
	"are; what is unfinished, and the next step. Leave out what no longer matters. Do not "    \
	"call tools, and do not go on with the work itself."

static const struct str opening =
    STR_INIT("This is a summary of the conversation so far, which it replaces:\\n\\n");

_Static_assert(sizeof QUESTION + 512 <= COMPACT_ASK_BYTES_MAX, "with what stands around it");

struct str compact_summary(const struct json *doc, uint32_t item)
{
	uint32_t content = json_get(doc, item, STR("encrypted_content"));
	struct str raw;

	if (!json_text_is(doc, json_get(doc, item, STR("type")), STR("compaction")) ||
	    json_type(doc, content) != JSON_STRING)
		return STR("");
	raw = json_raw(doc, content);
	raw = str_part(raw, 1, raw.len - 2);
	return str_starts_with(raw, mark) ? str_part(raw, mark.len, raw.len) : STR("");
}

bool compact_is_trigger(const struct json *doc, uint32_t item)
{
	return json_text_is(doc, json_get(doc, item, STR("type")), STR("compaction_trigger"));
}

/* Calls in the history want their tools defined; new ones are not wanted. */
void compact_ask(struct wire_job *job, struct talk *t)
{
	struct talk_turn *turn = talk_add_turn(t, job->arena, TALK_USER, JSON_NONE);

	talk_add_part(turn, job->arena, TALK_TEXT, JSON_NONE)->text_raw = STR(QUESTION);
	t->choice = (struct talk_choice){0};
	if (t->tool_count)
		t->choice.kind = TALK_CHOICE_NONE;
	t->format = (struct talk_format){0};
	t->options.verbosity = STR("");
	t->options.logprobs = false;
	job_warn(job, JSON_NONE, "compacted by asking the model for a summary");
}

static bool is_blank(struct str text_raw)
{
	return str_trim(text_raw).len == 0;
}

int compact_answer(struct wire_job *job, struct talk_answer *a)
{
	struct str text = put_joined_text(a->parts, a->part_count, job->arena);

	if (is_blank(text) || (a->finish != TALK_FINISH_STOP && a->finish != TALK_FINISH_UNSET))
		return -1;
	a->parts = ARENA_NEW(job->arena, struct talk_part);
	a->parts[0] = (struct talk_part){.kind = TALK_SUMMARY,
	                                 .node = JSON_NONE,
	                                 .text_raw = ARENA_JOIN(job->arena, mark, opening, text)};
	a->part_count = 1;
	a->logprobs_json = STR("");
	return 0;
}

/* ---- streams ---- */

struct list {
	struct wire_job *job;
	struct talk_event *events;
	int count;
};

static struct talk_event *add(struct list *list, enum talk_event_type type)
{
	struct talk_event *e = &list->events[list->count++];

	*e = (struct talk_event){.type = type, .part = list->job->summary};
	return e;
}

static void add_delta(struct list *list, struct str raw)
{
	struct talk_event *e = add(list, TALK_DELTA);

	e->delta = TALK_DELTA_TEXT;
	e->raw = raw;
}

static void open_summary(struct list *list)
{
	if (list->job->summary)
		return;
	list->job->summary = ARENA_NEW(list->job->arena, struct talk_part);
	list->job->summary->kind = TALK_SUMMARY;
	list->job->summary->node = JSON_NONE;
	add(list, TALK_OPEN);
	add_delta(list, mark);
	add_delta(list, opening);
}

static bool is_text(const struct talk_event *e)
{
	return e->type == TALK_DELTA && e->delta == TALK_DELTA_TEXT && e->part->kind == TALK_TEXT;
}

/* What of a part goes on: texts alone. */
static void add_inside(struct list *list, const struct talk_event *e)
{
	if (!is_text(e) || (!list->job->summary && is_blank(e->raw)))
		return;
	open_summary(list);
	add_delta(list, e->raw);
}

static int add_event(struct list *list, const struct talk_event *e)
{
	switch (e->type) {
	case TALK_OPEN:
	case TALK_DELTA:
	case TALK_NOTE:
	case TALK_CLOSE:
		add_inside(list, e);
		return 0;
	case TALK_FINISH:
		if (!list->job->summary || e->finish == TALK_FINISH_CALLS)
			return -1;
		add(list, TALK_CLOSE);
		break;
	default:
		break;
	}
	list->events[list->count++] = *e;
	return 0;
}

int compact_events(struct wire_job *job, struct talk_events *events)
{
	/* Each may open the summary and bring its two first deltas. */
	struct list list = {
	    job, ARENA_ARRAY(job->scratch, struct talk_event, 4 * (size_t)events->count + 1), 0};

	for (int i = 0; i < events->count; i++)
		if (add_event(&list, &events->list[i]) < 0)
			return -1;
	events->list = list.events;
	events->count = list.count;
	return 0;
}
