/* AWS Signature Version 4: the header lines that prove who sends a request.
 *
 *	canonical request   method, path, query, headers, their names, SHA-256 of the body
 *	text to sign        AWS4-HMAC-SHA256, 20150830T123600Z, scope, SHA-256 of that
 *	key                 HMAC of HMAC of ... secret, day, region, service, "aws4_request"
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
 * The path is escaped once more than it is sent, as all services but S3 want it. Pure. */
#ifndef PROVIDER_SIGV4_H
#define PROVIDER_SIGV4_H

#include "base/buf.h"

struct sigv4_ask {
	struct str method;
	struct str path;         /* as it is sent, escaped once */
	struct str query;        /* as it is sent, in the order of its names; empty: none */
	struct str host;         /* as it is sent, with a port that is not the usual one */
	struct str content_type; /* empty: not signed */
	struct str region, service;
	struct str key_id, secret, session; /* session: empty for keys that last */
	int64_t now_s;                      /* of AWS's clock, which may be 5 minutes off */
	const struct str *body;
	int body_pieces;
};

/* Puts x-amz-date, x-amz-security-token (with a session) and authorization, a line each, with
 * CRLF. The result is a credential: it must never be logged. */
void sigv4_put_headers(struct buf *, const struct sigv4_ask *);

#endif
