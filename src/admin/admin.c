/* The operators' listener: a front of its own beside the public one, on the first worker's loop.
 * Answers at once or with 404; never waits. Called by the daemon. */
#include "admin/admin.h"

#include "admin/target.h"
#include "front/listen.h"
#include "metric.h"
#include "wire/wire.h"

enum { METRICS_BYTES_MAX = 4 * 1024 * 1024 };

struct admin {
	struct front *front;
};

static void answer(struct stream *s, int status, struct str type, struct str body)
{
	struct http_header header = {STR("Content-Type"), type};

	stream_begin(s, status, &header, 1, (int64_t)body.len);
	stream_write(s, body);
	stream_end(s, NULL, 0);
}

static void answer_metrics(struct stream *s)
{
	struct config *config = config_current();
	struct buf text;

	buf_init(&text, METRICS_BYTES_MAX);
	metric_set(METRIC_BODY_BYTES, (int64_t)front_body_memory_used());
	metric_put_text(&text);
	target_put_metrics(&text, config);
	buf_put(&text, STR("# EOF\n"));
	config_put(&config);
	answer(s, 200, STR("application/openmetrics-text; version=1.0.0; charset=utf-8"),
	       buf_str(&text));
	buf_release(&text);
}

static void answer_failure(struct stream *s, struct fail *f)
{
	struct buf body;

	buf_init(&body, 4096);
	wire_dialect(LLM_CHAT)->put_error(&body, f, STR(""));
	answer(s, fail_status(f), STR("application/json"), buf_str(&body));
	buf_release(&body);
}

static void on_stream(void *stream)
{
	struct stream *s = stream;
	enum stream_state state = stream_state(s);

	if (state == STREAM_SENT || state == STREAM_GONE)
		stream_close(&s);
}

static void on_request(struct stream *s, void *admin)
{
	const struct http_head *head = stream_head(s);
	struct fail f;

	(void)admin;
	stream_set_owner(s, on_stream, s);
	fail_init(&f, stream_arena(s));
	if (!str_eq(head->path, STR("/metrics")))
		fail(&f, FAIL_ENDPOINT_NOT_FOUND, "there is nothing here but /metrics");
	else if (!str_eq(head->method, STR("GET")) && !str_eq(head->method, STR("HEAD")))
		fail(&f, FAIL_METHOD_NOT_ALLOWED, "/metrics takes GET");
	if (fail_is_set(&f))
		answer_failure(s, &f);
	else
		answer_metrics(s);
}

static void on_bad_head(const struct fail *f, struct front_refusal *out, void *admin)
{
	(void)admin;
	wire_dialect(LLM_CHAT)->put_error(&out->body, f, STR(""));
}

struct admin *admin_start(struct loop *loop, struct str address, struct fail *f)
{
	struct admin *a = mem_get(sizeof *a);
	struct front_server server = {on_request, on_bad_head, a};

	if (str_eq(address, STR("off"))) {
		mem_put(a);
		return NULL;
	}
	a->front = front_new(loop, &server);
	if (front_listen(a->front, address, f) == 0)
		return a;
	admin_stop(&a);
	return NULL;
}

void admin_leave(struct admin *a)
{
	front_stop_listening(a->front);
	front_leave(a->front);
}

void admin_stop(struct admin **a)
{
	front_close(&(*a)->front);
	mem_put(*a);
	*a = NULL;
}
