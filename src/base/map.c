/* Hash map by open addressing with linear probing.
 *
 *	entry   key  hash  value      free:      value NULL, key.ptr NULL
 *	                              once used: value NULL, key.ptr set; probing goes on
 *
 * At most 3/4 of the entries are live or once used; then the live ones move to a table with room
 * for twice as many. Removing leaves a mark instead of closing the gap, so that map_next may go
 * on.
 *
 * Called by config, accounts, the resolver, the pool. Must never be used with a hash that is not
 * keyed. */
#include "base/map.h"

#include "base/hash.h"

enum { MAP_FIRST_ROOM = 16 };

void map_init(struct map *map, struct arena *arena_of_keys)
{
	*map = (struct map){.arena = arena_of_keys};
}

void map_release(struct map *map)
{
	mem_put(map->entries);
	map_init(map, map->arena);
}

static bool is_free(const struct map_entry *entry)
{
	return entry->value == NULL && entry->key.ptr == NULL;
}

/* The live entry of that key, or NULL. */
static struct map_entry *find(const struct map *map, struct str key, uint64_t hash)
{
	if (map->room == 0)
		return NULL;
	for (size_t at = hash & (map->room - 1);; at = (at + 1) & (map->room - 1)) {
		struct map_entry *entry = &map->entries[at];

		if (is_free(entry))
			return NULL;
		if (entry->value && entry->hash == hash && str_eq(entry->key, key))
			return entry;
	}
}

/* An entry for a key that is not there: the first on its way that is not live. */
static struct map_entry *vacant(const struct map *map, uint64_t hash)
{
	size_t at = hash & (map->room - 1);

	while (map->entries[at].value)
		at = (at + 1) & (map->room - 1);
	return &map->entries[at];
}

static void rebuild(struct map *map)
{
	struct map bigger = {.arena = map->arena, .count = map->count, .used = map->count};

	bigger.room = MAP_FIRST_ROOM;
	while (bigger.room < map->count * 2 + 2)
		bigger.room *= 2;
	bigger.entries = mem_get(arena_array_bytes(bigger.room, sizeof *bigger.entries));
	for (size_t i = 0; i < map->room; i++)
		if (map->entries[i].value)
			*vacant(&bigger, map->entries[i].hash) = map->entries[i];
	mem_put(map->entries);
	*map = bigger;
}

/* A key to keep; never with a NULL ptr, which means free. */
static struct str keep_key(struct map *map, struct str key)
{
	if (map->arena)
		return arena_copy(map->arena, key);
	return key.ptr ? key : STR("");
}

void *map_put(struct map *map, struct str key, void *value)
{
	uint64_t hash = hash_keyed(key);
	struct map_entry *entry = find(map, key, hash);

	must(value != NULL);
	if (entry) {
		void *replaced = entry->value;

		entry->value = value;
		return replaced;
	}
	if ((map->used + 1) * 4 > map->room * 3)
		rebuild(map);
	entry = vacant(map, hash);
	map->used += is_free(entry);
	map->count++;
	*entry = (struct map_entry){keep_key(map, key), hash, value};
	return NULL;
}

void *map_get(const struct map *map, struct str key)
{
	const struct map_entry *entry = map->count ? find(map, key, hash_keyed(key)) : NULL;

	return entry ? entry->value : NULL;
}

void *map_remove(struct map *map, struct str key)
{
	struct map_entry *entry = map->count ? find(map, key, hash_keyed(key)) : NULL;
	void *removed;

	if (entry == NULL)
		return NULL;
	removed = entry->value;
	entry->value = NULL;
	entry->key = STR(""); /* the caller's text may die now */
	map->count--;
	return removed;
}

size_t map_count(const struct map *map)
{
	return map->count;
}

const struct map_entry *map_next(const struct map *map, size_t *at)
{
	while (*at < map->room) {
		const struct map_entry *entry = &map->entries[(*at)++];

		if (entry->value)
			return entry;
	}
	return NULL;
}
