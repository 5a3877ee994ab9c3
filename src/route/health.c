/* Breaker, budget and averages of a target.
 *
 *	          failures in a row, their share in the window, or Retry-After
 *	 CLOSED ------------------------------------------------------------> OPEN
 *	   ^                                                                  |  ^
 *	   |  a probe or a forced attempt went well              time is up:  |  | the probe
 *	   |                                                     one probe    v  | failed
 *	   +---------------------------------------------------------------- PROBED
 *
 * Each time it opens again without a window of success between, it stays open twice as long, up to
 * a maximum; a Retry-After is taken as told. An eighth of jitter keeps many nodes from probing at
 * once.
 *
 * The *window* is eight slots of successes and failures; it is read on failures only. The *budget*
 * is a bucket of retries: it fills with a share of the first attempts and a little by itself, and
 * failed retries and forced attempts empty it. So a target that is well takes over for another
 * however many come, and one that is ill is not asked more by those who fail elsewhere.
 *
 * Invariants: at most one probe is out, since only the one who moves OPEN to PROBED has it, and it
 * leaves PROBED only by the note of that one, or by a success that closes.
 *
 * THREADS: state, window slots and budget are words that are exchanged whole. Averages and counts
 * are each on their own; the averages may lose one of two notes that come at the same time. */
#include "route/health.h"

#include "base/clock.h"
#include "base/map.h"
#include "metric.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
	SLOTS = 8,
	STREAK_MAX = (1 << 14) - 1,
	OPENED_MAX = 20,
	TOKEN = 1000,            /* thousandths */
	BUDGET_MAX = 10 * TOKEN, /* a burst */
	ROUND_MAX = 0xffff,      /* of a slot's counts */
	WEIGHT = 16,             /* of the averages */
	MILLION = 1000000,
};

struct health {
	_Atomic uint64_t mark;         /* struct mark, packed */
	_Atomic uint64_t budget;       /* what is missing << 32 | when */
	_Atomic uint64_t slots[SLOTS]; /* number << 32 | all << 16 | failed */
	_Atomic int64_t first_byte_us;
	_Atomic int error_ppm;
	_Atomic int64_t well, ill;
	_Atomic int failure, status;
};

static const uint64_t UNTIL_MASK = (1ULL << 40) - 1;

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct map all;          /* all_lock; name -> struct health */
static struct arena all_memory; /* all_lock */

struct health *health_find(struct str name)
{
	struct health *h;

	pthread_mutex_lock(&all_lock);
	if (all.arena == NULL) {
		arena_init(&all_memory);
		map_init(&all, &all_memory);
	}
	h = map_get(&all, name);
	if (h == NULL) {
		h = ARENA_NEW(&all_memory, struct health);
		map_put(&all, name, h);
	}
	pthread_mutex_unlock(&all_lock);
	return h;
}

int64_t health_now_ms(void)
{
	return clock_mono_coarse_ns() / MILLION;
}

/* ---- the mark ---- */

struct mark {
	bool is_open;
	bool has_probe;   /* one is out: also after somebody else's success has closed it */
	int streak;       /* of failures */
	int opened;       /* times in a row */
	int64_t until_ms; /* open: a probe may go; closed: `opened` may shrink */
};

static uint64_t pack(struct mark m)
{
	return (m.is_open ? UINT64_C(1) << 63 : 0) | (m.has_probe ? UINT64_C(1) << 62 : 0) |
	       (uint64_t)m.streak << 48 | (uint64_t)m.opened << 40 |
	       ((uint64_t)m.until_ms & UNTIL_MASK);
}

static struct mark unpack(uint64_t word)
{
	return (struct mark){word >> 63, word >> 62 & 1, (int)(word >> 48 & STREAK_MAX),
	                     (int)(word >> 40 & 0xff), (int64_t)(word & UNTIL_MASK)};
}

static struct mark mark_of(const struct health *h)
{
	return unpack(atomic_load_explicit(&h->mark, memory_order_relaxed));
}

/* False: somebody was quicker; *from is what he left. */
static bool move(struct health *h, struct mark *from, struct mark to)
{
	uint64_t word = pack(*from);

	if (atomic_compare_exchange_strong(&h->mark, &word, pack(to)))
		return true;
	*from = unpack(word);
	return false;
}

