/* Judging: all that is set is looked at before anything is taken.
 *
 *	a bucket has spent too much for the least      REFUSED, 402
 *	a bucket has not enough that is free           WAITS: the store had no more, so somebody
 *	                                               holds it; else a lease is asked for
 *	else                                           ADMITTED
 *
 * Order: who waits for a bucket is served before who comes later and needs that bucket too. Pure
 * but for what it asks the lease thread. Called by limit.c for new requests and by wait.c for those
 * that waited, under the mutexes that bucket.h names. */
#include "gate/judging.h"

#define EACH_BUCKET(j, b)                                                                          \
	for (int b##_i = 0; b##_i < STORE_SCOPE_COUNT; b##_i++)                                    \
		for (struct bucket *b = (j)->buckets[b##_i]; b; b = NULL)

/* ---- what a request meets ---- */

struct limit_party *limit_party_of(struct limits *l, const struct payer *p, enum store_scope scope)
{
	switch (scope) {
	case STORE_GLOBAL_MONTH:
		return &l->house_party;
	case STORE_TEAM_MONTH:
		return p->team;
	case STORE_USER_MONTH:
		return p->user;
	case STORE_KEY_MONTH:
		return p->key;
	default:
		return p->account;
	}
}

static int64_t ceiling_of(const struct judging *j, enum store_scope scope)
{
	return scope == STORE_GLOBAL_MONTH ? j->ask->global_nusd : j->payer->ceilings[scope];
}

/* A payer that was worked out before a change may come later than one after it. */
static void set_ceiling(struct bucket *b, int64_t ceiling_nusd, uint64_t generation)
{
	if (generation < b->generation)
		return;
	b->generation = generation;
	if (ceiling_nusd > b->ceiling_nusd)
		b->is_dry = false;
	b->ceiling_nusd = ceiling_nusd;
}

bool judging_find(struct judging *j)
{
	bool is_limited = false;

	for (int i = 0; i < STORE_SCOPE_COUNT; i++) {
		int64_t ceiling_nusd = ceiling_of(j, (enum store_scope)i);
		struct limit_party *party =
		    limit_party_of(j->limits, j->payer, (enum store_scope)i);

		j->buckets[i] = NULL;
		if (ceiling_nusd == INT64_MAX || party == NULL)
			continue;
		j->buckets[i] = bucket_at(party, (enum store_scope)i, j->wall_ms);
		set_ceiling(j->buckets[i], ceiling_nusd, j->payer->generation);
		is_limited = true;
	}
	return is_limited;
}

/* ---- verdicts ---- */

static void tell_bucket(const struct bucket *b, struct limit_verdict *v)
{
	v->scope = b->id.scope;
	v->limit_nusd = b->ceiling_nusd;
	v->spent_nusd = bucket_total(b);
	v->held_nusd = b->held_nusd + b->others_nusd;
	v->resets_ms = b->end_ms == INT64_MAX ? 0 : b->end_ms;
}

static struct limit_verdict refuse_spent(const struct judging *j, const struct bucket *b)
{
	struct limit_verdict v = {
	    .result = LIMIT_REFUSED, .reason = LIMIT_SPENT, .needed_nusd = j->ask->least_nusd};

	tell_bucket(b, &v);
	if (v.resets_ms > j->wall_ms)
		v.retry_after_ms = v.resets_ms - j->wall_ms;
	return v;
}

enum { BUSY_RETRY_MS = 2000, AWAY_RETRY_MS = 2000 };

struct limit_verdict judging_too_late(const struct bucket *b, const struct limit_ask *ask,
                                      bool is_away)
{
	struct limit_verdict v = {.result = LIMIT_REFUSED,
	                          .reason = is_away ? LIMIT_NO_LEASE : LIMIT_HELD,
	                          .needed_nusd = ask->least_nusd,
	                          .retry_after_ms = is_away ? AWAY_RETRY_MS : BUSY_RETRY_MS};

	tell_bucket(b, &v);
	return v;
}

/* ---- money ---- */

static bool lease_is_over(const struct judging *j)
{
	return j->mono_ns >= atomic_load_explicit(&j->limits->good_until_ns, memory_order_relaxed);
}

/* Lowers the amount to what is not spent; the bucket that leaves too little, or NULL. */
static struct bucket *find_spent(struct judging *j)
{
	struct bucket *worst = NULL;

	j->amount_nusd = j->ask->need_nusd;
	EACH_BUCKET(j, b)
	{
		int64_t payable_nusd = bucket_payable(b);

		if (!b->is_known || payable_nusd >= j->amount_nusd)
			continue;
		j->amount_nusd = payable_nusd;
		if (payable_nusd < j->ask->least_nusd)
			worst = b;
	}
	return worst;
}

/* What it would hold for the sake of calls whose number it left open is not waited for. */
static void forgo_calls(struct judging *j)
{
	if (j->ask->modest_nusd == 0)
		return;
	EACH_BUCKET(j, b)
	{
		int64_t enough = bucket_free(b);

		if (enough < j->ask->modest_nusd)
			enough = j->ask->modest_nusd;
		if (b->is_known && b->is_dry && enough < j->amount_nusd)
			j->amount_nusd = enough;
	}
}

/* Who needs nothing of it has nobody before him. */
static bool is_in_line(const struct judging *j, const struct bucket *b)
{
	if (j->amount_nusd == 0)
		return false;
	return j->walk ? b->walk == j->walk : b->waiters > 0;
}

static bool has_free(const struct judging *j, const struct bucket *b)
{
	if (!b->is_known)
		return false;
	return j->amount_nusd == 0 || (j->amount_nusd <= bucket_free(b) && !lease_is_over(j));
}

/* The bucket that has not enough which is free, or NULL. What only a lease lacks is asked for. */
static struct bucket *find_blocked(struct judging *j)
{
	struct bucket *blocked = NULL;

	EACH_BUCKET(j, b)
	{
		if (!is_in_line(j, b) && has_free(j, b))
			continue;
		if (!b->is_dry)
			bucket_ask(b);
		if (blocked == NULL || !b->is_dry)
			blocked = b;
	}
	return blocked;
}

static bool is_away(const struct judging *j, const struct bucket *b)
{
	return (!b->is_known || !b->is_dry || lease_is_over(j)) &&
	       atomic_load(&j->limits->store_is_away);
}

struct limit_verdict judging_money(struct judging *j)
{
	struct bucket *spent = find_spent(j), *blocked;

	if (spent)
		return refuse_spent(j, spent);
	forgo_calls(j);
	blocked = find_blocked(j);
	if (blocked == NULL)
		return (struct limit_verdict){.result = LIMIT_ADMITTED};
	if (is_away(j, blocked))
		return judging_too_late(blocked, j->ask, true);
	j->blocked = blocked;
	return (struct limit_verdict){.result = LIMIT_WAITS};
}

/* The next slice is as large as four such requests; what is left below half of it is topped up
 * before it is gone. */
static void hold_in(struct bucket *b, int64_t amount_nusd, int64_t mono_ns)
{
	b->held_nusd += amount_nusd;
	b->holders++;
	b->admitted_nusd += amount_nusd;
	b->used_ns = mono_ns;
	if (b->size_nusd / 4 < amount_nusd && amount_nusd < LIMIT_NUSD_MAX / 4)
		b->size_nusd = 4 * amount_nusd;
	if (!b->is_dry && bucket_free(b) < b->size_nusd / 2)
		bucket_ask(b);
}

void judging_hold(const struct judging *j, struct limit_hold *hold)
{
	EACH_BUCKET(j, b)
	hold_in(b, j->amount_nusd, j->mono_ns);
	memcpy(hold->buckets, j->buckets, sizeof hold->buckets);
	hold->payer = payer_get(j->payer);
	hold->amount_nusd = j->amount_nusd;
	hold->wall_ms = j->wall_ms;
}

bool house_lock(struct limits *l, int64_t global_nusd)
{
	if (global_nusd == INT64_MAX)
		return false;
	atomic_store_explicit(&l->uses_house, true, memory_order_relaxed);
	pthread_mutex_lock(&l->house.mutex);
	return true;
}

void house_unlock(struct limits *l, bool is_locked)
{
	if (is_locked)
		pthread_mutex_unlock(&l->house.mutex);
}

/* ---- rates ---- */

struct rate_row {
	const char *name;
	int64_t limit, window_us, count;
	struct rate *rate;
};

enum { RATE_ROWS = 3 };

static void rate_rows(struct limit_rates *r, const struct payer_rates *set, int64_t tokens,
                      struct rate_row *out)
{
	out[0] = (struct rate_row){"rps", set->rps, RATE_SECOND_US, 1, &r->second};
	out[1] = (struct rate_row){"rpm", set->rpm, RATE_MINUTE_US, 1, &r->minute};
	out[2] = (struct rate_row){"tpm", set->tpm, RATE_MINUTE_US, tokens, &r->tokens};
}

static struct limit_verdict refuse_rate(const char *whose, const char *name, int64_t limit,
                                        int64_t wait_us)
{
	return (struct limit_verdict){.result = LIMIT_REFUSED,
	                              .reason = LIMIT_RATE,
	                              .whose = whose,
	                              .rate = name,
	                              .limit = limit,
	                              .retry_after_ms = wait_us / 1000 + 1};
}

static struct limit_verdict check_rates(const char *whose, struct limit_party *party,
                                        const struct payer_rates *set, const struct judging *j)
{
	struct rate_row rows[RATE_ROWS];

	if (set->concurrency && party->rates.running >= set->concurrency)
		return (struct limit_verdict){.result = LIMIT_REFUSED,
		                              .reason = LIMIT_CONCURRENCY,
		                              .whose = whose,
		                              .rate = "concurrency",
		                              .limit = set->concurrency,
		                              .retry_after_ms = 1000};
	rate_rows(&party->rates, set, j->ask->tokens, rows);
	for (int i = 0; i < RATE_ROWS; i++) {
		struct rate_row *r = &rows[i];

		if (r->limit == 0)
			continue;
		rate_fill(r->rate, r->limit, r->window_us, j->mono_ns / 1000);
		if (!rate_can(r->rate, r->window_us, r->count))
			return refuse_rate(whose, r->name, r->limit,
			                   rate_wait_us(r->rate, r->window_us, r->count));
	}
	return (struct limit_verdict){.result = LIMIT_ADMITTED};
}

/* What x-ratelimit-* tells is of the rate that is nearest to its end. */
static void note_rest(const struct rate_row *r, struct limit_rest *rest)
{
	int64_t left = rate_left(r->rate, r->window_us);

	if (rest->limit && rest->left <= left)
		return;
	rest->limit = r->limit;
	rest->left = left;
	rest->reset_ms = rate_wait_us(r->rate, r->window_us, r->limit) / 1000;
}

static struct limit_rest *rest_of(struct limit_pass *pass, const struct limit_party *party,
                                  const struct rate_row *r)
{
	return r->rate == &party->rates.tokens ? &pass->tokens_rest : &pass->requests;
}

static void tell_rates(struct limit_party *party, const struct payer_rates *set,
                       const struct judging *j, struct limit_pass *pass)
{
	struct rate_row rows[RATE_ROWS];

	rate_rows(&party->rates, set, j->ask->tokens, rows);
	for (int i = 0; i < RATE_ROWS; i++) {
		if (rows[i].limit == 0)
			continue;
		rate_fill(rows[i].rate, rows[i].limit, rows[i].window_us, j->mono_ns / 1000);
		note_rest(&rows[i], rest_of(pass, party, &rows[i]));
	}
}

static void take_rates(struct limit_party *party, const struct payer_rates *set,
                       const struct judging *j, struct limit_pass *pass)
{
	struct rate_row rows[RATE_ROWS];

	party->rates.running++;
	rate_rows(&party->rates, set, j->ask->tokens, rows);
	for (int i = 0; i < RATE_ROWS; i++) {
		if (rows[i].limit == 0)
			continue;
		rate_take(rows[i].rate, rows[i].window_us, rows[i].count);
		note_rest(&rows[i], rest_of(pass, party, &rows[i]));
	}
}

struct limit_verdict judging_rates(const struct judging *j)
{
	const struct payer *p = j->payer;
	struct limit_verdict v = check_rates("key", p->key, &p->key_rates, j);

	return v.result == LIMIT_ADMITTED ? check_rates("account", p->account, &p->account_rates, j)
	                                  : v;
}

void judging_tell_rates(const struct judging *j, struct limit_pass *pass)
{
	const struct payer *p = j->payer;

	tell_rates(p->key, &p->key_rates, j, pass);
	tell_rates(p->account, &p->account_rates, j, pass);
}

void judging_pass(const struct judging *j, struct limit_pass *pass)
{
	const struct payer *p = j->payer;

	take_rates(p->key, &p->key_rates, j, pass);
	take_rates(p->account, &p->account_rates, j, pass);
	pass->payer = payer_get(j->payer);
	pass->tokens = j->ask->tokens;
}
