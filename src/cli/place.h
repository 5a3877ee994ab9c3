/* Where the store of a data directory is: SQLite in it, or a PostgreSQL that `serve` was configured
 * for. Verbs need no configuration to find it:
 *
 *	FLUXROUTER_STORE          of the environment: an address, with a password if it needs one
 *	DIR/store.url             what the last `serve` used, without its password (PGPASSWORD and
 *	                          ~/.pgpass are PostgreSQL's own ways to give one)
 *	DIR                       else */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include "fail.h"

/* The environment's, else the directory. */
struct str place_of_environment(struct str data_dir);
/* For store_open; lives in the arena. */
struct str place_of(struct str data_dir, struct arena *);

/* Notes it for verbs to come; an empty address: SQLite. */
int place_note(struct str data_dir, struct str address, struct fail *) MUST_USE;

#endif
