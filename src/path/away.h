/* Work of one request that takes longer than a turn of the loop may: done on a thread of libuv's
 * pool while the request stands still, whatever happens to its client meanwhile.
 *
 * THREADS: `work` runs on the pool, and may touch the request, its arena and its configuration;
 * nobody else does until the request is resumed. It must not touch the worker, which the loop goes
 * on to use: neither the loop's scratch arena (r->scratch and r->events are its own meanwhile) nor
 * other requests. */
#ifndef PATH_AWAY_H
#define PATH_AWAY_H

#include "path/request.h"

/* Bodies from here on are worth it: a thread costs some 50 us, and what is done there takes a
 * millisecond for each of these. */
enum { AWAY_BYTES = 256 * 1024 };

bool away_is_worth_it(const struct request *);
/* Its step gives WAIT, and is called again when the work is done. */
void away_go(struct request *, void (*work)(struct request *));

#endif
