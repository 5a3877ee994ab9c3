/* The table of owners, and working out payers.
 *
 *	plan ── account ── team ── user ── key        each: a record with its terms, by id
 *	           │                        │
 *	           └────── payer, by key ───┘         worked out when first asked for after a change
 *
 * A change makes every payer old at once, by raising `generation`: payers are worked out again one
 * by one, as their keys come along. Counters do not live here but in gate/limit.h, and stay.
 *
 * Invariant: a payer has everybody's terms of one moment. Must never give a payer while somebody in
 * its row is missing. Called by the carrier (put) and by the path (account_payer).
 *
 * THREADS: read-write lock; finding a payer that is not old takes it for reading. */
#include "gate/account.h"

#include "base/log.h"
#include "gate/bucket.h"

#include <pthread.h>

struct owner_record {
	int64_t id; /* the map's key is its bytes */
	int64_t account_id, team_id, user_id, plan_id;
	bool is_out; /* on hold, closed, or with terms that cannot be read */
	bool is_revoked;
	struct terms terms;
	struct str name; /* of a plan */
	char texts[];    /* its, and the terms' models */
};

enum { TABLES = STORE_OWNER_KIND_COUNT + 1, KEYS = STORE_OWNER_KIND_COUNT };

struct account_table {
	pthread_rwlock_t lock;
	struct limits *limits;
	struct map records[TABLES]; /* by kind; the last one: keys */
	struct map payers;          /* by the bytes of their key_id */
	uint64_t generation;
	int64_t revision;
};

static struct str id_str(const int64_t *id)
{
	return (struct str){(const char *)id, sizeof *id};
}

struct account_table *account_table_new(struct limits *limits)
{
	struct account_table *t = mem_get(sizeof *t);

	must(pthread_rwlock_init(&t->lock, NULL) == 0);
	for (int i = 0; i < TABLES; i++)
		map_init(&t->records[i], NULL);
	map_init(&t->payers, NULL);
	t->limits = limits;
	t->generation = 1;
	return t;
}

static void release_records(struct map *map)
{
	const struct map_entry *entry;
	size_t at = 0;

	while ((entry = map_next(map, &at)))
		mem_put(entry->value);
	map_release(map);
}

void account_table_free(struct account_table **table)
{
	struct account_table *t = *table;
	const struct map_entry *entry;
	size_t at = 0;

	*table = NULL;
	if (!t)
		return;
	while ((entry = map_next(&t->payers, &at))) {
		struct payer *p = entry->value;

		payer_put(&p);
	}
	map_release(&t->payers);
	for (int i = 0; i < TABLES; i++)
		release_records(&t->records[i]);
	pthread_rwlock_destroy(&t->lock);
	mem_put(t);
}

/* ---- records ---- */

static const enum terms_of whose[TABLES] = {
    [STORE_PLAN] = TERMS_OF_PLAN, [STORE_ACCOUNT] = TERMS_OF_ACCOUNT,
    [STORE_TEAM] = TERMS_OF_TEAM, [STORE_USER] = TERMS_OF_USER,
    [KEYS] = TERMS_OF_KEY,
};

static struct str keep(char **at, struct str text)
{
	struct str kept = {*at, text.len};

	if (text.len)
		memcpy(*at, text.ptr, text.len);
	*at += text.len;
	return kept;
}

static struct owner_record *record_new(int table, int64_t id, struct str json, struct str name)
{
	struct owner_record *r;
	struct terms terms = {0};
	struct arena arena;
	struct fail f;
	bool is_bad;
	char *at;

	arena_init(&arena);
	fail_init(&f, &arena);
	is_bad = terms_read(json, whose[table], &arena, &terms, &f) < 0;
	if (is_bad)
		log_say(LOG_ERROR, "the terms of %s %lld cannot be read, it is on hold: %.*s",
		        table == KEYS ? "key" : store_owner_kind_name((enum store_owner_kind)table),
		        (long long)id, STR_ARG(f.message));
	r = mem_get(sizeof *r + terms.models.len + name.len);
	at = r->texts;
	r->id = id;
	r->is_out = is_bad;
	r->terms = terms;
	r->terms.models = keep(&at, terms.models);
	r->name = keep(&at, name);
	arena_release(&arena);
	return r;
}

