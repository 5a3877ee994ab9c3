/* Admission and settlement: see limit.h for what they promise, judging.c for who may, wait.c for
 * who waits.
 *
 * Invariants: a hold is in all buckets of its payer or in none, and leaves each with the amount
 * with which it came. An admission never makes spent + held of a bucket more than was granted
 * of it, nor more than its ceiling. What is settled counts in every bucket of its period that is
 * here, also in those whose ceiling was set in between: the store counts it there too. Called by
 * the request's path; must never block but for a mutex, and must never ask the store.
 *
 * THREADS: see bucket.h for the order of mutexes. */
#include "gate/limit.h"

#include "base/clock.h"
#include "gate/wait.h"

/* ---- admission ---- */

/* Only the first admission of a request counts against rates. */
static struct limit_verdict judge(struct judging *j, struct limit_pass *pass,
                                  struct limit_hold *hold)
{
	struct limit_verdict money, rates = {.result = LIMIT_ADMITTED};

	hold->is_limited = judging_find(j);
	money = judging_money(j);
	if (money.result == LIMIT_REFUSED)
		return money;
	if (pass->payer == NULL)
		rates = judging_rates(j);
	if (rates.result == LIMIT_REFUSED)
		judging_tell_rates(j, pass);
	return rates.result == LIMIT_REFUSED ? rates : money;
}

struct limit_verdict limits_admit(struct limits *l, struct payer *p, struct limit_wait *wait,
                                  struct limit_inbox *inbox)
{
	struct judging j = {.limits = l, .payer = p, .ask = &wait->ask};
	struct limit_verdict v;
	bool is_locked;

	must(wait->state == LIMIT_IDLE && wait->hold->payer == NULL);
	if (p->on_hold)
		return (struct limit_verdict){.result = LIMIT_REFUSED, .reason = LIMIT_ON_HOLD};
	pthread_mutex_lock(&p->book->mutex);
	is_locked = house_lock(l, wait->ask.global_nusd);
	j.wall_ms = clock_wall_ms();
	j.mono_ns = clock_mono_ns();
	v = judge(&j, wait->pass, wait->hold);
	if (v.result != LIMIT_REFUSED && wait->pass->payer == NULL)
		judging_pass(&j, wait->pass);
	if (v.result == LIMIT_ADMITTED)
		judging_hold(&j, wait->hold);
	wait->inbox = inbox;
	if (v.result == LIMIT_WAITS)
		wait_enqueue(wait, &j, &p->book->queue);
	house_unlock(l, is_locked);
	pthread_mutex_unlock(&p->book->mutex);
	return v;
}

struct limit_verdict limits_decided(struct limit_wait *w)
{
	must(w->state == LIMIT_DECIDED);
	pthread_mutex_lock(&w->inbox->mutex);
	list_remove(&w->inbox_node);
	pthread_mutex_unlock(&w->inbox->mutex);
	w->state = LIMIT_IDLE;
	payer_put(&w->payer);
	return w->verdict;
}

/* No mutex is held. */
static void wake_house(struct limits *l)
{
	if (atomic_load(&l->house_waiter_count) > 0)
		limits_wake_house(l);
}

/* It may stand at the head of the queue, in the way of others. */
static void leave_queue(struct limits *l, struct limit_wait *w)
{
	bool is_locked = house_lock(l, w->ask.global_nusd);
	struct bucket *b = w->blocked_on;

	if (b)
		w->verdict =
		    judging_too_late(b, &w->ask, !b->is_known || atomic_load(&l->store_is_away));
	wait_unblock(w);
	list_remove(&w->node);
	house_unlock(l, is_locked);
	limits_walk(w->payer->book);
}

struct limit_verdict limits_give_up(struct limits *l, struct limit_wait *w)
{
	struct limit_book *book;

