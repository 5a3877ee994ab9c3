/* The tables that say what may stand in a configuration file, and the two that use them: libcyaml,
 * which loads by them, and a walk over the tree with marks, which finds every mistake and not just
 * the first, with its line and column.
 *
 * The walk accepts a subset of what libcyaml accepts (of booleans and integers only the plain
 * forms), so that a file without mistakes always loads. Values that have a form of their own
 * (times, sizes, prices, addresses) are texts here and are read in make.c. Pure but for
 * memory. */
#include "config/schema.h"

#include "config/config.h"
#include "limits.h"

#include <cyaml/cyaml.h>

#define TEXT(name, type)                                                                           \
	CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, name, \
	                       0, 4096)
#define NEEDED(name, type)                                                                         \
	CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_POINTER, struct type, name, 1, 4096)
#define NUMBER(name, type) CYAML_FIELD_INT(#name, CYAML_FLAG_OPTIONAL, struct type, name)
#define LIST(name, type, entry, max)                                                               \
	CYAML_FIELD_SEQUENCE(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, name,   \
	                     &entry, 0, max)

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, 4096),
};

static const cyaml_schema_field_t header_fields[] = {
    NEEDED(name, raw_header),
    NEEDED(value, raw_header),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t header_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_header, header_fields),
};

#define WAIT(name, type)                                                                           \
	CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type,       \
	                       waits.name, 0, 4096)
#define WAITS(type)                                                                                \
	WAIT(connect_timeout, type), WAIT(first_byte_timeout, type), WAIT(idle_timeout, type),     \
	    WAIT(total_timeout, type)

static const cyaml_schema_field_t auth_fields[] = {
    NEEDED(style, raw_auth),
    TEXT(url, raw_auth),
    TEXT(region, raw_auth),
    TEXT(access_key_id, raw_auth),
    TEXT(secret_access_key, raw_auth),
    TEXT(session_token, raw_auth),
    TEXT(role, raw_auth),
    TEXT(token_file, raw_auth),
    TEXT(key_file, raw_auth),
    TEXT(tenant, raw_auth),
    TEXT(client_id, raw_auth),
    TEXT(client_secret, raw_auth),
    TEXT(scope, raw_auth),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t provider_fields[] = {
    NEEDED(name, raw_provider),
    TEXT(dialect, raw_provider),
    LIST(dialects, raw_provider, text_entry, LLM_WIRES),
    NEEDED(base_url, raw_provider),
    TEXT(api_key, raw_provider),
    LIST(api_keys, raw_provider, text_entry, LIMIT_CANDIDATES),
    TEXT(kind, raw_provider),
    TEXT(proxy, raw_provider),
    TEXT(ca_file, raw_provider),
    TEXT(cert_file, raw_provider),
    TEXT(key_file, raw_provider),
    LIST(headers, raw_provider, header_entry, 16),
    WAITS(raw_provider),
    TEXT(client_gone, raw_provider),
    TEXT(api_version, raw_provider),
    CYAML_FIELD_MAPPING_PTR("auth", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_provider,
                            auth, auth_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t provider_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_provider, provider_fields),
};

static const cyaml_schema_field_t target_fields[] = {
    NEEDED(provider, raw_target),
    NEEDED(model, raw_target),
    NUMBER(weight, raw_target),
    WAITS(raw_target),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t target_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_target, target_fields),
};

#define RATE(name, type)                                                                           \
	CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type,       \
	                       rates.name, 0, 4096)
#define RATES(type)                                                                                \
	RATE(input, type), RATE(output, type), RATE(cache_read, type), RATE(cache_write, type),    \
	    RATE(cache_write_1h, type), RATE(reasoning, type), RATE(audio_input, type),            \
	    RATE(audio_output, type), RATE(image_input, type), RATE(image_output, type),           \
	    RATE(per_call, type), RATE(per_search, type)

