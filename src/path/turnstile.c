/* The queue in front of the path.
 *
 *	enter ──room──> inside ──leave──> the first that waits is let in, in a turn of its own
 *	   \──none──> waiting ──queue_wait──> 503
 *	       \──full──> 503
 *
 * A bound on the number of requests bounds their latency as long as providers are what takes the
 * time; where the processor is, it is the length of the loop's turns that grows, and refusing by
 * that keeps it short. Called by request.c and worker.c.
 *
 * Invariant: inside_count is the number of requests with is_inside; nobody waits while there is
 * room, but for the one turn until it is resumed. */
#include "path/turnstile.h"

#include "base/clock.h"
#include "metric.h"
#include "path/request.h"

enum { SLOW_FOR_MS = 1000, RETRY_MS = 1000 };

void turnstile_init(struct turnstile *t)
{
	*t = (struct turnstile){0};
	list_init(&t->waiting);
}

void turnstile_note_turn(struct turnstile *t, int64_t took_ns)
{
	struct config *config;
	int64_t slow_ns;

	if (took_ns < CONFIG_OVERLOAD_TURN_MIN_MS * 1000000LL) { /* nearly always */
		t->slow_from_ns = 0;
		t->is_slow = false;
		return;
	}
	config = config_current();
	slow_ns = config->overload_turn_ms * 1000000;
	config_put(&config);
	if (slow_ns == 0 || took_ns < slow_ns)
		t->slow_from_ns = 0;
	else if (t->slow_from_ns == 0)
		t->slow_from_ns = clock_mono_ns() - took_ns;
	t->is_slow =
	    t->slow_from_ns && clock_mono_ns() - t->slow_from_ns >= SLOW_FOR_MS * 1000000LL;
}

static int refuse(struct request *r, const char *why)
{
	metric_add(METRIC_OVERLOADED, 1);
	fail(&r->fail, FAIL_OVERLOADED, "too much is asked at once (%s); try again in a second",
	     why);
	r->fail.retry_after_ms = RETRY_MS;
	return -1;
}

static void set_waiting(struct turnstile *t, int by)
{
	t->waiting_count += by;
	metric_add(METRIC_REQUESTS_QUEUED, by);
}

static void go_in(struct request *r)
{
	r->worker->turnstile.inside_count++;
	r->is_inside = true;
}

static void stop_waiting(struct request *r)
{
	if (!list_has_node(&r->entering_node))
		return;
	list_remove(&r->entering_node);
	set_waiting(&r->worker->turnstile, -1);
	timer_cancel(&r->backoff);
}

static void on_due(struct timer *t)
{
	request_resume(LIST_OBJECT(t, struct request, backoff));
}

static int begin_to_wait(struct request *r)
{
	struct turnstile *t = &r->worker->turnstile;

	if (t->waiting_count >= r->config->queue_max)
		return refuse(r, "the queue is full");
	list_push(&t->waiting, &r->entering_node);
	set_waiting(t, 1);
	timer_set(&r->backoff, &r->worker->loop, r->config->queue_wait_ms, on_due);
	return 0;
}

/* Who goes in wakes the next one in turn: of several that leave in one turn only one is heard. */
static void wake_next(struct request *r)
{
	struct turnstile *t = &r->worker->turnstile;
	struct list_node *next = list_first(&t->waiting);

	if (next && t->inside_count < r->config->requests_max)
		loop_at_turn_end(&r->worker->loop,
		                 &LIST_OBJECT(next, struct request, entering_node)->later);
}

int turnstile_enter(struct request *r)
{
	struct turnstile *t = &r->worker->turnstile;
	bool has_waited = list_has_node(&r->entering_node);
	bool has_room = t->inside_count < r->config->requests_max;

	if (has_room && (has_waited || t->waiting_count == 0)) {
		stop_waiting(r);
		go_in(r);
		wake_next(r);
		return 1;
	}
	if (!has_waited)
		return t->is_slow ? refuse(r, "the loop is slow") : begin_to_wait(r);
	if (timer_is_set(&r->backoff))
		return 0;
	stop_waiting(r);
	wake_next(r);
	return refuse(r, "no place became free in time");
}

void turnstile_leave(struct request *r)
{
	stop_waiting(r);
	if (r->is_inside)
		r->worker->turnstile.inside_count--;
	r->is_inside = false;
	wake_next(r); /* also where the one that was woken is gone */
}
