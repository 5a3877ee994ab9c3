/* Ceilings: exact at the edge, in every bucket or in none, in the order of coming; whatever is
 * edited, turned or given back meanwhile; from many threads. */
#include "limit_bench.h"

#include "base/clock.h"
#include "gate/judging.h"

#include <pthread.h>

enum { MS_LATER = 1000 };

/* ---- one at a time ---- */

static void test_exact(void)
{
	struct spender all[12] = {0};
	struct limit_verdict v;
	struct payer *p;
	int admitted = 0;

	begin();
	p = new_payer(1, 1);
	p->ceilings[STORE_ACCOUNT_MONTH] = 1000;
	for (int i = 0; i < 12; i++)
		CHECK(admit(&all[i], p, 100, 100).result == LIMIT_WAITS);
	fake_serve(&store, 0, limits);
	for (int i = 0; i < 12; i++)
		admitted += all[i].wait.state == LIMIT_DECIDED;
	CHECK(admitted == 10 && all[9].wait.state == LIMIT_DECIDED);
	for (int i = 0; i < 10; i++) {
		CHECK(limit_inbox_pop(&inbox) == &all[i].wait); /* in order */
		CHECK(limits_decided(&all[i].wait).result == LIMIT_ADMITTED);
		CHECK(all[i].hold.amount_nusd == 100);
	}
	finish(&all[0], 40); /* 60 are free: not enough */
	CHECK(all[10].wait.state == LIMIT_QUEUED);
	finish(&all[1], 60); /* 100 are */
	CHECK(limit_inbox_pop(&inbox) == &all[10].wait);
	CHECK(limits_decided(&all[10].wait).result == LIMIT_ADMITTED);
	v = limits_give_up(limits, &all[11].wait);
	CHECK(v.result == LIMIT_REFUSED && v.reason == LIMIT_HELD);
	CHECK(v.spent_nusd == 100 && v.held_nusd == 900 && v.limit_nusd == 1000);
	CHECK(v.needed_nusd == 100 && v.scope == STORE_ACCOUNT_MONTH);
	limits_leave(limits, &all[11].pass, 0);
	for (int i = 2; i <= 10; i++)
		finish(&all[i], 100);
	v = admit(&all[11], p, 100, 1);
	CHECK(v.result == LIMIT_REFUSED && v.reason == LIMIT_SPENT && v.spent_nusd == 1000);
	CHECK(all[11].pass.payer == NULL && p->account->rates.running == 0);
	end(&p);
}

static void test_all_or_none(void)
{
	static const enum store_scope scopes[] = {STORE_ACCOUNT_MONTH, STORE_ACCOUNT_HOUR,
	                                          STORE_INCLUDED, STORE_ALLOWANCE, STORE_KEY_MONTH};
	struct payer *p;

	begin();
	p = new_payer(1, 1);
	for (int i = 0; i < 5; i++) {
		struct spender good = {0}, bad = {0};
		struct limit_verdict v;

		for (int k = 0; k < 5; k++)
			p->ceilings[scopes[k]] = 1000000;
		p->generation = ++generation;
		v = settle_in(&good, p, (struct limit_ask){50, 50, 1, 500000, 0});
		CHECK(v.result == LIMIT_ADMITTED);
		p->ceilings[scopes[i]] = 50 * i + 99; /* with what is spent: 49 are left */
		p->generation = ++generation;
		v = settle_in(&bad, p, (struct limit_ask){100, 100, 1, 500000, 0});
		CHECK(v.result == LIMIT_REFUSED || v.result == LIMIT_WAITS);
		if (v.result == LIMIT_REFUSED)
			CHECK(v.scope == scopes[i]);
		else
			v = limits_give_up(limits, &bad.wait);
		CHECK(bad.hold.payer == NULL);
		limits_leave(limits, &bad.pass, 0);
		for (int k = 0; k < 5; k++)
			CHECK(bucket_at(limit_party_of(limits, p, scopes[k]), scopes[k],
			                clock_wall_ms())
			          ->held_nusd == 50);
		finish(&good, 50);
	}
	end(&p);
}