static const cyaml_strval_t service_names[] = {
#define X(name, text) {text, LLM_SERVICE_##name},
    LLM_SERVICES(X)
#undef X
};

static const cyaml_schema_field_t row_fields[] = {
    CYAML_FIELD_ENUM("service", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct raw_row, service,
                     service_names, CYAML_ARRAY_LEN(service_names)),
    NUMBER(above, raw_row),
    TEXT(percent, raw_row),
    RATES(raw_row),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t row_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_row, row_fields),
};

static const cyaml_schema_field_t price_fields[] = {
    RATES(raw_price),
    TEXT(regional, raw_price),
    TEXT(from, raw_price),
    TEXT(as_of, raw_price),
    CYAML_FIELD_BOOL("unknown", CYAML_FLAG_OPTIONAL, struct raw_price, unknown),
    LIST(rows, raw_price, row_entry, 32),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t price_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_price, price_fields),
};

static const cyaml_strval_t lane_names[] = {
    {"express", CONFIG_EXPRESS},
    {"daily", CONFIG_DAILY},
    {"deep", CONFIG_DEEP},
};
static const cyaml_strval_t tier_names[] = {
    {"fast", LLM_FAST},
    {"standard", LLM_STANDARD},
    {"reasoning", LLM_REASONING},
};
static const cyaml_strval_t log_names[] = {
    {"logfmt", CONFIG_LOGFMT},
    {"json", CONFIG_LOG_JSON},
};

static const cyaml_schema_field_t model_fields[] = {
    NEEDED(name, raw_model),
    TEXT(owned_by, raw_model),
    TEXT(released, raw_model),
    CYAML_FIELD_ENUM_PTR("lane", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT,
                         struct raw_model, lane, lane_names, CYAML_ARRAY_LEN(lane_names)),
    CYAML_FIELD_MAPPING_PTR("price", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_model,
                            price, price_fields),
    LIST(prices, raw_model, price_entry, 100),
    NUMBER(context, raw_model),
    NUMBER(max_output, raw_model),
    LIST(can, raw_model, text_entry, 32),
    LIST(targets, raw_model, target_entry, LIMIT_CANDIDATES),
    WAITS(raw_model),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t model_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_model, model_fields),
};

static const cyaml_schema_field_t tier_fields[] = {
    LIST(fast, raw_tiers, text_entry, 64),
    LIST(standard, raw_tiers, text_entry, 64),
    LIST(reasoning, raw_tiers, text_entry, 64),
    CYAML_FIELD_END,
};

static const cyaml_strval_t sync_names[] = {
    {"group", CONFIG_SYNC_GROUP},
    {"each", CONFIG_SYNC_EACH},
    {"off", CONFIG_SYNC_OFF},
};

static const cyaml_schema_field_t journal_fields[] = {
    CYAML_FIELD_ENUM("sync", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct raw_journal, sync,
                     sync_names, CYAML_ARRAY_LEN(sync_names)),
    NUMBER(sync_ms, raw_journal),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t alias_fields[] = {
    NEEDED(match, raw_alias),
    NEEDED(to, raw_alias),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t alias_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_alias, alias_fields),
};

static const cyaml_schema_field_t charge_fields[] = {
    TEXT(account, raw_charge),
    TEXT(plan, raw_charge),
    TEXT(model, raw_charge),
    TEXT(markup, raw_charge),
    CYAML_FIELD_MAPPING_PTR("price", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_charge,
                            price, price_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t charge_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_charge, charge_fields),
};

static const cyaml_schema_field_t admin_fields[] = {
    TEXT(listen, raw_admin),
    NEEDED(key, raw_admin),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t number_entry = {
    CYAML_VALUE_INT(CYAML_FLAG_DEFAULT, int64_t),
};
static const cyaml_schema_field_t webhook_fields[] = {
    NEEDED(url, raw_webhook),
    TEXT(secret, raw_webhook),
    LIST(events, raw_webhook, number_entry, 16),
    TEXT(ca_file, raw_webhook),
    TEXT(proxy, raw_webhook),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t webhook_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_webhook, webhook_fields),
};

