/* Rows of the table `prices`. Called by the carrier, which writes what attempts were priced by, and
 * by verify and invoices, which read it. */
#include "store/rates.h"

#include "base/clock.h"
#include "store/engine.h"

struct putting {
	const struct store_rates *rates;
	int64_t now_ms;
};

static void fill_rates(void *arg, int row, struct sql_value *out)
{
	const struct putting *p = arg;
	const struct store_rates *r = &p->rates[row];

	out[0] = value_i64(r->id);
	out[1] = value_i64(r->of_id);
	out[2] = value_i64(r->markup_bp);
	out[3] = value_text(r->text);
	out[4] = value_i64(p->now_ms);
}

int store_rates_put(struct store *s, const struct store_rates *rates, int count, struct fail *f)
{
	struct putting p = {rates, clock_wall_ms()};
	const struct sql_many put = {.which = SQL_RATES_PUT,
	                             .doing = "write a price",
	                             .rows = count,
	                             .width = 5,
	                             .fill = fill_rates,
	                             .arg = &p};

	if (store_begin(s, SQL_TO_WRITE, f) < 0)
		return -1;
	return store_end(s, s->engine->run_many(s, &put, f), f);
}

struct telling {
	struct arena *arena;
	bool (*on_rates)(void *, const struct store_rates *);
	void *arg;
};

static bool tell_rates(void *arg, const struct sql_value *row)
{
	const struct telling *t = arg;
	const struct store_rates r = {.id = (uint32_t)row[0].i64,
	                              .of_id = (uint32_t)row[1].i64,
	                              .markup_bp = row[2].i64,
	                              .text = arena_copy(t->arena, row[3].text)};

	return t->on_rates(t->arg, &r);
}

int store_rates_all(struct store *s, struct arena *arena,
                    bool (*on_rates)(void *, const struct store_rates *), void *arg, struct fail *f)
{
	struct telling t = {arena, on_rates, arg};
	struct sql q = {
	    .which = SQL_RATES_ALL, .doing = "read prices", .on_row = tell_rates, .arg = &t};

	return store_run(s, &q, f);
}
