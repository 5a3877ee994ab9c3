/* What the provider is told to do: rules, each a request pattern and the acts that follow it.
 * README in this folder describes the lines. A rule lives as long as the script or a request holds
 * it. */
#ifndef TESTS_PROVIDER_SCRIPT_H
#define TESTS_PROVIDER_SCRIPT_H

#include "heard.h"
#include "base/list.h"

/* How the rest of a script line is read. */
enum act_shape {
	SHAPE_NONE,
	SHAPE_TEXT,
	SHAPE_NUMBER,
	SHAPE_NUMBER_TEXT,
	SHAPE_WORD_TEXT,
	SHAPE_NUMBERS
};
/* ACT_NOW is done at once; ACT_FLUSHED when all that was written before is with the kernel. */
enum act_turn { ACT_NOW, ACT_FLUSHED };

/*      kind          word               rest of the line   turn */
#define ACT_TABLE(X)                                                                               \
	X(STATUS, "status", SHAPE_NUMBER_TEXT, ACT_NOW)                                            \
	X(HEADER, "header", SHAPE_TEXT, ACT_NOW)                                                   \
	X(BODY, "body", SHAPE_TEXT, ACT_NOW)                                                       \
	X(JSON, "json", SHAPE_TEXT, ACT_NOW)                                                       \
	X(FILL, "fill", SHAPE_NUMBER_TEXT, ACT_NOW)                                                \
	X(SSE, "sse", SHAPE_NONE, ACT_NOW)                                                         \
	X(EVENT, "event", SHAPE_WORD_TEXT, ACT_NOW)                                                \
	X(DATA, "data", SHAPE_TEXT, ACT_NOW)                                                       \
	X(FRAMES, "frames", SHAPE_NONE, ACT_NOW)                                                   \
	X(FRAME, "frame", SHAPE_WORD_TEXT, ACT_NOW)                                                \
	X(CHUNKED, "chunked", SHAPE_NONE, ACT_NOW)                                                 \
	X(EXTENSION, "chunk-extension", SHAPE_TEXT, ACT_NOW)                                       \
	X(LENGTH, "length", SHAPE_NUMBER, ACT_NOW)                                                 \
	X(UNTIL_CLOSE, "until-close", SHAPE_NONE, ACT_NOW)                                         \
	X(TRAILER, "trailer", SHAPE_TEXT, ACT_NOW)                                                 \
	X(END, "end", SHAPE_NONE, ACT_NOW)                                                         \
	X(SEND, "send", SHAPE_TEXT, ACT_NOW)                                                       \
	X(WAIT, "wait", SHAPE_NUMBER, ACT_FLUSHED)                                                 \
	X(STALL, "stall", SHAPE_NONE, ACT_FLUSHED)                                                 \
	X(CLOSE, "close", SHAPE_NONE, ACT_FLUSHED)                                                 \
	X(RESET, "reset", SHAPE_NONE, ACT_FLUSHED)                                                 \
	X(HALF_CLOSE, "half-close", SHAPE_NONE, ACT_FLUSHED)                                       \
	X(READ, "read", SHAPE_WORD_TEXT, ACT_FLUSHED)                                              \
	X(BUILTIN, "builtin", SHAPE_NONE, ACT_NOW)                                                 \
	X(PIECE, "piece", SHAPE_NUMBER, ACT_NOW)                                                   \
	X(GAP, "gap", SHAPE_NUMBER, ACT_NOW)                                                       \
	X(DIE, "die", SHAPE_NUMBER_TEXT, ACT_NOW)                                                  \
	X(SAY, "say", SHAPE_TEXT, ACT_NOW)                                                         \
	X(TOOL, "tool", SHAPE_WORD_TEXT, ACT_NOW)                                                  \
	X(CALL, "call", SHAPE_WORD_TEXT, ACT_NOW)                                                  \
	X(CUSTOM, "custom", SHAPE_WORD_TEXT, ACT_NOW)                                              \
	X(USAGE, "usage", SHAPE_NUMBERS, ACT_NOW)                                                  \
	X(IDLE_CLOSE, "idle-close", SHAPE_NUMBER, ACT_NOW)

#define ACT_ENUM(kind, word, shape, turn) ACT_##kind,
enum act_kind { ACT_TABLE(ACT_ENUM) ACT_KINDS };
#undef ACT_ENUM

struct act {
	enum act_kind kind;
	int64_t number;
	struct str word;
	struct str text;
};

struct acts {
	struct act *ptr;
	size_t count;
	size_t room;
};

enum act_turn act_turn_of(enum act_kind);
void acts_add(struct acts *, struct act); /* texts are borrowed */
void acts_insert(struct acts *, size_t at, const struct acts *more);
void acts_release(struct acts *);

/* Bytes that a request's body must have, or must not. */
struct rule_need {
	struct rule_need *next;
	struct str text;
	bool is_there;
};

struct rule {
	struct list_node node;
	struct arena arena; /* holds all texts */
	struct str method;  /* glob */
	struct str target;  /* glob */
	struct str key;     /* empty: any request without a key of its own rule */
	struct rule_need *needs;
	int64_t times; /* still to be given; -1: always */
	int users;     /* requests that hold it */
	struct acts acts;
};

struct script {
	struct list rules; /* struct rule */
};

void script_init(struct script *);
void script_clear(struct script *, struct str key); /* empty: all rules */

/* Adds the rules of `text`, all under `key` unless that is empty. -1: out_problem says which line;
 * nothing added. */
int script_add(struct script *, struct str text, struct str key, struct buf *out_problem) MUST_USE;

/* The rule for this request, by order: one-time before standing, with its key before without. NULL:
 * none. While the request is not whole only rules that begin with `read` are considered. One-time
 * rules leave the script. */
struct rule *script_take(struct script *, const struct heard *);
void rule_put(struct rule **); /* ends the holding that script_take began */

/* KEY of the first "case:KEY" in the request's head or body; empty where there is none. */
struct str heard_key(const struct heard *);

#endif
