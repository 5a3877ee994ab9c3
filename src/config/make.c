/* The options that stand alone, and the order in which the rest is made. Called by config.c with a
 * raw configuration that fits the schema; notes every mistake and goes on. */
#include "config/make.h"

#include "base/encode.h"
#include "base/hash.h"
#include "config/value.h"
#include "limits.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

struct str config_path(struct config_making *making, const char *format, ...)
{
	char text[160];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	must(len >= 0 && len < (int)sizeof text);
	return arena_copy(making->mistakes->arena, (struct str){text, (size_t)len});
}

struct str config_lower(struct arena *arena, struct str name)
{
	char *copy = arena_get(arena, name.len + 1);

	for (size_t i = 0; i < name.len; i++)
		copy[i] = (char)(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? name.ptr[i] + 32
		                                                          : name.ptr[i]);
	return (struct str){copy, name.len};
}

bool config_is_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    !strchr("._:/@+-", c))
			return false;
	}
	return name.len > 0 && name.len <= 63;
}

static int make_count(struct config_making *making, const char *name, int64_t value, int64_t max)
{
	if (value <= max)
		return (int)value;
	config_wrong(making->mistakes, str_of(name), "is %lld; the most is %lld", (long long)value,
	             (long long)max);
	return (int)max;
}

static void make_limits(struct config_making *making)
{
	const struct raw_config *raw = making->raw;
	struct config_mistakes *m = making->mistakes;
	struct config *c = making->config;

	c->threads = make_count(making, "threads", raw->threads, 256);
	c->connections_max = make_count(making, "connections_max", raw->connections_max, 1000000);
	if (c->connections_max == 0)
		c->connections_max = LIMIT_CONNECTIONS;
	c->requests_max = make_count(making, "requests_max", raw->requests_max, 1000000);
	if (c->requests_max == 0)
		c->requests_max = LIMIT_REQUESTS;
	c->queue_max = make_count(making, "queue_max", raw->queue_max, 1000000);
	if (c->queue_max == 0)
		c->queue_max = LIMIT_QUEUE;
	c->queue_wait_ms = config_value_ms(m, STR("queue_wait"), raw->queue_wait, 2000);
	c->overload_turn_ms = config_value_ms(m, STR("overload_turn"), raw->overload_turn, 200);
	if (c->overload_turn_ms && c->overload_turn_ms < CONFIG_OVERLOAD_TURN_MIN_MS)
		config_wrong(m, STR("overload_turn"), "is less than %d ms",
		             CONFIG_OVERLOAD_TURN_MIN_MS);
	c->drain_delay_ms = config_value_ms(m, STR("drain_delay"), raw->drain_delay, 5000);
	c->drain_limit_ms = config_value_ms(m, STR("drain_limit"), raw->drain_limit, 120 * 1000);
	c->upgrade_limit_ms = config_value_ms(m, STR("upgrade_limit"), raw->upgrade_limit,
	                                      60 * 60 * 1000);
	c->body_memory_max = (size_t)config_value_bytes(
	    m, STR("body_memory_max"), raw->body_memory_max, LIMIT_BODY_MEMORY_BYTES);
	if (c->body_memory_max < LIMIT_BODY_BYTES)
		config_wrong(m, STR("body_memory_max"),
		             "is less than one request body may have (%d MiB)",
		             LIMIT_BODY_BYTES >> 20);
}

static bool is_postgres(struct str address)
{
	return str_starts_with(address, STR("postgresql://")) ||
	       str_starts_with(address, STR("postgres://"));
}

static void make_books(struct config_making *making)
{
	enum { SYNC_MS = 50, SYNC_MAX_MS = 1000 };
	const struct raw_journal *journal = making->raw->journal;
	struct config_mistakes *m = making->mistakes;
	struct config *c = making->config;

	c->data = making->raw->data ? config_value_text(m, STR("data"), making->raw->data)
	                            : STR("flux-data");
	if (making->raw->store)
		c->store = config_value_secret(m, STR("store"), making->raw->store);
	if (c->store.len && !is_postgres(c->store))
		config_wrong(m, STR("store"),
		             "is not an address like postgresql://user@host/database");
	c->journal_sync = journal ? (enum config_sync)journal->sync : CONFIG_SYNC_GROUP;
	c->journal_sync_ms = journal && journal->sync_ms ? journal->sync_ms : SYNC_MS;
	if (c->journal_sync_ms < 1 || c->journal_sync_ms > SYNC_MAX_MS)
		config_wrong(m, STR("journal.sync_ms"), "is not from 1 to %d", SYNC_MAX_MS);
}

