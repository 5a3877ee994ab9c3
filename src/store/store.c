/* The store: which engine, transactions, small questions. What is kept has files of its own:
 * owners, keys, entries, sums, spent, leases. Called by all of them; must know no SQL of its own
 * but the revision's.
 *
 * THREADS: one store, one thread at a time. Calls block. */
#include "store/store.h"

#include "base/clock.h"
#include "store/schema.h"

static const struct store_engine *engine_of(struct str where)
{
	return store_is_url(where) ? &store_postgres : &store_sqlite;
}

bool store_is_url(struct str where)
{
	return str_starts_with(where, STR("postgresql://")) ||
	       str_starts_with(where, STR("postgres://"));
}

/* user:secret@ -> user@ */
static struct str public_authority(struct str authority, struct arena *arena)
{
	size_t at = authority.len;
	struct str user;

	for (size_t i = 0; i < authority.len; i++)
		if (authority.ptr[i] == '@')
			at = i;
	user = str_part(authority, 0, at);
	user = str_part(user, 0, str_find_byte(user, ':'));
	if (at == authority.len)
		return authority;
	return ARENA_JOIN(arena, user, str_part(authority, at, SIZE_MAX));
}

struct str store_without_password(struct str url, struct arena *arena)
{
	size_t question = str_find_byte(url, '?'), slash;
	struct str query = str_part(url, question + 1, SIZE_MAX), rest, field, out;
	size_t scheme = str_find(url, STR("://")) + 3;

	rest = str_part(url, scheme, question > scheme ? question - scheme : 0);
	slash = str_find_byte(rest, '/');
	out = ARENA_JOIN(arena, str_part(url, 0, scheme),
	                 public_authority(str_part(rest, 0, slash), arena),
	                 str_part(rest, slash, SIZE_MAX));
	for (const char *mark = "?"; query.len > 0 && str_next_field(&query, '&', &field);) {
		if (str_starts_with(field, STR("password=")))
			continue;
		out = ARENA_JOIN(arena, out, str_of(mark), field);
		mark = "&";
	}
	return out;
}

int store_open(struct str where, enum store_open_how how, struct store **out, struct fail *f)
{
	struct store *s = NULL;

	if (engine_of(where)->open(where, how, &s, f) < 0)
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

void store_relax(struct store *s)
{
	if (s->engine->relax)
		s->engine->relax(s);
}

int store_sync(struct store *s, struct fail *f)
{
	return s->engine->sync(s, f);
}

int store_backup(struct store *s, struct str path, struct fail *f)
{
	if (s->engine->backup)
		return s->engine->backup(s, path, f);
	return fail(f, FAIL_STORE,
	            "%.*s: PostgreSQL has tools of its own: pg_dump --format=custom and pg_restore",
	            STR_ARG(s->name));
}

struct str store_time_text(int64_t wall_ms, struct arena *arena)
{
	struct clock_day d = clock_day_of(wall_ms);
	int second = (int)(wall_ms / 1000 % 86400);

	return arena_printf(arena, "%04d%02d%02dT%02d%02d%02d.%03dZ", d.year, d.month, d.day,
	                    second / 3600, second / 60 % 60, second % 60, (int)(wall_ms % 1000));
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
	struct sql asked = *q;

	asked.on_row = take_i64;
	asked.arg = &value;
	if (store_run(s, &asked, f) < 0)
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
