/* The connection to PostgreSQL.
 *
 *	none ──link_open──> connected ──error that it does not survive──> none
 *	 └─ pause 100 ms, doubled to 5 s with each failure, before the next try
 *
 * A server that restarts, fails over, is full of connections or became read-only shows as errors
 * here; each call fails, the carrier tries again, and the first call after the pause meets a new
 * connection (and, where the URL names several hosts, the host that can be written to). Waiting
 * has an end: a server that says nothing is given up.
 *
 * Must never print the URL. THREADS: as store/store.h. */
#include "store/postgres_link.h"

#include "base/clock.h"

#include <poll.h>

enum { PAUSE_MIN_MS = 100, PAUSE_MAX_MS = 5000, CONNECT_SECONDS = 5 };

/* synchronous_commit: what was committed stays through power loss, since journals are deleted for
 * it; a server that promises more keeps its own. */
static const char session_sql[] =
    "SET statement_timeout = '60s'; SET lock_timeout = '2s'; SET client_min_messages = 'warning';"
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'";

void link_drop(struct postgres *p)
{
	if (p->conn)
		p->pq->finish(p->conn);
	p->conn = NULL;
	memset(p->is_prepared, 0, sizeof p->is_prepared);
}

/* libpq ends its sentences with a newline, and has some in the middle. */
static struct str one_line(struct arena *arena, const char *text)
{
	struct str line = arena_copy(arena, str_of(text));
	char *bytes = (char *)line.ptr;

	while (line.len > 0 && strchr("\n ", line.ptr[line.len - 1]))
		line.len--;
	for (size_t i = 0; i < line.len; i++)
		if ((unsigned char)bytes[i] < 0x20)
			bytes[i] = ' ';
	return line;
}

static void note_failure(struct postgres *p)
{
	p->pause_ms = p->pause_ms ? p->pause_ms * 2 : PAUSE_MIN_MS;
	if (p->pause_ms > PAUSE_MAX_MS)
		p->pause_ms = PAUSE_MAX_MS;
	p->retry_ns = clock_mono_ns() + p->pause_ms * 1000000;
}

/* What the URL says counts over what stands before it. */
static struct pg_conn *connect_to(struct postgres *p)
{
	static const char *const names[] = {"application_name",
	                                    "connect_timeout",
	                                    "tcp_user_timeout",
	                                    "keepalives_idle",
	                                    "client_encoding",
	                                    "dbname",
	                                    NULL};
	const char *const values[] = {"fluxrouter", "5", "10000", "10", "UTF8", p->url.ptr, NULL};

	return p->pq->connectdbParams(names, values, 1);
}

static int connect_anew(struct postgres *p, struct fail *f)
{
	p->conn = connect_to(p);
	must(p->conn != NULL);
	if (p->pq->status(p->conn) != PG_CONNECTED) {
		struct str why = one_line(f->arena, p->pq->errorMessage(p->conn));

		link_drop(p);
		return fail(f, FAIL_STORE, "%.*s: cannot connect: %.*s", STR_ARG(p->store.name),
		            STR_ARG(why));
	}
	return link_exec(p, "set up a session", session_sql, f);
}

int link_open(struct postgres *p, struct fail *f)
{
	if (p->conn && p->pq->status(p->conn) == PG_CONNECTED)
		return 0;
	if (p->in_transaction)
		return fail(f, FAIL_STORE, "%.*s: the connection was lost", STR_ARG(p->store.name));
	link_drop(p);
	if (clock_mono_ns() < p->retry_ns)
		return fail(f, FAIL_STORE, "%.*s: not connected; trying again soon",
		            STR_ARG(p->store.name));
	if (connect_anew(p, f) < 0) {
		link_drop(p);
		note_failure(p);
		return -1;
	}
	p->pause_ms = 0;
	p->retry_ns = 0;
	return 0;
}

/* ---- results ---- */

static int gone(struct postgres *p, const char *what, struct fail *f)
{
	struct str why = one_line(f->arena, p->pq->errorMessage(p->conn));

	link_drop(p);
	note_failure(p);
	return fail(f, FAIL_STORE, "%.*s: %s%s%.*s", STR_ARG(p->store.name), what,
	            why.len ? ": " : "", STR_ARG(why));
}

static int wait_for_bytes(struct postgres *p, int64_t end_ns, struct fail *f)
{
	struct pollfd fd = {.fd = p->pq->socket(p->conn), .events = POLLIN};
	int64_t left_ms = (end_ns - clock_mono_ns()) / 1000000;

	if (left_ms <= 0)
		return gone(p, "no answer in time", f);
	if (poll(&fd, 1, (int)left_ms) > 0 && !p->pq->consumeInput(p->conn))
		return gone(p, "the connection broke", f);
	return 0;
}

int link_result(struct postgres *p, struct pg_result **out, struct fail *f)
{
	int64_t end_ns = clock_mono_ns() + p->answer_ms * 1000000;

	if (!p->conn)
		return fail(f, FAIL_STORE, "%.*s: the connection was lost", STR_ARG(p->store.name));
	while (p->pq->isBusy(p->conn))
		if (wait_for_bytes(p, end_ns, f) < 0)
			return -1;
	*out = p->pq->getResult(p->conn);
	return 0;
}

/* Errors after which the connection is as good as before: of data, constraints, locks, deadlocks,
 * a cancelled statement, a full disk. Others may be of this server, or of what it prepared. */
static bool is_survived(const char *state)
{
	static const char *const states[] = {"22", "23", "40", "55", "57014", "53100", "25P02"};

	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		if (str_starts_with(str_of(state), str_of(states[i])))
			return true;
	return false;
}

int link_fails(struct postgres *p, const char *doing, const struct pg_result *r, struct fail *f)
{
	struct str why = one_line(f->arena, p->pq->resultErrorMessage(r));
	const char *state = p->pq->resultErrorField(r, PG_SQLSTATE);

	if (p->conn && !is_survived(state ? state : "")) {
		link_drop(p);
		note_failure(p);
	}
	return fail(f, FAIL_STORE, "%.*s: cannot %s: %.*s", STR_ARG(p->store.name), doing,
	            STR_ARG(why));
}

int link_send_fails(struct postgres *p, const char *doing, struct fail *f)
{
	return gone(p, doing, f);
}

/* The first error counts; the rest is read, so that the connection is free again. It may not
 * survive the error: then the result does not live on either. */
int link_finish(struct postgres *p, const char *doing,
                void (*on_result)(void *, struct pg_result *), void *arg, struct fail *f)
{
	struct pg_result *failed = NULL, *r;
	int result;

	while ((result = link_result(p, &r, f)) == 0 && r) {
		int status = p->pq->resultStatus(r);
		bool is_good = status == PG_COMMAND_OK || status == PG_TUPLES_OK;

		if (is_good && on_result && !failed)
			on_result(arg, r);
		if (!is_good && !failed)
			failed = r;
		else
			p->pq->clear(r);
	}
	if (result == 0 && failed)
		result = link_fails(p, doing, failed, f);
	if (failed)
		p->pq->clear(failed);
	return result;
}

int link_exec(struct postgres *p, const char *doing, const char *text, struct fail *f)
{
	if (!p->pq->sendQuery(p->conn, text))
		return link_send_fails(p, doing, f);
	return link_finish(p, doing, NULL, NULL, f);
}
