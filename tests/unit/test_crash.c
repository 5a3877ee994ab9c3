/* kill -9 at random moments: a child serves (journal, syncer, carrier, store) and tells through a
 * pipe what it has committed; the parent kills it, also in the middle of its recovery, and in the
 * end counts. Nothing that was told may be missing or changed, nothing may be there twice, and
 * the sums must agree.
 *
 * CRASH_ROUNDS=200 for a long run. */
#include "base/clock.h"
#include "base/random.h"
#include "check.h"
#include "ledger/carrier.h"
#include "ledger/verify.h"
#include "ledger_sample.h"
#include "store/report.h"
#include "tempdir.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

enum { ROUNDS = 30, PER_ROUND = 100000, OPEN_AT_ONCE = 8, ROUND_MAX_MS = 60 };

static struct arena arena;
static struct fail f;
static struct str dir;

struct told {
	int64_t n;
	bool is_close;
};

static void tell(int pipe_fd, int64_t n, bool is_close)
{
	struct told told = {n, is_close};

	must(write(pipe_fd, &told, sizeof told) == (ssize_t)sizeof told);
}

/* Until it is killed. */
_Noreturn static void serve(int round, int pipe_fd)
{
	struct journal_slot slots[OPEN_AT_ONCE] = {{0}};
	struct carry_recovery recovery;
	struct carrier_options options = {.data_dir = dir};
	struct carrier *carrier;
	struct journal *journal;
	struct store *store;
	struct loop loop;

	loop_init(&loop, 0);
	must(store_open(dir, STORE_CREATE, &store, &f) == 0);
	options.store = store;
	carrier = carrier_start(&options, &recovery, &f);
	must(carrier != NULL);
	journal = journal_open(&loop, dir, 0, &f);
	must(journal != NULL);
	carrier_follow(carrier, journal);
	for (int64_t i = 0; i < PER_ROUND; i++) {
		int64_t n = (int64_t)round * PER_ROUND + i;
		struct journal_slot *slot = &slots[i % OPEN_AT_ONCE];
		struct entry open = sample_open(n);
		bool closes = slot->sequence != 0;

		if (closes) {
			struct entry close = sample_entry(n - OPEN_AT_ONCE);

			journal_put_close(journal, slot, &close);
		}
		must(journal_put_open(journal, &open, slot, &f) == 0);
		must(journal_commit(journal) == 0);
		if (closes)
			tell(pipe_fd, n - OPEN_AT_ONCE, true);
		tell(pipe_fd, n, false);
	}
	for (;;)
		pause();
}

static unsigned char *opened, *closed; /* by number: what was told */

static void listen_until(int fd, int64_t end_ns)
{
	struct told told;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left_ms = (end_ns - clock_mono_ns()) / 1000000;

		if (poll(&p, 1, left_ms > 0 ? (int)left_ms : 0) <= 0)
			return;
		if (read(fd, &told, sizeof told) != (ssize_t)sizeof told)
			return;
		(told.is_close ? closed : opened)[told.n] = 1;
	}
}

static void one_round(int round)
{
	uint8_t chance;
	int fds[2], status;
	int64_t end_ns;
	pid_t child;

	random_bytes(&chance, 1);
	must(pipe(fds) == 0);
	child = fork();
	must(child >= 0);
	if (child == 0) {
		close(fds[0]);
		serve(round, fds[1]);
	}
	close(fds[1]);
	end_ns = clock_mono_ns() + chance % ROUND_MAX_MS * 1000000LL;
	listen_until(fds[0], end_ns);
	kill(child, SIGKILL);
	must(waitpid(child, &status, 0) == child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	listen_until(fds[0], INT64_MAX);
	close(fds[0]);
}

/* The last start, which recovers and ends in order. */
static void recover(struct carry_recovery *out)
{
	struct carrier_options options = {.data_dir = dir};
	struct carrier *carrier;
	struct store *store;

	must(store_open(dir, STORE_CREATE, &store, &f) == 0);
	options.store = store;
	carrier = carrier_start(&options, out, &f);
	must(carrier != NULL);
	carrier_stop(&carrier);
	store_close(&store);
}

static int64_t requests;

static bool on_sum(void *arg, const struct report_sum *sum)
{
	(void)arg;
	requests = sum->requests;
	return true;
}

static void on_wrong(void *arg, struct str sentence)
{
	(void)arg;
	printf("    %.*s\n", STR_ARG(sentence));
}

/* Closed and told: exactly so. Opened and told: that, or lost by the rule. */
static bool is_right(struct store *s, int64_t n)
{
	struct entry full = sample_entry(n), lost = sample_lost(n), got;

	must(store_entry(s, full.request_id, 1, &arena, &got, &f) == 0);
	return entry_is_same(&got, &full) || (!closed[n] && entry_is_same(&got, &lost));
}

static void check_all(int rounds)
{
	int64_t told = 0, wrong = 0;
	struct verify_report report;
	struct store *s;

	must(store_open(dir, STORE_READ_ONLY, &s, &f) == 0);
	for (int64_t n = 0; n < (int64_t)rounds * PER_ROUND; n++) {
		if (!opened[n])
			continue;
		told++;
		wrong += !is_right(s, n);
	}
	must(store_report(s, &(struct report_ask){.to_ms = INT64_MAX}, &arena, on_sum, NULL, &f) ==
	     0);
	must(verify_ledger(s, dir, on_wrong, NULL, &report, &f) == 0);
	printf("unit crash: %d rounds, %" PRId64 " attempts told, %" PRId64 " wrong\n", rounds,
	       told, wrong);
	CHECK(told > rounds && wrong == 0 && report.wrong == 0);
	CHECK(requests >= told && requests <= told + rounds); /* one per round may be untold */
	store_close(&s);
}

int main(void)
{
	const char *wish = getenv("CRASH_ROUNDS");
	struct carry_recovery recovery;
	int64_t rounds = ROUNDS;

	if (wish && str_to_i64(str_of(wish), 1, 10000, &rounds) < 0)
		return 2;
	arena_init(&arena);
	fail_init(&f, &arena);
	dir = tempdir_make(&arena);
	opened = mem_get((size_t)rounds * PER_ROUND);
	closed = mem_get((size_t)rounds * PER_ROUND);
	for (int i = 0; i < rounds; i++)
		one_round(i);
	recover(&recovery);
	CHECK(recovery.damaged == 0);
	check_all((int)rounds);
	recover(&recovery); /* again: nothing changes */
	check_all((int)rounds);
	mem_put(opened);
	mem_put(closed);
	tempdir_remove(dir);
	arena_release(&arena);
	return check_report("crash");
}
