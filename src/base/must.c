/* Aborting with a place, and memory that is always there.
 *
 * The message goes out with one write, without stdio, so that a broken heap cannot stop it.
 * Called from everywhere; must never return. */
#include "base/must.h"

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

void *mem_get(size_t bytes)
{
	void *memory = calloc(1, bytes ? bytes : 1);

	must(memory != NULL);
	return memory;
}

void *mem_resize(void *old, size_t bytes)
{
	void *memory = realloc(old, bytes ? bytes : 1);

	must(memory != NULL);
	return memory;
}

void mem_put(void *memory)
{
	free(memory);
}