static void test_clamp(void)
{
	struct spender s = {0};
	struct payer *p;

	begin();
	p = new_payer(1, 1);
	p->ceilings[STORE_ACCOUNT_MONTH] = 1000;
	CHECK(settle_in(&s, p, (struct limit_ask){5000, 900, 0, INT64_MAX, 0}).result ==
	      LIMIT_ADMITTED);
	CHECK(s.hold.amount_nusd == 1000);
	limits_lower(limits, &s.hold, 950);
	CHECK(s.hold.amount_nusd == 950);
	finish(&s, 150);
	CHECK(settle_in(&s, p, (struct limit_ask){5000, 851, 0, INT64_MAX, 0}).reason ==
	      LIMIT_SPENT);
	CHECK(settle_in(&s, p, (struct limit_ask){5000, 850, 0, INT64_MAX, 0}).result ==
	      LIMIT_ADMITTED);
	CHECK(s.hold.amount_nusd == 850);
	CHECK(!limits_settle(limits, &s.hold, 850) && s.hold.payer == NULL);
	limits_leave(limits, &s.pass, 0);
	end(&p);
}

/* Who would make more calls, if there is money, makes fewer where others hold it. */
static void test_modest(void)
{
	const struct limit_ask ask = {600, 50, 0, INT64_MAX, 100};
	struct spender s[3] = {0};
	struct payer *p;

	begin();
	p = new_payer(1, 1);
	p->ceilings[STORE_ACCOUNT_MONTH] = 1000;
	CHECK(settle_in(&s[0], p, ask).result == LIMIT_ADMITTED);
	CHECK(s[0].hold.amount_nusd == 600);
	CHECK(settle_in(&s[1], p, ask).result == LIMIT_ADMITTED);
	CHECK(s[1].hold.amount_nusd == 400);
	CHECK(settle_in(&s[2], p, ask).result == LIMIT_WAITS);
	finish(&s[1], 250); /* 150 are free */
	CHECK(limit_inbox_pop(&inbox) == &s[2].wait);
	CHECK(limits_decided(&s[2].wait).result == LIMIT_ADMITTED);
	CHECK(s[2].hold.amount_nusd == 150);
	finish(&s[0], 0);
	finish(&s[2], 0);
	end(&p);
}

static void test_rates(void)
{
	struct spender s[4] = {0};
	struct limit_verdict v;
	struct payer *p;

	begin();
	p = new_payer(1, 1);
	p->account_rates.concurrency = 3;
	p->key_rates.rpm = 100;
	CHECK(admit(&s[0], p, 1, 1).result == LIMIT_ADMITTED);
	CHECK(s[0].pass.requests.limit == 100 && s[0].pass.requests.left == 99);
	CHECK(admit(&s[1], p, 1, 1).result == LIMIT_ADMITTED);
	CHECK(admit(&s[2], p, 1, 1).result == LIMIT_ADMITTED);
	v = admit(&s[3], p, 1, 1);
	CHECK(v.result == LIMIT_REFUSED && v.reason == LIMIT_CONCURRENCY && v.limit == 3);
	CHECK_STR(str_of(v.whose), STR("account"));
	finish(&s[0], 1);
	limits_settle(limits, &s[1].hold, 0);
	CHECK(admit(&s[1], p, 1, 1).result == LIMIT_ADMITTED); /* its second attempt */
	CHECK(admit(&s[3], p, 1, 1).result == LIMIT_ADMITTED);
	for (int i = 1; i < 4; i++)
		finish(&s[i], 0);
	p->key_rates.tpm = 15;
	CHECK(admit(&s[0], p, 1, 1).result == LIMIT_ADMITTED);
	v = admit(&s[1], p, 1, 1);
	CHECK(v.result == LIMIT_REFUSED && v.reason == LIMIT_RATE && v.limit == 15);
	CHECK_STR(str_of(v.rate), STR("tpm"));
	limits_settle(limits, &s[0].hold, 0);
	limits_leave(limits, &s[0].pass, 2); /* 10 were guessed */
	CHECK(admit(&s[1], p, 1, 1).result == LIMIT_ADMITTED);
	finish(&s[1], 0);
	end(&p);
}

static void test_store_away(void)
{
	struct spender s[3] = {0};
	struct lend_job jobs[4];
	struct payer *p;
	int count;

	begin();
	p = new_payer(1, 1);
	p->ceilings[STORE_ACCOUNT_MONTH] = INT64_C(1000000000);
	CHECK(settle_in(&s[0], p, (struct limit_ask){1000, 1000, 0, INT64_MAX, 0}).result ==
	      LIMIT_ADMITTED);
	CHECK(admit(&s[1], p, 900000000, 900000000).result == LIMIT_WAITS);
	count = lend_take_jobs(limits, jobs, 4);
	lend_failed(limits, jobs, count);
	CHECK(limit_inbox_pop(&inbox) == &s[1].wait);
	CHECK(limits_decided(&s[1].wait).reason == LIMIT_NO_LEASE);
	CHECK(admit(&s[2], p, 1000, 1000).result == LIMIT_ADMITTED); /* of what is leased */
	finish(&s[2], 1000);
	atomic_store(&limits->good_until_ns, clock_mono_ns() - 1); /* the term is over */
	CHECK(admit(&s[2], p, 1000, 1000).reason == LIMIT_NO_LEASE);
	limits_leave(limits, &s[1].pass, 0);
	finish(&s[0], 0);
	end(&p);
}

