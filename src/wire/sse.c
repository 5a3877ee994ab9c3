/* Cutting events out of bytes.
 *
 * The end of an event is found first, line by line, remembering how far an unfinished one was
 * searched, so that bytes that come one at a time cost no more than bytes that come together. Only
 * then are its lines read. An event that ends in CR is whole at once: an LF that comes later
 * stands alone in front of the next event and changes nothing.
 *
 * Called by the relay for every read of a stream. Must never look behind `bytes`. */
#include "wire/sse.h"

/* The length of the first line with its end, or 0 where its end is not there yet; its first
 * `looked` bytes hold no end. A CR that is the last byte we have ends only an empty line: for any
 * other it may be half of a CRLF. */
static size_t cut_line(struct str bytes, size_t looked, struct str *out_line)
{
	struct str fresh = str_part(bytes, looked, bytes.len);
	size_t lf = looked + str_find_byte(fresh, '\n');
	size_t cr = looked + str_find_byte(str_part(bytes, looked, lf - looked), '\r');

	if (cr < lf && (cr == 0 || cr + 1 < bytes.len)) {
		*out_line = str_part(bytes, 0, cr);
		return cr + 1 == lf && lf < bytes.len ? cr + 2 : cr + 1;
	}
	if (lf >= bytes.len)
		return 0;
	*out_line = str_part(bytes, 0, lf);
	return lf + 1;
}

size_t sse_end(struct sse *s, struct str bytes)
{
	struct str rest = str_part(bytes, s->line_at, bytes.len);
	struct str line;
	size_t taken, end;

	while ((taken = cut_line(rest, s->looked, &line))) {
		end = s->line_at += taken;
		s->looked = 0;
		if (line.len == 0) {
			*s = (struct sse){0};
			return end;
		}
		rest = str_part(bytes, s->line_at, bytes.len);
	}
	s->looked = rest.len ? rest.len - 1 : 0; /* the last byte may be a CR that waits */
	return 0;
}

static struct str field_value(struct str line, size_t colon)
{
	struct str value = str_part(line, colon + 1, line.len);

	return value.len && value.ptr[0] == ' ' ? str_part(value, 1, value.len) : value;
}

/* Joined lines are never longer than the raw event: one copy, however many lines there are. */
static void add_data(struct sse_event *e, struct str value, struct arena *arena, char **joined)
{
	if (!e->has_data) {
		e->data = value;
		e->has_data = true;
		return;
	}
	if (*joined == NULL) {
		*joined = arena_get(arena, e->raw.len);
		if (e->data.len)
			memcpy(*joined, e->data.ptr, e->data.len);
	}
	(*joined)[e->data.len] = '\n';
	if (value.len)
		memcpy(*joined + e->data.len + 1, value.ptr, value.len);
	e->data = (struct str){*joined, e->data.len + 1 + value.len};
}

static void read_line(struct sse_event *e, struct str line, struct arena *arena, char **joined)
{
	size_t colon = str_find_byte(line, ':');
	struct str name = str_part(line, 0, colon);

	if (str_eq(name, STR("data")))
		add_data(e, field_value(line, colon), arena, joined);
	else if (str_eq(name, STR("event")))
		e->name = field_value(line, colon);
}

static void read_lines(struct sse_event *e, struct arena *arena)
{
	struct str rest = e->raw;
	char *joined = NULL;
	struct str line;
	size_t taken;

	if (str_starts_with(rest, STR("\xef\xbb\xbf")))
		rest = str_part(rest, 3, rest.len);
	while ((taken = cut_line(rest, 0, &line))) {
		if (line.len)
			read_line(e, line, arena, &joined);
		rest = str_part(rest, taken, rest.len);
	}
}

/* The form nearly all events have: a data line, maybe behind an event line, ended by LF and an
 * empty line. Gives false for any other form, which takes the long way. */
static bool cut_plain(struct str bytes, struct sse_event *out)
{
	struct str rest = bytes;
	struct str name = {0}, data;
	size_t lf = str_find_byte(rest, '\n');

	if (str_starts_with(rest, STR("event: "))) {
		name = str_part(rest, 7, lf - 7);
		rest = str_part(rest, lf + 1, rest.len);
		lf = str_find_byte(rest, '\n');
	}
	if (lf + 1 >= rest.len || rest.ptr[lf + 1] != '\n' || !str_starts_with(rest, STR("data: ")))
		return false;
	data = str_part(rest, 6, lf - 6);
	if (str_find_byte(data, '\r') < data.len || str_find_byte(name, '\r') < name.len)
		return false;
	*out = (struct sse_event){.raw = str_part(bytes, 0, bytes.len - rest.len + lf + 2),
	                          .name = name,
	                          .data = data,
	                          .has_data = true};
	return true;
}

void sse_read(struct str raw, struct arena *arena, struct sse_event *out)
{
	*out = (struct sse_event){.raw = raw};
	read_lines(out, arena);
}

enum sse_found sse_next(struct sse *s, struct str bytes, struct arena *arena, struct sse_event *out)
{
	size_t end;

	if (s->line_at == 0 && s->looked == 0 && cut_plain(bytes, out))
		return SSE_EVENT;
	end = sse_end(s, bytes);
	if (end == 0)
		return SSE_MORE;
	sse_read(str_part(bytes, 0, end), arena, out);
	return SSE_EVENT;
}

size_t sse_raw_at(const struct sse_event *e, size_t at)
{
	struct str rest = e->raw, line, value;
	size_t taken, before = 0; /* bytes of data in the lines that were passed */

	if (str_starts_with(rest, STR("\xef\xbb\xbf")))
		rest = str_part(rest, 3, rest.len);
	for (; (taken = cut_line(rest, 0, &line)); rest = str_part(rest, taken, rest.len)) {
		size_t colon = str_find_byte(line, ':');

		if (!str_eq(str_part(line, 0, colon), STR("data")))
			continue;
		value = field_value(line, colon);
		if (at <= before + value.len)
			return (size_t)(value.ptr - e->raw.ptr) + at - before;
		before += value.len + 1;
	}
	return e->raw.len;
}
