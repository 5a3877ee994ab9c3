/* Time-outs and credentials: at the provider, the model, the target. */
#include "check.h"

#include "provider/provider.h"

static struct config *read_text(const char *text, struct fail *f, struct arena *arena)
{
	struct config *c = NULL;

	fail_init(f, arena);
	if (config_read_text(STR("t.yaml"), str_of(text), &c, f) < 0)
		return NULL;
	CHECK(catalog_build(c, f) == 0 && provider_prepare(c, f) == 0);
	return c;
}

static const char two_models[] =
    "providers:\n"
    "  - {name: p, dialect: chat, base_url: \"http://h/v1\", api_key: k, connect_timeout: 3s}\n"
    "  - {name: q, dialect: chat, base_url: \"http://i/v1\", api_keys: [k1, k2, k3],\n"
    "     first_byte_timeout: 20s}\n"
    "models:\n"
    "  - {name: a, price: {input: 1, output: 1}, targets: [{provider: p, model: m}]}\n"
    "  - {name: b, price: {input: 1, output: 1}, idle_timeout: 7s, total_timeout: 1h,\n"
    "     targets: [{provider: p, model: n, idle_timeout: 9s, first_byte_timeout: 30s},\n"
    "               {provider: q, model: n, weight: 3}]}\n";

static void test_waits(const struct config *c)
{
	const struct config_target *plain = &c->models[0].targets[0];
	const struct config_target *own = &c->models[1].targets[0];
	const struct config_target *models = &c->models[1].targets[1];

	CHECK(plain->origin == c->providers[0].origin);
	CHECK(plain->stream_origin == c->providers[0].stream_origin);
	CHECK(plain->origin->connect_ms == 3000 && plain->origin->first_byte_ms == 900 * 1000);
	CHECK(plain->stream_origin->first_byte_ms == 600 * 1000);
	CHECK(plain->origin->idle_ms == 300 * 1000 && plain->origin->total_ms == 0);
	CHECK(own->origin->connect_ms == 3000 && own->origin->first_byte_ms == 30000);
	CHECK(own->origin->idle_ms == 9000 && own->stream_origin->total_ms == 3600 * 1000);
	CHECK(models->stream_origin->first_byte_ms == 20000 && models->origin->idle_ms == 7000);
	CHECK_STR(own->origin->pool_key, c->providers[0].origin->pool_key);
}

/* Each is a target of its own, and nothing secret is in its name. */
static void test_credentials(const struct config *c)
{
	static const char *const names[] = {"p:n", "q#1:n", "q#2:n", "q#3:n"};
	static const char *const keys[] = {"k", "k1", "k2", "k3"};
	const struct model *m = &c->catalog->models[1];

	if (!CHECK(m->target_count == 4))
		return;
	for (int i = 0; i < 4; i++) {
		CHECK_STR(m->targets[i].name, str_of(names[i]));
		CHECK_STR(m->targets[i].config->api_key, str_of(keys[i]));
		CHECK(m->targets[i].config->credential == i);
		CHECK(m->targets[i].config->weight == (i ? 3 : 1));
	}
	CHECK(m->targets[1].health != m->targets[2].health);
}

static void test_health(const struct config *c)
{
	const struct config_health *h = &c->health;

	CHECK(h->has_breaker && h->failures == 5 && h->error_bp == 5000 && h->requests_min == 20);
	CHECK(h->window_ms == 30000 && h->cool_ms == 5000 && h->cool_max_ms == 120000);
	CHECK(h->told_max_ms == 600000 && h->retries_bp == 2000 && h->retries_floor == 1);
	CHECK(h->attempts_max == 5 && h->attempts_ms == 1200000 && h->backoff_ms == 100);
	CHECK(h->heartbeat_ms == 15000);
}

