/* Those that wait for money: a queue for each book, and an inbox for each loop.
 *
 *	queue ─walk─> judged again ─┬─ still blocked: stays, and nobody overtakes it at that bucket
 *	                            └─ admitted or refused ─> inbox ─loop_wake─> the request goes on
 *
 * Who makes money free walks the queue, and takes the holds of those whom it admits: when their
 * loop hears of it the money is theirs already. A walk ends at the first that is blocked on
 * something which all of the book share, so that a long queue costs nothing.
 *
 * Called under the book's mutex by limit.c and lend.c. Must never call into a request.
 *
 * THREADS: see bucket.h for the order of mutexes. */
#include "gate/wait.h"

#include "base/clock.h"

void limit_inbox_init(struct limit_inbox *inbox, struct loop *loop)
{
	must(pthread_mutex_init(&inbox->mutex, NULL) == 0);
	list_init(&inbox->waits);
	inbox->loop = loop;
}

void limit_inbox_release(struct limit_inbox *inbox)
{
	must(list_is_empty(&inbox->waits));
	pthread_mutex_destroy(&inbox->mutex);
}

struct limit_wait *limit_inbox_pop(struct limit_inbox *inbox)
{
	struct list_node *node;

	pthread_mutex_lock(&inbox->mutex);
	node = list_pop(&inbox->waits);
	pthread_mutex_unlock(&inbox->mutex);
	return node ? LIST_OBJECT(node, struct limit_wait, inbox_node) : NULL;
}

void wait_unblock(struct limit_wait *w)
{
	if (w->blocked_on) {
		w->blocked_on->waiters--;
		w->blocked_on->waiting_nusd -= w->waiting_nusd;
	}
	w->blocked_on = NULL;
}

/* The house's bucket has waiters of all books. */
static void wait_for_house(struct limit_book *book)
{
	struct limits *l = book->limits;

	pthread_mutex_lock(&l->mutex);
	if (!book->waits_for_house) {
		if (l->house_waiter_count == l->house_waiter_room) {
			l->house_waiter_room = 2 * l->house_waiter_room + 16;
			l->house_waiters =
			    mem_resize(l->house_waiters,
			               (size_t)l->house_waiter_room * sizeof *l->house_waiters);
		}
		l->house_waiters[l->house_waiter_count++] = book;
		book->waits_for_house = true;
	}
	pthread_mutex_unlock(&l->mutex);
}

static void block(struct limit_wait *w, struct bucket *b, int64_t amount_nusd)
{
	wait_unblock(w);
	w->blocked_on = b;
	w->waiting_nusd = amount_nusd;
	b->waiters++;
	b->waiting_nusd += amount_nusd;
	if (b->id.scope == STORE_GLOBAL_MONTH)
		wait_for_house(w->payer->book);
}

void wait_enqueue(struct limit_wait *w, const struct judging *j, struct list *queue)
{
	w->state = LIMIT_QUEUED;
	w->payer = payer_get(j->payer);
	w->is_changed = false;
	list_push(queue, &w->node);
	if (j->blocked)
		block(w, j->blocked, j->amount_nusd);
}

/* The house's mutex must not be held by whoever waits in it: it is taken last here. */
static void decide(struct limit_wait *w, struct limit_verdict v)
{
	wait_unblock(w);
	list_remove(&w->node);
	pthread_mutex_lock(&w->inbox->mutex);
	w->verdict = v;
	w->state = LIMIT_DECIDED;
	list_push(&w->inbox->waits, &w->inbox_node);
	loop_wake(w->inbox->loop);
	pthread_mutex_unlock(&w->inbox->mutex);
}

static bool is_shared(const struct bucket *b)
{
	return b->id.scope < STORE_TEAM_MONTH;
}

/* Gives false when nobody behind it can be better off. */
static bool walk_one(struct limit_book *book, struct limit_wait *w)
{
	struct judging j = {.limits = book->limits,
	                    .payer = w->payer,
	                    .ask = &w->ask,
	                    .walk = book->walk,
	                    .wall_ms = clock_wall_ms(),
	                    .mono_ns = clock_mono_ns()};
	bool is_locked = house_lock(book->limits, w->ask.global_nusd);
	struct limit_verdict v;
	bool goes_on = true;

	judging_find(&j);
	v = judging_money(&j);
	if (v.result == LIMIT_WAITS) {
		block(w, j.blocked, j.amount_nusd);
		j.blocked->walk = book->walk;
		goes_on = !is_shared(j.blocked);
	} else {
		if (v.result == LIMIT_ADMITTED)
			judging_hold(&j, w->hold);
		decide(w, v);
	}
	house_unlock(book->limits, is_locked);
	return goes_on;
}

static bool is_looked_at(const struct limit_wait *w, const struct limit_book *book)
{
	for (const struct list_node *n = book->buckets.head.next; n != &book->buckets.head;
	     n = n->next) {
		const struct bucket *b = LIST_OBJECT(n, struct bucket, in_book);

		if (b->wanted_ns >= w->since_ns && b->looked_ns < w->since_ns)
			return false;
	}
	return true;
}

static void walk_looks(struct limit_book *book)
{
	for (struct list_node *n = book->looks.head.next, *next; n != &book->looks.head; n = next) {
		struct limit_wait *w = LIST_OBJECT(n, struct limit_wait, node);

		next = n->next;
		if (is_looked_at(w, book) || atomic_load(&book->limits->store_is_away))
			decide(w, (struct limit_verdict){.result = LIMIT_ADMITTED});
	}
}

void limits_walk(struct limit_book *book)
{
	walk_looks(book);
	book->walk++;
	for (struct list_node *n = book->queue.head.next, *next; n != &book->queue.head; n = next) {
		next = n->next;
		if (!walk_one(book, LIST_OBJECT(n, struct limit_wait, node)))
			return;
	}
}

void limits_wake_house(struct limits *l)
{
	int count = atomic_load(&l->house_waiter_count);

	for (int i = 0; i < count; i++) {
		struct limit_book *book = NULL;

		pthread_mutex_lock(&l->mutex);
		if (l->house_waiter_count > 0) {
			book = l->house_waiters[0];
			l->house_waiter_count--;
			memmove(l->house_waiters, l->house_waiters + 1,
			        (size_t)l->house_waiter_count * sizeof *l->house_waiters);
			book->waits_for_house = false;
		}
		pthread_mutex_unlock(&l->mutex);
		if (book == NULL)
			return;
		pthread_mutex_lock(&book->mutex);
		limits_walk(book);
		pthread_mutex_unlock(&book->mutex);
	}
}

static void change_all(struct limit_book *book)
{
	struct list_node *node;

	while ((node = list_first(&book->queue))) {
		struct limit_wait *w = LIST_OBJECT(node, struct limit_wait, node);

		bool is_locked = house_lock(book->limits, w->ask.global_nusd);

		w->is_changed = true;
		decide(w, (struct limit_verdict){.result = LIMIT_WAITS});
		house_unlock(book->limits, is_locked);
	}
}

void limits_wake_all(struct limits *l)
{
	int count;
	struct limit_book **books = limits_active(l, &count);

	for (int i = 0; i < count; i++) {
		pthread_mutex_lock(&books[i]->mutex);
		change_all(books[i]);
		pthread_mutex_unlock(&books[i]->mutex);
	}
	mem_put(books);
}
