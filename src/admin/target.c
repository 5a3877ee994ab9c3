/* Targets and their health, as JSON and as metrics.
 *
 * A target that serves several models has one health, and so one row in the metrics. Names are the
 * operator's own; no credential is in them. Called by the desk and by the operators' listener. */
#include "admin/target.h"

#include "admin/desk_work.h"
#include "base/decimal.h"
#include "base/map.h"
#include "limits.h"
#include "route/catalog.h"

enum { PPM_SCALE = 6, MILLI_SCALE = 3, MICRO_SCALE = 6 };

/* ---- JSON ---- */

static void put_last_failure(struct json_writer *w, const struct health_look *look)
{
	json_put_key(w, STR("last_failure"));
	if (look->failure == FAIL_NONE) {
		json_put_null(w);
		return;
	}
	json_open_object(w);
	json_key_text(w, STR("code"), fail_code(look->failure));
	json_put_key(w, STR("status"));
	if (look->status)
		json_put_i64(w, look->status);
	else
		json_put_null(w);
	json_close_object(w);
}

static void put_decimal(struct json_writer *w, const char *name, int64_t value, int scale)
{
	json_put_key(w, str_of(name));
	json_put_decimal(w, value, scale);
}

static void put_target(struct json_writer *w, const struct config *c, const struct target *t)
{
	struct health_look look;

	health_look(t->health, &c->health, health_now_ms(), &look);
	json_open_object(w);
	json_key_text(w, STR("name"), t->name);
	json_key_text(w, STR("model"), t->model->name);
	json_key_text(w, STR("provider"), t->config->provider->name);
	json_key_text(w, STR("breaker"), str_of(health_state_name(look.state)));
	json_key_bool(w, STR("stopped"), target_is_stopped(t));
	put_decimal(w, "probe_in_s", look.wait_ms, MILLI_SCALE);
	json_key_i64(w, STR("failures_in_a_row"), look.streak);
	json_key_i64(w, STR("opened_in_a_row"), look.opened);
	json_key_i64(w, STR("ok"), look.well);
	json_key_i64(w, STR("failed"), look.ill);
	put_decimal(w, "error_rate", look.error_ppm, PPM_SCALE);
	put_decimal(w, "first_byte_s", look.first_byte_us, MICRO_SCALE);
	put_decimal(w, "retries_left", look.budget_milli, MILLI_SCALE);
	put_last_failure(w, &look);
	json_close_object(w);
}

void target_put_list(struct json_writer *w, const struct config *c, struct str model)
{
	json_open_array(w);
	for (int i = 0; i < c->catalog->model_count; i++) {
		const struct model *m = &c->catalog->models[i];

		for (int t = 0; t < m->target_count; t++)
			if (model.len == 0 || str_eq_nocase(model, m->name))
				put_target(w, c, &m->targets[t]);
	}
	json_close_array(w);
}

int target_answer_list(struct desk_work *w)
{
	static const char *const names[] = {"model", NULL};
	struct config *config;

	if (desk_check_query(w, names) < 0)
		return -1;
	config = config_current();
	json_open_object(&w->json);
	json_key_text(&w->json, STR("object"), STR("list"));
	json_key_text(&w->json, STR("config"), str_of(config->hash));
	json_put_key(&w->json, STR("data"));
	target_put_list(&w->json, config, desk_query(w, "model"));
	json_key_bool(&w->json, STR("has_more"), false);
	json_close_object(&w->json);
	config_put(&config);
	return 0;
}

/* ---- metrics ---- */

struct row {
	const struct target *target;
	struct health_look look;
};

/* Gives how many. */
static int collect(const struct config *c, struct row *rows)
{
	int64_t now_ms = health_now_ms();
	struct map seen;
	int count = 0;

	map_init(&seen, NULL);
	for (int i = 0; i < c->catalog->model_count; i++) {
		const struct model *m = &c->catalog->models[i];

		for (int t = 0; t < m->target_count && count < LIMIT_METRIC_TARGETS; t++) {
			struct row *row = &rows[count];

			if (map_put(&seen, m->targets[t].name, row))
				continue;
			row->target = &m->targets[t];
			health_look(row->target->health, &c->health, now_ms, &row->look);
			count++;
		}
	}
	map_release(&seen);
	return count;
}

/* 0 closed, 1 half-open, 2 open, 3 stopped. */
static int64_t state_figure(const struct row *row)
{
	static const int64_t figures[] = {0, 2, 1};

	return target_is_stopped(row->target) ? 3 : figures[row->look.state];
}

static int64_t well_figure(const struct row *row)
{
	return row->look.well;
}

static int64_t ill_figure(const struct row *row)
{
	return row->look.ill;
}

static int64_t error_figure(const struct row *row)
{
	return row->look.error_ppm;
}

static int64_t first_byte_figure(const struct row *row)
{
	return row->look.first_byte_us;
}

/* Rows of one family stand together. */
static const struct family {
	const char *name, *type, *unit, *help, *sample, *labels;
	int64_t (*figure)(const struct row *);
	int scale;
} families[] = {
    {"fluxrouter_target_state", "gauge", "",
     "A target's breaker: 0 closed, 1 half-open, 2 open; 3 stopped.", "", "", state_figure, 0},
    {"fluxrouter_target_attempts", "counter", "", "Attempts at a target, by how they ended.",
     "_total", ",end=\"ok\"", well_figure, 0},
    {"fluxrouter_target_attempts", "counter", "", "Attempts at a target, by how they ended.",
     "_total", ",end=\"failed\"", ill_figure, 0},
    {"fluxrouter_target_error_ratio", "gauge", "ratio",
     "Share of its attempts that failed, a moving average.", "", "", error_figure, PPM_SCALE},
    {"fluxrouter_target_first_byte_seconds", "gauge", "seconds",
     "From a target asked to its first byte, a moving average.", "", "", first_byte_figure,
     MICRO_SCALE},
};

/* What OpenMetrics wants escaped in a label. */
static void put_label(struct buf *out, struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (c == '\\' || c == '"')
			buf_put_byte(out, '\\');
		if (c == '\n')
			buf_put(out, STR("\\n"));
		else
			buf_put_byte(out, c);
	}
}

static void put_family(struct buf *out, const struct family *f, const struct row *rows, int count)
{
	struct str sample = str_of(f->sample), name = str_of(f->name), labels = str_of(f->labels);

	for (int i = 0; i < count; i++) {
		buf_put(out, name);
		buf_put(out, sample);
		buf_put(out, STR("{target=\""));
		put_label(out, rows[i].target->name);
		buf_put_byte(out, '"');
		buf_put(out, labels);
		buf_put(out, STR("} "));
		decimal_put(out, f->figure(&rows[i]), f->scale);
		buf_put_byte(out, '\n');
	}
}

void target_put_metrics(struct buf *out, const struct config *c)
{
	struct arena arena;
	struct row *rows;
	int count;

	arena_init(&arena);
	rows = ARENA_ARRAY(&arena, struct row, LIMIT_METRIC_TARGETS);
	count = collect(c, rows);
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
		const struct family *f = &families[i];

		if (i == 0 || strcmp(f->name, families[i - 1].name) != 0) {
			buf_printf(out, "# TYPE %s %s\n", f->name, f->type);
			if (f->unit[0])
				buf_printf(out, "# UNIT %s %s\n", f->name, f->unit);
			buf_printf(out, "# HELP %s %s\n", f->name, f->help);
		}
		put_family(out, f, rows, count);
	}
	arena_release(&arena);
}