static const cyaml_schema_field_t samples_fields[] = {
    NEEDED(key, raw_samples),
    TEXT(percent, raw_samples),
    TEXT(keep, raw_samples),
    CYAML_FIELD_END,
};

#define COUNT(name, type)                                                                          \
	CYAML_FIELD_INT_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, name)

static const cyaml_schema_field_t health_fields[] = {
    CYAML_FIELD_BOOL_PTR("breaker", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_health,
                         breaker),
    COUNT(failures, raw_health),
    TEXT(error_rate, raw_health),
    COUNT(requests_min, raw_health),
    TEXT(window, raw_health),
    TEXT(cool_down, raw_health),
    TEXT(cool_down_max, raw_health),
    TEXT(retry_after_max, raw_health),
    TEXT(retries, raw_health),
    COUNT(retries_per_second, raw_health),
    COUNT(attempts_max, raw_health),
    TEXT(attempts_limit, raw_health),
    TEXT(backoff, raw_health),
    TEXT(heartbeat, raw_health),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t ceiling_fields[] = {
    TEXT(global_month_usd, raw_ceilings),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t cert_fields[] = {
    NEEDED(cert_file, raw_cert),
    TEXT(key_file, raw_cert),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t cert_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_cert, cert_fields),
};

static const cyaml_schema_field_t listener_fields[] = {
    NEEDED(address, raw_listener),
    LIST(certificates, raw_listener, cert_entry, TLS_CERTS_MAX),
    CYAML_FIELD_BOOL_PTR("http2", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_listener,
                         http2),
    CYAML_FIELD_BOOL("proxy_protocol", CYAML_FLAG_OPTIONAL, struct raw_listener, proxy_protocol),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t listener_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_listener, listener_fields),
};

static const cyaml_schema_field_t config_fields[] = {
    LIST(listen, raw_config, text_entry, CONFIG_LISTEN_MAX),
    LIST(listeners, raw_config, listener_entry, CONFIG_LISTEN_MAX),
    LIST(trusted_proxies, raw_config, text_entry, 256),
    CYAML_FIELD_BOOL("insecure", CYAML_FLAG_OPTIONAL, struct raw_config, insecure),
    TEXT(metrics_listen, raw_config),
    TEXT(data, raw_config),
    TEXT(store, raw_config),
    CYAML_FIELD_MAPPING_PTR("journal", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_config,
                            journal, journal_fields),
    NUMBER(threads, raw_config),
    NUMBER(connections_max, raw_config),
    NUMBER(requests_max, raw_config),
    NUMBER(queue_max, raw_config),
    TEXT(queue_wait, raw_config),
    TEXT(overload_turn, raw_config),
    TEXT(drain_delay, raw_config),
    TEXT(drain_limit, raw_config),
    TEXT(upgrade_limit, raw_config),
    TEXT(body_memory_max, raw_config),
    CYAML_FIELD_ENUM("log", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct raw_config, log,
                     log_names, CYAML_ARRAY_LEN(log_names)),
    CYAML_FIELD_BOOL("strict_names", CYAML_FLAG_OPTIONAL, struct raw_config, strict_names),
    CYAML_FIELD_BOOL_PTR("cost_in_usage", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                         struct raw_config, cost_in_usage),
    TEXT(quality, raw_config),
    TEXT(reasoning_share, raw_config),
    CYAML_FIELD_ENUM_PTR("tier_floor", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT,
                         struct raw_config, tier_floor, tier_names, CYAML_ARRAY_LEN(tier_names)),
    CYAML_FIELD_ENUM_PTR("tier_ceiling",
                         CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT,
                         struct raw_config, tier_ceiling, tier_names, CYAML_ARRAY_LEN(tier_names)),
    TEXT(scorer_file, raw_config),
    TEXT(tokenizer_dir, raw_config),
    TEXT(decisions, raw_config),
    TEXT(decisions_max, raw_config),
    CYAML_FIELD_MAPPING_PTR("samples", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_config,
                            samples, samples_fields),
    LIST(providers, raw_config, provider_entry, 256),
    LIST(models, raw_config, model_entry, 10000),
    CYAML_FIELD_MAPPING_PTR("tiers", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_config,
                            tiers, tier_fields),
    LIST(aliases, raw_config, alias_entry, 1000),
    CYAML_FIELD_MAPPING_PTR("admin", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_config,
                            admin, admin_fields),
    LIST(webhooks, raw_config, webhook_entry, 16),
    TEXT(retention, raw_config),
    CYAML_FIELD_MAPPING_PTR("ceilings", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_config,
                            ceilings, ceiling_fields),
    CYAML_FIELD_MAPPING_PTR("health", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_config,
                            health, health_fields),
    CYAML_FIELD_BOOL("apply_floor", CYAML_FLAG_OPTIONAL, struct raw_config, apply_floor),
    LIST(charges, raw_config, charge_entry, 10000),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_config, config_fields),
};