/* ---- the window ---- */

static uint64_t slot_number(const struct config_health *rules, int64_t now_ms)
{
	return (uint64_t)(now_ms / (rules->window_ms / SLOTS + 1) + SLOTS) & 0xffffffff;
}

static void slot_add(struct health *h, const struct config_health *rules, int64_t now_ms,
                     bool is_ill)
{
	uint64_t number = slot_number(rules, now_ms);
	_Atomic uint64_t *slot = &h->slots[number % SLOTS];
	uint64_t was = atomic_load_explicit(slot, memory_order_relaxed), is;

	do {
		is = was >> 32 == number ? was : number << 32;
		if ((is >> 16 & ROUND_MAX) == ROUND_MAX)
			is = number << 32 | (is >> 17 & ROUND_MAX >> 1) << 16 |
			     (is & ROUND_MAX) >> 1;
		is += 1 << 16 | is_ill;
	} while (!atomic_compare_exchange_weak_explicit(slot, &was, is, memory_order_relaxed,
	                                                memory_order_relaxed));
}

static bool fails_too_often(struct health *h, const struct config_health *rules, int64_t now_ms)
{
	uint64_t number = slot_number(rules, now_ms);
	int64_t asked = 0, failed = 0;

	if (rules->error_bp == 0)
		return false;
	for (int i = 0; i < SLOTS; i++) {
		uint64_t slot = atomic_load_explicit(&h->slots[i], memory_order_relaxed);

		if (number - (slot >> 32) >= SLOTS)
			continue;
		asked += (int64_t)(slot >> 16 & ROUND_MAX);
		failed += (int64_t)(slot & ROUND_MAX);
	}
	return asked >= rules->requests_min && failed * 10000 >= asked * rules->error_bp;
}

static void forget_window(struct health *h)
{
	for (int i = 0; i < SLOTS; i++)
		atomic_store_explicit(&h->slots[i], 0, memory_order_relaxed);
}

/* ---- the budget ---- */

/* What is missing is kept, so that a new one is full. */
static int filled(uint64_t word, const struct config_health *rules, int64_t now_ms)
{
	uint32_t passed_ms = (uint32_t)now_ms - (uint32_t)word;
	int64_t missing = (int64_t)(word >> 32) - (int64_t)passed_ms * rules->retries_floor;

	return missing > 0 ? (int)(BUDGET_MAX - missing) : BUDGET_MAX;
}

static int budget_of(const struct health *h, const struct config_health *rules, int64_t now_ms)
{
	return filled(atomic_load_explicit(&h->budget, memory_order_relaxed), rules, now_ms);
}

/* False: there is less than is taken. */
static bool budget_add(struct health *h, const struct config_health *rules, int64_t now_ms,
                       int milli)
{
	uint64_t was = atomic_load_explicit(&h->budget, memory_order_relaxed);
	int64_t is;

	do {
		is = filled(was, rules, now_ms) + (int64_t)milli;
		if (is < 0)
			return false;
		if (is > BUDGET_MAX)
			is = BUDGET_MAX;
	} while (!atomic_compare_exchange_weak_explicit(
	    &h->budget, &was, (uint64_t)(BUDGET_MAX - is) << 32 | (uint32_t)now_ms,
	    memory_order_relaxed, memory_order_relaxed));
	return true;
}

bool health_has_budget(struct health *h, const struct config_health *rules, int64_t now_ms)
{
	return !rules->has_breaker || budget_of(h, rules, now_ms) >= TOKEN;
}

/* First attempts fill it, failed retries and forced ones that failed empty it. What was forced has
 * paid already. */
static void settle_budget(struct health *h, const struct config_health *rules,
                          const struct health_news *news, int64_t now_ms)
{
	bool is_paid = news->pass == HEALTH_FORCED;

	if (is_paid && news->verdict != HEALTH_ILL)
		budget_add(h, rules, now_ms, TOKEN);
	else if (!is_paid && news->is_retry && news->verdict == HEALTH_ILL)
		budget_add(h, rules, now_ms, -TOKEN);
	else if (!is_paid && !news->is_retry && budget_of(h, rules, now_ms) < BUDGET_MAX)
		budget_add(h, rules, now_ms, rules->retries_bp / 10);
}

/* ---- passes ---- */

