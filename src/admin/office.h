/* The admin side as a whole: the clerk's thread, the API's listener where one is configured, and
 * what is done from time to time: looking at ceilings for webhooks, purging what is past its
 * retention.
 *
 * THREADS: the loop's. */
#ifndef ADMIN_OFFICE_H
#define ADMIN_OFFICE_H

#include "fail.h"

struct office;
struct loop;

/* By config_current(). NULL: f says what could not be opened. `where`: the store's. */
struct office *office_open(struct loop *, struct str where, struct fail *);
void office_leave(struct office *); /* another process listens there, and does the rest */
void office_close(struct office **);
/* Where the API is served, as bound; empty: it is not. */
struct str office_address(const struct office *, struct arena *);

#endif
