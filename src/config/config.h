/* The configuration: one YAML file (or the built-in defaults) as an immutable snapshot. A request
 * pins the snapshot it began with; a reload swaps in a new one. etc/fluxrouter.yaml explains every
 * option.
 *
 * Secrets may be given as "${NAME}" (environment) or "file:PATH" (first line); they are read once
 * here and never printed.
 *
 * THREADS: config_current/config_put may be called from any thread; a snapshot is read-only. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/buf.h"
#include "base/cidr.h"
#include "base/tls.h"
#include "base/url.h"
#include "fail.h"
#include "ledger/price.h"
#include "llm.h"

enum config_lane { CONFIG_EXPRESS, CONFIG_DAILY, CONFIG_DEEP };
/* When the journal is made to last through power loss: every journal_sync_ms, before each answer,
 * or when the system does it. */
enum config_sync { CONFIG_SYNC_GROUP, CONFIG_SYNC_EACH, CONFIG_SYNC_OFF };
enum config_log { CONFIG_LOGFMT, CONFIG_LOG_JSON };

struct origin; /* upstream/exchange.h */

/* Habits that differ from what a provider's dialects promise; provider/provider.c has a row for
 * each. */
#define CONFIG_KINDS(X)                                                                            \
	X(COMPATIBLE, "compatible")                                                                \
	X(OPENAI, "openai")                                                                        \
	X(ANTHROPIC, "anthropic")                                                                  \
	X(OPENROUTER, "openrouter")                                                                \
	X(AZURE, "azure")                                                                          \
	X(MISTRAL, "mistral")                                                                      \
	X(GEMINI, "gemini")                                                                        \
	X(DEEPSEEK, "deepseek")                                                                    \
	X(MOONSHOT, "moonshot")                                                                    \
	X(ZAI, "zai")                                                                              \
	X(QWEN, "qwen")                                                                            \
	X(MINIMAX, "minimax")                                                                      \
	X(CEREBRAS, "cerebras")                                                                    \
	X(FIREWORKS, "fireworks")                                                                  \
	X(LMSTUDIO, "lmstudio")                                                                    \
	X(BEDROCK, "bedrock")                                                                      \
	X(VERTEX, "vertex")

enum config_kind {
#define X(name, text) CONFIG_KIND_##name,
	CONFIG_KINDS(X)
#undef X
	    CONFIG_KIND_COUNT
};

/* How long is waited for what; 0: without end. */
struct config_waits {
	int64_t connect_ms;           /* name, TCP, proxy and TLS together */
	int64_t first_byte_ms;        /* from the request to an answer that is no stream */
	int64_t stream_first_byte_ms; /* or to one that is */
	int64_t idle_ms;              /* between two pieces of it */
	int64_t total_ms;
};

/* How a credential is come by that is no plain key; provider/auth.h has a row for each. */
#define CONFIG_AUTHS(X)                                                                            \
	X(AWS_KEYS, "aws-keys")                                                                    \
	X(AWS_INSTANCE, "aws-instance")                                                            \
	X(AWS_CONTAINER, "aws-container")                                                          \
	X(AWS_WEB_IDENTITY, "aws-web-identity")                                                    \
	X(GOOGLE_KEY_FILE, "google-key-file")                                                      \
	X(GOOGLE_INSTANCE, "google-instance")                                                      \
	X(ENTRA, "entra")

enum config_auth_style {
#define X(name, text) CONFIG_AUTH_##name,
	CONFIG_AUTHS(X)
#undef X
	    CONFIG_AUTH_COUNT
};

/* What such a credential is made of; members of the option `auth` beside style and url. */
#define CONFIG_AUTH_TEXTS(X)                                                                       \
	X(region)                                                                                  \
	X(access_key_id)                                                                           \
	X(secret_access_key)                                                                       \
	X(session_token)                                                                           \
	X(role)                                                                                    \
	X(token_file)                                                                              \
	X(key_file)                                                                                \
	X(tenant)                                                                                  \
	X(client_id)                                                                               \
	X(client_secret)                                                                           \
	X(scope)

enum config_auth_text {
#define X(name) CONFIG_AUTH_TEXT_##name,
	CONFIG_AUTH_TEXTS(X)
#undef X
	    CONFIG_AUTH_TEXT_COUNT
};

struct config_auth;
struct credential; /* provider/auth.h */

struct config_provider {
	struct str name;
	bool speaks[LLM_WIRES]; /* `dialect: chat` or `dialects: [chat, responses]` */
	struct str base_url;    /* http:// or https://, no trailing slash */
	struct url url;         /* the same, in parts */
	struct str *api_keys;   /* resolved; empty: none is sent; secret */
	int api_key_count;      /* 1 at least */
	enum config_kind kind;  /* row of the provider table */
	struct str proxy;       /* URL; empty: environment; "none": direct */
	struct str ca_file, cert_file, key_file;
	struct http_extra *headers; /* fixed headers to add: name, value */
	int header_count;
	struct config_waits waits;
	bool drains; /* client_gone: drain */
	/* Where requests go, for whole answers and for streams; set by provider_prepare. */
	const struct origin *origin, *stream_origin;
	struct str api_version;        /* azure: of its older paths; empty: /openai/v1 */
	struct config_auth *auth;      /* in place of api_key; NULL: none */
	struct credential *credential; /* of auth; counted; set by provider_prepare */
};

