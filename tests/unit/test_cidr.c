/* Addresses and ranges of them: what is one, what is within. */
#include "base/cidr.h"

#include "check.h"

static const struct {
	const char *range, *address;
	bool is_in;
} rows[] = {
    {"127.0.0.1", "127.0.0.1", true},      {"127.0.0.1", "127.0.0.2", false},
    {"10.0.0.0/8", "10.255.0.1", true},    {"10.0.0.0/8", "11.0.0.1", false},
    {"10.128.0.0/9", "10.127.0.1", false}, {"10.128.0.0/9", "10.200.0.1", true},
    {"0.0.0.0/0", "203.0.113.1", true},    {"0.0.0.0/0", "::1", false},
    {"::/0", "203.0.113.1", true},         {"::1", "::1", true},
    {"fd00::/8", "fdff::1", true},         {"fd00::/8", "fe00::1", false},
    {"fd00::/7", "fc00::1", true},         {"::ffff:10.0.0.0/104", "10.1.1.1", true},
    {"192.0.2.7/32", "192.0.2.7", true},   {"192.0.2.7/31", "192.0.2.6", true},
    {"192.0.2.7/31", "192.0.2.5", false},
};

static const char *const wrong[] = {
    "",        "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/",  "10.0.0",    "10.0.0.0/8x", "::/129",
    "[::1]",   "::1%eth0",    "localhost",   "10.0.0.256", "010.0.0.1", "10.0.0.0//8", "/8",
    "1.2.3.4 "};

int main(void)
{
	struct cidr range, address;
	char text[CIDR_TEXT_BYTES];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK(cidr_read(str_of(rows[i].range), &range) == 0);
		CHECK(cidr_read_address(str_of(rows[i].address), &address) == 0);
		if (!CHECK(cidr_has(&range, 1, &address) == rows[i].is_in))
			printf("    %s in %s\n", rows[i].address, rows[i].range);
		cidr_put_address(&address, text);
		CHECK_STR(str_of(text), str_of(rows[i].address));
	}
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (!CHECK(cidr_read(str_of(wrong[i]), &range) == -1))
			printf("    %s\n", wrong[i]);
	CHECK(cidr_read_address((struct str){"10.0.0.1\0", 9}, &address) == -1);
	CHECK(!cidr_has(NULL, 0, &address));
	return check_report("cidr");
}
