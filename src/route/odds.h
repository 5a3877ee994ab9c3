/* Probabilities as integers, 1/65536, and how evidence moves them. */
#ifndef ROUTE_ODDS_H
#define ROUTE_ODDS_H

#include "base/str.h"

#define ODDS_ONE 65536
#define ODDS_DOUBLING 64 /* steps of a doubling of the odds */

/* p after its odds were multiplied by 2^(steps/64); between 1 and 65535. */
uint32_t odds_move(uint32_t p, int32_t steps);

#endif
