/* `health:`, with the defaults of everything in it. Called by config_make; notes every mistake and
 * goes on. */
#include "config/make.h"
#include "config/value.h"

static const struct decimal_range shares = {0, 10000};

static int make_count(struct config_making *making, const char *name, const int64_t *value,
                      int usual)
{
	enum { MOST = 10000 };

	if (value && *value > MOST)
		config_wrong(making->mistakes, config_path(making, "health.%s", name),
		             "is more than %d", MOST);
	return value ? (int)(*value > MOST ? MOST : *value) : usual;
}

static int64_t make_ms(struct config_making *making, const char *name, const char *text,
                       int64_t usual_ms)
{
	return config_value_ms(making->mistakes, config_path(making, "health.%s", name), text,
	                       usual_ms);
}

static void make_breaker(struct config_making *making, const struct raw_health *raw,
                         struct config_health *out)
{
	struct config_mistakes *m = making->mistakes;

	out->has_breaker = raw->breaker ? *raw->breaker : true;
	out->failures = make_count(making, "failures", raw->failures, 5);
	out->error_bp =
	    (int)config_value_bp(m, STR("health.error_rate"), raw->error_rate, shares, 5000);
	out->requests_min = make_count(making, "requests_min", raw->requests_min, 20);
	out->window_ms = make_ms(making, "window", raw->window, 30 * 1000);
	out->cool_ms = make_ms(making, "cool_down", raw->cool_down, 5 * 1000);
	out->cool_max_ms = make_ms(making, "cool_down_max", raw->cool_down_max, 120 * 1000);
	out->told_max_ms = make_ms(making, "retry_after_max", raw->retry_after_max, 600 * 1000);
	if (out->cool_max_ms < out->cool_ms)
		config_wrong(m, STR("health.cool_down_max"), "is less than cool_down");
	if (out->window_ms < 1000)
		config_wrong(m, STR("health.window"), "is less than a second");
}

static void make_retries(struct config_making *making, const struct raw_health *raw,
                         struct config_health *out)
{
	struct config_mistakes *m = making->mistakes;

	out->retries_bp =
	    (int)config_value_bp(m, STR("health.retries"), raw->retries, shares, 2000);
	out->retries_floor = make_count(making, "retries_per_second", raw->retries_per_second, 1);
	out->attempts_max = make_count(making, "attempts_max", raw->attempts_max, 5);
	out->attempts_ms = make_ms(making, "attempts_limit", raw->attempts_limit, 1200 * 1000);
	out->backoff_ms = make_ms(making, "backoff", raw->backoff, 100);
	out->heartbeat_ms = make_ms(making, "heartbeat", raw->heartbeat, 15 * 1000);
	if (out->attempts_max == 0)
		config_wrong(m, STR("health.attempts_max"), "is 0; one is the least");
}

void config_make_health(struct config_making *making)
{
	static const struct raw_health none;
	const struct raw_health *raw = making->raw->health ? making->raw->health : &none;

	make_breaker(making, raw, &making->config->health);
	make_retries(making, raw, &making->config->health);
}
