/* What this process got from the one that started it.
 *
 *	FLUXROUTER_HANDOVER=N     a fluxrouter that wants to be replaced (handover.h): descriptor 3
 *	                          is to talk to it, 4 holds the data directory's lock, N listening
 *	                          sockets follow
 *	LISTEN_FDS=N, LISTEN_PID  systemd, by socket activation: N sockets from 3 on
 *	                          (sd_listen_fds(3))
 *
 * THREADS: main's. */
#ifndef DAEMON_HEIR_H
#define DAEMON_HEIR_H

#include "base/str.h"

enum { HEIR_TALK_FD = 3, HEIR_LOCK_FD = 4, HEIR_SOCKETS_FD = 5 };
#define HEIR_VARIABLE "FLUXROUTER_HANDOVER"

struct heir {
	int talk; /* -1: there is no process before */
	int lock; /* of the data directory, held; -1: the same */
};

/* Before anything else is opened. The environment has none of it afterwards. */
void heir_begin(struct heir *);
bool heir_has_predecessor(const struct heir *);
/* To the process before: we serve; it stops listening. */
void heir_say_ready(struct heir *);
/* Or: it goes on, and its log says why. */
void heir_say_failed(struct heir *, struct str why);

#endif