static void test_own_health(struct arena *arena)
{
	struct fail f;
	struct config *c =
	    read_text("health: {breaker: false, failures: 0, error_rate: 12.5%, requests_min: 3, "
	              "window: 2s,\n"
	              "  cool_down: 1s, cool_down_max: 3s, retry_after_max: 1m, retries: 0%,\n"
	              "  retries_per_second: 0, attempts_max: 2, attempts_limit: 9s, backoff: 0,\n"
	              "  heartbeat: 0}\n",
	              &f, arena);

	if (!CHECK(c != NULL))
		return;
	CHECK(!c->health.has_breaker && c->health.failures == 0 && c->health.error_bp == 1250);
	CHECK(c->health.requests_min == 3 && c->health.window_ms == 2000);
	CHECK(c->health.cool_ms == 1000 && c->health.cool_max_ms == 3000);
	CHECK(c->health.told_max_ms == 60000 && c->health.retries_bp == 0);
	CHECK(c->health.retries_floor == 0 && c->health.attempts_max == 2);
	CHECK(c->health.attempts_ms == 9000 && c->health.backoff_ms == 0);
	CHECK(c->health.heartbeat_ms == 0);
	config_put(&c);
}

/* A reload keeps what is known of a target; another credential or address is another target. */
static void test_reloads(struct arena *arena)
{
	static const char *const texts[] = {
	    "{name: p, dialect: chat, base_url: \"http://h/v1\", api_key: k}",
	    "{name: p, dialect: chat, base_url: \"http://h/v1\", api_key: k, idle_timeout: 9s}",
	    "{name: p, dialect: chat, base_url: \"http://h/v1\", api_key: other}",
	    "{name: p, dialect: chat, base_url: \"http://i/v1\", api_key: k}",
	};
	struct health *health[4];
	struct fail f;

	for (int i = 0; i < 4; i++) {
		struct str text = arena_printf(
		    arena,
		    "providers: [%s]\nmodels: [{name: m, price: {input: 1, output: 1}, targets: "
		    "[{provider: p, model: a}]}]\n",
		    texts[i]);
		struct config *c = read_text(text.ptr, &f, arena);

		if (!CHECK(c != NULL))
			return;
		health[i] = c->catalog->models[0].targets[0].health;
		config_put(&c);
	}
	CHECK(health[1] == health[0]);
	CHECK(health[2] != health[0] && health[3] != health[0] && health[3] != health[2]);
}

static void test_mistakes(struct arena *arena)
{
	static const struct {
		const char *text, *problem;
	} rows[] = {
	    {"health: {failures: 10001}\n", "health.failures: is more than 10000"},
	    {"health: {error_rate: 101%}\n", "health.error_rate: \"101%\" is no percentage"},
	    {"health: {attempts_max: 0}\n", "health.attempts_max: is 0"},
	    {"health: {cool_down: 5m}\n", "health.cool_down_max: is less than cool_down"},
	    {"health: {window: 10ms}\n", "health.window: is less than a second"},
	    {"health: {cooldown: 5m}\n", "did you mean \"cool_down\"?"},
	    {"providers: [{name: p, dialect: chat, base_url: \"http://h\", api_key: a, api_keys: "
	     "[b]}]\n",
	     "providers[0].api_keys: stands beside"},
	    {"providers: [{name: p, dialect: chat, base_url: \"http://h\", api_keys: "
	     "[\"${NOT_SET_X}\"]}]\n",
	     "providers[0].api_keys[0]: the environment has no variable NOT_SET_X"},
	    {"providers: [{name: p, dialect: chat, base_url: \"http://h\", api_keys: "
	     "[1,2,3,4,5,6,7,8,9]}]\n"
	     "models: [{name: m, price: {input: 1, output: 1}, targets: [{provider: p, model: a},"
	     " {provider: p, model: b}]}]\n",
	     "models[0].targets: are more than 16"},
	    {"providers: [{name: p, dialect: chat, base_url: \"http://h\"}]\n"
	     "models: [{name: m, price: {input: 1, output: 1}, idle_timeout: soon,"
	     " targets: [{provider: p, model: a}]}]\n",
	     "models[0].idle_timeout: "},
	};
	struct fail f;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK(read_text(rows[i].text, &f, arena) == NULL);
		if (!CHECK(str_find(f.message, str_of(rows[i].problem)) < f.message.len))
			printf("    %.*s\n", STR_ARG(f.message));
	}
}

int main(void)
{
	struct arena arena;
	struct fail f;
	struct config *c;

	arena_init(&arena);
	c = read_text(two_models, &f, &arena);
	if (CHECK(c != NULL)) {
		test_waits(c);
		test_credentials(c);
		test_health(c);
		config_put(&c);
	}
	test_own_health(&arena);
	test_reloads(&arena);
	test_mistakes(&arena);
	arena_release(&arena);
	return check_report("waits");
}
