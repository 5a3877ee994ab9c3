/* Hash map from text to pointers, by open addressing. Hashed with the process's random key, so
 * that strangers may choose the keys. Cost per call stays flat as it grows; growing moves all
 * entries at once (100k: about a millisecond or two). Values are never NULL and never owned. One
 * thread at a time. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/arena.h"

struct map_entry {
	struct str key;
	uint64_t hash;
	void *value; /* NULL: free, or once used */
};

struct map {
	struct map_entry *entries;
	size_t room;  /* a power of two, or 0 */
	size_t count; /* live */
	size_t used;  /* live and once used */
	struct arena *arena;
};

/* With an arena keys are copied into it (and stay there when removed); without, they are
 * borrowed and must outlive the map. Takes no memory yet. */
void map_init(struct map *, struct arena *arena_of_keys);
void map_release(struct map *);

void *map_put(struct map *, struct str key, void *value); /* gives what it replaced, or NULL */
void *map_get(const struct map *, struct str key);        /* NULL: not there */
void *map_remove(struct map *, struct str key);           /* gives what was there, or NULL */
size_t map_count(const struct map *);

/* Every entry once, in no order: start with *at 0, go on until NULL. The current one may be
 * removed on the way; putting may not go on meanwhile. */
const struct map_entry *map_next(const struct map *, size_t *at);

#endif