/* Who asks meanwhile is told; where nobody knows what came of it, others may have that money. */
static void test_giving_back(void)
{
	struct spender s = {0};
	struct lend_return given;
	struct payer *p;

	begin();
	p = new_payer(1, 1);
	p->ceilings[STORE_ACCOUNT_MONTH] = 100;
	CHECK(settle_in(&s, p, (struct limit_ask){40, 40, 0, INT64_MAX, 0}).result ==
	      LIMIT_ADMITTED);
	finish(&s, 0);
	CHECK(lend_tick(limits, &given, 1, true) == 1 && given.amount_nusd == 100);
	CHECK(limits_look(limits, p, &s.wait, &inbox).result == LIMIT_WAITS);
	lend_returned(limits, &given, false);
	fake_serve(&store, 0, limits);
	CHECK(s.wait.state == LIMIT_DECIDED);
	(void)limits_give_up(limits, &s.wait);
	CHECK(lend_tick(limits, &given, 1, true) == 1 && given.amount_nusd == 100);
	store.buckets[0].leased[0] -= 100;
	store.buckets[0].leased[1] += 100;
	lend_doubted(limits, &given);
	CHECK(settle_in(&s, p, (struct limit_ask){40, 40, 0, INT64_MAX, 0}).result == LIMIT_WAITS);
	CHECK(limits_give_up(limits, &s.wait).held_nusd == 100);
	limits_leave(limits, &s.pass, 0);
	end(&p);
}

static void test_house_late(void) /* its ceiling is set while somebody spends */
{
	struct spender s[2] = {0};
	struct payer *p;

	begin();
	p = new_payer(1, 1);
	CHECK(admit(&s[0], p, 60, 60).result == LIMIT_ADMITTED);
	CHECK(settle_in(&s[1], p, (struct limit_ask){10, 10, 0, 100, 0}).result == LIMIT_ADMITTED);
	finish(&s[0], 60);
	CHECK(settle_in(&s[0], p, (struct limit_ask){50, 50, 0, 100, 0}).spent_nusd == 60);
	finish(&s[1], 10);
	end(&p);
}

/* Who waits behind one of another account goes on when that one gives up, or has less than it
 * took. */
static void test_house_line(void)
{
	enum { HOUSE = 1000, LINE = 4 };
	struct spender s[LINE] = {0};
	struct payer *p[LINE];

	begin();
	for (int i = 0; i < LINE; i++)
		p[i] = new_payer(i + 1, i + 1);
	CHECK(settle_in(&s[0], p[0], (struct limit_ask){600, 600, 0, HOUSE, 0}).result ==
	      LIMIT_ADMITTED);
	CHECK(settle_in(&s[1], p[1], (struct limit_ask){500, 500, 0, HOUSE, 0}).result ==
	      LIMIT_WAITS);
	CHECK(settle_in(&s[2], p[2], (struct limit_ask){100, 100, 0, HOUSE, 0}).result ==
	      LIMIT_WAITS);
	CHECK(limits_give_up(limits, &s[1].wait).reason == LIMIT_HELD);
	CHECK(limit_inbox_pop(&inbox) == &s[2].wait);
	CHECK(limits_decided(&s[2].wait).result == LIMIT_ADMITTED);
	CHECK(settle_in(&s[3], p[3], (struct limit_ask){500, 500, 0, HOUSE, 0}).result ==
	      LIMIT_WAITS);
	limits_lower(limits, &s[0].hold, 200);
	CHECK(limit_inbox_pop(&inbox) == &s[3].wait);
	CHECK(limits_decided(&s[3].wait).result == LIMIT_ADMITTED);
	limits_leave(limits, &s[1].pass, 0);
	finish(&s[0], 0);
	finish(&s[2], 0);
	finish(&s[3], 0);
	for (int i = 1; i < LINE; i++)
		payer_put(&p[i]);
	end(&p[0]);
}

