/* The loop's turn.
 *
 * 	poll -> callbacks (read, accept, connect) -> end of turn -> timers -> end of turn -> ...
 *
 * The end of a turn runs from a check handle (after polling) and again from a prepare handle
 * (after timers, before the next poll), so nothing waits a poll long for its turn to end. While
 * the commit fails no task runs: what was said stays unsaid until its record is kept; the ticker
 * tries again.
 *
 * libuv reads a socket up to 32 times in a row. Whoever gives it room asks here how much, and gives
 * none when the socket has had its share; the rest is read in the next turn. Large memory that is
 * put on the loop is given back to the system by a thread of libuv's pool.
 *
 * THREADS: one loop, one thread; only loop_wake may be called from another. Must never block. */
#include "base/loop.h"

#include "base/clock.h"
#include "base/timer.h"
#include "base/work.h"

enum { LEAVING_BYTES_MAX = 64 * 1024 * 1024 };

/* Tasks may ask for tasks. These run in a round of their own, behind a commit of their own: what
 * the first round made known (a request that had waited behind the one just answered) may have
 * written records again. */
static void end_turn(struct loop *l)
{
	struct list round;
	struct list_node *node;
	bool again;

	list_init(&round);
	do {
		if (l->commit && l->commit(l->commit_arg) != 0)
			return;
		while ((node = list_pop(&l->tasks)))
			list_push(&round, node);
		again = !list_is_empty(&round);
		while ((node = list_pop(&round))) {
			struct loop_task *task = LIST_OBJECT(node, struct loop_task, node);

			task->run(task);
		}
	} while (again);
	arena_reset(&l->scratch);
}

/* libuv could tell how long its polls waited, but then asks twice each time, first without
 * waiting. */
static void measure_turn(struct loop *l)
{
	size_t bytes = work_take();

	if (l->woke_ns)
		l->on_turn(l->turn_arg, clock_mono_ns() - l->woke_ns, bytes);
	l->woke_ns = 0;
}

void loop_woke(struct loop *l)
{
	if (l->woke_ns == 0 && l->on_turn)
		l->woke_ns = clock_mono_ns();
}

void loop_watch_turns(struct loop *l, void (*on_turn)(void *, int64_t took_ns, size_t bytes),
                      void *arg)
{
	l->on_turn = on_turn;
	l->turn_arg = arg;
}

static void on_before_poll(uv_prepare_t *handle)
{
	struct loop *l = handle->data;

	end_turn(l);
	l->reader = NULL;
	l->turn++;
	if (l->on_turn)
		measure_turn(l);
}

static void on_hurry(uv_idle_t *handle)
{
	(void)handle;
}

static void begin_next(struct loop *l)
{
	struct list_node *node;

	uv_idle_stop(&l->hurry); /* also where all of them were dropped */
	while ((node = list_pop(&l->next)))
		list_push(&l->tasks, node);
}

static void on_after_poll(uv_check_t *handle)
{
	struct loop *l = handle->data;

	loop_woke(l);
	begin_next(l);
	end_turn(l);
}

static void on_waker(uv_async_t *handle)
{
	struct loop *l = handle->data;

	loop_woke(l);
	if (l->on_wake)
		l->on_wake(l);
}

/* So far a coarse clock may be behind: no timer is early by any clock. */
enum { COARSE_LAG_MS = 10 };

static int64_t tick_now(void)
{
	return clock_mono_coarse_ns() / (TIMER_TICK_MS * 1000000LL);
}

static struct list *place_of(struct loop *l, const struct timer *t)
{
	return &l->timers[t->due_tick % TIMER_SLOTS];
}

/* It was put off since it was put here. */
static void move_to_place(struct loop *l, struct timer *t, const struct list *here)
{
	if (place_of(l, t) == here)
		return;
	list_remove(&t->node);
	list_push(place_of(l, t), &t->node);
}

/* Serves one place of the wheel; what is due in a later round stays. */
static void serve_slot(struct loop *l, struct list *slot)
{
	struct list due;
	struct list_node *node = slot->head.next;

	list_init(&due);
	while (node != &slot->head) {
		struct timer *t = LIST_OBJECT(node, struct timer, node);

		node = node->next;
		if (t->due_tick > l->timer_tick) {
			move_to_place(l, t, slot);
			continue;
		}
		list_remove(&t->node);
		list_push(&due, &t->node);
	}
	while ((node = list_pop(&due))) {
		struct timer *t = LIST_OBJECT(node, struct timer, node);

		l->timer_count--;
		t->on_due(t);
	}
}

static void stop_ticker_if_idle(struct loop *l)
{
	if (l->timer_count == 0 && !uv_is_closing((uv_handle_t *)&l->ticker))
		uv_timer_stop(&l->ticker);
}

static void on_tick(uv_timer_t *handle)
{
	struct loop *l = handle->data;
	int64_t now = tick_now();

	if (now - l->timer_tick > TIMER_SLOTS)
		l->timer_tick = now - TIMER_SLOTS;
	while (l->timer_tick < now) {
		l->timer_tick++;
		serve_slot(l, &l->timers[l->timer_tick % TIMER_SLOTS]);
	}
	stop_ticker_if_idle(l);
}

/* In a place that has yet to be served, and not among those that are due now. */
static bool may_stay(const struct timer *t, const struct loop *l, int64_t due)
{
	return timer_is_set(t) && t->loop == l && t->due_tick > l->timer_tick && due >= t->due_tick;
}

