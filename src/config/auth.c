/* `auth` of a provider: how the credential is come by that is no plain key.
 *
 * A row for each style says which texts it needs and may have beside them, and where its tokens are
 * fetched unless `url` says otherwise: nothing else is ever asked for one. Only what can be told
 * without the network is told here. Called by provider.c. */
#include "config/make.h"
#include "config/value.h"

enum { BIT_URL = 1u << CONFIG_AUTH_TEXT_COUNT };

#define BIT(name) (1u << CONFIG_AUTH_TEXT_##name)
#define SECRETS                                                                                    \
	(BIT(access_key_id) | BIT(secret_access_key) | BIT(session_token) | BIT(client_secret))

static const char *const text_names[] = {
#define X(name) #name,
    CONFIG_AUTH_TEXTS(X)
#undef X
};

static const struct style {
	const char *name;
	unsigned needs, may;
	bool is_secret;                      /* what is sent there must not be read by others */
	const char *url_before, *url_behind; /* of the default, around `url_middle`; NULL: none */
	unsigned url_middle;                 /* the text's bit; 0: none */
} styles[CONFIG_AUTH_COUNT] = {
    [CONFIG_AUTH_AWS_KEYS] = {"aws-keys", BIT(region) | BIT(access_key_id) | BIT(secret_access_key),
                              BIT(session_token), false, NULL, "", 0},
    /* https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html */
    [CONFIG_AUTH_AWS_INSTANCE] = {"aws-instance", BIT(region), BIT(role) | BIT_URL, false,
                                  "http://169.254.169.254", "", 0},
    /* https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html */
    [CONFIG_AUTH_AWS_CONTAINER] = {"aws-container", BIT(region) | BIT_URL, BIT(token_file), false,
                                   NULL, "", 0},
    /* https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
    [CONFIG_AUTH_AWS_WEB_IDENTITY] = {"aws-web-identity", BIT(region) | BIT(role) | BIT(token_file),
                                      BIT_URL, true, "https://sts.", ".amazonaws.com", BIT(region)},
    /* https://developers.google.com/identity/protocols/oauth2/service-account#httprest */
    [CONFIG_AUTH_GOOGLE_KEY_FILE] = {"google-key-file", BIT(key_file), BIT(scope) | BIT_URL, true,
                                     "https://oauth2.googleapis.com/token", "", 0},
    /* https://cloud.google.com/compute/docs/access/authenticate-workloads#applications */
    [CONFIG_AUTH_GOOGLE_INSTANCE] = {"google-instance", 0, BIT_URL, false,
                                     "http://metadata.google.internal", "", 0},
    /* https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow */
    [CONFIG_AUTH_ENTRA] = {"entra", BIT(tenant) | BIT(client_id) | BIT(client_secret),
                           BIT(scope) | BIT_URL, true, "https://login.microsoftonline.com", "", 0},
};

struct reading {
	struct config_making *making;
	int index;
	const struct style *style;
	const struct config_provider *provider;
	struct config_auth *out;
};

static struct str path_of(const struct reading *r, const char *member)
{
	return config_path(r->making, "providers[%d].auth.%s", r->index, member);
}

static const struct style *style_of(struct config_making *making, int index, const char *word)
{
	struct config_near near;

	config_near_init(&near, str_of(word));
	for (int i = 0; i < CONFIG_AUTH_COUNT; i++) {
		config_near_offer(&near, str_of(styles[i].name));
		if (str_eq(str_of(word), str_of(styles[i].name)))
			return &styles[i];
	}
	config_wrong(making->mistakes, config_path(making, "providers[%d].auth.style", index),
	             "\"%.64s\" is no style%.*s", word,
	             STR_ARG(config_near_text(&near, making->mistakes->arena)));
	return NULL;
}

/* bedrock-runtime.us-east-1.amazonaws.com */
static struct str region_of(struct str host)
{
	size_t from = str_find_byte(host, '.') + 1;
	struct str rest = str_part(host, from, host.len);
	size_t end = str_find_byte(rest, '.');

	return str_matches_glob(host, STR("bedrock-*.*.amazonaws.com")) ? str_part(rest, 0, end)
	                                                                : STR("");
}

