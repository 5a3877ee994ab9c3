/* What a provider that speaks Gemini's generateContent answers, in neutral words. Every event of a
 * stream is a whole answer with what is new in it:
 *
 *	{"candidates": [{"content": {"parts": [{"text", "thought", "thoughtSignature"}
 *		| {"functionCall": {"id", "name", "args"}} | {"inlineData": {..}}]},
 *		"finishReason", "groundingMetadata"}],
 *	 "promptFeedback": {"blockReason"}, "usageMetadata": {..}, "modelVersion", "responseId"}
 *	{"error": {"code", "message", "status"}}
 *
 * The answer is over with its finishReason; there is no other word for it. Reasons that stand for
 * an answer gone wrong (MALFORMED_FUNCTION_CALL and the like) are errors, so that another attempt
 * may follow. Called by the driver. Must never take the end of the bytes for the end of the
 * answer. */
#include "wire/gemini_talk.h"

#include "wire/hearing.h"
#include "wire/usage.h"

/* The flow's keys of parts. */
enum { KEY_TEXT, KEY_THINKING, KEY_IMAGE, KEY_CALLS = 16 };

static bool is_true(const struct json *doc, uint32_t object, const char *key)
{
	return str_eq(json_raw(doc, json_get(doc, object, str_of(key))), STR("true"));
}

/* ---- reasons ---- */

