/* AWS's frames around a provider's events (wire/eventstream.h). */
#ifndef PATH_FRAMES_H
#define PATH_FRAMES_H

#include "path/request.h"

/* Takes whole messages off the front of `bytes`; what events they were goes to `out`. Gives how
 * many bytes they had; -1: they are no such messages. */
ssize_t frames_take(struct request *, struct str bytes, struct buf *out) MUST_USE;

#endif
