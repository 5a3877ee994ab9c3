/* Counters and gauges from one table (metric.def), and the latency histograms.
 *
 * THREADS: every thread adds to cells of its own, relaxed and without locks; a scrape sums them. */
#ifndef METRIC_H
#define METRIC_H

#include "base/buf.h"

enum metric {
#define METRIC(id, type, family, labels, help) METRIC_##id,
#include "metric.def"
#undef METRIC
	METRIC_COUNT
};

/* Seconds, in buckets of powers of two from 1/1024. */
#define METRIC_HISTOGRAMS(X)                                                                       \
	X(OVERHEAD, "fluxrouter_overhead_seconds", "Our own time in a request, waits left out.")   \
	X(FIRST_BYTE, "fluxrouter_first_byte_seconds", "From a provider asked to its first byte.") \
	X(TURN, "fluxrouter_loop_turn_seconds", "What one turn of a loop took.") \
	X(DURATION, "fluxrouter_request_seconds",                                                  \
	  "From a request's first byte to its answer's last.")

enum metric_histogram {
#define X(id, family, help) METRIC_##id##_SECONDS,
	METRIC_HISTOGRAMS(X)
#undef X
	    METRIC_HISTOGRAM_COUNT
};

void metric_thread_start(void); /* once per thread that adds; cells live until the process ends */
void metric_add(enum metric, int64_t amount);
void metric_raise(enum metric, int64_t value); /* of type MOST: if it is higher */
void metric_observe(enum metric_histogram, int64_t ns);
void metric_set(enum metric, int64_t value); /* this thread's share of a gauge */

/* OpenMetrics 1.0 text; whoever has the last row puts # EOF behind it. */
void metric_put_text(struct buf *);

#endif
