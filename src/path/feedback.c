/* Feedback on one request: finds its decision among the records, which is work for a thread of
 * libuv's pool, and gathers a record of its own.
 *
 *	LOOKING --found--> answered
 *	        --not found, and so young that it may not be written yet--> RESTING -> LOOKING, once
 *
 * Whose request it was is in the record: another account's is as unknown as none. Called by
 * request.c. Must never tell more of a decision than its tier.
 *
 * THREADS: look() runs on the pool and touches `dir`, `id`, `arena` and what it finds; nobody else
 * does until on_looked, which runs on the loop. A request that goes meanwhile leaves the struct to
 * on_looked. */
#include "path/feedback.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/json_write.h"
#include "base/timer.h"
#include "path/reply.h"
#include "trace/series.h"
#include "trace/writer.h"

enum { REST_MS = 800, YOUNG_MS = 5000, LOOKS_MAX = 2 };

enum feedback_state { FEEDBACK_LOOKING, FEEDBACK_RESTING, FEEDBACK_LOOKED };

struct feedback {
	struct request *request; /* NULL: it has gone */
	enum feedback_state state;
	int looks;
	uv_work_t work;
	struct timer rest;
	struct arena arena;
	struct str dir;
	uint8_t id[TRACE_ID_BYTES];
	enum llm_tier should_be;
	bool is_found;
	struct trace found;
};

static void end(struct feedback **feedback)
{
	struct feedback *fb = *feedback;

	*feedback = NULL;
	timer_cancel(&fb->rest);
	arena_release(&fb->arena);
	mem_put(fb);
}

/* ---- the body ---- */

static int read_text(struct request *r, struct str key, struct str *out)
{
	uint32_t node = json_get(&r->doc, json_root(&r->doc), key);

	if (node == JSON_NONE)
		return fail_at(&r->fail, FAIL_MISSING_FIELD, key,
		               "`%.*s` is missing; send {\"request_id\": \"...\", \"should_be\": "
		               "\"fast\"}",
		               STR_ARG(key));
	if (json_type(&r->doc, node) != JSON_STRING)
		return fail_at(&r->fail, FAIL_INVALID_VALUE, key, "`%.*s` must be a string",
		               STR_ARG(key));
	*out = json_text(&r->doc, node, r->arena);
	return 0;
}

/* 8-4-4-4-12 hexadecimal digits. */
static int read_id(struct str text, uint8_t out[TRACE_ID_BYTES])
{
	char digits[2 * TRACE_ID_BYTES];
	size_t n = 0;

	if (text.len != UUID_TEXT_BYTES)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash != (text.ptr[i] == '-'))
			return -1;
		if (!dash)
			digits[n++] = text.ptr[i];
	}
	return encode_read_hex((struct str){digits, n}, out, TRACE_ID_BYTES);
}

static int read_body(struct request *r, struct feedback *fb)
{
	struct str id = {0}, tier = {0};

	if (json_type(&r->doc, json_root(&r->doc)) != JSON_OBJECT)
		return fail(&r->fail, FAIL_INVALID_VALUE, "the body must be a JSON object");
	if (read_text(r, STR("request_id"), &id) < 0 || read_text(r, STR("should_be"), &tier) < 0)
		return -1;
	if (read_id(id, fb->id) < 0)
		return fail_at(&r->fail, FAIL_INVALID_VALUE, STR("request_id"),
		               "\"%.*s\" is no request id; it is what X-Flux-Request-Id says",
		               STR_ARG(str_part(id, 0, 60)));
	if (llm_tier_of(tier, &fb->should_be) < 0)
		return fail_at(&r->fail, FAIL_INVALID_VALUE, STR("should_be"),
		               "\"%.*s\" is none of fast, standard, reasoning",
		               STR_ARG(str_part(tier, 0, 60)));
	return 0;
}

/* ---- looking ---- */

static void look(uv_work_t *work)
{
	struct feedback *fb = work->data;

	fb->is_found = series_find(fb->dir, fb->id, &fb->arena, &fb->found);
}

