/* Cells of each thread, and the sum of them as OpenMetrics text.
 *
 *	# TYPE fluxrouter_requests counter
 *	# HELP fluxrouter_requests Requests answered, by class of HTTP status.
 *	fluxrouter_requests_total{status="2xx"} 12
 *	# TYPE fluxrouter_overhead_seconds histogram
 *	# UNIT fluxrouter_overhead_seconds seconds
 *	fluxrouter_overhead_seconds_bucket{le="0.0009765625"} 3
 *	fluxrouter_overhead_seconds_bucket{le="+Inf"} 4
 *	fluxrouter_overhead_seconds_count 4
 *	fluxrouter_overhead_seconds_sum 1.5
 *
 * Format: https://github.com/prometheus/OpenMetrics, specification 1.0. The count of a histogram
 * is the sum of its buckets, so the two always agree; the sum of seconds may be one observation
 * ahead or behind.
 *
 * Must never take memory for a label that somebody sends.
 *
 * THREADS: one thread writes a cell, with a relaxed load and store, and the scraping thread
 * reads it. `threads_lock` guards the list of cells, which only grows. */
#include "metric.h"

#include "base/decimal.h"

#include <pthread.h>
#include <stdatomic.h>

/* Up to 2^i / 1024 s for bucket i: 1/1024 s .. 4096 s; the last one takes the rest. */
enum { BUCKET_COUNT = 23, BUCKETS = BUCKET_COUNT + 1, BUCKET_PARTS = 1024 };

static const int64_t ns_per_s = 1000000000;

struct histogram {
	_Atomic int64_t buckets[BUCKETS];
	_Atomic int64_t sum_ns;
};

struct cells {
	struct cells *next;
	_Atomic int64_t values[METRIC_COUNT];
	struct histogram histograms[METRIC_HISTOGRAM_COUNT];
};

enum metric_type { COUNTER, GAUGE, MOST };

static const struct metric_row {
	enum metric_type type;
	const char *family, *labels, *help;
} rows[] = {
#define METRIC(id, type, family, labels, help) {type, family, labels, help},
#include "metric.def"
#undef METRIC
};

static const struct histogram_row {
	const char *family, *help;
} histogram_rows[] = {
#define X(id, family, help) {family, help},
    METRIC_HISTOGRAMS(X)
#undef X
};

static pthread_mutex_t threads_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cells *threads;
static _Thread_local struct cells *mine;

void metric_thread_start(void)
{
	if (mine)
		return;
	mine = mem_get(sizeof *mine);
	pthread_mutex_lock(&threads_lock);
	mine->next = threads;
	threads = mine;
	pthread_mutex_unlock(&threads_lock);
}

/* A thread that did not announce itself does so by its first amount. */
static struct cells *my_cells(void)
{
	if (mine == NULL)
		metric_thread_start();
	return mine;
}

static int64_t look(_Atomic int64_t *cell)
{
	return atomic_load_explicit(cell, memory_order_relaxed);
}

static void put(_Atomic int64_t *cell, int64_t value)
{
	atomic_store_explicit(cell, value, memory_order_relaxed);
}

void metric_add(enum metric m, int64_t amount)
{
	_Atomic int64_t *cell = &my_cells()->values[m];

	put(cell, look(cell) + amount);
}

void metric_raise(enum metric m, int64_t value)
{
	_Atomic int64_t *cell = &my_cells()->values[m];

	if (look(cell) < value)
		put(cell, value);
}

void metric_set(enum metric m, int64_t value)
{
	put(&my_cells()->values[m], value);
}

/* The first bucket whose bound is not below. */
static int bucket_of(int64_t ns)
{
	int64_t parts;

	if (ns >= INT64_MAX / BUCKET_PARTS - ns_per_s)
		return BUCKET_COUNT;
	parts = (ns * BUCKET_PARTS + ns_per_s - 1) / ns_per_s;
	for (int i = 0; i < BUCKET_COUNT; i++)
		if (parts <= (int64_t)1 << i)
			return i;
	return BUCKET_COUNT;
}

void metric_observe(enum metric_histogram h, int64_t ns)
{
	struct histogram *my = &my_cells()->histograms[h];
	int64_t waited_ns = ns > 0 ? ns : 0;
	_Atomic int64_t *bucket = &my->buckets[bucket_of(waited_ns)];

	put(bucket, look(bucket) + 1);
	put(&my->sum_ns, look(&my->sum_ns) + waited_ns);
}

static int64_t value_of(struct cells *first, int m)
{
	bool is_most = rows[m].type == MOST;
	int64_t sum = 0;

	for (struct cells *c = first; c; c = c->next) {
		int64_t value = look(&c->values[m]);

		sum = !is_most ? sum + value : value > sum ? value : sum;
	}
	return sum;
}

static void put_row(struct buf *out, struct cells *first, int m)
{
	const struct metric_row *row = &rows[m];
	bool is_counter = row->type == COUNTER;

	if (m == 0 || strcmp(row->family, rows[m - 1].family) != 0)
		buf_printf(out, "# TYPE %s %s\n# HELP %s %s\n", row->family,
		           is_counter ? "counter" : "gauge", row->family, row->help);
	buf_printf(out, row->labels[0] ? "%s%s{%s} " : "%s%s%s ", row->family,
	           is_counter ? "_total" : "", row->labels);
	buf_put_i64(out, value_of(first, m));
	buf_put(out, STR("\n"));
}

/* 0.0009765625 .. 4096.0, exactly; the format asks for the point. */
static void put_bound(struct buf *out, int bucket)
{
	enum { SCALE = 10, SMALLEST = 9765625 }; /* 1/1024 */

	if (bucket == BUCKET_COUNT) {
		buf_put(out, STR("+Inf"));
		return;
	}
	decimal_put(out, (int64_t)SMALLEST << bucket, SCALE);
	if (1 << bucket >= BUCKET_PARTS)
		buf_put(out, STR(".0"));
}

static void put_histogram(struct buf *out, struct cells *first, int h)
{
	const struct histogram_row *row = &histogram_rows[h];
	int64_t count = 0, sum_ns = 0;

	buf_printf(out, "# TYPE %s histogram\n# UNIT %s seconds\n# HELP %s %s\n", row->family,
	           row->family, row->family, row->help);
	for (int i = 0; i < BUCKETS; i++) {
		for (struct cells *c = first; c; c = c->next)
			count += look(&c->histograms[h].buckets[i]);
		buf_printf(out, "%s_bucket{le=\"", row->family);
		put_bound(out, i);
		buf_printf(out, "\"} %" PRId64 "\n", count);
	}
	for (struct cells *c = first; c; c = c->next)
		sum_ns += look(&c->histograms[h].sum_ns);
	buf_printf(out, "%s_count %" PRId64 "\n%s_sum ", row->family, count, row->family);
	decimal_put(out, sum_ns, 9);
	buf_put(out, STR("\n"));
}

void metric_put_text(struct buf *out)
{
	struct cells *first;

	pthread_mutex_lock(&threads_lock);
	first = threads;
	pthread_mutex_unlock(&threads_lock);
	for (int m = 0; m < METRIC_COUNT; m++)
		put_row(out, first, m);
	for (int h = 0; h < METRIC_HISTOGRAM_COUNT; h++)
		put_histogram(out, first, h);
}
