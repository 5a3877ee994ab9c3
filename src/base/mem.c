/* Memory that is always there, and of each thread the pieces that it gave back last.
 *
 *	mem_put ──> stash: a list for every 16 bytes of size ──> mem_get, mem_resize of nothing
 *	              \── is full, or the piece is large ──> free
 *
 * A request takes and gives back half a dozen pieces of one to six kilobytes, and all requests of
 * a turn of the loop do so at once. The C library has seven of a size at hand, and none above a
 * kilobyte: the rest are merged with their neighbours and cut again each time, which took 3 % of
 * the time of a small request.
 *
 * A large piece has pages of its own, and giving one back takes the system near a microsecond for
 * each of them: a loop has that done elsewhere (mem_give_large).
 *
 * Not with sanitizers, which are to see each piece come and go.
 *
 * THREADS: a stash belongs to its thread and is freed when that ends; pieces may be given back by
 * other threads than took them. */
#include "base/must.h"

#include "base/work.h"

#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KEEPS_NOTHING 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KEEPS_NOTHING 1
#endif
#endif
#ifndef KEEPS_NOTHING
#define KEEPS_NOTHING 0
#endif

enum {
	GRAIN = 16,
	KEPT_BYTES = 6144 + 64, /* the largest that is kept */
	SIZES = KEPT_BYTES / GRAIN + 1,
	PIECES_MAX = 32, /* of a size */
	STASH_BYTES_MAX = 256 * 1024,
	SMALL_BYTES = 1024, /* calloc takes longer for these than clearing them */
};

struct piece {
	struct piece *next;
};

struct stash {
	struct piece *first[SIZES];
	uint8_t count[SIZES];
	size_t bytes;
	bool is_known; /* to the key that frees it */
};

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static _Thread_local struct stash stash;
static _Thread_local void (*give_large)(void *memory, size_t bytes);

_Thread_local size_t work_bytes;

static void empty_stash(void *of_thread)
{
	struct stash *s = of_thread;

	for (size_t size = 0; size < SIZES; size++)
		while (s->first[size]) {
			struct piece *p = s->first[size];

			s->first[size] = p->next;
			free(p);
		}
	*s = (struct stash){0};
}

static void make_key(void)
{
	must(pthread_key_create(&key, empty_stash) == 0);
}

static void make_known(struct stash *s)
{
	must(pthread_once(&key_once, make_key) == 0);
	must(pthread_setspecific(key, s) == 0);
	s->is_known = true;
}

/* NULL: there is none of that size. */
static inline void *take_kept(size_t bytes)
{
	struct stash *s = &stash;
	size_t size = bytes / GRAIN;
	struct piece *p;

	if (bytes > KEPT_BYTES || (p = s->first[size]) == NULL)
		return NULL;
	s->first[size] = p->next;
	s->count[size]--;
	s->bytes -= bytes;
	return p;
}

/* Sizes are rounded up, so that what comes back is of the size that is asked for again. */
static inline size_t whole(size_t bytes)
{
	return bytes ? (bytes + GRAIN - 1) & ~(size_t)(GRAIN - 1) : GRAIN;
}

void *mem_get(size_t bytes)
{
	size_t room = bytes <= KEPT_BYTES ? whole(bytes) : bytes;
	void *memory = take_kept(room);
	bool is_zero = memory == NULL && bytes > SMALL_BYTES;

	if (memory == NULL)
		memory = is_zero ? calloc(1, room) : malloc(room);
	must(memory != NULL);
	if (!is_zero)
		memset(memory, 0, bytes);
	return memory;
}

void *mem_resize(void *old, size_t bytes)
{
	size_t room = bytes <= KEPT_BYTES ? whole(bytes) : bytes;
	void *memory = old ? realloc(old, room) : take_kept(room);

	if (old == NULL && memory == NULL)
		memory = malloc(room);
	must(memory != NULL);
	return memory;
}

void mem_give_large(void (*give)(void *memory, size_t bytes))
{
	give_large = KEEPS_NOTHING ? NULL : give;
}

/* In steps, for other threads need the process's map meanwhile. */
static void empty(void *memory)
{
	enum { STEP_BYTES = 256 * 1024 };
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)memory + page - 1) & ~(page - 1);
	uintptr_t end = ((uintptr_t)memory + malloc_usable_size(memory)) & ~(page - 1);

	for (; from < end; from += STEP_BYTES)
		(void)!madvise((void *)from, end - from < STEP_BYTES ? end - from : STEP_BYTES,
		               MADV_DONTNEED);
}

void mem_put_large(void *memory)
{
	empty(memory);
	free(memory);
}

static void put_unkept(void *memory, size_t bytes)
{
	if (bytes >= MEM_LARGE_BYTES && give_large) {
		give_large(memory, bytes);
		return;
	}
	if (bytes >= WORK_LARGE_BYTES)
		work_did(bytes);
	free(memory);
}

void mem_wipe(void *memory)
{
	if (memory)
		explicit_bzero(memory, malloc_usable_size(memory));
	mem_put(memory);
}

void mem_put(void *memory)
{
	struct stash *s = &stash;
	struct piece *p = memory;
	size_t size;

	if (memory == NULL)
		return;
	size = malloc_usable_size(memory) / GRAIN;
	if (KEEPS_NOTHING || size >= SIZES || s->count[size] == PIECES_MAX ||
	    s->bytes + size * GRAIN > STASH_BYTES_MAX) {
		put_unkept(memory, size * GRAIN);
		return;
	}
	if (!s->is_known)
		make_known(s);
	p->next = s->first[size];
	s->first[size] = p;
	s->count[size]++;
	s->bytes += size * GRAIN;
}
