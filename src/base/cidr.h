/* Network addresses, and ranges of them: "10.0.0.0/8", "127.0.0.1", "fd00::/8". IPv4 is kept as
 * IPv6 has it (::ffff:a.b.c.d, RFC 4291 2.5.5.2), so that one comparison serves both. Pure. */
#ifndef BASE_CIDR_H
#define BASE_CIDR_H

#include "base/str.h"

enum { CIDR_TEXT_BYTES = 46 }; /* of an address with its NUL */

struct cidr {
	uint8_t bytes[16];
	int bits; /* that count, 0..128 */
};

/* An address without brackets, port or zone. -1: it is none. */
int cidr_read_address(struct str text, struct cidr *out) MUST_USE;
/* An address, or one with "/" and how many of its bits count. */
int cidr_read(struct str text, struct cidr *out) MUST_USE;
bool cidr_has(const struct cidr *ranges, int count, const struct cidr *address);
/* As people write it, IPv4 in dots; NUL-terminated. */
void cidr_put_address(const struct cidr *, char out[CIDR_TEXT_BYTES]);

#endif
