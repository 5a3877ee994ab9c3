/* Kinds of providers and the head of the request that goes to one:
 *
 *	POST /v1/messages?beta=true HTTP/1.1
 *	host: api.anthropic.com
 *	user-agent, accept, accept-encoding, content-type, content-length
 *	authorization, x-api-key, api-key, x-goog-api-key   the provider's credential
 *	anthropic-version, anthropic-beta, openai-beta     the client's
 *	...                                                fixed ones of the configuration
 *
 * Of the client's headers only the rows of `passed` go on: never its key, its address, its cookies,
 * or what its library says of itself. Called once per attempt; pure but for the arena. The
 * credential stands in the result, which must never be logged. */
#include "provider/provider.h"

#include "provider/path.h"
#include "provider/sigv4.h"
#include "version.h"
#include "wire/eventstream.h"
#include "wire/job.h"

enum auth { AUTH_BEARER, AUTH_X_API_KEY, AUTH_X_GOOG_API_KEY, AUTH_API_KEY };

/* Chat, responses, messages, gemini. */
#define USUAL_AUTH                                                                                 \
	{                                                                                          \
		AUTH_BEARER, AUTH_BEARER, AUTH_X_API_KEY, AUTH_X_GOOG_API_KEY                      \
	}

/* What servers that follow OpenAI's chat API from a distance mostly know: the words of 2024. */
enum {
	OLDER_CHAT = WIRE_OLD_MAX_TOKENS | WIRE_NO_DEVELOPER | WIRE_NO_CUSTOM_TOOLS | WIRE_NO_NAMES
};

