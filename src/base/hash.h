/* Hashes: two for tables and choices, one for damage, one for secrets and identities.
 *
 * hash_keyed differs in every process, so that a stranger cannot choose keys that collide:
 * tables use it. hash_stable is the same on every machine, in every release: whatever is decided
 * or stored by it must be found again. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/buf.h"

#define HASH_SHA256_BYTES 32

/* SipHash-2-4 (Aumasson, Bernstein 2012), 64 bits. */
uint64_t hash_siphash(const uint8_t key[16], struct str bytes);
uint64_t hash_keyed(struct str bytes);  /* with this process's random key; any thread */
uint64_t hash_stable(struct str bytes); /* with the zero key */

/* CRC-32C (Castagnoli), as in iSCSI: of "123456789" 0xe3069283. `before` is the sum so far, 0 at
 * first. */
uint32_t hash_crc32c(uint32_t before, struct str bytes);
uint32_t hash_crc32c_by_table(uint32_t before, struct str bytes); /* same, slower: any processor */

/* CRC-32 (IEEE 802.3), as in gzip: of "123456789" 0xcbf43926. `before` as above. */
uint32_t hash_crc32(uint32_t before, struct str bytes);

void hash_sha256(struct str bytes, uint8_t out_digest[HASH_SHA256_BYTES]);
/* Of the pieces one behind the other. */
void hash_sha256_pieces(const struct str *pieces, int count, uint8_t out_digest[HASH_SHA256_BYTES]);
void hash_hmac_sha256(struct str key, struct str bytes, uint8_t out_digest[HASH_SHA256_BYTES]);

#endif
