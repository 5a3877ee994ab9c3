/* Bytes that end right before a page nobody may touch: whoever reads past them crashes. One page
 * of bytes ahead of them is forbidden too. Freed with guard_free. */
#ifndef TESTS_UNIT_GUARD_H
#define TESTS_UNIT_GUARD_H

#include "base/str.h"

#include <sys/mman.h>

struct guard {
	struct str bytes; /* a copy */
	char *pages;
	size_t pages_bytes;
};

__attribute__((unused)) static struct guard guard_copy(struct str bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (bytes.len + page) / page * page;
	struct guard guard = {.pages_bytes = room + 2 * page};
	char *at;

	guard.pages = mmap(NULL, guard.pages_bytes, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(guard.pages != MAP_FAILED);
	at = guard.pages + page + room - bytes.len;
	if (bytes.len)
		memcpy(at, bytes.ptr, bytes.len);
	must(mprotect(guard.pages, page, PROT_NONE) == 0);
	must(mprotect(guard.pages + page + room, page, PROT_NONE) == 0);
	guard.bytes = (struct str){at, bytes.len};
	return guard;
}

__attribute__((unused)) static void guard_free(struct guard *guard)
{
	must(munmap(guard->pages, guard->pages_bytes) == 0);
}

#endif
