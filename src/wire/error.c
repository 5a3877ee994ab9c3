/* Error objects. The machine fields have the same names in every dialect (contract 8); a context
 * overflow has no neutral look, but the words that agents of that dialect know and compact on.
 * Called for every refused or broken request. */
#include "wire/error.h"

#include "base/clock.h"
#include "base/json_write.h"

static void put_money(struct json_writer *w, const struct fail_money *m)
{
	char room[40];
	struct buf resets = {.ptr = room, .cap = sizeof room, .max = sizeof room};

	json_key_nusd(w, STR("limit_usd"), m->limit_nusd);
	json_key_nusd(w, STR("spent_usd"), m->spent_nusd);
	json_key_nusd(w, STR("held_usd"), m->held_nusd);
	json_key_nusd(w, STR("needed_usd"), m->needed_nusd);
	if (m->resets_ms == 0) {
		json_key_null(w, STR("resets_at"));
		return;
	}
	clock_put_rfc3339(&resets, m->resets_ms);
	json_key_text(w, STR("resets_at"), buf_str(&resets));
}

static void put_facts(struct json_writer *w, const struct fail *f)
{
	if (f->required_tokens)
		json_key_i64(w, STR("required_tokens"), f->required_tokens);
	if (f->model_window)
		json_key_i64(w, STR("model_window"), f->model_window);
	if (f->routed_model.len)
		json_key_text(w, STR("routed_model"), f->routed_model);
	if (f->retry_after_ms)
		json_key_i64(w, STR("retry_after"), (f->retry_after_ms + 999) / 1000);
	if (f->limit)
		json_key_i64(w, STR("limit"), f->limit);
	if (f->scope.len)
		json_key_text(w, STR("scope"), f->scope);
	if (f->money)
		put_money(w, f->money);
	if (f->attempts.len)
		json_key_text(w, STR("attempts"), f->attempts);
}

static void put_param(struct json_writer *w, const struct fail *f)
{
	if (f->param.len)
		json_key_text(w, STR("param"), f->param);
	else
		json_key_null(w, STR("param"));
}

static void put_openai_members(struct json_writer *w, const struct fail *f)
{
	json_key_text(w, STR("message"), f->message);
	json_key_text(w, STR("type"), fail_openai_type(f->kind));
	put_param(w, f);
	json_key_text(w, STR("code"), fail_code(f->kind));
	put_facts(w, f);
}

static void put_openai(struct json_writer *w, const struct fail *f)
{
	json_open_object(w);
	json_put_key(w, STR("error"));
	json_open_object(w);
	put_openai_members(w, f);
	json_close_object(w);
	json_close_object(w);
}

/* What the Anthropic SDK looks for before it replays a thread as a whole conversation. */
static void put_thread_details(struct json_writer *w)
{
	json_key_raw(w, STR("details"),
	             STR("{\"error_code\":\"thread_unsupported_request\","
	                 "\"unsupported\":[\"threads\"]}"));
}

/* https://docs.anthropic.com/en/api/errors: what a provider refused has the type of its status. */
static struct str anthropic_type(const struct fail *f)
{
	static const enum fail_kind apart[] = {FAIL_MODEL_NOT_FOUND, FAIL_BODY_TOO_LARGE};

	for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++)
		if (f->kind == FAIL_PROVIDER_REJECTED &&
		    f->provider_status == fail_status(&(struct fail){.kind = apart[i]}))
			return fail_anthropic_type(apart[i]);
	return fail_anthropic_type(f->kind);
}

static void put_anthropic(struct json_writer *w, const struct fail *f, struct str request_id)
{
	json_open_object(w);
	json_key_text(w, STR("type"), STR("error"));
	json_put_key(w, STR("error"));
	json_open_object(w);
	json_key_text(w, STR("type"), anthropic_type(f));
	json_key_text(w, STR("message"), f->message);
	json_key_text(w, STR("code"), fail_code(f->kind));
	put_param(w, f);
	put_facts(w, f);
	if (f->kind == FAIL_THREADS_UNSUPPORTED)
		put_thread_details(w);
	json_close_object(w);
	json_key_text(w, STR("request_id"), request_id);
	json_close_object(w);
}

void error_put_openai(struct buf *out, const struct fail *f, struct str request_id)
{
	struct json_writer w;

	(void)request_id;
	json_writer_init(&w, out);
	put_openai(&w, f);
}

void error_put_anthropic(struct buf *out, const struct fail *f, struct str request_id)
{
	struct json_writer w;

	json_writer_init(&w, out);
	put_anthropic(&w, f, request_id);
}

void error_put_chat_event(struct buf *out, const struct fail *f, struct str request_id,
                          bool is_first)
{
	(void)is_first;
	buf_put(out, STR("data: "));
	error_put_openai(out, f, request_id);
	buf_put(out, STR("\n\n"));
}

/* OpenAI says it so behind `error`, and Codex reads nothing but that of a prompt that is too long:
 * https://github.com/openai/codex/pull/4675. It comes before content, so no other id is known. */
static void put_failed_event(struct buf *out, const struct fail *f, struct str request_id)
{
	char room[64];
	struct buf id = {.ptr = room, .cap = sizeof room, .max = sizeof room};
	struct json_writer w;

	buf_put(&id, STR("resp_"));
	buf_put(&id, request_id);
	buf_put(out, STR("event: response.failed\ndata: "));
	json_writer_init(&w, out);
	json_open_object(&w);
	json_key_text(&w, STR("type"), STR("response.failed"));
	json_key_i64(&w, STR("sequence_number"), 1);
	json_put_key(&w, STR("response"));
	json_open_object(&w);
	json_key_text(&w, STR("id"), buf_str(&id));
	json_key_text(&w, STR("object"), STR("response"));
	json_key_text(&w, STR("status"), STR("failed"));
	json_put_key(&w, STR("error"));
	json_open_object(&w);
	json_key_text(&w, STR("code"), fail_code(f->kind));
	json_key_text(&w, STR("message"), f->message);
	json_close_object(&w);
	json_key_raw(&w, STR("output"), STR("[]"));
	json_close_object(&w);
	json_close_object(&w);
	buf_put(out, STR("\n\n"));
}

/* https://platform.openai.com/docs/api-reference/responses-streaming/error */
void error_put_responses_event(struct buf *out, const struct fail *f, struct str request_id,
                               bool is_first)
{
	bool is_overflow =
	    f->kind == FAIL_PROVIDER_OVERFLOW || f->kind == FAIL_CONTEXT_LENGTH_EXCEEDED;
	struct json_writer w;

	buf_put(out, STR("event: error\ndata: "));
	json_writer_init(&w, out);
	json_open_object(&w);
	json_key_text(&w, STR("type"), STR("error"));
	if (is_first && is_overflow)
		json_key_i64(&w, STR("sequence_number"), 0);
	json_key_text(&w, STR("code"), fail_code(f->kind));
	json_key_text(&w, STR("message"), f->message);
	put_param(&w, f);
	put_facts(&w, f);
	json_close_object(&w);
	buf_put(out, STR("\n\n"));
	if (is_first && is_overflow)
		put_failed_event(out, f, request_id);
}

void error_put_messages_event(struct buf *out, const struct fail *f, struct str request_id,
                              bool is_first)
{
	(void)is_first;
	buf_put(out, STR("event: error\ndata: "));
	error_put_anthropic(out, f, request_id);
	buf_put(out, STR("\n\n"));
}
