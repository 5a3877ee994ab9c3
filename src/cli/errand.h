/* Requests to the desk (admin/desk.h) from the command line: what the admin API does by HTTP, verbs
 * do on the store itself. */
#ifndef CLI_ERRAND_H
#define CLI_ERRAND_H

#include "admin/desk.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "cli/books.h"

struct errand {
	struct books books;
	struct buf body, out;
	struct json_writer json; /* onto the body: its object is open */
	struct json answer;      /* of the last request that was done */
	int status;              /* of that request */
};

/* -1: said on standard error. Release it in any case. */
int errand_open(struct errand *, struct str data_dir, enum store_open_how) MUST_USE;
void errand_release(struct errand *);

/* Closes the body's object, asks, reads the answer and begins a new body. -1: f says why not; with
 * errand_do it was said on standard error. */
int errand_try(struct errand *, const char *method, struct str target) MUST_USE;
int errand_do(struct errand *, const char *method, struct str target) MUST_USE;

/* /admin/v1/<kind>s/<which>[/<what>][?account=<account>], encoded. `which` and account may be
 * empty. Arena of the books. */
struct errand_place {
	const char *kind, *what; /* what NULL: nothing */
	struct str which, account;
};
struct str errand_target(struct errand *, const struct errand_place *);

/* A member of the body, unless the text is empty; "-" stands for null: nothing, none. */
void errand_put(struct errand *, const char *name, struct str text);
/* "month_usd=5" for each, as the member `terms`; "=" with nothing behind it is null. -1: one has no
 * '='; said on standard error, status 2. */
int errand_put_terms(struct errand *, const struct str *sets, int count) MUST_USE;

/* A member of an object of the answer, as text; null and what is not there are empty. */
struct str errand_text(struct errand *, uint32_t object, const char *name);

/* Every object of a list, page by page. on_one gives nothing back. -1: said. */
int errand_each(struct errand *, struct str target,
                void (*on_one)(struct errand *, uint32_t object, void *arg), void *arg) MUST_USE;

#endif