	if (w->state == LIMIT_IDLE)
		return (struct limit_verdict){.result = LIMIT_REFUSED, .reason = LIMIT_HELD};
	book = w->payer->book;
	pthread_mutex_lock(&book->mutex);
	if (w->state == LIMIT_QUEUED) {
		w->verdict =
		    (struct limit_verdict){.result = LIMIT_REFUSED, .reason = LIMIT_NO_LEASE};
		leave_queue(l, w);
		w->state = LIMIT_DECIDED;
	}
	pthread_mutex_unlock(&book->mutex);
	wake_house(l); /* of other books, too */
	return limits_decided(w);
}

/* ---- settlement ---- */

/* Where nothing is leased the store has no lease to take the charge from, and counts it as spent
 * alone: as if it had been granted first. Else it would be spent twice here, and a part of later
 * leases as large could be neither used nor given back. */
static void spend_unheld(struct bucket *b, int64_t charge_nusd)
{
	if (b->is_leased && b->granted_nusd == b->spent_nusd)
		b->granted_nusd += charge_nusd;
	b->spent_nusd += charge_nusd;
}

/* A ceiling that was set after the hold was taken: the store counts the charge there as well.
 * has_house: its mutex is held. */
static void spend_late(struct limits *l, const struct limit_hold *hold, int64_t charge_nusd,
                       bool has_house)
{
	for (int i = 0; i < STORE_SCOPE_COUNT; i++) {
		struct limit_party *party = limit_party_of(l, hold->payer, (enum store_scope)i);
		struct bucket *b;

		if (hold->buckets[i] || party == NULL)
			continue;
		if (i == STORE_GLOBAL_MONTH && !has_house)
			continue;
		b = bucket_find(party, (enum store_scope)i, hold->wall_ms);
		if (b)
			spend_unheld(b, charge_nusd);
	}
}

static void spend(struct limits *l, struct limit_hold *hold, int64_t charge_nusd, bool has_house)
{
	for (int i = 0; i < STORE_SCOPE_COUNT; i++) {
		struct bucket *b = hold->buckets[i];

		if (b == NULL)
			continue;
		b->held_nusd -= hold->amount_nusd;
		b->holders--;
		b->spent_nusd += charge_nusd;
		must(b->held_nusd >= 0 && b->holders >= 0);
	}
	if (charge_nusd)
		spend_late(l, hold, charge_nusd, has_house);
}

bool limits_settle(struct limits *l, struct limit_hold *hold, int64_t charge_nusd)
{
	struct limit_book *book;
	bool is_over, is_locked;

	if (hold->payer == NULL)
		return false;
	book = hold->payer->book;
	is_over = hold->is_limited && charge_nusd > hold->amount_nusd;
	if (charge_nusd > LIMIT_NUSD_MAX)
		charge_nusd = LIMIT_NUSD_MAX;
	pthread_mutex_lock(&book->mutex);
	is_locked = house_lock(l, atomic_load(&l->uses_house) ? 0 : INT64_MAX);
	spend(l, hold, charge_nusd, is_locked);
	house_unlock(l, is_locked);
	limits_walk(book);
	pthread_mutex_unlock(&book->mutex);
	if (is_locked)
		wake_house(l);
	payer_put(&hold->payer);
	return is_over;
}

void limits_lower(struct limits *l, struct limit_hold *hold, int64_t amount_nusd)
{
	struct limit_book *book = hold->payer->book;
	bool is_locked;

	must(amount_nusd <= hold->amount_nusd && amount_nusd >= 0);
	pthread_mutex_lock(&book->mutex);
	is_locked = house_lock(l, hold->buckets[STORE_GLOBAL_MONTH] ? 0 : INT64_MAX);
	for (int i = 0; i < STORE_SCOPE_COUNT; i++)
		if (hold->buckets[i])
			hold->buckets[i]->held_nusd -= hold->amount_nusd - amount_nusd;
	hold->amount_nusd = amount_nusd;
	house_unlock(l, is_locked);
	limits_walk(book);
	pthread_mutex_unlock(&book->mutex);
	if (is_locked)
		wake_house(l);
}

