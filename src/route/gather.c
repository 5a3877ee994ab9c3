/* Joins the parts of a text, decoding JSON's escapes, but only as much as will be read.
 *
 *   decoded bytes   |<------ 6144 ------>|.......not copied.......|<- 3072 ->|
 *                          head                                       tail
 *
 * Invariants: the windows depend on the decoded text alone, not on the cuts, and not on whether
 * escapes were used; one long text costs no more than a short one. The tail is decoded backwards:
 * an escape is recognised from its end by the parity of the backslashes before it, and each run of
 * backslashes is counted once. Called by canon.c. Broken escapes cannot come (the JSON reader
 * refused them); they are read as their own bytes. */
#include "route/gather.h"

struct unit { /* one character or escape, decoded */
	char bytes[4];
	size_t len;
	size_t taken; /* of the source */
};

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The four hex digits of an escape \uXXXX at p, or -1. */
static int32_t escape_value(const char *p, const char *end)
{
	int32_t value = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		if (hex_value(p[i]) < 0)
			return -1;
		value = value * 16 + hex_value(p[i]);
	}
	return value;
}

static void unit_encode(struct unit *u, uint32_t cp)
{
	if (cp < 0x80) {
		u->bytes[u->len++] = (char)cp;
	} else if (cp < 0x800) {
		u->bytes[u->len++] = (char)(0xC0 | cp >> 6);
		u->bytes[u->len++] = (char)(0x80 | (cp & 63));
	} else if (cp < 0x10000) {
		u->bytes[u->len++] = (char)(0xE0 | cp >> 12);
		u->bytes[u->len++] = (char)(0x80 | (cp >> 6 & 63));
		u->bytes[u->len++] = (char)(0x80 | (cp & 63));
	} else {
		u->bytes[u->len++] = (char)(0xF0 | cp >> 18);
		u->bytes[u->len++] = (char)(0x80 | (cp >> 12 & 63));
		u->bytes[u->len++] = (char)(0x80 | (cp >> 6 & 63));
		u->bytes[u->len++] = (char)(0x80 | (cp & 63));
	}
}

static bool is_high(int32_t v)
{
	return v >= 0xD800 && v < 0xDC00;
}

static bool is_low(int32_t v)
{
	return v >= 0xDC00 && v < 0xE000;
}

static char short_escape(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'r':
		return '\r';
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	default:
		return c;
	}
}

/* The unit that begins at p with a backslash. */
static struct unit unit_at(const char *p, const char *end)
{
	struct unit u = {.taken = 1};
	int32_t value = escape_value(p, end), second;

	if (value < 0) {
		u.taken = end - p < 2 ? 1 : 2;
		u.bytes[u.len++] = short_escape(p[u.taken - 1]);
		return u;
	}
	u.taken = 6;
	second = is_high(value) ? escape_value(p + 6, end) : -1;
	if (is_low(second)) {
		u.taken = 12;
		value = 0x10000 + (value - 0xD800) * 1024 + (second - 0xDC00);
	} else if (is_high(value) || is_low(value)) {
		value = 0xFFFD;
	}
	unit_encode(&u, (uint32_t)value);
	return u;
}

/* Decodes forwards into out_to. Gives the bytes written, at most `max`; *out_all tells that the
 * source ended. */
static size_t decode_head(const struct gather_source *s, char *out_to, size_t max, bool *out_all)
{
	size_t n = 0;

	for (size_t i = 0; i < s->part_count; i++) {
		const char *p = s->parts[i].ptr, *end = p ? p + s->parts[i].len : p;
		while (p < end) {
			const char *escape =
			    s->is_escaped ? memchr(p, '\\', (size_t)(end - p)) : NULL;
			size_t plain = (size_t)((escape ? escape : end) - p);
			if (plain > max - n) {
				memcpy(out_to + n, p, max - n);
				*out_all = false;
				return max;
			}
			memcpy(out_to + n, p, plain);
			n += plain;
			p += plain;
			if (p == end)
				break;
			struct unit u = unit_at(p, end);
			if (u.len > max - n) {
				memcpy(out_to + n, u.bytes, max - n);
				*out_all = false;
				return max;
			}
			memcpy(out_to + n, u.bytes, u.len);
			n += u.len;
			p += u.taken;
		}
	}
	*out_all = true;
	return n;
}

