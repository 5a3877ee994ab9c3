/* The conversation of a messages request in neutral words.
 *
 *	{"system": "..." | [blocks], "messages": [{"role", "content": "..." | [blocks]}], ..}
 *
 * One message may become two turns: its tool results, which the API wants first, and the rest.
 * Blocks of kinds that are not known here are kept whole, for the driver to refuse where the
 * target cannot take them. Called by messages_read.c. */
#include "wire/messages_talk.h"

#include "wire/field.h"

/* ---- blocks ---- */

static void add_note(struct reading *r, struct talk_part *part, uint32_t citation)
{
	struct talk_note *note = talk_add_note(part, r->job->arena);

	note->start = note->end = note->document = -1;
	note->json = json_raw(r->doc, citation);
	note->origin = LLM_MESSAGES;
	note->kind = TALK_NOTE_FOREIGN;
	note->quote_raw = reading_inside(r, citation, STR("cited_text"));
	note->url_raw = reading_inside(r, citation, STR("url"));
	note->title_raw = reading_inside(r, citation, STR("title"));
	if (note->url_raw.len)
		note->kind = TALK_NOTE_URL;
}

/* Claude Code's system prompt begins with a line that is another one in every session; another
 * provider's prompt cache would never be warm again. */
static bool is_billing_nonce(struct str raw)
{
	return str_starts_with(raw, STR("x-anthropic-billing-header:"));
}

static int read_text(struct reading *r, struct reading_place *to, uint32_t block)
{
	uint32_t citations = json_get(r->doc, block, STR("citations"));
	struct str text = reading_inside(r, block, STR("text"));
	struct talk_part *part;

	if (to->turn && to->turn->role == TALK_SYSTEM && is_billing_nonce(text)) {
		job_warn(r->job, block, "billing header left out, it is for Anthropic alone");
		return 0;
	}
	part = reading_add(r, to, TALK_TEXT, block);
	part->text_raw = text;
	if (json_type(r->doc, citations) == JSON_ARRAY && json_count(r->doc, citations)) {
		reading_mark(r, FEATURE_NOTES, citations);
		JSON_EACH(r->doc, citations, citation) add_note(r, part, citation);
	}
	return 0;
}

/* Sources of images and documents: X(type, where the bytes are, source, image's and document's
 * feature). */
#define SOURCES(X)                                                                                 \
	X("base64", "data", TALK_BYTES, FEATURE_IMAGE_BYTES, FEATURE_FILE_BYTES)                   \
	X("url", "url", TALK_URL, FEATURE_IMAGE_URL, FEATURE_FILE_URL)                             \
	X("file", "file_id", TALK_ID, FEATURE_IMAGE_ID, FEATURE_FILE_ID)                           \
	X("text", "data", TALK_PLAIN, FEATURE_COUNT, FEATURE_FILE_TEXT)

struct source {
	struct str type;
	const char *member;
	enum talk_source source;
	enum feature image, file;
};

static const struct source sources[] = {
#define X(type, member, source, image, file) {STR_INIT(type), member, source, image, file},
    SOURCES(X)
#undef X
};

static const struct source *source_of(struct str type)
{
	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
		if (str_eq(sources[i].type, type))
			return &sources[i];
	return NULL;
}

static const struct reading_member source_members[] = {{STR_INIT("type"), NULL},
                                                       {STR_INIT("media_type"), NULL},
                                                       {STR_INIT("data"), NULL},
                                                       {STR_INIT("url"), NULL},
                                                       {STR_INIT("file_id"), NULL}};

static int read_media(struct reading *r, struct reading_place *to, uint32_t block,
                      enum talk_kind kind)
{
	uint32_t place = json_get(r->doc, block, STR("source"));
	const struct source *source = source_of(reading_plain(r, place, STR("type")));
	struct talk_part *part;
	enum feature feature;

	if (source == NULL || (kind == TALK_IMAGE && source->image == FEATURE_COUNT))
		return job_refuse(r->job, place == JSON_NONE ? block : place,
		                  "a source of this type has no counterpart at the target");
	feature = kind == TALK_IMAGE ? source->image : source->file;
	part = reading_add(r, to, kind, block);
	part->media.source = source->source;
	part->media.type = reading_plain(r, place, STR("media_type"));
	part->media.raw = reading_inside(r, place, str_of(source->member));
	reading_mark(r, feature, block);
	if (to->result)
		reading_mark(r, FEATURE_RESULT_MEDIA, block);
	return READ_MEMBERS(r, place, source_members);
}

static int read_image(struct reading *r, struct reading_place *to, uint32_t block)
{
	return read_media(r, to, block, TALK_IMAGE);
}

