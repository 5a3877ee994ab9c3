/* Called by the path's steps. What makes it safe: request_resume does nothing while is_away, so the
 * request, its stream and the body stay until the work is done, also where the client has left. */
#include "path/away.h"

static void on_pool(uv_work_t *work)
{
	struct request *r = LIST_OBJECT(work, struct request, away_work);
	struct arena scratch;
	struct json events;

	arena_init(&scratch);
	json_init(&events);
	events.allows_duplicates = true; /* as the worker's does */
	r->scratch = &scratch;
	r->events = &events;
	r->away_does(r);
	r->scratch = &r->worker->loop.scratch;
	r->events = &r->worker->scratch;
	json_release(&events);
	arena_release(&scratch);
}

static void on_back(uv_work_t *work, int status)
{
	struct request *r = LIST_OBJECT(work, struct request, away_work);

	must(status == 0); /* nothing cancels it */
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
	r->is_away = true;
	r->away_does = work;
	must(uv_queue_work(&r->worker->loop.uv, &r->away_work, on_pool, on_back) == 0);
}
