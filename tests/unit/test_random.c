/* UUIDs of version 7: their form, and that one maker's only ever grow. */
#include "base/random.h"

#include "check.h"

enum { MANY = 20000 };

static void test_form(void)
{
	struct uuid7_maker maker = {0};
	uint8_t uuid[UUID_BYTES];
	char text[UUID_TEXT_BYTES];

	/* The time of RFC 9562, appendix A.6. */
	uuid7_make(&maker, INT64_C(0x017f22e279b0), uuid);
	uuid_text(uuid, text);
	CHECK_STR(((struct str){text, 15}), STR("017f22e2-79b0-7"));
	CHECK(text[18] == '-' && text[23] == '-');
	CHECK(text[19] == '8' || text[19] == '9' || text[19] == 'a' || text[19] == 'b');
	for (int i = 0; i < UUID_BYTES; i++)
		uuid[i] = (uint8_t)(i * 17);
	uuid_text(uuid, text);
	CHECK_STR(((struct str){text, UUID_TEXT_BYTES}),
	          STR("00112233-4455-6677-8899-aabbccddeeff"));
}

static void test_order(void)
{
	struct uuid7_maker maker = {0};
	uint8_t last[UUID_BYTES] = {0}, next[UUID_BYTES];
	bool grew = true;

	for (int i = 0; i < MANY; i++) {
		int64_t wall_ms = 1000000 + (i / 9000) * 3 - (i % 5000 == 4999) * 50;

		uuid7_make(&maker, wall_ms, next);
		grew = grew && memcmp(last, next, UUID_BYTES) < 0;
		memcpy(last, next, UUID_BYTES);
	}
	CHECK(grew);
}

static void test_makers_differ(void)
{
	struct uuid7_maker a = {0}, b = {0};
	uint8_t one[UUID_BYTES], other[UUID_BYTES];

	uuid7_make(&a, 1000, one);
	uuid7_make(&b, 1000, other);
	CHECK(memcmp(one + 8, other + 8, 8) != 0);
}

int main(void)
{
	test_form();
	test_order();
	test_makers_differ();
	return check_report("random");
}
