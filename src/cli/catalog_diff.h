/* What another list of models has otherwise than ours, a line each:
 *
 *	+ openai/gpt-9: input 3 output 12 ...                     it has, we have not
 *	- gpt-5                                                   we have, it has not
 *	~ gpt-5-mini: cache_read 0.025 -> 0.03                    ours, theirs
 *	~ gpt-5.5 [flex above 272000]: input 10 -> 12
 *
 * Rates in US dollars per million tokens. Pure. */
#ifndef CLI_CATALOG_DIFF_H
#define CLI_CATALOG_DIFF_H

#include "config/config.h"

/* Both give the number of lines. Models by their names; of prices that have versions the newest is
 * compared. */
int catalog_diff(const struct config *ours, const struct config *theirs, struct buf *out);

/* A table: lines of fields with tabs between, the first names the columns. Read are provider, id,
 * in_usd_per_m, out, cache_read, cache_write, context, max_output; a 0 says that it does not know.
 * Rows of providers that we do not have are passed over. */
int catalog_diff_table(const struct config *ours, struct str table, struct buf *out);

#endif
