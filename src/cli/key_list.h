/* Keys for many at once: a line of a CSV file, a key.
 *
 *	user,team,month_usd,expires
 *	joe@example.com,search,5,1y
 *
 * Columns: account, team, user (or email, or name), label, models, expires, and the names of terms.
 * Accounts, teams and users that are not there are made. */
#ifndef CLI_KEY_LIST_H
#define CLI_KEY_LIST_H

#include "cli/errand.h"

struct key_list_ask {
	struct str file;    /* "-": standard input */
	struct str account; /* where the file has no such column, or nothing in it */
};

/* Reads all lines before anything is made. Prints "KEY,account,team,user,label" for each. Gives the
 * verb's exit status. */
int key_list_create(struct errand *, const struct key_list_ask *);

#endif
