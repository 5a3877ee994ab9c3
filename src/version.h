/* This program's version, by semver.org. */
#ifndef VERSION_H
#define VERSION_H

#define FLUXROUTER_VERSION "0.1.0"

#endif
