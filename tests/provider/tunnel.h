/* The CONNECT proxy: a second connection whose bytes go both ways unread. */
#ifndef TESTS_PROVIDER_TUNNEL_H
#define TESTS_PROVIDER_TUNNEL_H

#include "base/str.h"

struct peer;
struct tunnel;

void tunnel_open(
    struct peer *); /* answers 200, 400, 407 or 502; the peer becomes PEER_TUNNEL on 200 */
void tunnel_send(struct tunnel *, struct str bytes); /* towards the target */
void tunnel_more(struct tunnel *);                   /* the peer can take more */
void tunnel_end(struct tunnel **);

#endif
