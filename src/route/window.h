/* Does a request fit into a model's context window? The arithmetic of contract 9, in integers. */
#ifndef ROUTE_WINDOW_H
#define ROUTE_WINDOW_H

#include "base/must.h"

#include <stdbool.h>
#include <stdint.h>

/* Room for an answer when the request names none. */
#define WINDOW_HEADROOM 1024
/* Token counts of clients beyond this are taken for this: no window comes near. */
#define WINDOW_TOKENS_MAX 1000000000000LL

struct window_need {
	int64_t header_context; /* x-wl-context-tokens; 0: absent */
	int64_t header_output;  /* x-wl-expected-output; 0: absent */
	int64_t counted;        /* our count of the input */
	int64_t body_max;       /* the output that the body asks for; 0: not said */
	bool is_managed_alias;  /* a tier alias or flux-auto, rather than one model */
};

/* REQUIRED, for a model whose answers are clamped to max_output (0: not known). */
int64_t window_required(const struct window_need *, int64_t max_output);

/* Whether REQUIRED fits; a window of 0 is not known and passes. */
bool window_fits(const struct window_need *, int64_t required, int64_t window);

#endif