static int read_document(struct reading *r, struct reading_place *to, uint32_t block)
{
	uint32_t citations = json_get(r->doc, block, STR("citations"));
	struct talk_media *media;
	struct talk_part *parts;

	if (read_media(r, to, block, TALK_FILE) < 0)
		return -1;
	parts = to->result ? to->result->parts : to->turn->parts;
	media = &parts[(to->result ? to->result->part_count : to->turn->part_count) - 1].media;
	media->name_raw = reading_inside(r, block, STR("title"));
	media->about_raw = reading_inside(r, block, STR("context"));
	media->cites = reading_flag(r, json_get(r->doc, citations, STR("enabled")));
	if (media->name_raw.len && media->source != TALK_PLAIN)
		reading_mark(r, FEATURE_FILE_NAME, block);
	else if (media->name_raw.len) /* a text has no name elsewhere */
		reading_mark(r, FEATURE_FILE_ABOUT, block);
	if (media->about_raw.len)
		reading_mark(r, FEATURE_FILE_ABOUT, block);
	if (media->cites == TALK_YES)
		reading_mark(r, FEATURE_CITATIONS, citations);
	return 0;
}

static int read_thinking_block(struct reading *r, struct reading_place *to, uint32_t block)
{
	struct talk_part *part = reading_add(r, to, TALK_THINKING, block);
	struct str signature = reading_inside(r, block, STR("signature"));

	part->text_raw = reading_inside(r, block, STR("thinking"));
	if (signature.len)
		part->seal = put_read_seal(signature, LLM_MESSAGES);
	reading_mark(r, FEATURE_THINKING, block);
	return 0;
}

static int read_redacted(struct reading *r, struct reading_place *to, uint32_t block)
{
	struct talk_part *part = reading_add(r, to, TALK_THINKING, block);

	part->seal = put_read_seal(reading_inside(r, block, STR("data")), LLM_MESSAGES);
	if (part->seal.origin == LLM_MESSAGES)
		part->seal.kind = TALK_REDACTED;
	reading_mark(r, FEATURE_THINKING, block);
	return 0;
}

static int read_call(struct reading *r, struct reading_place *to, uint32_t block)
{
	struct talk_part *part = reading_add(r, to, TALK_CALL, block);

	part->id = reading_plain(r, block, STR("id"));
	part->name = reading_plain(r, block, STR("name"));
	part->input_json = reading_value(r, block, STR("input"));
	rename_note_call(&r->job->renames, part->id, part);
	reading_mark(r, FEATURE_CALL, block);
	return 0;
}

static int read_foreign(struct reading *r, struct reading_place *to, uint32_t block)
{
	struct talk_part *part = reading_add(r, to, TALK_FOREIGN, block);

	part->json = json_raw(r->doc, block);
	part->origin = LLM_MESSAGES;
	reading_mark(r, FEATURE_FOREIGN, block);
	return 0;
}

/* What a search for deferred tools found: all tools are shown to another dialect's model anyway. */
static int drop_block(struct reading *r, struct reading_place *to, uint32_t block)
{
	(void)to;
	job_drop(r->job, block);
	return 0;
}

static const struct block_row {
	struct str type;
	int (*read)(struct reading *, struct reading_place *, uint32_t block);
} blocks[] = {
    {STR_INIT("text"), read_text},
    {STR_INIT("image"), read_image},
    {STR_INIT("document"), read_document},
    {STR_INIT("thinking"), read_thinking_block},
    {STR_INIT("redacted_thinking"), read_redacted},
    {STR_INIT("tool_use"), read_call},
    {STR_INIT("tool_reference"), drop_block},
};

static const struct reading_member block_members[] = {{STR_INIT("type"), NULL},
                                                      {STR_INIT("text"), NULL},
                                                      {STR_INIT("source"), NULL},
                                                      {STR_INIT("title"), NULL},
                                                      {STR_INIT("context"), NULL},
                                                      {STR_INIT("citations"), NULL},
                                                      {STR_INIT("cache_control"), NULL},
                                                      {STR_INIT("thinking"), NULL},
                                                      {STR_INIT("signature"), NULL},
                                                      {STR_INIT("data"), NULL},
                                                      {STR_INIT("id"), NULL},
                                                      {STR_INIT("name"), NULL},
                                                      {STR_INIT("input"), NULL},
                                                      {STR_INIT("tool_use_id"), NULL},
                                                      {STR_INIT("content"), NULL},
                                                      {STR_INIT("is_error"), NULL}};

