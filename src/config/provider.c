/* The providers of a configuration: where they are, what they speak, how we prove who we are, how
 * long we wait.
 *
 * Of the built-in catalog only the providers that were found are made: then credential and, for
 * local servers, address are those that were found, and nothing is read from the environment here.
 * Called by make.c. */
#include "config/make.h"
#include "config/value.h"

static const char *const kind_names[CONFIG_KIND_COUNT] = {
#define X(name, text) text,
    CONFIG_KINDS(X)
#undef X
};

static struct str copy_of(struct config_making *making, const char *text)
{
	return arena_copy(&making->config->arena, str_of(text));
}

static void make_dialect(struct config_making *making, struct str path, const char *word,
                         struct config_provider *out)
{
	struct config_near near;

	config_near_init(&near, str_of(word));
	for (int d = 0; d < LLM_WIRES; d++) {
		struct str name = str_of(llm_dialect_name((enum llm_dialect)d));

		if (str_eq(str_of(word), name)) {
			out->speaks[d] = true;
			return;
		}
		config_near_offer(&near, name);
	}
	config_wrong(making->mistakes, path,
	             "\"%.64s\" is no dialect (chat, responses, messages or gemini)%.*s", word,
	             STR_ARG(config_near_text(&near, making->mistakes->arena)));
}

static void make_dialects(struct config_making *making, int index, const struct raw_provider *raw,
                          struct config_provider *out)
{
	if (raw->dialect && raw->dialects_count > 0)
		config_wrong(making->mistakes, config_path(making, "providers[%d].dialects", index),
		             "stands beside `dialect`; one of the two is enough");
	if (!raw->dialect && raw->dialects_count == 0)
		config_wrong(making->mistakes, config_path(making, "providers[%d]", index),
		             "`dialect` is missing: chat, responses, messages or gemini");
	if (raw->dialect)
		make_dialect(making, config_path(making, "providers[%d].dialect", index),
		             raw->dialect, out);
	for (unsigned i = 0; i < raw->dialects_count; i++)
		make_dialect(making, config_path(making, "providers[%d].dialects[%u]", index, i),
		             raw->dialects[i], out);
}

/* Where nothing is said, the address tells. */
static enum config_kind kind_at(struct str host)
{
	static const struct {
		struct str pattern;
		enum config_kind kind;
	} rows[] = {{STR_INIT("api.openai.com"), CONFIG_KIND_OPENAI},
	            {STR_INIT("api.anthropic.com"), CONFIG_KIND_ANTHROPIC},
	            {STR_INIT("*.openai.azure.com"), CONFIG_KIND_AZURE},
	            {STR_INIT("*.services.ai.azure.com"), CONFIG_KIND_AZURE},
	            {STR_INIT("bedrock-*.amazonaws.com"), CONFIG_KIND_BEDROCK},
	            {STR_INIT("*aiplatform.googleapis.com"), CONFIG_KIND_VERTEX},
	            {STR_INIT("openrouter.ai"), CONFIG_KIND_OPENROUTER},
	            {STR_INIT("api.mistral.ai"), CONFIG_KIND_MISTRAL},
	            {STR_INIT("generativelanguage.googleapis.com"), CONFIG_KIND_GEMINI},
	            {STR_INIT("api.deepseek.com"), CONFIG_KIND_DEEPSEEK},
	            {STR_INIT("api.moonshot.ai"), CONFIG_KIND_MOONSHOT},
	            {STR_INIT("api.moonshot.cn"), CONFIG_KIND_MOONSHOT},
	            {STR_INIT("api.z.ai"), CONFIG_KIND_ZAI},
	            {STR_INIT("open.bigmodel.cn"), CONFIG_KIND_ZAI},
	            {STR_INIT("dashscope*.aliyuncs.com"), CONFIG_KIND_QWEN},
	            {STR_INIT("api.minimax*"), CONFIG_KIND_MINIMAX},
	            {STR_INIT("api.cerebras.ai"), CONFIG_KIND_CEREBRAS},
	            {STR_INIT("api.fireworks.ai"), CONFIG_KIND_FIREWORKS}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (str_matches_glob(host, rows[i].pattern))
			return rows[i].kind;
	return CONFIG_KIND_COMPATIBLE;
}

static void make_kind(struct config_making *making, int index, const char *word,
                      struct config_provider *out)
{
	struct config_near near;

