/* The order of a stream that is read.
 *
 *	                 delta of the open part           -> an event at once
 *	open(key) ->     another is open, and may close   -> CLOSE, OPEN
 *	                 a call is open, not whole yet    -> waits: its deltas are kept in a buf
 *	call is whole, and one waits                      -> CLOSE, OPEN, what was kept
 *	finish                                            -> CLOSE, all that wait, FINISH
 *
 * Chat streams may interleave the pieces of parallel calls, and no stream of chat says that a
 * call is complete: it is when its JSON is (whole.h), for nothing can follow then.
 *
 * A custom tool that went to the provider as a function of one text comes back as such: its
 * input is kept until it is whole, and then goes on as the free text that it is.
 *
 * Called by every read_event, begun and emptied by the driver. Must never give two open parts,
 * nor anything behind END. */
#include "wire/flow.h"

#include "limits.h"
#include "wire/job.h"
#include "wire/put.h"
#include "wire/whole.h"

enum { FLOW_WAITING_MAX = 128 /* parallel calls of one answer */ };

struct flow_part {
	struct flow_part *next; /* that waits behind this one */
	int key;
	struct talk_part part;
	struct buf kept; /* of one that waits, and of a wrapped call: what there is so far */
	struct whole whole;
	bool is_wrapped; /* the input is {"input": "free text"} */
	bool is_closed;  /* while it waited */
};

enum flow_state { FLOW_FRESH, FLOW_BEGUN, FLOW_FINISHED, FLOW_ENDED };

struct flow {
	struct wire_job *job;
	struct talk_event *events; /* of this turn; scratch */
	int count, room;
	enum flow_state state;
	struct flow_part *open; /* the first of those that are there; NULL: none */
	int waiting;
	int number; /* of parts that were opened */
	bool has_calls;
	bool is_broken;
};

/* ---- events ---- */

static struct talk_event *add(struct flow *f, enum talk_event_type type)
{
	struct talk_event *e;

	if (f->count == f->room) {
		int room = f->room ? f->room * 2 : 8;
		struct talk_event *grown =
		    ARENA_ARRAY(f->job->scratch, struct talk_event, (size_t)room);

		if (f->count)
			memcpy(grown, f->events, (size_t)f->count * sizeof *grown);
		f->events = grown;
		f->room = room;
	}
	e = &f->events[f->count++];
	*e = (struct talk_event){.type = type, .number = f->number - 1};
	if (f->open)
		e->part = &f->open->part;
	return e;
}

static void add_delta(struct flow *f, enum talk_delta what, struct str raw)
{
	struct talk_event *e = add(f, TALK_DELTA);

	e->delta = what;
	e->raw = raw;
}

static void need_head(struct flow *f)
{
	if (f->state != FLOW_FRESH)
		return;
	f->state = FLOW_BEGUN;
	f->job->has_head = true;
	add(f, TALK_HEAD)->head = &f->job->head;
}

void flow_head(struct flow *f, const struct talk_head *h)
{
	struct talk_head *to = &f->job->head;

	if (to->id.len == 0)
		to->id = arena_copy(f->job->arena, h->id);
	if (to->model.len == 0)
		to->model = arena_copy(f->job->arena, h->model);
	if (to->service_tier.len == 0 && h->service_tier.len)
		to->service_tier = arena_copy(f->job->arena, h->service_tier);
	if (to->created_s == 0)
		to->created_s = h->created_s;
	need_head(f);
}

/* ---- parts ---- */

/* The newest: others of the same key may wait, closed, before it. */
static struct flow_part *find(const struct flow *f, int key)
{
	struct flow_part *found = NULL;

	for (struct flow_part *p = f->open; p; p = p->next)
		if (p->key == key)
			found = p;
	return found;
}

/* Its part of the input is JSON, {"input": ".."}; what is not goes on as it is. */
static struct str unwrapped(struct flow *f, struct flow_part *p)
{
	return put_unwrapped(buf_str(&p->kept), f->job->scratch);
}

/* What such a part is made of. Beside it nothing is kept while it waits. */
static enum talk_delta main_delta(const struct flow_part *p)
{
	if (p->part.kind == TALK_CALL)
		return TALK_DELTA_INPUT;
	return p->part.kind == TALK_IMAGE ? TALK_DELTA_MEDIA : TALK_DELTA_TEXT;
}

static void announce(struct flow *f)
{
	struct flow_part *p = f->open;

	f->number++;
	add(f, TALK_OPEN);
	if (p->kept.len && !p->is_wrapped) {
		add_delta(f, main_delta(p), arena_copy(f->job->scratch, buf_str(&p->kept)));
		buf_release(&p->kept);
	}
}

static void close_open(struct flow *f)
{
	struct flow_part *p = f->open;

	if (p->is_wrapped)
		add_delta(f, TALK_DELTA_INPUT, unwrapped(f, p));
	add(f, TALK_CLOSE);
	buf_release(&p->kept);
	f->open = p->next;
	if (f->open == NULL)
		return;
	f->waiting--;
	announce(f);
}

static bool may_close(const struct flow_part *p)
{
	return p->is_closed || p->part.kind != TALK_CALL || whole_is_over(&p->whole);
}

/* As far as those that wait can go on. */
static void go_on(struct flow *f)
{
	while (f->open && (f->open->is_closed || (f->open->next && may_close(f->open))))
		close_open(f);
}

