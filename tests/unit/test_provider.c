/* The request that goes to a provider: path, host, credential, what is passed on and what is not;
 * and the way there, through which proxy. */
#include "provider/provider.h"

#include "check.h"
#include "provider/proxy.h"
#include "version.h"

static struct config_provider provider_at(const char *url, enum config_kind kind)
{
	struct config_provider p = {.name = STR("p"), .base_url = str_of(url), .kind = kind};

	must(url_read(p.base_url, &p.url) == NULL);
	return p;
}

static const struct {
	const char *base_url;
	enum llm_dialect dialect;
	const char *path;
} paths[] = {
    {"https://api.openai.com/v1", LLM_CHAT, "/v1/chat/completions"},
    {"https://api.openai.com/v1/", LLM_RESPONSES, "/v1/responses"},
    {"https://api.anthropic.com", LLM_MESSAGES, "/v1/messages"},
    {"https://api.anthropic.com/v1", LLM_MESSAGES, "/v1/messages"},
    {"https://api.deepseek.com/anthropic", LLM_MESSAGES, "/anthropic/v1/messages"},
    {"https://openrouter.ai/api/v1", LLM_MESSAGES, "/api/v1/messages"},
    {"https://generativelanguage.googleapis.com/v1beta/openai", LLM_CHAT,
     "/v1beta/openai/chat/completions"},
    {"http://127.0.0.1:8080", LLM_CHAT, "/chat/completions"},
};

static void test_paths(struct arena *arena)
{
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		struct config_provider p = provider_at(paths[i].base_url, CONFIG_KIND_COMPATIBLE);

		struct provider_ask ask = {.provider = &p, .dialect = paths[i].dialect};

		CHECK_STR(provider_path(&ask, arena), str_of(paths[i].path));
	}
}

static const struct {
	const char *base_url, *model, *path;
	bool stream;
} gemini_paths[] = {
    {"https://generativelanguage.googleapis.com", "gemini-2.5-pro",
     "/v1beta/models/gemini-2.5-pro:generateContent", false},
    {"https://generativelanguage.googleapis.com/v1beta", "gemini-2.5-pro",
     "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", true},
    {"https://aiplatform.googleapis.com/v1/publishers/google", "a b?\r\xc3\xa4",
     "/v1/publishers/google/models/a%20b%3F%0D%C3%A4:generateContent", false},
};

/* Its path has the model, whose name is the operator's word. */
static void test_gemini_paths(struct arena *arena)
{
	for (size_t i = 0; i < sizeof gemini_paths / sizeof gemini_paths[0]; i++) {
		struct config_provider p =
		    provider_at(gemini_paths[i].base_url, CONFIG_KIND_COMPATIBLE);
		struct provider_ask ask = {.provider = &p,
		                           .dialect = LLM_GEMINI,
		                           .model = str_of(gemini_paths[i].model),
		                           .stream = gemini_paths[i].stream};

		CHECK_STR(provider_path(&ask, arena), str_of(gemini_paths[i].path));
	}
}

static struct http_header client_headers[] = {
    {STR_INIT("Host"), STR_INIT("router.example")},
    {STR_INIT("Authorization"), STR_INIT("Bearer sk-flux-secret")},
    {STR_INIT("X-Api-Key"), STR_INIT("sk-flux-secret")},
    {STR_INIT("Anthropic-Version"), STR_INIT("2026-10-21")},
    {STR_INIT("anthropic-beta"), STR_INIT("one,two")},
    {STR_INIT("anthropic-beta"), STR_INIT("three")},
    {STR_INIT("OpenAI-Beta"), STR_INIT("x=1")},
    {STR_INIT("Cookie"), STR_INIT("secret=1")},
    {STR_INIT("X-Forwarded-For"), STR_INIT("10.1.2.3")},
    {STR_INIT("X-Stainless-Lang"), STR_INIT("js")},
    {STR_INIT("Accept-Encoding"), STR_INIT("gzip")},
};