static void on_looked(uv_work_t *work, int status)
{
	struct feedback *fb = work->data;

	(void)status;
	fb->state = FEEDBACK_LOOKED;
	if (fb->request)
		request_resume(fb->request);
	else
		end(&fb);
}

static void start_looking(struct feedback *fb)
{
	fb->state = FEEDBACK_LOOKING;
	fb->looks++;
	fb->work.data = fb;
	must(uv_queue_work(&fb->request->worker->loop.uv, &fb->work, look, on_looked) == 0);
}

static void on_rested(struct timer *t)
{
	start_looking(LIST_OBJECT(t, struct feedback, rest));
}

static void start(struct request *r)
{
	struct feedback *fb;

	if (!r->worker->decisions || !r->config->keeps_decisions) {
		fail(&r->fail, FAIL_ENDPOINT_NOT_SERVED,
		     "decisions are not recorded here (`decisions: off`): there is nothing that "
		     "feedback could be about");
		return;
	}
	fb = mem_get(sizeof *fb);
	arena_init(&fb->arena);
	if (read_body(r, fb) < 0) {
		end(&fb);
		return;
	}
	r->feedback = fb;
	fb->request = r;
	fb->dir = arena_copy(&fb->arena, writer_dir(r->worker->decisions));
	start_looking(fb);
}

/* ---- the answer ---- */

static bool is_young(const struct feedback *fb)
{
	int64_t age_ms = clock_wall_ms() - trace_id_ms(fb->id);

	return age_ms < YOUNG_MS && age_ms > -YOUNG_MS;
}

static void put_answer(struct request *r, const struct feedback *fb)
{
	char id[UUID_TEXT_BYTES];
	struct json_writer w;
	struct buf body;

	uuid_text(fb->id, id);
	buf_init(&body, 1024);
	json_writer_init(&w, &body);
	json_open_object(&w);
	json_key_text(&w, STR("object"), STR("feedback"));
	json_key_text(&w, STR("request_id"), (struct str){id, sizeof id});
	json_key_text(&w, STR("should_be"), str_of(llm_tier_name(fb->should_be)));
	if (fb->found.has_tier)
		json_key_text(&w, STR("was"), str_of(llm_tier_name(fb->found.tier)));
	else
		json_key_null(&w, STR("was"));
	json_close_object(&w);
	reply_own(r, STR("application/json"), buf_str(&body));
	buf_release(&body);
}

static void keep(struct request *r, const struct feedback *fb)
{
	struct trace t = {.kind = TRACE_FEEDBACK,
	                  .account_id = r->key.account_id,
	                  .key_id = r->key.id,
	                  .should_be = fb->should_be};

	memcpy(t.request_id, fb->id, sizeof t.request_id);
	if (writer_put_now(r->worker->decisions, &t) < 0)
		fail(&r->fail, FAIL_OVERLOADED,
		     "the feedback could not be written to disk; try again");
	else
		put_answer(r, fb);
}

static void answer_found(struct request *r, struct feedback *fb)
{
	if (fb->is_found && fb->found.account_id == r->key.account_id)
		keep(r, fb);
	else if (!fb->is_found && fb->looks < LOOKS_MAX && is_young(fb)) {
		fb->state = FEEDBACK_RESTING;
		timer_set(&fb->rest, &r->worker->loop, REST_MS, on_rested);
	} else
		fail_at(&r->fail, FAIL_REQUEST_NOT_FOUND, STR("request_id"),
		        "no request of this account with that id is on record here; ids are in "
		        "X-Flux-Request-Id, and records are kept for a while only");
}

void feedback_answer(struct request *r)
{
	if (!r->feedback)
		start(r);
	else if (r->feedback->state == FEEDBACK_LOOKED)
		answer_found(r, r->feedback);
}

void feedback_release(struct request *r)
{
	if (!r->feedback)
		return;
	r->feedback->request = NULL;
	if (r->feedback->state != FEEDBACK_LOOKING)
		end(&r->feedback);
}
