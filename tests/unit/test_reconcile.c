/* Two tables of days and models: what differs is told, once, and nothing else. */
#include "ledger/reconcile.h"

#include "check.h"

static struct reconcile_difference told[64];
static int told_count;

static void on_difference(void *arg, const struct reconcile_difference *d)
{
	(void)arg;
	told[told_count++ % 64] = *d;
}

static struct bill_row row(int64_t day, const char *model, int64_t input, int64_t cost_pusd)
{
	struct bill_row r = {.day = day, .model = str_of(model)};

	r.figures[BILL_INPUT] = input;
	r.figures[BILL_COST] = cost_pusd;
	return r;
}

static int compare(const struct bill *b, const struct bill_row *ours, int count, int64_t tolerance)
{
	struct reconcile_ours side = {ours, count, tolerance};

	told_count = 0;
	return reconcile(b, &side, on_difference, NULL);
}

static void test_tables(void)
{
	struct bill_row theirs[] = {row(1, "a", 10, 100), row(1, "b", 20, 200), row(2, "a", 5, 50)};
	struct bill_row ours[] = {row(1, "a", 10, 100), row(2, "a", 6, 51), row(2, "c", 1, 1)};
	struct bill b = {.knows = 1u << BILL_INPUT | 1u << BILL_COST, .rows = theirs, .count = 3};

	CHECK(compare(&b, theirs, 3, 0) == 0);
	CHECK(compare(&b, ours, 3, 0) == 6 && told_count == 6);
	CHECK(told[0].day == 1 && str_eq(told[0].model, STR("b")) && told[0].ours == 0 &&
	      told[0].theirs == 20);
	CHECK(told[2].day == 2 && told[2].figure == BILL_INPUT && told[2].ours == 6 &&
	      told[2].theirs == 5);
	CHECK(str_eq(told[5].model, STR("c")) && told[5].theirs == 0);
	CHECK(compare(&b, ours, 3, 1) == 4);
	b.knows = 1u << BILL_COST;
	CHECK(compare(&b, ours, 3, 0) == 3);
	CHECK(compare(&b, NULL, 0, 0) == 3);
	b.count = 0;
	CHECK(compare(&b, ours, 3, 0) == 3);
}

/* An export without line items tells sums of days. */
static void test_days(void)
{
	struct bill_row theirs[] = {row(1, "", 0, 300), row(2, "", 0, 99)};
	struct bill_row ours[] = {row(1, "a", 9, 100), row(1, "b", 9, 200), row(2, "a", 9, 100)};
	struct bill b = {.knows = 1u << BILL_COST, .rows = theirs, .count = 2};

	CHECK(compare(&b, ours, 3, 0) == 1);
	CHECK(told[0].day == 2 && told[0].model.len == 0 && told[0].ours == 100);
	CHECK(compare(&b, ours, 3, 1) == 0);
}

int main(void)
{
	test_tables();
	test_days();
	return check_report("reconcile");
}
