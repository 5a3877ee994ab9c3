/* Called by the path's steps. What makes it safe: request_resume does nothing while is_away, so the
 * request, its stream and the body stay until the work is done, also where the client has left. */
#include "path/away.h"

struct away {
	uv_work_t work;
	struct request *request;
	void (*does)(struct request *);
};

static void on_pool(uv_work_t *work)
{
	struct away *away = LIST_OBJECT(work, struct away, work);
	struct request *r = away->request;
	struct arena scratch;
	struct json events;

	arena_init(&scratch);
	json_init(&events);
	events.allows_duplicates = true; /* as the worker's does */
	r->scratch = &scratch;
	r->events = &events;
	away->does(r);
	r->scratch = &r->worker->loop.scratch;
	r->events = &r->worker->scratch;
	json_release(&events);
	arena_release(&scratch);
}

static void on_back(uv_work_t *work, int status)
{
	struct request *r = LIST_OBJECT(work, struct away, work)->request;

	must(status == 0); /* nothing cancels it */
	loop_woke(&r->worker->loop);
	r->is_away = false;
	request_resume(r);
}

bool away_is_worth_it(const struct request *r)
{
	return stream_body(r->stream).len >= AWAY_BYTES;
}

void away_go(struct request *r, void (*work)(struct request *))
{
	must(!r->is_away);
	if (!r->away)
		r->away = ARENA_NEW(r->arena, struct away);
	r->away->request = r;
	r->away->does = work;
	r->is_away = true;
	must(uv_queue_work(&r->worker->loop.uv, &r->away->work, on_pool, on_back) == 0);
}
