/* Alerts in the store: one row for each bucket and percentage, ever.
 *
 *	claimed_ms    who notes or takes it up has it in hand from then on
 *	done_ms       0 until it was sent
 *
 * A claim is taken by an update that names the claim that was seen: of two nodes that look at the
 * same time one changes the row, the other nothing. Called by the clerk's thread. */
#include "store/alert.h"

#include "store/engine.h"

int store_alert_note(struct store *s, const struct store_alert *a, bool *out_is_new, struct fail *f)
{
	struct sql q = {
	    .text = "INSERT INTO alerts (scope, owner, period_ms, percent, ceiling_nusd,"
	            " spent_nusd, noted_ms, claimed_ms, done_ms) VALUES (?1,?2,?3,?4,?5,?6,?7,?7,0)"
	            " ON CONFLICT (scope, owner, period_ms, percent) DO NOTHING",
	    .doing = "note an alert",
	    SQL_WITH(value_i64(a->bucket.scope), value_i64(a->bucket.owner),
	             value_i64(a->bucket.period_ms), value_i64(a->percent),
	             value_i64(a->ceiling_nusd), value_i64(a->spent_nusd), value_i64(a->noted_ms)),
	};

	if (store_run(s, &q, f) < 0)
		return -1;
	*out_is_new = q.changed > 0;
	return 0;
}

int store_alert_done(struct store *s, const struct store_alert *a, int64_t now_ms, struct fail *f)
{
	struct sql q = {
	    .text = "UPDATE alerts SET done_ms = ?5 WHERE scope = ?1 AND owner = ?2"
	            " AND period_ms = ?3 AND percent = ?4",
	    .doing = "note that an alert was sent",
	    SQL_WITH(value_i64(a->bucket.scope), value_i64(a->bucket.owner),
	             value_i64(a->bucket.period_ms), value_i64(a->percent), value_i64(now_ms)),
	};

	return store_run(s, &q, f);
}

struct left {
	struct store_alert alert;
	int64_t claimed_ms;
};

static bool take_left(void *left, const struct sql_value *row)
{
	*(struct left *)left = (struct left){
	    .alert = {.bucket = {(enum store_scope)row[0].i64, row[1].i64, row[2].i64},
	              .percent = (int)row[3].i64,
	              .ceiling_nusd = row[4].i64,
	              .spent_nusd = row[5].i64,
	              .noted_ms = row[6].i64},
	    .claimed_ms = row[7].i64,
	};
	return false;
}

static int claim(struct store *s, const struct left *l, int64_t now_ms, bool *out_is_ours,
                 struct fail *f)
{
	const struct store_alert *a = &l->alert;
	struct sql q = {
	    .text = "UPDATE alerts SET claimed_ms = ?6 WHERE scope = ?1 AND owner = ?2"
	            " AND period_ms = ?3 AND percent = ?4 AND claimed_ms = ?5 AND done_ms = 0",
	    .doing = "claim an alert",
	    SQL_WITH(value_i64(a->bucket.scope), value_i64(a->bucket.owner),
	             value_i64(a->bucket.period_ms), value_i64(a->percent),
	             value_i64(l->claimed_ms), value_i64(now_ms)),
	};

	if (store_run(s, &q, f) < 0)
		return -1;
	*out_is_ours = q.changed > 0;
	return 0;
}

int store_alert_left(struct store *s, int64_t now_ms, struct store_alert *out, struct fail *f)
{
	struct left left = {0};
	struct sql q = {.text = "SELECT scope, owner, period_ms, percent, ceiling_nusd, spent_nusd,"
	                        " noted_ms, claimed_ms FROM alerts WHERE done_ms = 0"
	                        " AND claimed_ms < ?1 ORDER BY claimed_ms LIMIT 1",
	                .doing = "read alerts",
	                SQL_WITH(value_i64(now_ms - ALERT_CLAIM_MS)),
	                .on_row = take_left,
	                .arg = &left};
	bool is_ours = false;

	out->percent = 0;
	if (store_run(s, &q, f) < 0)
		return -1;
	if (left.alert.percent == 0)
		return 0;
	if (claim(s, &left, now_ms, &is_ours, f) < 0)
		return -1;
	if (is_ours)
		*out = left.alert;
	return 0;
}

struct telling {
	bool (*on_spent)(void *, struct store_bucket, int64_t);
	void *arg;
};

static bool tell_spent(void *telling, const struct sql_value *row)
{
	const struct telling *t = telling;

	return t->on_spent(
	    t->arg, (struct store_bucket){(enum store_scope)row[0].i64, row[1].i64, row[2].i64},
	    row[3].i64);
}

int store_spents(struct store *s, const int64_t *periods_ms, int count,
                 bool (*on_spent)(void *, struct store_bucket, int64_t), void *arg, struct fail *f)
{
	struct telling telling = {on_spent, arg};

	for (int i = 0; i < count; i++) {
		struct sql q = {.text = "SELECT scope, owner, period_ms, nusd FROM spent"
		                        " WHERE period_ms = ?1 AND nusd > 0",
		                .doing = "read what is spent",
		                SQL_WITH(value_i64(periods_ms[i])),
		                .on_row = tell_spent,
		                .arg = &telling};

		if (store_run(s, &q, f) < 0)
			return -1;
	}
	return 0;
}

int store_revision(struct store *s, int64_t *out, struct fail *f)
{
	struct sql q = {.text = "SELECT value FROM meta WHERE name = 'revision'",
	                .doing = "read the revision"};

	return store_ask_i64(s, &q, 0, out, f);
}
