/* From a loop's records, in order, to entries: each close is one, each open whose run ended
 * without its close is a lost one. docs/ledger.md, "Reading and recovery". Pure but for
 * replay_read.
 *
 *	replay_init(&r, on_entry, arg);
 *	replay_record(&r, bytes, sequence)       for every slot of every segment, in order
 *	replay_end_run(&r)                       when no more can come
 *	replay_release(&r)
 */
#ifndef LEDGER_REPLAY_H
#define LEDGER_REPLAY_H

#include "base/list.h"
#include "base/map.h"
#include "ledger/segment.h"

struct replay_names; /* of the segment that is being read */

struct replay {
	/* The entry's texts live until the callback ends. `sequence` is that of the record it was
	 * made from. */
	void (*on_entry)(void *arg, const struct entry *, uint64_t sequence);
	void *arg;

	struct map open_by_sequence; /* struct replay_open */
	struct list opens;           /* the same, oldest first */
	struct list spares;          /* memory of some that were closed, for those to come */
	int spare_count;
	struct arena names_arena;
	struct replay_names *names;

	struct record_segment segment; /* header of the one that is being read */
	uint64_t run;
	uint64_t expected; /* the run's next sequence; 0: the run's first is yet to come */
	int64_t bad_here;  /* slots that are damaged, since the last good one */
	int64_t opened, closed, lost;
	int64_t damaged; /* slots and headers, see docs/ledger.md rule 3 */
	int64_t torn;    /* rule 2 */
};

void replay_init(struct replay *, void (*on_entry)(void *, const struct entry *, uint64_t),
                 void *arg);
void replay_release(struct replay *);

void replay_record(struct replay *, const uint8_t *bytes, uint64_t sequence);
/* Lost entries come out now, at the latest. Also done by itself when a segment of another run
 * begins. */
void replay_end_run(struct replay *);

/* The sequence of the oldest open that waits for its close; UINT64_MAX: none. */
uint64_t replay_oldest_open(const struct replay *);
int64_t replay_open_count(const struct replay *);

/* Feeds slots of one segment file from `from` on, as far as the segment, the file, `to`
 * (exclusive) or REPLAY_READ_SLOTS reach. *out_next: where to go on; at the file's end the first
 * slot of the next segment. -1: cannot be read, or is of a newer format. */
enum { REPLAY_READ_SLOTS = 256 };
int replay_read(struct replay *, int fd, uint64_t from, uint64_t to, uint64_t *out_next,
                struct fail *) MUST_USE;

#endif
