/* The conversation of a responses request in neutral words.
 *
 *	instructions        a system turn before all others
 *	input: "text"       a user's turn
 *	input: [items]      message, reasoning, function_call, function_call_output,
 *	                    custom_tool_call, custom_tool_call_output, additional_tools, ..
 *
 * Items of the assistant that follow one another (reasoning, message, calls) are one turn, and so
 * are outputs. Calls that a server ran are history of the provider's own and are kept whole, for
 * the driver to refuse; a search of the web is only named, what it found is in the text. Called
 * by responses_read.c. */
#include "wire/responses_talk.h"

#include "wire/compact.h"
#include "wire/field.h"

static struct talk_turn *newest(struct reading *r, enum talk_role role)
{
	struct talk *t = r->talk;

	return t->turn_count && t->turns[t->turn_count - 1].role == role
	           ? &t->turns[t->turn_count - 1]
	           : NULL;
}

static struct talk_turn *turn_for(struct reading *r, enum talk_role role, uint32_t node)
{
	struct talk_turn *turn = newest(r, role);

	return turn ? turn : talk_add_turn(r->talk, r->job->arena, role, node);
}

/* ---- contents of messages ---- */

static void add_note(struct reading *r, struct talk_part *part, uint32_t annotation)
{
	struct talk_note *note = talk_add_note(part, r->job->arena);

	note->kind = TALK_NOTE_FOREIGN;
	note->json = json_raw(r->doc, annotation);
	note->origin = LLM_RESPONSES;
	note->url_raw = reading_inside(r, annotation, STR("url"));
	note->title_raw = reading_inside(r, annotation, STR("title"));
	note->start = note->end = note->document = -1;
	if (note->url_raw.len)
		note->kind = TALK_NOTE_URL;
	reading_mark(r, FEATURE_NOTES, annotation);
}

static int read_text(struct reading *r, struct reading_place *to, uint32_t node)
{
	struct talk_part *part = reading_add(r, to, TALK_TEXT, node);

	part->text_raw = reading_inside(r, node, STR("text"));
	JSON_EACH(r->doc, json_get(r->doc, node, STR("annotations")), annotation)
	add_note(r, part, annotation);
	return 0;
}

static int read_refusal(struct reading *r, struct reading_place *to, uint32_t node)
{
	struct talk_part *part = reading_add(r, to, TALK_REFUSAL, node);

	part->text_raw = reading_inside(r, node, STR("refusal"));
	reading_mark(r, FEATURE_REFUSAL, node);
	return 0;
}

/* A URL, which may hold the data itself. */
static void read_url(struct talk_media *media, struct str url, struct arena *arena)
{
	struct str type, data;

	if (put_read_data_url(url, arena, &type, &data)) {
		media->source = TALK_BYTES;
		media->type = type;
		media->raw = data;
	} else {
		media->source = TALK_URL;
		media->raw = url;
	}
}

static int read_image(struct reading *r, struct reading_place *to, uint32_t node)
{
	static const enum feature features[] = {[TALK_BYTES] = FEATURE_IMAGE_BYTES,
	                                        [TALK_URL] = FEATURE_IMAGE_URL,
	                                        [TALK_ID] = FEATURE_IMAGE_ID};
	struct talk_part *part = reading_add(r, to, TALK_IMAGE, node);
	struct str url = reading_inside(r, node, STR("image_url"));

	if (url.len) {
		read_url(&part->media, url, r->job->arena);
	} else {
		part->media.source = TALK_ID;
		part->media.raw = reading_inside(r, node, STR("file_id"));
	}
	part->media.detail = reading_plain(r, node, STR("detail"));
	reading_mark(r, features[part->media.source], node);
	if (part->media.detail.len && !str_eq(part->media.detail, STR("auto")))
		reading_mark(r, FEATURE_IMAGE_DETAIL, node);
	if (to->result)
		reading_mark(r, FEATURE_RESULT_MEDIA, node);
	return 0;
}