static void test_terms_change(void)
{
	struct spender s[3] = {0};
	struct payer *p, *q;

	begin();
	p = new_payer(1, 1);
	p->ceilings[STORE_ACCOUNT_MONTH] = 100;
	CHECK(settle_in(&s[0], p, (struct limit_ask){100, 100, 0, INT64_MAX, 0}).result ==
	      LIMIT_ADMITTED);
	CHECK(settle_in(&s[1], p, (struct limit_ask){50, 50, 0, INT64_MAX, 0}).result ==
	      LIMIT_WAITS);
	CHECK(admit(&s[2], p, 0, 0).result == LIMIT_ADMITTED); /* waits for nobody */
	finish(&s[2], 0);
	q = new_payer(1, 1);
	q->ceilings[STORE_ACCOUNT_MONTH] = 150;
	limits_wake_all(limits);
	CHECK(limit_inbox_pop(&inbox) == &s[1].wait && s[1].wait.is_changed);
	(void)limits_decided(&s[1].wait);
	CHECK(settle_in(&s[1], q, (struct limit_ask){50, 50, 0, INT64_MAX, 0}).result ==
	      LIMIT_ADMITTED);
	finish(&s[0], 100);
	finish(&s[1], 50);
	CHECK(settle_in(&s[1], p, (struct limit_ask){1, 1, 0, INT64_MAX, 0}).limit_nusd == 150);
	payer_put(&q);
	end(&p);
}

static void test_report(void)
{
	struct limit_report report;
	struct spender s = {0};
	struct payer *p;

	begin();
	p = new_payer(1, 1);
	p->ceilings[STORE_KEY_MONTH] = 100;
	CHECK(settle_in(&s, p, (struct limit_ask){100, 100, 0, INT64_MAX, 0}).result ==
	      LIMIT_ADMITTED);
	finish(&s, 100);
	CHECK(limits_look(limits, p, &s.wait, &inbox).result == LIMIT_WAITS);
	fake_serve(&store, 0, limits);
	CHECK(limit_inbox_pop(&inbox) == &s.wait);
	(void)limits_decided(&s.wait);
	limits_report(limits, p, &report);
	CHECK(report.count == 2 && report.is_blocked);
	CHECK(report.blocked_by.scope == STORE_KEY_MONTH);
	CHECK(report.rows[0].scope == STORE_ACCOUNT_MONTH &&
	      report.rows[0].limit_nusd == INT64_MAX);
	CHECK(report.rows[1].spent_nusd == 100 && report.rows[1].limit_nusd == 100);
	end(&p);
}

/* ---- at random ---- */

enum { SPENDERS = 40, STEPS = 20000, CEILING = 100000 };

static uint64_t random_state;

static int64_t dice(int64_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (int64_t)(random_state >> 33) % below;
}

struct play {
	struct payer *payer;
	struct spender spenders[SPENDERS];
	int64_t spent, carried;
	int admitted, refused;
};

static void note_admitted(struct play *play, const struct limit_hold *hold)
{
	int64_t held = 0;

	for (int i = 0; i < SPENDERS; i++)
		if (play->spenders[i].hold.payer)
			held += play->spenders[i].hold.amount_nusd;
	play->admitted++;
	CHECK(hold->amount_nusd > 0);
	CHECK(play->spent + held <= play->payer->ceilings[STORE_ACCOUNT_MONTH]);
}

static void hear(struct play *play)
{
	struct limit_wait *wait;

	while ((wait = limit_inbox_pop(&inbox))) {
		struct spender *s = LIST_OBJECT(wait, struct spender, wait);

		if (limits_decided(wait).result == LIMIT_ADMITTED)
			note_admitted(play, &s->hold);
		else
			limits_leave(limits, &s->pass, 0);
	}
}

static void settle(struct play *play, struct spender *s)
{
	int64_t charge = dice(s->hold.amount_nusd + 1);

	play->spent += charge;
	finish(s, charge);
}

static void step_spender(struct play *play, struct spender *s)
{
	int64_t need = 1 + dice(3000), least = 1 + dice(need);

	if (s->wait.state == LIMIT_QUEUED && dice(4) == 0) {
		if (limits_give_up(limits, &s->wait).result == LIMIT_ADMITTED)
			finish(s, 0);
		else
			limits_leave(limits, &s->pass, 0);
	} else if (s->wait.state != LIMIT_IDLE) {
		return;
	} else if (s->hold.payer) {
		settle(play, s);
	} else if (admit(s, play->payer, need, least).result == LIMIT_ADMITTED) {
		note_admitted(play, &s->hold);
	} else if (s->wait.state == LIMIT_IDLE) {
		play->refused++;
	}
}

static void carry_all(struct play *play)
{
	struct bucket *b = bucket_find(play->payer->account, STORE_ACCOUNT_MONTH, clock_wall_ms());

	if (b)
		fake_carry(&store, 0, b->id, play->spent - play->carried);
	play->carried = play->spent;
}

