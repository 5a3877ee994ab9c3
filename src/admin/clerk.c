/* The clerk's thread, its queue and its way back.
 *
 * Invariants: a job is in one of two lists or in the clerk's hands; jobs come back in the order in
 * which they were given. The store is opened at first need, and anew after it could not be.
 *
 * THREADS: `mutex` guards what is marked so. The way back is an async handle of the loop. */
#include "admin/clerk.h"

#include "base/log.h"

#include <pthread.h>

struct clerk {
	uv_async_t back;
	pthread_t thread;
	struct arena arena; /* of where */
	struct str where;
	struct store *store; /* the clerk's own */

	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct list todo;  /* mutex */
	struct list ready; /* mutex */
	bool stopping;     /* mutex */
};

/* ---- the clerk's thread ---- */

static struct store *store_of(struct clerk *c, struct fail *f)
{
	if (c->store == NULL && store_open(c->where, STORE_EXISTING, &c->store, f) < 0)
		c->store = NULL;
	return c->store;
}

static void do_job(struct clerk *c, struct clerk_job *job)
{
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	job->work(job, store_of(c, &f), &f);
	arena_release(&arena);
}

static void hand_back(struct clerk *c, struct clerk_job *job)
{
	pthread_mutex_lock(&c->mutex);
	list_push(&c->ready, &job->node);
	pthread_mutex_unlock(&c->mutex);
	uv_async_send(&c->back);
}

/* NULL: stop. */
static struct clerk_job *wait_for_job(struct clerk *c)
{
	struct list_node *node = NULL;

	pthread_mutex_lock(&c->mutex);
	while (list_is_empty(&c->todo) && !c->stopping)
		pthread_cond_wait(&c->wake, &c->mutex);
	if (!c->stopping)
		node = list_pop(&c->todo);
	pthread_mutex_unlock(&c->mutex);
	return node ? LIST_OBJECT(node, struct clerk_job, node) : NULL;
}

static void *run(void *clerk)
{
	struct clerk *c = clerk;
	struct clerk_job *job;

	while ((job = wait_for_job(c))) {
		do_job(c, job);
		hand_back(c, job);
	}
	store_close(&c->store);
	log_flush();
	return NULL;
}

/* ---- the loop's side ---- */

static struct clerk_job *take_ready(struct clerk *c)
{
	struct list_node *node;

	pthread_mutex_lock(&c->mutex);
	node = list_pop(&c->ready);
	pthread_mutex_unlock(&c->mutex);
	return node ? LIST_OBJECT(node, struct clerk_job, node) : NULL;
}

static void tell_done(struct clerk *c)
{
	struct clerk_job *job;

	while ((job = take_ready(c)))
		job->done(job);
}

static void on_back(uv_async_t *handle)
{
	tell_done(handle->data);
}

struct clerk *clerk_start(struct loop *loop, struct str where)
{
	struct clerk *c = mem_get(sizeof *c);

	arena_init(&c->arena);
	c->where = arena_copy(&c->arena, where);
	list_init(&c->todo);
	list_init(&c->ready);
	must(pthread_mutex_init(&c->mutex, NULL) == 0);
	must(pthread_cond_init(&c->wake, NULL) == 0);
	must(uv_async_init(&loop->uv, &c->back, on_back) == 0);
	c->back.data = c;
	uv_unref((uv_handle_t *)&c->back);
	must(pthread_create(&c->thread, NULL, run, c) == 0);
	return c;
}

void clerk_give(struct clerk *c, struct clerk_job *job)
{
	pthread_mutex_lock(&c->mutex);
	list_push(&c->todo, &job->node);
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->mutex);
}

static void on_closed(uv_handle_t *handle)
{
	struct clerk *c = handle->data;

	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->mutex);
	arena_release(&c->arena);
	mem_put(c);
}

void clerk_stop(struct clerk **clerk)
{
	struct clerk *c = *clerk;
	struct list_node *node;

	*clerk = NULL;
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->mutex);
	c->stopping = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->mutex);
	must(pthread_join(c->thread, NULL) == 0);
	while ((node = list_pop(&c->todo)))
		list_push(&c->ready, node);
	tell_done(c);
	uv_close((uv_handle_t *)&c->back, on_closed);
}
