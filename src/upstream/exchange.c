/* An exchange.
 *
 *   EXCHANGE_CONNECTING -> EXCHANGE_SENDING -> EXCHANGE_WAITING -> EXCHANGE_BODY -> EXCHANGE_DONE
 *      ^   pool or dial        |  \_______________________________^      |        link to its pool
 *      |_______________________|__________________|                      |
 *        once: pooled and closed, not one byte heard                     v
 *              (any state before DONE) ----------------------------> EXCHANGE_FAILED
 *                                                                       link is closed
 *
 * An answer may begin while the request is still being sent. The request leaves at the end of
 * the turn, so behind the commit of its record. What the owner does not take of the body waits
 * in the answer, and the link pauses.
 *
 * Invariants: `link` is there from SENDING to BODY, `dial` in CONNECTING only; the owner is told
 * from callbacks of the loop, never from a function of the header; after exchange_end nobody is
 * told and the arena, the origin and the pieces are not looked at any more, while the struct
 * itself stays until the turn's end, since callers up the stack may hold it. Called by request.
 * Must never send one request twice but for the stale connection, nor hand over a byte that is
 * not the body's. */
#include "upstream/exchange.h"

#include "base/clock.h"
#include "limits.h"
#include "upstream/answer.h"
#include "upstream/dial.h"

enum { DETAIL_BYTES = 512 };

struct exchange {
	struct list_node node; /* of the upstream's exchanges, then of its dying */
	struct upstream *upstream;
	struct pool *pool;
	struct link *link;
	struct dial *dial;
	const struct origin *origin;
	struct arena *arena;
	void (*on_event)(void *owner);
	void *owner; /* on_event NULL: ended */
	enum exchange_state state;
	enum exchange_failure failure;
	struct buf detail; /* not in the arena, which another thread may have while we fail */

	struct str pieces[EXCHANGE_PIECES_MAX];
	int piece_count;
	size_t unsent_bytes; /* when the send timer was set */
	struct loop_task send;
	struct loop_task tell;
	struct timer wait; /* for the next thing of this state */
	struct timer total;

	struct answer answer;
	int64_t first_byte_ns;
	bool is_reused; /* the link came from the pool */
	bool is_sent;   /* a byte of the request went out on a link that is gone */
	bool is_paused; /* by the owner */
};

static const struct link_user link_user;

/* --- telling --- */

static bool is_over(const struct exchange *ex)
{
	return ex->state >= EXCHANGE_DONE;
}

/* Bytes that the owner has yet to take. */
static bool has_kept(const struct exchange *ex)
{
	return ex->answer.kept.len && !ex->answer.gather_max;
}

/* Reading goes on as long as the owner takes all that comes. */
static void steer(struct exchange *ex)
{
	if (ex->state != EXCHANGE_BODY)
		return;
	if (ex->is_paused || has_kept(ex)) {
		timer_cancel(&ex->wait);
		link_pause(ex->link);
	} else {
		link_resume(ex->link);
	}
}

static void tell(struct exchange *ex)
{
	ex->on_event(ex->owner);
	if (ex->on_event == NULL)
		return;
	answer_keep(&ex->answer);
	steer(ex);
}

static void run_tell(struct loop_task *task)
{
	tell(LIST_OBJECT(task, struct exchange, tell));
}

/* --- ends --- */

static void let_go(struct exchange *ex)
{
	timer_cancel(&ex->wait);
	timer_cancel(&ex->total);
	loop_drop_task(&ex->send);
	dial_cancel(&ex->dial);
	if (ex->link)
		ex->is_sent = exchange_was_sent(ex);
	link_close(&ex->link);
}

/* False: it had ended before. */
static bool ex_fail(struct exchange *ex, enum exchange_failure failure)
{
	if (is_over(ex))
		return false;
	let_go(ex);
	ex->state = EXCHANGE_FAILED;
	ex->failure = failure;
	return true;
}

