/* The admin listener: credential, body, a job for the clerk, its answer.
 *
 *	on_request ─> authorize ─> body ─> clerk: desk_do ─> answer
 *
 * A visit is one request. It lives until both its stream is closed and its job has come back. The
 * credential is compared as a digest, in constant time, before the body is read. Called by the
 * daemon. Must never touch the store: that is the clerk's. */
#include "admin/api.h"

#include "admin/desk.h"
#include "base/hash.h"
#include "base/log.h"
#include "config/config.h"
#include "front/listen.h"
#include "gate/bad_keys.h"
#include "wire/wire.h"

enum { BODY_BYTES_MAX = 1024 * 1024, ANSWER_BYTES_MAX = 64 * 1024 * 1024, CONNECTIONS_MAX = 256 };

struct api {
	struct clerk *clerk;
	struct front *front;
	struct bad_keys *bad_keys;
};

struct visit {
	struct clerk_job job;
	struct api *api;
	struct stream *stream; /* NULL: closed */
	bool is_working;       /* the clerk has the job */
	struct arena arena;    /* the clerk's while it works */
	struct fail fail;
	struct desk_ask ask;
	struct desk_answer answer;
	struct buf out;
	struct str peer;
};

/* ---- answers ---- */

static void answer(struct visit *v, int status, struct str type, struct str body)
{
	struct http_header headers[5] = {{STR("Content-Type"), type},
	                                 {STR("Cache-Control"), STR("no-store")}};
	int64_t wait_s = (v->fail.retry_after_ms + 999) / 1000;
	int count = 2;

	if (v->answer.allow.len)
		headers[count++] = (struct http_header){STR("Allow"), v->answer.allow};
	if (v->fail.kind == FAIL_INVALID_API_KEY)
		headers[count++] =
		    (struct http_header){STR("WWW-Authenticate"), STR("Bearer realm=\"admin\"")};
	if (wait_s > 0)
		headers[count++] =
		    (struct http_header){STR("Retry-After"), arena_i64(&v->arena, wait_s)};
	stream_begin(v->stream, status, headers, count, (int64_t)body.len);
	stream_write(v->stream, body);
	stream_end(v->stream, NULL, 0);
}

static void answer_failure(struct visit *v)
{
	buf_clear(&v->out);
	wire_dialect(LLM_CHAT)->put_error(&v->out, &v->fail, STR(""));
	answer(v, fail_status(&v->fail), STR("application/json"), buf_str(&v->out));
}

static void put_log(const struct visit *v, int status)
{
	struct log_line l;

	log_start(&l, LOG_INFO, "admin");
	log_text(&l, "method", v->ask.method);
	log_text(&l, "path", v->ask.path);
	log_i64(&l, "status", status);
	log_text(&l, "peer", v->peer);
	log_end(&l);
}

/* ---- the visit's life ---- */

static void visit_end(struct visit *v)
{
	if (v->stream || v->is_working)
		return;
	buf_release(&v->out);
	arena_release(&v->arena);
	mem_put(v);
}

static void on_work(struct clerk_job *job, struct store *store, struct fail *store_fail)
{
	struct visit *v = LIST_OBJECT(job, struct visit, job);
	struct desk desk = {store, &v->arena, &v->out, &v->fail};

	if (store == NULL)
		fail(&v->fail, FAIL_STORE, "%.*s", STR_ARG(store_fail->message));
	else if (desk_do(&desk, &v->ask, &v->answer) < 0)
		buf_clear(&v->out);
}

static void on_done(struct clerk_job *job)
{
	struct visit *v = LIST_OBJECT(job, struct visit, job);
	bool failed = fail_is_set(&v->fail);

	v->is_working = false;
	if (v->answer.status == 0 && !failed)
		fail(&v->fail, FAIL_DRAINING, "this instance is stopping");
	put_log(v, fail_is_set(&v->fail) ? fail_status(&v->fail) : v->answer.status);
	if (v->stream && fail_is_set(&v->fail))
		answer_failure(v);
	else if (v->stream)
		answer(v, v->answer.status, v->answer.type, buf_str(&v->out));
	visit_end(v);
}

