/* What a chat provider answers, in neutral words: chunks of a stream, and whole answers.
 *
 * 	{"id","model","choices":[{"delta":{"content" | "reasoning_content" | "refusal"
 * 	   | "tool_calls":[{"index","id","function":{"name","arguments"}}]},"finish_reason"}]}
 * 	{"choices":[],"usage":{..}}
 * 	[DONE]
 *
 * Providers of this dialect differ in how they count parallel calls: by index; by a new id under
 * the same index (Gemini's endpoint); without index, so that a new id is a new call and anything
 * else belongs to the last one. Calls are therefore remembered by index and id. Thinking comes as
 * reasoning_content, as reasoning (OpenRouter, vLLM), or as parts of content (Mistral).
 *
 * Called by the driver. Must never take the end of the bytes for the end of the answer: that is
 * [DONE] only, behind a finish_reason. */
#include "wire/chat_talk.h"

#include "base/hash.h"
#include "wire/field.h"
#include "wire/note.h"
#include "wire/put.h"
#include "wire/usage.h"

/* The flow's keys of parts. */
enum { KEY_TEXT, KEY_THINKING, KEY_REFUSAL, KEY_OLD_CALL, KEY_IMAGE, KEY_CALLS = 16 };

struct hearing {
	struct wire_job *job;
	const struct json *doc;
	struct chat_reading *state;
	struct flow *flow;
};

static struct str plain(const struct hearing *h, uint32_t object, struct str key)
{
	return json_text(h->doc, json_get(h->doc, object, key), h->job->scratch);
}

static struct str inside(const struct hearing *h, uint32_t object, struct str key)
{
	return field_raw_text(h->doc, json_get(h->doc, object, key));
}

/* ---- text ---- */

static void hear_text(struct hearing *h, int key, enum talk_kind kind, struct str raw)
{
	struct talk_part part = {.kind = kind, .node = JSON_NONE, .seal.origin = LLM_CHAT};

	if (raw.len == 0)
		return;
	if (!flow_is_open(h->flow, key))
		flow_open(h->flow, key, &part);
	flow_delta(h->flow, key, TALK_DELTA_TEXT, raw);
}

static void hear_texts(struct hearing *h, uint32_t pieces, int key, enum talk_kind kind)
{
	JSON_EACH(h->doc, pieces, piece)
	hear_text(h, key, kind, inside(h, piece, STR("text")));
}

/* Mistral: [{"type":"thinking","thinking":[{"type":"text","text"}]},{"type":"text","text"}] */
static void hear_content(struct hearing *h, uint32_t content)
{
	if (json_type(h->doc, content) == JSON_STRING) {
		hear_text(h, KEY_TEXT, TALK_TEXT, field_raw_text(h->doc, content));
		return;
	}
	JSON_EACH(h->doc, content, piece)
	{
		uint32_t thinking = json_get(h->doc, piece, STR("thinking"));

		hear_texts(h, thinking, KEY_THINKING, TALK_THINKING);
		hear_text(h, KEY_TEXT, TALK_TEXT, inside(h, piece, STR("text")));
	}
}

/* What is new in a piece of details. MiniMax tells that alone, by its users, or all so far, by its
 * own example: https://github.com/MiniMax-AI/MiniMax-M2/issues/95. What begins with all that was
 * told is the latter. */
static struct str new_detail(struct chat_reading *s, struct str text)
{
	size_t told = s->detail_bytes;

	if (told && text.len >= told && hash_crc32c(0, str_part(text, 0, told)) == s->detail_crc)
		text = str_part(text, told, text.len);
	s->detail_crc = hash_crc32c(s->detail_crc, text);
	s->detail_bytes += text.len;
	return text;
}

static void hear_details(struct hearing *h, uint32_t details)
{
	JSON_EACH(h->doc, details, detail)
	hear_text(h, KEY_THINKING, TALK_THINKING,
	          new_detail(h->state, inside(h, detail, STR("text"))));
}

