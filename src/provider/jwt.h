/* A signed claim of who we are: JSON Web Token (RFC 7519) with RS256 (RFC 7515, RFC 7518 3.3), as
 * an OAuth 2 grant (RFC 7523).
 *
 *	base64url({"alg":"RS256","typ":"JWT","kid":KEY ID}) . base64url({"iss":EMAIL,"scope":..,
 *	"aud":..,"iat":..,"exp":iat + 3600}) . base64url(signature of what is before it)
 *
 * The key is Google's file of a service account:
 * https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests. */
#ifndef PROVIDER_JWT_H
#define PROVIDER_JWT_H

#include "base/buf.h"
#include "fail.h"

struct jwt_ask {
	struct str key_json; /* the file's text; secret */
	struct str scope, audience;
	int64_t now_s; /* of the reader's clock */
};

/* -1: CONFIG, the file is no such key; nothing of it is told. The token is a secret. */
int jwt_put(struct buf *out, const struct jwt_ask *, struct fail *) MUST_USE;

#endif
