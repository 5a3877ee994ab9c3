/* JSON (RFC 8259) read by span: the document is validated whole and indexed on a flat tape of
 * nodes that point into the caller's bytes. Nothing is copied or decoded until asked for, so
 * unchanged parts can be passed on as they came.
 *
 * Refused, beside broken grammar: invalid UTF-8 (overlong forms, surrogates, beyond U+10FFFF),
 * escapes of unpaired surrogates, control characters in strings, a byte order mark, anything
 * behind the value, and the same key twice in one object, at any level, compared as decoded text
 * ("model" is "mod\u0065l"). Capped: nodes, depth, the bytes of a key (JSON_KEY_BYTES_MAX) and
 * of a number (JSON_NUMBER_BYTES_MAX).
 *
 * A document in one go:
 *
 *	struct json doc;
 *	struct json_error error;
 *
 *	json_init(&doc);
 *	if (json_read(&doc, body, &error) < 0)
 *		... error.reason, json_path(&doc, error.node, arena)
 *	model = json_get(&doc, json_root(&doc), STR("model"));
 *	json_release(&doc);
 *
 * or in slices that do not hold a loop: json_reader_init, json_reader_step until it is not
 * JSON_MORE.
 *
 * Ownership: struct json owns its tape and borrows the bytes, which must stay in place as long
 * as it is asked. It is reused by reading the next document into it, which keeps the tape's
 * memory. One thread at a time. */
#ifndef BASE_JSON_READ_H
#define BASE_JSON_READ_H

#include "base/arena.h"
#include "base/str.h"

#define JSON_NODES_MAX (1u << 20) /* values and keys in one document, by default */
#define JSON_DEPTH_MAX 128u       /* arrays and objects open at once, by default */
#define JSON_KEY_BYTES_MAX 65536u
#define JSON_NUMBER_BYTES_MAX 1024u

#define JSON_NONE UINT32_MAX /* the node that is not there; every function takes it as absent */

enum json_type {
	JSON_ABSENT, /* the type of JSON_NONE only */
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING, /* keys too */
	JSON_ARRAY,
	JSON_OBJECT,
};

enum json_mark {
	JSON_HAS_ESCAPES = 1, /* of a string: the text is not the raw bytes between the quotes */
	JSON_IS_KEY = 2,
	JSON_IS_HASHED = 4, /* of an object: its keys are in the doc's key table */
};

/* One value or key. A member of an object is its key's node and then its value's; a container's
 * children follow it. */
struct json_node {
	uint32_t start; /* of the value's bytes, with quotes or brackets */
	uint32_t end;
	uint32_t next; /* index of the node behind this one and all that is inside it */
	uint8_t type;  /* enum json_type */
	uint8_t marks; /* enum json_mark */
};

struct json_keys; /* the keys of large objects, hashed */

struct json {
	struct str bytes;
	struct json_node *nodes;
	uint32_t count;
	uint32_t room;
	uint32_t nodes_max; /* both may be changed between json_init and reading */
	uint32_t depth_max;
	/* The same key twice is let pass, and json_get gives the first: for documents that decide
	 * nothing, such as providers' answers. Changed like the two above. */
	bool allows_duplicates;
	uint64_t root_keys; /* a bit for each key of the root (base/json_keys.h) */
	struct json_keys *keys;
};

struct json_error {
	size_t
	    offset; /* of the offending byte; the length of the document when it ended too early */
	uint32_t
	    node; /* innermost value or key that had begun there, for json_path; JSON_NONE: none */
	char reason[96]; /* fit for a client: duplicate key "model" */
};

void json_init(struct json *); /* takes no memory yet */
void json_release(struct json *);

/* Reads one document of at most 4 GiB - 1. -1: refused; out_error says why, and the doc answers
 * json_path only. */
int json_read(struct json *, struct str bytes, struct json_error *out_error) MUST_USE;

enum json_step {
	JSON_MORE,   /* call json_reader_step again */
	JSON_DONE,   /* the doc may be asked */
	JSON_FAILED, /* see json_reader.error */
};

struct json_reader {
	struct json *doc;
	size_t at;
	uint32_t parent; /* innermost open container */
	uint32_t depth;
	uint8_t state;
	struct json_error error; /* filled when JSON_FAILED */
};

/* Slices: each step reads about budget_bytes (> 0; a token or key may go beyond) and comes back.
 * 128 KiB take well under a millisecond whatever they hold: values and keys are charged as more
 * than their bytes. The reader owns nothing: to give up early, release the doc. */
void json_reader_init(struct json_reader *, struct json *doc, struct str bytes);
enum json_step json_reader_step(struct json_reader *, size_t budget_bytes) MUST_USE;

/* Asking. A node of the wrong type is answered like an absent one: JSON_NONE, false, 0, -1,
 * empty text. */

uint32_t json_root(const struct json *);
enum json_type json_type(const struct json *, uint32_t node);
const char *json_type_name(enum json_type); /* "an object": for messages */

/* The value of that key. Flat cost in large objects too. */
uint32_t json_get(const struct json *, uint32_t object, struct str key);

/* The same for several keys in one walk: out[i] is the value of keys[i]. For small objects of which
 * much is asked. */
void json_get_each(const struct json *, uint32_t object, const struct str *keys, int count,
                   uint32_t *out);

/* Children in order. In an array they are the items; in an object the keys, and json_value gives
 * a key's value. */
uint32_t json_first(const struct json *, uint32_t container);
uint32_t json_next(const struct json *, uint32_t container, uint32_t child);
uint32_t json_value(uint32_t key);
#define JSON_EACH(doc, container, child)                                                           \
	for (uint32_t child = json_first((doc), (container)); child != JSON_NONE;                  \
	     child = json_next((doc), (container), child))

uint32_t json_count(const struct json *,
                    uint32_t container); /* items or members; counts them one by one */
uint32_t json_item(const struct json *, uint32_t array, uint32_t position); /* walks there */

/* The value's own bytes, with quotes or brackets; borrows from the document. */
struct str json_raw(const struct json *, uint32_t node);

/* The decoded text of a string or key: borrows from the document where it has no escapes, else
 * from the arena. It may hold NUL characters (from \u0000). */
struct str json_text(const struct json *, uint32_t node, struct arena *);
bool json_text_is(const struct json *, uint32_t node,
                  struct str text); /* a string of exactly this text */

/* The same of a string's inside that was kept without its document. */
struct str json_plain(struct str inside, struct arena *);

/* -1: not a number written as a plain integer (no fraction, no exponent), or outside
 * lowest..highest. */
int json_i64(const struct json *, uint32_t node, int64_t lowest, int64_t highest,
             int64_t *out_value) MUST_USE;
/* The nearest double. -1: not a number, or outside lowest..highest. Never for money. */
int json_f64(const struct json *, uint32_t node, double lowest, double highest,
             double *out_value) MUST_USE;
int json_bool(const struct json *, uint32_t node, bool *out_value) MUST_USE; /* -1: neither */
bool json_is_null(const struct json *, uint32_t node);

/* Where the node stands, for messages: messages[2].content, metadata["a b"]; the root is empty.
 * Arena. */
struct str json_path(const struct json *, uint32_t node, struct arena *);

struct json_place {
	size_t line;   /* from 1 */
	size_t column; /* from 1, in bytes */
};

struct json_place json_place(struct str bytes, size_t offset);

#endif