static const struct kind {
	enum auth auth[LLM_WIRES];
	bool takes_stream_options;
	bool counts_rest; /* total_tokens has billed output that completion_tokens lacks */
	unsigned habits;  /* enum wire_habit bits, for requests that are translated */
} kinds[CONFIG_KIND_COUNT] = {
    [CONFIG_KIND_COMPATIBLE] = {USUAL_AUTH, true, false, OLDER_CHAT},
    [CONFIG_KIND_OPENAI] = {USUAL_AUTH, true, false, 0},
    [CONFIG_KIND_ANTHROPIC] = {USUAL_AUTH, true, false, OLDER_CHAT},
    /* https://openrouter.ai/docs/api-reference/authentication: Bearer for every dialect. */
    [CONFIG_KIND_OPENROUTER] = {{AUTH_BEARER, AUTH_BEARER, AUTH_BEARER, AUTH_BEARER},
                                true,
                                false,
                                OLDER_CHAT},
    /* https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle: the v1 API at
     * /openai/v1 is OpenAI's own, with the key in api-key. */
    [CONFIG_KIND_AZURE] = {{AUTH_API_KEY, AUTH_API_KEY, AUTH_X_API_KEY, AUTH_API_KEY},
                           true,
                           false,
                           0},
    /* 422 "extra_forbidden" for stream_options.include_usage; its streams end with usage anyway:
     * https://github.com/openai/openai-agents-python/issues/442. The same for store and metadata:
     * https://github.com/Gitlawb/openclaude/issues/739,
     * https://github.com/OpenHands/OpenHands-CLI/issues/83. */
    [CONFIG_KIND_MISTRAL] = {USUAL_AUTH, false, false,
                             OLDER_CHAT | WIRE_NO_STREAM_OPTIONS | WIRE_NINE_LETTER_IDS},
    /* Its thinking is billed as output, and stands in the total alone:
     * https://github.com/mozilla-ai/any-llm/issues/1290 (the same figures, not compatible) */
    [CONFIG_KIND_GEMINI] = {USUAL_AUTH, true, true, OLDER_CHAT},
    /* 400 "Missing reasoning_content field in the assistant message" beside calls:
     * https://api-docs.deepseek.com/guides/thinking_mode#tool-calls. JSON without a schema:
     * https://api-docs.deepseek.com/guides/json_mode. Thinking is switched off by `thinking` alone:
     * https://github.com/dirge-code/dirge/pull/598. */
    [CONFIG_KIND_DEEPSEEK] = {USUAL_AUTH, true, false,
                              OLDER_CHAT | WIRE_SENDS_REASONING | WIRE_NO_SCHEMA |
                                  WIRE_SWITCHES_THINKING},
    /* 400 "thinking is enabled but reasoning_content is missing in assistant tool call message":
     * https://github.com/MoonshotAI/kimi-agent-sdk/issues/169. The switch:
     * https://github.com/joe223/AriaType/discussions/4. */
    [CONFIG_KIND_MOONSHOT] = {USUAL_AUTH, true, false,
                              OLDER_CHAT | WIRE_SENDS_REASONING | WIRE_SWITCHES_THINKING},
    /* Thinking is to come back with the results of tools:
     * https://docs.z.ai/guides/capabilities/thinking-mode, "Interleaved thinking"; and there, how
     * it is switched off. */
    [CONFIG_KIND_ZAI] = {USUAL_AUTH, true, false,
                         OLDER_CHAT | WIRE_SENDS_REASONING | WIRE_SWITCHES_THINKING},
    /* Without it thinking stands in the text, between tags:
     * https://github.com/vellum-ai/vellum-assistant/pull/34556; the way back:
     * https://github.com/LionSR/TeXRA/pull/2947. */
    [CONFIG_KIND_MINIMAX] = {USUAL_AUTH, true, false,
                             OLDER_CHAT | WIRE_SENDS_REASONING | WIRE_SPLITS_REASONING},
    /* enable_thinking: https://help.aliyun.com/en/model-studio/deep-thinking. */
    [CONFIG_KIND_QWEN] = {USUAL_AUTH, true, false, OLDER_CHAT | WIRE_ENABLES_THINKING},
    /* 400 for parallel_tool_calls and service_tier:
     * https://inference-docs.cerebras.ai/resources/openai. */
    [CONFIG_KIND_CEREBRAS] = {USUAL_AUTH, true, false, OLDER_CHAT | WIRE_NO_PARALLEL},
    [CONFIG_KIND_FIREWORKS] = {USUAL_AUTH, true, false, OLDER_CHAT},
    /* "'response_format.type' must be 'json_schema' or 'text'":
     * https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/189. */
    [CONFIG_KIND_LMSTUDIO] = {USUAL_AUTH, true, false, OLDER_CHAT | WIRE_NO_JSON_OBJECT},
    /* With a key of its own: https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html.
     */
    [CONFIG_KIND_BEDROCK] = {{AUTH_BEARER, AUTH_BEARER, AUTH_BEARER, AUTH_BEARER},
                             true,
                             false,
                             OLDER_CHAT},
    [CONFIG_KIND_VERTEX] = {{AUTH_BEARER, AUTH_BEARER, AUTH_BEARER, AUTH_X_GOOG_API_KEY},
                            true,
                            true,
                            OLDER_CHAT},
};

/* Headers of the client that a dialect's providers understand. */
static const struct passed {
	struct str name;
	struct str value_if_absent;
	bool to[LLM_WIRES];
} passed[] = {
    {STR_INIT("anthropic-version"), STR_INIT("2023-06-01"), {[LLM_MESSAGES] = true}},
    {STR_INIT("anthropic-beta"), STR_INIT(""), {[LLM_MESSAGES] = true}},
    {STR_INIT("openai-beta"), STR_INIT(""), {[LLM_CHAT] = true, [LLM_RESPONSES] = true}},
};

enum { HEAD_BYTES_MAX = 512 * 1024, HEAD_BYTES_USUAL = 1024 };

bool provider_takes_stream_options(const struct config_provider *p)
{
	return kinds[p->kind].takes_stream_options;
}

bool provider_says_max_tokens(const struct config_provider *p)
{
	return p->kind == CONFIG_KIND_MISTRAL;
}

bool provider_counts_rest(const struct config_provider *p)
{
	return kinds[p->kind].counts_rest;
}

bool provider_counts_tokens(const struct config_provider *p)
{
	return p->kind == CONFIG_KIND_ANTHROPIC && p->speaks[LLM_MESSAGES];
}

bool provider_is_not_anthropic(const struct config_provider *p)
{
	static const bool passes_on[CONFIG_KIND_COUNT] = {
	    [CONFIG_KIND_ANTHROPIC] = true, [CONFIG_KIND_OPENROUTER] = true,
	    [CONFIG_KIND_AZURE] = true,     [CONFIG_KIND_BEDROCK] = true,
	    [CONFIG_KIND_VERTEX] = true,
	};

	return !passes_on[p->kind];
}

