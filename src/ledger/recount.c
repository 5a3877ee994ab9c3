/* See recount.h. Every entry is visited once, in the order of the table; memory does not grow with
 * them. Called by `ledger verify` and by invoices, which print the rates. */
#include "ledger/recount.h"

#include "base/random.h"
#include "ledger/price_text.h"
#include "store/rates.h"

#include <stdlib.h>

struct row {
	uint32_t id, of_id;
	int64_t markup_bp;
	struct price_version *version; /* NULL: of another row */
};

struct recount_book {
	struct row *rows; /* by id */
	int count, room;
	struct arena *arena;
};

/* A row whose rates do not hash to its name is no witness. */
static bool take_row(void *arg, const struct store_rates *r)
{
	struct recount_book *b = arg;
	struct row row = {.id = r->id, .of_id = r->of_id, .markup_bp = r->markup_bp};

	if (r->text.len) {
		row.version = ARENA_NEW(b->arena, struct price_version);
		if (price_read_text(r->text, b->arena, row.version) < 0 ||
		    (row.version->id != r->id && !row.version->is_unknown))
			return true;
		row.version->id = r->id;
	}
	if (b->count == b->room) {
		struct row *more = ARENA_ARRAY(b->arena, struct row, (size_t)b->room * 2 + 64);

		if (b->count > 0)
			memcpy(more, b->rows, (size_t)b->count * sizeof *more);
		b->rows = more;
		b->room = b->room * 2 + 64;
	}
	b->rows[b->count++] = row;
	return true;
}

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	return (a->id > b->id) - (a->id < b->id);
}

struct recount_book *recount_read(struct store *s, struct arena *arena, struct fail *f)
{
	struct recount_book *b = ARENA_NEW(arena, struct recount_book);

	*b = (struct recount_book){.arena = arena};
	if (store_rates_all(s, arena, take_row, b, f) < 0)
		return NULL;
	if (b->count > 0)
		qsort(b->rows, (size_t)b->count, sizeof *b->rows, compare_rows);
	return b;
}

static const struct row *row_of(const struct recount_book *b, uint32_t id)
{
	const struct row wanted = {.id = id};

	return b->count ? bsearch(&wanted, b->rows, (size_t)b->count, sizeof wanted, compare_rows)
	                : NULL;
}

int recount_find(const struct recount_book *b, uint32_t version, struct price_deal *out)
{
	const struct row *named = row_of(b, version);
	const struct row *rates = named && !named->version ? row_of(b, named->of_id) : named;

	if (!rates || !rates->version)
		return -1;
	*out = (struct price_deal){.cost = rates->version,
	                           .charge = rates->version,
	                           .markup_bp = named->markup_bp,
	                           .charge_id = version};
	return 0;
}

/* ---- entries ---- */

struct recounting {
	const struct recount_book *book;
	void (*on_wrong)(void *, struct str);
	void *arg;
	struct recount_report report;
};

static void say_wrong(struct recounting *r, const struct entry *e,
                      const struct price_amounts *amounts)
{
	char id[UUID_TEXT_BYTES];
	struct arena arena;

	arena_init(&arena);
	uuid_text(e->request_id, id);
	r->report.wrong++;
	r->on_wrong(r->arg, arena_printf(&arena,
	                                 "entry %.*s/%d: its usage comes to %" PRId64
	                                 " and %" PRId64 " nUSD by prices %08x and %08x, it says "
	                                 "%" PRId64 " and %" PRId64,
	                                 UUID_TEXT_BYTES, id, e->attempt, amounts->cost_nusd,
	                                 amounts->charge_nusd, e->price_version, e->charge_version,
	                                 e->cost_nusd, e->charge_nusd));
	arena_release(&arena);
}

static bool recount_one(void *arg, const struct entry *e)
{
	struct recounting *r = arg;
	struct price_amounts amounts;
	struct price_deal deal, charge;

	if (recount_find(r->book, e->price_version, &deal) < 0 ||
	    recount_find(r->book, e->charge_version, &charge) < 0) {
		r->report.unkept++;
		return true;
	}
	deal.charge = charge.charge;
	deal.markup_bp = charge.markup_bp;
	r->report.entries++;
	if (price_amounts_of(&deal, &e->usage, &amounts) < 0)
		amounts = (struct price_amounts){INT64_MAX, INT64_MAX, true};
	if (amounts.cost_nusd != e->cost_nusd || amounts.charge_nusd != e->charge_nusd)
		say_wrong(r, e, &amounts);
	return true;
}

int recount_entries(struct store *s, void (*on_wrong)(void *, struct str), void *arg,
                    struct recount_report *out, struct fail *f)
{
	struct recounting r = {.on_wrong = on_wrong, .arg = arg};
	struct arena arena;
	int result = -1;

	arena_init(&arena);
	r.book = recount_read(s, &arena, f);
	if (r.book)
		result = store_entries(s, recount_one, &r, f);
	arena_release(&arena);
	*out = r.report;
	return result;
}
