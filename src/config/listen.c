/* Where clients connect, and how: addresses, certificates. Certificates and keys are read here,
 * once for a snapshot; a reload reads them anew, and where one of them is broken the old snapshot
 * stays with what it has. Called by config_make; notes every mistake and goes on. */
#include "config/make.h"
#include "config/value.h"

enum { WARN_DAYS = 14, DAY_S = 86400 };

static void check_left(struct config_making *making, struct str path, struct str file,
                       int64_t seconds)
{
	if (seconds <= 0)
		config_warn(making->mistakes, path, "the certificate in %.*s has expired",
		            STR_ARG(file));
	else if (seconds < WARN_DAYS * DAY_S)
		config_warn(making->mistakes, path,
		            "the certificate in %.*s expires in less than %" PRId64 " days",
		            STR_ARG(file), seconds / DAY_S + 1);
}

static void make_cert(struct config_making *making, struct str path, const struct raw_cert *raw,
                      struct tls_server *tls)
{
	struct config_mistakes *m = making->mistakes;
	struct tls_cert cert = {.cert_file = config_value_text(m, path, raw->cert_file)};
	struct buf problem;
	int64_t seconds;

	if (raw->key_file)
		cert.key_file = config_value_text(m, path, raw->key_file);
	buf_init(&problem, 1024);
	if (tls_server_add(tls, &cert, &seconds, &problem) == 0)
		check_left(making, path, cert.cert_file, seconds);
	else
		config_wrong(m, path, "%.*s", STR_ARG(buf_str(&problem)));
	buf_release(&problem);
}

/* Certificates are left out where a configuration is only looked at. */
static void make_tls(struct config_making *making, int index, const struct raw_listener *raw,
                     struct config_listen *out)
{
	if (raw->certificates_count == 0 || !raw->certificates[0].cert_file)
		return;
	out->tls = tls_server_new(out->speaks_http2);
	for (unsigned i = 0; i < raw->certificates_count; i++)
		make_cert(making, config_path(making, "listeners[%d].certificates[%u]", index, i),
		          &raw->certificates[i], out->tls);
}

static void make_address(struct config_making *making, struct str path, const char *text,
                         struct config_listen *out)
{
	struct config *c = making->config;
	bool is_local;

	out->address = config_value_text(making->mistakes, path, text);
	config_value_listen(making->mistakes, path, out->address, &is_local);
	if (!is_local && !c->insecure && !out->tls)
		config_wrong(making->mistakes, path,
		             "others can reach %.*s, and it is not encrypted; give it certificates "
		             "under `listeners`, listen on 127.0.0.1 behind something that ends "
		             "TLS, or say insecure: true",
		             STR_ARG(out->address));
}

static void make_listeners(struct config_making *making)
{
	const struct raw_config *raw = making->raw;
	struct config *c = making->config;

	c->listen = ARENA_ARRAY(&c->arena, struct config_listen,
	                        (size_t)raw->listen_count + raw->listeners_count + 1);
	for (unsigned i = 0; i < raw->listen_count; i++)
		make_address(making, config_path(making, "listen[%u]", i), raw->listen[i],
		             &c->listen[c->listen_count++]);
	for (unsigned i = 0; i < raw->listeners_count; i++) {
		struct config_listen *one = &c->listen[c->listen_count++];

		one->speaks_http2 = raw->listeners[i].certificates_count > 0;
		if (raw->listeners[i].http2)
			one->speaks_http2 = *raw->listeners[i].http2;
		one->has_proxy_header = raw->listeners[i].proxy_protocol;
		make_tls(making, (int)i, &raw->listeners[i], one);
		make_address(making, config_path(making, "listeners[%u].address", i),
		             raw->listeners[i].address, one);
	}
	if (c->listen_count == 0)
		c->listen[c->listen_count++].address = STR("127.0.0.1:8686");
	if (c->listen_count > CONFIG_LISTEN_MAX)
		config_wrong(making->mistakes, STR("listeners"),
		             "make %d addresses with those of `listen`; %d is the most",
		             c->listen_count, CONFIG_LISTEN_MAX);
}

static void make_trusted(struct config_making *making)
{
	const struct raw_config *raw = making->raw;
	struct config *c = making->config;

	c->trusted = ARENA_ARRAY(&c->arena, struct cidr, raw->trusted_proxies_count);
	for (unsigned i = 0; i < raw->trusted_proxies_count; i++) {
		struct str path = config_path(making, "trusted_proxies[%u]", i);
		struct str text =
		    config_value_text(making->mistakes, path, raw->trusted_proxies[i]);

		if (str_eq(text, STR("unix")))
			c->trusts_unix = true;
		else if (cidr_read(text, &c->trusted[c->trusted_count]) == 0)
			c->trusted_count++;
		else
			config_wrong(making->mistakes, path,
			             "\"%.*s\" is no address; write it as 10.0.0.1, 10.0.0.0/8, "
			             "fd00::/8 or unix",
			             STR_ARG(str_part(text, 0, 64)));
	}
}

static void check_trusted(struct config_making *making)
{
	const struct config *c = making->config;

	for (int i = 0; i < c->listen_count; i++)
		if (c->listen[i].has_proxy_header && !c->trusted_count && !c->trusts_unix)
			config_wrong(making->mistakes, STR("listeners"),
			             "have proxy_protocol: true at %.*s, and trusted_proxies names "
			             "nobody who may connect there",
			             STR_ARG(c->listen[i].address));
}

static void make_metrics_listen(struct config_making *making)
{
	struct config *c = making->config;
	bool is_local;

	c->metrics_listen = STR("127.0.0.1:9686");
	if (!making->raw->metrics_listen)
		return;
	c->metrics_listen = arena_copy(&c->arena, str_of(making->raw->metrics_listen));
	if (str_eq(c->metrics_listen, STR("off")))
		return;
	config_value_listen(making->mistakes, STR("metrics_listen"), c->metrics_listen, &is_local);
	if (!is_local && !c->insecure)
		config_wrong(making->mistakes, STR("metrics_listen"),
		             "others can reach %.*s, and it is not encrypted; listen on 127.0.0.1, "
		             "or say insecure: true",
		             STR_ARG(c->metrics_listen));
}

void config_make_listen(struct config_making *making)
{
	make_listeners(making);
	make_trusted(making);
	check_trusted(making);
	make_metrics_listen(making);
}
