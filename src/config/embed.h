/* Files of the tree that are part of the binary. */
#ifndef CONFIG_EMBED_H
#define CONFIG_EMBED_H

#include "base/str.h"

struct str embed_catalog(void); /* etc/catalog.yaml */

#endif