static void put_record(struct account_table *t, int table, struct owner_record *r)
{
	struct owner_record *old;

	pthread_rwlock_wrlock(&t->lock);
	old = map_remove(&t->records[table], id_str(&r->id)); /* its bytes are the map's key */
	map_put(&t->records[table], id_str(&r->id), r);
	t->generation++;
	pthread_rwlock_unlock(&t->lock);
	mem_put(old);
	limits_wake_all(t->limits);
}

void account_table_put(struct account_table *t, const struct store_owner *o)
{
	struct owner_record *r =
	    record_new((int)o->kind, o->id, o->terms, o->kind == STORE_PLAN ? o->name : STR(""));

	r->account_id = o->account_id;
	r->team_id = o->team_id;
	r->plan_id = o->plan_id;
	r->is_out = r->is_out || o->on_hold || (o->closed_ms != 0 && o->kind != STORE_PLAN);
	put_record(t, (int)o->kind, r);
	pthread_rwlock_wrlock(&t->lock);
	if (o->revision > t->revision)
		t->revision = o->revision;
	pthread_rwlock_unlock(&t->lock);
}

void account_table_put_key(struct account_table *t, const struct store_key *k)
{
	struct owner_record *r = record_new(KEYS, k->id, k->terms, STR(""));

	r->account_id = k->account_id;
	r->team_id = k->team_id;
	r->user_id = k->user_id;
	r->is_revoked = k->revoked_ms != 0;
	put_record(t, KEYS, r);
}

int64_t account_table_revision(const struct account_table *table)
{
	struct account_table *t = (struct account_table *)table; /* the lock changes only */
	int64_t revision;

	pthread_rwlock_rdlock(&t->lock);
	revision = t->revision;
	pthread_rwlock_unlock(&t->lock);
	return revision;
}

/* ---- payers ---- */

/* All that a key belongs to; `none` stands where it belongs to nobody. */
struct row {
	const struct owner_record *key, *user, *team, *account, *plan;
};

static const struct owner_record none;

static const struct owner_record *find(const struct account_table *t, int table, int64_t id)
{
	return id ? map_get(&t->records[table], id_str(&id)) : &none;
}

static int find_row(const struct account_table *t, int64_t key_id, struct row *out)
{
	struct row row;

	row.key = map_get(&t->records[KEYS], id_str(&key_id));
	if (!row.key)
		return -1;
	row.user = find(t, STORE_USER, row.key->user_id);
	row.account = map_get(&t->records[STORE_ACCOUNT], id_str(&row.key->account_id));
	if (!row.user || !row.account)
		return -1;
	row.team = find(t, STORE_TEAM, row.key->team_id ? row.key->team_id : row.user->team_id);
	row.plan = find(t, STORE_PLAN, row.account->plan_id);
	if (!row.team || !row.plan)
		return -1;
	*out = row;
	return 0;
}

static void set_ceilings(struct payer *p, const struct row *row, const struct terms *account)
{
	bool is_capped = !terms_value(account, TERM_overage, false);

	p->ceilings[STORE_GLOBAL_MONTH] = INT64_MAX;
	p->ceilings[STORE_ACCOUNT_MONTH] = terms_value(account, TERM_month_usd, INT64_MAX);
	p->ceilings[STORE_ACCOUNT_HOUR] = terms_value(account, TERM_hour_usd, INT64_MAX);
	p->ceilings[STORE_INCLUDED] =
	    is_capped ? terms_value(account, TERM_included_usd, INT64_MAX) : INT64_MAX;
	p->ceilings[STORE_ALLOWANCE] = terms_value(account, TERM_allowance_usd, INT64_MAX);
	p->ceilings[STORE_TEAM_MONTH] = terms_value(&row->team->terms, TERM_month_usd, INT64_MAX);
	p->ceilings[STORE_USER_MONTH] = terms_value(&row->user->terms, TERM_month_usd, INT64_MAX);
	p->ceilings[STORE_KEY_MONTH] = terms_value(&row->key->terms, TERM_month_usd, INT64_MAX);
}

static struct payer_rates rates_of(const struct terms *t)
{
	return (struct payer_rates){.rps = terms_value(t, TERM_rps, 0),
	                            .rpm = terms_value(t, TERM_rpm, 0),
	                            .tpm = terms_value(t, TERM_tpm, 0),
	                            .concurrency = terms_value(t, TERM_concurrency, 0)};
}

