/* One thread's share of the daemon: a loop, the sockets in front of it, the connections behind
 * it, its journal. Everything that a request needs beside itself.
 *
 * THREADS: a worker belongs to its loop's thread; `shared` holds what all workers have in
 * common, each part of which guards itself. */
#ifndef PATH_WORKER_H
#define PATH_WORKER_H

#include "base/loop.h"
#include "base/random.h"
#include "base/timer.h"
#include "config/config.h"
#include "front/listen.h"
#include "gate/account.h"
#include "gate/key.h"
#include "ledger/carrier.h"
#include "ledger/journal.h"
#include "trace/sample.h"
#include "trace/writer.h"
#include "path/turnstile.h"
#include "upstream/exchange.h"

#include <stdatomic.h>

/* How the service is doing, in the order it goes through. */
enum shared_state {
	SHARED_SERVING,
	SHARED_DELAYED,  /* not ready any more, still listening */
	SHARED_LEAVING,  /* another process listens; whoever is connected may ask once more */
	SHARED_DRAINING, /* not listening; what is under way may finish */
	SHARED_CUT,      /* nothing may */
};

struct shared {
	atomic_int busy;  /* workers whose loops have not ended */
	int worker_count; /* among how many a bound is divided; 0: one */
	struct key_table *keys;
	struct limits *limits;
	struct account_table *accounts;
	struct carrier *carrier;
	struct tariff *tariff;
	struct str journal_dir; /* this process's seat in the data directory */
	atomic_bool is_ready;   /* /readyz says so; false before listening and from SIGTERM on */
	_Atomic(enum shared_state) state;
};

struct worker {
	struct loop loop;
	struct front *front;
	struct upstream *upstream;
	struct journal *journal;
	struct writer *decisions; /* NULL: their records are off */
	struct sampler *samples;
	struct shared *shared; /* borrows */
	struct json scratch;   /* reused for answers and events */
	struct uuid7_maker ids;
	struct list requests; /* all that are under way */
	struct list
	    asking; /* of these, those that wait for news of keys, in the order they asked */
	struct list proving;      /* those that wait for a provider's credential */
	struct limit_inbox inbox; /* of requests that wait for money */
	struct bad_keys *bad_keys;
	struct turnstile turnstile;
	bool is_first;           /* its loop ends last */
	enum shared_state state; /* the last one that was obeyed */
	struct timer watch;      /* while draining: has the last connection gone? */
	struct timer log_rest;   /* lines that wait for more of them */
	uv_work_t first_work;    /* for the pool */
	uv_thread_t thread;
	struct str bound[CONFIG_LISTEN_MAX]; /* its configured addresses that are listened on */
	int bound_count;                     /* 0: the command line's is */
	struct arena bound_texts; /* no reference: a snapshot has credentials, and should go */
	struct config *shown;     /* whose certificates are shown there */
};

/* -1: f says what could not be opened or bound. */
int worker_init(struct worker *, struct shared *, struct str data_dir, int index,
                struct fail *) MUST_USE;
void worker_run(struct worker *); /* its loop, until it is stopped */
void worker_release(struct worker *);
/* The front listens on what the configuration (NULL: the command line) names, in its order:
 * connections are served as it says, and as later ones say for the same addresses. */
void worker_follow(struct worker *, struct config *bound);

#endif
