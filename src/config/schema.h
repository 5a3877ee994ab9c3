/* The shape of the configuration file: what libcyaml loads, before anything is resolved. One table
 * per mapping in schema.c; a new option is a member here, a row there, its reading in
 * make.c and a sentence in etc/fluxrouter.yaml. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include "config/mistake.h"

/* Every pointer is NULL where the option is absent; texts are NUL-terminated. */

struct raw_header {
	char *name, *value;
};

struct raw_waits {
	char *connect_timeout, *first_byte_timeout, *idle_timeout, *total_timeout;
};

struct raw_auth {
	char *style, *url;
	char *region, *access_key_id, *secret_access_key, *session_token, *role, *token_file;
	char *key_file, *tenant, *client_id, *client_secret, *scope;
};

struct raw_provider {
	char *name;
	char *dialect;
	char **dialects;
	unsigned dialects_count;
	char *base_url, *api_key, *kind, *proxy;
	char **api_keys;
	unsigned api_keys_count;
	char *ca_file, *cert_file, *key_file;
	struct raw_header *headers;
	unsigned headers_count;
	struct raw_waits waits;
	char *client_gone, *api_version;
	struct raw_auth *auth;
};

struct raw_target {
	char *provider, *model;
	int64_t weight; /* 0: absent */
	struct raw_waits waits;
};

struct raw_rates { /* decimal US dollars per million tokens; per_call, per_search: each */
	char *input, *output, *cache_read, *cache_write, *cache_write_1h, *reasoning;
	char *audio_input, *audio_output, *image_input, *image_output, *per_call, *per_search;
};

struct raw_row {
	int64_t service; /* enum llm_service */
	int64_t above;
	char *percent;
	struct raw_rates rates;
};

struct raw_price {
	struct raw_rates rates;
	char *regional, *from, *as_of;
	bool unknown;
	struct raw_row *rows;
	unsigned rows_count;
};

struct raw_charge {
	char *account, *plan, *model, *markup;
	struct raw_price *price;
};

struct raw_model {
	char *name, *owned_by, *released;
	int64_t *lane; /* enum config_lane */
	struct raw_price *price, *prices;
	unsigned prices_count;
	int64_t context, max_output;
	char **can;
	unsigned can_count;
	struct raw_target *targets;
	unsigned targets_count;
	struct raw_waits waits;
};

struct raw_tiers {
	char **fast, **standard, **reasoning;
	unsigned fast_count, standard_count, reasoning_count;
};

struct raw_journal {
	int64_t sync; /* enum config_sync */
	int64_t sync_ms;
};

struct raw_health {
	bool *breaker;
	int64_t *failures, *requests_min, *retries_per_second, *attempts_max;
	char *error_rate, *window, *cool_down, *cool_down_max, *retry_after_max, *retries;
	char *attempts_limit, *backoff, *heartbeat;
};

struct raw_ceilings {
	char *global_month_usd;
};

struct raw_alias {
	char *match, *to;
};

struct raw_admin {
	char *listen, *key;
};

struct raw_webhook {
	char *url, *secret, *ca_file, *proxy;
	int64_t *events; /* percentages */
	unsigned events_count;
};

struct raw_samples {
	char *key, *percent, *keep;
};

struct raw_cert {
	char *cert_file, *key_file;
};

struct raw_listener {
	char *address;
	struct raw_cert *certificates;
	unsigned certificates_count;
	bool *http2;
	bool proxy_protocol;
};

struct raw_config {
	char **listen;
	unsigned listen_count;
	struct raw_listener *listeners;
	unsigned listeners_count;
	char **trusted_proxies;
	unsigned trusted_proxies_count;
	bool insecure;
	char *metrics_listen, *data, *store;
	struct raw_journal *journal;
	int64_t threads, connections_max, requests_max, queue_max; /* 0: absent */
	char *queue_wait, *overload_turn;
	char *drain_delay, *drain_limit, *upgrade_limit, *body_memory_max;
	int64_t log; /* enum config_log */
	bool strict_names;
	bool *cost_in_usage;
	char *quality, *reasoning_share, *scorer_file, *tokenizer_dir, *decisions, *decisions_max;
	struct raw_samples *samples;
	int64_t *tier_floor, *tier_ceiling; /* enum llm_tier */
	struct raw_provider *providers;
	unsigned providers_count;
	struct raw_model *models;
	unsigned models_count;
	struct raw_tiers *tiers;
	struct raw_alias *aliases;
	unsigned aliases_count;
	struct raw_admin *admin;
	struct raw_webhook *webhooks;
	unsigned webhooks_count;
	char *retention;
	struct raw_ceilings *ceilings;
	struct raw_health *health;
	bool apply_floor;
	struct raw_charge *charges;
	unsigned charges_count;
};

/* Every value of the tree against the tables: unknown keys, missing keys, wrong types. */
void config_schema_check(struct config_mistakes *);

/* NULL and one mistake more when libcyaml refuses what the check let pass (a bug, then). Free it
 * with config_schema_free. */
struct raw_config *config_schema_load(struct str text, struct config_mistakes *);
void config_schema_free(struct raw_config **);

#endif
