/* The out queue of a connection.
 *
 *	bytes    | HTTP/1.1 200 OK ... | ______1f CRLF | event ... | CRLF |
 *	pieces   [ copied 0..212       ] [ copied 218.. ] [ borrowed ] [ copied ]
 *
 * Copied bytes that follow each other are one piece. A chunk begins with room for the longest size
 * line; once its size is known the digits are put at the room's end and its piece begins with them.
 *
 * Invariant: total = the sum of the pieces. Offsets, not pointers, lead into the bytes, so that the
 * buffer may move while it grows and the whole struct may be moved away to wait for the kernel.
 * Called by conn.c, stream.c and answer.c. Must never look into borrowed bytes. */
#include "front/out.h"

enum { CHUNK_DIGITS = 8, CHUNK_LINE = CHUNK_DIGITS + 2 };

void out_init(struct out *o)
{
	*o = (struct out){.chunk = -1, .room = OUT_FEW_PIECES};
	buf_init(&o->bytes, OUT_MAX_BYTES);
}

void out_release(struct out *o)
{
	buf_release(&o->bytes);
	mem_put(o->many);
	out_init(o);
}

void out_clear(struct out *o)
{
	if (o->bytes.cap > OUT_KEEP_BYTES || o->many) {
		out_release(o);
		return;
	}
	buf_clear(&o->bytes);
	o->count = o->first = 0;
	o->chunk = -1;
	o->total = 0;
}

static struct out_piece *piece(struct out *o, int index)
{
	return o->many ? &o->many[index] : &o->few[index];
}

static struct out_piece *add_piece(struct out *o)
{
	if (o->count == o->room) {
		bool had_few = o->many == NULL;

		o->room *= 2;
		o->many = mem_resize(o->many, (size_t)o->room * sizeof *o->many);
		if (had_few)
			memcpy(o->many, o->few, sizeof o->few);
	}
	return piece(o, o->count++);
}

char *out_room(struct out *o, size_t bytes)
{
	return buf_room(&o->bytes, bytes);
}

void out_wrote(struct out *o, size_t bytes)
{
	struct out_piece *last = o->count ? piece(o, o->count - 1) : NULL;

	if (last == NULL || last->borrowed) {
		last = add_piece(o);
		*last = (struct out_piece){.from = o->bytes.len};
	}
	last->len += bytes;
	o->total += bytes;
	buf_grew(&o->bytes, bytes);
}

void out_copy(struct out *o, struct str bytes)
{
	char *room = out_room(o, bytes.len);

	if (room == NULL || bytes.len == 0)
		return;
	memcpy(room, bytes.ptr, bytes.len);
	out_wrote(o, bytes.len);
}

void out_borrow(struct out *o, struct str bytes)
{
	if (bytes.len < OUT_COPY_BYTES) {
		out_copy(o, bytes);
		return;
	}
	*add_piece(o) = (struct out_piece){.borrowed = bytes.ptr, .len = bytes.len};
	o->total += bytes.len;
}

void out_begin_chunk(struct out *o)
{
	if (o->chunk >= 0 || out_room(o, CHUNK_LINE) == NULL)
		return;
	*add_piece(o) = (struct out_piece){.from = o->bytes.len};
	o->chunk = o->count - 1;
	out_wrote(o, CHUNK_LINE);
	o->chunk_bytes = o->total;
}

void out_end_chunk(struct out *o)
{
	size_t size = o->total - o->chunk_bytes, unused = CHUNK_DIGITS;
	struct out_piece *first;
	char *line;

	if (o->chunk < 0)
		return;
	must(size > 0 && size <= UINT32_MAX);
	first = piece(o, o->chunk);
	line = o->bytes.ptr + first->from;
	memcpy(line + CHUNK_DIGITS, "\r\n", 2);
	for (; size; size >>= 4)
		line[--unused] = "0123456789abcdef"[size & 15];
	first->from += unused;
	first->len -= unused;
	o->total -= unused;
	o->chunk = -1;
	out_copy(o, STR("\r\n"));
}

/* --- going, piece by piece --- */

enum { COMPACT_PIECES = 16, COMPACT_BYTES = 4096 };

static void compact_bytes(struct out *o)
{
	size_t from = o->bytes.len;

	for (int i = o->first; i < o->count && from == o->bytes.len; i++)
		if (piece(o, i)->borrowed == NULL)
			from = piece(o, i)->from;
	if (from < COMPACT_BYTES || from < o->bytes.len / 2)
		return;
	buf_drop(&o->bytes, from);
	for (int i = o->first; i < o->count; i++)
		if (piece(o, i)->borrowed == NULL)
			piece(o, i)->from -= from;
}

static void compact_pieces(struct out *o)
{
	if (o->first < COMPACT_PIECES || o->first < o->count / 2)
		return;
	o->count -= o->first;
	memmove(o->many, o->many + o->first, (size_t)o->count * sizeof *o->many);
	o->first = 0;
}

void out_drop(struct out *o, size_t bytes)
{
	must(bytes <= o->total && o->chunk < 0);
	o->total -= bytes;
	while (bytes) {
		struct out_piece *p = piece(o, o->first);
		size_t gone = bytes < p->len ? bytes : p->len;

		if (p->borrowed)
			p->borrowed += gone;
		else
			p->from += gone;
		p->len -= gone;
		bytes -= gone;
		o->first += p->len == 0;
	}
	if (o->total == 0) {
		out_clear(o);
		return;
	}
	compact_bytes(o);
	compact_pieces(o);
}

bool out_is_over(const struct out *o)
{
	return buf_is_over(&o->bytes);
}

int out_fill(const struct out *o, int first, uv_buf_t *bufs, int max)
{
	const struct out_piece *pieces = o->many ? o->many : o->few;
	int count = o->count - first < max ? o->count - first : max;

	for (int i = 0; i < count; i++) {
		const struct out_piece *p = &pieces[first + i];

		bufs[i].base =
		    (char *)(uintptr_t)(p->borrowed ? p->borrowed : o->bytes.ptr + p->from);
		bufs[i].len = p->len;
	}
	return count;
}
