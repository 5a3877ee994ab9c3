/* Reading and writing rows of fields.
 *
 *	row   = field *( separator field ) ( LF / CRLF / end )
 *	field = *( any byte but separator, CR, LF, quote ) / quote *( any but quote / 2quote ) quote
 *
 * Called by whoever reads exports and lists of people, and by reports. Must never guess: a quote
 * in the middle of a field, or one that is not closed, ends the reading. */
#include "base/csv.h"

static bool is_at_end(const struct csv *c)
{
	return c->at >= c->text.len;
}

static char peek(const struct csv *c)
{
	return c->text.ptr[c->at];
}

/* The separator that stands first in the first line, outside quotes. */
static char find_separator(struct str text)
{
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		char byte = text.ptr[i];

		if (byte == '"')
			quoted = !quoted;
		else if (!quoted && (byte == ',' || byte == ';' || byte == '\t'))
			return byte;
		else if (!quoted && byte == '\n')
			break;
	}
	return ',';
}

void csv_init(struct csv *c, struct str text)
{
	if (str_starts_with(text, STR("\xef\xbb\xbf")))
		text = str_part(text, 3, text.len);
	*c = (struct csv){.text = text, .separator = find_separator(text), .next_line = 1};
}

static int refuse(struct csv *c, const char *problem)
{
	c->problem = problem;
	c->at = c->text.len;
	return -1;
}

/* Takes a line's end, if one is here. A CR alone is none. */
static bool take_line_end(struct csv *c)
{
	size_t at = c->at;

	if (at < c->text.len && c->text.ptr[at] == '\r')
		at++;
	if (at >= c->text.len || c->text.ptr[at] != '\n')
		return false;
	c->at = at + 1;
	c->next_line++;
	return true;
}

static bool ends_plain(const struct csv *c)
{
	char byte = peek(c);

	return byte == c->separator || byte == '\n' || byte == '\r' || byte == '"';
}

static struct str read_plain(struct csv *c)
{
	size_t from = c->at;

	while (!is_at_end(c) && !ends_plain(c))
		c->at++;
	return str_part(c->text, from, c->at - from);
}

/* What stands between quotes, with "" for each quote. */
static struct str without_doubles(struct str inside, struct arena *arena)
{
	char *copy = arena_get(arena, inside.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < inside.len; i++) {
		copy[len++] = inside.ptr[i];
		if (inside.ptr[i] == '"')
			i++;
	}
	return (struct str){copy, len};
}

/* -1: no quote closes it. */
static int read_quoted(struct csv *c, struct arena *arena, struct str *out)
{
	size_t from = ++c->at;
	bool has_doubles = false;

	for (; !is_at_end(c); c->at++) {
		if (peek(c) == '\n')
			c->next_line++;
		if (peek(c) != '"')
			continue;
		if (c->at + 1 >= c->text.len || c->text.ptr[c->at + 1] != '"')
			break;
		has_doubles = true;
		c->at++;
	}
	if (is_at_end(c))
		return refuse(c, "has a quote that is not closed");
	*out = str_part(c->text, from, c->at - from);
	if (has_doubles)
		*out = without_doubles(*out, arena);
	c->at++;
	return 0;
}

static int read_field(struct csv *c, struct arena *arena, struct str *out)
{
	if (is_at_end(c) || peek(c) != '"') {
		*out = read_plain(c);
		return 0;
	}
	return read_quoted(c, arena, out);
}

static void skip_empty_lines(struct csv *c)
{
	while (!is_at_end(c) && take_line_end(c))
		;
}

int csv_row(struct csv *c, struct arena *arena, struct str out_fields[CSV_FIELDS_MAX])
{
	int count = 0;

	skip_empty_lines(c);
	c->line = c->next_line;
	if (is_at_end(c))
		return c->problem ? -1 : 0;
	for (;;) {
		if (count == CSV_FIELDS_MAX)
			return refuse(c, "has too many fields");
		if (read_field(c, arena, &out_fields[count++]) < 0)
			return -1;
		if (is_at_end(c) || take_line_end(c))
			return count;
		if (peek(c) != c->separator)
			return refuse(c, "has a quote or a line end inside a field");
		c->at++;
	}
}

static bool needs_quotes(struct str field)
{
	for (size_t i = 0; i < field.len; i++)
		if (strchr("\",;\t\r\n", field.ptr[i]) && field.ptr[i])
			return true;
	return field.len > 0 && (field.ptr[0] == ' ' || field.ptr[field.len - 1] == ' ');
}

void csv_put(struct buf *out, struct str field)
{
	if (!needs_quotes(field)) {
		buf_put(out, field);
		return;
	}
	buf_put_byte(out, '"');
	for (size_t i = 0; i < field.len; i++) {
		if (field.ptr[i] == '"')
			buf_put_byte(out, '"');
		buf_put_byte(out, field.ptr[i]);
	}
	buf_put_byte(out, '"');
}
