/* The admin API: operators' own listener, with a credential of its own. What may be asked is the
 * desk's table (admin/desk.h).
 *
 *	GET /admin/v1/keys?account=default HTTP/1.1
 *	Authorization: Bearer <admin.key of the configuration>
 *
 * On loopback unless the configuration says `insecure`. Every change is a line in the log, never
 * with a key in it.
 *
 * THREADS: the loop's. */
#ifndef ADMIN_API_H
#define ADMIN_API_H

#include "admin/clerk.h"

struct api;

/* Serves at config_current()->admin.listen. NULL: f says why not. Borrows the clerk. */
struct api *api_start(struct loop *, struct clerk *, struct fail *);
/* Cuts who is connected. What the clerk works on for them comes back later; stop the clerk after
 * that, then api_free. */
void api_stop(struct api *);
void api_leave(struct api *); /* another process listens there */
void api_free(struct api **);
struct str api_address(const struct api *, struct arena *); /* as bound */

#endif
