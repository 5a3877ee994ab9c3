/* Proxies of the environment, as curl and most tools read them, and what a proxy asks for.
 *
 * Called when a snapshot is made. A value from the environment may hold a password, so messages
 * name the variable and never its value. Pure but for getenv. */
#include "provider/proxy.h"

#include "base/encode.h"

#include <arpa/inet.h>

static struct str variable(const char *const names[2], const char **out_name)
{
	for (int i = 0; i < 2; i++) {
		struct str value = str_of(getenv(names[i]));

		if (value.len > 0) {
			*out_name = names[i];
			return value;
		}
	}
	return STR("");
}

struct str proxy_of_environment(const struct url *url, const char **out_variable)
{
	static const char *const https[2] = {"https_proxy", "HTTPS_PROXY"};
	static const char *const http[2] = {"http_proxy", "HTTP_PROXY"};
	static const char *const all[2] = {"all_proxy", "ALL_PROXY"};
	static const char *const no[2] = {"no_proxy", "NO_PROXY"};
	const char *unused;
	struct str proxy =
	    variable(str_eq_nocase(url->scheme, STR("https")) ? https : http, out_variable);

	if (proxy.len == 0)
		proxy = variable(all, out_variable);
	if (proxy.len == 0 || proxy_is_bypassed(variable(no, &unused), url->host, url->port))
		return STR("");
	return proxy;
}

/* ---- NO_PROXY ---- */

struct address {
	unsigned char bytes[16];
	int bits; /* 32 or 128 */
};

static bool read_address(struct str text, struct address *out)
{
	char copy[64];

	if (text.len >= sizeof copy)
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	out->bits = 32;
	if (inet_pton(AF_INET, copy, out->bytes) == 1)
		return true;
	out->bits = 128;
	return inet_pton(AF_INET6, copy, out->bytes) == 1;
}

static bool shares_bits(const struct address *a, const struct address *b, int bits)
{
	int whole = bits / 8, rest = bits % 8;
	unsigned char mask = (unsigned char)(0xff00 >> rest);

	return memcmp(a->bytes, b->bytes, (size_t)whole) == 0 &&
	       (rest == 0 || ((a->bytes[whole] ^ b->bytes[whole]) & mask) == 0);
}

static bool is_in_block(struct str entry, struct str host)
{
	size_t slash = str_find_byte(entry, '/');
	struct address block, address;
	int64_t bits;

	if (!read_address(str_part(entry, 0, slash), &block) || !read_address(host, &address) ||
	    block.bits != address.bits)
		return false;
	bits = block.bits;
	if (slash < entry.len &&
	    str_to_i64(str_part(entry, slash + 1, entry.len), 0, block.bits, &bits) < 0)
		return false;
	return shares_bits(&block, &address, (int)bits);
}

/* example.com and .example.com: that name and all below it. */
static bool is_name_below(struct str entry, struct str host)
{
	struct str tail;

	if (entry.len > 0 && entry.ptr[0] == '.')
		entry = str_part(entry, 1, entry.len);
	if (entry.len == 0 || host.len < entry.len)
		return false;
	tail = str_part(host, host.len - entry.len, entry.len);
	return str_eq_nocase(tail, entry) &&
	       (host.len == entry.len || host.ptr[host.len - entry.len - 1] == '.');
}

static bool matches_entry(struct str entry, struct str host, int port)
{
	struct str name;
	int entry_port;

	if (str_eq(entry, STR("*")) || is_in_block(entry, host))
		return true;
	if (url_read_host_port(entry, &name, &entry_port) == NULL) {
		if (entry_port != port)
			return false;
		entry = name;
	} else if (str_starts_with(entry, STR("[")) && str_ends_with(entry, STR("]"))) {
		entry = str_part(entry, 1, entry.len - 2);
	}
	return is_in_block(entry, host) || is_name_below(entry, host);
}

bool proxy_is_bypassed(struct str list, struct str host, int port)
{
	size_t at = 0;

	while (at < list.len) {
		size_t end = at;

		while (end < list.len && !strchr(", \t", list.ptr[end]))
			end++;
		if (end > at && matches_entry(str_part(list, at, end - at), host, port))
			return true;
		at = end + 1;
	}
	return false;
}

/* ---- credentials ---- */

struct str proxy_authorization(const struct url *url, struct arena *arena)
{
	struct buf plain, value;
	struct str result;

	if (url->user.len == 0 && url->password.len == 0)
		return STR("");
	buf_init(&plain, 4096);
	buf_init(&value, 8192);
	encode_read_percent(&plain, url->user);
	buf_put_byte(&plain, ':');
	encode_read_percent(&plain, url->password);
	buf_put(&value, STR("Basic "));
	encode_base64(&value, buf_str(&plain));
	result = arena_copy(arena, buf_str(&value));
	buf_release(&plain);
	buf_release(&value);
	return result;
}
