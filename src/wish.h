/* What bounds the choice of a model beside the body: the client's headers, the key's rights. */
#ifndef WISH_H
#define WISH_H

#include "request.h"

void wish_read(const struct request *, struct route_wish *out);

#endif
