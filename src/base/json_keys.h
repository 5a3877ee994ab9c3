/* The keys of objects: is there one twice, and where is it. Private to base/json_*. */
#ifndef BASE_JSON_KEYS_H
#define BASE_JSON_KEYS_H

#include "base/json_read.h"
#include "base/json_scan.h"

/* The key `key` of `object` was just read and stands last on the tape. Gives true when the
 * object had it already. */
bool json_keys_add(struct json *, uint32_t object, uint32_t key);

/* The key's node, or JSON_NONE. */
uint32_t json_keys_find(const struct json *, uint32_t object, struct str text);

/* Forgets all keys. */
void json_keys_free(struct json_keys **);

/* One of 64 bits, by length and first byte: of the names that the root is asked for most are not
 * there, and this tells it of nine in ten. */
static inline uint64_t json_key_bit(struct str key)
{
	unsigned char first = key.len ? (unsigned char)key.ptr[0] : 0;

	return UINT64_C(1) << ((key.len * 5 + first) & 63);
}

/* The raw text of a string between its quotes. */
static inline struct str json_inside(const struct json *doc, uint32_t node)
{
	const struct json_node *n = &doc->nodes[node];

	return (struct str){doc->bytes.ptr + n->start + 1, n->end - n->start - 2};
}

/* Plain text against a key of the tape. Most keys differ in length from what is looked for, and
 * most others in their first byte. */
static inline bool json_key_is(const struct json *doc, uint32_t key, struct str text)
{
	const struct json_node *n = &doc->nodes[key];
	struct str inside = json_inside(doc, key);

	if (n->marks & JSON_HAS_ESCAPES)
		return inside.len > text.len && json_scan_is(inside, text);
	return inside.len == text.len &&
	       (text.len == 0 ||
	        (inside.ptr[0] == text.ptr[0] && memcmp(inside.ptr, text.ptr, text.len) == 0));
}

#endif