enum health_pass health_enter(struct health *h, const struct config_health *rules, int64_t now_ms)
{
	struct mark m = mark_of(h), to;

	if (!rules->has_breaker)
		return HEALTH_GOES;
	while (m.is_open && !m.has_probe && m.until_ms <= now_ms) {
		to = m;
		to.has_probe = true;
		if (move(h, &m, to))
			return HEALTH_PROBES;
	}
	return m.is_open ? HEALTH_REFUSED : HEALTH_GOES;
}

enum health_pass health_force(struct health *h, const struct config_health *rules, int64_t now_ms)
{
	return budget_add(h, rules, now_ms, -TOKEN) ? HEALTH_FORCED : HEALTH_REFUSED;
}

int64_t health_wait_ms(const struct health *h, int64_t now_ms)
{
	struct mark m = mark_of(h);

	return m.is_open && m.until_ms > now_ms ? m.until_ms - now_ms : 0;
}

/* ---- notes ---- */

/* It has grown `opened` times. */
static int64_t cool_ms(const struct config_health *rules, int opened, int64_t now_ms)
{
	int64_t ms = rules->cool_ms;
	uint64_t dice = (uint64_t)now_ms * 0x9e3779b97f4a7c15ULL >> 40;

	for (int i = 0; i < opened && ms < rules->cool_max_ms; i++)
		ms *= 2;
	if (ms > rules->cool_max_ms)
		ms = rules->cool_max_ms;
	return ms + ms / 8 * (int64_t)(dice & 0xff) / 0xff;
}

static struct mark opened_mark(const struct config_health *rules, struct mark from, int64_t told_ms,
                               int64_t now_ms)
{
	if (told_ms > rules->told_max_ms)
		told_ms = rules->told_max_ms;
	from.is_open = true;
	if (told_ms > 0) {
		from.until_ms = now_ms + told_ms;
		return from;
	}
	from.until_ms = now_ms + cool_ms(rules, from.opened, now_ms);
	if (from.opened < OPENED_MAX)
		from.opened++;
	return from;
}

/* What was under way before the breaker opened closes nothing: it says how things were. */
static struct mark after_success(const struct config_health *rules, struct mark m,
                                 enum health_pass pass, int64_t now_ms)
{
	if (pass == HEALTH_PROBES)
		m.has_probe = false;
	else if (m.is_open && pass == HEALTH_GOES)
		return m;
	if (m.is_open) {
		m.until_ms = now_ms + rules->window_ms;
	} else if (m.opened > 0 && m.until_ms <= now_ms) {
		m.opened--;
		m.until_ms = now_ms + rules->window_ms;
	}
	m.is_open = false;
	m.streak = 0;
	return m;
}

static struct mark after_failure(struct health *h, const struct config_health *rules, struct mark m,
                                 const struct health_news *news, int64_t now_ms)
{
	struct mark longer;

	if (news->pass == HEALTH_PROBES)
		m.has_probe = false;
	if (m.streak < STREAK_MAX)
		m.streak++;
	longer = opened_mark(rules, m, news->told_ms, now_ms);
	if (m.is_open && news->pass == HEALTH_PROBES)
		return longer;
	if (m.is_open)
		return news->told_ms > 0 && longer.until_ms > m.until_ms ? longer : m;
	if (news->told_ms > 0 || (rules->failures > 0 && m.streak >= rules->failures) ||
	    fails_too_often(h, rules, now_ms))
		return longer;
	return m;
}

/* A probe that found nothing out: the next one may go at once. */
static struct mark after_nothing(struct mark m, enum health_pass pass, int64_t now_ms)
{
	if (pass != HEALTH_PROBES)
		return m;
	m.has_probe = false;
	if (m.is_open)
		m.until_ms = now_ms;
	return m;
}

static struct mark after(struct health *h, const struct config_health *rules, struct mark m,
                         const struct health_news *news, int64_t now_ms)
{
	switch (news->verdict) {
	case HEALTH_WELL:
		return after_success(rules, m, news->pass, now_ms);
	case HEALTH_ILL:
		return after_failure(h, rules, m, news, now_ms);
	case HEALTH_UNTOLD:
		break;
	}
	return after_nothing(m, news->pass, now_ms);
}