static void hear_thinking(struct hearing *h, uint32_t delta)
{
	struct str text = inside(h, delta, STR("reasoning_content"));

	if (text.len == 0)
		text = inside(h, delta, STR("reasoning"));
	if (text.len)
		hear_text(h, KEY_THINKING, TALK_THINKING, text);
	else /* MiniMax has it there alone */
		hear_details(h, json_get(h->doc, delta, STR("reasoning_details")));
}

static void hear_refusal(struct hearing *h, uint32_t delta)
{
	struct str text = inside(h, delta, STR("refusal"));

	h->state->has_refusal |= text.len > 0;
	hear_text(h, KEY_REFUSAL, TALK_REFUSAL, text);
}

/* [{"type":"image_url","image_url":{"url":"data:image/png;base64,.."}}]: OpenRouter's,
 * https://openrouter.ai/docs/features/multimodal/image-generation. False: nobody can be shown it. */
static bool read_image(const struct hearing *h, uint32_t image, struct talk_part *out)
{
	struct str url = inside(h, json_get(h->doc, image, STR("image_url")), STR("url"));

	*out = (struct talk_part){.kind = TALK_IMAGE, .node = JSON_NONE};
	return job_shows_images(h->job) &&
	       put_read_data_url(url, h->job->arena, &out->media.type, &out->media.raw);
}

static void hear_image(struct hearing *h, struct talk_part *image)
{
	struct str raw = image->media.raw;

	image->media.raw = STR("");
	flow_open(h->flow, KEY_IMAGE, image);
	flow_delta(h->flow, KEY_IMAGE, TALK_DELTA_MEDIA, raw);
	flow_close(h->flow, KEY_IMAGE);
}

/* Into `a`, or the flow where that is NULL. Audio was not asked for. */
static void hear_media(struct hearing *h, uint32_t message, struct talk_answer *a)
{
	struct talk_part part;

	JSON_EACH(h->doc, json_get(h->doc, message, STR("images")), image)
	{
		if (!read_image(h, image, &part))
			job_lose(h->job, STR("images"));
		else if (a)
			*talk_grow_parts(&a->parts, &a->part_count, h->job->arena, TALK_IMAGE) =
			    part;
		else
			hear_image(h, &part);
	}
	if (json_count(h->doc, json_get(h->doc, message, STR("audio"))))
		job_lose(h->job, STR("audio"));
}

/* ---- annotations ---- */

static int64_t count_or_none(const struct json *doc, uint32_t object, struct str key)
{
	return note_is_count(doc, object, key) ? note_count(doc, object, key) : -1;
}

static struct talk_note read_note(const struct hearing *h, uint32_t node)
{
	uint32_t url = json_get(h->doc, node, STR("url_citation"));
	struct talk_note note = {.kind = TALK_NOTE_FOREIGN,
	                         .document = -1,
	                         .json = json_raw(h->doc, node),
	                         .origin = LLM_CHAT};

	note.url_raw = inside(h, url, STR("url"));
	note.title_raw = inside(h, url, STR("title"));
	note.start = count_or_none(h->doc, url, STR("start_index"));
	note.end = count_or_none(h->doc, url, STR("end_index"));
	if (note.url_raw.len)
		note.kind = TALK_NOTE_URL;
	return note;
}

static void hear_notes(struct hearing *h, uint32_t annotations)
{
	JSON_EACH(h->doc, annotations, annotation)
	{
		struct talk_note *note = ARENA_NEW(h->job->scratch, struct talk_note);

		*note = read_note(h, annotation);
		flow_note(h->flow, KEY_TEXT, note);
	}
}

/* Perplexity: {"search_results":[{"title","url"}],"citations":["url"]} beside the choices, the same
 * in each chunk: https://docs.perplexity.ai/api-reference/chat-completions-post. */
static struct talk_note read_source(const struct hearing *h, uint32_t node)
{
	struct talk_note note = {.kind = TALK_NOTE_URL,
	                         .document = -1,
	                         .start = -1,
	                         .end = -1,
	                         .json = json_raw(h->doc, node),
	                         .origin = LLM_CHAT};