/* The client's own name and an id of its form. */
static void own_words(struct flow *f, struct flow_part *p)
{
	struct wire_job *job = f->job;
	const struct rename_tool *tool = rename_find(&job->renames, p->part.name);
	int number = f->number + f->waiting;

	if (tool) {
		p->part.name = tool->name;
		p->part.space = tool->space;
		p->is_wrapped = tool->is_wrapped;
		if (tool->kind == TALK_TOOL_CUSTOM)
			p->part.call = TALK_CUSTOM;
	} else {
		p->part.name = arena_copy(job->arena, p->part.name);
	}
	if (p->part.id.len)
		p->part.id = arena_copy(job->arena,
		                        rename_id_for_client(p->part.id, job->client, job->arena));
	else
		p->part.id = rename_new_id(job->request_id, number, job->client, job->arena);
}

static void copy_seal(struct flow *f, struct flow_part *p, const struct talk_seal *seal)
{
	p->part.seal = *seal;
	p->part.seal.raw = arena_copy(f->job->arena, seal->raw);
	p->part.seal.id = arena_copy(f->job->arena, seal->id);
}

static struct flow_part *make(struct flow *f, int key, const struct talk_part *part)
{
	struct flow_part *p = ARENA_NEW(f->job->arena, struct flow_part);

	p->key = key;
	p->part = *part;
	buf_init(&p->kept, LIMIT_EVENT_BYTES);
	copy_seal(f, p, &part->seal);
	p->part.media.type = arena_copy(f->job->arena, part->media.type);
	if (part->kind != TALK_CALL)
		return p;
	f->has_calls = true;
	own_words(f, p);
	return p;
}

static void append(struct flow *f, struct flow_part *p)
{
	struct flow_part *last = f->open;

	if (last == NULL) {
		f->open = p;
		announce(f);
		return;
	}
	while (last->next)
		last = last->next;
	last->next = p;
	f->waiting++;
	go_on(f);
}

void flow_open(struct flow *f, int key, const struct talk_part *part)
{
	struct flow_part *same;

	need_head(f);
	same = find(f, key);
	f->is_broken |= f->waiting == FLOW_WAITING_MAX;
	f->is_broken |= part->kind == TALK_CALL && part->name.len == 0;
	if (f->state != FLOW_BEGUN || f->is_broken || (same && !same->is_closed))
		return;
	append(f, make(f, key, part));
}

bool flow_is_open(const struct flow *f, int key)
{
	const struct flow_part *p = find(f, key);

	return p && !p->is_closed;
}

void flow_delta(struct flow *f, int key, enum talk_delta what, struct str raw)
{
	struct flow_part *p = find(f, key);

	if (p == NULL || raw.len == 0 || f->state != FLOW_BEGUN)
		return;
	if (what == TALK_DELTA_INPUT && p->part.call == TALK_FUNCTION)
		whole_feed(&p->whole, raw);
	if (p == f->open && !p->is_wrapped)
		add_delta(f, what, raw);
	else if (what == main_delta(p))
		buf_put(&p->kept, raw);
	f->is_broken |= buf_is_over(&p->kept);
	if (f->open->next)
		go_on(f);
}

void flow_note(struct flow *f, int key, const struct talk_note *note)
{
	if (f->open && f->open->key == key && f->state == FLOW_BEGUN &&
	    talk_note_is_for(note, f->job->client))
		add(f, TALK_NOTE)->note = note;
	else
		job_lose(f->job, TALK_NOTE_WORDS);
}

void flow_seal(struct flow *f, int key, const struct talk_seal *seal)
{
	struct flow_part *p = find(f, key);

	if (p)
		copy_seal(f, p, seal);
}

void flow_close(struct flow *f, int key)
{
	struct flow_part *p = find(f, key);

	if (p == NULL || f->state != FLOW_BEGUN)
		return;
	p->is_closed = true;
	go_on(f);
}

/* ---- the end ---- */

void flow_usage(struct flow *f, const struct llm_usage *usage)
{
	if (f->state == FLOW_ENDED)
		return;
	need_head(f);
	f->job->usage = *usage;
	f->job->has_usage = true;
	add(f, TALK_USAGE)->usage = *usage;
}

void flow_finish(struct flow *f, enum talk_finish finish, struct str stop_raw)
{
	struct talk_event *e;

	need_head(f);
	if (f->state != FLOW_BEGUN)
		return;
	while (f->open)
		close_open(f);
	f->state = FLOW_FINISHED;
	e = add(f, TALK_FINISH);
	e->finish = put_finish(finish, f->has_calls);
	e->raw = stop_raw;
}

void flow_end(struct flow *f)
{
	if (f->state == FLOW_ENDED)
		return;
	flow_finish(f, TALK_FINISH_STOP, STR(""));
	f->state = FLOW_ENDED;
	add(f, TALK_END);
}

void flow_error(struct flow *f)
{
	if (f->state == FLOW_ENDED)
		return;
	f->state = FLOW_ENDED;
	add(f, TALK_ERROR);
}

/* ---- the driver's side ---- */

struct flow *flow_new(struct wire_job *job)
{
	struct flow *f = ARENA_NEW(job->arena, struct flow);

	f->job = job;
	return f;
}

void flow_begin(struct flow *f)
{
	f->events = NULL;
	f->count = f->room = 0;
}

struct talk_event *flow_events(struct flow *f, int *out_count)
{
	*out_count = f->count;
	return f->events;
}

bool flow_is_broken(const struct flow *f)
{
	return f->is_broken;
}

void flow_free(struct flow **flow)
{
	struct flow *f = *flow;

	*flow = NULL;
	if (f == NULL)
		return;
	for (struct flow_part *p = f->open; p; p = p->next)
		buf_release(&p->kept);
}
