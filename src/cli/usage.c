/* fluxrouter usage: what was spent, by day, model, key and account.
 *
 * Reads the store's day sums; beside a running daemon it waits a moment for what was served just
 * now. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/json_write.h"
#include "cli/books.h"
#include "cli/option.h"

enum { OUT_MAX_BYTES = 256 << 20 };
static const int64_t day_ms = 24LL * 3600 * 1000;

struct report {
	unsigned by;
	bool as_json;
	int64_t from_ms, to_ms;
	struct buf out;
	struct json_writer json;
	struct store_sum total;
};

/* Columns that a report can be grouped by, in the order in which they stand. */
static const struct {
	const char *name;
	enum store_group bit;
	int width;
	size_t offset; /* of the text in struct store_sum */
} groups[] = {
    {"day", STORE_BY_DAY, 10, offsetof(struct store_sum, day)},
    {"account", STORE_BY_ACCOUNT, 16, offsetof(struct store_sum, account)},
    {"key", STORE_BY_KEY, 26, offsetof(struct store_sum, key)},
    {"model", STORE_BY_MODEL, 28, offsetof(struct store_sum, model)},
};

/* Figures of each row: JSON name, heading, field; amounts are in nano-dollars. */
static const struct {
	const char *name, *heading;
	size_t offset;
	bool is_nusd;
} figures[] = {
    {"requests", "requests", offsetof(struct store_sum, requests), false},
    {"input_tokens", "input", offsetof(struct store_sum, input), false},
    {"cache_read_tokens", "cache read", offsetof(struct store_sum, cache_read), false},
    {"cache_write_tokens", "cache write", offsetof(struct store_sum, cache_write), false},
    {"output_tokens", "output", offsetof(struct store_sum, output), false},
    {"cost_usd", "cost USD", offsetof(struct store_sum, cost_nusd), true},
    {"charge_usd", "charge USD", offsetof(struct store_sum, charge_nusd), true},
    {"estimated", "estimated", offsetof(struct store_sum, estimated), false},
};

enum { GROUPS = sizeof groups / sizeof groups[0], FIGURES = sizeof figures / sizeof figures[0] };

static int64_t *figure_of(struct store_sum *sum, int i)
{
	return (int64_t *)(void *)((char *)sum + figures[i].offset);
}

static struct str group_of(const struct store_sum *sum, int i)
{
	return *(const struct str *)(const void *)((const char *)sum + groups[i].offset);
}

static void put_figures_json(struct report *r, struct store_sum *sum)
{
	for (int i = 0; i < FIGURES; i++) {
		if (figures[i].is_nusd)
			json_key_nusd(&r->json, str_of(figures[i].name), *figure_of(sum, i));
		else
			json_key_i64(&r->json, str_of(figures[i].name), *figure_of(sum, i));
	}
}

static void put_figures_line(struct report *r, struct store_sum *sum)
{
	for (int i = 0; i < FIGURES; i++) {
		struct buf text;

		buf_init(&text, 64);
		if (figures[i].is_nusd)
			buf_put_nusd(&text, *figure_of(sum, i));
		else
			buf_put_i64(&text, *figure_of(sum, i));
		buf_printf(&r->out, "  %*.*s", figures[i].is_nusd ? 14 : 11,
		           STR_ARG(buf_str(&text)));
		buf_release(&text);
	}
	buf_put_byte(&r->out, '\n');
}

static void put_row_json(struct report *r, struct store_sum *sum)
{
	json_open_object(&r->json);
	for (int i = 0; i < GROUPS; i++)
		if (r->by & groups[i].bit)
			json_key_text(&r->json, str_of(groups[i].name), group_of(sum, i));
	put_figures_json(r, sum);
	json_close_object(&r->json);
}

static void put_row_line(struct report *r, struct store_sum *sum)
{
	for (int i = 0; i < GROUPS; i++)
		if (r->by & groups[i].bit)
			buf_printf(&r->out, "%-*.*s  ", groups[i].width, STR_ARG(group_of(sum, i)));
	put_figures_line(r, sum);
}

