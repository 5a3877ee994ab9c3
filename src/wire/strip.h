/* Requests that go to a provider of the client's own dialect, though an earlier turn of the
 * conversation was served in another one: thinking that the provider never made, with a proof that
 * is ours (see wire/put.h, seals), would be refused there. Pure. */
#ifndef WIRE_STRIP_H
#define WIRE_STRIP_H

#include "llm.h"

/* A thinking block of messages, or a reasoning item of responses, whose proof begins with fxr. */
bool strip_is_foreign(const struct json *, uint32_t block_or_item);

/* The document without them, with compactions of ours as messages (wire/compact.h), and without
 * messages that held nothing else. All other bytes stay as they were, but for blanks between the
 * items of the lists they were cut out of. Arena. */
struct str strip_foreign(const struct json *, enum llm_dialect, struct arena *);

#endif
