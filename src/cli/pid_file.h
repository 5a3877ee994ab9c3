/* The file that tells which process serves: its number and a newline. The number is that of the
 * newest: who takes over from another writes its own.
 *
 * THREADS: main's. */
#ifndef CLI_PID_FILE_H
#define CLI_PID_FILE_H

#include "fail.h"

int pid_file_write(struct str path, struct fail *) MUST_USE;
void pid_file_remove(struct str path); /* if it has our number */

#endif