/* ---- the walk ---- */

static void check_value(struct config_mistakes *, const cyaml_schema_value_t *,
                        const struct config_node *, struct str path);

static const cyaml_schema_field_t *field_of(const cyaml_schema_value_t *schema, struct str key)
{
	for (const cyaml_schema_field_t *f = schema->mapping.fields; f->key; f++)
		if (str_eq(key, str_of(f->key)))
			return f;
	return NULL;
}

static void unknown_key(struct config_mistakes *m, const cyaml_schema_value_t *schema,
                        const struct config_node *child, struct str path)
{
	struct config_near near;

	config_near_init(&near, child->key);
	for (const cyaml_schema_field_t *f = schema->mapping.fields; f->key; f++)
		config_near_offer(&near, str_of(f->key));
	config_wrong_at(m, child->key_place, path, "there is no such option%.*s",
	                STR_ARG(config_near_text(&near, m->arena)));
}

/* What is longer than any option may be a credential in the wrong place. */
static struct str member_path(struct arena *arena, struct str path, struct str key)
{
	enum { LONGEST = 32, SHOWN = 6 };
	bool is_option = key.len <= LONGEST;

	return arena_printf(arena, "%.*s%s%.*s%s", STR_ARG(path), path.len ? "." : "",
	                    STR_ARG(str_part(key, 0, is_option ? key.len : SHOWN)),
	                    is_option ? "" : "...");
}

static void check_mapping(struct config_mistakes *m, const cyaml_schema_value_t *schema,
                          const struct config_node *node, struct str path)
{
	for (const struct config_node *child = node->first; child; child = child->next) {
		const cyaml_schema_field_t *field = field_of(schema, child->key);
		struct str member = member_path(m->arena, path, child->key);

		if (field)
			check_value(m, &field->value, child, member);
		else
			unknown_key(m, schema, child, member);
	}
	for (const cyaml_schema_field_t *f = schema->mapping.fields; f->key; f++)
		if (!(f->value.flags & CYAML_FLAG_OPTIONAL) &&
		    !config_tree_child(node, str_of(f->key)))
			config_wrong_at(m, node->place, path, "`%s` is missing", f->key);
}

static void check_sequence(struct config_mistakes *m, const cyaml_schema_value_t *schema,
                           const struct config_node *node, struct str path)
{
	int index = 0;

	if (node->count > (int)schema->sequence.max)
		config_wrong_at(m, node->place, path, "has %d entries; %u is the most", node->count,
		                schema->sequence.max);
	for (const struct config_node *child = node->first; child; child = child->next)
		check_value(m, schema->sequence.entry, child,
		            arena_printf(m->arena, "%.*s[%d]", STR_ARG(path), index++));
}

