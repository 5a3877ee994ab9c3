/* The breaker under a clock of our own, and from many threads at once. */
#include "check.h"
#include "route/health.h"

#include <pthread.h>
#include <stdatomic.h>

static const struct config_health rules = {
    .has_breaker = true,
    .failures = 3,
    .error_bp = 5000,
    .requests_min = 20,
    .window_ms = 8000,
    .cool_ms = 1000,
    .cool_max_ms = 4000,
    .told_max_ms = 60000,
    .retries_bp = 2000,
    .retries_floor = 1,
};

static struct health *new_health(void)
{
	static int count;
	char name[32];

	return health_find((struct str){name, (size_t)snprintf(name, sizeof name, "t%d", count++)});
}

static enum health_state state_of(const struct health *h, int64_t now_ms)
{
	struct health_look look;

	health_look(h, &rules, now_ms, &look);
	return look.state;
}

static void note(struct health *h, enum health_pass pass, enum health_verdict verdict,
                 int64_t now_ms)
{
	struct health_news news = {.pass = pass, .verdict = verdict, .status = 503};

	health_note(h, &rules, &news, now_ms);
}

static void fail_often(struct health *h, int count, int64_t now_ms)
{
	while (count-- > 0)
		note(h, HEALTH_GOES, HEALTH_ILL, now_ms);
}

static void test_streak(void)
{
	struct health *h = new_health();

	CHECK(health_enter(h, &rules, 0) == HEALTH_GOES);
	fail_often(h, 2, 10);
	note(h, HEALTH_GOES, HEALTH_WELL, 10);
	fail_often(h, 2, 10);
	CHECK(health_enter(h, &rules, 10) == HEALTH_GOES);
	CHECK(!health_is_open(h, &rules));
	fail_often(h, 1, 10);
	CHECK(state_of(h, 10) == HEALTH_OPEN && health_is_open(h, &rules));
	CHECK(health_enter(h, &rules, 10) == HEALTH_REFUSED);
	CHECK(health_wait_ms(h, 10) >= 1000 && health_wait_ms(h, 10) <= 1125);
	CHECK(health_enter(h, &rules, 1009) == HEALTH_REFUSED);
}

static void test_probe(void)
{
	struct health *h = new_health();

	fail_often(h, 3, 0);
	CHECK(health_enter(h, &rules, 1200) == HEALTH_PROBES);
	CHECK(state_of(h, 1200) == HEALTH_PROBED);
	CHECK(health_enter(h, &rules, 999999) == HEALTH_REFUSED);
	note(h, HEALTH_PROBES, HEALTH_ILL, 1300);
	CHECK(state_of(h, 1300) == HEALTH_OPEN);
	CHECK(health_wait_ms(h, 1300) >= 2000); /* twice as long */
	CHECK(health_enter(h, &rules, 4000) == HEALTH_PROBES);
	note(h, HEALTH_PROBES, HEALTH_UNTOLD, 4000); /* the client left: the next one may */
	CHECK(health_enter(h, &rules, 4000) == HEALTH_PROBES);
	note(h, HEALTH_PROBES, HEALTH_WELL, 4100);
	CHECK(state_of(h, 4100) == HEALTH_CLOSED);
	CHECK(health_enter(h, &rules, 4100) == HEALTH_GOES);
}

static int64_t open_and_probe(struct health *h, int64_t now_ms, enum health_verdict verdict)
{
	int64_t wait_ms;

	if (state_of(h, now_ms) == HEALTH_CLOSED)
		fail_often(h, 3, now_ms);
	wait_ms = health_wait_ms(h, now_ms);
	CHECK(health_enter(h, &rules, now_ms + wait_ms) == HEALTH_PROBES);
	note(h, HEALTH_PROBES, verdict, now_ms + wait_ms);
	return wait_ms;
}

/* 1, 2, 4, 4 s; and shorter again only after windows of success. */
static void test_growth(void)
{
	static const int64_t expected[] = {1000, 2000, 4000, 4000};
	struct health *h = new_health();
	int64_t now_ms = 0, wait_ms;

	for (int i = 0; i < 4; i++) {
		wait_ms = open_and_probe(h, now_ms, i < 3 ? HEALTH_ILL : HEALTH_WELL);
		CHECK(wait_ms >= expected[i] && wait_ms <= expected[i] + expected[i] / 8);
		now_ms += wait_ms;
	}
	for (int i = 1; i <= 4; i++)
		note(h, HEALTH_GOES, HEALTH_WELL, now_ms + i * 8000);
	now_ms += 40000;
	wait_ms = open_and_probe(h, now_ms, HEALTH_WELL);
	CHECK(wait_ms >= 1000 && wait_ms <= 1125);
	fail_often(h, 3, now_ms + wait_ms); /* at once again */
	CHECK(health_wait_ms(h, now_ms + wait_ms) >= 2000);
}

