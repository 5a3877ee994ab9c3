/* Is a JSON value complete? Fed with the inside of a JSON string that holds it, escapes and all,
 * in any pieces that end between two escapes. It does not validate: of broken JSON it says
 * anything. Pure; a handful of bytes. */
#ifndef WIRE_WHOLE_H
#define WIRE_WHOLE_H

#include "base/str.h"

struct whole {
	int depth; /* open brackets */
	bool in_string;
	bool is_escaped; /* the next character of that string */
	bool has_begun;
};

void whole_feed(struct whole *, struct str raw);
/* An object or array was opened and all of it is closed. */
bool whole_is_over(const struct whole *);

#endif