static bool is_bool(struct str text)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on", "off"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (str_eq(text, str_of(words[i])))
			return true;
	return false;
}

static void check_enum(struct config_mistakes *m, const cyaml_schema_value_t *schema,
                       const struct config_node *node, struct str path)
{
	struct str known = STR("");

	for (uint32_t i = 0; i < schema->enumeration.count; i++) {
		const char *word = schema->enumeration.strings[i].str;

		if (str_eq(node->text, str_of(word)))
			return;
		known = arena_printf(m->arena, "%.*s%s%s", STR_ARG(known), i ? ", " : "", word);
	}
	config_wrong_at(m, node->place, path, "\"%.*s\" is none of %.*s",
	                STR_ARG(str_part(node->text, 0, 64)), STR_ARG(known));
}

static void check_scalar(struct config_mistakes *m, const cyaml_schema_value_t *schema,
                         const struct config_node *node, struct str path)
{
	int64_t number;

	if (schema->type == CYAML_STRING && node->text.len < schema->string.min)
		config_wrong_at(m, node->place, path, "is empty");
	if (schema->type == CYAML_STRING && node->text.len > schema->string.max)
		config_wrong_at(m, node->place, path, "is longer than %u bytes",
		                schema->string.max);
	if (schema->type == CYAML_INT && (str_to_i64(node->text, 0, INT64_MAX, &number) < 0 ||
	                                  (node->text.len > 1 && node->text.ptr[0] == '0')))
		config_wrong_at(m, node->place, path, "is not a whole number, 0 or more");
	if (schema->type == CYAML_BOOL && !is_bool(node->text))
		config_wrong_at(m, node->place, path, "is neither true nor false");
	if (schema->type == CYAML_ENUM)
		check_enum(m, schema, node, path);
}

static const char *kind_name(enum config_node_kind kind)
{
	return kind == CONFIG_SCALAR ? "a single value"
	                             : (kind == CONFIG_SEQUENCE ? "a list" : "a mapping");
}

static void check_value(struct config_mistakes *m, const cyaml_schema_value_t *schema,
                        const struct config_node *node, struct str path)
{
	enum config_node_kind want = schema->type == CYAML_MAPPING    ? CONFIG_MAPPING
	                             : schema->type == CYAML_SEQUENCE ? CONFIG_SEQUENCE
	                                                              : CONFIG_SCALAR;

	if (node->kind != want)
		config_wrong_at(m, node->place, path, "is %s; %s belongs here",
		                kind_name(node->kind), kind_name(want));
	else if (want == CONFIG_MAPPING)
		check_mapping(m, schema, node, path);
	else if (want == CONFIG_SEQUENCE)
		check_sequence(m, schema, node, path);
	else
		check_scalar(m, schema, node, path);
}

void config_schema_check(struct config_mistakes *m)
{
	check_value(m, &config_schema, m->root, STR(""));
}

/* ---- loading ---- */

static void *mem(void *unused, void *old, size_t bytes)
{
	(void)unused;
	if (bytes > 0)
		return mem_resize(old, bytes);
	mem_wipe(old);
	return NULL;
}

static const cyaml_config_t loader = {
    .mem_fn = mem,
    .log_level = CYAML_LOG_ERROR,
    .flags = CYAML_CFG_NO_ALIAS,
};

struct raw_config *config_schema_load(struct str text, struct config_mistakes *m)
{
	cyaml_data_t *loaded = NULL;
	cyaml_err_t error = cyaml_load_data((const uint8_t *)text.ptr, text.len, &loader,
	                                    &config_schema, &loaded, NULL);

	if (error == CYAML_OK)
		return loaded;
	config_wrong(m, STR(""), "cannot be loaded: %s", cyaml_strerror(error));
	return NULL;
}

void config_schema_free(struct raw_config **raw)
{
	if (*raw)
		must(cyaml_free(&loader, &config_schema, *raw, 0) == CYAML_OK);
	*raw = NULL;
}
