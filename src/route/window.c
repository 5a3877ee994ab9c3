/* The arithmetic of contract 9:
 *
 *	REQUIRED = max(header_context + max(header_output, body_max),
 *	               counted + max(body_max, headroom))
 *
 * without the header the second term alone. A client that manages its context (the header on a tier
 * alias) gets 15 % of room, since its count and the provider's differ: window >= ceil(REQUIRED *
 * 1.15). Pure; called for every model that is considered. */
#include "route/window.h"

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t capped(int64_t tokens)
{
	return tokens > WINDOW_TOKENS_MAX ? WINDOW_TOKENS_MAX : larger(tokens, 0);
}

int64_t window_required(const struct window_need *need, int64_t max_output)
{
	int64_t body_max = capped(need->body_max), by_client = 0;

	if (max_output > 0 && body_max > max_output)
		body_max = max_output;
	if (need->header_context > 0)
		by_client =
		    capped(need->header_context) + larger(capped(need->header_output), body_max);
	return larger(by_client, capped(need->counted) + larger(body_max, WINDOW_HEADROOM));
}

bool window_fits(const struct window_need *need, int64_t required, int64_t window)
{
	if (window == 0)
		return true;
	if (need->header_context > 0 && need->is_managed_alias)
		return window >= (required * 115 + 99) / 100;
	return window >= required;
}
