/* Telling systemd how a service is doing: sd_notify(3), which is one datagram to the socket that
 * $NOTIFY_SOCKET names. Nothing happens where there is none.
 *
 * THREADS: main's. */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

#include "base/str.h"

/* Lines of NAME=VALUE, such as READY=1. */
void notify_say(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
