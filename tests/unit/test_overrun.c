/* A provider that bills above the hold: all of it counts, once. */
#include "limit_bench.h"

static void test_overrun(void)
{
	struct spender s = {0};
	struct payer *p;

	begin();
	p = new_payer(1, 1);
	p->ceilings[STORE_KEY_MONTH] = 1000;
	CHECK(settle_in(&s, p, (struct limit_ask){400, 400, 0, INT64_MAX, 0}).result ==
	      LIMIT_ADMITTED);
	CHECK(limits_settle(limits, &s.hold, 700));
	CHECK(settle_in(&s, p, (struct limit_ask){301, 301, 0, INT64_MAX, 0}).reason ==
	      LIMIT_SPENT);
	CHECK(settle_in(&s, p, (struct limit_ask){300, 300, 0, INT64_MAX, 0}).result ==
	      LIMIT_ADMITTED);
	finish(&s, 300);
	end(&p);
}

/* Beyond all that was leased, and carried before the store is asked again. */
static void test_overrun_is_carried(void)
{
	const int64_t ceiling = 1000 * BUCKET_SLICE_NUSD, over = 300 * BUCKET_SLICE_NUSD;
	struct spender s = {0};
	struct bucket *b;
	struct payer *p;

	begin();
	p = new_payer(1, 1);
	p->ceilings[STORE_ACCOUNT_MONTH] = ceiling;
	CHECK(settle_in(&s, p, (struct limit_ask){400, 400, 0, INT64_MAX, 0}).result ==
	      LIMIT_ADMITTED);
	b = s.hold.buckets[STORE_ACCOUNT_MONTH];
	CHECK(limits_settle(limits, &s.hold, over));
	limits_leave(limits, &s.pass, 0);
	fake_carry(&store, 0, b->id, over);
	for (int i = 0; i < 3; i++) {
		CHECK(settle_in(&s, p, (struct limit_ask){400, 400, 0, INT64_MAX, 0}).result ==
		      LIMIT_ADMITTED);
		finish(&s, 400);
		fake_carry(&store, 0, b->id, 400);
		fake_serve(&store, 0, limits);
		CHECK(bucket_total(b) == over + 400 * (i + 1));
	}
	CHECK(fake_leased(fake_of(&store, b->id)) == b->granted_nusd - b->spent_nusd);
	CHECK(settle_in(&s, p, (struct limit_ask){ceiling - over - 1200, 400, 0, INT64_MAX, 0})
	          .result == LIMIT_ADMITTED);
	CHECK(s.hold.amount_nusd == ceiling - over - 1200);
	finish(&s, ceiling - over - 1200);
	end(&p);
}

/* A ceiling is set while somebody spends, and what was leased for it is given back before he ends:
 * the store has no lease to take his charge from. */
static void test_late_and_nothing_leased(void)
{
	const int64_t ceiling = 1000 * BUCKET_SLICE_NUSD, late = 50 * BUCKET_SLICE_NUSD;
	struct spender early = {0}, s = {0};
	struct payer *p, *before;
	struct bucket *b;

	begin();
	before = new_payer(1, 1);
	CHECK(settle_in(&early, before, (struct limit_ask){late, late, 0, INT64_MAX, 0}).result ==
	      LIMIT_ADMITTED);
	p = new_payer(1, 1);
	p->ceilings[STORE_ACCOUNT_MONTH] = ceiling;
	CHECK(settle_in(&s, p, (struct limit_ask){400, 400, 0, INT64_MAX, 0}).result ==
	      LIMIT_ADMITTED);
	b = s.hold.buckets[STORE_ACCOUNT_MONTH];
	finish(&s, 400);
	fake_carry(&store, 0, b->id, 400);
	fake_tick(&store, 0, limits, true);
	CHECK(fake_leased(fake_of(&store, b->id)) == 0);
	finish(&early, late);
	fake_carry(&store, 0, b->id, late);
	CHECK(settle_in(&s, p, (struct limit_ask){400, 400, 0, INT64_MAX, 0}).result ==
	      LIMIT_ADMITTED);
	CHECK(bucket_total(b) == late + 400);
	finish(&s, 400);
	fake_carry(&store, 0, b->id, 400);
	CHECK(settle_in(&s, p, (struct limit_ask){ceiling - late - 800, 400, 0, INT64_MAX, 0})
	          .result == LIMIT_ADMITTED);
	CHECK(s.hold.amount_nusd == ceiling - late - 800);
	finish(&s, 0);
	fake_tick(&store, 0, limits, true);
	CHECK(fake_leased(fake_of(&store, b->id)) == 0);
	payer_put(&before);
	end(&p);
}

int main(void)
{
	test_overrun();
	test_late_and_nothing_leased();
	test_overrun_is_carried();
	return check_report("overrun");
}
