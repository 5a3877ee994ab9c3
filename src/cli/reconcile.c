/* fluxrouter reconcile FILE: a provider's own export beside the ledger, by UTC day and model.
 *
 *	FILE ─bill_read─> their rows ─┐
 *	store_report ───> our rows ───┴─reconcile─> lines; exit 1 if there are any
 *
 * Our side is the cost, what the provider should charge us, not what accounts are charged. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/json_write.h"
#include "cli/books.h"
#include "cli/file.h"
#include "cli/option.h"
#include "ledger/reconcile.h"
#include "store/report.h"

static const int64_t day_ms = 24LL * 3600 * 1000;

enum { PUSD_PER_NUSD = 1000, OUT_MAX_BYTES = 256 << 20 };

struct work {
	struct books books;
	struct str file, provider;
	int64_t tolerance_nusd;
	bool as_json;
	struct bill bill;
	struct bill_row *ours;
	int count, room;
	int64_t estimated; /* of our requests */
	bool is_over;
	struct buf out;
	struct json_writer json;
};

/* ---- our side ---- */

static bool on_sum(void *work, const struct report_sum *sum)
{
	struct work *w = work;
	struct bill_row row = {.model =
	                           bill_model_name(sum->groups[REPORT_MODEL], &w->books.arena)};
	int64_t ms = 0;

	if (!str_eq(sum->groups[REPORT_PROVIDER], w->provider))
		return true;
	must(clock_read_day(sum->groups[REPORT_DAY], &ms) == 0);
	row.day = ms / day_ms;
	row.figures[BILL_REQUESTS] = sum->requests;
	row.figures[BILL_INPUT] = sum->input;
	row.figures[BILL_CACHE_READ] = sum->cache_read;
	row.figures[BILL_CACHE_WRITE] = sum->cache_write;
	row.figures[BILL_OUTPUT] = sum->output;
	w->is_over |=
	    __builtin_mul_overflow(sum->cost_nusd, (int64_t)PUSD_PER_NUSD, &row.figures[BILL_COST]);
	w->estimated += sum->estimated;
	if (w->count == w->room) {
		w->room = w->room * 2 + 64;
		w->ours = mem_resize(w->ours, (size_t)w->room * sizeof *w->ours);
	}
	w->ours[w->count++] = row;
	return true;
}

static int read_ours(struct work *w)
{
	struct report_ask ask = {.by =
	                             1u << REPORT_DAY | 1u << REPORT_PROVIDER | 1u << REPORT_MODEL,
	                         .from_ms = w->bill.first_day * day_ms,
	                         .to_ms = (w->bill.last_day + 1) * day_ms};

	if (store_report(w->books.store, &ask, &w->books.arena, on_sum, w, &w->books.fail) < 0)
		return -1;
	w->count = bill_gather(w->ours, w->count);
	if (w->count < 0 || w->is_over)
		return fail(&w->books.fail, FAIL_INVALID_VALUE, "our sums are too large");
	return 0;
}

/* ---- what is told ---- */

static struct str figure_text(struct work *w, const struct reconcile_difference *d, int64_t figure)
{
	struct str text;
	struct buf b;

	if (d->figure != BILL_COST)
		return arena_i64(&w->books.arena, figure);
	buf_init(&b, 64);
	decimal_put(&b, figure, 12);
	text = arena_copy(&w->books.arena, buf_str(&b));
	buf_release(&b);
	return text;
}

static struct str day_text(struct work *w, int64_t day)
{
	struct str text;
	struct buf b;

	buf_init(&b, 32);
	clock_put_day(&b, day * day_ms);
	text = arena_copy(&w->books.arena, buf_str(&b));
	buf_release(&b);
	return text;
}

static void put_json(struct work *w, const struct reconcile_difference *d)
{
	json_open_object(&w->json);
	json_key_text(&w->json, STR("day"), day_text(w, d->day));
	json_key_text(&w->json, STR("model"), d->model);
	json_key_text(&w->json, STR("figure"), str_of(bill_figure_name(d->figure)));
	json_key_raw(&w->json, STR("ours"), figure_text(w, d, d->ours));
	json_key_raw(&w->json, STR("theirs"), figure_text(w, d, d->theirs));
	json_close_object(&w->json);
}