static int read_file(struct reading *r, struct reading_place *to, uint32_t node)
{
	struct talk_part *part = reading_add(r, to, TALK_FILE, node);
	struct str data = reading_inside(r, node, STR("file_data")),
	           url = reading_inside(r, node, STR("file_url"));

	part->media.name_raw = reading_inside(r, node, STR("filename"));
	if (part->media.name_raw.len)
		reading_mark(r, FEATURE_FILE_NAME, node);
	if (data.len &&
	    put_read_data_url(data, r->job->arena, &part->media.type, &part->media.raw)) {
		part->media.source = TALK_BYTES;
		reading_mark(r, FEATURE_FILE_BYTES, node);
	} else if (data.len) {
		part->media = (struct talk_media){.source = TALK_BYTES,
		                                  .type = STR("application/pdf"),
		                                  .raw = data,
		                                  .name_raw = part->media.name_raw};
		reading_mark(r, FEATURE_FILE_BYTES, node);
	} else if (url.len) {
		part->media.source = TALK_URL;
		part->media.raw = url;
		reading_mark(r, FEATURE_FILE_URL, node);
	} else {
		part->media.source = TALK_ID;
		part->media.raw = reading_inside(r, node, STR("file_id"));
		reading_mark(r, FEATURE_FILE_ID, node);
	}
	if (to->result)
		reading_mark(r, FEATURE_RESULT_MEDIA, node);
	return 0;
}

static int read_audio(struct reading *r, struct reading_place *to, uint32_t node)
{
	uint32_t audio = json_get(r->doc, node, STR("input_audio"));
	struct talk_part *part = reading_add(r, to, TALK_AUDIO, node);
	struct str format = reading_plain(r, audio, STR("format"));

	part->media.source = TALK_BYTES;
	part->media.raw = reading_inside(r, audio, STR("data"));
	part->media.type = ARENA_JOIN(r->job->arena, STR("audio/"), format);
	reading_mark(r, FEATURE_AUDIO, node);
	return 0;
}

static const struct content_row {
	struct str type;
	int (*read)(struct reading *, struct reading_place *, uint32_t node);
} contents[] = {
    {STR_INIT("input_text"), read_text},     {STR_INIT("output_text"), read_text},
    {STR_INIT("text"), read_text},           {STR_INIT("summary_text"), read_text},
    {STR_INIT("refusal"), read_refusal},     {STR_INIT("input_image"), read_image},
    {STR_INIT("input_file"), read_file},     {STR_INIT("input_audio"), read_audio},
    {STR_INIT("reasoning_text"), read_text},
};

static const struct reading_member content_members[] = {
    {STR_INIT("type"), NULL},      {STR_INIT("text"), NULL},     {STR_INIT("annotations"), NULL},
    {STR_INIT("logprobs"), NULL},  {STR_INIT("refusal"), NULL},  {STR_INIT("image_url"), NULL},
    {STR_INIT("detail"), NULL},    {STR_INIT("file_id"), NULL},  {STR_INIT("filename"), NULL},
    {STR_INIT("file_data"), NULL}, {STR_INIT("file_url"), NULL}, {STR_INIT("input_audio"), NULL}};

static int read_part(struct reading *r, struct reading_place *to, uint32_t node)
{
	struct str type = reading_plain(r, node, STR("type"));

	for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++)
		if (str_eq(contents[i].type, type))
			return contents[i].read(r, to, node) < 0
			           ? -1
			           : READ_MEMBERS(r, node, content_members);
	return job_refuse(r->job, node, "content of type \"%.*s\" has no counterpart at the target",
	                  STR_ARG(str_part(type, 0, 60)));
}

static int read_content(struct reading *r, struct reading_place *to, uint32_t node,
                        uint32_t content)
{
	if (json_type(r->doc, content) == JSON_STRING) {
		reading_add(r, to, TALK_TEXT, node)->text_raw = field_raw_text(r->doc, content);
		return 0;
	}
	if (reading_list(r, content) < 0)
		return -1;
	JSON_EACH(r->doc, content, part)
	if (read_part(r, to, part) < 0)
		return -1;
	return 0;
}

/* ---- items ---- */

/* Without a word it is the user's. */
static int role_of(const struct reading *r, uint32_t item, enum talk_role *out)
{
	static const struct {
		struct str word;
		enum talk_role role;
	} rows[] = {{STR_INIT("user"), TALK_USER},
	            {STR_INIT("assistant"), TALK_ASSISTANT},
	            {STR_INIT("system"), TALK_SYSTEM},
	            {STR_INIT("developer"), TALK_DEVELOPER}};
	uint32_t node = json_get(r->doc, item, STR("role"));

	*out = TALK_USER;
	if (node == JSON_NONE)
		return 0;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (json_text_is(r->doc, node, rows[i].word)) {
			*out = rows[i].role;
			return 0;
		}
	return reading_wrong(r, node, "user, assistant, system or developer");
}

static bool is_rule(enum talk_role role)
{
	return role == TALK_SYSTEM || role == TALK_DEVELOPER;
}

static bool has_spoken(const struct talk *t)
{
	for (int i = 0; i < t->turn_count; i++)
		if (!is_rule(t->turns[i].role))
			return true;
	return false;
}

