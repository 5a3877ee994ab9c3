/* The journal's files: names, making, listing. docs/ledger.md, "Segments". Calls block for the
 * time of a disk call. */
#ifndef LEDGER_SEGMENT_H
#define LEDGER_SEGMENT_H

#include "fail.h"
#include "ledger/record.h"

enum { SEGMENT_LOOPS_MAX = 100 };

struct segment_id {
	int loop;
	uint64_t number;
};

/* Makes data_dir/journal (0700) and its file `node` where they are missing, and reads the node id.
 */
int segment_dir_make(struct str data_dir, uint8_t *out_node, struct fail *) MUST_USE;
/* Reads it. -1: there is no journal, or f says what the disk said. */
int segment_dir_read(struct str data_dir, uint8_t *out_node, struct fail *) MUST_USE;

/* All segments there are, by loop and then number; arena. None where there is no directory. */
int segment_list(struct str data_dir, struct arena *, struct segment_id **out, int *out_count,
                 struct fail *) MUST_USE;

struct str segment_path(struct str data_dir, struct segment_id, struct arena *);

/* Makes the file with all its room and its header. -1: nothing was made. */
int segment_create(struct str data_dir, const struct record_segment *, int *out_fd,
                   struct fail *) MUST_USE;
int segment_open(struct str data_dir, struct segment_id, int *out_fd, struct fail *) MUST_USE;
void segment_delete(struct str data_dir, struct segment_id); /* fine when it is gone */

/* fdatasync; of a file that is new also the directory that names it. */
int segment_sync(struct str data_dir, struct segment_id, bool is_new, struct fail *) MUST_USE;

#endif
