/* The append-only record of what was asked and what it came to: the truth that the store is filled from. docs/ledger.md
 * has the format and the recovery rules.
 *
 * Two records per attempt: `open` before the request may go to the provider, `close` after. Records are gathered during
 * a loop's turn and written with one write() at its end, before anything of that turn is sent; so a killed process
 * loses nothing. A carrier thread syncs files (at most 100 ms late, for power loss) and takes closed entries to the store.
 *
 * THREADS: one journal per loop, used on its loop; the carrier reads the files. */
#ifndef LEDGER_JOURNAL_H
#define LEDGER_JOURNAL_H

#include "base/loop.h"
#include "fail.h"
#include "store/entry.h"

struct journal;

/* What an entry's slot in the journal is called until it is closed. */
struct journal_slot {
	uint64_t sequence; /* of the open record; 0: none */
};

/* Opens (creates) the series of loop `index` under data_dir/journal. -1: f says what the disk said. */
struct journal *journal_open(struct loop *, struct str data_dir, int index, struct fail *) MUST_USE;
void journal_close(struct journal **); /* writes and syncs what is gathered */

/* Gathers an open record and reserves the room of its close. -1: JOURNAL_UNAVAILABLE (disk full, I/O error): the attempt
 * must not be made. */
int journal_put_open(struct journal *, const struct entry *, struct journal_slot *out,
                     struct fail *) MUST_USE;
/* Gathers the close record. Cannot fail: its room was reserved. */
void journal_put_close(struct journal *, struct journal_slot *, const struct entry *);

/* For loop_set_commit: writes what was gathered. */
int journal_commit(void *journal);

#endif