static int read_message(struct reading *r, uint32_t item)
{
	struct reading_place to = {0};
	enum talk_role role = TALK_USER;

	if (role_of(r, item, &role) < 0)
		return -1;
	if (role == TALK_DEVELOPER)
		reading_mark(r, FEATURE_DEVELOPER, item);
	if (is_rule(role) && has_spoken(r->talk))
		reading_mark(r, FEATURE_LATE_SYSTEM, item);
	to.turn = role == TALK_ASSISTANT ? turn_for(r, role, item)
	                                 : talk_add_turn(r->talk, r->job->arena, role, item);
	return read_content(r, &to, item, json_get(r->doc, item, STR("content")));
}

/* The text that a reasoning item shows: its own, or the summary of it. */
static int reasoning_text(struct reading *r, uint32_t item, struct str *out_raw)
{
	struct talk_turn inside = {0};
	struct reading_place to = {.turn = &inside};
	uint32_t content = json_get(r->doc, item, STR("content"));

	if (json_count(r->doc, content) == 0)
		content = json_get(r->doc, item, STR("summary"));
	if (read_content(r, &to, item, content) < 0)
		return -1;
	*out_raw = put_joined_text(inside.parts, inside.part_count, r->job->arena);
	return 0;
}

static int read_reasoning(struct reading *r, uint32_t item)
{
	struct reading_place to = {.turn = turn_for(r, TALK_ASSISTANT, item)};
	struct talk_part *part = reading_add(r, &to, TALK_THINKING, item);
	struct str proof = reading_inside(r, item, STR("encrypted_content"));

	if (proof.len)
		part->seal = put_read_seal(proof, LLM_RESPONSES);
	if (part->seal.origin == LLM_RESPONSES)
		part->seal.id = reading_plain(r, item, STR("id"));
	if (reasoning_text(r, item, &part->text_raw) < 0)
		return -1;
	reading_mark(r, FEATURE_THINKING, item);
	if (proof.len)
		reading_mark(r, FEATURE_SEAL, item);
	return 0;
}

static struct talk_part *add_call(struct reading *r, uint32_t item, enum talk_call_kind kind)
{
	struct reading_place to = {.turn = turn_for(r, TALK_ASSISTANT, item)};
	struct talk_part *part = reading_add(r, &to, TALK_CALL, item);

	part->id = reading_plain(r, item, STR("call_id"));
	part->name = reading_plain(r, item, STR("name"));
	part->space = reading_plain(r, item, STR("namespace"));
	part->call = kind;
	rename_note_call(&r->job->renames, part->id, part);
	reading_mark(r, FEATURE_CALL, item);
	return part;
}

static int read_call(struct reading *r, uint32_t item)
{
	return reading_input(r, item, STR("arguments"),
	                     &add_call(r, item, TALK_FUNCTION)->input_raw);
}

static int read_custom_call(struct reading *r, uint32_t item)
{
	struct talk_part *part = add_call(r, item, TALK_CUSTOM);

	reading_mark(r, FEATURE_CALL_CUSTOM, item);
	return reading_input(r, item, STR("input"), &part->input_raw);
}

static int read_output(struct reading *r, uint32_t item)
{
	struct reading_place to = {.turn = turn_for(r, TALK_TOOL, item)}, inside = {0};
	struct talk_part *part = reading_add(r, &to, TALK_RESULT, item);
	const struct rename_call *call;

	part->id = reading_plain(r, item, STR("call_id"));
	call = rename_find_call(&r->job->renames, part->id);
	if (call) {
		part->name = call->name;
		part->call = call->kind;
	}
	reading_mark(r, FEATURE_CALL, item);
	inside.result = part;
	return read_content(r, &inside, item, json_get(r->doc, item, STR("output")));
}

static int read_more_tools(struct reading *r, uint32_t item)
{
	return responses_read_tools(r, json_get(r->doc, item, STR("tools")), STR(""));
}

static int drop_item(struct reading *r, uint32_t item)
{
	job_drop(r->job, item);
	return 0;
}

static int read_foreign(struct reading *r, uint32_t item)
{
	struct reading_place to = {.turn = turn_for(r, TALK_ASSISTANT, item)};
	struct talk_part *part = reading_add(r, &to, TALK_FOREIGN, item);

	part->json = json_raw(r->doc, item);
	part->origin = LLM_RESPONSES;
	reading_mark(r, FEATURE_FOREIGN, item);
	return 0;
}