	if (!word) {
		out->kind = kind_at(out->url.host);
		return;
	}
	config_near_init(&near, str_of(word));
	for (int i = 0; i < CONFIG_KIND_COUNT; i++) {
		config_near_offer(&near, str_of(kind_names[i]));
		if (str_eq(str_of(word), str_of(kind_names[i]))) {
			out->kind = (enum config_kind)i;
			return;
		}
	}
	config_wrong(making->mistakes, config_path(making, "providers[%d].kind", index),
	             "\"%.64s\" is no kind of provider%.*s", word,
	             STR_ARG(config_near_text(&near, making->mistakes->arena)));
}

static bool is_token(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7f ||
		    strchr("()<>@,;:\\\"/[]?={}", name.ptr[i]))
			return false;
	return name.len > 0;
}

/* What frames a message, and what we say ourselves. */
static bool is_ours(struct str name)
{
	static const char *const ours[] = {
	    "host",         "content-length",  "transfer-encoding", "connection",
	    "content-type", "accept-encoding", "upgrade",           "te",
	    "trailer"};

	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		if (str_eq_nocase(name, str_of(ours[i])))
			return true;
	return false;
}

static void make_headers(struct config_making *making, int index, const struct raw_provider *raw,
                         struct config_provider *out)
{
	out->header_count = (int)raw->headers_count;
	out->headers = ARENA_ARRAY(&making->config->arena, struct http_extra, raw->headers_count);
	for (int i = 0; i < out->header_count; i++) {
		struct http_extra *header = &out->headers[i];

		header->name = copy_of(making, raw->headers[i].name);
		if (!is_token(header->name) || is_ours(header->name))
			config_wrong(
			    making->mistakes,
			    config_path(making, "providers[%d].headers[%d].name", index, i),
			    is_ours(header->name) ? "is a header that we set ourselves"
			                          : "is no name of a header");
		header->value = config_value_secret(
		    making->mistakes,
		    config_path(making, "providers[%d].headers[%d].value", index, i),
		    raw->headers[i].value);
	}
}

/* An answer that is no stream says nothing until all of it was thought out. */
static const struct config_waits usual_waits = {.connect_ms = 10 * 1000,
                                                .first_byte_ms = 900 * 1000,
                                                .stream_first_byte_ms = 600 * 1000,
                                                .idle_ms = 300 * 1000};

static void make_policy(struct config_making *making, int index, const char *word,
                        struct config_provider *out)
{
	out->drains = word && str_eq(str_of(word), STR("drain"));
	if (word && !out->drains && !str_eq(str_of(word), STR("cancel")))
		config_wrong(making->mistakes,
		             config_path(making, "providers[%d].client_gone", index),
		             "\"%.64s\" is neither cancel nor drain", word);
}

static void make_tls(struct config_making *making, int index, const struct raw_provider *raw,
                     struct config_provider *out)
{
	struct config_mistakes *m = making->mistakes;

	out->ca_file =
	    config_value_file(m, config_path(making, "providers[%d].ca_file", index), raw->ca_file);
	out->cert_file = config_value_file(m, config_path(making, "providers[%d].cert_file", index),
	                                   raw->cert_file);
	out->key_file = config_value_file(m, config_path(making, "providers[%d].key_file", index),
	                                  raw->key_file);
	if (out->cert_file.len > 0 && out->key_file.len == 0)
		config_wrong(m, config_path(making, "providers[%d].cert_file", index),
		             "needs its `key_file`");
}

static void make_proxy(struct config_making *making, int index, const struct raw_provider *raw,
                       struct config_provider *out)
{
	struct str path = config_path(making, "providers[%d].proxy", index);
	struct url url;

	out->proxy = config_value_secret(making->mistakes, path, raw->proxy);
	if (out->proxy.len == 0 || str_eq(out->proxy, STR("none")))
		return;
	url = config_value_url(making->mistakes, path, out->proxy);
	if (str_eq(url.scheme, STR("https")))
		config_wrong(making->mistakes, path,
		             "TLS to the proxy itself is not supported; write http://");
}

static const struct config_found *found_by_name(const struct config_making *making, struct str name)
{
	for (int i = 0; i < making->found_count; i++)
		if (str_eq(making->found[i].provider, name))
			return &making->found[i];
	return NULL;
}

