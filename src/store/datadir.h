/* The data directory: who may use it. One daemon at a time, but for one that replaces another
 * (ledger/seat.h); command-line verbs beside it as they like. */
#ifndef STORE_DATADIR_H
#define STORE_DATADIR_H

#include "fail.h"

/* Makes the directory and its parents where they are missing, readable by the owner only. */
int datadir_make(struct str data_dir, struct fail *) MUST_USE;

/* The daemon's lock: held until the descriptor is closed or the process ends, however it ends.
 * -1: another one has it. */
int datadir_lock(struct str data_dir, int *out_fd, struct fail *) MUST_USE;
/* That descriptor, which another process lent, is that lock. */
bool datadir_is_lock(struct str data_dir, int fd);

#endif
