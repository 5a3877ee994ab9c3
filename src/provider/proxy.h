/* Which proxy, if any, stands between us and a provider. */
#ifndef PROVIDER_PROXY_H
#define PROVIDER_PROXY_H

#include "base/url.h"
#include "fail.h"

/* The text of a proxy that the environment names for this URL: HTTPS_PROXY or HTTP_PROXY by scheme,
 * else ALL_PROXY, each in lower case first; empty where there is none or NO_PROXY lists the host.
 * `variable` is its name, for messages. Borrows from the environment. */
struct str proxy_of_environment(const struct url *, const char **out_variable);

/* Whether a NO_PROXY list has the host: "*", names with all that ends in them, addresses, and
 * blocks of addresses (10.0.0.0/8, fd00::/8), parted by commas or blanks; each may name a port. */
bool proxy_is_bypassed(struct str list, struct str host, int port);

/* "Basic ..." for the user and password of a proxy's URL, which are percent-decoded; empty without
 * them. Arena; secret. */
struct str proxy_authorization(const struct url *, struct arena *);

#endif
