/* Starts and ends the simulator's process.
 *
 *	daemon                       simulator
 *	  |  socketpair, fork            |
 *	  |<----------------- its port --|   one int
 *	  |                              |   serves
 *	  |-- end of file -------------->|   exits
 *
 * The end of file comes from demo_stop as well as from any death of the daemon; PR_SET_PDEATHSIG
 * covers the instant before the simulator watches. It keeps no descriptor of the daemon's (locks
 * and listening sockets would outlive it), and ignores the signals that a terminal sends to both:
 * the daemon drains first.
 *
 * Called by the serve command, before threads. Must never be called while another thread runs. */
#include "demo/demo.h"

#include "demo/simulator.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { LIFELINE_FD = 3 };

static pid_t simulator_pid;
static int lifeline = -1; /* our end */

static _Noreturn void run_child(int their_end, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	prctl(PR_SET_NAME, "flux-demo");
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (dup2(their_end, LIFELINE_FD) != LIFELINE_FD)
		_exit(1);
	close_range(LIFELINE_FD + 1, ~0U, 0);
	simulator_run(LIFELINE_FD);
	_exit(0);
}

static int hear_port(int *out_port)
{
	ssize_t n;

	do
		n = recv(lifeline, out_port, sizeof *out_port, MSG_WAITALL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof *out_port ? 0 : -1;
}

int demo_start(struct fail *f, int *out_port)
{
	pid_t parent = getpid();
	int ends[2], port;

	must(lifeline < 0);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return fail(f, FAIL_INTERNAL, "the demo's socket: %s", strerror(errno));
	simulator_pid = fork();
	if (simulator_pid == 0)
		run_child(ends[1], parent);
	close(ends[1]);
	lifeline = ends[0];
	if (simulator_pid < 0) {
		close(lifeline);
		lifeline = -1;
		return fail(f, FAIL_INTERNAL, "the demo's process: %s", strerror(errno));
	}
	if (hear_port(&port) < 0) {
		demo_stop();
		return fail(f, FAIL_INTERNAL, "the demo could not listen on 127.0.0.1");
	}
	*out_port = port;
	return 0;
}

void demo_stop(void)
{
	if (lifeline < 0)
		return;
	close(lifeline);
	lifeline = -1;
	while (waitpid(simulator_pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}
