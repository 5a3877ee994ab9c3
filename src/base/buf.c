/* Growing bytes: doubles from 256 up to the maximum. Invariant: len <= cap <= max. Called from
 * everywhere; must never hold more than its maximum. */
#include "base/buf.h"

#include "base/work.h"

#include <stdarg.h>

enum { BUF_FIRST_BYTES = 256 };

void buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){.max = max_bytes};
}

void buf_release(struct buf *b)
{
	mem_put(b->ptr);
	buf_init(b, b->max);
}

void buf_wipe(struct buf *b)
{
	mem_wipe(b->ptr);
	buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->over = false;
}

bool buf_is_over(const struct buf *b)
{
	return b->over;
}

struct str buf_str(const struct buf *b)
{
	return (struct str){b->ptr, b->len};
}

char *buf_reserve(struct buf *b, size_t bytes)
{
	size_t cap = b->cap ? b->cap : BUF_FIRST_BYTES;

	if (bytes > b->max - b->len) {
		b->over = true;
		return NULL;
	}
	while (cap - b->len < bytes)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	if (cap > b->max)
		cap = b->max;
	if (cap != b->cap) {
		b->ptr = mem_resize(b->ptr, cap);
		b->cap = cap;
	}
	return b->ptr + b->len;
}

char *buf_more(struct buf *b, size_t bytes)
{
	if (bytes >= WORK_LARGE_BYTES)
		work_did(bytes);
	return buf_reserve(b, bytes);
}

void buf_grew(struct buf *b, size_t bytes)
{
	must(bytes <= b->cap - b->len);
	b->len += bytes;
}

void buf_put_i64(struct buf *b, int64_t value)
{
	char digits[24];
	size_t at = sizeof digits;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do
		digits[--at] = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		digits[--at] = '-';
	buf_put(b, (struct str){digits + at, sizeof digits - at});
}

void buf_put_digits(struct buf *b, uint64_t value, int width)
{
	char digits[24];
	size_t at = sizeof digits;

	must(width >= 0 && width <= 20);
	for (; value || width > 0; value /= 10, width--)
		digits[--at] = (char)('0' + value % 10);
	buf_put(b, (struct str){digits + at, sizeof digits - at});
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	int len;
	char *room;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	must(len >= 0);
	room = buf_room(b, (size_t)len + 1);
	if (room == NULL)
		return;
	va_start(args, format);
	vsnprintf(room, (size_t)len + 1, format, args);
	va_end(args);
	b->len += (size_t)len;
}

void buf_drop(struct buf *b, size_t bytes)
{
	must(bytes <= b->len);
	if (bytes && bytes < b->len)
		memmove(b->ptr, b->ptr + bytes, b->len - bytes);
	b->len -= bytes;
}
