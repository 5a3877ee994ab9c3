/* Memory: zeroed when it is to be, kept when it is given back, never handed out twice. */
#include "base/must.h"

#include "check.h"

#include <pthread.h>

enum { MANY = 400 };

static bool is_all(const unsigned char *bytes, size_t count, unsigned char byte)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i] != byte)
			return false;
	return true;
}

/* Of every size up to beyond what is kept: filled, given back, taken again. */
static void test_sizes(void)
{
	for (size_t bytes = 0; bytes < 9000; bytes = bytes < 300 ? bytes + 1 : bytes + 37)
		for (int i = 0; i < 3; i++) {
			unsigned char *got = mem_get(bytes), *more;

			CHECK(is_all(got, bytes, 0));
			memset(got, 0xa5, bytes);
			more = mem_resize(got, bytes + 100);
			CHECK(is_all(more, bytes, 0xa5));
			memset(more, 0x5a, bytes + 100);
			mem_put(more);
			more = mem_resize(NULL, bytes);
			memset(more, 0x77, bytes);
			mem_put(more);
		}
	mem_put(NULL);
}

/* Many at once, in changing sizes; each keeps what was written into it. */
static void *mix(void *seed)
{
	unsigned char *pieces[MANY] = {NULL};
	size_t sizes[MANY] = {0};
	uint32_t random = *(uint32_t *)seed;
	bool is_good = true;

	for (int i = 0; i < 40000; i++) {
		int at = (int)((random = random * 1664525u + 1013904223u) >> 16) % MANY;

		if (pieces[at])
			is_good = is_good && is_all(pieces[at], sizes[at], (unsigned char)at);
		mem_put(pieces[at]);
		sizes[at] = 1 + (random >> 12) % 5000;
		pieces[at] = i % 2 ? mem_get(sizes[at]) : mem_resize(NULL, sizes[at]);
		memset(pieces[at], at & 0xff, sizes[at]);
	}
	for (int at = 0; at < MANY; at++)
		mem_put(pieces[at]);
	return is_good ? seed : NULL;
}

static void test_threads(void)
{
	uint32_t seeds[3] = {1, 2, 3};
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		must(pthread_create(&threads[i], NULL, mix, &seeds[i]) == 0);
	for (int i = 0; i < 3; i++) {
		void *good;

		must(pthread_join(threads[i], &good) == 0);
		CHECK(good != NULL);
	}
	CHECK(mix(&seeds[0]) != NULL);
}

int main(void)
{
	test_sizes();
	test_threads();
	return check_report("mem");
}
