/* Keeping bytes secret and whole: AES-256-GCM (NIST SP 800-38D) under a key made from a text. */
#ifndef BASE_CIPHER_H
#define BASE_CIPHER_H

#include "base/buf.h"

enum {
	CIPHER_KEY_BYTES = 32,
	CIPHER_NONCE_BYTES = 12, /* random; good for some 2^32 messages under one key */
	CIPHER_TAG_BYTES = 16,
	CIPHER_EXTRA_BYTES = CIPHER_NONCE_BYTES + CIPHER_TAG_BYTES,
};

struct cipher_key {
	uint8_t bytes[CIPHER_KEY_BYTES];
};

/* HMAC-SHA-256 of the purpose under the text: one text serves several purposes. */
struct cipher_key cipher_key_of(struct str text, struct str purpose);

/* Appends nonce, cipher text and tag; `beside` is not hidden, but must be the same when opened. */
void cipher_seal(struct buf *, const struct cipher_key *, struct str plain, struct str beside);
/* Appends what was sealed. -1: another key, other bytes beside it, or changed; nothing is
 * appended. */
int cipher_open(struct buf *, const struct cipher_key *, struct str sealed,
                struct str beside) MUST_USE;

#endif
