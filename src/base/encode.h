/* Bytes as text: hexadecimal and base64 (RFC 4648). */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/buf.h"

void encode_hex(struct buf *, struct str bytes); /* lower case */
/* The bytes of 2 * len digits of either case; -1: not so many, or not digits. */
int encode_read_hex(struct str hex, uint8_t *out, size_t len) MUST_USE;
void encode_base64(struct buf *, struct str bytes);    /* + and /, padded */
void encode_base64url(struct buf *, struct str bytes); /* - and _, not padded */

#endif
