/* Keys: making, the table, verdicts, globs, and that a look-up costs the same among many. */
#include "base/clock.h"
#include "base/hash.h"
#include "check.h"
#include "gate/key.h"
#include "store/store.h"

#include <pthread.h>

static struct arena arena;

struct made {
	char text[KEY_TEXT_BYTES];
	struct store_key row;
};

static struct made make(int64_t id)
{
	struct made m = {.row = {.id = id,
	                         .account_id = id + 1000,
	                         .account_name = STR("alice"),
	                         .label = STR("laptop"),
	                         .models = STR("gpt-*, flux-auto"),
	                         .revision = id}};

	key_make(m.text, m.row.digest);
	return m;
}

static struct str text_of(const struct made *m)
{
	return (struct str){m->text, KEY_TEXT_BYTES};
}

static enum key_verdict verdict(struct key_table *t, struct str text, int64_t now_ms)
{
	struct key out;

	return key_identify(t, &(struct keys_presented){{text}, 1}, now_ms, &arena, &out);
}

static void test_make(void)
{
	struct made a = make(1), b = make(2);
	uint8_t digest[32];

	CHECK(key_is_well_formed(text_of(&a)));
	CHECK(str_starts_with(text_of(&a), STR("sk-flux-")));
	CHECK(!str_eq(text_of(&a), text_of(&b)));
	hash_sha256(text_of(&a), digest);
	CHECK(memcmp(digest, a.row.digest, sizeof digest) == 0);
}

static void test_form(void)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
	    {"sk-flux-0123456789012345678901234567890123456789abc", true},
	    {"sk-flux-0123456789012345678901234567890123456789ab_", true},
	    {"sk-flux-0123456789012345678901234567890123456789ab", false},
	    {"sk-flux-0123456789012345678901234567890123456789abcd", false},
	    {"sk-flux-0123456789012345678901234567890123456789ab+", false},
	    {"SK-flux-0123456789012345678901234567890123456789abc", false},
	    {"sk-proj-0123456789012345678901234567890123456789abc", false},
	    {"", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		CHECK(key_is_well_formed(str_of(rows[i].text)) == rows[i].good);
}

static void test_verdicts(void)
{
	struct key_table *t = key_table_new();
	struct made a = make(1), b = make(2);
	struct keys_presented all = {{STR("whatever"), text_of(&b), text_of(&a)}, 3};
	struct key out;

	CHECK(verdict(t, text_of(&a), 0) == KEY_UNKNOWN);
	CHECK(verdict(t, STR("nonsense"), 0) == KEY_MALFORMED);
	CHECK(verdict(t, STR(""), 0) == KEY_MISSING);
	CHECK(key_identify(t, &(struct keys_presented){.count = 0}, 0, &arena, &out) ==
	      KEY_MISSING);
	key_table_put(t, &a.row);
	CHECK(key_table_count(t) == 1 && key_table_revision(t) == 1);
	CHECK(key_identify(t, &all, 0, &arena, &out) == KEY_GOOD && out.id == 1);
	CHECK(out.account_id == 1001);
	CHECK_STR(out.account_name, STR("alice"));
	CHECK_STR(out.label, STR("laptop"));
	all.count = 2;
	CHECK(key_identify(t, &all, 0, &arena, &out) == KEY_UNKNOWN);

	a.row.expires_ms = 5000;
	a.row.revision = 9;
	key_table_put(t, &a.row);
	CHECK(key_table_count(t) == 1 && key_table_revision(t) == 9);
	CHECK(verdict(t, text_of(&a), 4999) == KEY_GOOD);
	CHECK(verdict(t, text_of(&a), 5000) == KEY_EXPIRED);
	a.row.revoked_ms = 1;
	key_table_put(t, &a.row);
	CHECK(verdict(t, text_of(&a), 4999) == KEY_REVOKED);
	CHECK_STR(out.label, STR("laptop")); /* the copy of before is still whole */
	key_table_free(&t);
	CHECK(t == NULL);
}

static int64_t look_up_ns(struct key_table *t, const struct made *m, int rounds)
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < rounds; i++) {
		int64_t start = clock_mono_ns();

		for (int k = 0; k < 64; k++)
			CHECK(verdict(t, text_of(m), 0) == KEY_GOOD);
		if (clock_mono_ns() - start < best)
			best = clock_mono_ns() - start;
		arena_reset(&arena);
	}
	return best / 64;
}

static void test_many(void)
{
	enum { MANY = 100000 };
	struct key_table *t = key_table_new();
	struct made first = make(1);
	int64_t alone_ns, among_ns;

	key_table_put(t, &first.row);
	alone_ns = look_up_ns(t, &first, 20);
	for (int i = 2; i <= MANY; i++) {
		struct made m = make(i);

		key_table_put(t, &m.row);
	}
	among_ns = look_up_ns(t, &first, 20);
	CHECK(key_table_count(t) == MANY);
	CHECK(among_ns < alone_ns * 4 + 1000);
	key_table_free(&t);
}

/* Readers while a writer replaces what they read: for the thread and address sanitizers. */
struct race {
	struct key_table *table;
	struct made key;
};

static void *read_on(void *arg)
{
	struct race *race = arg;
	struct keys_presented one = {{text_of(&race->key)}, 1};
	struct arena mine;
	long wrong = 0;

	arena_init(&mine);
	for (int i = 0; i < 2000; i++) {
		struct key out;

		if (key_identify(race->table, &one, 0, &mine, &out) != KEY_GOOD ||
		    !str_eq(out.label, STR("laptop")))
			wrong++;
		arena_reset(&mine);
	}
	arena_release(&mine);
	return (void *)wrong;
}

static void test_threads(void)
{
	struct race race = {key_table_new(), make(1)};
	pthread_t readers[2];
	void *wrong;

	key_table_put(race.table, &race.key.row);
	for (int i = 0; i < 2; i++)
		must(pthread_create(&readers[i], NULL, read_on, &race) == 0);
	for (int i = 0; i < 2000; i++)
		key_table_put(race.table, &race.key.row);
	for (int i = 0; i < 2; i++) {
		must(pthread_join(readers[i], &wrong) == 0);
		CHECK(wrong == NULL);
	}
	key_table_free(&race.table);
}

int main(void)
{
	arena_init(&arena);
	test_make();
	test_form();
	test_verdicts();
	test_many();
	test_threads();
	arena_release(&arena);
	return check_report("key");
}