static void test_messages_head(struct arena *arena)
{
	struct config_provider p = provider_at("https://api.anthropic.com", CONFIG_KIND_COMPATIBLE);
	struct http_extra extra = {STR("x-team"), STR("search")};
	struct http_head client = {.headers = client_headers,
	                           .header_count = sizeof client_headers / sizeof client_headers[0],
	                           .query = STR("beta=true")};
	struct provider_ask ask = {.provider = &p,
	                           .dialect = LLM_MESSAGES,
	                           .client = &client,
	                           .body_bytes = 42,
	                           .stream = true};

	ask.api_key = STR("sk-ant-1");
	p.headers = &extra;
	p.header_count = 1;
	CHECK_STR(provider_head(&ask, arena),
	          STR("POST /v1/messages?beta=true HTTP/1.1\r\n"
	              "host: api.anthropic.com\r\n"
	              "user-agent: fluxrouter/" FLUXROUTER_VERSION "\r\n"
	              "accept: text/event-stream\r\n"
	              "accept-encoding: identity\r\n"
	              "content-type: application/json\r\n"
	              "content-length: 42\r\n"
	              "x-api-key: sk-ant-1\r\n"
	              "anthropic-version: 2026-10-21\r\n"
	              "anthropic-beta: one,two\r\n"
	              "anthropic-beta: three\r\n"
	              "x-team: search\r\n"
	              "\r\n"));
	client.header_count = 0;
	client.query = STR("");
	CHECK(str_find(provider_head(&ask, arena), STR("\r\nanthropic-version: 2023-06-01\r\n")) >
	      0);
	p.kind = CONFIG_KIND_OPENROUTER;
	ask.client = NULL;
	CHECK(str_find(provider_head(&ask, arena), STR("\r\nauthorization: Bearer sk-ant-1\r\n")) <
	      provider_head(&ask, arena).len);
}

static void test_chat_head(struct arena *arena)
{
	struct config_provider p = provider_at("http://[::1]:8080/v1", CONFIG_KIND_COMPATIBLE);
	struct http_head client = {.headers = client_headers,
	                           .header_count = sizeof client_headers / sizeof client_headers[0],
	                           .query = STR("api-version=1")};
	struct provider_ask ask = {
	    .provider = &p, .dialect = LLM_CHAT, .client = &client, .body_bytes = 7};

	CHECK_STR(provider_head(&ask, arena),
	          STR("POST /v1/chat/completions HTTP/1.1\r\n"
	              "host: [::1]:8080\r\n"
	              "user-agent: fluxrouter/" FLUXROUTER_VERSION "\r\n"
	              "accept: application/json\r\n"
	              "accept-encoding: identity\r\n"
	              "content-type: application/json\r\n"
	              "content-length: 7\r\n"
	              "openai-beta: x=1\r\n"
	              "\r\n"));
	CHECK(provider_takes_stream_options(&p));
	p.kind = CONFIG_KIND_MISTRAL;
	CHECK(!provider_takes_stream_options(&p));
}

static void test_gemini_head(struct arena *arena)
{
	struct config_provider p =
	    provider_at("https://generativelanguage.googleapis.com/v1beta", CONFIG_KIND_GEMINI);
	struct http_head client = {.headers = client_headers,
	                           .header_count = sizeof client_headers / sizeof client_headers[0],
	                           .query = STR("beta=true")};
	struct provider_ask ask = {.provider = &p,
	                           .dialect = LLM_GEMINI,
	                           .model = STR("gemini-2.5-flash"),
	                           .client = &client,
	                           .body_bytes = 7,
	                           .stream = true};

	ask.api_key = STR("AIza-1");
	CHECK_STR(
	    provider_head(&ask, arena),
	    STR("POST /v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse HTTP/1.1\r\n"
	        "host: generativelanguage.googleapis.com\r\n"
	        "user-agent: fluxrouter/" FLUXROUTER_VERSION "\r\n"
	        "accept: text/event-stream\r\n"
	        "accept-encoding: identity\r\n"
	        "content-type: application/json\r\n"
	        "content-length: 7\r\n"
	        "x-goog-api-key: AIza-1\r\n"
	        "\r\n"));
}

static const struct {
	const char *list, *host;
	int port;
	bool bypassed;
} no_proxy[] = {
    {"", "a.example", 443, false},
    {"*", "a.example", 443, true},
    {"example", "a.example", 443, true},
    {".example", "a.example", 443, true},
    {".example", "example", 443, true},
    {"ample", "a.example", 443, false},
    {"A.EXAMPLE", "a.example", 443, true},
    {"b.a.example", "a.example", 443, false},
    {"x, a.example ,y", "a.example", 443, true},
    {"x a.example", "a.example", 443, true},
    {"a.example:443", "a.example", 443, true},
    {"a.example:80", "a.example", 443, false},
    {"127.0.0.1", "127.0.0.1", 80, true},
    {"127.0.0.1", "127.0.0.10", 80, false},
    {"127.0.0.1:80", "127.0.0.1", 80, true},
    {"127.0.0.1:81", "127.0.0.1", 80, false},
    {"10.0.0.0/8", "10.200.3.4", 80, true},
    {"10.0.0.0/8", "11.200.3.4", 80, false},
    {"192.168.4.0/22", "192.168.7.255", 80, true},
    {"192.168.4.0/22", "192.168.8.0", 80, false},
    {"0.0.0.0/0", "8.8.8.8", 80, true},
    {"10.0.0.0/33", "10.0.0.1", 80, false},
    {"10.0.0.0/8", "10.example", 80, false},
    {"::1", "::1", 80, true},
    {"[::1]", "::1", 80, true},
    {"[::1]:80", "::1", 80, true},
    {"fd00::/8", "fd12:3456::1", 80, true},
    {"fd00::/8", "fe80::1", 80, false},
    {",,,", "a", 80, false},
};