/* An image that the model made: base64 in `result`. Without it there is nothing to show. */
static int read_past_image(struct reading *r, uint32_t item)
{
	struct reading_place to = {0};
	struct str data = reading_inside(r, item, STR("result"));
	struct str format = reading_plain(r, item, STR("output_format"));
	struct talk_part *part;

	if (data.len == 0)
		return drop_item(r, item);
	to.turn = turn_for(r, TALK_ASSISTANT, item);
	part = reading_add(r, &to, TALK_IMAGE, item);
	part->media.source = TALK_BYTES;
	part->media.raw = data;
	part->media.type =
	    ARENA_JOIN(r->job->arena, STR("image/"), format.len ? format : STR("png"));
	reading_mark(r, FEATURE_IMAGE_PAST, item);
	return 0;
}

/* Ours is a turn again; anybody else's is opaque. */
static int read_compaction(struct reading *r, uint32_t item)
{
	struct str text = compact_summary(r->doc, item);
	struct reading_place to;

	if (text.len == 0)
		return read_foreign(r, item);
	to = (struct reading_place){.turn = talk_add_turn(r->talk, r->job->arena, TALK_USER, item)};
	reading_add(r, &to, TALK_TEXT, item)->text_raw = text;
	return 0;
}

/* What it asks for is in job->compaction. */
static int skip_trigger(struct reading *r, uint32_t item)
{
	(void)r;
	(void)item;
	return 0;
}

static const struct item_row {
	struct str type;
	int (*read)(struct reading *, uint32_t item);
} items[] = {
    {STR_INIT("message"), read_message},
    {STR_INIT("reasoning"), read_reasoning},
    {STR_INIT("function_call"), read_call},
    {STR_INIT("function_call_output"), read_output},
    {STR_INIT("custom_tool_call"), read_custom_call},
    {STR_INIT("custom_tool_call_output"), read_output},
    {STR_INIT("additional_tools"), read_more_tools},
    {STR_INIT("web_search_call"), drop_item},
    {STR_INIT("image_generation_call"), read_past_image},
    {STR_INIT("compaction"), read_compaction},
    {STR_INIT("compaction_trigger"), skip_trigger},
};

/* `id` and `status` are of the answer that it came in. */
static const struct reading_member item_members[] = {{STR_INIT("type"), NULL},
                                                     {STR_INIT("id"), NULL},
                                                     {STR_INIT("status"), NULL},
                                                     {STR_INIT("role"), NULL},
                                                     {STR_INIT("content"), NULL},
                                                     {STR_INIT("call_id"), NULL},
                                                     {STR_INIT("name"), NULL},
                                                     {STR_INIT("namespace"), NULL},
                                                     {STR_INIT("arguments"), NULL},
                                                     {STR_INIT("input"), NULL},
                                                     {STR_INIT("output"), NULL},
                                                     {STR_INIT("summary"), NULL},
                                                     {STR_INIT("encrypted_content"), NULL},
                                                     {STR_INIT("tools"), NULL},
                                                     {STR_INIT("result"), NULL},
                                                     {STR_INIT("output_format"), NULL}};

static int read_known(struct reading *r, uint32_t item, int (*read)(struct reading *, uint32_t))
{
	return read(r, item) < 0 ? -1 : READ_MEMBERS(r, item, item_members);
}

static int read_item(struct reading *r, uint32_t item)
{
	struct str type = reading_plain(r, item, STR("type"));

	if (type.len == 0)
		return read_known(r, item, read_message);
	for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
		if (str_eq(items[i].type, type))
			return read_known(r, item, items[i].read);
	return read_foreign(r, item);
}

int responses_read_items(struct reading *r)
{
	uint32_t root = json_root(r->doc), input = json_get(r->doc, root, STR("input"));
	uint32_t rules = json_get(r->doc, root, STR("instructions"));
	struct reading_place to;

	if (json_type(r->doc, rules) == JSON_STRING && field_raw_text(r->doc, rules).len) {
		to = (struct reading_place){
		    .turn = talk_add_turn(r->talk, r->job->arena, TALK_SYSTEM, rules)};
		if (read_content(r, &to, rules, rules) < 0)
			return -1;
	}
	if (json_type(r->doc, input) == JSON_STRING) {
		to = (struct reading_place){
		    .turn = talk_add_turn(r->talk, r->job->arena, TALK_USER, input)};
		return read_content(r, &to, input, input);
	}
	if (reading_list(r, input) < 0)
		return -1;
	JSON_EACH(r->doc, input, item)
	if (read_item(r, item) < 0)
		return -1;
	return 0;
}
