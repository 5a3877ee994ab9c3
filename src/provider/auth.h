/* Credentials that are fetched or computed: one for each that configurations name, however many
 * providers and snapshots share it, kept over reloads. The keeper (provider/keeper.h) fetches them
 * ahead of their end; a request only looks.
 *
 * THREADS: any. What is secret is overwritten when it is replaced and when nobody needs it. */
#ifndef PROVIDER_AUTH_H
#define PROVIDER_AUTH_H

#include "config/config.h"

struct credential;

/* The one for this `auth`; another reference. A new one is fetched at once where a keeper runs. */
struct credential *credential_get(const struct config_auth *);
void credential_put(struct credential **);

/* What proves who we are, in one request: a bearer's token, or AWS's keys. */
struct auth_proof {
	struct str bearer;
	struct str key_id, secret, session;
	int64_t skew_s; /* AWS's clock is ahead of ours by so much */
};

enum auth_state {
	AUTH_READY,
	AUTH_WAITS,  /* it is being fetched, for the first time or because it was not in time */
	AUTH_FAILED, /* it could not be fetched; the keeper tries again */
};

/* READY: *out has copies in the arena, secret. */
enum auth_state credential_take(struct credential *, struct arena *, struct auth_proof *out);

/* The provider did not accept it (401, 403), and its clock says `date`: at most once a minute it
 * is fetched anew, and a clock that is off by more than a minute is believed. */
void credential_was_refused(struct credential *, struct str date);

#endif
