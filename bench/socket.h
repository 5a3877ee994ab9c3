/* TCP on the loopback for the two programs of the rig. A failure here means that the rig is set up
 * wrongly, so every function ends the program with a sentence on standard error instead of
 * returning it. */
#ifndef BENCH_SOCKET_H
#define BENCH_SOCKET_H

#include "base/must.h"

#include <stdint.h>

/* Prints the sentence (and errno's text where it is not 0) and exits with 2. */
_Noreturn void rig_die(const char *format, ...) PRINTF_LIKE(1, 2);

int socket_listen(uint16_t port); /* gives a non-blocking listening socket on 127.0.0.1 */
int socket_dial(uint16_t port);   /* gives a connected non-blocking socket, TCP_NODELAY set */
int socket_accept(int listener);  /* gives one like socket_dial, or -1 when nobody waits */

/* Raises the soft limit of descriptors to the hard one. */
void socket_raise_limit(void);

#endif
