/* What the environment offers: providers with a key in it, and model servers that answer on this
 * machine. */
#ifndef CLI_FOUND_H
#define CLI_FOUND_H

#include "config/config.h"

enum { FOUND_MAX = 32 };

/* Fills at most FOUND_MAX; texts live in the arena. Asks the usual local ports, half a second at
 * most in all. */
int found_look(struct arena *, struct config_found *out_found);

#endif
