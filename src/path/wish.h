/* What bounds the choice of a model beside the body: the client's headers, the key's rights. */
#ifndef PATH_WISH_H
#define PATH_WISH_H

#include "path/request.h"

void wish_read(const struct request *, struct route_wish *out);

#endif
