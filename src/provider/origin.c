/* Where a provider is, in the words of upstream: host, TLS, proxy, time limits. Made once per
 * snapshot.
 *
 * Equal pool keys may share connections, so everything that makes a connection what it is stands in
 * the key, the proxy's credential as a hash. */
#include "base/hash.h"
#include "provider/auth_style.h"
#include "provider/provider.h"
#include "provider/proxy.h"

static int refuse_proxy(struct fail *f, const struct config_provider *p, const char *variable,
                        const char *problem)
{
	if (variable)
		return fail(f, FAIL_CONFIG, "provider \"%.*s\": the proxy of the variable %s %s",
		            STR_ARG(p->name), variable, problem);
	return fail(f, FAIL_CONFIG, "provider \"%.*s\": its proxy %s", STR_ARG(p->name), problem);
}

/* The proxy's text, with the scheme that curl assumes. */
static struct str proxy_text(const struct config_provider *p, struct arena *arena,
                             const char **out_variable)
{
	struct str text = p->proxy;

	*out_variable = NULL;
	if (str_eq(text, STR("none")))
		return STR("");
	if (text.len == 0)
		text = proxy_of_environment(&p->url, out_variable);
	if (text.len > 0 && str_find(text, STR("://")) == text.len)
		text = arena_printf(arena, "http://%.*s", STR_ARG(text));
	return text;
}

static int set_proxy(const struct config_provider *p, struct arena *arena, struct origin *out,
                     struct fail *f)
{
	const char *variable, *problem;
	struct str text = proxy_text(p, arena, &variable);
	struct url url;

	if (text.len == 0)
		return 0;
	problem = url_read(text, &url);
	if (problem)
		return refuse_proxy(f, p, variable, problem);
	if (!str_eq_nocase(url.scheme, STR("http")))
		return refuse_proxy(f, p, variable,
		                    "is of a kind that is not supported; http:// is");
	out->proxy_host = arena_copy(arena, url.host);
	out->proxy_port = url.port;
	out->proxy_authorization = proxy_authorization(&url, arena);
	return 0;
}

static struct str pool_key(const struct origin *o, struct arena *arena)
{
	return arena_printf(arena, "%s|%.*s|%d|%.*s|%d|%016llx|%.*s|%.*s|%.*s",
	                    o->tls ? "https" : "http", STR_ARG(o->host), o->port,
	                    STR_ARG(o->proxy_host), o->proxy_port,
	                    (unsigned long long)hash_stable(o->proxy_authorization),
	                    STR_ARG(o->ca_file), STR_ARG(o->cert_file), STR_ARG(o->key_file));
}

int provider_origin(const struct config_provider *p, struct arena *arena, struct origin *out,
                    struct fail *f)
{
	struct origin o = {
	    .tls = str_eq_nocase(p->url.scheme, STR("https")),
	    .host = p->url.host,
	    .port = p->url.port,
	    .ca_file = p->ca_file,
	    .cert_file = p->cert_file,
	    .key_file = p->key_file,
	    .connect_ms = p->waits.connect_ms,
	    .first_byte_ms = p->waits.first_byte_ms,
	    .idle_ms = p->waits.idle_ms,
	    .total_ms = p->waits.total_ms,
	};

	if (set_proxy(p, arena, &o, f) < 0)
		return -1;
	o.pool_key = pool_key(&o, arena);
	*out = o;
	return 0;
}

static const struct origin *with_waits(struct config *c, const struct origin *from,
                                       const struct config_waits *w, int64_t first_byte_ms)
{
	struct origin *o = ARENA_NEW(&c->arena, struct origin);

	*o = *from;
	o->connect_ms = w->connect_ms;
	o->first_byte_ms = first_byte_ms;
	o->idle_ms = w->idle_ms;
	o->total_ms = w->total_ms;
	return o;
}

static int prepare(struct config *c, struct config_provider *p, struct fail *f)
{
	struct origin *origin = ARENA_NEW(&c->arena, struct origin);

	if (provider_origin(p, &c->arena, origin, f) < 0)
		return -1;
	p->origin = origin;
	p->stream_origin = with_waits(c, origin, &p->waits, p->waits.stream_first_byte_ms);
	return 0;
}

/* Those of the provider, unless it is waited otherwise for this one. */
static void prepare_target(struct config *c, struct config_target *t)
{
	const struct config_provider *p = t->provider;

	t->origin = p->origin;
	t->stream_origin = p->stream_origin;
	if (memcmp(&t->waits, &p->waits, sizeof t->waits) == 0)
		return;
	t->origin = with_waits(c, p->origin, &t->waits, t->waits.first_byte_ms);
	t->stream_origin = with_waits(c, p->origin, &t->waits, t->waits.stream_first_byte_ms);
}

static void release(struct config *c)
{
	for (int i = 0; i < c->provider_count; i++)
		credential_put(&c->providers[i].credential);
}

/* A key file that cannot sign is found now, not when the first request comes. */
static int check_key_file(const struct config_provider *p, struct fail *f)
{
	struct auth_work work = {.auth = p->auth};
	struct arena arena;
	struct fail own;
	int result;

	if (p->auth->style != CONFIG_AUTH_GOOGLE_KEY_FILE)
		return 0;
	arena_init(&arena);
	fail_init(&own, &arena);
	work.arena = &arena;
	result = auth_style_of(p->auth->style)->ask(&work, &own);
	if (result < 0)
		result = fail(f, FAIL_CONFIG, "provider \"%.*s\": auth.key_file: %.*s",
		              STR_ARG(p->name), STR_ARG(own.message));
	arena_wipe(&arena);
	return result;
}

static int prepare_auth(struct config_provider *p, struct fail *f)
{
	if (p->auth == NULL)
		return 0;
	if (check_key_file(p, f) < 0)
		return -1;
	p->credential = credential_get(p->auth);
	return 0;
}

int provider_prepare(struct config *c, struct fail *f)
{
	c->on_release = release;
	for (int i = 0; i < c->provider_count; i++)
		if (prepare(c, &c->providers[i], f) < 0 || prepare_auth(&c->providers[i], f) < 0)
			return -1;
	for (int i = 0; i < c->webhook_count; i++)
		if (prepare(c, &c->webhooks[i].place, f) < 0)
			return -1;
	for (int i = 0; i < c->model_count; i++)
		for (int k = 0; k < c->models[i].target_count; k++)
			prepare_target(c, &c->models[i].targets[k]);
	return 0;
}