static bool on_row(void *arg, const struct store_sum *row)
{
	struct report *r = arg;
	struct store_sum sum = *row;

	for (int i = 0; i < FIGURES; i++)
		*figure_of(&r->total, i) += *figure_of(&sum, i);
	if (r->as_json)
		put_row_json(r, &sum);
	else
		put_row_line(r, &sum);
	return true;
}

static void put_day(struct report *r, struct str name, int64_t wall_ms)
{
	struct clock_day d = clock_day_of(wall_ms);
	char text[32];

	if (wall_ms <= 0 || wall_ms == INT64_MAX) {
		json_key_null(&r->json, name);
		return;
	}
	snprintf(text, sizeof text, "%04d-%02d-%02d", d.year, d.month, d.day);
	json_key_text(&r->json, name, str_of(text));
}

static void begin_json(struct report *r)
{
	json_open_object(&r->json);
	put_day(r, STR("from"), r->from_ms);
	put_day(r, STR("to"), r->to_ms == INT64_MAX ? INT64_MAX : r->to_ms - day_ms);
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
	buf_put_byte(&r->out, '\n');
}

static void begin_lines(struct report *r)
{
	for (int i = 0; i < GROUPS; i++)
		if (r->by & groups[i].bit)
			buf_printf(&r->out, "%-*s  ", groups[i].width, groups[i].name);
	for (int i = 0; i < FIGURES; i++)
		buf_printf(&r->out, "  %*s", figures[i].is_nusd ? 14 : 11, figures[i].heading);
	buf_put_byte(&r->out, '\n');
}

static void end_lines(struct report *r)
{
	bool first = true;

	for (int i = 0; i < GROUPS; i++) {
		if (!(r->by & groups[i].bit))
			continue;
		buf_printf(&r->out, "%-*s  ", groups[i].width, first ? "total" : "");
		first = false;
	}
	put_figures_line(r, &r->total);
}

static int report_in(struct books *b, struct report *r)
{
	int result;

	books_catch_up(b);
	buf_init(&r->out, OUT_MAX_BYTES);
	json_writer_init(&r->json, &r->out);
	if (r->as_json)
		begin_json(r);
	else
		begin_lines(r);
	result = store_sums(b->store, (struct store_report){r->by, r->from_ms, r->to_ms}, &b->arena,
	                    on_row, r, &b->fail);
	if (r->as_json)
		end_json(r);
	else
		end_lines(r);
	if (result == 0)
		fwrite(r->out.ptr, 1, r->out.len, stdout);
	buf_release(&r->out);
	return result < 0 ? books_fails(b) : 0;
}

static int read_groups(struct str list, unsigned *out)
{
	struct str word;

	*out = 0;
	while (str_next_field(&list, ',', &word)) {
		unsigned bit = 0;

		for (int i = 0; i < GROUPS; i++)
			if (str_eq(str_trim(word), str_of(groups[i].name)))
				bit = groups[i].bit;
		if (bit == 0)
			return option_wrong("--by \"%.*s\" is none of day, account, key, model",
			                    STR_ARG(word));
		*out |= bit;
	}
	return 0;
}

int cli_usage(int argc, char **argv)
{
	struct str data = STR(CLI_DATA_DEFAULT), by = STR("day,model,key"), from = {0}, to = {0};
	struct report r = {0};
	const struct option options[] = {
	    {"data", "DIR", "data directory (" CLI_DATA_DEFAULT ")", &data, NULL},
	    {"by", "LIST", "day, account, key, model (day,model,key)", &by, NULL},
	    {"from", "DAY", "first day, UTC: 2026-11-01", &from, NULL},
	    {"to", "DAY", "last day, UTC, included", &to, NULL},
	    {"json", NULL, "as JSON", NULL, &r.as_json},
	};
	const struct option_set set = {"usage [--data DIR] [--by LIST] [--from DAY] [--to DAY]",
	                               "What was spent, exact to the nano-dollar.", options,
	                               sizeof options / sizeof options[0], 0};
	struct option_words words;
	struct books b;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	status = read_groups(by, &r.by);
	if (status == 0)
		status = option_read_days(from, to, &r.from_ms, &r.to_ms);
	if (status != 0)
		return status;
	status = books_open(&b, data, STORE_READ_ONLY) < 0 ? 1 : report_in(&b, &r);
	books_release(&b);
	return status;
}
