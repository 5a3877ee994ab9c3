/* Reports: rows of groups and figures, one table for all three forms.
 *
 * Amounts are US dollars, exact to the nano-dollar. Called by the desk and by `fluxrouter usage`.
 */
#include "admin/report.h"

#include "base/clock.h"
#include "base/csv.h"
#include "base/decimal.h"
#include "base/json_write.h"

static const int64_t day_ms = 24LL * 3600 * 1000;

/* Figures of each row: JSON name, heading, field; amounts are in nano-dollars. */
static const struct {
	const char *name, *heading;
	size_t offset;
	bool is_nusd;
} figures[] = {
    {"requests", "requests", offsetof(struct report_sum, requests), false},
    {"input_tokens", "input", offsetof(struct report_sum, input), false},
    {"cache_read_tokens", "cache read", offsetof(struct report_sum, cache_read), false},
    {"cache_write_tokens", "cache write", offsetof(struct report_sum, cache_write), false},
    {"output_tokens", "output", offsetof(struct report_sum, output), false},
    {"cost_usd", "cost USD", offsetof(struct report_sum, cost_nusd), true},
    {"charge_usd", "charge USD", offsetof(struct report_sum, charge_nusd), true},
    {"estimated", "estimated", offsetof(struct report_sum, estimated), false},
};

enum { FIGURES = sizeof figures / sizeof figures[0] };

static const int widths[REPORT_GROUP_COUNT] = {
    [REPORT_DAY] = 10,  [REPORT_ACCOUNT] = 16, [REPORT_TEAM] = 12,
    [REPORT_USER] = 16, [REPORT_KEY] = 26,     [REPORT_PROVIDER] = 12,
    [REPORT_LANE] = 8,  [REPORT_MODEL] = 28,   [REPORT_TAG] = 20,
};

struct report {
	const struct report_ask *ask;
	enum report_form form;
	struct buf *out;
	struct json_writer json;
	struct report_sum total;
};

static int64_t *figure_of(struct report_sum *sum, int i)
{
	return (int64_t *)(void *)((char *)sum + figures[i].offset);
}

static void put_figure(struct buf *out, struct report_sum *sum, int i)
{
	if (figures[i].is_nusd)
		buf_put_nusd(out, *figure_of(sum, i));
	else
		buf_put_i64(out, *figure_of(sum, i));
}

static bool is_by(const struct report *r, int group)
{
	return r->ask->by >> group & 1;
}

static const char *group_name(int group)
{
	return report_group_name((enum report_group)group);
}

/* ---- rows ---- */

static void put_figures_json(struct report *r, struct report_sum *sum)
{
	for (int i = 0; i < FIGURES; i++) {
		if (figures[i].is_nusd)
			json_key_nusd(&r->json, str_of(figures[i].name), *figure_of(sum, i));
		else
			json_key_i64(&r->json, str_of(figures[i].name), *figure_of(sum, i));
	}
}

static void put_row_json(struct report *r, struct report_sum *sum)
{
	json_open_object(&r->json);
	for (int i = 0; i < REPORT_GROUP_COUNT; i++)
		if (is_by(r, i))
			json_key_text(&r->json, str_of(group_name(i)), sum->groups[i]);
	put_figures_json(r, sum);
	json_close_object(&r->json);
}

static void put_row_csv(struct report *r, struct report_sum *sum)
{
	for (int i = 0; i < REPORT_GROUP_COUNT; i++) {
		if (!is_by(r, i))
			continue;
		csv_put(r->out, sum->groups[i]);
		buf_put_byte(r->out, ',');
	}
	for (int i = 0; i < FIGURES; i++) {
		buf_put(r->out, i ? STR(",") : STR(""));
		put_figure(r->out, sum, i);
	}
	buf_put_byte(r->out, '\n');
}

static void put_figures_text(struct report *r, struct report_sum *sum)
{
	for (int i = 0; i < FIGURES; i++) {
		struct buf text;

		buf_init(&text, 64);
		put_figure(&text, sum, i);
		buf_printf(r->out, "  %*.*s", figures[i].is_nusd ? 14 : 11,
		           STR_ARG(buf_str(&text)));
		buf_release(&text);
	}
	buf_put_byte(r->out, '\n');
}

static void put_row_text(struct report *r, struct report_sum *sum)
{
	for (int i = 0; i < REPORT_GROUP_COUNT; i++)
		if (is_by(r, i))
			buf_printf(r->out, "%-*.*s  ", widths[i], STR_ARG(sum->groups[i]));
	put_figures_text(r, sum);
}

static void add_up(struct report_sum *total, struct report_sum *sum)
{
	for (int i = 0; i < FIGURES; i++)
		if (__builtin_add_overflow(*figure_of(total, i), *figure_of(sum, i),
		                           figure_of(total, i)))
			*figure_of(total, i) = INT64_MAX;
}

