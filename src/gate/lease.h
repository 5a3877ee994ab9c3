/* The thread that fetches money from the store ahead of need, and takes back what is not used.
 * docs/ledger.md, "Leases".
 *
 *	lease_start    gives back what an earlier process of this node left; then serve
 *	...            limits.h asks, answers come as soon as the store has them
 *	lease_stop     gives everything back; when all that was settled has been carried
 *
 * A store that fails is tried again every half second; until it answers, leases are spent to their
 * end, and then limits_admit refuses.
 *
 * THREADS: start and stop on main's; the store given is the thread's own in between. */
#ifndef GATE_LEASE_H
#define GATE_LEASE_H

#include "gate/limit.h"

struct lease;

struct lease_options {
	struct limits *limits; /* borrows, as all here */
	struct store *store;   /* a connection of its own */
	uint8_t node[16];
	/* For the log: when the store begins to fail, and when it answers again. */
	void (*on_trouble)(void *arg, struct str sentence);
	void *trouble_arg;
};

/* NULL: the store cannot be written; f says why. The journal of this node has been recovered. */
struct lease *lease_start(const struct lease_options *, struct fail *) MUST_USE;
/* False: the store has not taken all of it back; the next start of this node does. */
bool lease_stop(struct lease **);

#endif