/* https://developers.openai.com/api/docs/guides/compaction; Azure has the same API. */
bool provider_compacts(const struct config_provider *p)
{
	return p->kind == CONFIG_KIND_OPENAI || p->kind == CONFIG_KIND_AZURE;
}

bool provider_limits_calls(const struct config_provider *p)
{
	return p->kind == CONFIG_KIND_OPENAI || p->kind == CONFIG_KIND_AZURE ||
	       p->kind == CONFIG_KIND_OPENROUTER;
}

bool provider_searches_once(const struct config_provider *p)
{
	return p->kind == CONFIG_KIND_OPENAI || p->kind == CONFIG_KIND_AZURE;
}

/* 400 "Requests with max_tokens > 4096 must have stream=true":
 * https://github.com/nullclaw/nullclaw/pull/231. */
int64_t provider_most_whole(const struct config_provider *p)
{
	return p->kind == CONFIG_KIND_FIREWORKS ? 4096 : 0;
}

unsigned provider_habits(const struct config_provider *p)
{
	return kinds[p->kind].habits;
}

/* The arena gets the text, and the buf lets go of it. */
static struct str take_text(struct buf *out, struct arena *arena)
{
	struct str text;

	must(!buf_is_over(out));
	text = arena_copy(arena, buf_str(out));
	buf_release(out);
	return text;
}

struct str provider_path(const struct provider_ask *ask, struct arena *arena)
{
	struct buf out;

	buf_init(&out, HEAD_BYTES_MAX);
	path_put(&out, ask);
	return take_text(&out, arena);
}

void provider_put_host(struct buf *out, const struct url *url)
{
	bool is_ipv6 = str_find_byte(url->host, ':') < url->host.len;
	bool is_default = url->port == (str_eq_nocase(url->scheme, STR("https")) ? 443 : 80);

	buf_put(out, is_ipv6 ? STR("[") : STR(""));
	buf_put(out, url->host);
	buf_put(out, is_ipv6 ? STR("]") : STR(""));
	if (!is_default) {
		buf_put_byte(out, ':');
		buf_put_i64(out, url->port);
	}
}

static void put_line(struct buf *out, struct str name, struct str value)
{
	buf_put(out, name);
	buf_put(out, STR(": "));
	buf_put(out, value);
	buf_put(out, STR("\r\n"));
}

static void put_request_line(struct buf *out, const struct provider_ask *ask)
{
	struct str query = ask->client ? ask->client->query : STR("");

	buf_put(out, STR("POST "));
	path_put(out, ask);
	if (ask->dialect == LLM_MESSAGES && query.len > 0 &&
	    provider_body_version(ask->provider, ask->dialect).len == 0) {
		buf_put_byte(out, '?');
		buf_put(out, query);
	}
	buf_put(out, STR(" HTTP/1.1\r\n"));
}

static void put_host(struct buf *out, const struct url *url)
{
	buf_put(out, STR("host: "));
	provider_put_host(out, url);
	buf_put(out, STR("\r\n"));
}

/* What is signed is what was put before it: request line and host. */
static void put_signature(struct buf *out, const struct provider_ask *ask)
{
	const struct config_auth *auth = ask->provider->auth;
	struct sigv4_ask sign = {.method = STR("POST"),
	                         .content_type = STR("application/json"),
	                         .region = auth->texts[CONFIG_AUTH_TEXT_region],
	                         .service = STR("bedrock"),
	                         .key_id = ask->proof->key_id,
	                         .secret = ask->proof->secret,
	                         .session = ask->proof->session,
	                         .now_s = ask->now_s + ask->proof->skew_s,
	                         .body = ask->body,
	                         .body_pieces = ask->body_pieces};
	struct buf path, host;

	buf_init(&path, HEAD_BYTES_MAX);
	buf_init(&host, HEAD_BYTES_MAX);
	path_put(&path, ask);
	provider_put_host(&host, &ask->provider->url);
	sign.path = buf_str(&path);
	sign.host = buf_str(&host);
	sigv4_put_headers(out, &sign);
	buf_release(&path);
	buf_release(&host);
}

