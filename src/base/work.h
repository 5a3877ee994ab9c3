/* How many bytes this thread went through: read, written, parsed, hashed, encrypted, taken as large
 * memory or given back. A turn of a loop that does too much shows here as on no clock: the same on
 * every machine, and whatever else that has to do.
 *
 * THREADS: each has its own count. */
#ifndef BASE_WORK_H
#define BASE_WORK_H

#include <stddef.h>

/* Memory below this is no work to speak of. */
enum { WORK_LARGE_BYTES = 64 * 1024 };

extern _Thread_local size_t work_bytes;

static inline void work_did(size_t bytes)
{
	work_bytes += bytes;
}

/* What was counted since the last time. */
static inline size_t work_take(void)
{
	size_t bytes = work_bytes;

	work_bytes = 0;
	return bytes;
}

#endif
