/* Odds without floating point: a table of the 64 roots between one and two. Pure. Called by
 * score.c. */
#include "route/odds.h"

#define MOST_DOUBLINGS 12

static const uint32_t roots[ODDS_DOUBLING] = {
    65536,  66250,  66971,  67700,  68438,  69183,  69936,  70698,  71468,  72246,  73032,
    73828,  74632,  75444,  76266,  77096,  77936,  78785,  79642,  80510,  81386,  82273,
    83169,  84074,  84990,  85915,  86851,  87796,  88752,  89719,  90696,  91684,  92682,
    93691,  94711,  95743,  96785,  97839,  98905,  99982,  101070, 102171, 103283, 104408,
    105545, 106694, 107856, 109031, 110218, 111418, 112631, 113858, 115098, 116351, 117618,
    118899, 120194, 121502, 122825, 124163, 125515, 126882, 128263, 129660,
};

uint32_t odds_move(uint32_t p, int32_t steps)
{
	int32_t most = MOST_DOUBLINGS * ODDS_DOUBLING;
	int32_t within = steps < -most ? -most : steps > most ? most : steps;
	uint32_t up = (uint32_t)(within + most);
	uint64_t yes, no;

	if (p < 1)
		p = 1;
	if (p > ODDS_ONE - 1)
		p = ODDS_ONE - 1;
	yes = (uint64_t)p * roots[up % ODDS_DOUBLING] << (up / ODDS_DOUBLING);
	no = (uint64_t)(ODDS_ONE - p) * ODDS_ONE << MOST_DOUBLINGS;
	yes = yes / ((yes + no) / ODDS_ONE);
	return yes < 1 ? 1 : yes > ODDS_ONE - 1 ? ODDS_ONE - 1 : (uint32_t)yes;
}