struct back { /* reading one part from its end */
	const char *begin;
	const char *end;
	const char *run_begin; /* the run of backslashes that was counted last */
	const char *run_end;
};

/* Is the backslash at `at` the first byte of an escape? */
static bool back_is_escape(struct back *b, const char *at)
{
	if (at < b->begin || *at != '\\')
		return false;
	if (at < b->run_begin || at >= b->run_end) {
		b->run_end = at + 1;
		b->run_begin = at;
		while (b->run_begin > b->begin && b->run_begin[-1] == '\\')
			b->run_begin--;
	}
	return (at - b->run_begin) % 2 == 0;
}

/* Where the unit that ends at p begins. */
static const char *back_step(struct back *b, const char *p)
{
	if (p - b->begin >= 6 && p[-5] == 'u' && back_is_escape(b, p - 6)) {
		bool pairs = p - b->begin >= 12 && is_low(escape_value(p - 6, p)) &&
		             p[-11] == 'u' && is_high(escape_value(p - 12, p));
		return pairs && back_is_escape(b, p - 12) ? p - 12 : p - 6;
	}
	if (p - b->begin >= 2 && back_is_escape(b, p - 2))
		return p - 2;
	return p - 1;
}

/* Fills the last bytes of [to, to + max) with the end of the text. Gives how many. */
static size_t decode_tail(const struct gather_source *s, char *to, size_t max)
{
	size_t n = 0;

	for (size_t i = s->part_count; i-- > 0 && n < max;) {
		struct back b = {.begin = s->parts[i].ptr};
		const char *p = b.end = b.begin ? b.begin + s->parts[i].len : NULL;
		while (p > b.begin && n < max) {
			const char *from = s->is_escaped ? back_step(&b, p) : p - 1;
			struct unit u = {.bytes = {*from}, .len = 1, .taken = 1};
			if (s->is_escaped && *from == '\\' && p - from > 1)
				u = unit_at(from, p);
			while (u.len > 0 && n < max)
				to[max - ++n] = u.bytes[--u.len];
			p = from;
		}
	}
	return n;
}

static void gather_one(struct str whole, struct gather *out)
{
	if (whole.len == 0)
		whole = STR("");
	out->is_cut = whole.len > GATHER_WHOLE_BYTES;
	out->head = out->is_cut ? str_part(whole, 0, GATHER_HEAD_BYTES) : whole;
	out->tail = out->is_cut ? str_part(whole, whole.len - GATHER_TAIL_BYTES, GATHER_TAIL_BYTES)
	                        : (struct str){whole.ptr, 0};
}

void gather_read(const struct gather_source *source, struct gather *out)
{
	bool all;
	size_t len;

	if (source->part_count == 1 && !source->is_escaped) {
		gather_one(source->parts[0], out);
		return;
	}
	len = decode_head(source, out->room, GATHER_WHOLE_BYTES, &all);
	out->is_cut = !all;
	out->head = (struct str){out->room, all ? len : GATHER_HEAD_BYTES};
	out->tail = (struct str){out->room + GATHER_HEAD_BYTES, 0};
	if (all)
		return;
	out->tail.len = decode_tail(source, out->room + GATHER_HEAD_BYTES, GATHER_TAIL_BYTES);
	must(out->tail.len == GATHER_TAIL_BYTES);
}

size_t gather_prefix(const struct gather_source *source, char *out_to, size_t max)
{
	bool all;

	return decode_head(source, out_to, max, &all);
}
