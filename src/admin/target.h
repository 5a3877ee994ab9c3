/* How each target has been doing, for operators: GET /admin/v1/targets, and rows of /metrics.
 *
 * THREADS: any; health is read as it is. */
#ifndef ADMIN_TARGET_H
#define ADMIN_TARGET_H

#include "base/json_write.h"
#include "config/config.h"

/* An object for each target of the configuration whose model is that; empty: all. */
void target_put_list(struct json_writer *, const struct config *, struct str model);

/* OpenMetrics families, of at most LIMIT_METRIC_TARGETS targets, each name once. */
void target_put_metrics(struct buf *, const struct config *);

#endif
