/* What operators ask for: plans, accounts, teams, users, keys, reports. One table of requests,
 * answered on a store. The admin API's listener passes them on (admin/api.h), command-line verbs
 * ask directly, so both do the same.
 *
 * THREADS: a desk belongs to one thread at a time; its calls block as the store's do. */
#ifndef ADMIN_DESK_H
#define ADMIN_DESK_H

#include "store/store.h"

struct desk_work;

struct desk {
	struct store *store; /* borrows, as all here */
	struct arena *arena; /* texts of one request */
	struct buf *out;     /* the answer's body goes here */
	struct fail *fail;
};

struct desk_ask {
	struct str method;
	struct str path;  /* /admin/v1/keys/7 */
	struct str query; /* behind the '?': by=day&from=2026-11-01 */
	struct str body;  /* a JSON object; empty counts as {} */
};

struct desk_answer {
	int status;
	struct str type;  /* of the body */
	struct str allow; /* METHOD_NOT_ALLOWED: what is; else empty */
};

/* -1: f says why not, in the words of the API: OBJECT_NOT_FOUND, INVALID_VALUE, ...; what was
 * written to `out` is nothing. */
int desk_do(struct desk *, const struct desk_ask *, struct desk_answer *out) MUST_USE;

/* Every row of the table, for documentation; NULL behind the last. */
struct desk_row {
	const char *method;
	const char *path; /* {id} stands for one part */
	int (*answer)(struct desk_work *);
	int kind; /* enum store_owner_kind, where the row is one of owners */
	const char *help;
};
const struct desk_row *desk_row(int index);

#endif
