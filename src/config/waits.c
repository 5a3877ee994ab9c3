/* Time-outs, which may stand at a provider, a model and a target: the nearest counts. Called by
 * provider.c and catalog.c; notes every mistake and goes on. */
#include "config/make.h"
#include "config/value.h"

static int64_t make_ms(struct config_making *making, struct str path, const char *name,
                       const char *text, int64_t usual_ms)
{
	if (text == NULL)
		return usual_ms;
	return config_value_ms(
	    making->mistakes, arena_printf(making->mistakes->arena, "%.*s.%s", STR_ARG(path), name),
	    text, usual_ms);
}

struct config_waits config_make_waits(struct config_making *making, struct str path,
                                      const struct raw_waits *raw, const struct config_waits *usual)
{
	struct config_waits w = *usual;

	w.connect_ms =
	    make_ms(making, path, "connect_timeout", raw->connect_timeout, usual->connect_ms);
	if (raw->first_byte_timeout)
		w.first_byte_ms = w.stream_first_byte_ms =
		    make_ms(making, path, "first_byte_timeout", raw->first_byte_timeout, 0);
	w.idle_ms = make_ms(making, path, "idle_timeout", raw->idle_timeout, usual->idle_ms);
	w.total_ms = make_ms(making, path, "total_timeout", raw->total_timeout, usual->total_ms);
	return w;
}
