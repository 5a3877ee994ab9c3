/* Gathering request bodies under one budget.
 *
 * Invariant: every byte of `len` is reserved, and what is reserved is given back exactly once, in
 * body_release. What was only announced is not: whoever announces much and sends little would keep
 * others out. (The room for it is taken at once; pages that nobody writes to cost nothing.) Called
 * by conn_read.c and h2*.c.
 *
 * THREADS: the budget is two atomics shared by all loops; a body belongs to its loop. A reservation
 * adds first and takes back when that was too much, so two loops that race for the last bytes may
 * both be refused, but never both be served. */
#include "front/body.h"

#include "front/listen.h"
#include "limits.h"

#include <stdatomic.h>

enum { SMALL_BODY = 2048, FIRST_BYTES = 4096, RESERVE_BYTES = 64 * 1024 };

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

/* For `len` bytes, and some that will come next. */
static int reserve_for(struct body *b, size_t len)
{
	size_t wanted = len + RESERVE_BYTES < b->cap ? len + RESERVE_BYTES : b->cap;

	if (len <= b->reserved)
		return 0;
	return reserve(b, wanted - b->reserved) == 0 ? 0 : reserve(b, len - b->reserved);
}

int body_expect(struct body *b, struct arena *arena, size_t bytes)
{
	must(b->cap == 0);
	if (bytes > atomic_load(&budget_max) ||
	    atomic_load(&budget_used) > atomic_load(&budget_max) - bytes)
		return -1;
	b->cap = bytes;
	if (bytes <= SMALL_BODY)
		b->ptr = arena_get(arena, bytes + BODY_SLACK);
	else
		b->ptr = b->heap = mem_resize(NULL, bytes + BODY_SLACK);
	return 0;
}

static void grow(struct body *b, size_t needed, size_t max)
{
	size_t cap = b->cap ? b->cap * 2 : FIRST_BYTES;

	if (cap < needed)
		cap = needed;
	if (cap > max)
		cap = max;
	b->ptr = b->heap = mem_resize(b->heap, cap + BODY_SLACK);
	b->cap = cap;
}

int body_add(struct body *b, struct str bytes, size_t max)
{
	must(bytes.len <= max && b->len <= max - bytes.len);
	if (bytes.len > b->cap - b->len)
		grow(b, b->len + bytes.len, max);
	if (bytes.len)
		memcpy(b->ptr + b->len, bytes.ptr, bytes.len);
	return body_grew(b, bytes.len);
}

int body_grew(struct body *b, size_t bytes)
{
	must(bytes <= b->cap - b->len);
	if (reserve_for(b, b->len + bytes) != 0)
		return -1;
	b->len += bytes;
	return 0;
}

void body_release(struct body *b)
{
	if (b->reserved)
		atomic_fetch_sub(&budget_used, b->reserved);
	mem_put(b->heap);
	*b = (struct body){0};
}
