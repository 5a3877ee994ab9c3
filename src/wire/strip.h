/* Requests that go to a provider of the client's own dialect, though an earlier turn of the
 * conversation was served in another one: thinking that the provider never made, with a proof that
 * is ours (see wire/put.h, seals), would be refused there. Pure. */
#ifndef WIRE_STRIP_H
#define WIRE_STRIP_H

#include "llm.h"

/* Of a thinking block of messages, or a reasoning item of responses, with a proof: FOREIGN where
 * the proof begins with fxr. */
enum strip_proof { STRIP_NO_PROOF, STRIP_OWN_PROOF, STRIP_FOREIGN_PROOF };
enum strip_proof strip_proof_of(const struct json *, uint32_t block_or_item);
/* Counts it in the request. */
void strip_note(struct llm_request *, const struct json *, uint32_t block_or_item);

/* The document without those from `least` on, with compactions of ours as messages
 * (wire/compact.h), and without messages that held nothing else. All other bytes stay as they were,
 * but for blanks between the items of the lists they were cut out of. Arena. */
struct str strip_thinking(const struct json *, enum llm_dialect, enum strip_proof least,
                          struct arena *);

#endif