struct config_auth {
	enum config_auth_style style;
	struct str texts[CONFIG_AUTH_TEXT_COUNT]; /* empty: absent; some are secret */
	struct config_provider place; /* where it is fetched: name, url, origin, proxy, ca_file */
};

struct http_extra {
	struct str name, value;
};

/* Of a provider with several credentials there is one for each. */
struct config_target {
	const struct config_provider *provider;
	struct str model;   /* the provider's id */
	int weight;         /* 1..1000, default 1 */
	struct str api_key; /* empty: none is sent; secret */
	int credential;     /* 1 and on; 0: there is but one */
	struct config_waits waits;
	const struct origin *origin, *stream_origin; /* as the provider's */
};

struct config_model {
	struct str name;
	struct str owned_by; /* default: the first target's provider */
	int64_t created_s;   /* Unix seconds; default: `released`, else the config's own time */
	enum config_lane lane;
	struct price_set prices; /* what the provider charges */
	struct price_set floors; /* the same, but output is never below the lane's floor */
	int64_t context;         /* tokens; 0: unknown */
	int64_t max_output;      /* tokens; 0: unknown */
	unsigned can;            /* enum llm_ability bits */
	struct config_target *targets;
	int target_count;
};

struct config_tier {
	struct config_model **models; /* default first, then fallbacks */
	int model_count;
};

/* What accounts pay, where that is not the cost. Empty: any. Globs, any case. */
struct config_charge {
	struct str account, plan, model;
	struct price_terms terms;
};

struct config_alias {
	struct str match; /* name or glob, any case */
	struct str to;    /* flux-auto, flux-fast, ..., flux-pinned-NAME */
};

struct config_admin {
	struct str listen; /* empty: there is no admin API */
	struct str key;    /* its credential; secret */
};

/* Where alerts go; events are bits 1 << enum config_mark. */
struct config_webhook {
	struct config_provider place; /* name, url, origin; the rest as for providers */
	struct str secret;            /* signs what is sent; empty: nothing is signed */
	unsigned events;
};

/* Percentages of a ceiling at which an alert is sent. */
#define CONFIG_MARKS(X) X(50) X(80) X(100)

enum config_mark {
#define X(percent) CONFIG_MARK_##percent,
	CONFIG_MARKS(X)
#undef X
	    CONFIG_MARK_COUNT
};

/* When a target is left alone, when it is asked again, and how often a request may move on. */
struct config_health {
	bool has_breaker;
	int failures;     /* in a row that open it; 0: never for that */
	int error_bp;     /* of the attempts in the window; 0: never for that */
	int requests_min; /* in the window, before their share says anything */
	int64_t window_ms;
	int64_t cool_ms, cool_max_ms; /* how long it stays open; doubled each time up to the most */
	int64_t told_max_ms;          /* the longest Retry-After that is believed */
	int retries_bp;               /* failed retries, of first attempts */
	int retries_floor;            /* and so many a second */
	int attempts_max;             /* of a request */
	int64_t attempts_ms;          /* after that none begins */
	int64_t backoff_ms;           /* before a provider is asked again */
	int64_t heartbeat_ms;         /* of silence on a stream; 0: none */
};

enum { CONFIG_OVERLOAD_TURN_MIN_MS = 20 };
enum { CONFIG_LISTEN_MAX = 16 }; /* addresses, of `listen` and `listeners` together */

/* An address where clients connect, and how. */
struct config_listen {
	struct str address;
	struct tls_server *tls; /* NULL: none */
	bool has_proxy_header;  /* PROXY protocol, before anything else */
	bool speaks_http2;      /* under TLS as agreed; in plain to who knows beforehand */
};

struct config {
	struct arena arena; /* of everything here */
	char hash[13];      /* 12 hex digits over the meaning of the file (secrets left out) */
	struct str source;  /* file name, or "built-in" */

