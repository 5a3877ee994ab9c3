/* Growing bytes with a maximum. A buf is born with the most it may ever hold; writing past that
 * changes nothing but the mark `over`, so a row of writes can be checked once at its end with
 * buf_is_over(). Owned by whoever embeds it. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/str.h"

struct buf {
	char *ptr;
	size_t len;
	size_t cap;
	size_t max;
	bool over; /* a write did not fit and was left out whole */
};

void buf_init(struct buf *, size_t max_bytes); /* takes no memory yet */
void buf_release(struct buf *);                /* back to the state after buf_init */
void buf_wipe(struct buf *);                   /* the same, for secrets */
void buf_clear(struct buf *);                  /* empties; keeps the memory; unsets `over` */
bool buf_is_over(const struct buf *);
struct str buf_str(const struct buf *); /* borrows until the next write */

/* Room for `bytes` more at the end, to be written in place and then counted with buf_grew. NULL:
 * over the maximum. buf_more is its slow half; buf_reserve is for room that is filled by and by. */
char *buf_reserve(struct buf *, size_t bytes) MUST_USE;
char *buf_more(struct buf *, size_t bytes) MUST_USE;
static inline char *buf_room(struct buf *b, size_t bytes)
{
	return b->ptr && bytes <= b->cap - b->len ? b->ptr + b->len : buf_more(b, bytes);
}
void buf_grew(struct buf *, size_t bytes);

static inline void buf_put(struct buf *b, struct str bytes)
{
	char *room = buf_room(b, bytes.len);

	if (room == NULL || bytes.len == 0)
		return;
	memcpy(room, bytes.ptr, bytes.len);
	b->len += bytes.len;
}

static inline void buf_put_byte(struct buf *b, char byte)
{
	char *room = buf_room(b, 1);

	if (room == NULL)
		return;
	*room = byte;
	b->len++;
}

void buf_put_i64(struct buf *, int64_t value);                /* decimal */
void buf_put_digits(struct buf *, uint64_t value, int width); /* decimal, zeros in front; <= 20 */
void buf_printf(struct buf *, const char *format, ...) PRINTF_LIKE(2, 3);

/* Drops the first `bytes`; the rest moves to the front. */
void buf_drop(struct buf *, size_t bytes);

#endif
