/* Handing a stream's bytes to the client: held back before the first content, so that another
 * target can still serve; behind it at once, or in shares where they are more than a turn takes. */
#ifndef PATH_HANDING_H
#define PATH_HANDING_H

#include "path/request.h"

void handing_give(struct request *, struct str bytes);
/* The first content is there: the head goes out, and what was held. */
void handing_begin(struct request *);

/* Is there something that has to go before anything else is read? */
bool handing_is_left(const struct request *);
/* Moves a turn's share of it. True when all has moved; else the request is resumed in the next
 * turn, or when the client has taken some. */
bool handing_move(struct request *);

/* What is held goes out whole, where content has: an error comes behind it. */
void handing_end(struct request *);

#endif
