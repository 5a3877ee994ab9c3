/* The simulator behind --demo: a small provider in a process of its own, on a loopback port. It
 * speaks chat completions, responses and messages, JSON and SSE, at any path that ends like
 * theirs, and says on every answer that it is a simulator. It ends with the process that started
 * it, however that one ends. */
#ifndef DEMO_DEMO_H
#define DEMO_DEMO_H

#include "fail.h"

/* Forks: call before threads are started. One at a time. -1: f says what the system said. */
int demo_start(struct fail *, int *out_port) MUST_USE;
void demo_stop(void); /* fine when none was started */

#endif
