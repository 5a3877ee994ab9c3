/* Invoices: lines of a month, their sum, and what they would have cost us.
 *
 *	invoice for acme, 2026-11
 *	model        price     requests  input  cache read  ...  output   charge USD
 *	gpt-5-mini   1f2e3d4c        12   3400         120  ...     560     0.00128
 *	total                        12                                     0.00128
 *
 * The price version names the rates that were in force (docs/ledger.md, "Prices"); they stand at
 * the end, as the store keeps them, so that every line can be computed again. Called by the desk
 * and by `fluxrouter invoice`. */
#include "admin/invoice.h"

#include "base/clock.h"
#include "base/csv.h"
#include "base/decimal.h"
#include "base/json_write.h"
#include "ledger/price_text.h"
#include "ledger/recount.h"

static const struct {
	const char *name, *heading;
	size_t offset;
	bool is_nusd;
} figures[] = {
    {"requests", "requests", offsetof(struct report_line, requests), false},
    {"input_tokens", "input", offsetof(struct report_line, usage.input), false},
    {"cache_read_tokens", "cache read", offsetof(struct report_line, usage.cache_read), false},
    {"cache_write_5m_tokens", "write 5m", offsetof(struct report_line, usage.cache_write_5m),
     false},
    {"cache_write_1h_tokens", "write 1h", offsetof(struct report_line, usage.cache_write_1h),
     false},
    {"output_tokens", "output", offsetof(struct report_line, usage.output), false},
    {"reasoning_tokens", "reasoning", offsetof(struct report_line, usage.reasoning), false},
    {"audio_input_tokens", "audio in", offsetof(struct report_line, usage.audio_input), false},
    {"audio_output_tokens", "audio out", offsetof(struct report_line, usage.audio_output), false},
    {"image_input_tokens", "image in", offsetof(struct report_line, usage.image_input), false},
    {"image_output_tokens", "image out", offsetof(struct report_line, usage.image_output), false},
    {"searches", "searches", offsetof(struct report_line, usage.searches), false},
    {"calls", "calls", offsetof(struct report_line, usage.calls), false},
    {"estimated", "estimated", offsetof(struct report_line, estimated), false},
    {"charge_usd", "charge USD", offsetof(struct report_line, charge_nusd), true},
};

enum { FIGURES = sizeof figures / sizeof figures[0], MODEL_WIDTH = 28, VERSIONS_MAX = 4096 };

struct invoice {
	const struct invoice_ask *ask;
	enum report_form form;
	struct buf *out;
	struct json_writer json;
	struct report_line total;
	bool is_over;                    /* a sum passes 63 bits */
	uint32_t versions[VERSIONS_MAX]; /* that lines name, each once */
	int version_count;
};

static int64_t *figure_of(struct report_line *line, int i)
{
	return (int64_t *)(void *)((char *)line + figures[i].offset);
}

static void put_figure(struct buf *out, struct report_line *line, int i)
{
	if (figures[i].is_nusd)
		buf_put_nusd(out, *figure_of(line, i));
	else
		buf_put_i64(out, *figure_of(line, i));
}

static void put_figures_json(struct invoice *v, struct report_line *line)
{
	for (int i = 0; i < FIGURES; i++) {
		if (figures[i].is_nusd)
			json_key_nusd(&v->json, str_of(figures[i].name), *figure_of(line, i));
		else
			json_key_i64(&v->json, str_of(figures[i].name), *figure_of(line, i));
	}
}

static void put_line_json(struct invoice *v, struct report_line *line, const char *version)
{
	json_open_object(&v->json);
	json_key_text(&v->json, STR("model"), line->model);
	json_key_text(&v->json, STR("price_version"), str_of(version));
	put_figures_json(v, line);
	json_close_object(&v->json);
}

