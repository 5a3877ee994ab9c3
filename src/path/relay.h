/* The one step that repeats: a provider's stream on its way to the client, event by event. */
#ifndef PATH_RELAY_H
#define PATH_RELAY_H

#include "path/request.h"

enum relay_result {
	RELAY_WAITS,   /* for more of the stream, or for the client to take it */
	RELAY_FLOWS,   /* content has come: the answer has begun */
	RELAY_IS_OVER, /* the terminal event has gone by, and the provider has nothing more */
	RELAY_ERROR,   /* the provider declared failure; r->fail is set */
	RELAY_BROKEN,  /* it ended without its terminal event */
	RELAY_SILENT,  /* it says that it lives, and nothing else, for too long */
};

/* An event stream, or AWS's frames around one. */
bool relay_is_stream(const struct http_head *);

void relay_init(struct request *);
void relay_release(struct request *);

/* Moves what has arrived. Before the first content nothing is sent: lifecycle frames are held
 * back, so that a provider's "200, then overloaded" can still become an error or another target. */
enum relay_result relay_step(struct request *);

/* Are its events inside AWS's frames? */
bool relay_is_framed(struct request *);

/* Some of what came is not heard yet: it counts, also when the exchange has failed behind it. */
bool relay_has_more(const struct request *);

#endif
