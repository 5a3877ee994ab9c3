/* must() lets pass what holds, and ends the process with file and line where it does not; memory
 * comes zeroed and keeps its bytes when it grows. */
#include "base/must.h"

#include "check.h"

#include <signal.h>
#include <sys/wait.h>

static struct str die(char *room, size_t bytes, int *out_signal)
{
	int ends[2], status = 0;
	ssize_t n;
	pid_t child;

	must(pipe(ends) == 0);
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		must(1 + 1 == 3);
		_exit(0);
	}
	close(ends[1]);
	n = read(ends[0], room, bytes);
	close(ends[0]);
	must(waitpid(child, &status, 0) == child);
	*out_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	return (struct str){room, n > 0 ? (size_t)n : 0};
}

static void test_death(void)
{
	char room[1024];
	int signal_number;
	struct str said = die(room, sizeof room, &signal_number);

	CHECK(signal_number == SIGABRT);
	CHECK(str_starts_with(said, STR("fluxrouter: bug: tests/unit/test_must.c:")));
	CHECK(str_ends_with(said, STR(": must(1 + 1 == 3)\n")));
}

static void test_memory(void)
{
	char *bytes = mem_get(1000);
	bool is_zero = true;

	for (int i = 0; i < 1000; i++)
		is_zero &= bytes[i] == 0;
	CHECK(is_zero);
	memcpy(bytes, "kept", 4);
	bytes = mem_resize(bytes, 100000);
	CHECK(memcmp(bytes, "kept", 4) == 0);
	mem_put(bytes);
	mem_put(mem_get(0));
	mem_put(NULL);
}

int main(void)
{
	must(1 + 1 == 2);
	test_death();
	test_memory();
	return check_report("must");
}
