/* What the kernel says that other processes have used. */
#ifndef BENCH_CPU_H
#define BENCH_CPU_H

#include "base/str.h"

enum { CPU_WATCHED_MAX = 16 };

struct cpu_watch {
	int pids[CPU_WATCHED_MAX];
	int len;
};

/* "12,34,56"; -1 when that is not a list of processes. */
int cpu_watch_read(struct cpu_watch *, struct str list) MUST_USE;

/* CPU time of all threads, living and ended, of all watched processes together. */
int64_t cpu_watch_ns(const struct cpu_watch *);

/* How often they were put to sleep and woken (voluntary switches), over their living threads. */
int64_t cpu_watch_switches(const struct cpu_watch *);

#endif