static void test_no_proxy(void)
{
	for (size_t i = 0; i < sizeof no_proxy / sizeof no_proxy[0]; i++)
		if (!CHECK(proxy_is_bypassed(str_of(no_proxy[i].list), str_of(no_proxy[i].host),
		                             no_proxy[i].port) == no_proxy[i].bypassed))
			printf("    %s in %s\n", no_proxy[i].host, no_proxy[i].list);
}

static void clear_proxies(void)
{
	static const char *const names[] = {"http_proxy",  "HTTP_PROXY", "https_proxy",
	                                    "HTTPS_PROXY", "all_proxy",  "ALL_PROXY",
	                                    "no_proxy",    "NO_PROXY"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		unsetenv(names[i]);
}

static void test_origins(struct arena *arena)
{
	struct config_provider p = provider_at("https://api.example/v1", CONFIG_KIND_COMPATIBLE);
	struct origin plain, proxied, other;
	struct fail f;

	fail_init(&f, arena);
	clear_proxies();
	CHECK(provider_origin(&p, arena, &plain, &f) == 0);
	CHECK(plain.tls && plain.port == 443 && plain.proxy_host.len == 0);

	setenv("ALL_PROXY", "proxy.lan:3128", 1);
	CHECK(provider_origin(&p, arena, &proxied, &f) == 0 && proxied.proxy_port == 3128);
	CHECK_STR(proxied.proxy_host, STR("proxy.lan"));
	CHECK(!str_eq(plain.pool_key, proxied.pool_key));
	setenv("HTTPS_PROXY", "http://joe:p%40ss@secure.lan:8080", 1);
	CHECK(provider_origin(&p, arena, &proxied, &f) == 0);
	CHECK_STR(proxied.proxy_host, STR("secure.lan"));
	CHECK_STR(proxied.proxy_authorization, STR("Basic am9lOnBAc3M="));
	CHECK(str_find(proxied.pool_key, STR("p%40ss")) == proxied.pool_key.len);
	setenv("https_proxy", "http://joe:other@secure.lan:8080", 1);
	CHECK(provider_origin(&p, arena, &other, &f) == 0);
	CHECK(!str_eq(other.pool_key, proxied.pool_key));
	setenv("NO_PROXY", "localhost,.example", 1);
	CHECK(provider_origin(&p, arena, &other, &f) == 0 && other.proxy_host.len == 0);
	CHECK_STR(other.pool_key, plain.pool_key);

	p.proxy = STR("http://own.lan:1");
	CHECK(provider_origin(&p, arena, &other, &f) == 0 && other.proxy_port == 1);
	p.proxy = STR("none");
	unsetenv("NO_PROXY");
	CHECK(provider_origin(&p, arena, &other, &f) == 0 && other.proxy_host.len == 0);

	p.proxy = STR("");
	setenv("https_proxy", "socks5://hush:hush@h:1080", 1);
	CHECK(provider_origin(&p, arena, &other, &f) < 0 && f.kind == FAIL_CONFIG);
	CHECK(str_find(f.message, STR("https_proxy")) < f.message.len);
	CHECK(str_find(f.message, STR("hush")) == f.message.len);
	clear_proxies();
}

static void test_verdicts(void)
{
	CHECK(provider_verdict_of(400) == PROVIDER_SAYS_NO);
	CHECK(provider_verdict_of(422) == PROVIDER_SAYS_NO);
	CHECK(provider_verdict_of(429) == PROVIDER_LIMITS);
	CHECK(provider_verdict_of(401) == PROVIDER_OUR_FAULT);
	CHECK(provider_verdict_of(529) == PROVIDER_IN_TROUBLE);
	CHECK(provider_verdict_of(302) == PROVIDER_IN_TROUBLE);
}

int main(void)
{
	struct arena arena;

	arena_init(&arena);
	test_paths(&arena);
	test_gemini_paths(&arena);
	test_messages_head(&arena);
	test_chat_head(&arena);
	test_gemini_head(&arena);
	test_no_proxy();
	test_origins(&arena);
	test_verdicts();
	arena_release(&arena);
	return check_report("provider");
}
