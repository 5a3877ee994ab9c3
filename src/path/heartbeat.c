/* Heartbeats.
 *
 *	request ... 15 s ... head, comment ... 15 s ... comment ... content
 *
 * A heartbeat is a comment of the event stream (HTML, 9.2.6: a line that begins with a colon), in
 * every dialect. No blank line follows: at one, OpenAI's SDK for Go makes an event of nothing and
 * ends the stream (https://github.com/mckinsey/agents-at-scale-ark/issues/1346). Anthropic's `ping`
 * would stand before message_start, which is out of order for who reads events by hand.
 *
 * The head tells what is known then, and not the target: another may still serve, since comments
 * are no content. A failure after it ends the stream in the dialect's own form. Called by request.c
 * and relay.c. */
#include "path/heartbeat.h"

#include "metric.h"
#include "path/reply.h"

static void on_due(struct timer *t)
{
	struct request *r = LIST_OBJECT(t, struct request, heartbeat);

	r->heartbeat_is_due = true;
	request_resume(r);
}

void heartbeat_start(struct request *r)
{
	int64_t every_ms = r->config->health.heartbeat_ms;

	if (r->llm.stream && every_ms > 0)
		timer_set(&r->heartbeat, &r->worker->loop, every_ms, on_due);
}

void heartbeat_stop(struct request *r)
{
	timer_cancel(&r->heartbeat);
	r->heartbeat_is_due = false;
}

void heartbeat_give(struct request *r)
{
	if (!r->heartbeat_is_due)
		return;
	r->heartbeat_is_due = false;
	if (r->has_content || r->is_draining || r->step >= REQUEST_settle)
		return;
	if (!r->has_begun)
		reply_begin_early(r);
	stream_write(r->stream, STR(": keep-alive\n"));
	metric_add(METRIC_HEARTBEATS, 1);
	heartbeat_start(r);
}
