/* The table of docs/dialects.md: what becomes of each feature between any two dialects, from the
 * rows of the translators. Pure. */
#ifndef WIRE_FATES_H
#define WIRE_FATES_H

#include "base/buf.h"

/* Markdown; a column for each pair of different dialects that there is, a row for each feature
 * that some client can ask for. */
void fates_put(struct buf *);

#endif
