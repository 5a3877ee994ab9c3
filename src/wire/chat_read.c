/* A chat request in neutral words.
 *
 * 	messages  system | developer | user | assistant | tool | function (the old word)
 * 	content   "text" | [{"type": text | image_url | input_audio | file | refusal, ..}]
 * 	calls     "tool_calls":[{"id","type":"function","function":{"name","arguments":"{..}"}}
 * 	          | {"id","type":"custom","custom":{"name","input":".."}}]
 *
 * Every member is either read, dropped with a warning or refused. Functions of 2023
 * (`function_call`, role function) are read as calls whose ids are made from their place. Also
 * read: what providers of this dialect added (reasoning_content, cache_control).
 *
 * Called by chat_options.c. Must never decode a text. */
#include "wire/chat_talk.h"

#include "wire/field.h"
#include "wire/put.h"

/* ---- content ---- */

static int read_text(struct reading *r, uint32_t node)
{
	reading_part(r, TALK_TEXT, node)->text_raw = reading_inside(r, node, STR("text"));
	return 0;
}

static int read_refusal_part(struct reading *r, uint32_t node)
{
	reading_mark(r, FEATURE_REFUSAL, node);
	reading_part(r, TALK_REFUSAL, node)->text_raw = reading_inside(r, node, STR("refusal"));
	return 0;
}

static const struct reading_member image_members[] = {{STR_INIT("url"), NULL},
                                                      {STR_INIT("detail"), NULL}};

static int read_image(struct reading *r, uint32_t node)
{
	uint32_t image = json_get(r->doc, node, STR("image_url"));
	struct talk_media *m = &reading_part(r, TALK_IMAGE, node)->media;
	struct str url = json_type(r->doc, image) == JSON_STRING
	                     ? field_raw_text(r->doc, image)
	                     : reading_inside(r, image, STR("url"));

	m->detail = reading_plain(r, image, STR("detail"));
	if (m->detail.len)
		reading_mark(r, FEATURE_IMAGE_DETAIL, node);
	if (url.len == 0)
		return reading_wrong(r, node, "an image_url with its url");
	*m = (struct talk_media){.source = TALK_URL, .raw = url, .detail = m->detail};
	if (put_read_data_url(url, r->job->arena, &m->type, &m->raw))
		m->source = TALK_BYTES;
	reading_mark(r, m->source == TALK_URL ? FEATURE_IMAGE_URL : FEATURE_IMAGE_BYTES, node);
	return json_type(r->doc, image) == JSON_STRING ? 0 : READ_MEMBERS(r, image, image_members);
}

static const struct reading_member audio_members[] = {{STR_INIT("data"), NULL},
                                                      {STR_INIT("format"), NULL}};

static int read_audio(struct reading *r, uint32_t node)
{
	uint32_t audio = json_get(r->doc, node, STR("input_audio"));
	struct talk_media *m = &reading_part(r, TALK_AUDIO, node)->media;
	struct str format = reading_plain(r, audio, STR("format"));

	m->raw = reading_inside(r, audio, STR("data"));
	m->type = ARENA_JOIN(r->job->arena, STR("audio/"), format);
	if (m->raw.len == 0 || format.len == 0)
		return reading_wrong(r, node, "an input_audio with its data and format");
	reading_mark(r, FEATURE_AUDIO, node);
	return READ_MEMBERS(r, audio, audio_members);
}

static const struct reading_member file_members[] = {
    {STR_INIT("filename"), NULL}, {STR_INIT("file_data"), NULL}, {STR_INIT("file_id"), NULL}};