/* https://ai.google.dev/api/generate-content#FinishReason. False: the answer went wrong. */
static bool finish_of(struct str word, enum talk_finish *out)
{
	static const struct {
		struct str word;
		enum talk_finish finish;
	} rows[] = {
	    {STR_INIT("STOP"), TALK_FINISH_STOP},
	    {STR_INIT("MAX_TOKENS"), TALK_FINISH_LENGTH},
	    {STR_INIT("SAFETY"), TALK_FINISH_FILTER},
	    {STR_INIT("RECITATION"), TALK_FINISH_FILTER},
	    {STR_INIT("LANGUAGE"), TALK_FINISH_FILTER},
	    {STR_INIT("BLOCKLIST"), TALK_FINISH_FILTER},
	    {STR_INIT("PROHIBITED_CONTENT"), TALK_FINISH_FILTER},
	    {STR_INIT("SPII"), TALK_FINISH_FILTER},
	    {STR_INIT("MODEL_ARMOR"), TALK_FINISH_FILTER},
	    {STR_INIT("IMAGE_SAFETY"), TALK_FINISH_FILTER},
	    {STR_INIT("IMAGE_PROHIBITED_CONTENT"), TALK_FINISH_FILTER},
	    {STR_INIT("IMAGE_RECITATION"), TALK_FINISH_FILTER},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (str_eq(rows[i].word, word)) {
			*out = rows[i].finish;
			return true;
		}
	return false;
}

static bool is_blocked(const struct json *doc, uint32_t root)
{
	uint32_t feedback = json_get(doc, root, STR("promptFeedback"));

	return hearing_raw(doc, feedback, "blockReason").len > 0;
}

/* ---- parts ---- */

static struct talk_seal seal_of(const struct json *doc, uint32_t part, struct str place)
{
	struct str proof = hearing_raw(doc, part, "thoughtSignature");
	struct talk_seal seal = {.origin = LLM_GEMINI, .raw = proof, .id = place};

	seal.kind = proof.len ? TALK_SIGNATURE : TALK_UNSEALED;
	return seal;
}

static struct talk_part read_call(const struct wire_job *job, const struct json *doc, uint32_t call)
{
	struct talk_part part = {.kind = TALK_CALL, .node = JSON_NONE};

	part.id = hearing_text(job, doc, call, "id");
	part.name = hearing_text(job, doc, call, "name");
	part.input_json = hearing_value(doc, call, "args");
	return part;
}

static struct talk_part read_image(const struct wire_job *job, const struct json *doc,
                                   uint32_t image)
{
	struct talk_part part = {.kind = TALK_IMAGE, .node = JSON_NONE};

	part.media.source = TALK_BYTES;
	part.media.type = hearing_text(job, doc, image, "mimeType");
	part.media.raw = hearing_raw(doc, image, "data");
	return part;
}

static struct talk_note note_of(const struct json *doc, uint32_t chunk)
{
	uint32_t web = json_get(doc, chunk, STR("web"));

	return (struct talk_note){.kind = TALK_NOTE_URL,
	                          .url_raw = hearing_raw(doc, web, "uri"),
	                          .title_raw = hearing_raw(doc, web, "title"),
	                          .start = -1,
	                          .end = -1,
	                          .document = -1,
	                          .json = json_raw(doc, chunk),
	                          .origin = LLM_GEMINI};
}

static uint32_t sources_of(const struct json *doc, uint32_t candidate)
{
	return json_get(doc, json_get(doc, candidate, STR("groundingMetadata")),
	                STR("groundingChunks"));
}

static struct talk_head read_head(const struct wire_job *job, const struct json *doc, uint32_t root)
{
	return (struct talk_head){.id = hearing_text(job, doc, root, "responseId"),
	                          .model = hearing_text(job, doc, root, "modelVersion")};
}

/* ---- streams ---- */

static void hear_text(struct wire_job *job, uint32_t node, bool is_thought, struct flow *flow)
{
	int key = is_thought ? KEY_THINKING : KEY_TEXT;
	struct talk_part part = {.kind = is_thought ? TALK_THINKING : TALK_TEXT, .node = JSON_NONE};
	struct str raw = hearing_raw(job->events, node, "text");

	part.seal.origin = LLM_GEMINI;
	if (raw.len == 0)
		return;
	if (!flow_is_open(flow, key))
		flow_open(flow, key, &part);
	flow_delta(flow, key, TALK_DELTA_TEXT, raw);
}

/* On the thinking that is open, else on an empty one of its own. */
static void hear_seal(const struct talk_seal *seal, struct flow *flow)
{
	struct talk_part part = {.kind = TALK_THINKING, .node = JSON_NONE, .seal = *seal};

	if (seal->kind == TALK_UNSEALED)
		return;
	if (flow_is_open(flow, KEY_THINKING) && !str_eq(seal->id, GEMINI_SEALS_TEXT))
		flow_seal(flow, KEY_THINKING, seal);
	else
		flow_open(flow, KEY_THINKING, &part);
	flow_close(flow, KEY_THINKING);
}

static void hear_call(struct wire_job *job, uint32_t call, struct flow *flow)
{
	struct gemini_hearing *h = job->reading;
	struct talk_part part = read_call(job, job->events, call);
	struct str input = part.input_json;
	int key = KEY_CALLS + h->calls++;

	part.input_json = STR("");
	flow_open(flow, key, &part);
	flow_delta(flow, key, TALK_DELTA_INPUT, put_escaped(input, job->scratch));
	flow_close(flow, key);
}

static void hear_image(struct wire_job *job, uint32_t image, struct flow *flow)
{
	struct talk_part part = read_image(job, job->events, image);
	struct str raw = part.media.raw;

	if (!job_shows_images(job))
		job_lose(job, STR("inlineData"));
	part.media.raw = STR("");
	flow_open(flow, KEY_IMAGE, &part);
	flow_delta(flow, KEY_IMAGE, TALK_DELTA_MEDIA, raw);
	flow_close(flow, KEY_IMAGE);
}

static void hear_part(struct wire_job *job, uint32_t node, struct flow *flow)
{
	const struct json *doc = job->events;
	uint32_t call = json_get(doc, node, STR("functionCall"));
	uint32_t image = json_get(doc, node, STR("inlineData"));
	bool is_thought = is_true(doc, node, "thought");
	struct talk_seal seal;

	if (call != JSON_NONE) {
		seal = seal_of(doc, node, GEMINI_SEALS_CALL);
		hear_seal(&seal, flow);
		hear_call(job, call, flow);
		return;
	}
	if (image != JSON_NONE && !is_thought)
		hear_image(job, image, flow);
	hear_text(job, node, is_thought, flow);
	seal = seal_of(doc, node, is_thought ? STR("") : GEMINI_SEALS_TEXT);
	hear_seal(&seal, flow);
}

static void hear_sources(struct wire_job *job, uint32_t candidate, struct flow *flow)
{
	JSON_EACH(job->events, sources_of(job->events, candidate), chunk)
	{
		struct talk_note *note = ARENA_NEW(job->scratch, struct talk_note);

		*note = note_of(job->events, chunk);
		if (note->url_raw.len)
			flow_note(flow, KEY_TEXT, note);
		else
			job_lose(job, TALK_NOTE_WORDS);
	}
}

static void hear_usage(struct wire_job *job, bool is_final, struct flow *flow)
{
	struct llm_usage usage = {0};

	usage_read_gemini(job->events, is_final, &usage);
	if (usage.input + usage.cache_read > 0)
		flow_usage(flow, &usage);
}

static void hear_answer(struct wire_job *job, uint32_t root, struct flow *flow)
{
	const struct json *doc = job->events;
	uint32_t candidate = json_first(doc, json_get(doc, root, STR("candidates")));
	uint32_t content = json_get(doc, candidate, STR("content"));
	struct str reason = hearing_text(job, doc, candidate, "finishReason");
	struct talk_head head = read_head(job, doc, root);
	enum talk_finish finish = TALK_FINISH_FILTER;
	bool is_over = reason.len > 0 || is_blocked(doc, root);
	bool has_text = flow_is_open(flow, KEY_TEXT);

	flow_head(flow, &head);
	if (has_text) /* which a signature may close */
		hear_sources(job, candidate, flow);
	JSON_EACH(doc, json_get(doc, content, STR("parts")), part)
	hear_part(job, part, flow);
	if (!has_text)
		hear_sources(job, candidate, flow);
	hear_usage(job, is_over, flow);
	if (reason.len && !finish_of(reason, &finish)) {
		flow_error(flow);
		return;
	}
	if (is_over) {
		flow_finish(flow, finish, STR(""));
		flow_end(flow);
	}
}

int gemini_read_event(struct wire_job *job, const struct sse_event *e, struct flow *flow)
{
	struct json *doc = job->events;
	struct json_error wrong;
	uint32_t root, error;

	if (json_read(doc, e->data, &wrong) < 0)
		return -1;
	root = json_root(doc);
	if (json_type(doc, root) != JSON_OBJECT)
		return -1;
	error = json_get(doc, root, STR("error"));
	if (error != JSON_NONE && !json_is_null(doc, error))
		flow_error(flow);
	else
		hear_answer(job, root, flow);
	return 0;
}

/* ---- whole answers ---- */

static struct talk_part *keep(const struct wire_job *job, struct talk_answer *a,
                              const struct talk_part *part)
{
	struct talk_part *added =
	    talk_grow_parts(&a->parts, &a->part_count, job->arena, part->kind);

	*added = *part;
	return added;
}

static void keep_seal(const struct wire_job *job, struct talk_answer *a,
                      const struct talk_seal *seal)
{
	struct talk_part part = {.kind = TALK_THINKING, .node = JSON_NONE, .seal = *seal};
	struct talk_part *last = a->part_count ? &a->parts[a->part_count - 1] : NULL;

	if (seal->kind == TALK_UNSEALED)
		return;
	if (last && last->kind == TALK_THINKING && last->seal.kind == TALK_UNSEALED &&
	    !str_eq(seal->id, GEMINI_SEALS_TEXT))
		last->seal = *seal;
	else
		keep(job, a, &part);
}

static void keep_part(struct wire_job *job, const struct json *doc, uint32_t node,
                      struct talk_answer *a)
{
	uint32_t call = json_get(doc, node, STR("functionCall"));
	uint32_t image = json_get(doc, node, STR("inlineData"));
	bool is_thought = is_true(doc, node, "thought");
	struct talk_seal seal =
	    seal_of(doc, node, call != JSON_NONE ? GEMINI_SEALS_CALL : GEMINI_SEALS_TEXT);
	struct talk_part part = {.kind = is_thought ? TALK_THINKING : TALK_TEXT,
	                         .node = JSON_NONE,
	                         .text_raw = hearing_raw(doc, node, "text")};

	if (call != JSON_NONE) {
		keep_seal(job, a, &seal);
		part = read_call(job, doc, call);
		keep(job, a, &part);
		return;
	}
	if (image != JSON_NONE && !is_thought) {
		if (!job_shows_images(job))
			job_lose(job, STR("inlineData"));
		part = read_image(job, doc, image);
		keep(job, a, &part);
	} else if (part.text_raw.len) {
		part.seal.origin = LLM_GEMINI;
		keep(job, a, &part);
	}
	seal.id = is_thought ? STR("") : seal.id;
	keep_seal(job, a, &seal);
}

static void keep_sources(struct wire_job *job, const struct json *doc, uint32_t candidate,
                         struct talk_answer *a)
{
	struct talk_part *text = NULL;

	for (int i = 0; i < a->part_count; i++)
		if (a->parts[i].kind == TALK_TEXT)
			text = &a->parts[i];
	JSON_EACH(doc, sources_of(doc, candidate), chunk)
	{
		struct talk_note note = note_of(doc, chunk);

		if (note.url_raw.len && text)
			*talk_add_note(text, job->arena) = note;
		else
			job_lose(job, TALK_NOTE_WORDS);
	}
}

int gemini_read_answer(struct wire_job *job, const struct json *doc, struct talk_answer *out)
{
	uint32_t root = json_root(doc);
	uint32_t candidate = json_first(doc, json_get(doc, root, STR("candidates")));
	uint32_t content = json_get(doc, candidate, STR("content"));
	enum talk_finish finish = TALK_FINISH_FILTER;

	if (candidate == JSON_NONE
	        ? !is_blocked(doc, root)
	        : !finish_of(hearing_text(job, doc, candidate, "finishReason"), &finish))
		return -1;
	out->head = read_head(job, doc, root);
	JSON_EACH(doc, json_get(doc, content, STR("parts")), part)
	keep_part(job, doc, part, out);
	keep_sources(job, doc, candidate, out);
	out->finish = finish;
	usage_read_gemini(doc, true, &out->usage);
	out->has_usage = out->usage.reported;
	return 0;
}