/* What is put off, as with every event of a stream, stays where it is until that place is served:
 * its neighbours are other streams', and in no cache. */
void timer_set(struct timer *t, struct loop *l, int64_t wait_ms, void (*on_due)(struct timer *))
{
	int64_t now_ms = clock_mono_coarse_ns() / 1000000;
	int64_t due = (now_ms + COARSE_LAG_MS + wait_ms) / TIMER_TICK_MS + 1;

	if (!may_stay(t, l, due)) {
		timer_cancel(t);
		if (l->timer_count++ == 0) {
			l->timer_tick = tick_now();
			uv_timer_start(&l->ticker, on_tick, TIMER_TICK_MS, TIMER_TICK_MS);
		}
		list_push(&l->timers[due % TIMER_SLOTS], &t->node);
	}
	t->loop = l;
	t->on_due = on_due;
	t->due_tick = due;
}

void timer_cancel(struct timer *t)
{
	if (!list_has_node(&t->node))
		return;
	list_remove(&t->node);
	t->loop->timer_count--;
	stop_ticker_if_idle(t->loop);
}

bool timer_is_set(const struct timer *t)
{
	return list_has_node(&t->node);
}

static void watch(struct loop *l)
{
	must(uv_prepare_init(&l->uv, &l->before_poll) == 0);
	must(uv_check_init(&l->uv, &l->after_poll) == 0);
	must(uv_idle_init(&l->uv, &l->hurry) == 0);
	must(uv_timer_init(&l->uv, &l->ticker) == 0);
	must(uv_async_init(&l->uv, &l->waker, on_waker) == 0);
	l->before_poll.data = l->after_poll.data = l->ticker.data = l->waker.data = l;
	uv_prepare_start(&l->before_poll, on_before_poll);
	uv_check_start(&l->after_poll, on_after_poll);
	uv_unref((uv_handle_t *)&l->before_poll);
	uv_unref((uv_handle_t *)&l->after_poll);
	uv_unref((uv_handle_t *)&l->waker);
}

void loop_init(struct loop *l, int index)
{
	*l = (struct loop){.index = index};
	must(uv_loop_init(&l->uv) == 0);
	l->uv.data = l;
	l->read_bytes = mem_get(LOOP_READ_BYTES);
	arena_init(&l->scratch);
	list_init(&l->tasks);
	list_init(&l->next);
	for (int i = 0; i < TIMER_SLOTS; i++)
		list_init(&l->timers[i]);
	watch(l);
}

void loop_release(struct loop *l)
{
	uv_close((uv_handle_t *)&l->before_poll, NULL);
	uv_close((uv_handle_t *)&l->after_poll, NULL);
	uv_close((uv_handle_t *)&l->hurry, NULL);
	uv_close((uv_handle_t *)&l->ticker, NULL);
	uv_close((uv_handle_t *)&l->waker, NULL);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	must(uv_loop_close(&l->uv) == 0);
	arena_release(&l->scratch);
	mem_put(l->read_bytes);
}

/* --- reading --- */

size_t loop_may_read(struct loop *l, const void *reader)
{
	loop_woke(l);
	if (l->reader != reader) {
		l->reader = reader;
		l->reader_left = LOOP_TURN_READ_BYTES;
	}
	return l->reader_left;
}

void loop_has_read(struct loop *l, size_t bytes)
{
	work_did(bytes);
	l->reader_left -= bytes < l->reader_left ? bytes : l->reader_left;
}

/* --- large memory --- */

struct leaving {
	uv_work_t work;
	void *memory;
	size_t bytes;
};

static _Thread_local struct loop *running;

static void on_pool(uv_work_t *work)
{
	mem_put_large(LIST_OBJECT(work, struct leaving, work)->memory);
}

static void on_left(uv_work_t *work, int status)
{
	struct loop *l = LIST_OBJECT(work->loop, struct loop, uv);
	struct leaving *leaving = LIST_OBJECT(work, struct leaving, work);

	must(status == 0); /* nothing cancels it */
	l->leaving_bytes -= leaving->bytes;
	mem_put(leaving);
}

/* The pool may be at names that nobody answers for: no more than so much waits for it. */
static void give_large(void *memory, size_t bytes)
{
	struct leaving *leaving;

	if (running->leaving_bytes + bytes > LEAVING_BYTES_MAX) {
		work_did(bytes);
		mem_put_large(memory);
		return;
	}
	leaving = mem_get(sizeof *leaving);
	leaving->memory = memory;
	leaving->bytes = bytes;
	running->leaving_bytes += bytes;
	must(uv_queue_work(&running->uv, &leaving->work, on_pool, on_left) == 0);
}

void loop_run(struct loop *l)
{
	running = l;
	mem_give_large(give_large);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	mem_give_large(NULL);
	running = NULL;
}

void loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

void loop_wake(struct loop *l)
{
	uv_async_send(&l->waker);
}

void loop_at_turn_end(struct loop *l, struct loop_task *task)
{
	if (!list_has_node(&task->node))
		list_push(&l->tasks, &task->node);
}

void loop_next_turn(struct loop *l, struct loop_task *task)
{
	if (list_has_node(&task->node))
		return;
	list_push(&l->next, &task->node);
	uv_idle_start(&l->hurry, on_hurry);
}

void loop_drop_task(struct loop_task *task)
{
	list_remove(&task->node);
}

void loop_set_commit(struct loop *l, int (*commit)(void *), void *arg)
{
	l->commit = commit;
	l->commit_arg = arg;
}
