/* The reader's states, and its quick way through what documents are mostly made of. Private to
 * base/json_*. */
#ifndef BASE_JSON_RUN_H
#define BASE_JSON_RUN_H

#include "base/json_read.h"

enum json_state {
	STATE_VALUE,       /* a value is due: at the start, behind ':' or ',' */
	STATE_FIRST_ITEM,  /* behind '[': a value or ']' */
	STATE_FIRST_KEY,   /* behind '{': a key or '}' */
	STATE_KEY,         /* behind ',' in an object */
	STATE_KEY_TEXT,    /* inside a key */
	STATE_COLON,       /* behind a key */
	STATE_TEXT,        /* inside a string value */
	STATE_AFTER_VALUE, /* ',' or the container's end */
	STATE_END,         /* nothing but blanks */
	STATE_FAILED,
};

enum { JSON_CHARGE_NODE = 24 }; /* bytes of budget: a node takes as long as so many plain bytes */

/* Reads tokens in a row, as long as they are common and right and the budget lasts. It stops in
 * front of everything else, in a state from which the reader can judge it. Not inside a string.
 * Gives what was spent beside the bytes. */
size_t json_run(struct json_reader *, size_t budget_bytes);

#endif
