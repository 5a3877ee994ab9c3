/* The keys of objects: is there one twice, and where is it. Private to base/json_*. */
#ifndef BASE_JSON_KEYS_H
#define BASE_JSON_KEYS_H

#include "base/json_read.h"

/* The key `key` of `object` was just read and stands last on the tape. Gives true when the
 * object had it already. */
bool json_keys_add(struct json *, uint32_t object, uint32_t key);

/* The key's node, or JSON_NONE. */
uint32_t json_keys_find(const struct json *, uint32_t object, struct str text);

/* Forgets all keys. */
void json_keys_free(struct json_keys **);

/* The raw text of a string between its quotes. */
static inline struct str json_inside(const struct json *doc, uint32_t node)
{
	const struct json_node *n = &doc->nodes[node];

	return (struct str){doc->bytes.ptr + n->start + 1, n->end - n->start - 2};
}

#endif
