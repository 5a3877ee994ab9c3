/* The configuration that a verb works on: a file, or the built-in catalog with what the environment
 * has keys for, read and made ready to be asked. */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "config/config.h"

/* `file` empty: built in. NULL: it was said on standard error why not. Its warnings go there too.
 * Give it back with config_put. */
struct config *settings_load(struct str file);

#endif
