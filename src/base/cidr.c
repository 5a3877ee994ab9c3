/* Reading and comparing network addresses; the system's inet_pton knows their forms. Called by
 * config and front. */
#include "base/cidr.h"

#include <arpa/inet.h>

enum { BITS = 128, MAPPED_BYTES = 12, MAPPED_BITS = 96 };

static const uint8_t mapped[MAPPED_BYTES] = {[10] = 0xff, [11] = 0xff};

int cidr_read_address(struct str text, struct cidr *out)
{
	char name[CIDR_TEXT_BYTES] = {0};
	struct cidr c = {.bits = BITS};

	if (text.len == 0 || text.len >= sizeof name || memchr(text.ptr, '\0', text.len))
		return -1;
	memcpy(name, text.ptr, text.len);
	if (inet_pton(AF_INET, name, c.bytes + MAPPED_BYTES) == 1)
		memcpy(c.bytes, mapped, sizeof mapped);
	else if (inet_pton(AF_INET6, name, c.bytes) != 1)
		return -1;
	*out = c;
	return 0;
}

int cidr_read(struct str text, struct cidr *out)
{
	size_t slash = str_find_byte(text, '/');
	struct str address = str_part(text, 0, slash);
	bool is_four = str_find_byte(address, ':') == address.len;
	int64_t bits = BITS;
	struct cidr c;

	if (cidr_read_address(address, &c) != 0)
		return -1;
	if (slash < text.len) {
		struct str digits = str_part(text, slash + 1, SIZE_MAX);

		if (str_to_i64(digits, 0, is_four ? 32 : BITS, &bits) != 0)
			return -1;
		bits += is_four ? MAPPED_BITS : 0;
	}
	c.bits = (int)bits;
	*out = c;
	return 0;
}

static bool is_in(const struct cidr *range, const struct cidr *address)
{
	int whole = range->bits / 8, rest = range->bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	if (memcmp(range->bytes, address->bytes, (size_t)whole) != 0)
		return false;
	return rest == 0 || ((range->bytes[whole] ^ address->bytes[whole]) & mask) == 0;
}

bool cidr_has(const struct cidr *ranges, int count, const struct cidr *address)
{
	for (int i = 0; i < count; i++)
		if (is_in(&ranges[i], address))
			return true;
	return false;
}

void cidr_put_address(const struct cidr *c, char out[CIDR_TEXT_BYTES])
{
	if (memcmp(c->bytes, mapped, sizeof mapped) == 0)
		inet_ntop(AF_INET, c->bytes + MAPPED_BYTES, out, CIDR_TEXT_BYTES);
	else
		inet_ntop(AF_INET6, c->bytes, out, CIDR_TEXT_BYTES);
}
