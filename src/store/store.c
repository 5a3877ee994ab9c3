/* The store: which engine, transactions, small questions. What is kept has files of its own:
 * owners, keys, entries, sums, spent, leases. Called by all of them; must know no SQL of its own
 * but the revision's.
 *
 * THREADS: one store, one thread at a time. Calls block. */
#include "store/store.h"

#include "store/schema.h"

int store_open(struct str where, enum store_open_how how, struct store **out, struct fail *f)
{
	struct store *s = NULL;

	if (store_sqlite.open(where, how, &s, f) < 0)
		return -1;
	if (schema_check(s, how, f) < 0) {
		store_close(&s);
		return -1;
	}
	*out = s;
	return 0;
}

void store_close(struct store **store)
{
	struct store *s = *store;

	*store = NULL;
	if (s)
		s->engine->close(s);
}

void store_set_patience(struct store *s, int wait_ms)
{
	s->engine->set_patience(s, wait_ms);
}

int store_sync(struct store *s, struct fail *f)
{
	return s->engine->sync(s, f);
}

int store_run(struct store *s, struct sql *q, struct fail *f)
{
	return s->engine->run(s, q, f);
}

int store_begin(struct store *s, enum sql_begin how, struct fail *f)
{
	return s->engine->begin(s, how, f);
}

int store_end(struct store *s, int result, struct fail *f)
{
	return s->engine->end(s, result, f);
}

static bool take_i64(void *arg, const struct sql_value *row)
{
	*(int64_t *)arg = row[0].i64;
	return false;
}

int store_ask_i64(struct store *s, struct sql *q, int64_t otherwise, int64_t *out, struct fail *f)
{
	int64_t value = otherwise;

	q->on_row = take_i64;
	q->arg = &value;
	if (store_run(s, q, f) < 0)
		return -1;
	*out = value;
	return 0;
}

int store_next_revision(struct store *s, int64_t *out, struct fail *f)
{
	struct sql q = {.which = SQL_REVISION, .doing = "count a revision"};

	return store_ask_i64(s, &q, 0, out, f);
}

void store_add(int64_t *sum, int64_t more)
{
	if (__builtin_add_overflow(*sum, more, sum))
		*sum = INT64_MAX;
}