static enum health_change change_mark(struct health *h, const struct config_health *rules,
                                      const struct health_news *news, int64_t now_ms)
{
	struct mark m = mark_of(h), to;

	do {
		to = after(h, rules, m, news, now_ms);
		if (pack(to) == pack(m))
			return HEALTH_AS_IT_WAS;
	} while (!move(h, &m, to));
	if (m.is_open == to.is_open)
		return HEALTH_AS_IT_WAS;
	if (!m.is_open) {
		metric_add(METRIC_BREAKERS_OPENED, 1);
		return HEALTH_HAS_OPENED;
	}
	forget_window(h);
	metric_add(METRIC_BREAKERS_CLOSED, 1);
	return HEALTH_HAS_CLOSED;
}

static void note_figures(struct health *h, const struct health_news *news)
{
	bool is_ill = news->verdict == HEALTH_ILL;
	int64_t us = atomic_load_explicit(&h->first_byte_us, memory_order_relaxed);
	int ppm = atomic_load_explicit(&h->error_ppm, memory_order_relaxed);

	ppm += ((is_ill ? MILLION : 0) - ppm) / WEIGHT;
	atomic_store_explicit(&h->error_ppm, ppm, memory_order_relaxed);
	if (!is_ill && news->first_byte_us > 0) {
		us = us ? us + (news->first_byte_us - us) / WEIGHT : news->first_byte_us;
		atomic_store_explicit(&h->first_byte_us, us, memory_order_relaxed);
	}
	atomic_fetch_add_explicit(is_ill ? &h->ill : &h->well, 1, memory_order_relaxed);
	if (is_ill) {
		atomic_store_explicit(&h->failure, (int)news->failure, memory_order_relaxed);
		atomic_store_explicit(&h->status, news->status, memory_order_relaxed);
	}
}

enum health_change health_note(struct health *h, const struct config_health *rules,
                               const struct health_news *news, int64_t now_ms)
{
	if (news->verdict != HEALTH_UNTOLD)
		note_figures(h, news);
	if (!rules->has_breaker)
		return HEALTH_AS_IT_WAS;
	settle_budget(h, rules, news, now_ms);
	if (news->verdict != HEALTH_UNTOLD)
		slot_add(h, rules, now_ms, news->verdict == HEALTH_ILL);
	return change_mark(h, rules, news, now_ms);
}

enum health_change health_note_answer(struct health *h, const struct config_health *rules,
                                      enum health_pass *pass, int64_t now_ms)
{
	struct health_news news = {.pass = *pass, .verdict = HEALTH_WELL};

	if (*pass != HEALTH_PROBES && *pass != HEALTH_FORCED)
		return HEALTH_AS_IT_WAS;
	if (*pass == HEALTH_FORCED)
		budget_add(h, rules, now_ms, TOKEN);
	*pass = HEALTH_GOES;
	return change_mark(h, rules, &news, now_ms);
}

bool health_is_open(const struct health *h, const struct config_health *rules)
{
	return rules->has_breaker && mark_of(h).is_open;
}

/* ---- looking ---- */

void health_look(const struct health *h, const struct config_health *rules, int64_t now_ms,
                 struct health_look *out)
{
	struct mark m = mark_of(h);

	*out = (struct health_look){
	    .state = !rules->has_breaker || !m.is_open ? HEALTH_CLOSED
	             : m.has_probe                     ? HEALTH_PROBED
	                                               : HEALTH_OPEN,
	    .streak = m.streak,
	    .opened = m.opened,
	    .wait_ms = rules->has_breaker ? health_wait_ms(h, now_ms) : 0,
	    .first_byte_us = atomic_load_explicit(&h->first_byte_us, memory_order_relaxed),
	    .error_ppm = atomic_load_explicit(&h->error_ppm, memory_order_relaxed),
	    .well = atomic_load_explicit(&h->well, memory_order_relaxed),
	    .ill = atomic_load_explicit(&h->ill, memory_order_relaxed),
	    .budget_milli = budget_of(h, rules, now_ms),
	    .failure = (enum fail_kind)atomic_load_explicit(&h->failure, memory_order_relaxed),
	    .status = atomic_load_explicit(&h->status, memory_order_relaxed),
	};
}

const char *health_state_name(enum health_state state)
{
	static const char *const names[] = {"closed", "open", "half-open"};

	must(state <= HEALTH_PROBED);
	return names[state];
}