static int read_file(struct reading *r, uint32_t node)
{
	uint32_t file = json_get(r->doc, node, STR("file"));
	struct talk_media *m = &reading_part(r, TALK_FILE, node)->media;
	struct str id = reading_inside(r, file, STR("file_id"));

	m->name_raw = reading_inside(r, file, STR("filename"));
	m->raw = reading_inside(r, file, STR("file_data"));
	if (id.len) {
		m->source = TALK_ID;
		m->raw = id;
	} else if (!put_read_data_url(m->raw, r->job->arena, &m->type, &m->raw)) {
		m->type = STR("application/pdf"); /* bare base64: what the dialect takes */
	}
	if (m->raw.len == 0)
		return reading_wrong(r, node, "a file with file_data or file_id");
	reading_mark(r, id.len ? FEATURE_FILE_ID : FEATURE_FILE_BYTES, node);
	if (m->name_raw.len)
		reading_mark(r, FEATURE_FILE_NAME, node);
	return READ_MEMBERS(r, file, file_members);
}

static const struct reading_member part_members[] = {
    {STR_INIT("type"), NULL},         {STR_INIT("text"), NULL}, {STR_INIT("image_url"), NULL},
    {STR_INIT("input_audio"), NULL},  {STR_INIT("file"), NULL}, {STR_INIT("refusal"), NULL},
    {STR_INIT("cache_control"), NULL}};

static int read_part(struct reading *r, uint32_t node)
{
	static const struct reading_member types[] = {{STR_INIT("text"), read_text},
	                                              {STR_INIT("image_url"), read_image},
	                                              {STR_INIT("input_audio"), read_audio},
	                                              {STR_INIT("file"), read_file},
	                                              {STR_INIT("refusal"), read_refusal_part}};
	uint32_t type = json_get(r->doc, node, STR("type"));

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (json_text_is(r->doc, type, types[i].key))
			return types[i].read(r, node) < 0 ? -1
			                                  : READ_MEMBERS(r, node, part_members);
	return job_refuse(r->job, node, "content of this type is not known");
}

static int read_content(struct reading *r, uint32_t content)
{
	if (json_type(r->doc, content) == JSON_STRING) {
		/* "" beside calls is how many clients say: nothing */
		if (json_raw(r->doc, content).len > 2 || r->turn->role != TALK_ASSISTANT)
			talk_add_part(r->turn, r->job->arena, TALK_TEXT, content)->text_raw =
			    field_raw_text(r->doc, content);
		return 0;
	}
	if (json_type(r->doc, content) != JSON_ARRAY)
		return reading_wrong(r, content, "a string or an array");
	JSON_EACH(r->doc, content, part)
	if (read_part(r, part) < 0)
		return -1;
	return 0;
}

/* ---- messages ---- */

static int read_reasoning(struct reading *r, uint32_t node)
{
	struct talk_part *part;

	for (int i = 0; i < r->turn->part_count; i++)
		if (r->turn->parts[i].kind == TALK_THINKING)
			return 0; /* `reasoning` beside `reasoning_content` says the same */
	reading_mark(r, FEATURE_THINKING, node);
	part = talk_add_part(r->turn, r->job->arena, TALK_THINKING, node);
	part->text_raw = field_raw_text(r->doc, node);
	part->seal.origin = LLM_CHAT;
	return 0;
}

static int read_refusal(struct reading *r, uint32_t node)
{
	reading_mark(r, FEATURE_REFUSAL, node);
	talk_add_part(r->turn, r->job->arena, TALK_REFUSAL, node)->text_raw =
	    field_raw_text(r->doc, node);
	return 0;
}

static int read_speaker(struct reading *r, uint32_t node)
{
	reading_mark(r, FEATURE_SPEAKER, node);
	r->turn->name_raw = field_raw_text(r->doc, node);
	return 0;
}

static int read_past_audio(struct reading *r, uint32_t node)
{
	struct talk_part *part = talk_add_part(r->turn, r->job->arena, TALK_AUDIO, node);

	reading_mark(r, FEATURE_AUDIO_PAST, node);
	part->media =
	    (struct talk_media){.source = TALK_ID, .raw = reading_inside(r, node, STR("id"))};
	return 0;
}

