/* Tables of text (RFC 4180): rows of fields, divided by a comma, a semicolon or a tab, as the first
 * row shows. A field in quotes may hold separators, line ends and "" for a quote. A byte order
 * mark is skipped, and so are empty lines; lines end with LF or CRLF.
 *
 *	csv_init(&csv, text);
 *	while ((count = csv_row(&csv, arena, fields, MAX)) > 0)
 *		...
 *	if (count < 0)
 *		... csv.line, csv.problem
 *
 * Borrows the text. Pure. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/arena.h"
#include "base/buf.h"

enum { CSV_FIELDS_MAX = 64 };

struct csv {
	struct str text;
	size_t at;
	char separator;
	int64_t line;        /* from 1: where the row that was read last begins */
	int64_t next_line;   /* where the next one begins */
	const char *problem; /* why csv_row gave -1, as the end of a sentence; static */
};

void csv_init(struct csv *, struct str text);

/* The fields of the next row; without quotes they borrow from the text, else from the arena.
 * Gives how many, 0 behind the last row, -1: see `problem`; then nothing more can be read. */
int csv_row(struct csv *, struct arena *, struct str out_fields[CSV_FIELDS_MAX]);

/* A field with quotes where it needs them. */
void csv_put(struct buf *, struct str field);

#endif
