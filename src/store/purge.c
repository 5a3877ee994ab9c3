/* Purging: the mark is set first, then entries before it go, in pieces.
 *
 * Invariant: whatever is before the mark is in day sums only, or about to be. Where it stops
 * half-way, the next purge goes on. Called by `usage purge` and by the clerk, once a day. */
#include "store/purge.h"

#include "store/engine.h"

static const int64_t day_ms = 24LL * 3600 * 1000;

int store_purged_ms(struct store *s, int64_t *out_ms, struct fail *f)
{
	struct sql q = {.text = "SELECT value FROM meta WHERE name = 'purged_ms'",
	                .doing = "read the purge mark"};

	return store_ask_i64(s, &q, 0, out_ms, f);
}

static int set_mark(struct store *s, int64_t before_ms, struct fail *f)
{
	struct sql q = {.text = "INSERT INTO meta (name, value) VALUES ('purged_ms', ?1)"
	                        " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
	                        " WHERE excluded.value > meta.value",
	                .doing = "set the purge mark",
	                SQL_WITH(value_i64(before_ms))};

	return store_run(s, &q, f);
}

/* One day's worth of ids at a time is not known, so a thousand rows. */
static int purge_piece(struct store *s, int64_t before_ms, int64_t *out_deleted, struct fail *f)
{
	struct sql q = {.text = "DELETE FROM entries WHERE (request_id, attempt) IN"
	                        " (SELECT request_id, attempt FROM entries WHERE closed_ms < ?1"
	                        " AND \"end\" <> 'lost' ORDER BY request_id LIMIT 1000)",
	                .doing = "purge entries",
	                SQL_WITH(value_i64(before_ms))};

	if (store_run(s, &q, f) < 0)
		return -1;
	*out_deleted = q.changed;
	return 0;
}

static int drop_sums(struct store *s, int64_t before_ms, struct fail *f)
{
	struct sql q = {.text = "DELETE FROM days WHERE day < ?1",
	                .doing = "purge day sums",
	                SQL_WITH(value_i64(before_ms / day_ms))};

	return store_run(s, &q, f);
}

static int one_transaction(struct store *s, struct store_purge *p, int64_t *out_deleted,
                           struct fail *f)
{
	if (store_begin(s, SQL_TO_WRITE, f) < 0)
		return -1;
	return store_end(
	    s, set_mark(s, p->before_ms, f) < 0 ? -1 : purge_piece(s, p->before_ms, out_deleted, f),
	    f);
}

int store_purge(struct store *s, struct store_purge *p, struct fail *f)
{
	int64_t deleted = 1;

	p->before_ms -= p->before_ms % day_ms;
	p->entries = 0;
	while (deleted > 0) {
		if (one_transaction(s, p, &deleted, f) < 0)
			return -1;
		p->entries += deleted;
	}
	return p->drop_sums ? drop_sums(s, p->before_ms, f) : 0;
}
