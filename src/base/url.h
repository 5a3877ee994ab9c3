/* Where something is, as people write it: scheme://[user[:password]@]host[:port][/path] (the
 * part of RFC 3986 that servers and proxies need). No query, no fragment. */
#ifndef BASE_URL_H
#define BASE_URL_H

#include "base/str.h"

struct url { /* all borrow from the text that was read */
	struct str scheme;
	struct str user; /* as written: percent-encoded, and so is password */
	struct str password;
	struct str host; /* name or address, without brackets */
	int port;        /* 1..65535; of http and https their own when none is written */
	struct str path; /* empty, or begins with '/'; without slashes at its end */
};

/* NULL: read. Else why not, as the end of a sentence ("has no host"); *out is untouched. Static
 * text. */
const char *url_read(struct str text, struct url *out) MUST_USE;

/* host:port, with the host in brackets where it has a colon: [::1]:8686. Both must be there.
 * Same results. */
const char *url_read_host_port(struct str text, struct str *out_host, int *out_port) MUST_USE;

/* An address or name of this very machine: 127.0.0.0/8, ::1, localhost. */
bool url_is_loopback(struct str host);

#endif
