/* Random bytes from the kernel, and identifiers made of them. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *out,
                  size_t bytes); /* fit for secrets; cannot fail once the machine is up */

#define UUID_BYTES 16
#define UUID_TEXT_BYTES 36

enum { UUID_STOCK_BYTES = 512 };

/* Makes UUIDs of version 7 (RFC 9562 5.7), each greater than the one before, also within one
 * millisecond and when the clock steps back. Zero at first; one per thread or loop. A child that a
 * fork made starts a maker of its own: a copy would draw the same bytes. */
struct uuid7_maker {
	int64_t last_ms;
	uint32_t counter;
	uint32_t stock_left; /* at the end of `stock`: random bytes that nobody had yet */
	uint8_t stock[UUID_STOCK_BYTES];
};

void uuid7_make(struct uuid7_maker *, int64_t wall_ms, uint8_t out_uuid[UUID_BYTES]);

/* 8-4-4-4-12 hexadecimal digits, lower case, no NUL. */
void uuid_text(const uint8_t uuid[UUID_BYTES], char out_text[UUID_TEXT_BYTES]);

#endif
