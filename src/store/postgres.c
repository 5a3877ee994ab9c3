/* The PostgreSQL engine: statements and their values in PostgreSQL's binary form, prepared once
 * for each connection; rows of values in pipelines, so that a batch costs a few round trips.
 *
 *	int8     8 bytes, big-endian       text, bytea   the bytes
 *	(https://www.postgresql.org/docs/15/protocol-overview.html, formats; src/backend/utils/adt
 *	*_send and *_recv are the only other source)
 *
 * A transaction is READ COMMITTED: what must not change under a reader is locked first, in an
 * order that all keep (see spent.c). What statements mean is not known here.
 *
 * THREADS: one store, one thread at a time. Calls block, each for at most answer_ms. */
#include "store/postgres_link.h"

#include "base/buf.h"
#include "base/list.h"
#include "store/schema.h"

#include <endian.h>

enum {
	ANSWER_MS = 10 * 1000,
	LONG_ANSWER_MS = 30 * 60 * 1000, /* verify, a migration */
	PIPELINE_ROWS = 128,             /* results of so many fit the socket's buffers */
};

static struct postgres *postgres_of(struct store *s)
{
	return LIST_OBJECT(s, struct postgres, store);
}

/* ---- statements ---- */

/* ?1 and ? as $1. */
static struct str dollars(const char *sql, struct arena *arena)
{
	struct str text;
	struct buf out;
	int next = 1;

	buf_init(&out, 64 * 1024);
	for (const char *at = sql; *at; at++) {
		if (*at != '?') {
			buf_put_byte(&out, *at);
			continue;
		}
		buf_put_byte(&out, '$');
		if (at[1] < '0' || at[1] > '9')
			buf_put_i64(&out, next++);
	}
	must(!buf_is_over(&out));
	text = arena_copy(arena, buf_str(&out));
	buf_release(&out);
	return text;
}

/* Values as libpq wants them. */
struct parameters {
	int count;
	pg_oid types[SQL_WIDTH_MAX];
	const char *values[SQL_WIDTH_MAX];
	int lengths[SQL_WIDTH_MAX], formats[SQL_WIDTH_MAX];
	uint64_t integers[SQL_WIDTH_MAX];
};

/* PostgreSQL takes no text that is not UTF-8, or has a zero byte, and a batch must not stand still
 * for one entry: what a text may not have becomes '?'. */
static struct str clean(struct str text, struct arena *arena)
{
	char *copy = NULL;
	size_t len;

	for (size_t at = 0; at < text.len; at += len) {
		len = str_utf8_bytes(text, at);
		if (len > 0 && text.ptr[at] != 0)
			continue;
		if (!copy)
			copy = (char *)arena_copy(arena, text).ptr;
		copy[at] = '?';
		len = 1;
	}
	return copy ? (struct str){copy, text.len} : text;
}

static void set_parameter(struct parameters *out, int at, const struct sql_value *v,
                          struct arena *arena)
{
	struct str text = v->kind == VALUE_TEXT ? clean(v->text, arena) : v->text;

	out->formats[at] = 1;
	switch (v->kind) {
	case VALUE_NULL:
		out->types[at] = 0;
		out->values[at] = NULL;
		out->lengths[at] = 0;
		break;
	case VALUE_I64:
		out->types[at] = PG_INT8;
		out->integers[at] = htobe64((uint64_t)v->i64);
		out->values[at] = (const char *)&out->integers[at];
		out->lengths[at] = sizeof out->integers[at];
		break;
	case VALUE_TEXT:
	case VALUE_BYTES:
		out->types[at] = v->kind == VALUE_TEXT ? PG_TEXT : PG_BYTEA;
		out->values[at] = text.len ? text.ptr : "";
		out->lengths[at] = (int)text.len;
		break;
	}
}

static void set_parameters(struct parameters *out, const struct sql_value *values, int count,
                           struct arena *arena)
{
	must(count <= SQL_WIDTH_MAX);
	out->count = count;
	for (int i = 0; i < count; i++)
		set_parameter(out, i, &values[i], arena);
}

static void put_name(char out[16], enum sql_statement which)
{
	snprintf(out, 16, "flux_%d", (int)which);
}

