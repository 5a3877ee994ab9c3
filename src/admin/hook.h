/* Sending alerts to the operators' webhooks.
 *
 *	POST <url> HTTP/1.1
 *	Content-Type: application/json
 *	X-Flux-Signature: t=1764000000,v1=<hex of HMAC-SHA256(secret, "1764000000." + body)>
 *
 *	{"id":"account_month:1:1761955200000:80","type":"ceiling.reached",
 *	 "created":"2026-11-22T...",
 *	 "data":{"scope":"account_month","owner":{"id":1,"name":"default"},"percent":80,
 *	         "limit_usd":20,"spent_usd":16.01,"period_begins":"2026-11-01T00:00:00.000Z"}}
 *
 * Any answer 2xx is enough; else it is sent again after 1, 5, 25, 125 and 625 seconds. `id` is the
 * same every time and on every node.
 *
 * THREADS: the loop's. */
#ifndef ADMIN_HOOK_H
#define ADMIN_HOOK_H

#include "admin/watch.h"
#include "base/buf.h"
#include "base/loop.h"

struct hooks;

struct hooks *hooks_new(struct loop *);
void hooks_free(struct hooks **); /* cuts what is on its way; nothing is told */

/* Sends it to every webhook of config_current() that wants it; on_done is told once all have it,
 * or were given up, also where there are none. The alert's texts are copied. */
void hooks_send(struct hooks *, const struct watch_alert *,
                void (*on_done)(void *arg, const struct store_alert *), void *arg);

/* The body, and the value of X-Flux-Signature. Pure. */
void hook_put_body(struct buf *, const struct watch_alert *);
void hook_put_signature(struct buf *, struct str secret, int64_t now_s, struct str body);

#endif
