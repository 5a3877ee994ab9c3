/* A set of versions that were noted, and those of them that the store has not yet.
 *
 * Invariant: what is in `seen` is in the store or in `fresh`. The set has a place for each of
 * VERSIONS_MAX and is never emptied: a daemon that meets more prices than that between two starts
 * keeps the first.
 *
 * THREADS: `seen` is atomics, written under the mutex; `mutex` guards the rest. */
#include "ledger/tariff.h"

#include "ledger/price_text.h"
#include "store/rates.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SLOTS = 8192, VERSIONS_MAX = SLOTS / 2, TEXT_MAX = 256 * 1024 };

struct tariff {
	_Atomic uint32_t seen[SLOTS]; /* 0: free */
	pthread_mutex_t mutex;
	int seen_count;
	struct store_rates *fresh; /* texts in the arena */
	int fresh_count, fresh_room;
	struct arena texts;
	atomic_bool has_fresh;
};

struct tariff *tariff_new(void)
{
	struct tariff *t = mem_get(sizeof *t);

	must(pthread_mutex_init(&t->mutex, NULL) == 0);
	arena_init(&t->texts);
	return t;
}

void tariff_free(struct tariff **tariff)
{
	struct tariff *t = *tariff;

	if (!t)
		return;
	pthread_mutex_destroy(&t->mutex);
	arena_release(&t->texts);
	mem_put(t->fresh);
	mem_put(t);
	*tariff = NULL;
}

/* The slot that has the id, or the free one where it would go. Ids are hashes. */
static _Atomic uint32_t *slot_of(struct tariff *t, uint32_t id)
{
	for (uint32_t at = id % SLOTS;; at = (at + 1) % SLOTS) {
		uint32_t there = atomic_load_explicit(&t->seen[at], memory_order_relaxed);

		if (there == id || there == 0)
			return &t->seen[at];
	}
}

static bool is_seen(struct tariff *t, uint32_t id)
{
	return atomic_load_explicit(slot_of(t, id), memory_order_relaxed) == id;
}

static struct str text_of(struct tariff *t, const struct price_version *v)
{
	struct json_writer w;
	struct str text;
	struct buf out;

	buf_init(&out, TEXT_MAX);
	json_writer_init(&w, &out);
	json_open_object(&w);
	price_put_text(&w, v);
	json_close_object(&w);
	text = buf_is_over(&out) ? STR("") : arena_copy(&t->texts, buf_str(&out));
	buf_release(&out);
	return text;
}

/* The mutex is held. `v` NULL: the rates are those of `of_id`. */
static void add(struct tariff *t, struct store_rates r, const struct price_version *v)
{
	if (is_seen(t, r.id) || t->seen_count == VERSIONS_MAX)
		return;
	if (t->fresh_count == t->fresh_room) {
		t->fresh_room = t->fresh_room * 2 + 16;
		t->fresh = mem_resize(t->fresh, (size_t)t->fresh_room * sizeof *t->fresh);
	}
	if (v)
		r.text = text_of(t, v);
	t->fresh[t->fresh_count++] = r;
	t->seen_count++;
	atomic_store_explicit(slot_of(t, r.id), r.id, memory_order_relaxed);
	atomic_store(&t->has_fresh, true);
}

static void add_plain(struct tariff *t, const struct price_version *v)
{
	add(t, (struct store_rates){.id = v->id, .of_id = v->id, .markup_bp = PRICE_WHOLE_BP}, v);
}

static void add_deal(struct tariff *t, const struct price_deal *d)
{
	add_plain(t, d->cost);
	add_plain(t, d->charge);
	if (d->charge_id != d->charge->id)
		add(t,
		    (struct store_rates){
		        .id = d->charge_id, .of_id = d->charge->id, .markup_bp = d->markup_bp},
		    NULL);
}

void tariff_note(struct tariff *t, const struct price_deal *d)
{
	if (is_seen(t, d->cost->id) && is_seen(t, d->charge_id))
		return;
	pthread_mutex_lock(&t->mutex);
	add_deal(t, d);
	pthread_mutex_unlock(&t->mutex);
}

/* Rows that are written stay in place until all are: what is added meanwhile goes behind. */
static int copy_fresh(struct tariff *t, struct arena *arena, struct store_rates **out)
{
	int count;

	pthread_mutex_lock(&t->mutex);
	count = t->fresh_count;
	*out = ARENA_ARRAY(arena, struct store_rates, (size_t)count);
	if (count > 0)
		memcpy(*out, t->fresh, (size_t)count * sizeof **out);
	pthread_mutex_unlock(&t->mutex);
	return count;
}

static void drop_fresh(struct tariff *t, int count)
{
	pthread_mutex_lock(&t->mutex);
	t->fresh_count -= count;
	memmove(t->fresh, t->fresh + count, (size_t)t->fresh_count * sizeof *t->fresh);
	atomic_store(&t->has_fresh, t->fresh_count > 0);
	pthread_mutex_unlock(&t->mutex);
}

int tariff_carry(struct tariff *t, struct store *store, struct fail *f)
{
	struct store_rates *rates;
	int count;

	if (!atomic_load(&t->has_fresh))
		return 0;
	count = copy_fresh(t, f->arena, &rates);
	if (store_rates_put(store, rates, count, f) < 0)
		return -1;
	drop_fresh(t, count);
	return 0;
}
