/* Replacing this process by the program that is on the disk now, without a moment in which nobody
 * listens: SIGUSR2.
 *
 *	old   starts the program with its own arguments; lends it the listening sockets, the data
 *	      directory's lock, and a line to talk (heir.h)
 *	new   reads the configuration, opens the store, takes a seat (ledger/seat.h), listens: ready
 *	old   closes its sockets, finishes what it has, ends
 *
 * A new program that ends, says that it failed, or is not ready in time changes nothing.
 *
 * THREADS: main's, on the loop given. */
#ifndef DAEMON_HANDOVER_H
#define DAEMON_HANDOVER_H

#include "base/timer.h"
#include "fail.h"

enum { HANDOVER_PATIENCE_MS = 60 * 1000, HANDOVER_SAID_BYTES = 1024 };

struct handover;

struct handover_options {
	struct loop *loop;
	char **words; /* the program's arguments behind its name, then NULL; borrows, as all here */
	int lock;     /* descriptor of the data directory's lock */
	/* One of them, once for each handover_begin: the new process serves; or it does not, and
	 * `why` is a sentence for the log. */
	void (*on_ready)(struct handover *, int pid);
	void (*on_failed)(struct handover *, struct str why);
};

struct handover {
	struct handover_options options;
	uv_process_t process;
	uv_poll_t talk;
	struct timer patience;
	int talk_fd; /* our end of the line */
	int open_handles;
	bool is_under_way; /* begun, and neither ready nor failed yet */
	bool is_late;
	char said[HANDOVER_SAID_BYTES];
	size_t said_len;
};

void handover_init(struct handover *, const struct handover_options *);
/* -1: f says what kept the program from being started; nothing has changed. */
int handover_begin(struct handover *, struct fail *) MUST_USE;
/* Ends the new process unless it is ready already. */
void handover_cancel(struct handover *);
void handover_release(struct handover *); /* before the loop is released */

#endif
