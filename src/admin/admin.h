/* The side door for operators, on a listener of its own: /metrics now. Loopback by default, no
 * key. */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "fail.h"

struct admin;
struct loop;

/* Serves on that loop. NULL without a failure: `address` is "off". */
struct admin *admin_start(struct loop *, struct str address, struct fail *);
void admin_leave(struct admin *); /* another process listens there */
void admin_stop(struct admin **);

#endif