static void put_line_csv(struct invoice *v, struct report_line *line, const char *version)
{
	csv_put(v->out, v->ask->account);
	buf_printf(v->out, ",%.*s,", STR_ARG(v->ask->month));
	csv_put(v->out, line->model);
	buf_printf(v->out, ",%s", version);
	for (int i = 0; i < FIGURES; i++) {
		buf_put_byte(v->out, ',');
		put_figure(v->out, line, i);
	}
	buf_put_byte(v->out, '\n');
}

static void put_line_text(struct invoice *v, struct report_line *line, const char *version)
{
	buf_printf(v->out, "%-*.*s  %-8s", MODEL_WIDTH, STR_ARG(line->model), version);
	for (int i = 0; i < FIGURES; i++) {
		struct buf text;

		buf_init(&text, 64);
		put_figure(&text, line, i);
		buf_printf(v->out, "  %*.*s", figures[i].is_nusd ? 14 : 10,
		           STR_ARG(buf_str(&text)));
		buf_release(&text);
	}
	buf_put_byte(v->out, '\n');
}

static void note_version(struct invoice *v, uint32_t version)
{
	for (int i = 0; i < v->version_count; i++)
		if (v->versions[i] == version)
			return;
	if (v->version_count < VERSIONS_MAX)
		v->versions[v->version_count++] = version;
}

static bool on_line(void *invoice, const struct report_line *given)
{
	struct invoice *v = invoice;
	struct report_line line = *given;
	char version[16];

	for (int i = 0; i < FIGURES; i++)
		if (__builtin_add_overflow(*figure_of(&v->total, i), *figure_of(&line, i),
		                           figure_of(&v->total, i)))
			v->is_over = true;
	snprintf(version, sizeof version, "%08x", line.price_version);
	note_version(v, line.price_version);
	if (v->form == REPORT_AS_JSON)
		put_line_json(v, &line, version);
	else if (v->form == REPORT_AS_CSV)
		put_line_csv(v, &line, version);
	else
		put_line_text(v, &line, version);
	return !buf_is_over(v->out);
}

/* ---- the rates behind it ---- */

static void put_rates_json(struct invoice *v, uint32_t version, const struct price_deal *d)
{
	char name[16];

	snprintf(name, sizeof name, "%08x", version);
	json_put_key(&v->json, str_of(name));
	json_open_object(&v->json);
	json_key_i64(&v->json, STR("markup_bp"), d->markup_bp);
	price_put_text(&v->json, d->charge);
	json_close_object(&v->json);
}

/* A pico-dollar per token is a micro-dollar per million. */
static void put_usd(struct buf *out, const char *name, int64_t pusd)
{
	buf_printf(out, " %s ", name);
	buf_put_nusd(out, pusd > INT64_MAX / 1000 ? INT64_MAX : pusd * 1000);
}

