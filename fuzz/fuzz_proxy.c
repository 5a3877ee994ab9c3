/* PROXY headers: what a beginning says must not be taken back by what follows. And the same bytes
 * as X-Forwarded-For: what comes of them is an address, or the peer. */
#include "front/forwarded.h"
#include "front/proxy_header.h"

enum { BYTES_MAX = 4096 };

static void check_header(struct str bytes)
{
	struct proxy_header all, some;
	enum proxy_read whole = proxy_header_read(bytes, &all);

	for (size_t len = 0; len < bytes.len; len++) {
		enum proxy_read read = proxy_header_read(str_part(bytes, 0, len), &some);

		must(read == PROXY_MORE || read == whole);
		must(read != PROXY_DONE || (some.bytes == all.bytes && some.bytes <= len));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = {(const char *)bytes, len < BYTES_MAX ? len : BYTES_MAX}, client;
	struct http_header field = {STR("x-forwarded-for"), text};
	struct http_head head = {.headers = &field, .header_count = 1};
	struct cidr ten = {.bits = 0}, address;
	struct front_trust trust = {&ten, 1, true};
	struct arena arena;

	arena_init(&arena);
	check_header(text);
	client = forwarded_for(&trust, &head, STR("unix"), &arena);
	must(str_eq(client, STR("unix")) || cidr_read_address(client, &address) == 0);
	arena_release(&arena);
	return 0;
}
