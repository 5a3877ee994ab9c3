/* URLs and host:port pairs: what is read, what is refused and why, and that nothing is read past
 * the end. */
#include "base/url.h"

#include "check.h"

#include <sys/mman.h>

static const struct {
	const char *text, *scheme, *user, *password, *host;
	int port;
	const char *path;
} good[] = {
    {"https://api.openai.com/v1", "https", "", "", "api.openai.com", 443, "/v1"},
    {"http://127.0.0.1:11434/v1/", "http", "", "", "127.0.0.1", 11434, "/v1"},
    {"https://[2001:db8::1]:8443", "https", "", "", "2001:db8::1", 8443, ""},
    {"https://[::1]//", "https", "", "", "::1", 443, ""},
    {"http://joe:s%40cret@proxy.lan:3128", "http", "joe", "s%40cret", "proxy.lan", 3128, ""},
    {"http://joe@proxy:3128/", "http", "joe", "", "proxy", 3128, ""},
    {"HTTP://h/a/b", "HTTP", "", "", "h", 80, "/a/b"},
    {"socks5://h:1080", "socks5", "", "", "h", 1080, ""},
};

static const struct {
	const char *text, *problem;
} bad[] = {
    {"", "http://"},
    {"api.openai.com/v1", "http://"},
    {"://h", "http://"},
    {"https://", "no host"},
    {"https:///v1", "no host"},
    {"https://h:99999/", "port"},
    {"https://h:+80/", "port"},
    {"https://::1/", "no host"},
    {"https://fe80::1/", "port"},
    {"https://[::1", "without its ']'"},
    {"https://[::1]8080", "behind the ']'"},
    {"https://[example.com]", "IPv6"},
    {"https://a@b@c/", "no host has"},
    {"https://h/a b", "blank"},
    {"https://h/\n", "blank"},
    {"https://h/?a=b", "query"},
    {"socks5://h", "no port"},
};

static void test_urls(void)
{
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct url u = {.port = -1};

		if (!CHECK(url_read(str_of(good[i].text), &u) == NULL))
			continue;
		CHECK_STR(u.scheme, str_of(good[i].scheme));
		CHECK_STR(u.user, str_of(good[i].user));
		CHECK_STR(u.password, str_of(good[i].password));
		CHECK_STR(u.host, str_of(good[i].host));
		CHECK(u.port == good[i].port);
		CHECK_STR(u.path, str_of(good[i].path));
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct url u = {.port = -7};
		const char *problem = url_read(str_of(bad[i].text), &u);

		CHECK(u.port == -7);
		if (!CHECK(problem && strstr(problem, bad[i].problem)))
			printf("    %s: %s\n", bad[i].text, problem ? problem : "read");
	}
}

static void test_host_port(void)
{
	struct str host = STR("");
	int port = 0;

	CHECK(url_read_host_port(STR("127.0.0.1:8686"), &host, &port) == NULL && port == 8686);
	CHECK(url_read_host_port(STR("[::]:0"), &host, &port) == NULL && port == 0);
	CHECK_STR(host, STR("::"));
	CHECK(url_read_host_port(STR("127.0.0.1"), &host, &port) != NULL);
	CHECK(url_read_host_port(STR(":8686"), &host, &port) != NULL);
	CHECK(url_read_host_port(STR("::1:8686"), &host, &port) != NULL);
	CHECK_STR(host, STR("::"));
	CHECK(url_is_loopback(STR("127.0.0.1")) && url_is_loopback(STR("127.9.8.7")));
	CHECK(url_is_loopback(STR("::1")) && url_is_loopback(STR("LocalHost")));
	CHECK(!url_is_loopback(STR("::")) && !url_is_loopback(STR("0.0.0.0")));
	CHECK(!url_is_loopback(STR("127.example.com")) && !url_is_loopback(STR("")));
}

/* The text ends where memory ends. */
static void test_guard_page(void)
{
	size_t page = 4096;
	char *memory =
	    mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED && mprotect(memory + page, page, PROT_NONE) == 0);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		for (size_t len = 0; len <= strlen(good[i].text); len++) {
			char *at = memory + page - len;
			struct str text = {at, len};
			struct str host;
			struct url u;
			int port;
			const char *a, *b;

			memcpy(at, good[i].text, len);
			a = url_read(text, &u);
			b = url_read_host_port(text, &host, &port);
			CHECK(a != NULL || b != NULL);
		}
	munmap(memory, 2 * page);
}

int main(void)
{
	test_urls();
	test_host_port();
	test_guard_page();
	return check_report("url");
}
