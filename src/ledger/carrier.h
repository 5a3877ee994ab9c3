/* The threads behind the ledger: the syncer makes the journals last through power loss, the
 * carrier takes their entries to the store and tells of keys that changed there.
 *
 *	carrier_start       recovers what earlier processes left, tells all keys; then serve
 *	carrier_follow      once per loop, before the loop runs
 *	...
 *	journal_close       of each loop, when the loops have ended
 *	carrier_stop        carries the rest
 *
 * The store belongs to the carrier between start and stop.
 *
 * THREADS: carrier_ask_keys, _has_answered and _backlog from any; the rest from main's. */
#ifndef LEDGER_CARRIER_H
#define LEDGER_CARRIER_H

#include "ledger/carry.h"
#include "ledger/journal.h"
#include "ledger/tariff.h"
#include "store/owner.h"

struct carrier;

struct carrier_options {
	struct store *store;   /* borrows, as all here */
	struct tariff *tariff; /* what it noted goes along with entries; NULL: none wanted */
	struct str data_dir;   /* of the journals: the process's seat */
	struct str seats_of; /* where seats of processes that died are looked for; empty: nowhere */
	int64_t sync_ms;     /* between two syncs of the journals; 0: 50 */
	bool leaves_sync;    /* to the system; power loss can cost what it had not written */
	/* Every key at start, later each that is new or changed, within 250 ms: on the carrier's
	 * thread. NULL: none wanted. */
	void (*on_key)(void *arg, const struct store_key *);
	void *key_arg;
	/* The same of plans, accounts, teams and users; always after the keys that name them. */
	void (*on_owner)(void *arg, const struct store_owner *);
	void *owner_arg;
	/* Sentences for the log: when something begins to fail and when it works again. From the
	 * carrier's threads; NULL: none wanted. */
	void (*on_trouble)(void *arg, struct str sentence);
	void *trouble_arg;
};

/* NULL: the store or the journals cannot be read; f says which. */
struct carrier *carrier_start(const struct carrier_options *, struct carry_recovery *out,
                              struct fail *) MUST_USE;
void carrier_follow(struct carrier *, struct journal *);

/* Carries all that was written: true. Gives up after a few seconds of a store that fails: the
 * journals keep it for the next start. */
bool carrier_stop(struct carrier **);

/* No loop is woken any more: they are about to be released. */
void carrier_forget_loops(struct carrier *);

/* Asks for news of keys now; the loop is woken (loop_wake) when carrier_has_answered says so of
 * the ticket, a few milliseconds later; on_key has been told everything by then. A store that
 * cannot be asked answers too. */
uint64_t carrier_ask_keys(struct carrier *, struct loop *);
bool carrier_has_answered(struct carrier *, uint64_t ticket);

struct carrier_backlog {
	int64_t records;       /* written to journals, not yet carried */
	int64_t journal_bytes; /* of segments on the disk */
};
struct carrier_backlog carrier_backlog(struct carrier *);

/* What has been written to journals by now, and whether the store has all of it. Any thread. */
struct carrier_point {
	int count;
	uint64_t written[SEGMENT_LOOPS_MAX];
};
void carrier_note_point(struct carrier *, struct carrier_point *out);
bool carrier_is_past(struct carrier *, const struct carrier_point *);

#endif
