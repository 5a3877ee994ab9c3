/* What operators need beside the service: the admin API's listener and credential, webhooks, how
 * long entries are kept. Called by config_make; notes every mistake and goes on. Secrets are never
 * printed. */
#include "base/clock.h"
#include "config/make.h"
#include "config/value.h"

enum { KEY_BYTES_MIN = 16 };

/* The credential may do everything that the admin API can: it is not to be guessed. */
static void make_key(struct config_making *making)
{
	struct config *c = making->config;

	c->admin.key =
	    config_value_secret(making->mistakes, STR("admin.key"), making->raw->admin->key);
	if (c->admin.key.len < KEY_BYTES_MIN)
		config_wrong(making->mistakes, STR("admin.key"),
		             "is too short; give at least %d characters, such as what `openssl "
		             "rand -base64 32` prints",
		             KEY_BYTES_MIN);
}

static void make_admin(struct config_making *making)
{
	const struct raw_admin *raw = making->raw->admin;
	struct config *c = making->config;
	struct str path = STR("admin.listen");
	bool is_local = true;

	if (!raw)
		return;
	c->admin.listen = raw->listen ? config_value_text(making->mistakes, path, raw->listen)
	                              : STR("127.0.0.1:8687");
	config_value_listen(making->mistakes, path, c->admin.listen, &is_local);
	if (!is_local && !c->insecure)
		config_wrong(making->mistakes, path,
		             "others can reach %.*s, and it is not encrypted; listen on 127.0.0.1 "
		             "behind something that ends TLS, or say insecure: true",
		             STR_ARG(c->admin.listen));
	make_key(making);
}

static void make_events(struct config_making *making, int index, const struct raw_webhook *raw,
                        struct config_webhook *out)
{
	static const int percents[] = {
#define X(percent) percent,
	    CONFIG_MARKS(X)
#undef X
	};

	for (unsigned i = 0; i < raw->events_count; i++) {
		unsigned bit = 0;

		for (int mark = 0; mark < CONFIG_MARK_COUNT; mark++)
			if (raw->events[i] == percents[mark])
				bit = 1u << mark;
		if (bit == 0)
			config_wrong(making->mistakes,
			             config_path(making, "webhooks[%d].events[%u]", index, i),
			             "is none of 50, 80, 100");
		out->events |= bit;
	}
	if (raw->events_count == 0)
		out->events = (1u << CONFIG_MARK_COUNT) - 1;
}

static void make_webhook(struct config_making *making, int index)
{
	const struct raw_webhook *raw = &making->raw->webhooks[index];
	struct config_webhook *out = &making->config->webhooks[index];
	struct config_mistakes *m = making->mistakes;
	struct str path = config_path(making, "webhooks[%d].url", index);
	struct config_provider *place = &out->place;

	place->base_url = config_value_text(m, path, raw->url);
	place->url = config_value_url(m, path, place->base_url);
	place->name =
	    arena_printf(&making->config->arena, "webhook %.*s", STR_ARG(place->url.host));
	place->proxy =
	    config_value_secret(m, config_path(making, "webhooks[%d].proxy", index), raw->proxy);
	place->ca_file =
	    config_value_file(m, config_path(making, "webhooks[%d].ca_file", index), raw->ca_file);
	place->waits = (struct config_waits){.connect_ms = 10 * 1000,
	                                     .first_byte_ms = 10 * 1000,
	                                     .stream_first_byte_ms = 10 * 1000,
	                                     .idle_ms = 10 * 1000,
	                                     .total_ms = 30 * 1000};
	out->secret =
	    config_value_secret(m, config_path(making, "webhooks[%d].secret", index), raw->secret);
	make_events(making, index, raw, out);
}

static void make_retention(struct config_making *making)
{
	const char *text = making->raw->retention;

	if (text && clock_read_span(str_of(text), &making->config->retention_ms) < 0)
		config_wrong(making->mistakes, STR("retention"),
		             "is not a span such as 400d, 12w or 2y");
}

void config_make_admin(struct config_making *making)
{
	struct config *c = making->config;

	c->webhook_count = (int)making->raw->webhooks_count;
	c->webhooks = ARENA_ARRAY(&c->arena, struct config_webhook, making->raw->webhooks_count);
	make_admin(making);
	for (int i = 0; i < c->webhook_count; i++)
		make_webhook(making, i);
	make_retention(making);
}
