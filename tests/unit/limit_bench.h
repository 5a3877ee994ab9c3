/* A store in memory, limits, and requests that are admitted and settled by hand. */
#ifndef TESTS_UNIT_LIMIT_BENCH_H
#define TESTS_UNIT_LIMIT_BENCH_H

#include "check.h"
#include "fake_store.h"

static struct fake_store store;
static struct limits *limits;
static struct limit_inbox inbox;
static struct loop loop;
static uint64_t generation;

/* ---- what the table of accounts does ---- */

__attribute__((unused)) static struct payer *new_payer(int64_t account, int64_t key)
{
	struct payer *p = mem_get(sizeof *p);

	p->holders = 1;
	p->generation = ++generation;
	p->account_id = account;
	p->key_id = key;
	p->account = limits_party(limits, STORE_ACCOUNT_MONTH, account, NULL);
	p->book = p->account->book;
	p->key = limits_party(limits, STORE_KEY_MONTH, key, p->book);
	p->clamp = true;
	for (int i = 0; i < STORE_SCOPE_COUNT; i++)
		p->ceilings[i] = INT64_MAX;
	return p;
}

struct spender {
	struct limit_wait wait;
	struct limit_hold hold;
	struct limit_pass pass;
};

static struct limit_verdict admit_with(struct spender *s, struct payer *p, struct limit_ask ask)
{
	s->wait.hold = &s->hold;
	s->wait.pass = &s->pass;
	s->wait.ask = ask;
	return limits_admit(limits, p, &s->wait, &inbox);
}

__attribute__((unused)) static struct limit_verdict admit(struct spender *s, struct payer *p,
                                                          int64_t need, int64_t least)
{
	return admit_with(s, p, (struct limit_ask){need, least, 10, INT64_MAX, 0});
}

__attribute__((unused)) static void begin(void)
{
	memset(&store, 0, sizeof store);
	limits = limits_new();
	loop_init(&loop, 0);
	limit_inbox_init(&inbox, &loop);
}

__attribute__((unused)) static void end(struct payer **p)
{
	payer_put(p);
	limit_inbox_release(&inbox);
	loop_release(&loop);
	limits_free(&limits);
}

__attribute__((unused)) static void finish(struct spender *s, int64_t charge)
{
	limits_settle(limits, &s->hold, charge);
	limits_leave(limits, &s->pass, 0);
}

__attribute__((unused)) static struct limit_verdict settle_in(struct spender *s, struct payer *p,
                                                              struct limit_ask ask)
{
	struct limit_verdict v = admit_with(s, p, ask);

	if (v.result != LIMIT_WAITS)
		return v;
	fake_serve(&store, 0, limits);
	if (s->wait.state != LIMIT_DECIDED)
		return v;
	CHECK(limit_inbox_pop(&inbox) == &s->wait);
	return limits_decided(&s->wait);
}

#endif