/* What everybody in the row allows. */
static void set_rights(struct payer *p, const struct terms *const *all, int count, char *at)
{
	p->clamp = true;
	p->tier_floor = p->tier_ceiling = -1;
	for (int i = 0; i < count; i++) {
		int floor = (int)terms_value(all[i], TERM_tier_floor, -1);
		int ceiling = (int)terms_value(all[i], TERM_tier_ceiling, -1);

		p->clamp = p->clamp && terms_value(all[i], TERM_clamp, true);
		if (floor > p->tier_floor)
			p->tier_floor = floor;
		if (ceiling >= 0 && (p->tier_ceiling < 0 || ceiling < p->tier_ceiling))
			p->tier_ceiling = ceiling;
		if (!terms_has(all[i], TERM_models))
			continue;
		p->models[p->model_lists++] = keep(&at, all[i]->models);
	}
}

static void set_parties(struct account_table *t, struct payer *p, const struct row *row)
{
	struct limits *l = t->limits;

	p->account = limits_party(l, STORE_ACCOUNT_MONTH, p->account_id, NULL);
	p->book = p->account->book;
	p->key = limits_party(l, STORE_KEY_MONTH, p->key_id, p->book);
	if (row->team->id)
		p->team = limits_party(l, STORE_TEAM_MONTH, p->team_id, p->book);
	if (row->user->id)
		p->user = limits_party(l, STORE_USER_MONTH, p->user_id, p->book);
}

static struct payer *work_out(struct account_table *t, const struct row *row)
{
	struct terms account = terms_merge(&row->plan->terms, &row->account->terms);
	const struct terms *all[PAYER_MODEL_LISTS] = {&account, &row->team->terms,
	                                              &row->user->terms, &row->key->terms};
	size_t bytes = sizeof(struct payer) + row->plan->name.len;
	struct payer *p;
	char *at;

	for (int i = 0; i < PAYER_MODEL_LISTS; i++)
		bytes += all[i]->models.len;
	p = mem_get(bytes);
	at = p->texts;
	p->plan = keep(&at, row->plan->name);
	p->holders = 1;
	p->generation = t->generation;
	p->key_id = row->key->id;
	p->account_id = row->account->id;
	p->team_id = row->team->id;
	p->user_id = row->user->id;
	p->on_hold = row->key->is_out || row->user->is_out || row->team->is_out ||
	             row->account->is_out || row->plan->is_out;
	p->is_revoked = row->key->is_revoked;
	p->account_rates = rates_of(&account);
	p->key_rates = rates_of(&row->key->terms);
	p->apply_floor = terms_value(&account, TERM_apply_floor, false);
	p->has_markup = terms_has(&account, TERM_markup_percent);
	p->charge_bp = 100 * 100 + terms_value(&account, TERM_markup_percent, 0);
	set_ceilings(p, row, &account);
	set_rights(p, all, PAYER_MODEL_LISTS, at);
	set_parties(t, p, row);
	return p;
}

static struct payer *refresh(struct account_table *t, int64_t key_id)
{
	struct payer *p = map_get(&t->payers, id_str(&key_id)), *fresh;
	struct row row;

	if (p && p->generation == t->generation)
		return payer_get(p);
	if (find_row(t, key_id, &row) < 0)
		return NULL;
	fresh = work_out(t, &row);
	if (p)
		map_remove(&t->payers, id_str(&key_id)); /* its bytes are the map's key */
	payer_put(&p);
	map_put(&t->payers, id_str(&fresh->key_id), fresh);
	return payer_get(fresh);
}

struct payer *account_payer(struct account_table *t, int64_t key_id)
{
	struct payer *p;

	pthread_rwlock_rdlock(&t->lock);
	p = map_get(&t->payers, id_str(&key_id));
	p = p && p->generation == t->generation ? payer_get(p) : NULL;
	pthread_rwlock_unlock(&t->lock);
	if (p)
		return p;
	pthread_rwlock_wrlock(&t->lock);
	p = refresh(t, key_id);
	pthread_rwlock_unlock(&t->lock);
	return p;
}
