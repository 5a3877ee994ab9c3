/* The data directory: who may use it. One daemon at a time; command-line verbs beside it as they
 * like. */
#ifndef STORE_DATADIR_H
#define STORE_DATADIR_H

#include "fail.h"

/* Makes the directory and its parents where they are missing, readable by the owner only. */
int datadir_make(struct str data_dir, struct fail *) MUST_USE;

/* The daemon's lock: held until the descriptor is closed or the process ends, however it ends.
 * -1: another one has it. */
int datadir_lock(struct str data_dir, int *out_fd, struct fail *) MUST_USE;
bool datadir_is_served(struct str data_dir); /* a daemon holds the lock now */

#endif
