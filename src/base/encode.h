/* Bytes as text: hexadecimal, base64 (RFC 4648), percent-encoding. */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/buf.h"

void encode_hex(struct buf *, struct str bytes); /* lower case */
/* The bytes of 2 * len digits of either case; -1: not so many, or not digits. */
int encode_read_hex(struct str hex, uint8_t *out, size_t len) MUST_USE;
/* What %41 stands for; a % without two digits behind it stands for itself (RFC 3986 2.1). */
void encode_read_percent(struct buf *, struct str text);
/* The other way: all but letters, digits and - . _ ~, and what stands in `kept`, as %41. */
void encode_percent(struct buf *, struct str text, struct str kept);
void encode_base64(struct buf *, struct str bytes);    /* + and /, padded */
void encode_base64url(struct buf *, struct str bytes); /* - and _, not padded */
/* Of either alphabet, with padding or without. -1: no base64 (RFC 4648 3.3: nothing foreign is
 * skipped); what was read so far stays in the buf. */
int encode_read_base64(struct buf *, struct str text) MUST_USE;

#endif
