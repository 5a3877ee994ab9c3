/* Arena: a chain of blocks, newest first; a piece comes from the newest block or from a new one.
 *
 * Invariant: free_from..free_from+free_bytes is the untouched end of the newest block. A large
 * piece that does not fit gets a block of its own, behind the newest, whose room stays in use. The
 * first block is larger than the others: most requests fit into it and two more. Must never hand
 * out memory twice between two resets. */
#include "base/arena.h"

#include "base/buf.h"
#include "base/work.h"

#include <stdarg.h>

/* The first block holds what a small request is and keeps: 6.5 KiB, of which its struct has 3.2
 * and its body 1. */
enum { ARENA_BLOCK_BYTES = 6656 - 16, ARENA_MORE_BYTES = 1024 - 16, ARENA_ALIGN = 16 };

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_SEPARATE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_SEPARATE 1
#endif
#endif
#ifndef ARENA_SEPARATE
#define ARENA_SEPARATE 0
#endif

struct arena_block {
	struct arena_block *older;
	size_t bytes;
	_Alignas(ARENA_ALIGN) char memory[];
};

void arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

static void free_blocks(struct arena_block *block)
{
	while (block) {
		struct arena_block *older = block->older;

		mem_put(block);
		block = older;
	}
}

void arena_release(struct arena *a)
{
	free_blocks(a->newest);
	arena_init(a);
}

void arena_wipe(struct arena *a)
{
	for (struct arena_block *block = a->newest; block; block = block->older)
		explicit_bzero(block->memory, block->bytes);
	arena_release(a);
}

/* Takes a block of the first's size out of the chain; NULL: there is none. */
static struct arena_block *take_first(struct arena *a)
{
	struct arena_block **place = &a->newest, *first;

	while (*place && (ARENA_SEPARATE || (*place)->bytes != ARENA_BLOCK_BYTES))
		place = &(*place)->older;
	first = *place;
	if (first)
		*place = first->older;
	return first;
}

void arena_reset(struct arena *a)
{
	struct arena_block *kept = take_first(a);

	arena_release(a);
	if (kept == NULL)
		return;
	kept->older = NULL;
	a->newest = kept;
	a->free_from = kept->memory;
	a->free_bytes = kept->bytes;
}

static struct arena_block *new_block(size_t bytes, struct arena_block *older)
{
	struct arena_block *block = mem_resize(NULL, sizeof *block + bytes);

	block->older = older;
	block->bytes = bytes;
	return block;
}

static char *take_apart(struct arena *a, size_t bytes)
{
	if (bytes >= WORK_LARGE_BYTES) /* that its taker clears or fills */
		work_did(bytes);
	a->newest->older = new_block(bytes, a->newest->older);
	a->used_bytes += bytes;
	return a->newest->older->memory;
}

static void add_block(struct arena *a, size_t bytes)
{
	struct arena_block *block = new_block(bytes, a->newest);

	a->newest = block;
	a->free_from = block->memory;
	a->free_bytes = bytes;
}

/* From the newest block, whose free end begins `pad` bytes before. */
static char *take_here(struct arena *a, size_t bytes, size_t pad)
{
	char *piece = a->free_from + pad;

	a->free_from = piece + bytes;
	a->free_bytes -= pad + bytes;
	a->used_bytes += pad + bytes;
	return piece;
}

/* The newest block has no room for it, or there is none. Blocks begin aligned. */
static char *take_more(struct arena *a, size_t bytes)
{
	size_t usual = a->newest ? ARENA_MORE_BYTES : ARENA_BLOCK_BYTES;

	must(bytes <= SIZE_MAX / 2);
	if (ARENA_SEPARATE)
		usual = bytes;
	else if (a->newest && bytes > ARENA_MORE_BYTES / 2)
		return take_apart(a, bytes);
	add_block(a, bytes > usual ? bytes : usual);
	return take_here(a, bytes, 0);
}

/* `align` is 1 or ARENA_ALIGN. The memory is not cleared here. */
static char *take(struct arena *a, size_t bytes, size_t align)
{
	size_t pad = (size_t)(-(uintptr_t)a->free_from & (align - 1));

	if (ARENA_SEPARATE || pad > a->free_bytes || bytes > a->free_bytes - pad || !a->newest)
		return take_more(a, bytes);
	return take_here(a, bytes, pad);
}

void *arena_get(struct arena *a, size_t bytes)
{
	return memset(take(a, bytes, ARENA_ALIGN), 0, bytes);
}

size_t arena_array_bytes(size_t count, size_t each)
{
	size_t bytes;

	must(!__builtin_mul_overflow(count, each, &bytes));
	return bytes;
}

struct str arena_copy(struct arena *a, struct str text)
{
	char *piece = take(a, text.len + 1, 1);

	if (text.len)
		memcpy(piece, text.ptr, text.len);
	piece[text.len] = '\0';
	return (struct str){piece, text.len};
}

struct str arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;
	int len;
	char *piece;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	must(len >= 0);
	piece = take(a, (size_t)len + 1, 1);
	va_start(args, format);
	vsnprintf(piece, (size_t)len + 1, format, args);
	va_end(args);
	return (struct str){piece, (size_t)len};
}

struct str arena_join(struct arena *a, const struct str *parts, int count)
{
	size_t bytes = 0;
	char *piece, *at;

	for (int i = 0; i < count; i++)
		bytes += parts[i].len;
	at = piece = take(a, bytes + 1, 1);
	for (int i = 0; i < count; i++) {
		if (parts[i].len)
			memcpy(at, parts[i].ptr, parts[i].len);
		at += parts[i].len;
	}
	*at = '\0';
	return (struct str){piece, bytes};
}

struct str arena_i64(struct arena *a, int64_t value)
{
	char room[24];
	struct buf digits = {.ptr = room, .cap = sizeof room, .max = sizeof room};

	buf_put_i64(&digits, value);
	return arena_copy(a, buf_str(&digits));
}
