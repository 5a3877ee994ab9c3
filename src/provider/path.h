/* Where in a provider a dialect is served. Private to provider/. */
#ifndef PROVIDER_PATH_H
#define PROVIDER_PATH_H

#include "provider/provider.h"

/* Path and query of the request, see provider_path. */
void path_put(struct buf *, const struct provider_ask *);

#endif