/* Types are those of the first values: a null's is left to the server. */
static int prepare(struct postgres *p, enum sql_statement which, const struct parameters *with,
                   struct fail *f)
{
	char name[16];

	if (p->is_prepared[which])
		return 0;
	put_name(name, which);
	if (!p->pq->sendPrepare(p->conn, name, dollars(sql_texts[which], f->arena).ptr, with->count,
	                        with->types))
		return link_send_fails(p, "prepare a statement", f);
	if (link_finish(p, "prepare a statement", NULL, NULL, f) < 0)
		return -1;
	p->is_prepared[which] = true;
	return 0;
}

static int send_prepared(struct postgres *p, enum sql_statement which,
                         const struct parameters *with)
{
	char name[16];

	put_name(name, which);
	return p->pq->sendQueryPrepared(p->conn, name, with->count, with->values, with->lengths,
	                                with->formats, 1);
}

static int64_t integer_of(const char *bytes, int len)
{
	uint64_t value = (unsigned char)bytes[0] & 0x80 && len > 1 ? UINT64_MAX : 0;

	for (int i = 0; i < len; i++)
		value = value << 8 | (unsigned char)bytes[i];
	return (int64_t)value;
}

static struct sql_value column_of(struct postgres *p, const struct pg_result *r, int row, int at)
{
	const char *bytes = p->pq->getvalue(r, row, at);
	int len = p->pq->getlength(r, row, at);

	if (p->pq->getisnull(r, row, at))
		return (struct sql_value){.kind = VALUE_NULL};
	switch (p->pq->ftype(r, at)) {
	case PG_INT8:
	case PG_INT4:
	case PG_INT2:
	case PG_BOOL:
		return value_i64(integer_of(bytes, len));
	case PG_BYTEA:
		return value_bytes(bytes, (size_t)len);
	default:
		return value_text((struct str){bytes, (size_t)len});
	}
}

struct taking {
	struct postgres *postgres;
	struct sql *how;
};

static void take_result(void *arg, struct pg_result *r)
{
	struct taking *t = arg;
	struct postgres *p = t->postgres;
	int rows = p->pq->ntuples(r), columns = p->pq->nfields(r);
	struct sql_value values[SQL_WIDTH_MAX];
	int64_t changed = 0;

	must(columns <= SQL_WIDTH_MAX);
	if (str_to_i64(str_of(p->pq->cmdTuples(r)), 0, INT64_MAX, &changed) == 0)
		t->how->changed = changed;
	for (int row = 0; row < rows && t->how->on_row; row++) {
		for (int i = 0; i < columns; i++)
			values[i] = column_of(p, r, row, i);
		if (!t->how->on_row(t->how->arg, values))
			return;
	}
}

static int send_one(struct postgres *p, struct sql *how, const struct parameters *with,
                    struct fail *f)
{
	int sent;

	if (how->which == SQL_GIVEN)
		sent = p->pq->sendQueryParams(p->conn, dollars(how->text, f->arena).ptr,
		                              with->count, with->types, with->values, with->lengths,
		                              with->formats, 1);
	else if (prepare(p, how->which, with, f) < 0)
		return -1;
	else
		sent = send_prepared(p, how->which, with);
	return sent ? 0 : link_send_fails(p, how->doing, f);
}

static int postgres_run(struct store *s, struct sql *how, struct fail *f)
{
	struct postgres *p = postgres_of(s);
	struct taking t = {p, how};
	struct parameters with;

	how->changed = 0;
	set_parameters(&with, how->values, how->count, f->arena);
	if (link_open(p, f) < 0 || send_one(p, how, &with, f) < 0)
		return -1;
	return link_finish(p, how->doing, take_result, &t, f);
}

/* ---- many rows ---- */

static int send_row(struct postgres *p, const struct sql_many *how, int row, struct fail *f)
{
	struct sql_value values[SQL_WIDTH_MAX];
	struct parameters with;

	how->fill(how->arg, row, values);
	set_parameters(&with, values, how->width, f->arena);
	return send_prepared(p, how->which, &with) ? 0 : link_send_fails(p, how->doing, f);
}

