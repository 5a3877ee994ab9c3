/* Fills and gathers the trace of a request that is going to be served. Called by request.c behind
 * the step choose. The texts of a request are kept only as samples: sealed, where the operator asks
 * for it and the client does not forbid it. */
#include "path/decided.h"

#include "route/conversation.h"
#include "trace/sample.h"
#include "trace/writer.h"

static bool is_sampled(const struct request *r)
{
	return r->config->samples_percent > 0 && r->decision.is_scored && !r->no_retain &&
	       stream_body(r->stream).len <= SAMPLE_BODY_BYTES &&
	       sample_is_drawn(r->id, r->config->samples_percent);
}

void decided_note(struct request *r, const struct route_wish *wish)
{
	struct cipher_key key;
	struct trace t;

	if (!r->worker->decisions || !r->config->keeps_decisions)
		return;
	trace_fill(&t, &r->llm, wish, &r->decision, r->config->catalog);
	memcpy(t.request_id, r->id, sizeof r->id);
	t.account_id = r->key.account_id;
	t.key_id = r->key.id;
	if (t.conversation == 0)
		t.conversation = conversation_hash(&r->llm, wish->session);
	t.has_sample = is_sampled(r);
	writer_put(r->worker->decisions, &t);
	if (!t.has_sample)
		return;
	key = sample_key(r->config->samples_key);
	sampler_put(r->worker->samples, &key, r->id, stream_body(r->stream));
	explicit_bzero(&key, sizeof key);
}