	note.url_raw = json_type(h->doc, node) == JSON_STRING ? field_raw_text(h->doc, node)
	                                                      : inside(h, node, STR("url"));
	note.title_raw = inside(h, node, STR("title"));
	return note;
}

static uint32_t sources_of(const struct hearing *h, uint32_t root)
{
	uint32_t results = json_get(h->doc, root, STR("search_results"));

	return json_first(h->doc, results) == JSON_NONE ? json_get(h->doc, root, STR("citations"))
	                                                : results;
}

/* With the last words, so that they are told once. */
static void hear_sources(struct hearing *h, uint32_t root)
{
	JSON_EACH(h->doc, sources_of(h, root), source)
	{
		struct talk_note *note = ARENA_NEW(h->job->scratch, struct talk_note);

		*note = read_source(h, source);
		if (note->url_raw.len)
			flow_note(h->flow, KEY_TEXT, note);
	}
}

/* ---- calls ---- */

static int new_call(struct hearing *h, int index, uint64_t id_hash)
{
	struct chat_reading *s = h->state;
	int at = s->call_count < CHAT_CALLS ? s->call_count : CHAT_CALLS - 1;

	s->calls[at].index = index;
	s->calls[at].id_hash = id_hash;
	s->calls[at].key = KEY_CALLS + s->call_count++;
	return s->calls[at].key;
}

/* The call of that index and id, else the newest of that index. -1: a new one, whose head has a
 * name and an id of its own; Poolside's other pieces have another id than the head. */
static int known_call(const struct hearing *h, int index, uint64_t id_hash, bool is_named)
{
	const struct chat_reading *s = h->state;
	int last = (s->call_count < CHAT_CALLS ? s->call_count : CHAT_CALLS) - 1, newest = -1;

	for (int i = last; i >= 0; i--) {
		if (index >= 0 && s->calls[i].index != index)
			continue;
		if (id_hash && s->calls[i].id_hash == id_hash)
			return s->calls[i].key;
		if (newest < 0)
			newest = i;
	}
	if (newest < 0 || (is_named && id_hash && s->calls[newest].id_hash))
		return -1;
	return s->calls[newest].key;
}

static void hear_call(struct hearing *h, uint32_t call)
{
	uint32_t custom = json_get(h->doc, call, STR("custom"));
	uint32_t inner = custom == JSON_NONE ? json_get(h->doc, call, STR("function")) : custom;
	struct talk_part part = {.kind = TALK_CALL, .node = JSON_NONE};
	int64_t index = count_or_none(h->doc, call, STR("index"));
	struct str input;
	uint64_t id_hash;
	int key;

	part.id = plain(h, call, STR("id"));
	part.name = plain(h, inner, STR("name"));
	part.call = custom == JSON_NONE ? TALK_FUNCTION : TALK_CUSTOM;
	id_hash = part.id.len ? hash_stable(part.id) | 1 : 0;
	key = known_call(h, (int)index, id_hash, part.name.len > 0);
	input = inside(h, inner, custom == JSON_NONE ? STR("arguments") : STR("input"));
	if (key < 0 && part.name.len == 0 && input.len == 0) {
		h->state->owes_name |= part.id.len > 0;
		return;
	}
	if (key < 0) {
		h->state->owes_name = false;
		key = new_call(h, (int)index, id_hash);
		flow_open(h->flow, key, &part);
	}
	flow_delta(h->flow, key, TALK_DELTA_INPUT, input);
}

static void hear_old_call(struct hearing *h, uint32_t call)
{
	struct talk_part part = {.kind = TALK_CALL, .node = JSON_NONE};
	struct str input = inside(h, call, STR("arguments"));

	part.name = plain(h, call, STR("name"));
	if (!flow_is_open(h->flow, KEY_OLD_CALL) && (part.name.len || input.len))
		flow_open(h->flow, KEY_OLD_CALL, &part);
	flow_delta(h->flow, KEY_OLD_CALL, TALK_DELTA_INPUT, input);
}

/* ---- the end ---- */

