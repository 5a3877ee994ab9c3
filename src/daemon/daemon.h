/* The running service: its workers and their threads, signals, reload, and the graceful stop.
 *
 * 	SIGTERM, SIGINT   /readyz fails at once; after drain_delay listening stops; idle connections
 * 	                  close; what is under way may finish within drain_limit. A second one cuts
 * 	                  at once.
 * 	SIGHUP            the configuration is read again; a broken one is refused, and the log
 * 	                  says why
 * 	SIGUSR2           the program on the disk takes over (handover.h); what is under way here
 * 	                  may finish within upgrade_limit
 *
 * THREADS: daemon_run is the main thread's; it runs the first worker's loop itself. */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "config/config.h"
#include "daemon/heir.h"
#include "ledger/seat.h"
#include "store/store.h"

struct daemon_options {
	struct str data_dir;
	int lock;               /* its lock's descriptor */
	struct seat *seat;      /* in it; borrows, as all here */
	struct heir *heir;      /* what the process before left */
	char **words;           /* of the command line, behind the program's name; then NULL */
	struct str config_file; /* empty: built-in, and SIGHUP reads nothing */
	struct str listen;      /* overrides the configuration's; empty: not */
	int threads;            /* the same; 0: not */
	struct store *store;    /* borrows */
	struct str store_where; /* as store_open took it: secret */
	/* Called once, when all addresses are served. */
	void (*on_listening)(void *arg, const struct str *addresses, int count);
	void *listening_arg;
};

/* Serves until it was told to stop, and everything is in the store. -1: f says why it could not
 * start. The configuration in force is config_current(). */
int daemon_run(const struct daemon_options *, struct fail *) MUST_USE;

#endif
