/* From what is spent to alerts.
 *
 *	spent, of the periods that run now ─┐
 *	terms of owners and keys ───────────┴─> percentage ─> noted in the store: once ─> on_alert
 *
 * Terms are read anew when the store's revision has changed. What was noted is remembered, so that
 * the store is written to only when something is new. Called by the clerk, every two seconds. */
#include "admin/watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "config/config.h"
#include "gate/terms.h"
#include "store/owner.h"

enum { NOTED_MAX = 100000 };

struct watched {
	struct terms terms;
	struct str name;
	int64_t plan_id; /* of an account */
};

enum { KEYS = STORE_OWNER_KIND_COUNT, KINDS }; /* keys behind the kinds of owners */

struct watch {
	struct arena arena; /* of all owners */
	struct map owners;  /* "1:7": kind, id -> struct watched */
	int64_t revision;   /* that they are of */
	bool has_read;
	struct arena noted_arena;
	struct map noted; /* "1:7:1764000000000" -> the highest percentage, as a pointer */
	bool was_failing;
};

struct watch *watch_new(void)
{
	struct watch *w = mem_get(sizeof *w);

	arena_init(&w->arena);
	arena_init(&w->noted_arena);
	map_init(&w->owners, &w->arena);
	map_init(&w->noted, &w->noted_arena);
	return w;
}

void watch_free(struct watch **watch)
{
	struct watch *w = *watch;

	*watch = NULL;
	if (w == NULL)
		return;
	map_release(&w->owners);
	map_release(&w->noted);
	arena_release(&w->arena);
	arena_release(&w->noted_arena);
	mem_put(w);
}

/* ---- terms ---- */

static struct str owner_key(int kind, int64_t id, struct arena *arena)
{
	return arena_printf(arena, "%d:%" PRId64, kind, id);
}

/* Terms that cannot be read count as none: the gate says so where it matters. */
static struct watched *add(struct watch *w, int kind, int64_t id, struct str terms)
{
	static const enum terms_of whose[KINDS] = {
	    [STORE_PLAN] = TERMS_OF_PLAN, [STORE_ACCOUNT] = TERMS_OF_ACCOUNT,
	    [STORE_TEAM] = TERMS_OF_TEAM, [STORE_USER] = TERMS_OF_USER,
	    [KEYS] = TERMS_OF_KEY,
	};
	struct watched *one = ARENA_NEW(&w->arena, struct watched);
	struct fail ignored;

	fail_init(&ignored, &w->arena);
	if (terms_read(terms, whose[kind], &w->arena, &one->terms, &ignored) < 0)
		one->terms = (struct terms){0};
	map_put(&w->owners, owner_key(kind, id, &w->arena), one);
	return one;
}

static bool on_owner(void *watch, const struct store_owner *o)
{
	struct watch *w = watch;
	struct watched *one = add(w, o->kind, o->id, o->terms);

	one->name = o->name;
	one->plan_id = o->plan_id;
	return true;
}

static bool on_key(void *watch, const struct store_key *k)
{
	struct watch *w = watch;

	add(w, KEYS, k->id, k->terms)->name = k->prefix;
	return true;
}

static int read_terms(struct watch *w, struct store *store, struct fail *f)
{
	int64_t revision = 0;

	if (store_revision(store, &revision, f) < 0)
		return -1;
	if (w->has_read && revision == w->revision)
		return 0;
	map_release(&w->owners);
	arena_reset(&w->arena);
	map_init(&w->owners, &w->arena);
	w->has_read = false;
	if (store_owners_after(store, 0, &w->arena, on_owner, w, f) < 0 ||
	    store_keys_after(store, 0, &w->arena, on_key, w, f) < 0)
		return -1;
	w->has_read = true;
	w->revision = revision;
	return 0;
}

/* ---- ceilings ---- */

int64_t watch_ceiling(enum store_scope scope, const struct terms *t)
{
	static const enum term terms[STORE_SCOPE_COUNT] = {
	    [STORE_GLOBAL_MONTH] = TERM_COUNT,      [STORE_ACCOUNT_MONTH] = TERM_month_usd,
	    [STORE_ACCOUNT_HOUR] = TERM_hour_usd,   [STORE_INCLUDED] = TERM_included_usd,
	    [STORE_ALLOWANCE] = TERM_allowance_usd, [STORE_TEAM_MONTH] = TERM_month_usd,
	    [STORE_USER_MONTH] = TERM_month_usd,    [STORE_KEY_MONTH] = TERM_month_usd,
	};

	return terms[scope] == TERM_COUNT ? INT64_MAX : terms_value(t, terms[scope], INT64_MAX);
}

int watch_percent(int64_t spent_nusd, int64_t ceiling_nusd)
{
	static const int percents[] = {
#define X(percent) percent,
	    CONFIG_MARKS(X)
#undef X
	};
	int reached = 0;

	for (int i = 0; i < CONFIG_MARK_COUNT && ceiling_nusd != INT64_MAX; i++)
		if ((__int128)spent_nusd * 100 >= (__int128)ceiling_nusd * percents[i])
			reached = percents[i];
	return spent_nusd > 0 ? reached : 0;
}

static int kind_of(enum store_scope scope)
{
	static const int kinds[STORE_SCOPE_COUNT] = {
	    [STORE_GLOBAL_MONTH] = -1,
	    [STORE_ACCOUNT_MONTH] = STORE_ACCOUNT,
	    [STORE_ACCOUNT_HOUR] = STORE_ACCOUNT,
	    [STORE_INCLUDED] = STORE_ACCOUNT,
	    [STORE_ALLOWANCE] = STORE_ACCOUNT,
	    [STORE_TEAM_MONTH] = STORE_TEAM,
	    [STORE_USER_MONTH] = STORE_USER,
	    [STORE_KEY_MONTH] = KEYS,
	};

	return kinds[scope];
}