static bool on_sum(void *report, const struct report_sum *row)
{
	struct report *r = report;
	struct report_sum sum = *row;

	add_up(&r->total, &sum);
	if (r->form == REPORT_AS_JSON)
		put_row_json(r, &sum);
	else if (r->form == REPORT_AS_CSV)
		put_row_csv(r, &sum);
	else
		put_row_text(r, &sum);
	return !buf_is_over(r->out);
}

/* ---- what stands before and behind them ---- */

static void put_day_json(struct report *r, const char *name, int64_t wall_ms)
{
	struct buf text;

	if (wall_ms <= 0 || wall_ms == INT64_MAX) {
		json_key_null(&r->json, str_of(name));
		return;
	}
	buf_init(&text, 32);
	clock_put_day(&text, wall_ms);
	json_key_text(&r->json, str_of(name), buf_str(&text));
	buf_release(&text);
}

static void begin_json(struct report *r)
{
	int64_t to_ms = r->ask->to_ms;

	json_open_object(&r->json);
	put_day_json(r, "from", r->ask->from_ms);
	put_day_json(r, "to", to_ms == INT64_MAX ? INT64_MAX : to_ms - day_ms);
	json_key_text(&r->json, STR("currency"), STR("USD"));
	json_put_key(&r->json, STR("rows"));
	json_open_array(&r->json);
}

static void end_json(struct report *r)
{
	json_close_array(&r->json);
	json_put_key(&r->json, STR("total"));
	json_open_object(&r->json);
	put_figures_json(r, &r->total);
	json_close_object(&r->json);
	json_close_object(&r->json);
	buf_put_byte(r->out, '\n');
}

static void begin_csv(struct report *r)
{
	for (int i = 0; i < REPORT_GROUP_COUNT; i++)
		if (is_by(r, i))
			buf_printf(r->out, "%s,", group_name(i));
	for (int i = 0; i < FIGURES; i++)
		buf_printf(r->out, "%s%s", i ? "," : "", figures[i].name);
	buf_put_byte(r->out, '\n');
}

static void begin_text(struct report *r)
{
	for (int i = 0; i < REPORT_GROUP_COUNT; i++)
		if (is_by(r, i))
			buf_printf(r->out, "%-*s  ", widths[i], group_name(i));
	for (int i = 0; i < FIGURES; i++)
		buf_printf(r->out, "  %*s", figures[i].is_nusd ? 14 : 11, figures[i].heading);
	buf_put_byte(r->out, '\n');
}

static void end_text(struct report *r)
{
	const char *word = "total";

	for (int i = 0; i < REPORT_GROUP_COUNT; i++) {
		if (!is_by(r, i))
			continue;
		buf_printf(r->out, "%-*s  ", widths[i], word);
		word = "";
	}
	put_figures_text(r, &r->total);
}

int report_put(struct store *store, const struct report_ask *ask, enum report_form form,
               struct buf *out, struct fail *f)
{
	struct report r = {.ask = ask, .form = form, .out = out};
	struct arena texts;
	int result;

	arena_init(&texts);
	json_writer_init(&r.json, out);
	if (form == REPORT_AS_JSON)
		begin_json(&r);
	else if (form == REPORT_AS_CSV)
		begin_csv(&r);
	else
		begin_text(&r);
	result = store_report(store, ask, &texts, on_sum, &r, f);
	if (form == REPORT_AS_JSON)
		end_json(&r);
	else if (form == REPORT_AS_TEXT)
		end_text(&r);
	arena_release(&texts);
	return result;
}

/* ---- what is asked ---- */

int report_form_of(struct str name, enum report_form *out)
{
	static const char *const names[] = {"text", "json", "csv"};

	for (int i = 0; i < 3; i++) {
		if (!str_eq(name, str_of(names[i])))
			continue;
		*out = (enum report_form)i;
		return 0;
	}
	return -1;
}

int report_read_groups(struct str list, unsigned *out, struct fail *f)
{
	enum report_group group;
	unsigned by = 0;
	struct str word;

	while (str_next_field(&list, ',', &word)) {
		if (report_group_of(str_trim(word), &group) < 0)
			return fail_at(f, FAIL_INVALID_VALUE, STR("by"),
			               "\"%.*s\" is none of day, account, team, user, key, "
			               "provider, lane, model, tag",
			               STR_ARG(str_part(word, 0, 64)));
		by |= 1u << group;
	}
	*out = by;
	return 0;
}

static int read_day(const char *name, struct str text, int64_t *out_ms, struct fail *f)
{
	if (clock_read_day(text, out_ms) == 0)
		return 0;
	return fail_at(f, FAIL_INVALID_VALUE, str_of(name),
	               "%s \"%.*s\" is not a day such as 2026-11-22", name,
	               STR_ARG(str_part(text, 0, 64)));
}

int report_read_days(struct str from, struct str to, struct report_ask *out, struct fail *f)
{
	int64_t from_ms = 0, to_ms = INT64_MAX;

	if (from.len && read_day("from", from, &from_ms, f) < 0)
		return -1;
	if (to.len && read_day("to", to, &to_ms, f) < 0)
		return -1;
	out->from_ms = from_ms;
	out->to_ms = to.len ? to_ms + day_ms : to_ms;
	return 0;
}