static bool has_changed(struct postgres *p, struct pg_result *r)
{
	int64_t changed;

	return str_to_i64(str_of(p->pq->cmdTuples(r)), 0, INT64_MAX, &changed) == 0 && changed > 0;
}

/* One statement's results in a pipeline: the one, and the NULL that ends it. */
static int take_row(struct postgres *p, const struct sql_many *how, int row, struct fail *f)
{
	struct pg_result *r, *end = NULL;
	int result = 0;

	if (link_result(p, &r, f) < 0)
		return -1;
	must(r != NULL);
	if (link_result(p, &end, f) < 0)
		result = -1;
	must(result < 0 || end == NULL);
	if (result == 0 && p->pq->resultStatus(r) != PG_COMMAND_OK)
		result = link_fails(p, how->doing, r, f);
	else if (result == 0 && how->on_done)
		how->on_done(how->arg, row, has_changed(p, r));
	p->pq->clear(r);
	return result;
}

/* What a failed pipeline still has to say, to the end of its sync. */
static void read_to_sync(struct postgres *p)
{
	struct arena arena;
	struct fail ignored;
	bool is_over = false;

	arena_init(&arena);
	fail_init(&ignored, &arena);
	while (!is_over && p->conn) {
		struct pg_result *r = NULL;

		if (link_result(p, &r, &ignored) < 0)
			break;
		is_over = r && p->pq->resultStatus(r) == PG_PIPELINE_SYNC;
		p->pq->clear(r);
	}
	arena_release(&arena);
}

static int run_rows(struct postgres *p, const struct sql_many *how, int from, int to,
                    struct fail *f)
{
	int result = 0;

	for (int row = from; row < to; row++)
		if (send_row(p, how, row, f) < 0)
			return -1;
	if (!p->pq->pipelineSync(p->conn))
		return link_send_fails(p, how->doing, f);
	for (int row = from; row < to && result == 0; row++)
		result = take_row(p, how, row, f);
	read_to_sync(p);
	return result;
}

static int prepare_many(struct postgres *p, const struct sql_many *how, struct fail *f)
{
	struct sql_value values[SQL_WIDTH_MAX];
	struct parameters with;

	if (p->is_prepared[how->which])
		return 0;
	how->fill(how->arg, 0, values);
	set_parameters(&with, values, how->width, f->arena);
	return prepare(p, how->which, &with, f);
}

static int postgres_run_many(struct store *s, const struct sql_many *how, struct fail *f)
{
	struct postgres *p = postgres_of(s);
	int result = 0;

	if (how->rows == 0)
		return 0;
	if (link_open(p, f) < 0 || prepare_many(p, how, f) < 0)
		return -1;
	if (!p->pq->enterPipelineMode(p->conn))
		return link_send_fails(p, how->doing, f);
	for (int from = 0; from < how->rows && result == 0; from += PIPELINE_ROWS) {
		int left = how->rows - from;

		result =
		    run_rows(p, how, from, from + (left < PIPELINE_ROWS ? left : PIPELINE_ROWS), f);
	}
	if (p->conn && !p->pq->exitPipelineMode(p->conn))
		return link_send_fails(p, how->doing, f);
	return result;
}

/* ---- transactions ---- */

static const char *const begin_sql[] = {
    [SQL_TO_WRITE] = "BEGIN ISOLATION LEVEL READ COMMITTED",
    [SQL_TO_READ] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                    "SET LOCAL statement_timeout = 0",
};

static int postgres_begin(struct store *s, enum sql_begin how, struct fail *f)
{
	struct postgres *p = postgres_of(s);

	if (link_open(p, f) < 0 || link_exec(p, "begin", begin_sql[how], f) < 0)
		return -1;
	p->in_transaction = true;
	p->answer_ms = how == SQL_TO_READ ? LONG_ANSWER_MS : ANSWER_MS;
	return 0;
}

static void note_tag(void *arg, struct pg_result *r)
{
	bool *is_committed = ((void **)arg)[0];
	struct postgres *p = ((void **)arg)[1];

	*is_committed = str_eq(str_of(p->pq->cmdStatus(r)), STR("COMMIT"));
}

