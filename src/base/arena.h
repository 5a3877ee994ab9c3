/* Memory that dies whole: pieces are taken one by one and released all at once. One arena has
 * one owner (a request, a loop turn, a snapshot). In sanitizer builds every piece is a malloc of
 * its own, so that overruns are seen. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *newest;
	char *free_from;
	size_t free_bytes;
	size_t used_bytes; /* all pieces handed out since the last reset */
};

void arena_init(struct arena *);    /* takes no memory yet */
void arena_release(struct arena *); /* every piece dies; usable again */
void arena_wipe(struct arena *);    /* the same, of secrets: their bytes are overwritten first */
void arena_reset(struct arena *);   /* same, but keeps one block for the next round */

/* Zeroed, aligned to 16 bytes. Cannot fail. */
void *arena_get(struct arena *, size_t bytes) MUST_USE;
#define ARENA_NEW(arena, type) ((type *)arena_get((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count)                                                            \
	((type *)arena_get((arena), arena_array_bytes((count), sizeof(type))))
size_t arena_array_bytes(size_t count, size_t each); /* aborts on overflow */

/* Unaligned copy of text; the copy is followed by a NUL that is not counted. */
struct str arena_copy(struct arena *, struct str) MUST_USE;
struct str arena_printf(struct arena *, const char *format, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* The parts one behind the other: what a request's path uses where arena_printf would cost more
 * than the work around it. */
struct str arena_join(struct arena *, const struct str *parts, int count) MUST_USE;
#define ARENA_JOIN(arena, ...)                                                                     \
	arena_join((arena), (const struct str[]){__VA_ARGS__},                                     \
	           sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str))
struct str arena_i64(struct arena *, int64_t value) MUST_USE; /* decimal */

#endif
