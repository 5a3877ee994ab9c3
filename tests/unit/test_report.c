/* Reports, purges and alerts on every engine: each way of grouping adds up to the same. */
#include "ledger_sample.h"
#include "place.h"
#include "store/alert.h"
#include "store/purge.h"
#include "store/report.h"

enum { MANY = 60 };

static const int64_t day_ms = 24LL * 3600 * 1000;
static const int64_t first_ms = 1764000000000; /* 2025-11-24 16:00 */

static struct arena arena;
static struct fail f;

/* Ids begin with their time, as real ones do. */
static struct entry sample(int64_t n)
{
	struct entry e = sample_entry(n);

	e.opened_ms = first_ms + n % 3 * day_ms + n;
	e.closed_ms = e.opened_ms + 500;
	for (int i = 0; i < 6; i++)
		e.request_id[i] = (uint8_t)(e.opened_ms >> (40 - 8 * i));
	return e;
}

static struct store *begin(const struct place *p)
{
	struct entry entries[MANY];
	struct store *s = NULL;
	int64_t id;

	fail_init(&f, &arena);
	must(store_open(p->where, STORE_CREATE, &s, &f) == 0);
	must(store_account_named(s, STR("alice"), &id, &f) == 0 && id == 1);
	for (int n = 0; n < MANY; n++)
		entries[n] = sample(n);
	CHECK(store_put_entries(s, entries, MANY, NULL, &f) == 0);
	return s;
}

struct added {
	int rows;
	int64_t requests, charge_nusd;
	bool in_order;
	struct report_sum last;
};

static int compare(const struct report_sum *a, const struct report_sum *b)
{
	return str_compare(a->groups[REPORT_DAY], b->groups[REPORT_DAY]);
}

static bool add(void *arg, const struct report_sum *sum)
{
	struct added *a = arg;

	if (a->rows > 0 && compare(&a->last, sum) > 0)
		a->in_order = false;
	a->last = *sum;
	a->rows++;
	a->requests += sum->requests;
	a->charge_nusd += sum->charge_nusd;
	return true;
}

static struct added report(struct store *s, struct report_ask ask)
{
	struct added a = {.in_order = true};

	CHECK(store_report(s, &ask, &arena, add, &a, &f) == 0);
	CHECK(a.in_order);
	return a;
}

static int64_t charge_of_all(void)
{
	int64_t sum = 0;

	for (int n = 0; n < MANY; n++)
		sum += sample(n).charge_nusd;
	return sum;
}

static void test_groups(const struct place *p)
{
	static const int rows[REPORT_GROUP_COUNT] = {3, 3, 3, 3, 5, 2, 3, 3, 3};
	struct store *s = begin(p);

	for (int group = 0; group < REPORT_GROUP_COUNT; group++) {
		struct added a =
		    report(s, (struct report_ask){.by = 1u << group, .to_ms = INT64_MAX});

		CHECK(a.rows == rows[group] && a.requests == MANY);
		CHECK(a.charge_nusd == charge_of_all());
	}
	CHECK(report(s, (struct report_ask){.to_ms = INT64_MAX}).rows == 1);
	CHECK(
	    report(s, (struct report_ask){.by = (1u << REPORT_GROUP_COUNT) - 1, .to_ms = INT64_MAX})
	        .requests == MANY);
	CHECK(report(s, (struct report_ask){.by = 1 << REPORT_DAY | 1 << REPORT_TAG,
	                                    .to_ms = first_ms + day_ms})
	          .requests == MANY / 3 * 2);
	CHECK(report(s, (struct report_ask){.by = 1 << REPORT_ACCOUNT,
	                                    .to_ms = INT64_MAX,
	                                    .account_id = 1})
	          .rows == 1);
	CHECK_STR(report(s, (struct report_ask){.by = 1 << REPORT_ACCOUNT,
	                                        .to_ms = INT64_MAX,
	                                        .account_id = 1})
	              .last.groups[REPORT_ACCOUNT],
	          STR("alice"));
	store_close(&s);
}

static bool add_line(void *arg, const struct report_line *line)
{
	struct added *a = arg;

	a->rows++;
	a->requests += line->requests;
	a->charge_nusd += line->charge_nusd;
	return true;
}

static int wrong_sums;

static void on_wrong(void *arg, struct str sentence)
{
	(void)arg;
	printf("    %.*s\n", STR_ARG(sentence));
	wrong_sums++;
}

static void test_lines_and_purge(const struct place *p)
{
	struct report_ask ask = {.to_ms = first_ms + 9 * day_ms, .account_id = 1};
	struct store_purge purge = {.before_ms = first_ms + day_ms};
	struct store *s = begin(p);
	struct added a = {0};
	int64_t purged_ms = 0;

	CHECK(store_lines(s, &ask, &arena, add_line, &a, &f) == 0);
	CHECK(a.rows == 1 && a.requests == MANY / 3);
	CHECK(store_purge(s, &purge, &f) == 0 && purge.entries == MANY / 3);
	CHECK(store_purged_ms(s, &purged_ms, &f) == 0 &&
	      purged_ms == (first_ms + day_ms) / day_ms * day_ms);
	CHECK(store_lines(s, &ask, &arena, add_line, &a, &f) < 0);
	CHECK(report(s, (struct report_ask){.by = 1 << REPORT_TAG | 1 << REPORT_DAY,
	                                    .to_ms = INT64_MAX})
	          .requests == MANY);
	wrong_sums = 0;
	CHECK(store_verify_sums(s, on_wrong, NULL, &f) == 0 && wrong_sums == 0);
	store_close(&s);
}

static bool count_spent(void *arg, struct store_bucket b, int64_t nusd)
{
	(void)b;
	*(int64_t *)arg += nusd > 0;
	return true;
}

static void test_alerts(const struct place *p)
{
	struct store_alert alert = {.bucket = {STORE_ACCOUNT_MONTH, 1, 1761955200000},
	                            .percent = 80,
	                            .ceiling_nusd = 100,
	                            .spent_nusd = 80,
	                            .noted_ms = 1000},
	                   left;
	struct store *s = begin(p);
	int64_t buckets = 0, revision = 0;
	bool is_new = false;

	CHECK(store_alert_note(s, &alert, &is_new, &f) == 0 && is_new);
	CHECK(store_alert_note(s, &alert, &is_new, &f) == 0 && !is_new);
	CHECK(store_alert_left(s, 2000, &left, &f) == 0 && left.percent == 0);
	CHECK(store_alert_left(s, 2000 + ALERT_CLAIM_MS, &left, &f) == 0 && left.percent == 80);
	CHECK(store_alert_left(s, 2001 + ALERT_CLAIM_MS, &left, &f) == 0 && left.percent == 0);
	CHECK(store_alert_done(s, &alert, 5, &f) == 0);
	CHECK(store_spents(s, &alert.bucket.period_ms, 1, count_spent, &buckets, &f) == 0);
	CHECK(buckets == 1 + 3 + 3 + 2 + 2 + 5); /* global, month, included, teams, users, keys */
	CHECK(store_revision(s, &revision, &f) == 0 && revision > 0);
	store_close(&s);
}

int main(int argc, char **argv)
{
	(void)argc;
	place_start(argv);
	arena_init(&arena);
	place_each(test_groups);
	place_each(test_lines_and_purge);
	place_each(test_alerts);
	arena_release(&arena);
	return place_report("report");
}
