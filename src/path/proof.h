/* The step before an attempt is composed: the credential of its provider, where that is fetched. */
#ifndef PATH_PROOF_H
#define PATH_PROOF_H

#include "path/request.h"

/* READY: r->now.proof is there, or none is needed. WAITS: request_resume follows, at the latest
 * after LIMIT_CREDENTIAL_WAIT_MS; then it is FAILED. */
enum auth_state proof_take(struct request *);
void proof_release(struct request *); /* with the request, wherever it is */

#endif
