/* What a proxy says of its client before anything else (PROXY protocol, versions 1 and 2):
 * https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
 *
 *	"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"
 *	12 bytes of signature, 0x21, 0x11, length (2), addresses and ports, TLVs
 *
 * Strict: what is not exactly so is refused, for whoever reads it wrong takes a stranger for
 * somebody. Pure: any split of the input gives the same. Private to front. */
#ifndef FRONT_PROXY_HEADER_H
#define FRONT_PROXY_HEADER_H

#include "base/cidr.h"

enum proxy_read {
	PROXY_MORE, /* it may become one */
	PROXY_DONE,
	PROXY_BAD,
};

struct proxy_header {
	size_t bytes;    /* of the header; what is behind it is the client's */
	/* false: the proxy speaks for itself (LOCAL, a health check) or does not know (UNKNOWN).
	 * Then the connection's own end counts, as if there were no header. */
	bool has_source;
	struct cidr source;
};

/* `bytes`: all that came so far. */
enum proxy_read proxy_header_read(struct str bytes, struct proxy_header *out) MUST_USE;

#endif
