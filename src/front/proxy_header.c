/* Reads PROXY headers. TLVs are looked at for their lengths alone. Called by conn_open.c. Must
 * never read behind `bytes`. */
#include "front/proxy_header.h"

#include "limits.h"

enum {
	V1_BYTES = 107, /* the longest line with its CRLF */
	V2_HEAD = 16,
	V2_LOCAL = 0x20,
	V2_PROXY = 0x21,
	TLV_HEAD = 3,
	PORT_DIGITS = 5,
};

static const struct str v1_start = STR_INIT("PROXY ");
static const struct str v2_start = STR_INIT("\r\n\r\n\0\r\nQUIT\n");

/* Families of version 2: how long the addresses are, where the source stands. */
static const struct {
	uint8_t code;
	uint8_t address_bytes;
	uint16_t all_bytes;
} families[] = {
    {0x00, 0, 0},   /* unspecified */
    {0x11, 4, 12},  /* TCP over IPv4 */
    {0x21, 16, 36}, /* TCP over IPv6 */
    {0x31, 0, 216}, /* unix */
};

/* --- version 1 --- */

static bool is_port(struct str text)
{
	int64_t port;

	return text.len > 0 && text.len <= PORT_DIGITS && (text.len == 1 || text.ptr[0] != '0') &&
	       str_to_i64(text, 0, 65535, &port) == 0;
}

static bool is_of_family(struct str address, bool is_six, struct cidr *out)
{
	bool has_colon = str_find_byte(address, ':') < address.len;

	return has_colon == is_six && cidr_read_address(address, out) == 0;
}

/* family SP source SP destination SP port SP port */
static enum proxy_read read_line(struct str line, struct proxy_header *out)
{
	struct str rest = line, word[5];
	struct cidr destination;
	bool is_six;

	if (str_eq(line, STR("UNKNOWN")) || str_starts_with(line, STR("UNKNOWN ")))
		return PROXY_DONE;
	for (int i = 0; i < 5; i++)
		if (!str_next_field(&rest, ' ', &word[i]))
			return PROXY_BAD;
	is_six = str_eq(word[0], STR("TCP6"));
	if (rest.len || (!is_six && !str_eq(word[0], STR("TCP4"))))
		return PROXY_BAD;
	if (!is_of_family(word[1], is_six, &out->source) ||
	    !is_of_family(word[2], is_six, &destination) || !is_port(word[3]) || !is_port(word[4]))
		return PROXY_BAD;
	out->has_source = true;
	return PROXY_DONE;
}

static enum proxy_read read_v1(struct str bytes, struct proxy_header *out)
{
	struct str line = str_part(bytes, 0, V1_BYTES);
	size_t end = str_find_byte(line, '\n');

	if (end == line.len)
		return line.len == V1_BYTES ? PROXY_BAD : PROXY_MORE;
	if (line.ptr[end - 1] != '\r')
		return PROXY_BAD;
	out->bytes = end + 1;
	return read_line(str_part(line, v1_start.len, end - 1 - v1_start.len), out);
}

/* --- version 2 --- */

static size_t read_u16(const char *at)
{
	const unsigned char *b = (const unsigned char *)at;

	return (size_t)b[0] << 8 | b[1];
}

static bool are_tlvs(struct str bytes)
{
	while (bytes.len) {
		size_t len;

		if (bytes.len < TLV_HEAD)
			return false;
		len = TLV_HEAD + read_u16(bytes.ptr + 1);
		if (len > bytes.len)
			return false;
		bytes = str_part(bytes, len, SIZE_MAX);
	}
	return true;
}

static void put_source(const char *at, size_t bytes, struct proxy_header *out)
{
	out->source = (struct cidr){.bits = 128};
	if (bytes == 4)
		out->source.bytes[10] = out->source.bytes[11] = 0xff;
	memcpy(out->source.bytes + 16 - bytes, at, bytes);
	out->has_source = true;
}

static enum proxy_read read_addresses(struct str body, uint8_t family, bool is_local,
                                      struct proxy_header *out)
{
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
		if (families[i].code != family)
			continue;
		if (body.len < families[i].all_bytes)
			return PROXY_BAD;
		if (family && !are_tlvs(str_part(body, families[i].all_bytes, SIZE_MAX)))
			return PROXY_BAD;
		if (families[i].address_bytes && !is_local)
			put_source(body.ptr, families[i].address_bytes, out);
		return PROXY_DONE;
	}
	return is_local ? PROXY_DONE : PROXY_BAD;
}

static enum proxy_read read_v2(struct str bytes, struct proxy_header *out)
{
	uint8_t command, family;
	size_t len;

	if (bytes.len < V2_HEAD)
		return PROXY_MORE;
	command = (uint8_t)bytes.ptr[12];
	family = (uint8_t)bytes.ptr[13];
	len = read_u16(bytes.ptr + 14);
	if ((command != V2_LOCAL && command != V2_PROXY) || len > LIMIT_PROXY_BYTES)
		return PROXY_BAD;
	if (bytes.len < V2_HEAD + len)
		return PROXY_MORE;
	out->bytes = V2_HEAD + len;
	return read_addresses(str_part(bytes, V2_HEAD, len), family, command == V2_LOCAL, out);
}

static bool may_become(struct str bytes, struct str start)
{
	struct str common = str_part(bytes, 0, start.len);

	return str_eq(common, str_part(start, 0, common.len));
}

enum proxy_read proxy_header_read(struct str bytes, struct proxy_header *out)
{
	*out = (struct proxy_header){0};
	if (bytes.len >= v1_start.len && str_starts_with(bytes, v1_start))
		return read_v1(bytes, out);
	if (bytes.len >= v2_start.len && str_starts_with(bytes, v2_start))
		return read_v2(bytes, out);
	return may_become(bytes, v1_start) || may_become(bytes, v2_start) ? PROXY_MORE : PROXY_BAD;
}
