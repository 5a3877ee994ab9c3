/* Listening sockets that outlive a process: those that an earlier one, or systemd, left to this
 * one, and those that this one would leave to its successor. What waits in a socket's queue is not
 * lost, as it would be if one closed its socket and the other opened its own.
 *
 * THREADS: safe from any. */
#ifndef FRONT_INHERIT_H
#define FRONT_INHERIT_H

#include <stdbool.h>
#include <sys/socket.h>

enum { INHERIT_SOCKETS = 1024 }; /* 64 loops with 16 addresses each */

/* Before anybody listens: takes the descriptors first..first+count-1. What is no listening
 * stream socket is closed. */
void inherit_give(int first, int count);
/* One that is bound to that address and not taken yet; it belongs to the caller. -1: none. */
int inherit_take(const struct sockaddr *, socklen_t len);
/* Closes what nobody has taken: addresses that are no longer listened on. */
void inherit_drop_rest(void);

/* A socket on which this process listens, until it is closed. */
void inherit_note(int fd);
void inherit_forget(int fd);
/* All of these, at most `max`; borrowed. */
int inherit_list(int *out, int max);

/* A successor listens on them: what is closed from now on leaves the files of unix sockets. */
void inherit_handed_over(void);
bool inherit_is_handed_over(void);

#endif
