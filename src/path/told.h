/* What is told of a request when it is over: its line in the log, its metrics. */
#ifndef PATH_TOLD_H
#define PATH_TOLD_H

#include "path/request.h"

void told_log(const struct request *, int64_t duration_ns);
void told_count(const struct request *, int64_t duration_ns);

#endif
