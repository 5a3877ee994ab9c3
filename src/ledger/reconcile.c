/* A merge of two sorted tables, which tells the figures that differ. Called by `fluxrouter
 * reconcile`. Pure. */
#include "ledger/reconcile.h"

struct comparing {
	const struct bill *bill;
	int64_t tolerance_pusd;
	void (*on_difference)(void *, const struct reconcile_difference *);
	void *arg;
	int found;
};

static bool is_same(const struct comparing *c, enum bill_figure figure, int64_t a, int64_t b)
{
	int64_t difference;

	if (a == b)
		return true;
	if (figure != BILL_COST || __builtin_sub_overflow(a, b, &difference))
		return false;
	return difference <= c->tolerance_pusd && difference >= -c->tolerance_pusd;
}

static void compare_row(struct comparing *c, const struct bill_row *ours,
                        const struct bill_row *theirs)
{
	static const struct bill_row nothing;
	const struct bill_row *named = ours ? ours : theirs;

	must(named);
	ours = ours ? ours : &nothing;
	theirs = theirs ? theirs : &nothing;
	for (int i = 0; i < BILL_FIGURE_COUNT; i++) {
		struct reconcile_difference d = {named->day, named->model, (enum bill_figure)i,
		                                 ours->figures[i], theirs->figures[i]};

		if (!(c->bill->knows >> i & 1) || is_same(c, d.figure, d.ours, d.theirs))
			continue;
		c->on_difference(c->arg, &d);
		c->found++;
	}
}

static bool has_models(const struct bill *b)
{
	for (int i = 0; i < b->count; i++)
		if (b->rows[i].model.len)
			return true;
	return b->count == 0;
}

static struct bill_row *by_day(const struct bill_row *rows, int *count)
{
	struct bill_row *copy = mem_get((size_t)*count * sizeof *copy + 1);

	for (int i = 0; i < *count; i++) {
		copy[i] = rows[i];
		copy[i].model = STR("");
	}
	*count = bill_gather(copy, *count);
	return copy;
}

static void merge(struct comparing *c, const struct bill_row *ours, int count)
{
	const struct bill *b = c->bill;
	int i = 0, j = 0;

	while (i < count || j < b->count) {
		int order = i == count      ? 1
		            : j == b->count ? -1
		                            : bill_compare_rows(&ours[i], &b->rows[j]);

		compare_row(c, order <= 0 ? &ours[i] : NULL, order >= 0 ? &b->rows[j] : NULL);
		i += order <= 0;
		j += order >= 0;
	}
}

int reconcile(const struct bill *bill, const struct reconcile_ours *ours,
              void (*on_difference)(void *, const struct reconcile_difference *), void *arg)
{
	struct comparing c = {bill, ours->tolerance_pusd, on_difference, arg, 0};
	int count = ours->count;
	struct bill_row *days;

	if (has_models(bill)) {
		merge(&c, ours->rows, count);
		return c.found;
	}
	days = by_day(ours->rows, &count);
	merge(&c, days, count < 0 ? 0 : count);
	mem_put(days);
	return c.found;
}
