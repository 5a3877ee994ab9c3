/* PROXY headers at every split, and X-Forwarded-For from its right end. tests/front/proxies.py has
 * the same over sockets, with more of what is refused. */
#include "front/proxy_header.h"

#include "check.h"
#include "front/forwarded.h"
#include "guard.h"

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define FOUR "\1\2\3\4\5\6\7\10\0\1\0\2"

static const struct {
	struct str bytes;
	enum proxy_read read;
	size_t used;
	const char *source; /* NULL: none */
} rows[] = {
    {STR_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\nGET"), PROXY_DONE, 45, "192.0.2.1"},
    {STR_INIT("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n"), PROXY_DONE, 36, "2001:db8::1"},
    {STR_INIT("PROXY UNKNOWN\r\n"), PROXY_DONE, 15, NULL},
    {STR_INIT("PROXY UNKNOWN what ever\r\n"), PROXY_DONE, 25, NULL},
    {STR_INIT("PROXY UNKNOWNS\r\n"), PROXY_BAD, 0, NULL},
    {STR_INIT("PROXY \r\n"), PROXY_BAD, 0, NULL},
    {STR_INIT("PROXY\r\n"), PROXY_BAD, 0, NULL},
    {STR_INIT("GET / HTTP/1.1\r\n"), PROXY_BAD, 0, NULL},
    {STR_INIT(V2 "\x21\x11\0\14" FOUR "GET"), PROXY_DONE, 28, "1.2.3.4"},
    {STR_INIT(V2 "\x20\x11\0\14" FOUR), PROXY_DONE, 28, NULL},
    {STR_INIT(V2 "\x20\0\0\0"), PROXY_DONE, 16, NULL},
    {STR_INIT(V2 "\x21\x11\0\20" FOUR "\4\0\1x"), PROXY_DONE, 32, "1.2.3.4"},
    {STR_INIT(V2 "\x21\x11\0\20" FOUR "\4\0\2x"), PROXY_BAD, 0, NULL},
    {STR_INIT(V2 "\x21\x11\0\13" FOUR), PROXY_BAD, 0, NULL},
    {STR_INIT(V2 "\x21\x12\0\14" FOUR), PROXY_BAD, 0, NULL},
    {STR_INIT(V2 "\x11\x11\0\14" FOUR), PROXY_BAD, 0, NULL},
    {STR_INIT(V2 "\x21\x11\x20\0"), PROXY_BAD, 0, NULL},
};

static void check_beginnings(struct str bytes, enum proxy_read want, size_t used)
{
	for (size_t len = 0; len < bytes.len; len++) {
		struct guard guard = guard_copy(str_part(bytes, 0, len));
		struct proxy_header header;
		enum proxy_read read = proxy_header_read(guard.bytes, &header);

		if (want == PROXY_DONE)
			CHECK(read == (len < used ? PROXY_MORE : PROXY_DONE));
		else
			CHECK(read != PROXY_DONE);
		guard_free(&guard);
	}
}

static void test_headers(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct proxy_header header;
		char text[CIDR_TEXT_BYTES] = "";

		if (!CHECK(proxy_header_read(rows[i].bytes, &header) == rows[i].read))
			printf("    row %zu\n", i);
		check_beginnings(rows[i].bytes, rows[i].read, rows[i].used);
		if (rows[i].read != PROXY_DONE)
			continue;
		CHECK(header.bytes == rows[i].used);
		CHECK(header.has_source == (rows[i].source != NULL));
		if (header.has_source)
			cidr_put_address(&header.source, text);
		CHECK_STR(str_of(text), str_of(rows[i].source ? rows[i].source : ""));
	}
}

static const struct {
	const char *peer, *first, *second, *client;
} chains[] = {
    {"10.0.0.1", "6.6.6.6, 192.0.2.1", NULL, "192.0.2.1"},
    {"10.0.0.1", "192.0.2.1", "10.0.0.2,10.0.0.3", "192.0.2.1"},
    {"10.0.0.1", "10.0.0.2, 10.0.0.3", NULL, "10.0.0.2"},
    {"10.0.0.1", "192.0.2.1, ,10.0.0.3", NULL, "10.0.0.3"},
    {"10.0.0.1", "192.0.2.1:80", NULL, "192.0.2.1"},
    {"10.0.0.1", "[2001:db8::1]:80", NULL, "2001:db8::1"},
    {"10.0.0.1", "[2001:db8::1]", NULL, "2001:db8::1"},
    {"10.0.0.1", "2001:db8::1", NULL, "2001:db8::1"},
    {"10.0.0.1", "[", NULL, "10.0.0.1"},
    {"10.0.0.1", ":", NULL, "10.0.0.1"},
    {"10.0.0.1", "", NULL, "10.0.0.1"},
    {"10.0.0.1", "unknown", NULL, "10.0.0.1"},
    {"10.0.0.1", NULL, NULL, "10.0.0.1"},
    {"192.0.2.9", "6.6.6.6", NULL, "192.0.2.9"},
    {"unix", "6.6.6.6", NULL, "6.6.6.6"},
    {"gone", "6.6.6.6", NULL, "gone"},
};

static void test_chains(void)
{
	struct front_trust trust = {.count = 1, .has_unix = true};
	struct arena arena;
	struct cidr ten;

	arena_init(&arena);
	CHECK(cidr_read(STR("10.0.0.0/8"), &ten) == 0);
	trust.ranges = &ten;
	for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++) {
		struct http_header fields[] = {{STR("X-Forwarded-For"), str_of(chains[i].first)},
		                               {STR("accept"), STR("7.7.7.7")},
		                               {STR("x-forwarded-for"), str_of(chains[i].second)}};
		struct http_head head = {.headers = fields,
		                         .header_count = chains[i].second  ? 3
		                                         : chains[i].first ? 2
		                                                           : 0};

		CHECK_STR(forwarded_for(&trust, &head, str_of(chains[i].peer), &arena),
		          str_of(chains[i].client));
	}
	trust.has_unix = false;
	CHECK(!forwarded_is_trusted(&trust, STR("unix")));
	arena_release(&arena);
}

int main(void)
{
	test_headers();
	test_chains();
	return check_report("proxy_header");
}
