/* Samples of time and their percentiles (load.c calls it). Nearest-rank on the sorted samples, no
 * interpolation, no buckets. It must never take memory while the measurement runs. */
#include "latency.h"

#include <stdlib.h>

void latency_init(struct latency *l, size_t cap)
{
	*l = (struct latency){.ns = mem_get((cap ? cap : 1) * sizeof(*l->ns)), .cap = cap};
}

void latency_note(struct latency *l, int64_t ns)
{
	if (l->len == l->cap)
		return;
	l->ns[l->len++] = ns < 0 ? 0 : ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void latency_sort(struct latency *l)
{
	qsort(l->ns, l->len, sizeof(*l->ns), compare);
}

double latency_at_us(const struct latency *l, double part)
{
	size_t rank = (size_t)(part * (double)l->len);

	if (l->len == 0)
		return 0;
	return l->ns[rank < l->len ? rank : l->len - 1] / 1000.0;
}
