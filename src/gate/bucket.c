/* Parties, books and buckets: making them, and the arithmetic of one bucket.
 *
 * Invariants, for a bucket with a lease: 0 <= held; spent never falls; granted - spent - held is
 * never made negative by an admission. It may become so when somebody bills above a hold, or when
 * a lease was written off: then nothing is free until the store has granted more than that.
 *
 * A party and a book stay as long as limits does, so that counters outlive changes of terms; what
 * they take is bounded by how many keys there are. Buckets go when nobody needs them. Called by
 * limit.c and lend.c under the book's mutex. */
#include "gate/bucket.h"

#include "base/clock.h"

static void book_init(struct limits *l, struct limit_book *book)
{
	book->limits = l;
	must(pthread_mutex_init(&book->mutex, NULL) == 0);
	list_init(&book->buckets);
	list_init(&book->queue);
	list_init(&book->looks);
}

struct limits *limits_new(void)
{
	struct limits *l = mem_get(sizeof *l);

	must(pthread_mutex_init(&l->mutex, NULL) == 0);
	list_init(&l->asking);
	list_init(&l->active);
	arena_init(&l->names);
	map_init(&l->parties, &l->names);
	book_init(l, &l->house);
	l->house_party.book = &l->house;
	list_init(&l->house_party.older);
	return l;
}

static void book_release(struct limit_book *book)
{
	struct list_node *node;

	while ((node = list_pop(&book->buckets)))
		mem_put(LIST_OBJECT(node, struct bucket, in_book));
	must(list_is_empty(&book->queue) && list_is_empty(&book->looks));
	pthread_mutex_destroy(&book->mutex);
}

void limits_retire(struct limits *l)
{
	atomic_store(&l->is_leaving, true);
}

void limits_free(struct limits **limits)
{
	struct limits *l = *limits;
	const struct map_entry *entry;
	size_t at = 0;

	*limits = NULL;
	if (!l)
		return;
	while ((entry = map_next(&l->parties, &at))) {
		struct limit_party *party = entry->value;

		if (party->owns_book) {
			book_release(party->book);
			mem_put(party->book);
		}
		mem_put(party);
	}
	book_release(&l->house);
	map_release(&l->parties);
	arena_release(&l->names);
	mem_put(l->house_waiters);
	pthread_mutex_destroy(&l->mutex);
	mem_put(l);
}

static struct limit_party *party_new(struct limits *l, int64_t id, struct limit_book *book)
{
	struct limit_party *party = mem_get(sizeof *party);

	party->id = id;
	party->book = book;
	list_init(&party->older);
	if (book == NULL) {
		party->book = mem_get(sizeof *party->book);
		book_init(l, party->book);
		party->owns_book = true;
	}
	return party;
}

struct limit_party *limits_party(struct limits *l, enum store_scope kind, int64_t id,
                                 struct limit_book *book)
{
	struct {
		int64_t kind, id;
	} name = {kind, id};
	struct str key = {(const char *)&name, sizeof name};
	struct limit_party *party;

	pthread_mutex_lock(&l->mutex);
	party = map_get(&l->parties, key);
	if (party == NULL) {
		party = party_new(l, id, book);
		map_put(&l->parties, key, party);
	}
	pthread_mutex_unlock(&l->mutex);
	return party;
}

/* ---- arithmetic ---- */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What was spent here before the first lease is part of what the store tells. */
int64_t bucket_total(const struct bucket *b)
{
	return b->elsewhere_nusd + (b->is_leased ? b->spent_nusd : 0);
}

int64_t bucket_payable(const struct bucket *b)
{
	return b->ceiling_nusd - bucket_total(b);
}

/* The second is less than the first only after a ceiling was lowered. */
int64_t bucket_free(const struct bucket *b)
{
	if (!b->is_leased)
		return 0;
	return least(b->granted_nusd - b->spent_nusd, bucket_payable(b) - b->others_nusd) -
	       b->held_nusd;
}

/* ---- finding and making ---- */

static bool is_of(const struct bucket *b, int64_t wall_ms)
{
	return b->id.period_ms <= wall_ms && wall_ms < b->end_ms;
}

/* The calendar may have stepped back into a period whose bucket is still here. */
struct bucket *bucket_find(struct limit_party *party, enum store_scope scope, int64_t wall_ms)
{
	struct bucket *current = party->current[scope];

	if (current && is_of(current, wall_ms))
		return current;
	for (struct list_node *n = party->older.head.next; n != &party->older.head; n = n->next) {
		struct bucket *b = LIST_OBJECT(n, struct bucket, in_older);

		if (b->id.scope == scope && is_of(b, wall_ms))
			return b;
	}
	return NULL;
}

static void activate(struct limit_book *book)
{
	struct limits *l = book->limits;

	if (book->is_active)
		return;
	book->is_active = true;
	pthread_mutex_lock(&l->mutex);
	list_push(&l->active, &book->in_active);
	l->active_count++;
	pthread_mutex_unlock(&l->mutex);
}

static struct bucket *bucket_new(struct limit_party *party, enum store_scope scope, int64_t wall_ms)
{
	struct bucket *b = mem_get(sizeof *b);

	b->id.scope = scope;
	b->id.owner = party->id;
	b->id.period_ms = store_period(scope, wall_ms, &b->end_ms);
	b->book = party->book;
	b->party = party;
	b->ceiling_nusd = INT64_MAX;
	b->size_nusd = BUCKET_SLICE_NUSD;
	b->used_ns = clock_mono_coarse_ns();
	list_push(&party->book->buckets, &b->in_book);
	activate(party->book);
	return b;
}

struct bucket *bucket_at(struct limit_party *party, enum store_scope scope, int64_t wall_ms)
{
	struct bucket *old = party->current[scope], *b;

	if (old && is_of(old, wall_ms))
		return old;
	b = bucket_find(party, scope, wall_ms);
	if (b == NULL)
		b = bucket_new(party, scope, wall_ms);
	list_remove(&b->in_older);
	if (old)
		list_push(&party->older, &old->in_older);
	party->current[scope] = b;
	return b;
}

void bucket_drop(struct bucket *b)
{
	if (b->party->current[b->id.scope] == b)
		b->party->current[b->id.scope] = NULL;
	list_remove(&b->in_older);
	list_remove(&b->in_book);
	mem_put(b);
}

void bucket_ask(struct bucket *b)
{
	struct limits *l = b->book->limits;

	if (b->is_asking)
		return;
	b->is_asking = true;
	pthread_mutex_lock(&l->mutex);
	list_push(&l->asking, &b->asking);
	if (l->on_asking)
		l->on_asking(l->on_asking_arg);
	pthread_mutex_unlock(&l->mutex);
}

struct limit_book **limits_active(struct limits *l, int *out_count)
{
	struct limit_book **books;
	int count = 0;

	pthread_mutex_lock(&l->mutex);
	books = mem_get((size_t)(l->active_count + 1) * sizeof *books);
	for (struct list_node *n = l->active.head.next; n != &l->active.head; n = n->next)
		books[count++] = LIST_OBJECT(n, struct limit_book, in_active);
	pthread_mutex_unlock(&l->mutex);
	*out_count = count;
	return books;
}
