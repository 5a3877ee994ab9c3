/* A turn's end: what is committed before what runs, and what a failing commit holds back. */
#include "base/clock.h"
#include "base/loop.h"
#include "base/timer.h"

#include "check.h"

static struct loop loop;
static char told[64];
static bool commit_fails;
static struct loop_task first, second, third;

static void tell(char what)
{
	size_t len = strlen(told);

	if (len < sizeof told - 1)
		told[len] = what;
}

static int commit(void *arg)
{
	(void)arg;
	tell(commit_fails ? 'x' : 'c');
	return commit_fails ? -1 : 0;
}

static void run_third(struct loop_task *task)
{
	(void)task;
	tell('3');
}

static void run_second(struct loop_task *task)
{
	(void)task;
	tell('2');
}

/* Asks for a third, twice, which is once. */
static void run_first(struct loop_task *task)
{
	(void)task;
	tell('1');
	loop_at_turn_end(&loop, &third);
	loop_at_turn_end(&loop, &third);
}

static void on_due(struct timer *t)
{
	(void)t;
	commit_fails = false;
	tell('t');
}

/* Only what begins with the first task; commits of turns in which nothing runs come and go. */
static struct str told_from(const char *what)
{
	const char *at = strstr(told, what);

	return at ? str_part(str_of(at), 0, strlen(what)) : str_of(told);
}

static void run_turns(void)
{
	memset(told, 0, sizeof told);
	first.run = run_first;
	second.run = run_second;
	third.run = run_third;
	loop_at_turn_end(&loop, &first);
	loop_at_turn_end(&loop, &second);
	loop_run(&loop);
}

static void test_each_round_is_committed(void)
{
	struct timer once = {.loop = NULL};

	timer_set(&once, &loop, 1, on_due);
	run_turns();
	CHECK_STR(told_from("c12c3c"), STR("c12c3c"));
}

static void test_failing_commit_holds_all_back(void)
{
	struct timer once = {.loop = NULL};

	commit_fails = true;
	timer_set(&once, &loop, 60, on_due);
	run_turns();
	CHECK_STR(told_from("tc12c3c"), STR("tc12c3c"));
	CHECK(strchr(told, '1') > strchr(told, 't'));
}

static void test_dropped_task(void)
{
	struct timer once = {.loop = NULL};

	timer_set(&once, &loop, 1, on_due);
	loop_at_turn_end(&loop, &third);
	loop_drop_task(&third);
	loop_drop_task(&third);
	memset(told, 0, sizeof told);
	loop_run(&loop);
	CHECK(strchr(told, '3') == NULL);
}

static struct timer first_due, second_due, put_off;
static int64_t put_off_ns, put_off_at_ns;

static void on_put_off(struct timer *t)
{
	(void)t;
	put_off_at_ns = clock_mono_ns();
}

/* Due in the same moment as the other, which is set anew by whichever comes first. */
static void on_first_of_two(struct timer *t)
{
	timer_set(t == &first_due ? &second_due : &first_due, &loop, 300, on_put_off);
}

/* What is put off comes later, however often, also from among those that are due; what is brought
 * forward comes earlier. */
static void test_timer_put_off(void)
{
	int64_t from_ns = clock_mono_ns();

	timer_set(&put_off, &loop, 20, on_put_off);
	timer_set(&put_off, &loop, 10000, on_put_off);
	timer_set(&put_off, &loop, 400, on_put_off);
	timer_set(&put_off, &loop, 700, on_put_off);
	loop_run(&loop);
	CHECK(put_off_at_ns - from_ns >= 690000000LL && put_off_at_ns - from_ns < 9000000000LL);

	timer_set(&first_due, &loop, 20, on_first_of_two);
	timer_set(&second_due, &loop, 20, on_first_of_two);
	put_off_ns = clock_mono_ns();
	put_off_at_ns = 0;
	loop_run(&loop);
	CHECK(put_off_at_ns - put_off_ns >= 300000000LL);
}

static int turns_seen;
static int64_t shortest_ns, longest_ns;
static size_t most_bytes;

