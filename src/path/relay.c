/* Moving a stream.
 *
 * 	provider's bytes -> sse_next cuts events -> dialect notes what each means -> client's bytes
 * 	                                          \-> translation -> the client's own events
 *
 * Where both sides speak the same dialect, events pass untouched but for the named edits of the
 * contract: cost in usage objects, the usage chunk withheld from a client that did not ask for
 * it. Runs of untouched events are written as one piece. An event that is not whole yet waits in
 * `partial`; frames before the first content wait in `held`.
 *
 * The first content may take as long as an answer that is no stream may take to begin, whatever
 * comes before it: comments and pings can go on forever.
 *
 * An event that is too long for a turn of the loop becomes a bulk: another thread reads it where it
 * lies, in `partial`; what the client gets of it moves bit by bit, as it takes it, and nothing else
 * of the stream is looked at meanwhile. Long frames that were held move in the same way.
 *
 * Invariants: nothing is sent before content; after the terminal event bytes pass unread; a
 * client that does not read pauses the provider. Called by request.c only. */
#include "path/relay.h"

#include "path/attempt.h"
#include "path/away.h"
#include "path/candidate.h"
#include "path/frames.h"
#include "path/handing.h"
#include "provider/provider.h"
#include "path/refusal.h"
#include "path/reply.h"
#include "path/translation.h"
#include "limits.h"
#include "wire/eventstream.h"

enum { RELAY_GRACE_MS = 250 };

static void on_grace(struct timer *t)
{
	struct relay *relay = LIST_OBJECT(t, struct relay, grace);

	request_resume(LIST_OBJECT(relay, struct request, relay));
}

static void on_silence(struct timer *t)
{
	struct relay *relay = LIST_OBJECT(t, struct relay, patience);

	relay->is_silent = true;
	request_resume(LIST_OBJECT(relay, struct request, relay));
}

void relay_init(struct request *r)
{
	int64_t patience_ms = r->now.target->config->waits.first_byte_ms;

	buf_init(&r->relay.partial, LIMIT_EVENT_BYTES);
	buf_init(&r->relay.held, LIMIT_EVENT_BYTES);
	buf_init(&r->relay.frames, LIMIT_EVENT_BYTES);
	r->relay.sse = (struct sse){0};
	r->relay.framing = RELAY_UNTOLD;
	r->relay.held_at = 0;
	r->relay.is_over = r->relay.is_silent = r->relay.is_broken = false;
	if (r->llm.stream && patience_ms > 0)
		timer_set(&r->relay.patience, &r->worker->loop, patience_ms, on_silence);
}

void relay_release(struct request *r)
{
	timer_cancel(&r->relay.grace);
	timer_cancel(&r->relay.patience);
	buf_release(&r->relay.partial);
	buf_release(&r->relay.held);
	buf_release(&r->relay.frames);
	if (r->relay.bulk)
		buf_release(&r->relay.bulk->made);
	r->relay.bulk = NULL;
}

static bool has_type(const struct http_head *head, struct str type)
{
	struct str has = http_header(head, STR("content-type"));

	return str_eq_nocase(str_part(has, 0, type.len), type);
}

bool relay_is_stream(const struct http_head *head)
{
	return has_type(head, STR("text/event-stream")) || has_type(head, EVENTSTREAM_TYPE);
}

bool relay_is_framed(struct request *r)
{
	struct relay *relay = &r->relay;

	if (relay->framing == RELAY_UNTOLD)
		relay->framing = has_type(exchange_head(r->now.exchange), EVENTSTREAM_TYPE)
		                     ? RELAY_FRAMED
		                     : RELAY_PLAIN;
	return relay->framing == RELAY_FRAMED;
}

/* ---- events ---- */