/* A COMMIT of a transaction that failed is answered by ROLLBACK, and is no error. */
static int commit(struct postgres *p, struct fail *f)
{
	bool is_committed = false;
	void *arg[] = {&is_committed, p};

	if (link_open(p, f) < 0)
		return -1;
	if (!p->pq->sendQuery(p->conn, "COMMIT"))
		return link_send_fails(p, "commit", f);
	if (link_finish(p, "commit", note_tag, arg, f) < 0)
		return -1;
	return is_committed ? 0
	                    : fail(f, FAIL_STORE, "%.*s: the transaction was rolled back",
	                           STR_ARG(p->store.name));
}

static int postgres_end(struct store *s, int result, struct fail *f)
{
	struct postgres *p = postgres_of(s);
	struct fail ignored;

	if (result == 0)
		result = commit(p, f);
	fail_init(&ignored, f->arena); /* what went wrong first counts */
	if (result < 0 && p->conn && link_exec(p, "roll back", "ROLLBACK", &ignored) < 0)
		link_drop(p);
	p->in_transaction = false;
	p->answer_ms = ANSWER_MS;
	return result;
}

/* ---- schema ---- */

static int postgres_script(struct store *s, const char *text, struct fail *f)
{
	return link_exec(postgres_of(s), "make the tables", text, f);
}

static int postgres_has_table(struct store *s, const char *name, bool *out, struct fail *f)
{
	struct sql q = {.text = "SELECT CASE WHEN to_regclass(?1) IS NULL THEN 0 ELSE 1 END",
	                .doing = "read the schema",
	                SQL_WITH(value_text(str_of(name)))};
	int64_t found;

	if (store_ask_i64(s, &q, 0, &found, f) < 0)
		return -1;
	*out = found != 0;
	return 0;
}

/* The number is FluxRouter's own, for no other use of advisory locks. */
static int postgres_lock_schema(struct store *s, struct fail *f)
{
	struct postgres *p = postgres_of(s);

	p->answer_ms = LONG_ANSWER_MS;
	return link_exec(p, "lock the schema",
	                 "SET LOCAL lock_timeout = '10min'; SET LOCAL statement_timeout = 0;"
	                 "SELECT pg_advisory_xact_lock(7378697629483820646)",
	                 f);
}

static int postgres_now_ms(struct store *s, int64_t *out, struct fail *f)
{
	struct sql q = {.text =
	                    "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
	                .doing = "ask for the time"};

	return store_ask_i64(s, &q, 0, out, f);
}

/* A commit waits for the server's disk: see session_sql. */
static int postgres_sync(struct store *s, struct fail *f)
{
	(void)s;
	(void)f;
	return 0;
}

/* Another process's locks are waited for as long as the session says: seconds, since nodes that
 * write wait for each other as a matter of course. */
static void postgres_set_patience(struct store *s, int wait_ms)
{
	(void)s;
	(void)wait_ms;
}

static void postgres_close(struct store *s)
{
	struct postgres *p = postgres_of(s);

	link_drop(p);
	arena_release(&s->arena);
	mem_put(p);
}

static int postgres_open(struct str url, enum store_open_how how, struct store **out,
                         struct fail *f)
{
	const struct libpq *pq;
	struct postgres *p;

	(void)how; /* who may write is the server's to say */
	if (libpq_get(&pq, f) < 0)
		return -1;
	p = mem_get(sizeof *p);
	p->store.engine = &store_postgres;
	p->pq = pq;
	p->answer_ms = ANSWER_MS;
	arena_init(&p->store.arena);
	p->url = arena_copy(&p->store.arena, url);
	p->store.name = store_without_password(url, &p->store.arena);
	p->store.name.len = str_find_byte(p->store.name, '?');
	*out = &p->store;
	if (link_open(p, f) < 0) {
		store_close(out);
		return -1;
	}
	return 0;
}

const struct store_engine store_postgres = {
    .name = "postgresql",
    .schema = &schema_postgres,
    .open = postgres_open,
    .close = postgres_close,
    .set_patience = postgres_set_patience,
    .begin = postgres_begin,
    .end = postgres_end,
    .run = postgres_run,
    .run_many = postgres_run_many,
    .script = postgres_script,
    .has_table = postgres_has_table,
    .lock_schema = postgres_lock_schema,
    .sync = postgres_sync,
    .now_ms = postgres_now_ms,
};