static void on_turn(void *arg, int64_t took_ns, size_t bytes)
{
	(void)arg;
	turns_seen++;
	shortest_ns = took_ns < shortest_ns ? took_ns : shortest_ns;
	longest_ns = took_ns > longest_ns ? took_ns : longest_ns;
	most_bytes = bytes > most_bytes ? bytes : most_bytes;
}

/* One that was to run in the next turn and was dropped must not keep the loop turning. */
static void test_dropped_for_next_turn(void)
{
	struct timer once = {.loop = NULL};

	timer_set(&once, &loop, 200, on_due);
	third.run = run_third;
	loop_next_turn(&loop, &third);
	loop_drop_task(&third);
	turns_seen = 0;
	loop_run(&loop);
	CHECK(turns_seen > 0 && turns_seen < 50);
}

enum { BUSY_NS = 30000000 };

static void be_busy(struct timer *t)
{
	int64_t from_ns = clock_mono_ns();

	(void)t;
	while (clock_mono_ns() - from_ns < BUSY_NS)
		continue;
}

/* A turn is what was done, without what was waited for: ticks are 50 ms apart. */
static void test_turn_is_measured(void)
{
	struct timer busy = {.loop = NULL};

	shortest_ns = INT64_MAX;
	longest_ns = 0;
	timer_set(&busy, &loop, 1000, be_busy);
	loop_run(&loop);
	CHECK(longest_ns >= BUSY_NS);
	CHECK(shortest_ns >= 0 && shortest_ns < BUSY_NS);
}

/* A socket's share of a turn; another socket has its own, and the next turn a new one. */
static void test_share_of_reading(void)
{
	int one = 0, other = 0; /* what counts is their addresses */

	CHECK(loop_may_read(&loop, &one) == LOOP_TURN_READ_BYTES);
	loop_has_read(&loop, 1000);
	CHECK(loop_may_read(&loop, &one) == LOOP_TURN_READ_BYTES - 1000);
	loop_has_read(&loop, LOOP_TURN_READ_BYTES);
	CHECK(loop_may_read(&loop, &one) == 0);
	CHECK(loop_may_read(&loop, &other) == LOOP_TURN_READ_BYTES);
	loop_has_read(&loop, 10);
	third.run = run_third;
	loop_next_turn(&loop, &third);
	most_bytes = 0;
	loop_run(&loop);
	CHECK(loop_may_read(&loop, &other) == LOOP_TURN_READ_BYTES);
	CHECK(most_bytes == 1000 + LOOP_TURN_READ_BYTES + 10);
}

static void put_much(struct loop_task *task)
{
	enum { BYTES = 8 * MEM_LARGE_BYTES };
	static int rounds;
	char *memory;

	if (loop.leaving_bytes == 0) {
		memory = mem_resize(NULL, BYTES);
		memset(memory, 'x', BYTES);
		mem_put(memory);
		rounds++;
	}
	if (rounds < 40)
		loop_next_turn(&loop, task);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool is_given_away = false; /* sanitizers want to see each piece freed */
#else
static const bool is_given_away = true;
#endif

/* Large memory that is put on a loop goes elsewhere: it is no work of the loop's turns, unless too
 * much of it waits. */
static void test_large_memory(void)
{
	struct loop_task task = {.run = put_much};

	most_bytes = 0;
	loop_next_turn(&loop, &task);
	loop_run(&loop);
	CHECK(!is_given_away || most_bytes <= MEM_LARGE_BYTES);
	CHECK(loop.leaving_bytes == 0);
}

int main(void)
{
	loop_init(&loop, 0);
	loop_set_commit(&loop, commit, NULL);
	loop_watch_turns(&loop, on_turn, NULL);
	test_each_round_is_committed();
	test_failing_commit_holds_all_back();
	test_dropped_task();
	test_dropped_for_next_turn();
	test_timer_put_off();
	test_turn_is_measured();
	test_share_of_reading();
	test_large_memory();
	loop_release(&loop);
	return check_report("loop");
}
