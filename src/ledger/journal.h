/* The append-only record of what was asked and what it came to: the truth that the store is
 * filled from. docs/ledger.md has the format and the recovery rules.
 *
 * Two records per attempt: `open` before the request may go to the provider, `close` after.
 * Records are gathered during a loop's turn and written with one write() at its end, before
 * anything of that turn is sent; so a killed process loses nothing. A syncer thread syncs files
 * (at most 100 ms late, for power loss), a carrier takes closed entries to the store
 * (ledger/carrier.h).
 *
 * THREADS: one journal per loop, used on its loop; syncer and carrier see its tail. */
#ifndef LEDGER_JOURNAL_H
#define LEDGER_JOURNAL_H

#include "base/loop.h"
#include "fail.h"
#include "store/entry.h"

#include <stdatomic.h>

struct journal;

/* What an entry's slot in the journal is called until it is closed. */
struct journal_slot {
	uint64_t sequence; /* of the open record; 0: none */
};

/* Opens a new series of segments for loop `index` under data_dir/journal, above those that are
 * there. The journal tries failed writes again by a timer of the loop. NULL: f says what the disk
 * said. */
struct journal *journal_open(struct loop *, struct str data_dir, int index, struct fail *) MUST_USE;
/* Before the loop runs: every write is synced before the turn's sends go out, so that power loss
 * costs nothing that anybody heard of; the loop waits for the disk each time. */
void journal_sync_each(struct journal *);
/* Writes and syncs what is gathered, on the loop's thread or after it has ended. Opens that have
 * no close yet will be lost entries. */
void journal_close(struct journal **);

/* Gathers an open record and reserves the room of its close. The entry's held_nusd is its bound,
 * usage.input the estimate of its input tokens, cost_nusd and charge_nusd the price of that
 * alone: what is charged if this process dies. -1: JOURNAL_UNAVAILABLE (disk full, I/O error):
 * the attempt must not be made. */
int journal_put_open(struct journal *, const struct entry *, struct journal_slot *out,
                     struct fail *) MUST_USE;
/* Gathers the close record, the whole entry. Cannot fail: its room was reserved. The slot is none
 * afterwards. */
void journal_put_close(struct journal *, struct journal_slot *, const struct entry *);

/* For loop_set_commit: writes what was gathered. */
int journal_commit(void *journal);

/* What other threads see of a journal. Lives as long as somebody holds it. */
struct journal_tail {
	atomic_int holders;
	int loop;
	uint64_t first;           /* sequence of the first slot of its first segment, the header */
	_Atomic uint64_t written; /* sequence behind the last record that was written */
	atomic_bool sync_fails;   /* set by the syncer: no opens meanwhile */
	/* Called after each write, on the loop; set before the loop runs. */
	_Atomic(void (*)(void *)) on_written;
	void *on_written_arg;
};

struct journal_tail *journal_tail_get(struct journal *);
void journal_tail_put(struct journal_tail **);

#endif