/* `index` is of a stream, which some clients send back as it came. */
static const struct reading_member call_members[] = {
    {STR_INIT("id"), NULL},       {STR_INIT("type"), NULL},   {STR_INIT("index"), NULL},
    {STR_INIT("function"), NULL}, {STR_INIT("custom"), NULL}, {STR_INIT("cache_control"), NULL}};

static const struct reading_member inner_members[] = {
    {STR_INIT("name"), NULL}, {STR_INIT("arguments"), NULL}, {STR_INIT("input"), NULL}};

static int read_call(struct reading *r, uint32_t node)
{
	struct talk_part *part = reading_part(r, TALK_CALL, node);
	uint32_t custom = json_get(r->doc, node, STR("custom"));
	uint32_t inner = custom == JSON_NONE ? json_get(r->doc, node, STR("function")) : custom;

	part->call = custom == JSON_NONE ? TALK_FUNCTION : TALK_CUSTOM;
	part->id = reading_plain(r, node, STR("id"));
	part->name = reading_plain(r, inner, STR("name"));
	rename_note_call(&r->job->renames, part->id, part);
	reading_mark(r, part->call == TALK_CUSTOM ? FEATURE_CALL_CUSTOM : FEATURE_CALL, node);
	if (reading_input(r, inner, custom == JSON_NONE ? STR("arguments") : STR("input"),
	                  &part->input_raw) < 0)
		return -1;
	if (part->name.len == 0)
		return reading_wrong(r, node, "a call with the name of its function");
	return READ_MEMBERS(r, inner, inner_members) < 0 ? -1 : READ_MEMBERS(r, node, call_members);
}

static int read_calls(struct reading *r, uint32_t calls)
{
	if (json_type(r->doc, calls) != JSON_ARRAY)
		return reading_wrong(r, calls, "an array");
	JSON_EACH(r->doc, calls, call)
	if (read_call(r, call) < 0)
		return -1;
	return 0;
}

static struct str old_id(const struct reading *r, int turn)
{
	return arena_printf(r->job->arena, "call_function%d", turn);
}

/* Beside ids, which have no line ends in any dialect. */
static struct str old_key(const struct reading *r, struct str name)
{
	return ARENA_JOIN(r->job->arena, STR("\n"), name);
}

static int read_old_call(struct reading *r, uint32_t node)
{
	struct talk_part *part = reading_part(r, TALK_CALL, node);

	part->id = old_id(r, r->talk->turn_count - 1);
	part->name = reading_plain(r, node, STR("name"));
	rename_note_call(&r->job->renames, part->id, part);
	rename_note_call(&r->job->renames, old_key(r, part->name), part);
	reading_mark(r, FEATURE_CALL, node);
	if (reading_input(r, node, STR("arguments"), &part->input_raw) < 0)
		return -1;
	if (part->name.len == 0)
		return reading_wrong(r, node, "a call with the name of its function");
	return READ_MEMBERS(r, node, inner_members);
}

static const struct reading_member message_members[] = {
    {STR_INIT("role"), NULL},
    {STR_INIT("content"), NULL},
    {STR_INIT("tool_call_id"), NULL},
    {STR_INIT("name"), NULL},
    {STR_INIT("annotations"), NULL},
    {STR_INIT("cache_control"), NULL},
    {STR_INIT("refusal"), read_refusal},
    {STR_INIT("audio"), read_past_audio},
    {STR_INIT("tool_calls"), read_calls},
    {STR_INIT("function_call"), read_old_call},
    {STR_INIT("reasoning_content"), NULL},
    {STR_INIT("reasoning"), NULL},
};

/* The newest call of that name: functions of old have no ids. */
static struct str old_call_id(const struct reading *r, struct str name)
{
	const struct rename_call *call = rename_find_call(&r->job->renames, old_key(r, name));

	return call ? call->id : old_id(r, 0);
}

