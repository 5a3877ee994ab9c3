/* The map against a plain array that does the same slowly; borrowed and copied keys; walking
 * while removing. */
#include "base/map.h"

#include "check.h"

enum { NAMES = 300, TURNS = 20000, MANY = 100000 };

static uint64_t seed = 42;

static uint32_t dice(uint32_t sides)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % sides;
}

static void test_against_array(void)
{
	static char names[NAMES][16];
	void *values[NAMES] = {0};
	size_t count = 0, wrong = 0;
	struct map map;

	map_init(&map, NULL);
	for (int i = 0; i < NAMES; i++)
		snprintf(names[i], sizeof names[i], "n%d", i);
	for (int i = 0; i < TURNS; i++) {
		uint32_t n = dice(NAMES);
		void *before = values[n], *got;

		values[n] = dice(3) ? &names[dice(NAMES)] : NULL;
		got = values[n] ? map_put(&map, str_of(names[n]), values[n])
		                : map_remove(&map, str_of(names[n]));
		count += (values[n] != NULL) - (before != NULL);
		n = dice(NAMES);
		wrong += got != before || map_get(&map, str_of(names[n])) != values[n] ||
		         map_count(&map) != count;
	}
	CHECK(wrong == 0);
	CHECK(map.room <= 1024);
	map_release(&map);
}

static void test_copied_keys(void)
{
	char name[] = "first";
	struct arena arena;
	struct map map;

	arena_init(&arena);
	map_init(&map, &arena);
	CHECK(map_put(&map, str_of(name), name) == NULL);
	memcpy(name, "other", 5);
	CHECK(map_get(&map, STR("first")) == name && map_get(&map, STR("other")) == NULL);
	CHECK(map_put(&map, STR(""), &arena) == NULL && map_get(&map, STR("")) == &arena);
	CHECK(map_put(&map, STR("nul\0"), &map) == NULL && map_get(&map, STR("nul")) == NULL);
	CHECK(map_get(&map, (struct str){NULL, 0}) == &arena);
	map_release(&map);
	arena_release(&arena);
}

static void test_walk(void)
{
	static char names[1000][16];
	size_t at = 0, seen = 0;
	const struct map_entry *entry;
	struct map map;

	map_init(&map, NULL);
	CHECK(map_next(&map, &at) == NULL && map_get(&map, STR("x")) == NULL);
	for (int i = 0; i < 1000; i++) {
		snprintf(names[i], sizeof names[i], "n%d", i);
		CHECK(map_put(&map, str_of(names[i]), names[i]) == NULL);
	}
	while ((entry = map_next(&map, &at))) {
		struct str key = entry->key;

		CHECK(str_eq(key, str_of(entry->value)));
		if (seen++ % 2)
			CHECK(map_remove(&map, key) != NULL);
	}
	CHECK(seen == 1000 && map_count(&map) == 500);
	map_release(&map);
}

static void test_many(void)
{
	static char names[MANY][16];
	size_t wrong = 0;
	struct map map;

	map_init(&map, NULL);
	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof names[i], "%d", i);
		wrong += map_put(&map, str_of(names[i]), names[i]) != NULL;
	}
	for (int i = 0; i < MANY; i++)
		wrong += map_get(&map, str_of(names[i])) != names[i];
	CHECK(wrong == 0 && map_count(&map) == MANY);
	CHECK(map.room == 262144);
	map_release(&map);
}

int main(void)
{
	test_against_array();
	test_copied_keys();
	test_walk();
	test_many();
	return check_report("map");
}
