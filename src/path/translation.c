/* The path's side of wire/translate.h: a job for each attempt that needs one, fed with the
 * target's facts, and its events looked at for the meter.
 *
 * 	translation_compose        once per attempt, before it is asked
 * 	translation_hear           once per event of a stream
 * 	translation_read_answer, translation_write_answer          or once for a whole answer
 * 	translation_release        with the attempt
 *
 * Must never send a client the provider's own words for an error. */
#include "path/translation.h"

#include "path/attempt.h"
#include "path/calling.h"
#include "base/clock.h"
#include "limits.h"
#include "provider/provider.h"
#include "wire/translate.h"

/* The second choice and on, for providers that do not speak the client's own dialect: thinking and
 * its proofs survive best between messages and responses. */
static const enum llm_dialect order[LLM_DIALECTS][LLM_WIRES] = {
    [LLM_CHAT] = {LLM_CHAT, LLM_RESPONSES, LLM_MESSAGES, LLM_GEMINI},
    [LLM_RESPONSES] = {LLM_RESPONSES, LLM_MESSAGES, LLM_CHAT, LLM_GEMINI},
    [LLM_MESSAGES] = {LLM_MESSAGES, LLM_RESPONSES, LLM_CHAT, LLM_GEMINI},
};

/* Responses know no stop sequences, which would be refused. */
static bool suits(enum llm_dialect dialect, const struct llm_request *llm)
{
	return dialect != LLM_RESPONSES || llm->dialect == LLM_RESPONSES || llm->stops == 0;
}

enum llm_dialect translation_dialect(const struct config_provider *p, const struct llm_request *llm)
{
	enum llm_dialect last = llm->dialect;

	for (int i = LLM_WIRES - 1; i >= 0; i--) {
		enum llm_dialect dialect = order[llm->dialect][i];

		if (p->speaks[dialect] && (suits(dialect, llm) || last == llm->dialect))
			last = dialect;
	}
	return last;
}

/* An endpoint for compactions takes no output limit; where one must be written, the model is asked
 * for a summary instead. */
bool translation_is_needless(const struct request *r)
{
	if (r->now.dialect != r->llm.dialect)
		return false;
	return !r->llm.compaction ||
	       (provider_compacts(r->now.target->config->provider) &&
	        (r->llm.compaction != LLM_COMPACTION_CALL || !r->pay.lowered));
}

static struct wire_job *new_job(struct request *r, int64_t max_output)
{
	const struct config_target *target = r->now.target->config;
	const struct config_model *model = r->now.target->model->config;
	struct wire_job *job = ARENA_NEW(r->arena, struct wire_job);

	*job = (struct wire_job){
	    .client = r->llm.dialect,
	    .target = {.dialect = r->now.dialect,
	               .model = target->model,
	               .habits = provider_habits(target->provider),
	               .can = model->can,
	               .max_output = model->max_output,
	               .no_store = r->no_retain,
	               .clamp_output = max_output,
	               .calls = r->pay.calls,
	               .leaves_searches = r->pay.hold.is_limited && calling_leaves_searches(r),
	               .body_version = provider_body_version(target->provider, r->now.dialect)},
	    .doc = &r->doc,
	    .arena = r->arena,
	    .scratch = r->scratch,
	    .events = r->events,
	    .request_id = r->id_text,
	    .now_s = clock_wall_ms() / 1000,
	    .compaction = r->llm.compaction,
	    .leaves_thinking = attempt_leaves_thinking(r),
	    .input_tokens = r->decision.counted_tokens,
	    .charge_nusd = -1,
	};
	job_init(job, &r->fail);
	return job;
}

/* It may be on another thread now, with memory of its own for what need not stay. */
static struct wire_job *job_of(const struct request *r)
{
	struct wire_job *job = r->now.job;

	job->scratch = r->scratch;
	job->events = r->events;
	return job;
}

int translation_compose(struct request *r, int64_t max_output, struct str *out_body)
{
	struct buf body;
	int result;

	r->now.job = new_job(r, max_output);
	buf_init(&body, LIMIT_BODY_BYTES);
	result = translate_request(job_of(r), &body);
	*out_body = arena_copy(r->arena, buf_str(&body));
	buf_release(&body);
	attempt_warn(r, job_warnings(r->now.job));
	r->now.warned_bytes = r->now.job->warnings.len;
	return result;
}

/* What the answer had that the client's dialect has not; what comes behind the head is told in the
 * trailer. */
static void warn_of_answer(struct request *r)
{
	struct str all = r->now.job->warnings, more = str_part(all, r->now.warned_bytes, all.len);

	if (more.len == 0)
		return;
	attempt_warn(r, str_starts_with(more, STR("; ")) ? str_part(more, 2, more.len) : more);
	r->now.warned_bytes = all.len;
}

