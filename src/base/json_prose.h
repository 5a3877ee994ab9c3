/* The quick way through the inside of long strings. Private to base/json_*. */
#ifndef BASE_JSON_PROSE_H
#define BASE_JSON_PROSE_H

#include "base/json_scan.h"

enum { JSON_PROSE_BYTES = 256 }; /* less is not worth it */

/* Moves s->at over plain bytes and escapes of one letter. True: to a byte that stops them, or to an
 * escape; false: to somewhere near the limit, or not at all. */
bool json_prose_goes(struct json_scan *s, const char *limit);

static inline bool json_prose_stops(struct json_scan *s, const char *limit)
{
	return limit - s->at >= JSON_PROSE_BYTES && json_prose_goes(s, limit);
}

#endif
