/* Who may spend: plans, accounts, teams and users in the store. A key (store/store.h) belongs to
 * an account, and may belong to a user or a team of it; a user may belong to a team.
 *
 *	plan ── account ── team ── user ── key        team and user may be left out
 *
 * What may be set on any of them are its *terms*: a JSON object of limits, rates and rights that
 * the store keeps and does not read (gate/terms.h has the table). The plans free, payg, builder
 * and scale are there from the start; free and account 1's terms are as docs/operations.md says.
 *
 * Every change takes the next revision of one counter that keys share: a reader that has seen
 * revision N asks for what is above. Nothing is deleted: an owner that is closed keeps its row.
 *
 * THREADS: as store/store.h. */
#ifndef STORE_OWNER_H
#define STORE_OWNER_H

#include "store/store.h"

#define STORE_OWNER_KINDS(X)                                                                       \
	X(PLAN, "plan")                                                                            \
	X(ACCOUNT, "account")                                                                      \
	X(TEAM, "team")                                                                            \
	X(USER, "user")

enum store_owner_kind {
#define X(name, text) STORE_##name,
	STORE_OWNER_KINDS(X)
#undef X
	    STORE_OWNER_KIND_COUNT
};

const char *store_owner_kind_name(enum store_owner_kind);
int store_owner_kind_of(struct str name, enum store_owner_kind *out) MUST_USE; /* -1: none */

struct store_owner {
	enum store_owner_kind kind;
	int64_t id;         /* unique within its kind; 0: not stored yet */
	int64_t account_id; /* of a team or user */
	int64_t team_id;    /* of a user; 0: none */
	int64_t plan_id;    /* of an account; 0: none */
	struct str name;    /* unique among plans, among accounts, within an account; arena */
	struct str terms;   /* JSON object; empty counts as {}; arena */
	bool on_hold;       /* of an account: nothing is served (402 account_on_hold) */
	int64_t created_ms;
	int64_t closed_ms; /* 0: in use */
	int64_t revision;
};

/* Adds (id 0) or replaces by id; gives id and revision. -1: STORE; INVALID_VALUE where the name is
 * taken or what it refers to is not there; CHANGED_MEANWHILE where it was read with another
 * revision than it has now (0: whatever it is). */
int store_owner_put(struct store *, struct store_owner *, struct fail *) MUST_USE;
/* By id where `which` is a number, else by name (within account_id for teams and users). out->id
 * is 0 where there is none. */
int store_owner_find(struct store *, const struct store_owner *which, struct arena *,
                     struct store_owner *out, struct fail *) MUST_USE;
/* Every owner with a revision above `after`, oldest first; on_owner gives false to stop. */
int store_owners_after(struct store *, int64_t after, struct arena *,
                       bool (*on_owner)(void *, const struct store_owner *), void *arg,
                       struct fail *) MUST_USE;

/* Sets what may change of a key: label, models, expires_ms, revoked_ms, user, team, terms. -1 as
 * store_owner_put, and OBJECT_NOT_FOUND. */
int store_key_put(struct store *, const struct store_key *, struct fail *) MUST_USE;

#endif