/* ---- whole answers ---- */

static void take_usage(struct request *r)
{
	const struct wire_job *job = r->now.job;
	struct wire_meter *meter = &r->now.meter;

	meter->model = job->head.model;
	if (!job->has_usage)
		return;
	meter->usage = job->usage;
	meter->has_usage = job->usage.reported;
}

/* What an estimate goes by, should usage be missing: not the frame around it, nor an image. */
static void meter_texts(struct wire_meter *meter, const struct talk_answer *a)
{
	meter->events = 1;
	meter->payload_bytes = 0;
	for (int i = 0; i < a->part_count; i++) {
		const struct talk_part *p = &a->parts[i];

		meter->payload_bytes +=
		    (int64_t)(p->text_raw.len + p->input_raw.len + p->input_json.len);
	}
}

int translation_read_answer(struct request *r, const struct json *doc)
{
	int result;

	r->now.answer = ARENA_NEW(r->arena, struct talk_answer);
	result = translate_answer(job_of(r), doc, r->now.answer);
	warn_of_answer(r);

	r->now.meter.has_content = result == 0;
	if (result == 0)
		meter_texts(&r->now.meter, r->now.answer);
	take_usage(r); /* what is no good may have been billed */
	return result;
}

struct str translation_write_answer(struct request *r, int64_t charge_nusd)
{
	struct buf body;
	struct str text;

	r->now.job->charge_nusd = r->config->cost_in_usage ? charge_nusd : -1;
	r->now.job->done_s = clock_wall_ms() / 1000;
	r->now.answer->usage = r->now.job->usage = r->now.meter.usage;
	r->now.job->has_usage = true; /* told or estimated */
	buf_init(&body, LIMIT_ANSWER_BYTES);
	translate_write_answer(job_of(r), r->now.answer, &body);
	text = buf_is_over(&body) ? STR("") : arena_copy(r->arena, buf_str(&body));
	buf_release(&body);
	return text;
}

/* ---- streams ---- */

static enum wire_kind kind_of(const struct talk_event *e)
{
	switch (e->type) {
	case TALK_HEAD:
	case TALK_USAGE:
		return WIRE_LIFECYCLE;
	case TALK_OPEN: /* a text that is only begun says nothing yet */
		return e->part && e->part->kind == TALK_TEXT ? WIRE_LIFECYCLE : WIRE_CONTENT;
	case TALK_END:
		return WIRE_END;
	case TALK_ERROR:
		return WIRE_ERROR;
	default:
		return WIRE_CONTENT;
	}
}

/* Pieces of text stand for themselves: no frame is around them to be taken off. */
static void note(struct request *r, const struct talk_event *e)
{
	struct wire_meter *meter = &r->now.meter;

	if (kind_of(e) == WIRE_CONTENT)
		meter->has_content = true;
	if (e->type == TALK_DELTA) {
		meter->events++;
		if (e->delta != TALK_DELTA_MEDIA) /* which has no token for each few bytes */
			meter->payload_bytes += (int64_t)e->raw.len;
		meter->least_payload = 0;
	}
	if (e->type == TALK_USAGE || e->type == TALK_HEAD)
		take_usage(r);
}

/* The last event tells the usage: what the provider did not say is estimated by now. */
static void settle_usage(struct request *r)
{
	struct wire_job *job = r->now.job;

	wire_estimate_missing(&r->now.meter, r->decision.counted_tokens, 0,
	                      payment_most_output(r));
	job->usage = r->now.meter.usage;
	job->has_usage = true;
	job->done_s = clock_wall_ms() / 1000;
}

enum wire_kind translation_hear(struct request *r, const struct sse_event *e, struct buf *out)
{
	struct wire_job *job = job_of(r);
	enum wire_kind kind = WIRE_LIFECYCLE;
	struct talk_events events;

	if (translate_read(job, e, &events) < 0) {
		r->now.is_garbled = true;
		return WIRE_ERROR;
	}
	warn_of_answer(r);
	for (int i = 0; i < events.count; i++) {
		const struct talk_event *event = &events.list[i];

		note(r, event);
		if (event->type == TALK_END)
			settle_usage(r);
		if (kind_of(event) > kind)
			kind = kind_of(event);
		if (r->config->cost_in_usage)
			job->charge_nusd = attempt_charge_so_far(r);
		translate_write(job, event, out);
	}
	return kind;
}

void translation_put_error(struct request *r, struct buf *out)
{
	translate_write_error(job_of(r), &r->fail, out);
}

void translation_release(struct request *r)
{
	if (r->now.job)
		translate_release(r->now.job);
	r->now.job = NULL;
}