static void test_rate(void)
{
	struct health *h = new_health();

	for (int i = 0; i < 9; i++) {
		note(h, HEALTH_GOES, HEALTH_WELL, i * 10);
		note(h, HEALTH_GOES, HEALTH_ILL, i * 10);
	}
	note(h, HEALTH_GOES, HEALTH_WELL, 100);
	CHECK(state_of(h, 100) == HEALTH_CLOSED); /* half of too few */
	note(h, HEALTH_GOES, HEALTH_ILL, 100);
	CHECK(state_of(h, 100) == HEALTH_OPEN);
	CHECK(open_and_probe(h, 100, HEALTH_WELL) > 0);
	note(h, HEALTH_GOES, HEALTH_ILL, 2000);
	CHECK(state_of(h, 2000) == HEALTH_CLOSED); /* what was before is forgotten */

	h = new_health();
	for (int i = 0; i < 50; i++)
		note(h, HEALTH_GOES, i % 3 ? HEALTH_WELL : HEALTH_ILL, 100);
	CHECK(state_of(h, 100) == HEALTH_CLOSED); /* a third is not half */
	for (int i = 0; i < 20; i++)
		note(h, HEALTH_GOES, i % 2 ? HEALTH_WELL : HEALTH_ILL, 100000);
	CHECK(state_of(h, 100000) == HEALTH_CLOSED); /* and is out of the window: 10 of 20, the
	                                                last of them well */
	note(h, HEALTH_GOES, HEALTH_ILL, 100000);
	CHECK(state_of(h, 100000) == HEALTH_OPEN);
}

static void test_told(void)
{
	struct health_news news = {HEALTH_GOES, HEALTH_ILL, false, 7000, 0, FAIL_NONE, 429};
	struct health *h = new_health();

	CHECK(health_note(h, &rules, &news, 100) == HEALTH_HAS_OPENED);
	CHECK(health_wait_ms(h, 100) == 7000);
	news.told_ms = 9000; /* of one that was under way */
	health_note(h, &rules, &news, 200);
	CHECK(health_wait_ms(h, 200) == 9000);
	news.told_ms = 1000;
	health_note(h, &rules, &news, 300);
	CHECK(health_wait_ms(h, 300) == 8900);
	note(h, HEALTH_GOES, HEALTH_WELL, 300); /* tells how things were */
	CHECK(health_enter(h, &rules, 300) == HEALTH_REFUSED);
	CHECK(health_enter(h, &rules, 9200) == HEALTH_PROBES);
	news.told_ms = INT64_C(1) << 40;
	news.pass = HEALTH_PROBES;
	health_note(h, &rules, &news, 9300);
	CHECK(health_wait_ms(h, 9300) == 60000);
}

static void test_budget(void)
{
	struct health_news news = {.pass = HEALTH_GOES, .verdict = HEALTH_ILL, .is_retry = true};
	struct config_health lasting = rules;
	struct health *h = new_health();

	lasting.failures = lasting.error_bp = lasting.retries_floor = 0;
	for (int i = 0; i < 10; i++) {
		CHECK(health_has_budget(h, &lasting, 5));
		health_note(h, &lasting, &news, 5);
	}
	CHECK(!health_has_budget(h, &lasting, 500000));
	CHECK(health_has_budget(h, &rules, 1005)); /* one a second */
	CHECK(!health_has_budget(h, &rules, 900));
	news.is_retry = false; /* five requests of its own are worth one retry */
	for (int i = 0; i < 5; i++) {
		CHECK(!health_has_budget(h, &lasting, 6));
		health_note(h, &lasting, &news, 6);
	}
	CHECK(health_has_budget(h, &lasting, 6));
	CHECK(health_force(h, &lasting, 6) == HEALTH_FORCED);
	CHECK(health_force(h, &lasting, 6) == HEALTH_REFUSED);
	news.pass = HEALTH_FORCED;
	news.verdict = HEALTH_WELL; /* is given back */
	health_note(h, &lasting, &news, 6);
	CHECK(health_force(h, &lasting, 6) == HEALTH_FORCED);
}