static struct watched *owner_of(struct watch *w, struct store_bucket b, struct arena *arena)
{
	return map_get(&w->owners, owner_key(kind_of(b.scope), b.owner, arena));
}

/* An account's own terms count before its plan's. */
static int64_t account_ceiling(struct watch *w, enum store_scope scope, const struct watched *one,
                               struct arena *arena)
{
	const struct watched *plan =
	    map_get(&w->owners, owner_key(STORE_PLAN, one->plan_id, arena));
	struct terms all = plan ? terms_merge(&plan->terms, &one->terms) : one->terms;

	return watch_ceiling(scope, &all);
}

/* ---- looking ---- */

struct looking {
	struct watch *watch;
	const struct watch_ask *ask;
	int64_t now_ms;
	struct arena scratch;
	struct fail *fail;
};

static int64_t ceiling_of(struct looking *l, struct store_bucket b, struct str *out_name)
{
	struct watched *one;

	*out_name = STR("");
	if (b.scope == STORE_GLOBAL_MONTH)
		return l->ask->global_nusd;
	one = owner_of(l->watch, b, &l->scratch);
	if (one == NULL)
		return INT64_MAX;
	*out_name = one->name;
	return kind_of(b.scope) == STORE_ACCOUNT
	           ? account_ceiling(l->watch, b.scope, one, &l->scratch)
	           : watch_ceiling(b.scope, &one->terms);
}

static void tell(struct looking *l, const struct store_alert *alert, struct str name)
{
	struct watch_alert told = {*alert, arena_copy(l->ask->arena, name)};

	l->ask->on_alert(l->ask->arg, &told);
}

/* Each percentage up to the one that is reached has an alert of its own. */
static int note(struct looking *l, struct store_alert *alert, int reached, struct str name)
{
	static const int percents[] = {
#define X(percent) percent,
	    CONFIG_MARKS(X)
#undef X
	};

	for (int i = 0; i < CONFIG_MARK_COUNT && percents[i] <= reached; i++) {
		bool is_new = false;

		alert->percent = percents[i];
		if (store_alert_note(l->ask->store, alert, &is_new, l->fail) < 0)
			return -1;
		if (is_new)
			tell(l, alert, name);
	}
	return 0;
}

static void remember(struct watch *w, struct str key, int percent)
{
	if (map_count(&w->noted) >= NOTED_MAX) {
		map_release(&w->noted);
		arena_reset(&w->noted_arena);
		map_init(&w->noted, &w->noted_arena);
	}
	map_put(&w->noted, key, (void *)(intptr_t)percent);
}

struct spent {
	struct store_bucket bucket;
	int64_t nusd;
};

static int look_at(struct looking *l, struct store_bucket b, int64_t spent_nusd)
{
	struct str key =
	    arena_printf(&l->scratch, "%d:%" PRId64 ":%" PRId64, b.scope, b.owner, b.period_ms);
	struct store_alert alert = {.bucket = b, .spent_nusd = spent_nusd, .noted_ms = l->now_ms};
	struct str name;
	int reached;

	alert.ceiling_nusd = ceiling_of(l, b, &name);
	reached = watch_percent(spent_nusd, alert.ceiling_nusd);
	if (reached <= (int)(intptr_t)map_get(&l->watch->noted, key))
		return 0;
	if (note(l, &alert, reached, name) < 0)
		return -1;
	remember(l->watch, key, reached);
	return 0;
}

/* Rows are gathered first: an engine runs one statement at a time. */
struct gathering {
	struct spent *rows;
	size_t count, room;
};

static bool on_spent(void *gathering, struct store_bucket b, int64_t nusd)
{
	struct gathering *g = gathering;

	if (b.scope >= STORE_SCOPE_COUNT)
		return true;
	if (g->count == g->room) {
		g->room = g->room * 2 + 64;
		g->rows = mem_resize(g->rows, g->room * sizeof *g->rows);
	}
	g->rows[g->count++] = (struct spent){b, nusd};
	return true;
}

static int look_at_all(struct looking *l)
{
	int64_t next_ms, periods_ms[3] = {
	                     store_period(STORE_ACCOUNT_MONTH, l->now_ms, &next_ms),
	                     store_period(STORE_ACCOUNT_HOUR, l->now_ms, &next_ms),
	                     0,
	                 };
	struct gathering g = {0};
	/* In a month's first hour both begin alike. */
	int skip = periods_ms[0] == periods_ms[1];
	int result =
	    store_spents(l->ask->store, periods_ms + skip, 3 - skip, on_spent, &g, l->fail);

	for (size_t i = 0; i < g.count && result == 0; i++)
		result = look_at(l, g.rows[i].bucket, g.rows[i].nusd);
	mem_put(g.rows);
	return result;
}

static int take_up(struct looking *l)
{
	struct store_alert alert;
	struct str name;

	if (store_alert_left(l->ask->store, l->now_ms, &alert, l->fail) < 0)
		return -1;
	if (alert.percent == 0)
		return 0;
	ceiling_of(l, alert.bucket, &name);
	tell(l, &alert, name);
	return 0;
}

void watch_look(struct watch *w, const struct watch_ask *ask)
{
	struct fail f;
	struct looking l = {.watch = w, .ask = ask, .now_ms = clock_wall_ms(), .fail = &f};
	bool failing;

	arena_init(&l.scratch);
	fail_init(&f, &l.scratch);
	failing = read_terms(w, ask->store, &f) < 0 || look_at_all(&l) < 0 || take_up(&l) < 0;
	if (failing && !w->was_failing)
		log_say(LOG_WARN, "alerts: %.*s", STR_ARG(f.message));
	w->was_failing = failing;
	arena_release(&l.scratch);
}