#define EX_FAIL(ex, failure, ...)                                                                  \
	do {                                                                                       \
		if (ex_fail((ex), EXCHANGE_##failure##_FAILURE))                                   \
			buf_printf(&(ex)->detail, __VA_ARGS__);                                    \
	} while (0)

static void ex_finish(struct exchange *ex)
{
	struct pool_verdict verdict = {
	    .is_whole = true,
	    .is_sent = !link_is_sending(ex->link),
	    .can_keep_alive = ex->answer.head->keep_alive,
	    .has_leftover = ex->answer.leftover > 0,
	};

	ex->state = EXCHANGE_DONE;
	ex->is_sent = exchange_was_sent(ex);
	pool_return(&ex->link, &verdict);
	let_go(ex);
}

static void on_total_due(struct timer *t)
{
	struct exchange *ex = LIST_OBJECT(t, struct exchange, total);

	EX_FAIL(ex, TOTAL_TIMEOUT, "not done after %lld ms", (long long)ex->origin->total_ms);
	tell(ex);
}

static void on_wait_due(struct timer *t);

static void wait_for(struct exchange *ex, int64_t wait_ms)
{
	must(ex->upstream);
	if (wait_ms > 0)
		timer_set(&ex->wait, ex->upstream->loop, wait_ms, on_wait_due);
	else
		timer_cancel(&ex->wait);
}

static void on_wait_due(struct timer *t)
{
	struct exchange *ex = LIST_OBJECT(t, struct exchange, wait);
	const struct origin *o = ex->origin;

	if (ex->state == EXCHANGE_SENDING && link_unsent_bytes(ex->link) < ex->unsent_bytes) {
		ex->unsent_bytes = link_unsent_bytes(ex->link);
		wait_for(ex, o->idle_ms);
		return;
	}
	if (ex->state == EXCHANGE_SENDING)
		EX_FAIL(ex, IDLE_TIMEOUT, "%.*s:%d took nothing of the request for %lld ms",
		        STR_ARG(o->host), o->port, (long long)o->idle_ms);
	else if (ex->state == EXCHANGE_WAITING)
		EX_FAIL(ex, FIRST_BYTE_TIMEOUT, "%.*s:%d did not answer in %lld ms",
		        STR_ARG(o->host), o->port, (long long)o->first_byte_ms);
	else
		EX_FAIL(ex, IDLE_TIMEOUT, "%.*s:%d sent nothing for %lld ms", STR_ARG(o->host),
		        o->port, (long long)o->idle_ms);
	tell(ex);
}

/* --- the answer --- */

static char *on_link_room(struct link *l, size_t *out_bytes)
{
	struct exchange *ex = link_owner(l);

	return answer_room(&ex->answer, out_bytes);
}

static void note_fed(struct exchange *ex, enum answer_fed fed)
{
	const struct origin *o = ex->origin;
	struct str problem = ex->answer.problem;

	if (ex->answer.head)
		ex->state = EXCHANGE_BODY;
	switch (fed) {
	case ANSWER_MORE:
		if (ex->state == EXCHANGE_BODY)
			wait_for(ex, o->idle_ms);
		return;
	case ANSWER_END:
		must(ex->answer.head); /* no answer ends before its head */
		ex_finish(ex);
		return;
	case ANSWER_BAD:
		EX_FAIL(ex, BAD_RESPONSE, "%.*s:%d: %.*s", STR_ARG(o->host), o->port,
		        STR_ARG(problem));
		return;
	case ANSWER_TOO_LARGE:
		EX_FAIL(ex, TOO_LARGE, "%.*s:%d: %.*s", STR_ARG(o->host), o->port,
		        STR_ARG(problem));
	}
}

static void retry_or_fail(struct exchange *ex, enum link_end end);

/* Bytes before our request went out: on a pooled connection a word of farewell, such as a 408. */
static void refuse_early(struct exchange *ex)
{
	if (ex->is_reused) {
		retry_or_fail(ex, LINK_ENDED);
		return;
	}
	EX_FAIL(ex, BAD_RESPONSE, "%.*s:%d spoke before it was asked", STR_ARG(ex->origin->host),
	        ex->origin->port);
	tell(ex);
}

/* Of a gathered answer only the end is told. */
static void on_link_bytes(struct link *l, char *bytes, size_t len)
{
	struct exchange *ex = link_owner(l);

	if (list_has_node(&ex->send.node)) {
		refuse_early(ex);
		return;
	}
	if (ex->first_byte_ns == 0)
		ex->first_byte_ns = clock_mono_ns();
	note_fed(ex, answer_feed(&ex->answer, bytes, len));
	if (is_over(ex) || (ex->state == EXCHANGE_BODY && !ex->answer.gather_max))
		tell(ex);
	else
		answer_keep(&ex->answer);
}

/* --- connecting and sending --- */

static void on_request_sent(struct exchange *ex)
{
	if (ex->state != EXCHANGE_SENDING)
		return;
	ex->state = EXCHANGE_WAITING;
	wait_for(ex, ex->origin->first_byte_ms);
}

static void on_link_sent(struct link *l)
{
	on_request_sent(link_owner(l));
}

static void run_send(struct loop_task *task)
{
	struct exchange *ex = LIST_OBJECT(task, struct exchange, send);

	link_send(ex->link, ex->pieces, ex->piece_count);
	ex->unsent_bytes = link_unsent_bytes(ex->link);
	if (!link_is_sending(ex->link))
		on_request_sent(ex);
	else
		wait_for(ex, ex->origin->idle_ms);
}

static void use_link(struct exchange *ex, struct link *l)
{
	ex->link = l;
	ex->state = EXCHANGE_SENDING;
	link_use(l, &link_user, ex);
	loop_at_turn_end(ex->upstream->loop, &ex->send);
}

static void on_dialled(void *owner, const struct dial_result *result)
{
	struct exchange *ex = owner;

	ex->dial = NULL;
	if (result->link) {
		use_link(ex, result->link);
		return;
	}
	if (ex_fail(ex, result->failure))
		buf_put(&ex->detail, result->detail);
	tell(ex);
}

static void dial_anew(struct exchange *ex)
{
	ex->state = EXCHANGE_CONNECTING;
	ex->dial = dial_start(ex->pool, ex->upstream, ex->origin, on_dialled, ex);
}

/* The provider closed an idle connection while our request was on its way: it has not been
 * answered, so it was not served (RFC 9112 9.3.1), and it is asked once more. */
static bool is_stale(const struct exchange *ex, enum link_end end)
{
	return ex->is_reused && ex->state < EXCHANGE_BODY && ex->first_byte_ns == 0 &&
	       end != LINK_TLS_FAILED;
}

static void fail_at_end(struct exchange *ex, enum link_end end)
{
	const struct origin *o = ex->origin;
	const char *problem = end == LINK_ENDED ? "closed" : link_problem(ex->link);
	const char *when = ex->state == EXCHANGE_BODY      ? "in the body"
	                   : ex->first_byte_ns             ? "in the head"
	                   : ex->state == EXCHANGE_SENDING ? "while sending the request"
	                                                   : "before an answer";

	if (end == LINK_TLS_FAILED)
		EX_FAIL(ex, TLS, "TLS with %.*s:%d: %s", STR_ARG(o->host), o->port, problem);
	else if (end == LINK_BROKEN || ex->first_byte_ns == 0)
		EX_FAIL(ex, RESET, "%.*s:%d: %s %s", STR_ARG(o->host), o->port, problem, when);
	else
		EX_FAIL(ex, TRUNCATED, "%.*s:%d: %s%s %s", STR_ARG(o->host), o->port, problem,
		        end == LINK_CUT ? " without close_notify" : "", when);
}

static void retry_or_fail(struct exchange *ex, enum link_end end)
{
	if (!is_stale(ex, end)) {
		fail_at_end(ex, end);
		tell(ex);
		return;
	}
	ex->is_reused = false;
	ex->is_sent = exchange_was_sent(ex);
	timer_cancel(&ex->wait);
	loop_drop_task(&ex->send);
	link_close(&ex->link);
	dial_anew(ex);
}

static void on_link_end(struct link *l, enum link_end end)
{
	struct exchange *ex = link_owner(l);

	if (end == LINK_ENDED && answer_ends_at_close(&ex->answer)) {
		ex->state = EXCHANGE_DONE;
		let_go(ex);
		tell(ex);
	} else {
		retry_or_fail(ex, end);
	}
}

static const struct link_user link_user = {.room = on_link_room,
                                           .on_bytes = on_link_bytes,
                                           .on_sent = on_link_sent,
                                           .on_end = on_link_end};

/* --- life --- */

static void exchange_free(struct exchange *ex)
{
	list_remove(&ex->node);
	answer_release(&ex->answer);
	buf_release(&ex->detail);
	mem_put(ex);
}

static void sweep(struct loop_task *task)
{
	struct upstream *up = LIST_OBJECT(task, struct upstream, sweep);
	struct list_node *node;

	while ((node = list_first(&up->dying)))
		exchange_free(LIST_OBJECT(node, struct exchange, node));
}

struct exchange *exchange_start(struct upstream *up, const struct exchange_ask *ask,
                                struct arena *arena, void (*on_event)(void *owner), void *owner)
{
	struct exchange *ex = mem_get(sizeof *ex);
	struct link *l;

	must(ask->piece_count > 0 && ask->piece_count <= EXCHANGE_PIECES_MAX && on_event);
	ex->upstream = up;
	ex->origin = ask->origin;
	memcpy(ex->pieces, ask->pieces, (size_t)ask->piece_count * sizeof *ask->pieces);
	ex->piece_count = ask->piece_count;
	ex->arena = arena;
	buf_init(&ex->detail, DETAIL_BYTES);
	ex->on_event = on_event;
	ex->owner = owner;
	ex->send.run = run_send;
	ex->tell.run = run_tell;
	answer_init(&ex->answer, arena, ask->method, ask->gather_max);
	list_push(&up->exchanges, &ex->node);
	if (ex->origin->total_ms > 0)
		timer_set(&ex->total, up->loop, ex->origin->total_ms, on_total_due);
	ex->pool = pool_find(up, ex->origin);
	l = pool_take(ex->pool);
	ex->is_reused = l != NULL;
	if (l)
		use_link(ex, l);
	else
		dial_anew(ex);
	return ex;
}

void exchange_end(struct exchange **exchange)
{
	struct exchange *ex = *exchange;

	*exchange = NULL;
	if (ex == NULL)
		return;
	must(ex->on_event);
	ex->on_event = NULL;
	if (ex->upstream == NULL) { /* it went first */
		exchange_free(ex);
		return;
	}
	let_go(ex);
	loop_drop_task(&ex->tell);
	list_remove(&ex->node);
	list_push(&ex->upstream->dying, &ex->node);
	ex->upstream->sweep.run = sweep;
	loop_at_turn_end(ex->upstream->loop, &ex->upstream->sweep);
}

void upstream_cut_exchanges(struct upstream *up)
{
	struct list_node *node;

	while ((node = list_pop(&up->exchanges))) {
		struct exchange *ex = LIST_OBJECT(node, struct exchange, node);

		EX_FAIL(ex, RESET, "the gateway stops");
		loop_drop_task(&ex->tell);
		ex->upstream = NULL;
	}
	loop_drop_task(&up->sweep);
	sweep(&up->sweep);
}

/* --- questions and requests of the owner --- */

enum exchange_state exchange_state(const struct exchange *ex)
{
	return ex->state;
}

enum exchange_failure exchange_failure(const struct exchange *ex)
{
	return ex->failure;
}

const char *exchange_failure_name(enum exchange_failure failure)
{
	static const char *const names[] = {
#define X(name, text) text,
	    EXCHANGE_FAILURES(X)
#undef X
	};

	must(failure < sizeof names / sizeof *names);
	return names[failure];
}

struct str exchange_failure_detail(const struct exchange *ex)
{
	return buf_str(&ex->detail);
}

const struct http_head *exchange_head(const struct exchange *ex)
{
	return ex->answer.head;
}

struct str exchange_body(const struct exchange *ex)
{
	if (ex->answer.gather_max && ex->state != EXCHANGE_DONE)
		return STR("");
	return answer_body(&ex->answer);
}

void exchange_take(struct exchange *ex, size_t bytes)
{
	bool had_kept = has_kept(ex);

	answer_take(&ex->answer, bytes);
	if (had_kept && !has_kept(ex) && !ex->is_paused && ex->state == EXCHANGE_BODY)
		wait_for(ex, ex->origin->idle_ms);
	steer(ex);
}

void exchange_pause(struct exchange *ex)
{
	ex->is_paused = true;
	steer(ex);
}

void exchange_resume(struct exchange *ex)
{
	if (!ex->is_paused)
		return;
	ex->is_paused = false;
	if (has_kept(ex) && ex->upstream)
		loop_at_turn_end(ex->upstream->loop, &ex->tell);
	else if (ex->state == EXCHANGE_BODY)
		wait_for(ex, ex->origin->idle_ms);
	steer(ex);
}

bool exchange_was_reused(const struct exchange *ex)
{
	return ex->is_reused;
}

bool exchange_was_sent(const struct exchange *ex)
{
	return ex->is_sent || (ex->link && link_has_sent(ex->link));
}

bool exchange_is_sending(const struct exchange *ex)
{
	return ex->link && link_is_sending(ex->link);
}

int64_t exchange_first_byte_ns(const struct exchange *ex)
{
	return ex->first_byte_ns;
}
