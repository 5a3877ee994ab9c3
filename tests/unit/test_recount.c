/* What attempts were priced by reaches the store, and entries come out of it again to the
 * nano-dollar; what differs is named. */
#include "ledger/recount.h"

#include "ledger_sample.h"
#include "ledger/price_text.h"
#include "ledger/tariff.h"
#include "place.h"
#include "store/rates.h"

static struct arena arena;
static struct fail f;
static int wrong_count;
static struct str wrong;

static struct price rows[] = {
    {.input_pusd = 250000,
     .cache_read_pusd = 25000,
     .output_pusd = 2000000,
     .reasoning_pusd = 2000000,
     .call_nusd = 10000000,
     .percent_bp = 10000,
     .regional_bp = 11000},
    {.service = LLM_SERVICE_FLEX,
     .input_pusd = 125000,
     .output_pusd = 1000000,
     .percent_bp = 5000,
     .regional_bp = 10000},
    {.above_tokens = 200000,
     .input_pusd = INT64_MAX,
     .output_pusd = 3,
     .percent_bp = 10000,
     .regional_bp = 10000},
};
static struct price free_row = {.percent_bp = 10000, .regional_bp = 10000};
static struct price_version cost = {.rows = rows, .row_count = 3};
static struct price_version unknown = {.is_unknown = true, .rows = &free_row, .row_count = 1};

static void test_text(void)
{
	struct price_version read;
	struct json_writer w;
	struct buf out;

	buf_init(&out, 1 << 16);
	json_writer_init(&w, &out);
	json_open_object(&w);
	price_put_text(&w, &cost);
	json_close_object(&w);
	CHECK(price_read_text(buf_str(&out), &arena, &read) == 0);
	CHECK(read.id == cost.id && read.row_count == 3 && !read.is_unknown);
	CHECK(memcmp(read.rows, rows, sizeof rows) == 0);
	for (size_t i = 0; i < out.len; i++)
		CHECK(price_read_text(str_part(buf_str(&out), 0, i), &arena, &read) < 0);
	CHECK(price_read_text(STR("{\"unknown\":false,\"rows\":[]}"), &arena, &read) < 0);
	CHECK(price_read_text(STR("{\"unknown\":false,\"rows\":[{}]}"), &arena, &read) < 0);
	buf_release(&out);
}

static void on_wrong(void *arg, struct str sentence)
{
	(void)arg;
	wrong_count++;
	wrong = arena_copy(&arena, sentence);
}

static struct entry priced(int64_t n, const struct price_deal *d)
{
	struct entry e = sample_entry(n);
	struct price_amounts amounts;

	e.usage.service = n % 2 ? LLM_SERVICE_FLEX : LLM_SERVICE_STANDARD;
	CHECK(price_amounts_of(d, &e.usage, &amounts) == 0);
	e.cost_nusd = amounts.cost_nusd;
	e.charge_nusd = amounts.charge_nusd;
	e.price_version = d->cost->id;
	e.charge_version = d->charge_id;
	return e;
}

static struct recount_report recount(struct store *s)
{
	struct recount_report r = {0};

	wrong_count = 0;
	CHECK(recount_entries(s, on_wrong, NULL, &r, &f) == 0);
	CHECK(wrong_count == r.wrong);
	return r;
}

enum { ENTRIES = 3000 };

static void put_entries(struct store *s, const struct price_deal *deals)
{
	struct entry *entries = mem_get(ENTRIES * sizeof *entries);

	for (int i = 0; i < ENTRIES; i++)
		entries[i] = priced(i, &deals[i % 3]);
	CHECK(store_put_entries(s, entries, ENTRIES, NULL, &f) == 0);
	mem_put(entries);
}

static void test_entries(const struct place *p)
{
	struct price_set set = {&cost, 1}, unknown_set = {&unknown, 1};
	struct price_terms dearer = {NULL, 12345};
	struct price_deal deals[] = {price_deal_of(&set, NULL, 0), price_deal_of(&set, &dearer, 0),
	                             price_deal_of(&unknown_set, NULL, 0)};
	struct tariff *t = tariff_new();
	struct store *s = NULL;
	struct recount_report r;
	struct entry odd;

	fail_init(&f, &arena);
	must(store_open(p->where, STORE_CREATE, &s, &f) == 0);
	put_entries(s, deals);
	CHECK(recount(s).unkept == ENTRIES);
	for (int i = 0; i < 6; i++)
		tariff_note(t, &deals[i % 3]);
	CHECK(tariff_carry(t, s, &f) == 0 && tariff_carry(t, s, &f) == 0);
	tariff_note(t, &deals[1]);
	CHECK(tariff_carry(t, s, &f) == 0);
	r = recount(s);
	CHECK(r.entries == ENTRIES && r.unkept == 0 && r.wrong == 0);
	odd = priced(ENTRIES, &deals[1]);
	odd.charge_nusd++;
	CHECK(store_put_entries(s, &odd, 1, NULL, &f) == 0);
	r = recount(s);
	CHECK(r.wrong == 1 && r.entries == ENTRIES + 1);
	CHECK(str_find(wrong, STR("it says")) < wrong.len);
	tariff_free(&t);
	store_close(&s);
}

/* Rates that somebody changed in the store no longer hash to their name: they prove nothing. */
static void test_forged(const struct place *p)
{
	struct price_set set = {&cost, 1};
	struct price_deal deal = price_deal_of(&set, NULL, 0), found;
	struct store_rates rates = {.id = 77, .of_id = 77, .markup_bp = PRICE_WHOLE_BP};
	struct recount_book *book;
	struct store *s = NULL;
	struct tariff *t = tariff_new();

	fail_init(&f, &arena);
	must(store_open(p->where, STORE_CREATE, &s, &f) == 0);
	tariff_note(t, &deal);
	CHECK(tariff_carry(t, s, &f) == 0);
	rates.text = STR("{\"unknown\":false,\"rows\":[]}");
	CHECK(store_rates_put(s, &rates, 1, &f) == 0);
	book = recount_read(s, &arena, &f);
	CHECK(book && recount_find(book, cost.id, &found) == 0 && found.markup_bp == 10000);
	CHECK(recount_find(book, 77, &found) < 0 && recount_find(book, 78, &found) < 0);
	tariff_free(&t);
	store_close(&s);
}

int main(int argc, char **argv)
{
	(void)argc;
	place_start(argv);
	arena_init(&arena);
	price_set_id(&cost);
	price_set_id(&unknown);
	test_text();
	place_each(test_entries);
	place_each(test_forged);
	arena_release(&arena);
	return place_report("recount");
}
