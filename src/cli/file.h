/* A file whole in memory, for verbs that are given one. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include "base/buf.h"
#include "fail.h"

/* Adds the file's bytes; "-" is standard input. -1: f names the file and why; also when it is
 * longer than the buf may be. */
int file_read(struct str name, struct buf *out, struct fail *) MUST_USE;

#endif
