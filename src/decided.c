/* Fills and gathers the trace of a request that is going to be served. Called by request.c behind
 * the step choose. Must never keep a text of the request. */
#include "decided.h"

#include "route/conversation.h"
#include "trace/writer.h"

void decided_note(struct request *r, const struct route_wish *wish)
{
	struct trace t;

	if (!r->worker->decisions || !r->config->keeps_decisions)
		return;
	trace_fill(&t, &r->llm, wish, &r->decision, r->config->catalog);
	memcpy(t.request_id, r->id, sizeof r->id);
	t.account_id = r->key.account_id;
	t.key_id = r->key.id;
	if (t.conversation == 0)
		t.conversation = conversation_hash(&r->llm, wish->session);
	writer_put(r->worker->decisions, &t);
}
