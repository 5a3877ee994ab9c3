/* Signs of life on a stream that has had no content for long: load balancers and clients cut what
 * is silent, while a provider may think for minutes. */
#ifndef PATH_HEARTBEAT_H
#define PATH_HEARTBEAT_H

#include "path/request.h"

void heartbeat_start(struct request *); /* once; for answers that are no streams it does nothing */
void heartbeat_stop(struct request *);
/* What is due goes out: the answer's head before the first one, then comments. */
void heartbeat_give(struct request *);

#endif