static void put_proof(struct buf *out, const struct provider_ask *ask)
{
	if (ask->proof->bearer.len)
		buf_put(out, STR("authorization: Bearer "));
	buf_put(out, ask->proof->bearer);
	if (ask->proof->bearer.len)
		buf_put(out, STR("\r\n"));
	else
		put_signature(out, ask);
}

static void put_credential(struct buf *out, const struct provider_ask *ask)
{
	static const struct str names[] = {
	    [AUTH_BEARER] = STR_INIT("authorization: Bearer "),
	    [AUTH_X_API_KEY] = STR_INIT("x-api-key: "),
	    [AUTH_X_GOOG_API_KEY] = STR_INIT("x-goog-api-key: "),
	    [AUTH_API_KEY] = STR_INIT("api-key: "),
	};

	if (ask->proof) {
		put_proof(out, ask);
		return;
	}
	if (ask->api_key.len == 0)
		return;
	buf_put(out, names[kinds[ask->provider->kind].auth[ask->dialect]]);
	buf_put(out, ask->api_key);
	buf_put(out, STR("\r\n"));
}

/* Where the body says the version; Bedrock's says the betas too. */
static bool is_in_body(const struct provider_ask *ask, struct str name)
{
	return provider_body_version(ask->provider, ask->dialect).len > 0 &&
	       (ask->provider->kind == CONFIG_KIND_BEDROCK ||
	        str_eq(name, STR("anthropic-version")));
}

static void put_passed(struct buf *out, const struct provider_ask *ask)
{
	for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++) {
		bool found = false;

		if (!passed[i].to[ask->dialect] || is_in_body(ask, passed[i].name))
			continue;
		for (int h = 0; ask->client && h < ask->client->header_count; h++)
			if (ask->client->headers[h].name.len == passed[i].name.len &&
			    str_eq_nocase(ask->client->headers[h].name, passed[i].name)) {
				put_line(out, passed[i].name, ask->client->headers[h].value);
				found = true;
			}
		if (!found && passed[i].value_if_absent.len > 0)
			put_line(out, passed[i].name, passed[i].value_if_absent);
	}
}

static struct str accepted(const struct provider_ask *ask)
{
	if (!ask->stream)
		return STR("application/json");
	return ask->provider->kind == CONFIG_KIND_BEDROCK && ask->dialect == LLM_MESSAGES
	           ? EVENTSTREAM_TYPE
	           : STR("text/event-stream");
}

static void put_head(struct buf *out, const struct provider_ask *ask)
{
	put_request_line(out, ask);
	put_host(out, &ask->provider->url);
	put_line(out, STR("user-agent"), STR("fluxrouter/" FLUXROUTER_VERSION));
	put_line(out, STR("accept"), accepted(ask));
	put_line(out, STR("accept-encoding"), STR("identity"));
	put_line(out, STR("content-type"), STR("application/json"));
	buf_put(out, STR("content-length: "));
	buf_put_i64(out, ask->body_bytes);
	buf_put(out, STR("\r\n"));
	put_credential(out, ask);
	put_passed(out, ask);
	for (int i = 0; i < ask->provider->header_count; i++)
		put_line(out, ask->provider->headers[i].name, ask->provider->headers[i].value);
	buf_put(out, STR("\r\n"));
}

struct str provider_head(const struct provider_ask *ask, struct arena *arena)
{
	char room[HEAD_BYTES_USUAL];
	struct buf out = {.ptr = room, .cap = sizeof room, .max = sizeof room};

	put_head(&out, ask);
	if (!buf_is_over(&out))
		return arena_copy(arena, buf_str(&out));
	buf_init(&out, HEAD_BYTES_MAX);
	put_head(&out, ask);
	return take_text(&out, arena);
}

enum provider_verdict provider_verdict_of(int status)
{
	switch (status) {
	case 400:
	case 404:
	case 413:
	case 422:
		return PROVIDER_SAYS_NO;
	case 429:
		return PROVIDER_LIMITS;
	case 401:
	case 402:
	case 403:
	case 412:
		return PROVIDER_OUR_FAULT;
	default:
		return PROVIDER_IN_TROUBLE;
	}
}
