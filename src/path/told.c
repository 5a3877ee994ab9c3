/* One line for each request, with figures and names: never content, never a key. Called by
 * request.c when the answer is out. */
#include "path/told.h"

#include "base/log.h"
#include "metric.h"

static void put_served(struct log_line *l, const struct request *r)
{
	log_text(l, "model", r->now.target->model->name);
	log_text(l, "provider", r->now.target->config->provider->name);
	log_i64(l, "input", r->now.entry.usage.input);
	log_i64(l, "cached", r->now.entry.usage.cache_read);
	log_i64(l, "output", r->now.entry.usage.output);
	log_text(l, "attempts", r->attempts_text);
}

void told_log(const struct request *r, int64_t duration_ns)
{
	const struct http_head *head = stream_head(r->stream);
	struct log_line l;

	log_start(&l, LOG_INFO, "request");
	log_text(&l, "id", r->id_text);
	log_text(&l, "peer", stream_peer(r->stream));
	log_text(&l, "method", head->method);
	log_text(&l, "path", str_part(head->path, 0, 200));
	log_i64(&l, "status",
	        r->fail.kind == FAIL_CLIENT_CLOSED ? fail_status(&r->fail) : r->status);
	if (r->key.id)
		log_i64(&l, "key", r->key.id);
	if (r->llm.model.len)
		log_text(&l, "asked", r->llm.model);
	if (r->decision.has_tier)
		log_text(&l, "tier", str_of(llm_tier_name(r->decision.tier)));
	if (r->now.target)
		put_served(&l, r);
	log_nusd(&l, "cost_usd", r->charge_nusd);
	if (fail_is_set(&r->fail))
		log_text(&l, "code", fail_code(r->fail.kind));
	log_bool(&l, "stream", r->llm.stream);
	log_i64(&l, "us", duration_ns / 1000);
	log_end(&l);
}

void told_count(const struct request *r, int64_t duration_ns)
{
	bool is_gone = r->fail.kind == FAIL_CLIENT_CLOSED;

	metric_add(is_gone           ? METRIC_REQUESTS_GONE
	           : r->status < 400 ? METRIC_REQUESTS_2XX
	           : r->status < 500 ? METRIC_REQUESTS_4XX
	                             : METRIC_REQUESTS_5XX,
	           1);
	metric_add(METRIC_REQUESTS_ACTIVE, -1);
	metric_observe(METRIC_DURATION_SECONDS, duration_ns);
	metric_observe(METRIC_OVERHEAD_SECONDS, duration_ns - r->waited_ns);
}
