/* Taking a credential from those that the keeper fetches off this path. Nobody waits but while
 * there is none at all, which is when the daemon has just begun or has slept; whoever waits is in
 * the worker's list, and its loop is woken when news come. Called by request.c. */
#include "path/proof.h"

#include "limits.h"

static void on_due(struct timer *t)
{
	request_resume(LIST_OBJECT(t, struct request, proving));
}

static void begin_wait(struct request *r)
{
	if (!list_has_node(&r->proving_node))
		list_push(&r->worker->proving, &r->proving_node);
	if (r->proving.on_due == NULL)
		timer_set(&r->proving, &r->worker->loop, LIMIT_CREDENTIAL_WAIT_MS, on_due);
}

static bool is_late(const struct request *r)
{
	return r->proving.on_due && !timer_is_set(&r->proving);
}

void proof_release(struct request *r)
{
	list_remove(&r->proving_node);
	timer_cancel(&r->proving);
	r->proving.on_due = NULL;
}

enum auth_state proof_take(struct request *r)
{
	struct credential *c = r->now.target->config->provider->credential;
	enum auth_state state = c ? credential_take(c, r->arena, &r->now.proof) : AUTH_READY;

	if (state == AUTH_WAITS && is_late(r))
		state = AUTH_FAILED;
	if (state == AUTH_WAITS)
		begin_wait(r);
	else
		proof_release(r);
	return state;
}
