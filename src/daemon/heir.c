/* The new process's side of a hand-over. What it says are lines: "ready", or "failed WHY".
 * Called by serve and the daemon. Must never end the process before: that is for it to decide. */
#include "daemon/heir.h"

#include "front/inherit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SYSTEMD_FD = 3 };

/* The number in that variable, which is taken out of the environment; 0: none. */
static int take_number(const char *name)
{
	const char *text = getenv(name);
	int64_t number = 0;

	if (text && str_to_i64(str_of(text), 0, INT32_MAX, &number) < 0)
		number = 0;
	unsetenv(name);
	return (int)number;
}

static void keep_to_ourselves(int fd)
{
	must(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
}

void heir_begin(struct heir *h)
{
	bool is_handed = getenv(HEIR_VARIABLE) != NULL;
	int handed = take_number(HEIR_VARIABLE);
	int pid = take_number("LISTEN_PID"), activated = take_number("LISTEN_FDS");

	unsetenv("LISTEN_FDNAMES");
	*h = (struct heir){-1, -1};
	if (is_handed && fcntl(HEIR_TALK_FD, F_GETFD) >= 0 && fcntl(HEIR_LOCK_FD, F_GETFD) >= 0) {
		*h = (struct heir){HEIR_TALK_FD, HEIR_LOCK_FD};
		keep_to_ourselves(h->talk);
		keep_to_ourselves(h->lock);
		inherit_give(HEIR_SOCKETS_FD, handed < INHERIT_SOCKETS ? handed : INHERIT_SOCKETS);
	} else if (pid == getpid()) {
		inherit_give(SYSTEMD_FD, activated < INHERIT_SOCKETS ? activated : INHERIT_SOCKETS);
	}
}

bool heir_has_predecessor(const struct heir *h)
{
	return h->talk >= 0;
}

static void say(struct heir *h, struct str text)
{
	if (h->talk >= 0 && send(h->talk, text.ptr, text.len, MSG_NOSIGNAL) < 0)
		text.len = 0; /* it has gone: then nobody needs to hear it */
}

static void hang_up(struct heir *h)
{
	if (h->talk >= 0)
		close(h->talk);
	h->talk = -1;
}

void heir_say_ready(struct heir *h)
{
	say(h, STR("ready\n"));
	hang_up(h);
}

void heir_say_failed(struct heir *h, struct str why)
{
	say(h, STR("failed "));
	say(h, why);
	hang_up(h);
}