/* The content of a tool's message are the parts of its result. */
static int read_result(struct reading *r, uint32_t message, uint32_t content)
{
	struct talk_turn *turn = r->turn, inner = {.role = TALK_TOOL};
	struct talk_part *result = reading_part(r, TALK_RESULT, message);
	const struct rename_call *call;
	int result_at = turn->part_count - 1, status = 0;

	result->name = reading_plain(r, message, STR("name"));
	result->id = json_text_is(r->doc, json_get(r->doc, message, STR("role")), STR("function"))
	                 ? old_call_id(r, result->name)
	                 : reading_plain(r, message, STR("tool_call_id"));
	call = rename_find_call(&r->job->renames, result->id);
	if (call)
		result->call = call->kind;
	r->turn = &inner;
	if (content != JSON_NONE)
		status = read_content(r, content);
	r->turn = turn;
	turn->parts[result_at].parts = inner.parts;
	turn->parts[result_at].part_count = inner.part_count;
	for (int i = 0; i < inner.part_count; i++)
		if (inner.parts[i].kind != TALK_TEXT)
			reading_mark(r, FEATURE_RESULT_MEDIA, inner.parts[i].node);
	return status;
}

static int role_of(struct reading *r, uint32_t node, enum talk_role *out)
{
	static const struct {
		struct str word;
		enum talk_role role;
	} roles[] = {{STR_INIT("user"), TALK_USER},     {STR_INIT("assistant"), TALK_ASSISTANT},
	             {STR_INIT("tool"), TALK_TOOL},     {STR_INIT("system"), TALK_SYSTEM},
	             {STR_INIT("function"), TALK_TOOL}, {STR_INIT("developer"), TALK_DEVELOPER}};

	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if (json_text_is(r->doc, node, roles[i].word)) {
			*out = roles[i].role;
			return 0;
		}
	return reading_wrong(r, node, "system, developer, user, assistant or tool");
}

static int read_thinking_of(struct reading *r, uint32_t message)
{
	static const struct str keys[] = {STR_INIT("reasoning_content"), STR_INIT("reasoning")};

	for (size_t i = 0; i < 2; i++) {
		uint32_t node = json_get(r->doc, message, keys[i]);

		if (json_type(r->doc, node) == JSON_STRING && json_raw(r->doc, node).len > 2)
			return read_reasoning(r, node);
	}
	return 0;
}

/* A mark on the whole message stands for one on its last part. */
static void read_message_mark(struct reading *r, uint32_t message)
{
	struct str mark_json = reading_value(r, message, STR("cache_control"));

	if (mark_json.len == 0 || r->turn->part_count == 0)
		return;
	r->turn->parts[r->turn->part_count - 1].cache_json = mark_json;
	reading_mark(r, FEATURE_CACHE_MARK, message);
}

static int read_message(struct reading *r, uint32_t message)
{
	uint32_t role_node = json_get(r->doc, message, STR("role"));
	uint32_t name = json_get(r->doc, message, STR("name"));
	uint32_t content = json_get(r->doc, message, STR("content"));
	enum talk_role role = TALK_USER;

	if (role_of(r, role_node, &role) < 0)
		return -1;
	if (json_is_null(r->doc, content))
		content = JSON_NONE;
	reading_mark_role(r, role, message);
	r->turn = talk_add_turn(r->talk, r->job->arena, role, message);
	if (role == TALK_TOOL)
		return read_result(r, message, content) < 0
		           ? -1
		           : READ_MEMBERS(r, message, message_members);
	if (json_type(r->doc, name) == JSON_STRING && read_speaker(r, name) < 0)
		return -1;
	if (read_thinking_of(r, message) < 0 ||
	    (content != JSON_NONE && read_content(r, content) < 0) ||
	    READ_MEMBERS(r, message, message_members) < 0)
		return -1;
	if (json_count(r->doc, json_get(r->doc, message, STR("annotations"))) > 0)
		reading_mark(r, FEATURE_NOTES, message);
	read_message_mark(r, message);
	return 0;
}

int chat_read_messages(struct reading *r, uint32_t messages)
{
	JSON_EACH(r->doc, messages, message)
	if (read_message(r, message) < 0)
		return -1;
	return 0;
}
