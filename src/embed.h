/* Files of the tree that are part of the binary. */
#ifndef EMBED_H
#define EMBED_H

#include "base/str.h"

struct str embed_catalog(void); /* etc/catalog.yaml */

#endif