static void give_to_clerk(struct visit *v)
{
	const struct http_head *head = stream_head(v->stream);

	v->ask.method = arena_copy(&v->arena, head->method);
	v->ask.path = arena_copy(&v->arena, head->path);
	v->ask.query = arena_copy(&v->arena, head->query);
	v->ask.body = arena_copy(&v->arena, stream_body(v->stream));
	v->job.work = on_work;
	v->job.done = on_done;
	v->is_working = true;
	clerk_give(v->api->clerk, &v->job);
}

static void on_stream(void *visit)
{
	struct visit *v = visit;

	switch (stream_state(v->stream)) {
	case STREAM_BODY:
		if (!v->is_working)
			give_to_clerk(v);
		break;
	case STREAM_REFUSED:
		stream_body_fail(v->stream, &v->fail);
		answer_failure(v);
		break;
	case STREAM_SENT:
	case STREAM_GONE:
		stream_close(&v->stream);
		visit_end(v);
		break;
	default:
		break;
	}
}

/* ---- the credential ---- */

static bool is_admin(struct str presented)
{
	uint8_t got[HASH_SHA256_BYTES], want[HASH_SHA256_BYTES];
	struct config *config = config_current();

	hash_sha256(presented, got);
	hash_sha256(config->admin.key, want);
	config_put(&config);
	return str_eq_secret((struct str){(const char *)got, sizeof got},
	                     (struct str){(const char *)want, sizeof want});
}

static int authorize(struct visit *v)
{
	struct str text = http_header(stream_head(v->stream), STR("authorization"));

	if (bad_keys_check(v->api->bad_keys, v->peer, &v->fail) < 0)
		return -1;
	if (text.len > 7 && str_eq_nocase(str_part(text, 0, 7), STR("Bearer ")) &&
	    is_admin(str_trim(str_part(text, 7, text.len))))
		return 0;
	bad_keys_add(v->api->bad_keys, v->peer);
	return fail(&v->fail, FAIL_INVALID_API_KEY,
	            "send `Authorization: Bearer KEY` with the admin key of the configuration");
}

static void on_request(struct stream *s, void *api)
{
	struct visit *v = mem_get(sizeof *v);

	v->api = api;
	v->stream = s;
	arena_init(&v->arena);
	buf_init(&v->out, ANSWER_BYTES_MAX);
	fail_init(&v->fail, &v->arena);
	v->peer = arena_copy(&v->arena, stream_peer(s));
	stream_set_owner(s, on_stream, v);
	if (authorize(v) < 0) {
		answer_failure(v);
		return;
	}
	stream_read_body(s, BODY_BYTES_MAX);
	on_stream(v);
}

static void on_bad_head(const struct fail *f, struct front_refusal *out, void *api)
{
	(void)api;
	wire_dialect(LLM_CHAT)->put_error(&out->body, f, STR(""));
}

/* ---- start and end ---- */

struct api *api_start(struct loop *loop, struct clerk *clerk, struct fail *f)
{
	struct api *a = mem_get(sizeof *a);
	struct front_server server = {on_request, on_bad_head, a};
	struct config *config = config_current();
	int result;

	a->clerk = clerk;
	a->bad_keys = bad_keys_new();
	a->front = front_new(loop, &server);
	front_set_connections(a->front, CONNECTIONS_MAX);
	result = front_listen(a->front, config->admin.listen, f);
	config_put(&config);
	if (result == 0)
		return a;
	api_stop(a);
	api_free(&a);
	return NULL;
}

struct str api_address(const struct api *a, struct arena *arena)
{
	return front_address(a->front, 0, arena);
}

void api_leave(struct api *a)
{
	if (a == NULL)
		return;
	front_stop_listening(a->front);
	front_leave(a->front);
}

void api_stop(struct api *a)
{
	if (a && a->front)
		front_close(&a->front);
}

void api_free(struct api **api)
{
	struct api *a = *api;

	*api = NULL;
	if (a == NULL)
		return;
	bad_keys_free(&a->bad_keys);
	mem_put(a);
}
