/* Reading a client's request into a talk: what the dialects' readers share. A reader is a table of
 * members with a function for each; what the table does not name is dropped with a warning, so
 * that nothing vanishes unnamed. Pure. */
#ifndef WIRE_READING_H
#define WIRE_READING_H

#include "wire/job.h"

struct reading {
	struct wire_job *job;
	const struct json *doc;
	struct talk *talk;
	struct talk_turn *turn; /* that is being read */
	bool has_spoken;        /* somebody but the system has */
};

struct reading_member {
	struct str key;
	int (*read)(struct reading *, uint32_t node); /* NULL: read elsewhere */
};

/* Every member of the object that is not null, in the document's order; none of JSON_NONE. -1: it
 * is no object. */
int reading_members(struct reading *, uint32_t object, const struct reading_member *rows,
                    size_t count) MUST_USE;
#define READ_MEMBERS(r, object, rows) reading_members(r, object, rows, sizeof rows / sizeof rows[0])

/* INVALID_VALUE: "tool_choice is 7; it must be ..". Gives -1. */
int reading_wrong(const struct reading *, uint32_t node, const char *wanted);
/* -1: it is there, and no list: going through it would find nothing, or members of an object. */
int reading_list(const struct reading *, uint32_t node) MUST_USE;
void reading_mark(struct reading *, enum feature, uint32_t node);
/* The mark of the role, of late system texts too; call it once per message, in order. */
void reading_mark_role(struct reading *, enum talk_role, uint32_t node);

/* A member's text, decoded; its inside, as it stands; its own bytes, empty where it is null. */
struct str reading_plain(const struct reading *, uint32_t object, struct str key);
struct str reading_inside(const struct reading *, uint32_t object, struct str key);
struct str reading_value(const struct reading *, uint32_t object, struct str key);
/* A call's input: text, or left out. -1: something else, which would be lost. */
int reading_input(const struct reading *, uint32_t object, struct str key,
                  struct str *out_raw) MUST_USE;
enum talk_flag reading_flag(const struct reading *, uint32_t node);
/* A number as it stands, and its mark. -1: it is none. */
int reading_number(struct reading *, uint32_t node, enum feature, struct str *out_json) MUST_USE;

/* A part of the turn that is being read, with its cache mark. */
struct talk_part *reading_part(struct reading *, enum talk_kind, uint32_t node);

/* Where a part goes: a turn, or a tool result's parts. */
struct reading_place {
	struct talk_turn *turn;
	struct talk_part *result; /* NULL: to the turn */
};
struct talk_part *reading_add(struct reading *, struct reading_place *, enum talk_kind,
                              uint32_t node);

/* Members that mean the same in every dialect. */
int reading_stream(struct reading *, uint32_t value);
int reading_temperature(struct reading *, uint32_t value);
int reading_top_p(struct reading *, uint32_t value);
int reading_stops(struct reading *, uint32_t value);      /* a string or a list of them */
int reading_max_output(struct reading *, uint32_t value); /* tokens, checked before */
int reading_calls(struct reading *, uint32_t value);      /* of the provider's tools; the same */
int reading_service_tier(struct reading *, uint32_t value);
int reading_effort(struct reading *, uint32_t value); /* a word that is none is wrong */
/* The only places that the newest tool, a search of the web, may find. -1: the target searches,
 * but everywhere. */
int reading_domains(struct reading *, uint32_t value);

#endif
