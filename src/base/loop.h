/* One event loop per thread: libuv, a scratch arena that dies each turn, and the end of a turn.
 *
 * A turn is: what came in is handled and only notes what is to go out; then the records of the
 * turn are committed (the journal writes them with one call); then everything goes out. So no
 * byte leaves before its record is kept, and what one turn writes to one socket goes with one
 * system call.
 *
 * THREADS: everything here belongs to the loop's own thread, but loop_wake. */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "base/arena.h"
#include "base/list.h"

#include <uv.h>

enum {
	LOOP_READ_BYTES = 64 * 1024,
	LOOP_TURN_READ_BYTES = 2 * LOOP_READ_BYTES, /* of one socket in one turn */
	TIMER_SLOTS = 256,
	TIMER_TICK_MS = 50,
};

/* Something to do at the end of this turn, once, however often it is asked for. Embed it; zero
 * it before first use. */
struct loop_task {
	struct list_node node;
	void (*run)(struct loop_task *);
};

struct loop {
	uv_loop_t uv;
	int index;            /* 0.. */
	struct arena scratch; /* reset at the end of every turn */
	char *
	    read_bytes; /* LOOP_READ_BYTES shared by all reads: empty it before the callback ends */

	struct list tasks;
	struct list next; /* for the turn after this one */
	uv_idle_t hurry;  /* keeps the poll from waiting while there are some */
	void (*on_turn)(void *, int64_t took_ns, size_t bytes);
	void *turn_arg;
	int64_t woke_ns;       /* when this turn was first heard of; 0: in the poll */
	uint64_t turn;         /* its number */
	const void *reader;    /* who read last in this turn */
	size_t reader_left;    /* of its LOOP_TURN_READ_BYTES */
	size_t leaving_bytes;  /* large pieces of memory that the pool is to put */
	int (*commit)(void *); /* 0: kept; -1: not yet, hold the tasks and try again */
	void *commit_arg;

	struct list timers[TIMER_SLOTS];
	int64_t timer_tick; /* last tick that was served */
	int timer_count;
	uv_timer_t ticker;
	uv_prepare_t before_poll;
	uv_check_t after_poll;
	uv_async_t waker;
	void (*on_wake)(struct loop *);
	void *wake_arg;
};

void loop_init(struct loop *, int index);
void loop_release(struct loop *); /* after loop_run has come back */
void loop_run(struct loop *);     /* until nothing is left to wait for, or loop_stop */
void loop_stop(struct loop *);
void loop_wake(struct loop *); /* any thread: on_wake runs soon on the loop's own */

void loop_at_turn_end(struct loop *, struct loop_task *);
/* At the end of the next turn, which comes at once: for work that goes on in slices. */
void loop_next_turn(struct loop *, struct loop_task *);
void loop_drop_task(struct loop_task *); /* fine when not queued */

/* How many bytes `reader`, a socket that has asked for room, may still read in this turn. With 0 it
 * shall give libuv no room, which then says UV_ENOBUFS once and comes back in the next turn. */
size_t loop_may_read(struct loop *, const void *reader);
void loop_has_read(struct loop *, size_t bytes); /* who asked last */

/* Tells of each turn how long it took, without the poll, and how many bytes it went through (see
 * work.h); to be asked for before the loop runs. */
void loop_watch_turns(struct loop *, void (*on_turn)(void *, int64_t took_ns, size_t bytes),
                      void *arg);
/* A turn begins here. First in what the poll calls: reading has it (loop_may_read), and where all
 * forget it the turn begins behind the poll. */
void loop_woke(struct loop *);

/* Called at the end of a turn before its tasks, every turn in which there are tasks or the
 * commit asks to be called. */
void loop_set_commit(struct loop *, int (*commit)(void *), void *arg);

#endif
