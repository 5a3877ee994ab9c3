/* Decimal text to and from integers with a scale, exactly: "0.25" at scale 6 is 250000. Prices
 * are written in US dollars per million tokens and kept in pico-dollars per token, which is
 * scale 6; amounts in US dollars kept in nano-dollars are scale 9. No binary fractions on the
 * way. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include "base/buf.h"

#define DECIMAL_SCALE_MAX 18

struct decimal_range {
	int64_t lowest; /* at the scale; >= 0 refuses any '-' */
	int64_t highest;
};

/* Grammar, which is JSON's number without exponent: [-] (0 | 1-9 digits) [. digits]. -1:
 * something else, more digits behind the point than the scale holds, or outside the range. */
int decimal_read(struct str text, int scale, struct decimal_range range,
                 int64_t *out_value) MUST_USE;

/* Why decimal_read refuses that text, as the end of a sentence ("has more than 6 digits behind
 * the point"); NULL: it does not. Static text. */
const char *decimal_problem(struct str text, int scale, struct decimal_range range);

/* Without trailing zeros: 250000 at scale 6 is 0.25, 2000000 is 2. */
void decimal_put(struct buf *, int64_t value, int scale);

/* A cost in US dollars. */
void buf_put_nusd(struct buf *, int64_t cost_nusd);

#endif
