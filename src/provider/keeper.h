/* Keeps credentials fresh, on a thread of its own: fetches each when it is first named, again when
 * a fifth of its life (at most ten minutes) is left, and after a failure with growing pauses (1 s
 * to 1 minute). One fetch at a time for each. What failed is in the log, without what was sent or
 * came. Asks nobody but the addresses of the configuration.
 *
 * THREADS: keeper_start and keeper_stop on the main thread. */
#ifndef PROVIDER_KEEPER_H
#define PROVIDER_KEEPER_H

struct keeper;

/* on_news on the keeper's thread: some credential came, or did not. */
struct keeper *keeper_start(void (*on_news)(void *arg), void *arg);
void keeper_stop(struct keeper **); /* cuts what is under way; fine with NULL */

#endif
