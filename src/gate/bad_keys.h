/* Addresses that keep sending keys that are not ours: after LIMIT_BAD_KEYS_PER_MINUTE of them no
 * look-up is made for that address until the minute is over. A table of fixed size per worker:
 * addresses that share a place share its count. */
#ifndef GATE_BAD_KEYS_H
#define GATE_BAD_KEYS_H

#include "fail.h"

struct bad_keys;

struct bad_keys *bad_keys_new(void);
void bad_keys_free(struct bad_keys **);

void bad_keys_add(struct bad_keys *, struct str address);
/* -1: RATE_LIMITED, with the wait in f->retry_after_ms. */
int bad_keys_check(struct bad_keys *, struct str address, struct fail *) MUST_USE;

#endif