	struct config_listen *listen;
	int listen_count;
	struct cidr *trusted; /* proxies that are believed about their clients */
	int trusted_count;
	bool trusts_unix;          /* so are those that connect to a unix socket */
	bool insecure;             /* plaintext off loopback is allowed */
	struct str metrics_listen; /* default 127.0.0.1:9686; "off" */
	struct str data;
	struct str store; /* address of a PostgreSQL; empty: SQLite, in data; secret */
	enum config_sync journal_sync;
	int64_t journal_sync_ms;     /* 1..1000 */
	int threads;                 /* 0: one per core */
	int requests_max, queue_max; /* of each loop */
	int64_t queue_wait_ms, overload_turn_ms;
	int64_t drain_delay_ms, drain_limit_ms, upgrade_limit_ms;
	size_t body_memory_max;
	int connections_max; /* per loop */
	enum config_log log_format;
	bool strict_names;
	bool cost_in_usage;        /* splice cost_usd and currency into usage objects */
	int64_t global_month_nusd; /* ceiling of all accounts together; INT64_MAX: none */
	int quality;               /* 0..100 for the scorer */
	int reasoning_percent;     /* wished share of the reasoning tier, 1..99; 0: no wish */
	enum llm_tier tier_floor, tier_ceiling; /* of flux-auto */
	bool keeps_decisions;                   /* `decisions: off` does not */
	struct str decisions_dir;               /* empty: DATA/decisions */
	int64_t decisions_max_bytes;
	struct str samples_key; /* secret; empty: no content is ever kept */
	int samples_percent;    /* of the requests to flux-auto */
	int64_t samples_keep_ms;
	struct str scorer_file;   /* empty: the built-in one */
	struct str tokenizer_dir; /* empty: where token/shelf.h looks */
	struct str scorer_bytes;  /* of it, as read once */

	struct config_provider *providers;
	int provider_count;
	struct config_model *models;
	int model_count;
	struct config_tier tiers[LLM_TIERS];
	struct config_alias *aliases;
	int alias_count;
	struct config_charge *charges; /* the first that fits counts */
	int charge_count;
	bool apply_floor;

	struct config_health health;
	struct config_admin admin;
	struct config_webhook *webhooks;
	int webhook_count;
	int64_t retention_ms; /* entries are purged when they are older; 0: never */

	struct catalog *catalog; /* built by route/catalog from the above; owned by the arena */
	struct str *warnings;    /* "FILE:LINE:COLUMN: warning: ...", for the log */
	int warning_count;
	/* Gives back what the snapshot holds beside its memory; NULL: nothing. Set by
	 * provider_prepare. */
	void (*on_release)(struct config *);
	int references; /* atomic */
};

/* -1: f->message is "FILE:LINE:COLUMN: what is wrong; what would be right". More than one mistake:
 * the first, and config_check prints all. Fills defaults, resolves secrets and references. */
int config_read(struct str file, struct config **out, struct fail *) MUST_USE;
/* The same from text that is in memory; `file` is what messages call it. */
int config_read_text(struct str file, struct str text, struct config **out, struct fail *) MUST_USE;

/* To look at a catalog and not to serve: secrets and certificates are not read, so that nobody
 * needs them. `file` empty: the built-in one, with all its providers. */
int config_read_catalog(struct str file, struct config **out, struct fail *) MUST_USE;

/* Puts every mistake and every warning of the file into the report, one line each, in the order of
 * the file. Gives how many mistakes; warnings do not count. */
int config_check(struct str file, struct buf *out_report);
int config_check_text(struct str file, struct str text, struct buf *out_report);

/* A provider of the built-in catalog: found when the environment has its key, or, where there is
 * none, when something answers at its address (GET base_url/models). */
struct config_offer {
	struct str provider;
	struct str base_url;
	struct str env;   /* name of the variable that holds the key; empty: a local server */
	bool has_key;     /* that variable is set and not empty */
	struct str value; /* of it; secret */
	bool is_demo;     /* the simulator, which --demo starts: its address is not known yet */
};
int config_offers(struct arena *, struct config_offer **out); /* gives how many */

/* A provider that the environment offers; see cli/serve. */
struct config_found {
	struct str provider; /* name in the catalog: openai, anthropic, ..., ollama, demo */
	struct str base_url; /* empty: the catalog's */
	struct str api_key;
	struct str *local_models; /* ids that a local server listed */
	int local_model_count;
};

/* Without -c: etc/catalog.yaml (embedded) with the providers that the environment has credentials
 * for, and local servers that answer. Providers found are those with a model that can be reached.
 * */
int config_built_in(const struct config_found *found, int count, struct config **out,
                    struct fail *) MUST_USE;

/* Who pays: names, and what is set on the account or its plan. */
struct config_payer {
	struct str account, plan; /* empty: none */
	bool has_markup;
	int64_t markup_bp; /* 10,000: as it is; counts in place of a mark-up of `charges` */
	bool apply_floor;  /* or the configuration's */
};
/* How an attempt at that model is priced, from when it opens on. Borrows from the configuration,
 * which must be held as long. Payer NULL: nobody in particular. */
struct price_deal config_deal(const struct config *, const struct config_payer *,
                              const struct config_model *, int64_t opened_ms);
/* The row of the standard service that is in force now, below all steps. */
const struct price *config_price(const struct config_model *);

struct config *config_get(struct config *); /* another reference */
void config_put(struct config **);

/* The snapshot in force. config_set takes the new one. THREADS: any. */
struct config *config_current(void); /* a reference: put it back */
void config_set(struct config *);

#endif
