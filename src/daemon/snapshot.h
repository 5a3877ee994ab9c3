/* A configuration made ready to serve: read, its catalog built, its providers' origins prepared. */
#ifndef DAEMON_SNAPSHOT_H
#define DAEMON_SNAPSHOT_H

#include "config/config.h"

/* -1: f says what is wrong and where; nothing is left over. */
int snapshot_read(struct str file, struct config **out, struct fail *) MUST_USE;
int snapshot_built_in(const struct config_found *, int count, struct config **out,
                      struct fail *) MUST_USE;

#endif
