/* X-Forwarded-For: client, proxy, proxy (as MDN's page has it; RFC 7239 is spoken by few). Several
 * fields are one list. An element is an address, with a port behind it where Azure's gateways write
 * it; where one is neither, the last that was understood counts. Called by stream.c. */
#include "front/forwarded.h"

#include "base/cidr.h"

static const struct str field_name = STR_INIT("x-forwarded-for");

static int read_element(struct str text, struct cidr *out)
{
	struct str one = str_trim(text);
	size_t colon = one.len;

	if (cidr_read_address(one, out) == 0)
		return 0;
	if (str_starts_with(one, STR("["))) {
		size_t end = str_find_byte(one, ']');

		return cidr_read_address(str_part(one, 1, end - 1), out);
	}
	while (colon && one.ptr[colon - 1] != ':')
		colon--;
	return colon ? cidr_read_address(str_part(one, 0, colon - 1), out) : -1;
}

static bool is_trusted(const struct front_trust *trust, const struct cidr *address)
{
	return cidr_has(trust->ranges, trust->count, address);
}

bool forwarded_is_trusted(const struct front_trust *trust, struct str peer)
{
	struct cidr address;

	if (str_eq(peer, STR("unix")))
		return trust->has_unix;
	return cidr_read_address(peer, &address) == 0 && is_trusted(trust, &address);
}

/* Takes the last element off the list. false: there is none. */
static bool take_last(struct str *list, struct str *out)
{
	size_t comma = list->len;

	if (list->ptr == NULL)
		return false;
	while (comma && list->ptr[comma - 1] != ',')
		comma--;
	*out = str_part(*list, comma, SIZE_MAX);
	*list = comma ? str_part(*list, 0, comma - 1) : (struct str){NULL, 0};
	return true;
}

/* Goes on to the left while proxies of ours speak. true: somebody else was met, or nothing that
 * can be understood. */
static bool walk(const struct front_trust *trust, struct str list, struct cidr *last)
{
	struct str element;

	while (take_last(&list, &element)) {
		struct cidr one;

		if (read_element(element, &one) != 0)
			return true;
		*last = one;
		if (!is_trusted(trust, &one))
			return true;
	}
	return false;
}

struct str forwarded_for(const struct front_trust *trust, const struct http_head *head,
                         struct str peer, struct arena *arena)
{
	struct cidr last = {.bits = -1};
	char text[CIDR_TEXT_BYTES];
	bool is_found = !forwarded_is_trusted(trust, peer);

	for (int i = head->header_count - 1; i >= 0 && !is_found; i--)
		if (str_eq_nocase(head->headers[i].name, field_name))
			is_found = walk(trust, head->headers[i].value, &last);
	if (last.bits < 0)
		return peer;
	cidr_put_address(&last, text);
	return arena_copy(arena, str_of(text));
}
