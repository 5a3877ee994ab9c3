/* Aborting with a place.
 *
 * The message goes out with one write, without stdio, so that a broken heap cannot stop it.
 * Called from everywhere; must never return. */
#include "base/must.h"

_Noreturn void must_failed(const char *expression, const char *file, int line)
{
	char text[512];
	int len = snprintf(text, sizeof text, "fluxrouter: bug: %s:%d: must(%s)\n", file, line,
	                   expression);
	size_t kept = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
	ssize_t written = write(2, text, kept);

	(void)written;
	abort();
}
