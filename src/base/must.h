/* Assertions that stay in release builds, and the mark for results that may not be ignored.
 *
 * must(x) says what cannot happen; if it does, the program is wrong, and goes on would make it
 * worse: it prints file, line and the expression to standard error and aborts. Never use it on
 * anything a caller or provider can cause. */
#ifndef BASE_MUST_H
#define BASE_MUST_H

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

#define must(x) ((x) ? (void)0 : must_failed(#x, __FILE__, __LINE__))

_Noreturn void must_failed(const char *expression, const char *file, int line);

/* Allocation that cannot fail: out of memory aborts, since everything sized by a stranger was
 * capped before. mem_get gives zeroed memory; mem_resize keeps the old bytes and leaves the new
 * ones undefined; mem_put takes the memory and is fine with NULL. Only base/ calls malloc
 * itself. */
void *mem_get(size_t bytes) MUST_USE;
void *mem_resize(void *old, size_t bytes) MUST_USE;
void mem_put(void *memory);
void mem_wipe(void *memory); /* the same, and what was in it is gone: for secrets */

/* Pieces from here on have pages of their own (mallopt in main.c) that take the system a while to
 * get rid of. */
enum { MEM_LARGE_BYTES = 1024 * 1024 };
/* This thread's own taker of such pieces, for mem_put; NULL: mem_put sees to them itself. The taker
 * has mem_put_large called for each, on whatever thread. */
void mem_give_large(void (*give)(void *memory, size_t bytes));
void mem_put_large(void *memory);

#endif
