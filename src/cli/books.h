/* What the verbs on keys and spending begin and end with: a data directory's store, and a place
 * for texts. */
#ifndef CLI_BOOKS_H
#define CLI_BOOKS_H

#include "store/store.h"

struct books {
	struct str data_dir;
	struct arena arena; /* texts of one command */
	struct fail fail;
	struct store *store;
};

/* -1: said on standard error. Release it in any case. */
int books_open(struct books *, struct str data_dir, enum store_open_how) MUST_USE;
void books_release(struct books *);
int books_fails(const struct books *); /* says the failure on standard error; gives 1 */

/* Lets a running daemon bring what it has served into the store, and says so when something is
 * not there yet. */
void books_catch_up(struct books *);

#endif
