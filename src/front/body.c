/* Gathering request bodies under one budget.
 *
 * Invariant: every byte of `cap` is reserved, and what is reserved is given back exactly once, in
 * body_release. Called by conn.c.
 *
 * THREADS: the budget is two atomics shared by all loops; a body belongs to its loop. A reservation
 * adds first and takes back when that was too much, so two loops that race for the last bytes may
 * both be refused, but never both be served. */
#include "front/body.h"

#include "front/listen.h"
#include "limits.h"

#include <stdatomic.h>

enum { SMALL_BODY = 2048, FIRST_BYTES = 4096 };

static atomic_size_t budget_max = LIMIT_BODY_MEMORY_BYTES;
static atomic_size_t budget_used;

void front_set_body_memory(size_t max_bytes)
{
	atomic_store(&budget_max, max_bytes);
}

size_t front_body_memory_used(void)
{
	return atomic_load(&budget_used);
}

static int reserve(struct body *b, size_t bytes)
{
	size_t used = atomic_fetch_add(&budget_used, bytes);

	if (bytes > SIZE_MAX - used || used + bytes > atomic_load(&budget_max)) {
		atomic_fetch_sub(&budget_used, bytes);
		return -1;
	}
	b->reserved += bytes;
	return 0;
}

int body_expect(struct body *b, struct arena *arena, size_t bytes)
{
	must(b->cap == 0);
	if (reserve(b, bytes) != 0)
		return -1;
	b->cap = bytes;
	if (bytes <= SMALL_BODY)
		b->ptr = arena_get(arena, bytes + BODY_SLACK);
	else
		b->ptr = b->heap = mem_resize(NULL, bytes + BODY_SLACK);
	return 0;
}

/* Twice as much as before when the budget allows, else just what is needed. */
static int grow(struct body *b, size_t needed, size_t max)
{
	size_t cap = b->cap ? b->cap * 2 : FIRST_BYTES;

	if (cap < needed)
		cap = needed;
	if (cap > max)
		cap = max;
	if (reserve(b, cap - b->cap) != 0) {
		cap = needed;
		if (reserve(b, cap - b->cap) != 0)
			return -1;
	}
	b->ptr = b->heap = mem_resize(b->heap, cap + BODY_SLACK);
	b->cap = cap;
	return 0;
}

int body_add(struct body *b, struct str bytes, size_t max)
{
	must(bytes.len <= max && b->len <= max - bytes.len);
	if (bytes.len > b->cap - b->len && grow(b, b->len + bytes.len, max) != 0)
		return -1;
	if (bytes.len)
		memcpy(b->ptr + b->len, bytes.ptr, bytes.len);
	b->len += bytes.len;
	return 0;
}

void body_release(struct body *b)
{
	if (b->reserved)
		atomic_fetch_sub(&budget_used, b->reserved);
	mem_put(b->heap);
	*b = (struct body){0};
}
