/* Changing a document without rewriting it: a few cuts and insertions in the caller's own bytes,
 * given out as the pieces to send. All other bytes stay what they were. Pure. */
#ifndef WIRE_EDIT_H
#define WIRE_EDIT_H

#include "base/json_read.h"

enum { WIRE_EDITS_MAX = 14, WIRE_PIECES_MAX = 2 * WIRE_EDITS_MAX + 1 };

struct wire_edit {
	size_t at;      /* offset in the document */
	size_t cut;     /* bytes left out there */
	struct str put; /* bytes put in their place; borrowed */
};

struct wire_edits {
	struct wire_edit list[WIRE_EDITS_MAX]; /* by ascending offset, never overlapping */
	int count;
};

void wire_edit_add(struct wire_edits *, struct wire_edit);
void wire_edit_replace(struct wire_edits *, const struct json *, uint32_t node, struct str value);
/* Adds `"key":value` as the object's last member; key and value are JSON already. */
void wire_edit_add_member(struct wire_edits *, const struct json *, uint32_t object,
                          struct str key_and_value, struct arena *);

/* At most WIRE_PIECES_MAX pieces; gives their number, and their bytes together in *out_bytes. */
int wire_edit_pieces(const struct wire_edits *, struct str document, struct str *out_pieces,
                     size_t *out_bytes);

#endif
