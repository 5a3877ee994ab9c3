/* Aborting with a place, and memory that is always there.
 *
 * The message goes out with one write, without stdio, so that a broken heap cannot stop it.
 * Called from everywhere; must never return. */
#include "base/must.h"

enum { SMALL_BYTES = 1024 };

_Noreturn void must_failed(const char *expression, const char *file, int line)
{
	char text[512];
	int len = snprintf(text, sizeof text, "fluxrouter: bug: %s:%d: must(%s)\n", file, line,
	                   expression);

	if (len > 0 &&
	    write(2, text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1) < 0)
		abort();
	abort();
}

/* The C library keeps small pieces at hand for malloc, for calloc not; large ones calloc gets
 * from the kernel, which has zeroed them. */
void *mem_get(size_t bytes)
{
	void *memory = bytes <= SMALL_BYTES ? malloc(bytes ? bytes : 1) : calloc(1, bytes);

	must(memory != NULL);
	return bytes <= SMALL_BYTES ? memset(memory, 0, bytes) : memory;
}

void *mem_resize(void *old, size_t bytes)
{
	void *memory = old ? realloc(old, bytes ? bytes : 1) : malloc(bytes ? bytes : 1);

	must(memory != NULL);
	return memory;
}

void mem_put(void *memory)
{
	free(memory);
}