static void make_ceilings(struct config_making *making)
{
	const struct raw_ceilings *raw = making->raw->ceilings;
	struct config *c = making->config;

	c->global_month_nusd = INT64_MAX;
	if (raw && raw->global_month_usd)
		c->global_month_nusd = config_value_usd(
		    making->mistakes, STR("ceilings.global_month_usd"), raw->global_month_usd);
}

void config_make(struct config_making *making)
{
	const struct raw_config *raw = making->raw;
	struct config *c = making->config;

	c->insecure = raw->insecure;
	c->log_format = (enum config_log)raw->log;
	c->strict_names = raw->strict_names;
	c->cost_in_usage = raw->cost_in_usage ? *raw->cost_in_usage : true;
	make_books(making);
	config_make_routing(making);
	make_ceilings(making);
	config_make_listen(making);
	make_limits(making);
	config_make_providers(making);
	config_make_models(making);
	config_make_tiers(making);
	config_make_aliases(making);
	config_make_health(making);
	config_make_admin(making);
	config_make_charges(making);
	config_warn_of_old_prices(making);
}

/* ---- the hash: what routing and prices depend on, in one fixed spelling ---- */

static void put_model(struct buf *out, const struct config_model *m)
{
	buf_printf(out, "m %.*s %d %lld %lld %x\n", STR_ARG(m->name), m->lane,
	           (long long)m->context, (long long)m->max_output, m->can);
	for (int i = 0; i < m->floors.count; i++)
		buf_printf(out, "r %u %u %lld\n", m->prices.versions[i].id,
		           m->floors.versions[i].id, (long long)m->prices.versions[i].from_ms);
	for (int i = 0; i < m->target_count; i++)
		buf_printf(out,
		           m->targets[i].credential ? "t %.*s %.*s %d %d\n" : "t %.*s %.*s %d\n",
		           STR_ARG(m->targets[i].provider->name), STR_ARG(m->targets[i].model),
		           m->targets[i].weight, m->targets[i].credential);
}

static void put_charge(struct buf *out, const struct config_charge *charge)
{
	const struct price_set *own = charge->terms.own;

	buf_printf(out, "c %.*s %.*s %.*s %lld %u\n", STR_ARG(charge->account),
	           STR_ARG(charge->plan), STR_ARG(charge->model),
	           (long long)charge->terms.markup_bp, own ? own->versions[0].id : 0);
}

static void put_meaning(struct buf *out, const struct config *c)
{
	buf_printf(out, "quality %d strict %d cost %d\n", c->quality, c->strict_names,
	           c->cost_in_usage);
	buf_printf(out, "share %d bounds %d %d scorer %016" PRIx64 "\n", c->reasoning_percent,
	           c->tier_floor, c->tier_ceiling, hash_stable(c->scorer_bytes));
	for (int i = 0; i < c->provider_count; i++) {
		const struct config_provider *p = &c->providers[i];

		buf_printf(out, "p %.*s %d%d%d%d %d %.*s %.*s:%d%.*s", STR_ARG(p->name),
		           p->speaks[LLM_CHAT], p->speaks[LLM_RESPONSES], p->speaks[LLM_MESSAGES],
		           p->speaks[LLM_GEMINI], p->kind, STR_ARG(p->url.scheme),
		           STR_ARG(p->url.host), p->url.port, STR_ARG(p->url.path));
		if (p->api_version.len)
			buf_printf(out, " %.*s", STR_ARG(p->api_version));
		buf_put_byte(out, '\n');
	}
	for (int i = 0; i < c->model_count; i++)
		put_model(out, &c->models[i]);
	for (int tier = 0; tier < LLM_TIERS; tier++)
		for (int i = 0; i < c->tiers[tier].model_count; i++)
			buf_printf(out, "%d %.*s\n", tier, STR_ARG(c->tiers[tier].models[i]->name));
	for (int i = 0; i < c->alias_count; i++)
		buf_printf(out, "a %.*s %.*s\n", STR_ARG(c->aliases[i].match),
		           STR_ARG(c->aliases[i].to));
	for (int i = 0; i < c->charge_count; i++)
		put_charge(out, &c->charges[i]);
}

void config_put_hash(struct config *c)
{
	uint8_t digest[HASH_SHA256_BYTES];
	struct buf meaning, hex;

	buf_init(&meaning, 64 * 1024 * 1024);
	buf_init(&hex, sizeof c->hash);
	put_meaning(&meaning, c);
	must(!buf_is_over(&meaning));
	hash_sha256(buf_str(&meaning), digest);
	encode_hex(&hex, (struct str){(const char *)digest, 6});
	memcpy(c->hash, hex.ptr, 12);
	c->hash[12] = '\0';
	buf_release(&hex);
	buf_release(&meaning);
}