static int read_block(struct reading *r, struct reading_place *to, uint32_t block)
{
	struct str type = reading_plain(r, block, STR("type"));

	for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
		if (str_eq(blocks[i].type, type))
			return blocks[i].read(r, to, block) < 0
			           ? -1
			           : READ_MEMBERS(r, block, block_members);
	return read_foreign(r, to, block);
}

static int read_content(struct reading *r, struct reading_place *to, uint32_t node,
                        uint32_t content)
{
	if (json_type(r->doc, content) == JSON_STRING) {
		struct str raw = field_raw_text(r->doc, content);

		if (raw.len)
			reading_add(r, to, TALK_TEXT, node)->text_raw = raw;
		return 0;
	}
	if (reading_list(r, content) < 0)
		return -1;
	JSON_EACH(r->doc, content, block)
	if (read_block(r, to, block) < 0)
		return -1;
	return 0;
}

static int read_result(struct reading *r, struct talk_turn *turn, uint32_t block)
{
	struct reading_place here = {.turn = turn}, inside = {0};
	struct talk_part *part = reading_add(r, &here, TALK_RESULT, block);
	const struct rename_call *call;

	part->id = reading_plain(r, block, STR("tool_use_id"));
	call = rename_find_call(&r->job->renames, part->id);
	part->name = call ? call->name : STR("");
	part->is_error = reading_flag(r, json_get(r->doc, block, STR("is_error"))) == TALK_YES;
	reading_mark(r, FEATURE_CALL, block);
	if (part->is_error)
		reading_mark(r, FEATURE_RESULT_ERROR, block);
	inside.result = part;
	if (read_content(r, &inside, JSON_NONE, json_get(r->doc, block, STR("content"))) < 0)
		return -1;
	return READ_MEMBERS(r, block, block_members);
}

/* ---- messages ---- */

static int role_of(const struct reading *r, uint32_t message, enum talk_role *out)
{
	uint32_t node = json_get(r->doc, message, STR("role"));

	if (json_text_is(r->doc, node, STR("user")))
		*out = TALK_USER;
	else if (json_text_is(r->doc, node, STR("assistant")))
		*out = TALK_ASSISTANT;
	else if (json_text_is(r->doc, node, STR("system")))
		*out = TALK_SYSTEM;
	else
		return reading_wrong(r, node == JSON_NONE ? message : node,
		                     "user, assistant or system");
	return 0;
}

static bool has_turn(const struct reading *r, int before, enum talk_role role)
{
	return r->talk->turn_count > before && r->talk->turns[r->talk->turn_count - 1].role == role;
}

static struct talk_turn *turn_for(struct reading *r, int before, enum talk_role role, uint32_t node)
{
	if (has_turn(r, before, role))
		return &r->talk->turns[r->talk->turn_count - 1];
	return talk_add_turn(r->talk, r->job->arena, role, node);
}

static const struct reading_member message_members[] = {{STR_INIT("role"), NULL},
                                                        {STR_INIT("content"), NULL}};

static int read_message(struct reading *r, uint32_t message)
{
	uint32_t content = json_get(r->doc, message, STR("content"));
	int before = r->talk->turn_count;
	enum talk_role role = TALK_USER;

	if (role_of(r, message, &role) < 0 || READ_MEMBERS(r, message, message_members) < 0)
		return -1;
	if (role == TALK_SYSTEM)
		reading_mark(r, FEATURE_LATE_SYSTEM, message);
	if (json_type(r->doc, content) != JSON_ARRAY) {
		struct reading_place to = {
		    .turn = talk_add_turn(r->talk, r->job->arena, role, message)};

		return read_content(r, &to, message, content);
	}
	JSON_EACH(r->doc, content, block)
	{
		bool is_result = str_eq(reading_plain(r, block, STR("type")), STR("tool_result"));
		struct reading_place to = {
		    .turn = turn_for(r, before, is_result ? TALK_TOOL : role, message)};

		if ((is_result ? read_result(r, to.turn, block) : read_block(r, &to, block)) < 0)
			return -1;
	}
	return 0;
}

int messages_read_turns(struct reading *r)
{
	uint32_t root = json_root(r->doc), rules = json_get(r->doc, root, STR("system"));

	if (rules != JSON_NONE && !json_is_null(r->doc, rules)) {
		struct reading_place to = {
		    .turn = talk_add_turn(r->talk, r->job->arena, TALK_SYSTEM, rules)};

		if (read_content(r, &to, rules, rules) < 0)
			return -1;
		if (to.turn->part_count == 0)
			r->talk->turn_count--;
	}
	JSON_EACH(r->doc, json_get(r->doc, root, STR("messages")), message)
	if (read_message(r, message) < 0)
		return -1;
	return 0;
}