/* The catalog has a row per dialect base of a provider; rows that name the same variable share the
 * credential. */
static const struct config_found *found_for(const struct config_making *making,
                                            const struct raw_provider *row)
{
	const struct config_found *found = found_by_name(making, str_of(row->name));

	for (unsigned i = 0; !found && row->api_key && i < making->raw->providers_count; i++) {
		const struct raw_provider *other = &making->raw->providers[i];

		if (other->api_key && str_eq(str_of(other->api_key), str_of(row->api_key)))
			found = found_by_name(making, str_of(other->name));
		if (found && found->base_url.len > 0)
			found = NULL;
	}
	return found;
}

/* The built-in catalog's are those that were found. */
static void make_credentials(struct config_making *making, int index,
                             const struct raw_provider *raw, struct config_provider *out)
{
	struct config_mistakes *m = making->mistakes;
	int count = raw->api_keys_count ? (int)raw->api_keys_count : 1;

	out->api_keys = ARENA_ARRAY(&making->config->arena, struct str, (size_t)count);
	out->api_key_count = count;
	if (making->is_built_in)
		return;
	if (raw->api_key && raw->api_keys_count)
		config_wrong(m, config_path(making, "providers[%d].api_keys", index),
		             "stands beside `api_key`; one of the two is enough");
	out->api_keys[0] = config_value_secret(
	    m, config_path(making, "providers[%d].api_key", index), raw->api_key);
	for (unsigned i = 0; i < raw->api_keys_count; i++)
		out->api_keys[i] = config_value_secret(
		    m, config_path(making, "providers[%d].api_keys[%u]", index, i),
		    raw->api_keys[i]);
}

static void make_address(struct config_making *making, int index, const struct raw_provider *raw,
                         struct config_provider *out)
{
	struct str path = config_path(making, "providers[%d].base_url", index);
	const struct config_found *found = making->is_built_in ? found_for(making, raw) : NULL;

	out->base_url = found && found->base_url.len
	                    ? arena_copy(&making->config->arena, found->base_url)
	                    : config_value_text(making->mistakes, path, raw->base_url);
	out->url = config_value_url(making->mistakes, path, out->base_url);
	if (out->url.user.len || out->url.password.len)
		config_wrong(making->mistakes, path, "has a user; credentials go into `api_key`");
	while (str_ends_with(out->base_url, STR("/")))
		out->base_url.len--;
	make_credentials(making, index, raw, out);
	if (found)
		out->api_keys[0] = arena_copy(&making->config->arena, found->api_key);
}

static void make_provider(struct config_making *making, int index)
{
	const struct raw_provider *raw = &making->raw->providers[index];
	struct config_provider *out = &making->config->providers[making->config->provider_count];

	out->name = copy_of(making, raw->name);
	if (!config_is_name(out->name))
		config_wrong(making->mistakes, config_path(making, "providers[%d].name", index),
		             "must be 1 to 63 letters, digits or any of . _ : / @ + -");
	make_dialects(making, index, raw, out);
	make_address(making, index, raw, out);
	make_kind(making, index, raw->kind, out);
	make_proxy(making, index, raw, out);
	make_tls(making, index, raw, out);
	make_headers(making, index, raw, out);
	out->waits = config_make_waits(making, config_path(making, "providers[%d]", index),
	                               &raw->waits, &usual_waits);
	make_policy(making, index, raw->client_gone, out);
	out->api_version = config_value_text(
	    making->mistakes, config_path(making, "providers[%d].api_version", index),
	    raw->api_version);
	config_make_auth(making, index, raw->auth, out);
	if (map_put(&making->providers, out->name, out))
		config_wrong(making->mistakes, config_path(making, "providers[%d].name", index),
		             "there is another provider \"%.*s\"", STR_ARG(out->name));
	making->config->provider_count++;
}

void config_make_providers(struct config_making *making)
{
	making->config->providers = ARENA_ARRAY(&making->config->arena, struct config_provider,
	                                        making->raw->providers_count);
	for (unsigned i = 0; i < making->raw->providers_count; i++)
		if (!making->is_built_in || found_for(making, &making->raw->providers[i]))
			make_provider(making, (int)i);
}
