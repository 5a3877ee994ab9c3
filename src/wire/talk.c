/* Lists of a conversation as they grow, and its words for effort. A list's room is the power of
 * two at or above its count, so it needs no member of its own; what it outgrows stays in the
 * arena. Called by readers of dialects. Must never look at a dialect. */
#include "wire/talk.h"

/* Room for one more element in a list of `count`. */
static void *grow(struct arena *arena, void *list, int count, size_t each)
{
	void *grown;

	if (count & (count - 1))
		return list;
	grown = arena_get(arena, arena_array_bytes(count ? 2 * (size_t)count : 1, each));
	if (count)
		memcpy(grown, list, (size_t)count * each);
	return grown;
}

struct talk_turn *talk_add_turn(struct talk *t, struct arena *arena, enum talk_role role,
                                uint32_t node)
{
	struct talk_turn *turn;

	t->turns = grow(arena, t->turns, t->turn_count, sizeof *t->turns);
	turn = &t->turns[t->turn_count++];
	*turn = (struct talk_turn){.role = role, .node = node};
	return turn;
}

struct talk_tool *talk_add_tool(struct talk *t, struct arena *arena, enum talk_tool_kind kind,
                                uint32_t node)
{
	struct talk_tool *tool;

	t->tools = grow(arena, t->tools, t->tool_count, sizeof *t->tools);
	tool = &t->tools[t->tool_count++];
	*tool = (struct talk_tool){.kind = kind, .node = node};
	return tool;
}

struct talk_part *talk_grow_parts(struct talk_part **parts, int *count, struct arena *arena,
                                  enum talk_kind kind)
{
	struct talk_part *part;

	*parts = grow(arena, *parts, *count, sizeof **parts);
	part = &(*parts)[(*count)++];
	*part = (struct talk_part){.kind = kind, .node = JSON_NONE};
	return part;
}

struct talk_part *talk_add_part(struct talk_turn *turn, struct arena *arena, enum talk_kind kind,
                                uint32_t node)
{
	struct talk_part *part = talk_grow_parts(&turn->parts, &turn->part_count, arena, kind);

	part->node = node;
	return part;
}

bool talk_note_is_for(const struct talk_note *note, enum llm_dialect client)
{
	return note->kind == TALK_NOTE_URL || (note->origin == client && note->json.len);
}

struct talk_note *talk_add_note(struct talk_part *part, struct arena *arena)
{
	struct talk_note *note;

	part->notes = grow(arena, part->notes, part->note_count, sizeof *part->notes);
	note = &part->notes[part->note_count++];
	*note = (struct talk_note){.start = -1, .end = -1, .document = -1};
	return note;
}

static const char *const efforts[TALK_EFFORTS] = {"",       "none", "minimal", "low",
                                                  "medium", "high", "xhigh",   "max"};

const char *talk_effort_word(enum talk_effort effort)
{
	must(effort < TALK_EFFORTS);
	return efforts[effort];
}

enum talk_effort talk_effort_of(struct str word)
{
	for (int i = TALK_EFFORT_NONE; i < TALK_EFFORTS; i++)
		if (str_eq(word, str_of(efforts[i])))
			return (enum talk_effort)i;
	return TALK_EFFORT_UNSET;
}