static void edit(struct play *play)
{
	struct payer *p = new_payer(1, 1);
	int64_t lowest = play->spent;

	for (int i = 0; i < SPENDERS; i++)
		if (play->spenders[i].hold.payer)
			lowest += play->spenders[i].hold.amount_nusd;
	lowest += dice(CEILING / 8) - dice(3000); /* also below what is held */
	p->ceilings[STORE_ACCOUNT_MONTH] = lowest > 0 ? lowest : 0;
	payer_put(&play->payer);
	play->payer = p;
	limits_wake_all(limits);
	hear(play);
}

static void step(struct play *play)
{
	switch (dice(40)) {
	case 0:
		carry_all(play);
		break;
	case 1:
		fake_tick(&store, 0, limits, false);
		break;
	case 2:
		if (dice(20) == 0)
			edit(play);
		break;
	case 3:
	case 4:
	case 5:
		fake_serve(&store, 0, limits);
		break;
	default:
		step_spender(play, &play->spenders[dice(SPENDERS)]);
	}
	hear(play);
}

static void drain(struct play *play)
{
	for (int i = 0; i < SPENDERS; i++) {
		struct spender *s = &play->spenders[i];

		if (s->wait.state != LIMIT_IDLE)
			(void)limits_give_up(limits, &s->wait);
		if (s->hold.payer)
			settle(play, s);
		limits_leave(limits, &s->pass, 0);
	}
	hear(play);
}

static void test_random(uint64_t seed)
{
	struct play play = {0};
	struct fake_bucket *b;

	random_state = seed;
	begin();
	play.payer = new_payer(1, 1);
	play.payer->ceilings[STORE_ACCOUNT_MONTH] = CEILING;
	for (int i = 0; i < STEPS; i++)
		step(&play);
	drain(&play);
	CHECK(play.admitted > 100);
	CHECK(play.payer->account->rates.running == 0 && play.payer->key->rates.running == 0);
	carry_all(&play);
	fake_serve(&store, 0, limits);
	fake_tick(&store, 0, limits, true);
	b = &store.buckets[0];
	CHECK(b->spent == play.spent && fake_leased(b) == 0); /* to the nano-dollar */
	end(&play.payer);
}

/* ---- many threads ---- */

enum { THREADS = 4, ROUNDS = 20000, COST = 7, TOTAL = 7 * 30000 };

static atomic_int admitted_in_all;

static void *spend_in_thread(void *payer)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct spender s = {0};
		struct limit_verdict v = admit(&s, payer, COST, COST);

		if (v.result == LIMIT_WAITS)
			v = limits_give_up(limits, &s.wait);
		if (v.result == LIMIT_ADMITTED) {
			atomic_fetch_add(&admitted_in_all, 1);
			finish(&s, COST);
		}
		limits_leave(limits, &s.pass, 0);
	}
	return NULL;
}

static atomic_bool is_over;

static void *serve_in_thread(void *unused)
{
	while (!atomic_load(&is_over)) {
		fake_serve(&store, 0, limits);
		fake_tick(&store, 0, limits, false);
	}
	return unused;
}

static void test_threads(void)
{
	struct spender last = {0};
	pthread_t threads[THREADS], server;
	struct payer *p;

	begin();
	p = new_payer(1, 1);
	p->ceilings[STORE_ACCOUNT_MONTH] = TOTAL + COST - 1;
	p->ceilings[STORE_KEY_MONTH] = 10 * TOTAL;
	must(pthread_create(&server, NULL, serve_in_thread, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, spend_in_thread, p) == 0);
	for (int i = 0; i < THREADS; i++)
		must(pthread_join(threads[i], NULL) == 0);
	atomic_store(&is_over, true);
	must(pthread_join(server, NULL) == 0);
	while (settle_in(&last, p, (struct limit_ask){COST, COST, 0, INT64_MAX, 0}).result ==
	       LIMIT_ADMITTED) {
		finish(&last, COST);
		admitted_in_all++;
	}
	CHECK(admitted_in_all == TOTAL / COST);
	end(&p);
}

int main(void)
{
	test_exact();
	test_all_or_none();
	test_clamp();
	test_modest();
	test_rates();
	test_store_away();
	test_giving_back();
	test_house_late();
	test_house_line();
	test_terms_change();
	test_report();
	for (uint64_t seed = 1; seed <= 5; seed++)
		test_random(seed);
	test_threads();
	return check_report("limit");
}