static const struct {
	struct str word;
	enum talk_finish finish;
} finishes[] = {
    {STR_INIT("stop"), TALK_FINISH_STOP},
    {STR_INIT("length"), TALK_FINISH_LENGTH},
    {STR_INIT("tool_calls"), TALK_FINISH_CALLS},
    {STR_INIT("function_call"), TALK_FINISH_CALLS},
    {STR_INIT("content_filter"), TALK_FINISH_FILTER},
    {STR_INIT("max_tokens"), TALK_FINISH_LENGTH},                      /* Together, old Cohere */
    {STR_INIT("model_length"), TALK_FINISH_LENGTH},                    /* Mistral */
    {STR_INIT("sensitive"), TALK_FINISH_FILTER},                       /* Z.ai */
    {STR_INIT("model_context_window_exceeded"), TALK_FINISH_OVERFLOW}, /* Z.ai */
};

/* https://openrouter.ai/docs/api-reference/overview#finish-reason, https://docs.z.ai/api-reference/llm/chat-completion,
 * https://api-docs.deepseek.com/api/create-chat-completion: what broke off is shown as an end. */
static const struct str wrong_ends[] = {STR_INIT("error"), STR_INIT("network_error"),
                                        STR_INIT("insufficient_system_resource")};

static bool is_wrong_end(const struct json *doc, uint32_t reason)
{
	for (size_t i = 0; i < sizeof wrong_ends / sizeof wrong_ends[0]; i++)
		if (json_text_is(doc, reason, wrong_ends[i]))
			return true;
	return false;
}

bool chat_went_wrong(const struct json *doc, uint32_t choice)
{
	return is_wrong_end(doc, json_get(doc, choice, STR("finish_reason")));
}

static enum talk_finish finish_of(const struct hearing *h, uint32_t reason)
{
	for (size_t i = 0; i < sizeof finishes / sizeof finishes[0]; i++)
		if (json_text_is(h->doc, reason, finishes[i].word))
			return finishes[i].finish == TALK_FINISH_STOP && h->state->has_refusal
			           ? TALK_FINISH_REFUSAL
			           : finishes[i].finish;
	return TALK_FINISH_STOP;
}

static void hear_logprobs(struct hearing *h, uint32_t logprobs)
{
	struct str tokens = json_raw(h->doc, json_get(h->doc, logprobs, STR("content")));

	if (tokens.len > 2 && tokens.ptr[0] == '[' && flow_is_open(h->flow, KEY_TEXT))
		flow_delta(h->flow, KEY_TEXT, TALK_DELTA_LOGPROBS,
		           str_part(tokens, 1, tokens.len - 2));
}

static void hear_message(struct hearing *h, uint32_t message)
{
	hear_thinking(h, message);
	hear_content(h, json_get(h->doc, message, STR("content")));
	hear_refusal(h, message);
	hear_notes(h, json_get(h->doc, message, STR("annotations")));
	hear_media(h, message, NULL);
	JSON_EACH(h->doc, json_get(h->doc, message, STR("tool_calls")), call)
	hear_call(h, call);
	hear_old_call(h, json_get(h->doc, message, STR("function_call")));
}

static void hear_choice(struct hearing *h, uint32_t choice)
{
	uint32_t reason = json_get(h->doc, choice, STR("finish_reason"));
	struct talk_part nameless = {.kind = TALK_CALL, .node = JSON_NONE};

	hear_message(h, json_get(h->doc, choice, STR("delta")));
	hear_logprobs(h, json_get(h->doc, choice, STR("logprobs")));
	if (json_type(h->doc, reason) != JSON_STRING)
		return;
	if (is_wrong_end(h->doc, reason)) {
		flow_error(h->flow);
		return;
	}
	hear_sources(h, json_root(h->doc));
	if (h->state->owes_name)
		flow_open(h->flow, KEY_OLD_CALL, &nameless);
	h->state->has_finish = true;
	flow_finish(h->flow, finish_of(h, reason), STR(""));
}

