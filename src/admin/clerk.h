/* The thread of the admin side that may block: it has a connection of its own to the store, and
 * works on jobs one after another. The loop gives jobs and gets them back on its own thread.
 *
 *	loop ── clerk_give ──> job->work(job, store)     the clerk's thread
 *	     <─ loop's turn ── job->done(job)            the loop's
 *
 * THREADS: the functions here belong to the loop's thread. A job belongs to the clerk from
 * clerk_give to done. */
#ifndef ADMIN_CLERK_H
#define ADMIN_CLERK_H

#include "base/list.h"
#include "base/loop.h"
#include "store/store.h"

struct clerk;

struct clerk_job { /* embed it; zero it before first use */
	struct list_node node;
	/* The store is NULL where it cannot be opened; then f is set. */
	void (*work)(struct clerk_job *, struct store *, struct fail *);
	void (*done)(struct clerk_job *);
};

/* `where`: the store's, as store_open takes it. It is opened when it is first needed. */
struct clerk *clerk_start(struct loop *, struct str where);
void clerk_give(struct clerk *, struct clerk_job *);
/* Ends the thread after what it works on now; every job that was given is told done, on the way. */
void clerk_stop(struct clerk **);

#endif