static void read_text(struct reading *r, enum config_auth_text which, const char *raw)
{
	struct config_mistakes *m = r->making->mistakes;
	struct str path = path_of(r, text_names[which]), *out = &r->out->texts[which];
	unsigned bit = 1u << which;

	if (raw && !((r->style->needs | r->style->may) & bit))
		config_wrong(m, path, "means nothing with style %s", r->style->name);
	else if (bit & SECRETS)
		*out = config_value_secret(m, path, raw);
	else if (bit & BIT(key_file))
		*out = config_value_file(m, path, raw);
	else
		*out = config_value_text(m, path, raw);
	if (bit & BIT(region) && out->len == 0)
		*out = region_of(r->provider->url.host);
	if (r->style->needs & bit && out->len == 0)
		config_wrong(m, config_path(r->making, "providers[%d].auth", r->index),
		             "`%s` is missing", text_names[which]);
}

static struct str default_url(const struct reading *r)
{
	const struct style *s = r->style;
	struct str middle = {0};

	for (int i = 0; i < CONFIG_AUTH_TEXT_COUNT; i++)
		if (s->url_middle == 1u << i)
			middle = r->out->texts[i];
	return s->url_before ? arena_printf(&r->making->config->arena, "%s%.*s%s", s->url_before,
	                                    STR_ARG(middle), s->url_behind)
	                     : STR("");
}

/* Metadata services answer on the machine's own link, which no proxy reaches. */
static struct str proxy_of(const struct reading *r)
{
	bool is_metadata = r->style == &styles[CONFIG_AUTH_AWS_INSTANCE] ||
	                   r->style == &styles[CONFIG_AUTH_AWS_CONTAINER] ||
	                   r->style == &styles[CONFIG_AUTH_GOOGLE_INSTANCE];

	return is_metadata ? STR("none") : r->provider->proxy;
}

static void read_place(struct reading *r, const char *raw)
{
	struct config_mistakes *m = r->making->mistakes;
	struct config_provider *place = &r->out->place;
	struct str path = path_of(r, "url");

	if (raw && !((r->style->needs | r->style->may) & BIT_URL))
		config_wrong(m, path, "means nothing with style %s", r->style->name);
	if (!raw && r->style->needs & BIT_URL)
		config_wrong(m, config_path(r->making, "providers[%d].auth", r->index),
		             "`url` is missing");
	place->base_url = raw ? config_value_text(m, path, raw) : default_url(r);
	place->url = config_value_url(m, path, place->base_url);
	if (r->style->is_secret && str_eq_nocase(place->url.scheme, STR("http")) &&
	    !url_is_loopback(place->url.host))
		config_wrong(m, path,
		             "is not encrypted; a credential goes there, so write https://");
	place->name = r->provider->name;
	place->proxy = proxy_of(r);
	place->ca_file = r->provider->ca_file;
	place->waits = (struct config_waits){.connect_ms = 10 * 1000,
	                                     .first_byte_ms = 10 * 1000,
	                                     .stream_first_byte_ms = 10 * 1000,
	                                     .idle_ms = 10 * 1000,
	                                     .total_ms = 30 * 1000};
}

void config_make_auth(struct config_making *making, int index, const struct raw_auth *raw,
                      struct config_provider *out)
{
	struct reading r = {.making = making, .index = index, .provider = out};
	const char *const texts[CONFIG_AUTH_TEXT_COUNT] = {
#define X(name) raw ? raw->name : NULL,
	    CONFIG_AUTH_TEXTS(X)
#undef X
	};

	if (!raw || !raw->style)
		return;
	r.style = style_of(making, index, raw->style);
	if (!r.style)
		return;
	if (out->api_keys[0].len)
		config_wrong(making->mistakes, config_path(making, "providers[%d].auth", index),
		             "stands beside `api_key`; one of the two is enough");
	r.out = ARENA_NEW(&making->config->arena, struct config_auth);
	r.out->style = (enum config_auth_style)(r.style - styles);
	for (int i = 0; i < CONFIG_AUTH_TEXT_COUNT; i++)
		read_text(&r, (enum config_auth_text)i, texts[i]);
	read_place(&r, raw->url);
	out->auth = r.out;
}