static void hear_usage(struct hearing *h, uint32_t usage)
{
	struct llm_usage u = h->job->usage;

	if (json_type(h->doc, usage) != JSON_OBJECT)
		return;
	usage_read_chat(h->doc, usage, job_has_habit(h->job, WIRE_COUNTS_REST), &u);
	usage_note_service(h->doc, json_get(h->doc, json_root(h->doc), STR("service_tier")),
	                   &u.service);
	if (u.reported)
		flow_usage(h->flow, &u);
}

static struct talk_head head_of(const struct hearing *h, uint32_t root)
{
	return (struct talk_head){
	    .id = plain(h, root, STR("id")),
	    .model = plain(h, root, STR("model")),
	    .created_s = note_count(h->doc, root, STR("created")),
	    .service_tier = plain(h, root, STR("service_tier")),
	};
}

/* vLLM before 0.10: {"object":"error","message":"..","code":400}, and [DONE] behind it. */
static bool is_error(const struct json *doc, uint32_t root)
{
	uint32_t error = json_get(doc, root, STR("error"));

	return (error != JSON_NONE && !json_is_null(doc, error)) ||
	       json_text_is(doc, json_get(doc, root, STR("object")), STR("error"));
}

static void hear_chunk(struct hearing *h, uint32_t root)
{
	uint32_t choices = json_get(h->doc, root, STR("choices"));
	uint32_t choice = json_first(h->doc, choices);

	if (is_error(h->doc, root) || chat_went_wrong(h->doc, choice))
		hear_usage(h, usage_of_chat(h->doc)); /* behind the error nothing counts */
	if (is_error(h->doc, root)) {
		flow_error(h->flow);
		return;
	}
	/* Azure's first chunk has no choices, and no model either. */
	if (choice != JSON_NONE && !h->job->has_head) {
		struct talk_head head = head_of(h, root);

		flow_head(h->flow, &head);
	}
	if (choice != JSON_NONE)
		hear_choice(h, choice);
	hear_usage(h, usage_of_chat(h->doc));
}

int chat_read_event(struct wire_job *job, const struct sse_event *e, struct flow *flow)
{
	struct hearing h = {job, job->events, job->reading, flow};
	struct json_error error;

	if (str_starts_with(e->data, STR("[DONE]"))) {
		flow_end(flow);
		return h.state->has_finish ? 0 : -1;
	}
	job->events->allows_duplicates = true;
	if (json_read(job->events, e->data, &error) < 0 ||
	    json_type(job->events, json_root(job->events)) != JSON_OBJECT)
		return -1;
	hear_chunk(&h, json_root(job->events));
	return 0;
}

/* ---- whole answers ---- */

static void keep_text(struct talk_answer *a, struct arena *arena, enum talk_kind kind,
                      struct str raw)
{
	struct talk_part *part;

	if (raw.len == 0)
		return;
	part = talk_grow_parts(&a->parts, &a->part_count, arena, kind);
	part->text_raw = raw;
	part->seal.origin = LLM_CHAT;
}

static void keep_content(const struct hearing *h, struct talk_answer *a, uint32_t content)
{
	struct arena *arena = h->job->arena;

	if (json_type(h->doc, content) == JSON_STRING) {
		keep_text(a, arena, TALK_TEXT, field_raw_text(h->doc, content));
		return;
	}
	JSON_EACH(h->doc, content, piece)
	{
		JSON_EACH(h->doc, json_get(h->doc, piece, STR("thinking")), thought)
		keep_text(a, arena, TALK_THINKING, inside(h, thought, STR("text")));
		keep_text(a, arena, TALK_TEXT, inside(h, piece, STR("text")));
	}
}

static void lose_notes(const struct hearing *h, uint32_t notes)
{
	if (json_count(h->doc, notes))
		job_lose(h->job, TALK_NOTE_WORDS);
}

static void keep_notes(const struct hearing *h, struct talk_answer *a, uint32_t annotations)
{
	struct talk_part *text = a->part_count ? &a->parts[a->part_count - 1] : NULL;

	if (text == NULL || text->kind != TALK_TEXT)
		lose_notes(h, annotations);
	else
		JSON_EACH(h->doc, annotations, annotation)
	*talk_add_note(text, h->job->arena) = read_note(h, annotation);
}

