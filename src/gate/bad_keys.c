/* Counting bad keys by address, minute by minute. One worker's, on its loop; called from the
 * identify step. Must never grow with the number of strangers. */
#include "gate/bad_keys.h"

#include "base/clock.h"
#include "base/hash.h"
#include "limits.h"

enum { BAD_KEYS_PLACES = 1024, MINUTE_MS = 60000 };

struct bad_keys {
	struct place {
		int64_t minute;
		int count;
	} places[BAD_KEYS_PLACES];
};

struct bad_keys *bad_keys_new(void)
{
	return mem_get(sizeof(struct bad_keys));
}

void bad_keys_free(struct bad_keys **b)
{
	mem_put(*b);
	*b = NULL;
}

static int64_t now_ms(void)
{
	return clock_mono_ns() / 1000000;
}

static struct place *place_of(struct bad_keys *b, struct str address)
{
	struct place *place = &b->places[hash_keyed(address) % BAD_KEYS_PLACES];
	int64_t minute = now_ms() / MINUTE_MS;

	if (place->minute != minute)
		*place = (struct place){.minute = minute};
	return place;
}

void bad_keys_add(struct bad_keys *b, struct str address)
{
	place_of(b, address)->count++;
}

int bad_keys_check(struct bad_keys *b, struct str address, struct fail *f)
{
	if (place_of(b, address)->count < LIMIT_BAD_KEYS_PER_MINUTE)
		return 0;
	f->retry_after_ms = MINUTE_MS - now_ms() % MINUTE_MS;
	f->limit = LIMIT_BAD_KEYS_PER_MINUTE;
	f->scope = STR("address");
	return fail(f, FAIL_RATE_LIMITED,
	            "%d unknown keys came from this address within a minute; wait, and check "
	            "the key",
	            LIMIT_BAD_KEYS_PER_MINUTE);
}
