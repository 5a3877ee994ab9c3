/* Random bytes and UUIDs of version 7.
 *
 *	 0                   1                   2                   3
 *	|          unix time in milliseconds, 48 bits, big-endian ...
 *	| ... low 16 bits               | 0111  | counter, 12 bits      |
 *	|10| random, 62 bits ...
 *
 * The counter starts low in every millisecond and goes up by one (RFC 9562 6.2, method 1); when
 * it overflows, or the clock steps back, the maker's time runs ahead of the clock. So one
 * maker's UUIDs only ever grow; many makers differ by the random part.
 *
 * Called by whoever needs ids or secrets. Must never fall back to anything but the kernel. */
#include "base/random.h"

#include "base/must.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

void random_bytes(void *out, size_t bytes)
{
	char *at = out;

	while (bytes > 0) {
		ssize_t got = getrandom(at, bytes, 0);

		if (got < 0) {
			must(errno == EINTR);
			continue;
		}
		at += got;
		bytes -= (size_t)got;
	}
}

enum { COUNTER_MAX = 0xfff, COUNTER_START_MASK = 0x7f };

static void maker_advance(struct uuid7_maker *maker, int64_t wall_ms, uint8_t random_start)
{
	if (wall_ms > maker->last_ms) {
		maker->last_ms = wall_ms;
		maker->counter = random_start & COUNTER_START_MASK;
	} else if (maker->counter < COUNTER_MAX) {
		maker->counter++;
	} else {
		maker->last_ms++;
		maker->counter = random_start & COUNTER_START_MASK;
	}
}

/* One call of the kernel for 56 UUIDs. */
static void draw(struct uuid7_maker *maker, uint8_t *out, uint32_t bytes)
{
	uint8_t *from;

	if (maker->stock_left < bytes) {
		random_bytes(maker->stock, sizeof maker->stock);
		maker->stock_left = sizeof maker->stock;
	}
	from = maker->stock + sizeof maker->stock - maker->stock_left;
	memcpy(out, from, bytes);
	maker->stock_left -= bytes;
}

void uuid7_make(struct uuid7_maker *maker, int64_t wall_ms, uint8_t out_uuid[UUID_BYTES])
{
	uint8_t drawn[9]; /* the counter's start, and all behind the counter */

	draw(maker, drawn, sizeof drawn);
	maker_advance(maker, wall_ms, drawn[0]);
	for (int i = 0; i < 6; i++)
		out_uuid[i] = (uint8_t)(maker->last_ms >> (40 - 8 * i));
	out_uuid[6] = (uint8_t)(0x70 | maker->counter >> 8);
	out_uuid[7] = (uint8_t)maker->counter;
	memcpy(out_uuid + 8, drawn + 1, 8);
	out_uuid[8] = (uint8_t)(0x80 | (out_uuid[8] & 0x3f));
}

void uuid_text(const uint8_t uuid[UUID_BYTES], char out_text[UUID_TEXT_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	char *at = out_text;

	for (int i = 0; i < UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = digits[uuid[i] >> 4];
		*at++ = digits[uuid[i] & 15];
	}
}
