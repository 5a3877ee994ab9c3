/* Bytes as text: hexadecimal and base64 (RFC 4648). */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/buf.h"

void encode_hex(struct buf *, struct str bytes);       /* lower case */
void encode_base64(struct buf *, struct str bytes);    /* + and /, padded */
void encode_base64url(struct buf *, struct str bytes); /* - and _, not padded */

#endif
