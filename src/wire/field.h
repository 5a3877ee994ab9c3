/* Reading the members of a request that we look at, each with the error that names it. A member
 * that is null counts as absent. Pure; shared by the dialects. */
#ifndef WIRE_FIELD_H
#define WIRE_FIELD_H

#include "fail.h"
#include "llm.h"

struct field_source {
	const struct json *doc;
	struct arena *arena;
	struct fail *fail;
};

/* The member, or JSON_NONE where it is absent or null. */
uint32_t field_get(const struct field_source *, uint32_t object, struct str key);

/* All of these: -1 INVALID_VALUE where the type or range is wrong; *out is untouched where the
 * member is absent. */
int field_bool(const struct field_source *, uint32_t object, struct str key, bool *out) MUST_USE;
int field_count(const struct field_source *, uint32_t object, struct str key, int64_t lowest,
                int64_t *out) MUST_USE;
/* -1 MISSING_FIELD where it is absent. */
int field_need_text(const struct field_source *, uint32_t object, struct str key,
                    struct str *out) MUST_USE;
int field_need(const struct field_source *, uint32_t object, struct str key, enum json_type,
               uint32_t *out) MUST_USE;
/* Present and of the type, or JSON_NONE; -1 where it is of another type. */
int field_typed(const struct field_source *, uint32_t object, struct str key, enum json_type,
                uint32_t *out) MUST_USE;

/* The inside of a JSON string, escapes and all; empty for anything else. */
struct str field_raw_text(const struct json *, uint32_t node);

/* What names something that a provider keeps is refused: on a credential that accounts share, one
 * could name another's objects. -1: UNSUPPORTED_PARAMETER. */
int field_refuse_reference(const struct field_source *, uint32_t node) MUST_USE;
/* The same of members that are there and neither false nor an empty list. */
int field_check_references(const struct field_source *, uint32_t object, const struct str *keys,
                           int count) MUST_USE;

/* One picture more; its data or address is this string. */
void field_note_image(const struct field_source *, struct llm_request *, uint32_t data);
/* So many bytes may have as many tokens. */
void field_note_dense(struct llm_request *, int64_t bytes);
/* JSON that no count has in it. */
void field_note_json(struct llm_request *, int64_t bytes);

/* A document or sound. If its member `inside` is not its data, but missing or an address, nothing
 * bounds its cost; else its bytes do, which no count of the text has in it. */
void field_note_document(const struct field_source *, struct llm_request *, uint32_t document,
                         struct str inside);

/* A part of a type that the dialect does not know: {"type":"video_url","video_url":{"url"}} and
 * {"type":"document_url","document_url":"http://.."} of other providers. By address they have no
 * bound. */
void field_note_address(const struct field_source *, struct llm_request *, uint32_t part);

/* A conversation in the making. */
struct turn_list {
	struct arena *arena;
	struct llm_turn *turns;
	int count, room;
	int text_room; /* of the newest turn */
	int64_t text_bytes;
	int64_t call_bytes; /* of these, what stands in calls */
};

struct llm_turn *turn_add(struct turn_list *, enum llm_role);
void turn_add_text(struct turn_list *,
                   struct str raw); /* to the newest turn; empty texts are left out */
/* The conversation is read. */
void field_keep_turns(const struct turn_list *, struct llm_request *);
/* Counts a call of the newest turn and hashes its name and arguments into calls_hash. */
void turn_add_call(struct turn_list *, struct str name, struct str arguments);

/* Fields that mean the same everywhere: model, stream, tools' count and bytes. */
int field_common(const struct field_source *, struct llm_request *) MUST_USE;
/* A member of the body that names models which may serve in the place of `model`. */
bool field_names_others(const struct json *, uint32_t key);
/* What the request needs by what it was found to hold. */
void field_needs(struct llm_request *);
/* Names and sizes of tools. */
void field_tools(const struct field_source *, struct llm_request *, uint32_t tools);
int field_effort(const struct field_source *, uint32_t object, struct str key,
                 enum llm_effort *out) MUST_USE;

#endif
