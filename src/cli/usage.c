/* fluxrouter usage: what was spent, by day, account, team, user, key, provider, lane, model, tag.
 * fluxrouter usage purge: deletes old entries.
 * fluxrouter invoice: what an account is to pay for a month.
 *
 * Beside a running daemon they wait a moment for what was served just now. */
#include "cli/cli.h"

#include "admin/invoice.h"
#include "base/clock.h"
#include "cli/books.h"
#include "cli/option.h"
#include "store/owner.h"
#include "store/purge.h"

enum { OUT_MAX_BYTES = 256 << 20 };

static int print(struct books *b, int result, const struct buf *out)
{
	if (result < 0)
		return books_fails(b);
	if (buf_is_over(out))
		return option_wrong("the report is too long; ask for a part of it");
	return fwrite(out->ptr, 1, out->len, stdout) == out->len ? 0 : 1;
}

static int form_of(bool as_json, bool as_csv, enum report_form *out)
{
	if (as_json && as_csv)
		return option_wrong("--json and --csv do not go together");
	*out = as_json ? REPORT_AS_JSON : as_csv ? REPORT_AS_CSV : REPORT_AS_TEXT;
	return 0;
}

/* ---- usage ---- */

static int report_in(struct books *b, const struct report_ask *ask, enum report_form form)
{
	struct buf out;
	int status;

	books_catch_up(b);
	buf_init(&out, OUT_MAX_BYTES);
	status = print(b, report_put(b->store, ask, form, &out, &b->fail), &out);
	buf_release(&out);
	return status;
}

/* The command line's own words for what is wrong with it. */
static int read_groups(struct str by, unsigned *out)
{
	struct arena arena;
	struct fail f;
	int status = 0;

	arena_init(&arena);
	fail_init(&f, &arena);
	if (report_read_groups(by, out, &f) < 0)
		status = option_wrong("--by %.*s", STR_ARG(f.message));
	arena_release(&arena);
	return status;
}

/* ---- purge ---- */

static int purge_in(struct books *b, struct store_purge *p)
{
	books_catch_up(b);
	if (store_purge(b->store, p, &b->fail) < 0)
		return books_fails(b);
	printf("%" PRId64 " entries were purged; the sums of their days %s\n", p->entries,
	       p->drop_sums ? "too" : "stay");
	return 0;
}

static int usage_purge(int argc, char **argv)
{
	struct str data = STR(CLI_DATA_DEFAULT), before = {0};
	struct store_purge p = {0};
	bool keep_sums = false;
	const struct option options[] = {
	    OPTION_DATA(data),
	    {"before", "DAY", "entries that were closed before that day, UTC", &before, NULL},
	    {"keep-sums", NULL, "day sums stay (they do)", NULL, &keep_sums},
	    {"drop-sums", NULL, "the sums of these days too", NULL, &p.drop_sums},
	};
	const struct option_set set = {"usage purge --before DAY [--data DIR] [--drop-sums]",
	                               "Deletes old entries for good. Reports by day, account, key "
	                               "and model stay as they are.",
	                               options,
	                               OPTION_COUNT(options),
	                               0,
	                               NULL};
	struct option_words words;
	struct books b;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	if (clock_read_day(before, &p.before_ms) < 0)
		return option_wrong("--before \"%.*s\" is not a day such as 2026-01-01",
		                    STR_ARG(before));
	if (p.before_ms > clock_wall_ms())
		return option_wrong("--before %.*s: only days that are over can be purged",
		                    STR_ARG(before));
	if (keep_sums && p.drop_sums)
		return option_wrong("--keep-sums and --drop-sums do not go together");
	status = books_open(&b, data, STORE_EXISTING) < 0 ? 1 : purge_in(&b, &p);
	books_release(&b);
	return status;
}

