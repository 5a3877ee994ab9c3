/* Where one process keeps its journal within a data directory. While a successor has begun and its
 * predecessor still finishes what is under way, two write there: each has a seat of its own, and
 * with it a node, a journal and leases of its own.
 *
 *	DATA             seat 0: DATA/journal/...
 *	DATA/seat-N      seat N: DATA/seat-N/journal/...
 *	.../journal/seat locked while a process sits there; has a byte in it until that ended well
 *
 * Who dies leaves the byte: the next process on the data directory that looks (at its start, or
 * while it runs) brings that journal to the store and gives back what it had leased.
 *
 * THREADS: no state. Calls block for the time of disk calls; seat_recover for the store's. */
#ifndef LEDGER_SEAT_H
#define LEDGER_SEAT_H

#include "ledger/carry.h"

enum { SEATS = 16 };

struct seat {
	struct str dir; /* arena: the data directory of segment.h */
	int index;
	int fd; /* -1: none taken */
};

struct str seat_dir(struct str data_dir, int index, struct arena *);

/* The first that is free, made where it is missing. `dir` lives in f's arena. -1: all are taken. */
int seat_take(struct str data_dir, struct seat *out, struct fail *) MUST_USE;
/* All is carried and given back, or else (not `ended_well`) somebody must see to it. */
void seat_leave(struct seat *, bool ended_well);

bool seat_is_taken(struct str seat_dir); /* by a living process */
bool seat_any_taken(struct str data_dir);

/* Sees to seats that nobody sits on and that were not left well, or to all that nobody sits on (a
 * store that was restored lacks what they had carried): as carry_recover, and the leases go. Adds
 * up in `out`. */
int seat_recover(struct store *, struct str data_dir, bool all, struct carry_recovery *out,
                 struct fail *) MUST_USE;

#endif
