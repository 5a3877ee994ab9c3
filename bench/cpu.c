/* The kernel's accounting of the engine under test (load.c calls it at both ends of what it
 * measures).
 *
 * CPU time comes from the process CPU clock: nanoseconds of sum_exec_runtime over the thread group,
 * so it covers every thread, also ended ones, and is not sampled. Without
 * CONFIG_IRQ_TIME_ACCOUNTING it includes the TCP work that runs in the softirq behind the engine's
 * own system calls. Worker processes are watched one by one. It must never be asked between two
 * measured requests: it costs system calls. */
#include "cpu.h"
#include "socket.h"

#include <dirent.h>
#include <errno.h>

/* The kernel's make_process_cpuclock(pid, CPUCLOCK_SCHED), as clock_getcpuclockid(3) builds it. */
static clockid_t process_clock(int pid)
{
	return (clockid_t)(~(unsigned)pid << 3 | 2);
}

int cpu_watch_read(struct cpu_watch *w, struct str list)
{
	struct str field;
	int64_t pid;

	w->len = 0;
	while (list.len && str_next_field(&list, ',', &field)) {
		if (w->len == CPU_WATCHED_MAX || str_to_i64(field, 1, INT32_MAX, &pid))
			return -1;
		w->pids[w->len++] = (int)pid;
	}
	return 0;
}

int64_t cpu_watch_ns(const struct cpu_watch *w)
{
	int64_t sum = 0;

	for (int i = 0; i < w->len; i++) {
		struct timespec t;

		if (clock_gettime(process_clock(w->pids[i]), &t))
			rig_die("CPU clock of process %d", w->pids[i]);
		sum += t.tv_sec * 1000000000LL + t.tv_nsec;
	}
	return sum;
}

static int64_t thread_switches(const char *path)
{
	static const char name[] = "voluntary_ctxt_switches:";
	FILE *f = fopen(path, "re");
	int64_t n = 0;
	char line[256];

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, sizeof name - 1) == 0)
			n = strtoll(line + sizeof name - 1, NULL, 10);
	}
	fclose(f);
	return n;
}

static int64_t process_switches(int pid)
{
	char path[320];
	struct dirent *entry;
	int64_t sum = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/status", pid, entry->d_name);
		sum += thread_switches(path);
	}
	if (d)
		closedir(d);
	return sum;
}

int64_t cpu_watch_switches(const struct cpu_watch *w)
{
	int64_t sum = 0;

	for (int i = 0; i < w->len; i++)
		sum += process_switches(w->pids[i]);
	return sum;
}