int cli_usage(int argc, char **argv)
{
	struct str data = STR(CLI_DATA_DEFAULT), by = STR("day,model,key"), from = {0}, to = {0};
	bool as_json = false, as_csv = false;
	struct report_ask ask = {0};
	enum report_form form = REPORT_AS_TEXT;
	const struct option options[] = {
	    OPTION_DATA(data),
	    {"by", "LIST", "day, account, team, user, key, provider, lane, model, tag", &by, NULL},
	    {"from", "DAY", "first day, UTC: 2026-11-01", &from, NULL},
	    {"to", "DAY", "last day, UTC, included", &to, NULL},
	    {"json", NULL, "as JSON", NULL, &as_json},
	    {"csv", NULL, "as CSV", NULL, &as_csv},
	};
	const struct option_set set = {"usage [purge] [--data DIR] [--by LIST] [--from DAY] ...",
	                               "What was spent, exact to the nano-dollar.",
	                               options,
	                               OPTION_COUNT(options),
	                               0,
	                               NULL};
	struct option_words words;
	struct books b;
	int status;

	if (argc > 1 && str_eq(str_of(argv[1]), STR("purge")))
		return usage_purge(argc - 1, argv + 1);
	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	status = read_groups(by, &ask.by);
	if (status == 0)
		status = option_read_days(from, to, &ask.from_ms, &ask.to_ms);
	if (status == 0)
		status = form_of(as_json, as_csv, &form);
	if (status != 0)
		return status;
	status = books_open(&b, data, STORE_READ_ONLY) < 0 ? 1 : report_in(&b, &ask, form);
	books_release(&b);
	return status;
}

/* ---- invoice ---- */

static int find_account(struct books *b, struct invoice_ask *ask)
{
	struct store_owner wanted = {.kind = STORE_ACCOUNT, .name = ask->account}, found = {0};

	if (str_to_i64(ask->account, 1, INT64_MAX, &wanted.id) < 0)
		wanted.id = 0;
	if (store_owner_find(b->store, &wanted, &b->arena, &found, &b->fail) < 0)
		return -1;
	if (found.id == 0)
		return fail(&b->fail, FAIL_OBJECT_NOT_FOUND, "there is no account \"%.*s\"",
		            STR_ARG(ask->account));
	ask->account_id = found.id;
	ask->account = found.name;
	return 0;
}

static int invoice_in(struct books *b, struct invoice_ask *ask, enum report_form form)
{
	struct buf out;
	int status;

	if (find_account(b, ask) < 0)
		return books_fails(b);
	books_catch_up(b);
	buf_init(&out, OUT_MAX_BYTES);
	status = print(b, invoice_put(b->store, ask, form, &out, &b->fail), &out);
	buf_release(&out);
	return status;
}

int cli_invoice(int argc, char **argv)
{
	struct str data = STR(CLI_DATA_DEFAULT);
	bool as_json = false, as_csv = false;
	enum report_form form = REPORT_AS_TEXT;
	struct invoice_ask ask = {0};
	const struct option options[] = {
	    OPTION_DATA(data),
	    {"account", "NAME", "whose", &ask.account, NULL},
	    {"month", "MONTH", "a calendar month, UTC: 2026-11", &ask.month, NULL},
	    {"json", NULL, "as JSON", NULL, &as_json},
	    {"csv", NULL, "as CSV", NULL, &as_csv},
	};
	const struct option_set set = {
	    "invoice --account NAME --month MONTH [--data DIR]",
	    "What an account is to pay, by model and price version, from the entries.",
	    options,
	    OPTION_COUNT(options),
	    0,
	    NULL};
	struct option_words words;
	struct books b;
	int64_t ms;
	int status;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	status = form_of(as_json, as_csv, &form);
	if (status != 0)
		return status;
	if (ask.account.len == 0)
		return option_wrong("--account is missing: whose invoice?");
	if (clock_read_month(ask.month, &ms, &ms) < 0)
		return option_wrong("--month \"%.*s\" is not a month such as 2026-11",
		                    STR_ARG(ask.month));
	status = books_open(&b, data, STORE_READ_ONLY) < 0 ? 1 : invoice_in(&b, &ask, form);
	books_release(&b);
	return status;
}