/* The data of an event that is not joined from several lines stands in its raw bytes. */
static bool is_inside(struct str part, struct str whole)
{
	return part.len && part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

static size_t end_of(struct str part, struct str whole)
{
	return (size_t)(part.ptr - whole.ptr) + part.len - 1;
}

/* The event with its edits. Arena: for what is written anew. */
static int edit(struct request *r, const struct sse_event *e, const struct wire_note *note,
                struct str pieces[WIRE_PIECES_MAX], struct arena *arena)
{
	struct wire_edits edits = {0};
	size_t bytes;

	if (note->usage.len && r->config->cost_in_usage)
		wire_edit_cost(&edits, sse_raw_at(e, end_of(note->usage, e->data)), note->usage,
		               attempt_charge_so_far(r), arena);
	if (is_inside(note->null_usage, e->raw))
		wire_edit_add(&edits,
		              (struct wire_edit){.at = (size_t)(note->null_usage.ptr - e->raw.ptr),
		                                 .cut = note->null_usage.len});
	return wire_edit_pieces(&edits, e->raw, pieces, &bytes);
}

static void send_edited(struct request *r, const struct sse_event *e, const struct wire_note *note)
{
	struct str pieces[WIRE_PIECES_MAX];
	int count = edit(r, e, note, pieces, r->scratch);

	for (int i = 0; i < count; i++)
		handing_give(r, pieces[i]);
}

static bool hides_usage(const struct request *r)
{
	return r->llm.dialect == LLM_CHAT && !r->llm.wants_stream_usage;
}

/* Bytes that are passed on as they are, waiting to be written together. */
struct run {
	struct str bytes;
};

static void run_send(struct request *r, struct run *run)
{
	if (run->bytes.len)
		handing_give(r, run->bytes);
	run->bytes.len = 0;
}

static void run_add(struct run *run, struct str raw)
{
	if (run->bytes.len == 0)
		run->bytes.ptr = raw.ptr;
	run->bytes.len += raw.len;
}

static void pass(struct request *r, struct run *run, const struct sse_event *e,
                 const struct wire_note *note)
{
	if (note->is_usage_only && hides_usage(r)) {
		run_send(r, run);
		return;
	}
	if (note->usage.len || note->null_usage.len) {
		run_send(r, run);
		send_edited(r, e, note);
		return;
	}
	run_add(run, e->raw);
}

static bool counts_rest(const struct request *r)
{
	return provider_counts_rest(r->now.target->config->provider);
}

/* The same where the client speaks another dialect: its own events are made of it. */
static enum relay_result translate_event(struct request *r, const struct sse_event *e)
{
	enum wire_kind kind;
	struct buf events;
	bool is_bad;

	buf_init(&events, LIMIT_EVENT_BYTES);
	kind = translation_hear(r, e, &events);
	if (kind != WIRE_LIFECYCLE && kind != WIRE_ERROR)
		handing_begin(r);
	handing_give(r, buf_str(&events));
	r->relay.is_over = kind == WIRE_END;
	if (r->now.is_garbled || buf_is_over(&events))
		refusal_bad_answer(r, "an event of its stream cannot be read");
	else if (kind == WIRE_ERROR)
		refusal_of_event(r, e->data);
	is_bad = kind == WIRE_ERROR || buf_is_over(&events);
	buf_release(&events);
	return is_bad ? RELAY_ERROR : RELAY_WAITS;
}

/* The provider bills them also where its last word on usage does not come. */
static void note_calls(struct request *r, const struct sse_event *e)
{
	struct json *doc = r->events;
	struct json_error error;

	if (usage_has_calls(r->now.dialect, e->name) && json_read(doc, e->data, &error) == 0)
		usage_note_calls(r->now.dialect, doc, &r->now.meter.calls);
}

static struct wire_noting noting_of(struct request *r)
{
	return (struct wire_noting){.meter = &r->now.meter,
	                            .scratch = r->events,
	                            .arena = r->arena,
	                            .hides_usage = hides_usage(r),
	                            .counts_rest = counts_rest(r)};
}

/* What one event makes of the stream; RELAY_WAITS: nothing new. */
static enum relay_result hear_event(struct request *r, struct run *run, const struct sse_event *e)
{
	struct wire_noting noting = noting_of(r);
	struct wire_note note = {.kind = WIRE_LIFECYCLE};

	note_calls(r, e);
	if (r->now.job)
		return translate_event(r, e);
	if (e->has_data)
		wire_dialect(r->llm.dialect)->note_event(&noting, e, &note);
	if (note.kind == WIRE_ERROR) {
		run_send(r, run);
		refusal_of_event(r, e->data);
		return RELAY_ERROR;
	}
	if (!r->has_content && note.kind != WIRE_LIFECYCLE) {
		run_send(r, run);
		handing_begin(r);
	}
	pass(r, run, e, &note);
	r->relay.is_over = note.kind == WIRE_END;
	return RELAY_WAITS;
}

/* ---- bulks ---- */

/* On the pool. */
static void read_bulk(struct request *r)
{
	struct bulk *b = r->relay.bulk;
	struct wire_noting noting = noting_of(r);

	sse_read(b->event.raw, r->arena, &b->event);
	note_calls(r, &b->event);
	if (r->now.job) {
		b->kind = translation_hear(r, &b->event, &b->made);
		if (b->kind == WIRE_ERROR)
			wire_read_fault(b->event.data, r->events, r->arena, &b->fault);
		b->pieces[0] = buf_str(&b->made);
		b->count = 1;
		return;
	}
	if (b->event.has_data)
		wire_dialect(r->llm.dialect)->note_event(&noting, &b->event, &b->note);
	b->kind = b->note.kind;
	if (b->kind == WIRE_ERROR)
		wire_read_fault(b->event.data, r->events, r->arena, &b->fault);
	if (!b->note.is_usage_only || !hides_usage(r))
		b->count = edit(r, &b->event, &b->note, b->pieces, r->arena);
}

/* It is the first `bytes` of `partial`. */
static void begin_bulk(struct request *r, size_t bytes)
{
	struct bulk *b = r->relay.bulk = ARENA_NEW(r->arena, struct bulk);

	b->event.raw = str_part(buf_str(&r->relay.partial), 0, bytes);
	b->kind = b->note.kind = WIRE_LIFECYCLE;
	buf_init(&b->made, LIMIT_EVENT_BYTES);
	away_go(r, read_bulk);
}

static enum relay_result take_bulk(struct request *r)
{
	struct bulk *b = r->relay.bulk;

	b->is_taken = true;
	if (r->now.is_garbled || buf_is_over(&b->made)) {
		refusal_bad_answer(r, "an event of its stream cannot be read");
		return RELAY_ERROR;
	}
	if (b->kind == WIRE_ERROR) {
		refusal_of_fault(r, &b->fault);
		return RELAY_ERROR;
	}
	if (b->kind != WIRE_LIFECYCLE)
		handing_begin(r);
	r->relay.is_over = b->kind == WIRE_END;
	return RELAY_WAITS;
}

/* `*out_bulk`: how long it is, where that is too long for a turn; then it is not read. */
static enum sse_found next_event(struct request *r, struct str bytes, struct sse_event *out,
                                 size_t *out_bulk)
{
	size_t end;

	if (bytes.len < AWAY_BYTES)
		return sse_next(&r->relay.sse, bytes, r->scratch, out);
	end = sse_end(&r->relay.sse, bytes);
	if (end >= AWAY_BYTES)
		*out_bulk = end;
	else if (end)
		sse_read(str_part(bytes, 0, end), r->scratch, out);
	return end ? SSE_EVENT : SSE_MORE;
}

/* Takes whole events off the front of `bytes`, up to one that is a bulk; gives how many bytes they
 * had. */
static size_t hear_events(struct request *r, struct str bytes, enum relay_result *out_result,
                          size_t *out_bulk)
{
	struct sse_event e;
	struct run run = {0};
	size_t taken = 0;

	*out_result = RELAY_WAITS;
	while (*out_result == RELAY_WAITS && !r->relay.is_over) {
		struct str rest = str_part(bytes, taken, bytes.len);

		if (next_event(r, rest, &e, out_bulk) == SSE_MORE || *out_bulk)
			break;
		taken += e.raw.len;
		*out_result = hear_event(r, &run, &e);
	}
	if (r->relay.is_over && r->now.job) {
		taken = bytes.len;
	} else if (r->relay.is_over) {
		run_add(&run, str_part(bytes, taken, bytes.len));
		taken = bytes.len;
	}
	run_send(r, &run);
	return taken;
}

/* -1: an event is longer than we keep. */
static int keep_partial(struct request *r, struct str rest)
{
	struct buf *partial = &r->relay.partial;

	if (rest.len == 0) {
		buf_release(partial);
		return 0;
	}
	if (partial->len)
		buf_drop(partial, partial->len - rest.len);
	else
		buf_put(partial, rest);
	return buf_is_over(partial) ? -1 : 0;
}

static enum relay_result feed(struct request *r, struct str bytes)
{
	struct buf *partial = &r->relay.partial;
	enum relay_result result;
	size_t taken, bulk = 0;

	if (partial->len || bytes.len >= AWAY_BYTES) {
		buf_put(partial, bytes);
		bytes = buf_str(partial);
	}
	if (buf_is_over(partial))
		return RELAY_BROKEN;
	taken = hear_events(r, bytes, &result, &bulk);
	if (keep_partial(r, str_part(bytes, taken, bytes.len)) < 0)
		return RELAY_BROKEN;
	if (bulk)
		begin_bulk(r, bulk);
	return result;
}

/* It has moved: what is behind it in `partial` is next. */
static enum relay_result end_bulk(struct request *r)
{
	struct bulk *b = r->relay.bulk;

	r->relay.bulk = NULL;
	buf_drop(&r->relay.partial, b->event.raw.len);
	buf_release(&b->made);
	return feed(r, STR(""));
}

/* What came before the frame that is broken counts: its usage is billed. Nothing behind it is
 * heard. */
static enum relay_result feed_framed(struct request *r, struct str bytes)
{
	struct buf *frames = &r->relay.frames, events;
	enum relay_result result;
	ssize_t taken;

	buf_put(frames, bytes);
	if (buf_is_over(frames))
		return RELAY_BROKEN;
	buf_init(&events, 2 * LIMIT_EVENT_BYTES);
	taken = frames_take(r, buf_str(frames), &events);
	result = feed(r, buf_str(&events));
	r->relay.is_broken = taken < 0 || buf_is_over(&events);
	if (taken > 0)
		buf_drop(frames, (size_t)taken);
	buf_release(&events);
	return result;
}

static void keep_pace(struct request *r)
{
	size_t unsent = r->has_content ? stream_unsent_bytes(r->stream) : 0;

	if (unsent > LIMIT_STREAM_UNSENT_BYTES)
		exchange_pause(r->now.exchange);
	else if (unsent < LIMIT_STREAM_UNSENT_BYTES / 2)
		exchange_resume(r->now.exchange);
}

static enum relay_result over(struct request *r, enum exchange_state state)
{
	struct timer *grace = &r->relay.grace;

	if (state >= EXCHANGE_DONE || (grace->on_due && !timer_is_set(grace)))
		return RELAY_IS_OVER;
	if (!timer_is_set(grace))
		timer_set(grace, &r->worker->loop, RELAY_GRACE_MS, on_grace);
	return RELAY_WAITS;
}

/* What still moves goes first. RELAY_WAITS: all is well so far. */
static enum relay_result go_on(struct request *r)
{
	struct relay *relay = &r->relay;
	enum relay_result result = RELAY_WAITS;

	if (handing_is_left(r) && !handing_move(r))
		return RELAY_WAITS;
	if (relay->bulk && !relay->bulk->is_taken) {
		result = take_bulk(r);
		if (result != RELAY_WAITS || !handing_move(r))
			return result;
	}
	return relay->bulk ? end_bulk(r) : RELAY_WAITS;
}

/* What has come is taken when nothing moves any more. */
static enum relay_result take(struct request *r)
{
	struct exchange *x = r->now.exchange;
	enum relay_result result = go_on(r);
	struct str bytes = exchange_body(x);

	if (result != RELAY_WAITS || r->is_away || r->relay.bulk || handing_is_left(r) ||
	    r->relay.is_broken || bytes.len == 0)
		return result;
	result = relay_is_framed(r) ? feed_framed(r, bytes) : feed(r, bytes);
	exchange_take(x, bytes.len);
	return result == RELAY_WAITS && !r->is_away ? go_on(r) : result;
}

bool relay_has_more(const struct request *r)
{
	return r->relay.bulk || r->relay.partial.len > 0;
}

static enum relay_result step(struct request *r)
{
	struct exchange *x = r->now.exchange;
	bool had_content = r->has_content;
	enum relay_result result = take(r);

	if (r->is_away) /* nothing may end while the pool reads */
		return r->has_content && !had_content ? RELAY_FLOWS : RELAY_WAITS;
	if (buf_is_over(&r->relay.held))
		return RELAY_BROKEN;
	if (result != RELAY_WAITS)
		return result;
	if (handing_is_left(r))
		return r->has_content && !had_content ? RELAY_FLOWS : RELAY_WAITS;
	if (r->relay.is_over)
		return over(r, exchange_state(x));
	if (r->relay.is_broken || exchange_state(x) >= EXCHANGE_DONE)
		return RELAY_BROKEN;
	if (r->relay.is_silent)
		return RELAY_SILENT;
	keep_pace(r);
	return r->has_content && !had_content ? RELAY_FLOWS : RELAY_WAITS;
}

enum relay_result relay_step(struct request *r)
{
	enum relay_result result = step(r);

	if (result == RELAY_ERROR || result == RELAY_BROKEN)
		handing_end(r);
	return result;
}