static void put_rates_text(struct invoice *v, uint32_t version, const struct price_deal *d)
{
	for (int i = 0; i < d->charge->row_count; i++) {
		const struct price *p = &d->charge->rows[i];

		buf_printf(v->out, "price %08x, %s", version, llm_service_name(p->service));
		if (p->above_tokens)
			buf_printf(v->out, " above %" PRId64 " tokens", p->above_tokens);
		buf_printf(v->out, ", USD per 1M tokens:");
#define X(rate, fallback)                                                                          \
	if (p->rate##_pusd != p->fallback##_pusd || str_eq(STR(#rate), STR(#fallback)))            \
		put_usd(v->out, #rate, p->rate##_pusd);
		PRICE_RATES(X)
#undef X
		buf_printf(v->out, "; x %" PRId64 " bp x %" PRId64 " bp\n", p->percent_bp,
		           d->markup_bp);
	}
}

/* Lines of a table: CSV has no place for them. */
static int put_rates(struct invoice *v, struct store *store, struct arena *arena, struct fail *f)
{
	struct recount_book *book = recount_read(store, arena, f);
	struct price_deal deal;

	if (!book)
		return -1;
	for (int i = 0; i < v->version_count; i++) {
		if (recount_find(book, v->versions[i], &deal) < 0)
			continue;
		if (v->form == REPORT_AS_JSON)
			put_rates_json(v, v->versions[i], &deal);
		else if (v->form == REPORT_AS_TEXT)
			put_rates_text(v, v->versions[i], &deal);
	}
	return 0;
}

/* ---- the whole ---- */

static void begin_json(struct invoice *v)
{
	json_open_object(&v->json);
	json_key_text(&v->json, STR("object"), STR("invoice"));
	json_key_text(&v->json, STR("account"), v->ask->account);
	json_key_text(&v->json, STR("month"), v->ask->month);
	json_key_text(&v->json, STR("currency"), STR("USD"));
	json_put_key(&v->json, STR("lines"));
	json_open_array(&v->json);
}

static void end_lines_json(struct invoice *v)
{
	json_close_array(&v->json);
	json_put_key(&v->json, STR("total"));
	json_open_object(&v->json);
	put_figures_json(v, &v->total);
	json_close_object(&v->json);
	json_put_key(&v->json, STR("prices"));
	json_open_object(&v->json);
}

static void end_json(struct invoice *v)
{
	json_close_object(&v->json);
	json_close_object(&v->json);
	buf_put_byte(v->out, '\n');
}

static void begin_csv(struct invoice *v)
{
	buf_put(v->out, STR("account,month,model,price_version"));
	for (int i = 0; i < FIGURES; i++)
		buf_printf(v->out, ",%s", figures[i].name);
	buf_put_byte(v->out, '\n');
}

static void begin_text(struct invoice *v)
{
	buf_printf(v->out, "invoice for %.*s, %.*s\n\n%-*s  %-8s", STR_ARG(v->ask->account),
	           STR_ARG(v->ask->month), MODEL_WIDTH, "model", "price");
	for (int i = 0; i < FIGURES; i++)
		buf_printf(v->out, "  %*s", figures[i].is_nusd ? 14 : 10, figures[i].heading);
	buf_put_byte(v->out, '\n');
}

static void begin(struct invoice *v)
{
	if (v->form == REPORT_AS_JSON)
		begin_json(v);
	else if (v->form == REPORT_AS_CSV)
		begin_csv(v);
	else
		begin_text(v);
}

static int end(struct invoice *v, struct store *store, struct arena *arena, struct fail *f)
{
	int result;

	v->total.model = STR("total");
	if (v->form == REPORT_AS_JSON)
		end_lines_json(v);
	else if (v->form == REPORT_AS_TEXT)
		put_line_text(v, &v->total, "");
	if (v->form == REPORT_AS_TEXT && v->version_count > 0)
		buf_put_byte(v->out, '\n');
	result = put_rates(v, store, arena, f);
	if (v->form == REPORT_AS_JSON)
		end_json(v);
	return result;
}

int invoice_put(struct store *store, const struct invoice_ask *ask, enum report_form form,
                struct buf *out, struct fail *f)
{
	struct invoice v = {.ask = ask, .form = form, .out = out};
	struct report_ask range = {.account_id = ask->account_id};
	struct arena texts;
	int result;

	if (clock_read_month(ask->month, &range.from_ms, &range.to_ms) < 0)
		return fail_at(f, FAIL_INVALID_VALUE, STR("month"),
		               "\"%.*s\" is not a month such as 2026-11",
		               STR_ARG(str_part(ask->month, 0, 64)));
	arena_init(&texts);
	json_writer_init(&v.json, out);
	begin(&v);
	result = store_lines(store, &range, &texts, on_line, &v, f);
	if (result == 0)
		result = end(&v, store, &texts, f);
	arena_release(&texts);
	if (result == 0 && v.is_over)
		return fail(f, FAIL_INVALID_VALUE, "the invoice's sum is too large");
	return result;
}
