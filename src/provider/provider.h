/* How is it asked there? Kinds of providers as table rows (credential style, habits), where each
 * one is, and the request head that goes out, with an allow-list of what is passed on from the
 * client. */
#ifndef PROVIDER_PROVIDER_H
#define PROVIDER_PROVIDER_H

#include "provider/auth.h"
#include "route/catalog.h"
#include "upstream/exchange.h"

/* Gives every provider, target and webhook of a new snapshot its origin, and providers their
 * credentials. -1: CONFIG (a proxy of the environment that cannot be used, a key file that is
 * none). */
int provider_prepare(struct config *, struct fail *) MUST_USE;

/* The origin of one provider. -1: CONFIG. */
int provider_origin(const struct config_provider *, struct arena *, struct origin *out,
                    struct fail *) MUST_USE;

/* Whether it may be asked for stream_options; one that may not sends usage without being asked. */
bool provider_takes_stream_options(const struct config_provider *);
/* Whether chat's output limit is max_tokens there, and the newer name is refused. */
bool provider_says_max_tokens(const struct config_provider *);
/* Whether its total_tokens has billed output that it names nowhere else: wire/usage.h. */
bool provider_counts_rest(const struct config_provider *);

/* Whether it tells, for nothing, how many tokens a messages request has:
 * https://docs.anthropic.com/en/api/messages-count-tokens */
bool provider_counts_tokens(const struct config_provider *);

/* Whether its requests are neither Anthropic's to bill, nor passed on there. */
bool provider_is_not_anthropic(const struct config_provider *);

/* Whether it makes a conversation shorter when it is asked to: wire/compact.h. */
bool provider_compacts(const struct config_provider *);

/* responses: does it keep to max_tool_calls, as far as is known? OpenRouter counts steps:
 * https://openrouter.ai/docs/features/server-tools. Of xAI only max_turns is known, each of many
 * calls: https://docs.x.ai/docs/guides/tools/advanced-usage. */
bool provider_limits_calls(const struct config_provider *);
/* chat: does a model that searches do so once for each request? */
bool provider_searches_once(const struct config_provider *);

/* What it does differently from its dialects' books: enum wire_habit bits. */
unsigned provider_habits(const struct config_provider *);
/* Tokens of an answer that is no stream, where it gives fewer than the model could; else 0. */
int64_t provider_most_whole(const struct config_provider *);

/* What says in the body, for messages where the path has model and stream, which API is meant; such
 * a body has neither of the two. Empty: it is a body as the dialect's book has it. */
struct str provider_body_version(const struct config_provider *, enum llm_dialect);
/* The client's anthropic-beta headers, for providers that want them in the body: a JSON array of
 * those that are known there; empty: none. *out_left_out has the others, in words. Arena. */
struct str provider_body_betas(const struct config_provider *, const struct http_head *client,
                               struct arena *, struct str *out_left_out);

struct provider_ask {
	const struct config_provider *provider;
	struct str api_key; /* empty: none is sent */
	enum llm_dialect dialect;
	const struct http_head
	    *client;      /* anthropic-version, anthropic-beta, query string, ... of it
					   are passed on; NULL: there is none */
	struct str model; /* gemini: the path has it */
	int64_t body_bytes;
	bool stream;
	bool compacts; /* responses: the endpoint of its own */
	bool counts;   /* messages: how many tokens it would be, instead of an answer */
	const struct auth_proof *proof; /* where the provider has `auth`; else NULL */
	const struct str *body;         /* for signatures */
	int body_pieces;
	int64_t now_s; /* Unix time */
};

/* Where in this provider a dialect is served: base path + the dialect's own, e.g.
 * /v1/chat/completions. For messages a base URL may end with /v1 or not, and for gemini it may
 * have no path at all. */
struct str provider_path(const struct provider_ask *, struct arena *);

/* The whole request head, with its empty line. Arena. */
struct str provider_head(const struct provider_ask *, struct arena *);

/* host, or host:port where that is not the scheme's usual one; brackets around IPv6. */
void provider_put_host(struct buf *, const struct url *);

/* What a provider's error answer means for us. */
enum provider_verdict {
	PROVIDER_SAYS_NO,    /* its own verdict on this request: 400, 404, 413, 422 */
	PROVIDER_LIMITS,     /* 429 */
	PROVIDER_OUR_FAULT,  /* 401, 402, 403, 412: our credential or account */
	PROVIDER_IN_TROUBLE, /* 408, 409, 425, 5xx, 529 and all the rest */
};
enum provider_verdict provider_verdict_of(int status);

#endif