static void on_difference(void *work, const struct reconcile_difference *d)
{
	struct work *w = work;

	if (w->as_json)
		put_json(w, d);
	else
		buf_printf(
		    &w->out, "%.*s  %-28.*s  %-18s  %18.*s  %18.*s\n", STR_ARG(day_text(w, d->day)),
		    STR_ARG(d->model.len ? d->model : STR("(all)")), bill_figure_name(d->figure),
		    STR_ARG(figure_text(w, d, d->ours)), STR_ARG(figure_text(w, d, d->theirs)));
}

static void begin(struct work *w)
{
	if (!w->as_json) {
		buf_printf(&w->out, "%-10s  %-28s  %-18s  %18s  %18s\n", "day", "model", "figure",
		           "ours", "theirs");
		return;
	}
	json_open_object(&w->json);
	json_key_text(&w->json, STR("shape"), str_of(w->bill.shape));
	json_key_text(&w->json, STR("provider"), w->provider);
	json_put_key(&w->json, STR("differences"));
	json_open_array(&w->json);
}

static void end(struct work *w, int found)
{
	if (w->as_json) {
		json_close_array(&w->json);
		json_close_object(&w->json);
		buf_put_byte(&w->out, '\n');
		return;
	}
	if (found == 0)
		buf_clear(&w->out);
	buf_printf(&w->out, "%s of %.*s, %d days and models there, %d here: ", w->bill.shape,
	           STR_ARG(w->provider), w->bill.count, w->count);
	if (found)
		buf_printf(&w->out, "%d differences", found);
	else
		buf_put(&w->out, STR("no difference"));
	if (w->estimated)
		buf_printf(&w->out, "; %" PRId64 " of our requests are estimates", w->estimated);
	buf_put_byte(&w->out, '\n');
}

static int compare(struct work *w)
{
	struct reconcile_ours ours;
	int found;

	if (w->provider.len == 0)
		w->provider = w->bill.provider;
	books_catch_up(&w->books);
	if (w->bill.last_day >= 0 && read_ours(w) < 0)
		return books_fails(&w->books);
	ours = (struct reconcile_ours){w->ours, w->count, w->tolerance_nusd * PUSD_PER_NUSD};
	begin(w);
	found = reconcile(&w->bill, &ours, on_difference, w);
	end(w, found);
	fwrite(w->out.ptr, 1, w->out.len, stdout);
	return found ? 1 : 0;
}

static int run(struct work *w)
{
	struct buf text;
	int status;

	buf_init(&text, BILL_BYTES_MAX);
	if (file_read(w->file, &text, &w->books.fail) < 0 ||
	    bill_read(buf_str(&text), &w->books.arena, &w->bill, &w->books.fail) < 0)
		status = books_fails(&w->books);
	else
		status = compare(w);
	buf_release(&text);
	return status;
}

int cli_reconcile(int argc, char **argv)
{
	static const struct decimal_range amounts = {0, 1000000000000000};
	struct str data = STR(CLI_DATA_DEFAULT), tolerance = STR("0.000001");
	struct work w = {0};
	const struct option options[] = {
	    OPTION_DATA(data),
	    {"provider", "NAME", "as the configuration calls it (openai, anthropic: the file's)",
	     &w.provider, NULL},
	    {"tolerance", "USD", "amounts that differ by no more are the same (0.000001)",
	     &tolerance, NULL},
	    {"json", NULL, "as JSON", NULL, &w.as_json},
	};
	const struct option_set set = {"reconcile FILE [--data DIR] [--provider NAME]",
	                               "Compares a provider's usage or cost export (CSV of OpenAI "
	                               "or Anthropic) with the ledger, by day and model. Ends with "
	                               "1 when they differ.",
	                               options,
	                               OPTION_COUNT(options),
	                               1,
	                               "file"};
	struct option_words words;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	if (decimal_read(tolerance, 9, amounts, &w.tolerance_nusd) < 0)
		return option_wrong("--tolerance \"%.*s\" is no amount in dollars",
		                    STR_ARG(tolerance));
	w.file = words.operands[0];
	buf_init(&w.out, OUT_MAX_BYTES);
	json_writer_init(&w.json, &w.out);
	status = books_open(&w.books, data, STORE_READ_ONLY) < 0 ? 1 : run(&w);
	books_release(&w.books);
	mem_put(w.ours);
	buf_release(&w.out);
	return status;
}
