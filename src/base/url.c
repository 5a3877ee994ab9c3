/* URLs of servers and proxies, and host:port pairs.
 *
 * 	https://user:pass@[2001:db8::1]:8443/v1/
 * 	scheme  user pass  host         port path
 *
 * Pure: borrows from its input, takes no memory. Strict where a lenient reader and a strict one
 * would go to different hosts: one '@' at most, only the characters of names and addresses in a
 * host, only digits in a port. Called for the configuration and for proxies from the
 * environment; must never see what a client of ours sent. */
#include "base/url.h"

static bool is_host_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-' || c == '_';
}

static bool is_address_byte(char c)
{
	return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') ||
	       c == ':' || c == '.';
}

static bool all_bytes(struct str s, bool (*is_fine)(char))
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_fine(s.ptr[i]))
			return false;
	return true;
}

static bool is_visible(char c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '\\';
}

static struct str behind(struct str s, size_t from)
{
	return str_part(s, from, s.len);
}

/* Splits "host:port" and "[address]:port"; a port that is not there leaves *out_port as it was. */
static const char *split_authority(struct str text, struct str *out_host, int *out_port)
{
	bool bracketed = text.len > 0 && text.ptr[0] == '[';
	size_t end = bracketed ? str_find_byte(text, ']') : str_find_byte(text, ':');
	struct str host = bracketed ? str_part(text, 1, end - 1) : str_part(text, 0, end);
	struct str rest = behind(text, bracketed ? end + 1 : end);
	int64_t port = *out_port;

	if (bracketed && end == text.len)
		return "has a '[' without its ']'";
	if (host.len == 0)
		return "has no host";
	if (host.len > 253)
		return "has a host that is too long";
	if (!all_bytes(host, bracketed ? is_address_byte : is_host_byte))
		return bracketed ? "has something else than an IPv6 address in its brackets"
		                 : "has a character in its host that no host has";
	if (rest.len > 0 && rest.ptr[0] != ':')
		return "has something behind the ']' that is not a port";
	if (rest.len > 0 && str_to_i64(behind(rest, 1), 0, 65535, &port) < 0)
		return "has a port that is not a number up to 65535 (IPv6 addresses stand in "
		       "brackets)";
	*out_host = host;
	*out_port = (int)port;
	return NULL;
}

static int default_port(struct str scheme)
{
	if (str_eq_nocase(scheme, STR("http")))
		return 80;
	return str_eq_nocase(scheme, STR("https")) ? 443 : 0;
}

static struct str without_slashes(struct str path)
{
	while (path.len > 0 && path.ptr[path.len - 1] == '/')
		path.len--;
	return path;
}

static void split_user(struct str *authority, struct url *u)
{
	size_t at = str_find_byte(*authority, '@');
	struct str user = str_part(*authority, 0, at);
	size_t colon = str_find_byte(user, ':');

	if (at == authority->len)
		return;
	u->user = str_part(user, 0, colon);
	u->password = behind(user, colon + 1);
	*authority = behind(*authority, at + 1);
}

const char *url_read(struct str text, struct url *out)
{
	size_t colon = str_find(text, STR("://"));
	struct url u = {.scheme = str_part(text, 0, colon)};
	struct str rest = behind(text, colon + 3), authority;
	const char *problem;

	if (!all_bytes(text, is_visible))
		return "has a blank or a character that no URL has";
	if (colon == text.len || colon == 0)
		return "does not begin with http:// or https://";
	if (str_find_byte(text, '?') < text.len || str_find_byte(text, '#') < text.len)
		return "has a query or a fragment";
	authority = str_part(rest, 0, str_find_byte(rest, '/'));
	u.path = without_slashes(behind(rest, authority.len));
	u.port = default_port(u.scheme);
	split_user(&authority, &u);
	problem = split_authority(authority, &u.host, &u.port);
	if (!problem && u.port == 0)
		problem = "has no port";
	if (!problem)
		*out = u;
	return problem;
}

const char *url_read_host_port(struct str text, struct str *out_host, int *out_port)
{
	struct str host;
	int port = -1;
	const char *problem = split_authority(text, &host, &port);

	if (problem)
		return problem;
	if (port < 0)
		return "has no port";
	*out_host = host;
	*out_port = port;
	return NULL;
}

bool url_is_loopback(struct str host)
{
	return str_eq_nocase(host, STR("localhost")) || str_eq(host, STR("::1")) ||
	       (str_starts_with(host, STR("127.")) && str_find_byte(host, ':') == host.len &&
	        host.ptr[host.len - 1] >= '0' && host.ptr[host.len - 1] <= '9');
}
