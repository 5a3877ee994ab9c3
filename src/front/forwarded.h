/* Who a client is, where proxies stand between: X-Forwarded-For, read from its right end. Each
 * proxy adds whom it heard from; what a proxy of ours has added is true, what stands left of the
 * first address that is none of ours was said by a stranger. Pure. Private to front. */
#ifndef FRONT_FORWARDED_H
#define FRONT_FORWARDED_H

#include "front/http1.h"
#include "front/listen.h"

bool forwarded_is_trusted(const struct front_trust *, struct str peer);
/* The rightmost address that is no proxy of ours; `peer` where it is that already. Arena. */
struct str forwarded_for(const struct front_trust *, const struct http_head *, struct str peer,
                         struct arena *);

#endif
