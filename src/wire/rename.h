/* Names and ids of tools, on both sides of a translation. The client always sees its own names
 * and ids of its dialect's form; the provider sees what its charset and length allow. Writers
 * and readers of dialects never notice: the driver renames the talk before it is written and the
 * events after they are read. Pure.
 *
 * NAMES are mapped by a table that is rebuilt from each request: a name that fits stays; else
 * every byte outside the charset becomes _ and, if that is too long or taken, a tail of its hash
 * is put on. Tools of a namespace are joined as space__name.
 *
 * IDS need no table. Towards the client an id that has not the form (call_.. or toolu_.. of
 * letters, digits, _ and -) is wrapped: prefix "fx" and its bytes, hexadecimal where the charset
 * asks for it. Towards a provider a wrapped id is unwrapped first, so that every provider gets
 * back the ids that it gave, in any turn of the conversation; one that does not fit there (too
 * long, another charset) becomes its hash. The same id always becomes the same one. */
#ifndef WIRE_RENAME_H
#define WIRE_RENAME_H

#include "base/map.h"
#include "wire/talk.h"

struct rename_tool {
	struct str name, space; /* the client's; arena */
	struct str wire;        /* the target's */
	enum talk_tool_kind kind;
	bool is_wrapped; /* a custom tool that goes as a function of one text, `input` */
	bool is_chosen;  /* the choice names it */
};

/* A call, as its result asks for it. */
struct rename_call {
	struct str id, name; /* borrowed */
	enum talk_call_kind kind;
};

enum { RENAME_NINE_LETTERS = 9 };

/* What the target takes as a tool's name and as a call's id. */
struct rename_rule {
	int name_max;      /* bytes */
	bool name_dots;    /* . and : besides letters, digits, _ and - */
	bool name_letters; /* must begin with a letter or _ */
	int id_max;        /* bytes; RENAME_NINE_LETTERS: exactly so many letters or digits */
	bool id_words;     /* ids of letters, digits, _ and - only */
};

struct rename {
	struct arena *arena;
	struct rename_rule rule;
	int count;
	struct map by_wire; /* -> struct rename_tool */
	struct map by_name; /* the same, by space and name */
	struct map spaced;  /* the first of that name in any space */
	struct map calls;   /* by id -> struct rename_call */
};

void rename_init(struct rename *, struct rename_rule, struct arena *);
void rename_release(struct rename *);

/* The tool's entry, made where it is new. Cannot collide. */
struct rename_tool *rename_add(struct rename *, struct str space, struct str name,
                               enum talk_tool_kind);
/* By the name that the provider says; NULL: it is none of the request's, and stays as it is. */
const struct rename_tool *rename_find(const struct rename *, struct str wire);

/* By the name that a choice has, which tells no space; NULL: none of the request's. */
struct rename_tool *rename_choose(const struct rename *, struct str name);

/* The newest call of that key, an id in most dialects. NULL: there is none. */
void rename_note_call(struct rename *, struct str key, const struct talk_part *call);
const struct rename_call *rename_find_call(const struct rename *, struct str key);
void rename_forget_calls(struct rename *);

/* Arena, or the id itself where it fits. */
struct str rename_id_for_client(struct str id, enum llm_dialect, struct arena *);
struct str rename_id_for_target(struct str id, const struct rename_rule *, struct arena *);
/* For calls that a provider gave no id: stable in the request and the call's number. */
struct str rename_new_id(struct str request_id, int number, enum llm_dialect, struct arena *);

#endif