void limits_leave(struct limits *l, struct limit_pass *pass, int64_t tokens)
{
	struct payer *p = pass->payer;
	struct limit_party *parties[2];

	(void)l;
	if (p == NULL)
		return;
	parties[0] = p->key;
	parties[1] = p->account;
	pthread_mutex_lock(&p->book->mutex);
	for (int i = 0; i < 2; i++) {
		parties[i]->rates.running--;
		if (parties[i]->rates.tokens.limit)
			rate_take(&parties[i]->rates.tokens, RATE_MINUTE_US, tokens - pass->tokens);
	}
	pthread_mutex_unlock(&p->book->mutex);
	payer_put(&pass->payer);
}

/* ---- looking ---- */

/* The month's spending is told also where nothing limits it. */
static bool is_told(const struct payer *p, enum store_scope scope)
{
	return scope != STORE_GLOBAL_MONTH &&
	       (scope == STORE_ACCOUNT_MONTH || p->ceilings[scope] != INT64_MAX);
}

static struct bucket *told_bucket(struct limits *l, const struct payer *p, enum store_scope scope,
                                  int64_t wall_ms)
{
	struct limit_party *party = limit_party_of(l, p, scope);
	struct bucket *b;

	if (party == NULL || !is_told(p, scope))
		return NULL;
	b = bucket_at(party, scope, wall_ms);
	if (p->generation >= b->generation) {
		b->generation = p->generation;
		b->ceiling_nusd = p->ceilings[scope];
	}
	return b;
}

struct limit_verdict limits_look(struct limits *l, struct payer *p, struct limit_wait *wait,
                                 struct limit_inbox *inbox)
{
	struct judging j = {.limits = l, .payer = p, .wall_ms = clock_wall_ms()};

	wait->inbox = inbox;
	wait->since_ns = clock_mono_ns();
	wait->ask.global_nusd = INT64_MAX;
	pthread_mutex_lock(&p->book->mutex);
	for (int i = 0; i < STORE_SCOPE_COUNT; i++) {
		struct bucket *b = told_bucket(l, p, (enum store_scope)i, j.wall_ms);

		if (b == NULL)
			continue;
		b->wanted_ns = wait->since_ns;
		bucket_ask(b);
	}
	wait_enqueue(wait, &j, &p->book->looks);
	pthread_mutex_unlock(&p->book->mutex);
	return (struct limit_verdict){.result = LIMIT_WAITS};
}

static void report_bucket(const struct bucket *b, const struct limit_ask *ask,
                          struct limit_report *out)
{
	out->rows[out->count++] = (struct limit_row){
	    .scope = b->id.scope,
	    .limit_nusd = b->ceiling_nusd,
	    .spent_nusd = bucket_total(b),
	    .held_nusd = b->held_nusd + b->others_nusd,
	    .resets_ms = b->end_ms == INT64_MAX ? 0 : b->end_ms,
	};
	if (out->is_blocked || !b->is_known || bucket_payable(b) > 0)
		return;
	out->is_blocked = true;
	out->blocked_by = judging_too_late(b, ask, false);
	out->blocked_by.reason = LIMIT_SPENT;
}

void limits_report(struct limits *l, struct payer *p, struct limit_report *out)
{
	const struct limit_ask nothing = {.global_nusd = INT64_MAX};
	int64_t wall_ms = clock_wall_ms();

	*out = (struct limit_report){.is_blocked = p->on_hold,
	                             .blocked_by = {.reason = LIMIT_ON_HOLD}};
	pthread_mutex_lock(&p->book->mutex);
	for (int i = 0; i < STORE_SCOPE_COUNT; i++) {
		struct bucket *b = told_bucket(l, p, (enum store_scope)i, wall_ms);

		if (b)
			report_bucket(b, &nothing, out);
	}
	pthread_mutex_unlock(&p->book->mutex);
}
