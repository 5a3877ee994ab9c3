/* Taking one loop's journal to the store: read, put entries in batches, delete segments that are
 * done with. The carrier's and recovery's common part.
 *
 * THREADS: one at a time. Calls block. */
#ifndef LEDGER_CARRY_H
#define LEDGER_CARRY_H

#include "ledger/replay.h"
#include "store/store.h"

struct carry {
	struct store *store; /* borrows, as data_dir */
	struct str data_dir;
	struct store_mark mark;
	struct replay replay;
	uint64_t next;   /* sequence of the slot to be read next */
	uint64_t oldest; /* segment that was not deleted yet */
	int fd;
	uint64_t fd_segment;

	uint64_t carried;  /* recovery: the checkpoint that was found */
	int64_t purged_ms; /* recovery: carried entries before that were purged, and stay so */

	struct entry *batch; /* read, not yet in the store */
	int batch_count, batch_room;
	struct arena texts; /* of the batch */
};

struct carry_place {
	struct str data_dir; /* must outlive the carry */
	uint8_t node[RECORD_NODE_BYTES];
	int loop;
	uint64_t first_segment;
};

void carry_init(struct carry *, struct store *, const struct carry_place *);
void carry_release(struct carry *);

/* Reads at most about CARRY_SLOTS before `to` and puts their entries into the store. -1: nothing
 * is lost, the next call tries again. */
enum { CARRY_SLOTS = 2048 };
int carry_some(struct carry *, uint64_t to, struct fail *) MUST_USE;
bool carry_is_done(const struct carry *, uint64_t to);

/* No more will be written: what is open becomes lost entries, and these go to the store too. */
int carry_end_run(struct carry *, struct fail *) MUST_USE;

/* Deletes segments before that of `next` that nobody needs any more. */
int carry_delete_done(struct carry *, struct fail *) MUST_USE;

/* Everything that earlier processes left under data_dir. `damaged` and `lost` add up over all
 * loops. */
struct carry_recovery {
	int64_t entries, lost, damaged, torn;
};
int carry_recover(struct store *, struct str data_dir, struct carry_recovery *out,
                  struct fail *) MUST_USE;

#endif