static void test_forced(void)
{
	struct health *h = new_health();
	enum health_pass pass;

	fail_often(h, 3, 0);
	CHECK(health_force(h, &rules, 10) == HEALTH_FORCED);
	note(h, HEALTH_FORCED, HEALTH_ILL, 20);
	CHECK(state_of(h, 20) == HEALTH_OPEN && health_wait_ms(h, 20) <= 1125);
	CHECK(health_enter(h, &rules, 1200) == HEALTH_PROBES);
	pass = health_force(h, &rules, 1200);
	CHECK(pass == HEALTH_FORCED);
	CHECK(health_note_answer(h, &rules, &pass, 1300) == HEALTH_HAS_CLOSED);
	CHECK(health_note_answer(h, &rules, &pass, 1300) == HEALTH_AS_IT_WAS);
	CHECK(pass == HEALTH_GOES && state_of(h, 1300) == HEALTH_CLOSED);
	fail_often(h, 3, 1300);
	CHECK(health_enter(h, &rules, 99999) == HEALTH_REFUSED); /* the old probe is still out */
	note(h, HEALTH_PROBES, HEALTH_WELL, 99999);
	CHECK(state_of(h, 99999) == HEALTH_CLOSED);
}

static void test_off(void)
{
	struct config_health off = {0};
	struct health *h = new_health();
	struct health_news news = {HEALTH_GOES, HEALTH_ILL,          true, 7000,
	                           0,           FAIL_PROVIDER_ERROR, 500};
	struct health_look look;

	for (int i = 0; i < 100; i++)
		health_note(h, &off, &news, 0);
	CHECK(health_enter(h, &off, 0) == HEALTH_GOES && health_has_budget(h, &off, 0));
	health_look(h, &off, 0, &look);
	CHECK(look.ill == 100 && look.well == 0 && look.error_ppm > 900000);
	CHECK(look.failure == FAIL_PROVIDER_ERROR && look.status == 500);
	CHECK(health_find(STR("a")) == health_find(STR("a")));
	CHECK(health_find(STR("a")) != health_find(STR("b")));
}

static void test_averages(void)
{
	struct health_news news = {HEALTH_GOES, HEALTH_WELL, false, 0, 1600, FAIL_NONE, 0};
	struct health *h = new_health();
	struct health_look look;

	health_note(h, &rules, &news, 0);
	news.first_byte_us = 3200;
	health_note(h, &rules, &news, 0);
	health_look(h, &rules, 0, &look);
	CHECK(look.first_byte_us == 1700 && look.error_ppm == 0 && look.well == 2);
}

/* ---- never two probes at once, whoever comes and whatever becomes of them ---- */

enum { THREADS = 4, TURNS = 200000 };

static struct health *shared;
static atomic_int probes_out, probes, most_out;
static _Atomic int64_t clock_ms;

static void probe(unsigned *dice, enum health_pass pass)
{
	int out = atomic_fetch_add(&probes_out, 1) + 1;

	if (out > atomic_load(&most_out))
		atomic_store(&most_out, out);
	atomic_fetch_add(&probes, 1);
	atomic_fetch_sub(&probes_out, 1); /* before the note, which lets the next one in */
	note(shared, pass, (enum health_verdict)(*dice >> 20 & 1), atomic_load(&clock_ms));
}

static void *come_and_go(void *seed)
{
	unsigned dice = *(unsigned *)seed;

	for (int i = 0; i < TURNS; i++) {
		enum health_pass pass =
		    health_enter(shared, &rules, atomic_fetch_add(&clock_ms, 1));

		dice = dice * 1664525 + 1013904223;
		if (pass == HEALTH_REFUSED && (dice >> 24 & 15) == 0)
			pass = health_force(shared, &rules, atomic_load(&clock_ms));
		if (pass == HEALTH_PROBES)
			probe(&dice, pass);
		else if (pass != HEALTH_REFUSED)
			note(shared, pass, (enum health_verdict)((dice >> 20 & 3) > 0),
			     atomic_load(&clock_ms));
	}
	return NULL;
}

static void test_threads(void)
{
	unsigned seeds[THREADS];
	pthread_t threads[THREADS];
	struct health_look look;

	shared = new_health();
	for (int i = 0; i < THREADS; i++) {
		seeds[i] = (unsigned)i * 77 + 1;
		CHECK(pthread_create(&threads[i], NULL, come_and_go, &seeds[i]) == 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK(atomic_load(&most_out) == 1);
	CHECK(atomic_load(&probes) > 0); /* how many is the scheduler's */
	health_look(shared, &rules, atomic_load(&clock_ms), &look);
	CHECK(look.well + look.ill > 0);
}

int main(void)
{
	test_streak();
	test_probe();
	test_growth();
	test_rate();
	test_told();
	test_budget();
	test_forced();
	test_off();
	test_averages();
	test_threads();
	return check_report("health");
}
