/* Measured times, kept whole: a run is bounded by its number of requests, so percentiles are exact.
 * Owned by main. */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include "base/must.h"

#include <stddef.h>
#include <stdint.h>

struct latency {
	uint32_t *ns; /* 4.29 s at the most; longer ones count as that */
	size_t len;
	size_t cap;
};

void latency_init(struct latency *, size_t cap);
void latency_note(struct latency *, int64_t ns); /* past the capacity: left out */

/* Puts the samples in order; latency_at may be asked afterwards. part: 0.0 to 1.0. 0 without
 * samples. */
void latency_sort(struct latency *);
double latency_at_us(const struct latency *, double part);

#endif