static void keep_sources(const struct hearing *h, struct talk_answer *a)
{
	struct talk_part *text = a->part_count ? &a->parts[a->part_count - 1] : NULL;

	if (text == NULL || text->kind != TALK_TEXT) {
		lose_notes(h, sources_of(h, json_root(h->doc)));
		return;
	}
	JSON_EACH(h->doc, sources_of(h, json_root(h->doc)), source)
	{
		struct talk_note note = read_source(h, source);

		if (note.url_raw.len)
			*talk_add_note(text, h->job->arena) = note;
	}
}

static void keep_call(const struct hearing *h, struct talk_answer *a, uint32_t call, uint32_t inner)
{
	struct talk_part *part =
	    talk_grow_parts(&a->parts, &a->part_count, h->job->arena, TALK_CALL);
	bool is_custom = json_get(h->doc, call, STR("custom")) != JSON_NONE;

	part->call = is_custom ? TALK_CUSTOM : TALK_FUNCTION;
	part->id = json_text(h->doc, json_get(h->doc, call, STR("id")), h->job->arena);
	part->name = json_text(h->doc, json_get(h->doc, inner, STR("name")), h->job->arena);
	part->input_raw = inside(h, inner, is_custom ? STR("input") : STR("arguments"));
}

static void keep_calls(const struct hearing *h, struct talk_answer *a, uint32_t message)
{
	uint32_t old = json_get(h->doc, message, STR("function_call"));

	JSON_EACH(h->doc, json_get(h->doc, message, STR("tool_calls")), call)
	{
		uint32_t custom = json_get(h->doc, call, STR("custom"));

		keep_call(h, a, call,
		          custom == JSON_NONE ? json_get(h->doc, call, STR("function")) : custom);
	}
	if (json_type(h->doc, old) == JSON_OBJECT)
		keep_call(h, a, old, old);
}

static void keep_message(struct hearing *h, struct talk_answer *a, uint32_t message)
{
	struct str thinking = inside(h, message, STR("reasoning_content"));
	struct str refusal = inside(h, message, STR("refusal"));

	if (thinking.len == 0)
		thinking = inside(h, message, STR("reasoning"));
	if (thinking.len == 0) /* MiniMax has it there alone */
		thinking = inside(
		    h, json_first(h->doc, json_get(h->doc, message, STR("reasoning_details"))),
		    STR("text"));
	h->state->has_refusal = refusal.len > 0;
	keep_text(a, h->job->arena, TALK_THINKING, thinking);
	keep_content(h, a, json_get(h->doc, message, STR("content")));
	keep_notes(h, a, json_get(h->doc, message, STR("annotations")));
	keep_sources(h, a);
	hear_media(h, message, a);
	keep_text(a, h->job->arena, TALK_REFUSAL, refusal);
	keep_calls(h, a, message);
}

int chat_read_answer(struct wire_job *job, const struct json *doc, struct talk_answer *out)
{
	struct chat_reading state = {0};
	struct hearing h = {job, doc, &state, NULL};
	uint32_t root = json_root(doc), usage = json_get(doc, root, STR("usage"));
	uint32_t choice = json_first(doc, json_get(doc, root, STR("choices")));
	struct str tokens;

	if (json_type(doc, choice) != JSON_OBJECT || chat_went_wrong(doc, choice))
		return -1;
	out->head = head_of(&h, root);
	keep_message(&h, out, json_get(doc, choice, STR("message")));
	out->finish = finish_of(&h, json_get(doc, choice, STR("finish_reason")));
	tokens =
	    json_raw(doc, json_get(doc, json_get(doc, choice, STR("logprobs")), STR("content")));
	if (tokens.len > 2 && tokens.ptr[0] == '[')
		out->logprobs_json = tokens;
	if (json_type(doc, usage) == JSON_OBJECT)
		usage_read_chat(doc, usage, job_has_habit(job, WIRE_COUNTS_REST), &out->usage);
	usage_note_service(doc, json_get(doc, root, STR("service_tier")), &out->usage.service);
	out->has_usage = out->usage.reported;
	return 0;
}
