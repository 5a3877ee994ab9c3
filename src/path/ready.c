/* /healthz and /readyz. Called through the endpoint table. */
#include "path/ready.h"

#include "path/reply.h"

void ready_answer_health(struct request *r)
{
	reply_own(r, STR("application/json"), STR("{\"status\":\"ok\"}"));
}

void ready_answer_ready(struct request *r)
{
	if (atomic_load(&r->worker->shared->is_ready))
		reply_own(r, STR("application/json"), STR("{\"status\":\"ready\"}"));
	else
		fail(&r->fail, FAIL_DRAINING, "this instance is stopping; use another one");
}
