/* Configuration: the issue's example, the sample and the catalog load; every kind of mistake is
 * found at its line and column; secrets stay secret; snapshots live as long as somebody holds them.
 * */
#include "config/config.h"

#include "base/buf.h"
#include "check.h"

#include <pthread.h>

static const char example[] =
    "listen: [127.0.0.1:8686]          # IPv4, [::]:port, unix:/path\n"
    "data: flux-data\n"
    "providers:\n"
    "  - {name: openai, dialect: chat, base_url: \"https://api.openai.com/v1\", api_key: "
    "\"${OPENAI_API_KEY}\"}\n"
    "models:\n"
    "  - name: gpt-5-mini                 # flux-pinned-gpt-5-mini\n"
    "    lane: express                    # express | daily | deep\n"
    "    price: {input: 0.25, output: 2.00, cache_read: 0.025}   # decimal USD per 1M tokens\n"
    "    context: 400000\n"
    "    max_output: 128000\n"
    "    can: [tools, images, json_schema]\n"
    "    targets: [{provider: openai, model: gpt-5-mini}]\n"
    "  - {name: gpt-5, price: {input: 1.25, output: 10}, targets: [{provider: openai, model: "
    "gpt-5}]}\n"
    "  - {name: gpt-5-pro, lane: deep, price: {input: 15, output: 120}, targets: [{provider: "
    "openai, model: gpt-5-pro}]}\n"
    "tiers:\n"
    "  fast: [gpt-5-mini]                 # the default first, then fallbacks in order\n"
    "  standard: [gpt-5]\n"
    "  reasoning: [gpt-5-pro]\n"
    "aliases:\n"
    "  - {match: \"claude-*haiku*\", to: flux-fast}\n";

static struct config *read_text(const char *text)
{
	struct config *c = NULL;
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	if (config_read_text(STR("t.yaml"), str_of(text), &c, &f) < 0)
		printf("    %.*s\n", STR_ARG(f.message));
	arena_release(&arena);
	return c;
}

static void test_example(void)
{
	struct config *c;

	setenv("OPENAI_API_KEY", "sk-test-1", 1);
	c = read_text(example);
	if (!CHECK(c != NULL))
		return;
	CHECK(c->listen_count == 1 && c->provider_count == 1 && c->model_count == 3);
	CHECK_STR(c->listen[0].address, STR("127.0.0.1:8686"));
	CHECK_STR(c->providers[0].api_keys[0], STR("sk-test-1"));
	CHECK(c->providers[0].speaks[LLM_CHAT] && !c->providers[0].speaks[LLM_MESSAGES]);
	CHECK_STR(c->providers[0].url.host, STR("api.openai.com"));
	CHECK(config_price(&c->models[0])->input_pusd == 250000 &&
	      config_price(&c->models[0])->output_pusd == 2000000);
	CHECK(config_price(&c->models[0])->cache_read_pusd == 25000);
	CHECK(config_price(&c->models[0])->cache_write_5m_pusd == 250000);
	CHECK(config_price(&c->models[0])->cache_write_1h_pusd == 250000);
	CHECK(c->models[0].prices.versions[0].id != c->models[1].prices.versions[0].id);
	CHECK(c->models[0].can == (LLM_CAN_TOOLS | LLM_CAN_IMAGES | LLM_CAN_JSON_SCHEMA));
	CHECK(c->models[0].lane == CONFIG_EXPRESS && c->models[1].lane == CONFIG_DAILY);
	CHECK(c->models[0].targets[0].provider == &c->providers[0]);
	CHECK(c->tiers[LLM_REASONING].models[0] == &c->models[2]);
	CHECK(c->alias_count == 1 && c->warning_count == 0);
	CHECK_STR(c->aliases[0].to, STR("flux-fast"));
	CHECK(c->cost_in_usage && !c->strict_names && c->quality == 50);
	CHECK(c->drain_delay_ms == 5000 && strlen(c->hash) == 12);
	CHECK(c->store.len == 0 && c->journal_sync == CONFIG_SYNC_GROUP &&
	      c->journal_sync_ms == 50);
	config_put(&c);
	CHECK(c == NULL);
}

/* Each row: a document, and what a line of the report must begin with. */
static const struct {
	const char *text, *line;
} mistakes[] = {
    {"", "t.yaml:1:1: there is nothing in it"},
    {"a: [1, 2", "t.yaml:2:1: not YAML: "},
    {"listen: &a [x]\n", "t.yaml:1:9: anchors"},
    {"threads: 1\nthreads: 2\n", "t.yaml:2:1: the same key"},
    {"threads: 1\n---\nthreads: 2\n", "t.yaml:2:1: a second document"},
    {"data: \"a\\0b\"\n", "t.yaml:1:7: a NUL"},
    {"treads: 2\n", "t.yaml:1:1: treads: there is no such option; did you mean \"threads\"?"},
    {"threads: two\n", "t.yaml:1:10: threads: is not a whole number"},
    {"threads: 010\n", "t.yaml:1:10: threads: is not a whole number"},
    {"threads: 9999\n", "t.yaml:1:10: threads: is 9999; the most is 256"},
    {"threads: [1]\n", "t.yaml:1:10: threads: is a list; a single value belongs here"},
    {"listen: 127.0.0.1:8686\n", "t.yaml:1:9: listen: is a single value; a list belongs here"},
    {"listen: [\"127.0.0.1\"]\n", "t.yaml:1:10: listen[0]: the address has no port"},
    {"listen: [127.0.0.1:1, \"0.0.0.0:2\"]\n", "t.yaml:1:23: listen[1]: others can reach"},
    {"listeners: [{address: \"0.0.0.0:2\"}]\n",
     "t.yaml:1:23: listeners[0].address: others can reach"},
    {"listeners: [{address: \"0.0.0.0:2\", certificates: [{cert_file: /no/such}]}]\n",
     "t.yaml:1:51: listeners[0].certificates[0]: cert_file /no/such: No such file"},
    {"listeners: [{address: \"127.0.0.1:2\", proxy_protocol: true}]\n",
     "t.yaml:1:12: listeners: have proxy_protocol: true at 127.0.0.1:2, and trusted_proxies"},
    {"trusted_proxies: [10.0.0.0/8, 10.0.0.0/40]\n",
     "t.yaml:1:31: trusted_proxies[1]: \"10.0.0.0/40\" is no address"},
    {"insecure: maybe\n", "t.yaml:1:11: insecure: is neither true nor false"},
    {"store: flux.db\n", "t.yaml:1:8: store: is not an address like postgresql://"},
    {"journal: {sync: never}\n", "t.yaml:1:17: journal.sync: \"never\" is none of group, each"},
    {"journal: {sync_ms: 2000}\n", "t.yaml:1:20: journal.sync_ms: is not from 1 to 1000"},
    {"log: xml\n", "t.yaml:1:6: log: \"xml\" is none of logfmt, json"},
    {"data: \"x${\"\n", "t.yaml:1:7: data: has a \"${\" that is no ${NAME}"},
    {"data: \"${}\"\n", "t.yaml:1:7: data: has a \"${\" that is no ${NAME}"},
    {"data: \"${A-B}\"\n", "t.yaml:1:7: data: has a \"${\" that is no ${NAME}"},
    {"data: \"a${LONG_VALUE}\"\n", "t.yaml:1:7: data: is longer than 16384 bytes"},
    {"ceilings: {global_month_usd: much}\n",
     "t.yaml:1:30: ceilings.global_month_usd: is \"much\", which"},
    {"ceilings: {global_month_usd: -1}\n",
     "t.yaml:1:30: ceilings.global_month_usd: is \"-1\", which"},
    {"listen: [\"unix:\"]\n", "t.yaml:1:10: listen[0]: the path behind unix:"},
    {"drain_delay: 5 s\n", "t.yaml:1:14: drain_delay: \"5 s\" is no time"},
    {"drain_delay: -1s\n", "t.yaml:1:14: drain_delay: \"-1s\" is no time"},
    {"body_memory_max: 1MB\n", "t.yaml:1:18: body_memory_max: \"1MB\" is no size"},
    {"body_memory_max: 1MiB\n", "t.yaml:1:18: body_memory_max: is less"},
    {"quality: good\n", "t.yaml:1:10: quality: \"good\" is neither"},
    {"reasoning_share: 0%\n", "t.yaml:1:18: reasoning_share: \"0%\" is no share"},
    {"reasoning_share: most\n", "t.yaml:1:18: reasoning_share: \"most\" is no share"},
    {"samples: {percent: 5%}\n", "t.yaml:1:10: samples: `key` is missing"},
    {"samples: {key: short}\n", "t.yaml:1:16: samples.key: is too short"},
    {"samples: {key: 0123456789abcdef, percent: 0%}\n",
     "t.yaml:1:43: samples.percent: \"0%\" is no share"},
    {"samples: {key: 0123456789abcdef, keep: 5m}\n",
     "t.yaml:1:40: samples.keep: is less than an hour"},
    {"decisions: maybe\n", "t.yaml:1:12: decisions: is neither on nor off nor"},
    {"tier_floor: high\n", "t.yaml:1:13: tier_floor: \"high\" is"},
    {"tier_floor: reasoning\ntier_ceiling: standard\n",
     "t.yaml:1:13: tier_floor: is reasoning, above tier_ceiling, which is standard"},
    {"scorer_file: /no/such\n", "t.yaml:1:14: scorer_file: cannot read the file /no/such"},
    {"scorer_file: /dev/null\n", "t.yaml:1:14: scorer_file: /dev/null is no scorer file"},
    {"metrics_listen: 0.0.0.0:9\n", "t.yaml:1:17: metrics_listen: others can reach"},
    {"providers: [{dialect: chat}]\n", "t.yaml:1:13: providers[0]: `name` is missing"},
    {"providers: [{name: a, base_url: \"http://h\"}]\n",
     "t.yaml:1:13: providers[0]: `dialect` is missing"},
    {"providers: [{name: a, dialect: chat, dialects: [chat], base_url: \"http://h\"}]\n",
     "t.yaml:1:48: providers[0].dialects: stands beside"},
    {"providers: [{name: a, dialect: mesages, base_url: \"http://h\"}]\n",
     "t.yaml:1:32: providers[0].dialect: \"mesages\" is no dialect (chat, responses, messages "
     "or gemini); did you mean \"messages\"?"},
    {"providers: [{name: a, dialect: chat, base_url: ftp://h:1}]\n",
     "t.yaml:1:48: providers[0].base_url: is neither an http:// nor"},
    {"providers: [{name: a, dialect: chat, base_url: \"https://u:p@h\"}]\n",
     "t.yaml:1:48: providers[0].base_url: has a user"},
    {"providers: [{name: a, dialect: chat, base_url: \"http://h\", api_key: \"${NOT_SET_X}\"}]\n",
     "t.yaml:1:69: providers[0].api_key: the environment has no variable NOT_SET_X"},
    {"providers: [{name: a, dialect: chat, base_url: \"http://h\", api_key: \"file:/no/x\"}]\n",
     "t.yaml:1:69: providers[0].api_key: cannot read a line of the file /no/x"},
    {"providers: [{name: a, dialect: chat, base_url: \"http://h\", kind: mistrall}]\n",
     "t.yaml:1:66: providers[0].kind: \"mistrall\" is no kind of provider; did you mean "
     "\"mistral\"?"},
    {"providers: [{name: a, dialect: chat, base_url: \"http://h\", proxy: \"https://p:1\"}]\n",
     "t.yaml:1:67: providers[0].proxy: TLS to the proxy"},
    {"providers: [{name: a, dialect: chat, base_url: \"http://h\", cert_file: /etc/passwd}]\n",
     "t.yaml:1:71: providers[0].cert_file: needs its `key_file`"},
    {"providers: [{name: a, dialect: chat, base_url: \"http://h\"}, {name: a, dialect: chat, "
     "base_url: \"http://h\"}]\n",
     "t.yaml:1:68: providers[1].name: there is another provider \"a\""},
    {"providers: [{name: a, dialect: chat, base_url: \"http://h\", headers: [{name: "
     "Content-Length, value: 1}]}]\n",
     "t.yaml:1:77: providers[0].headers[0].name: is a header that we set ourselves"},
    {"models: [{name: m}]\n", "t.yaml:1:10: models[0]: `price` is missing"},
    {"models: [{name: m, price: free}]\n", "t.yaml:1:27: models[0].price: is a single value"},
    {"models: [{name: m, price: {input: 1}}]\n",
     "t.yaml:1:27: models[0].price: `output` is missing"},
    {"models: [{name: m, price: {input: 1e3, output: 1}, targets: []}]\n",
     "t.yaml:1:35: models[0].price.input: \"1e3\" is no price"},
    {"models: [{name: m, price: {input: 0.1234567, output: 1}}]\n",
     "t.yaml:1:35: models[0].price.input: \"0.1234567\" is no price"},
    {"models: [{name: m, price: {input: -1, output: 1}}]\n",
     "t.yaml:1:35: models[0].price.input: \"-1\" is no price"},
    {"models: [{name: m, price: {input: 1, output: 1}}]\n",
     "t.yaml:1:10: models[0]: `targets` is missing"},
    {"models: [{name: m, price: {input: 1, output: 1}, targets: [{provider: x, model: y}]}]\n",
     "t.yaml:1:71: models[0].targets[0].provider: no provider \"x\""},
    {"models: [{name: flux-m, price: {input: 1, output: 1}}]\n",
     "t.yaml:1:10: models[0]: `targets` is missing"},
    {"models: [{name: m, lane: slow, price: {input: 1, output: 1}}]\n",
     "t.yaml:1:26: models[0].lane: \"slow\" is none of express, daily, deep"},
};

static int report_of(const char *text, struct buf *report)
{
	buf_init(report, 1 << 20);
	return config_check_text(STR("t.yaml"), str_of(text), report);
}

static bool has_line(struct str report, struct str begin)
{
	struct str line;

	while (str_next_field(&report, '\n', &line))
		if (str_starts_with(line, begin))
			return true;
	return false;
}

static void expect_line(const char *text, const char *line)
{
	struct buf report;
	int count = report_of(text, &report);

	if (!CHECK(count > 0 && has_line(buf_str(&report), str_of(line))))
		printf("    of: %s\n    wanted: %s\n    got: %.*s\n", text, line,
		       STR_ARG(buf_str(&report)));
	buf_release(&report);
}

static void test_mistakes(void)
{
	for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++)
		expect_line(mistakes[i].text, mistakes[i].line);
}

#define WORLD                                                                                      \
	"providers: [{name: p, dialect: chat, base_url: \"http://h\"}]\n"                          \
	"models:\n"                                                                                \
	"  - {name: gpt-5-mini, price: {input: 1, output: 9}, targets: [{provider: p, model: "     \
	"x}]}\n"                                                                                   \
	"  - {name: Big, price: {input: 1, output: 9}, targets: [{provider: p, model: y}]}\n"

static void test_references(void)
{
	expect_line(WORLD "tiers:\n  fast: [Big, gpt-5-mni]\n",
	            "t.yaml:6:15: tiers.fast[1]: no model \"gpt-5-mni\"; did you mean "
	            "\"gpt-5-mini\"?");
	expect_line(WORLD "tiers: {fast: [big, BIG]}\n",
	            "t.yaml:5:21: tiers.fast[1]: \"Big\" stands in this tier already");
	expect_line(WORLD "aliases:\n  - {match: a, to: flux-fats}\n",
	            "t.yaml:6:20: aliases[0].to: \"flux-fats\" is no tier, model or alias; did you "
	            "mean \"flux-fast\"?");
	expect_line(WORLD "aliases:\n  - {match: a, to: b}\n  - {match: b, to: a}\n",
	            "t.yaml:6:20: aliases[0].to: goes round in a circle");
	expect_line(WORLD "aliases:\n  - {match: a, to: big}\n  - {match: A, to: big}\n",
	            "t.yaml:7:13: aliases[1].match: \"A\" stands at aliases[0] already");
	expect_line(WORLD "aliases: [{match: Flux-Auto, to: big}]\n",
	            "t.yaml:5:19: aliases[0].match: \"Flux-Auto\" has a meaning of its own");
	expect_line(WORLD "  - {name: big, price: {input: 1, output: 1}, targets: [{provider: p, "
	                  "model: x}]}\n",
	            "t.yaml:5:12: models[2].name: there is another model \"big\"");
}

static void test_all_at_once(void)
{
	struct buf report;
	int count = report_of("threads: x\nlog: y\nbogus: 1\n", &report);

	CHECK(count == 3);
	CHECK_STR(str_part(buf_str(&report), 0, 11), STR("t.yaml:1:10"));
	CHECK(str_find(buf_str(&report), STR("\nt.yaml:2:6: ")) < report.len);
	CHECK(str_find(buf_str(&report), STR("\nt.yaml:3:1: ")) < report.len);
	buf_release(&report);
}

static void test_alias_chains(void)
{
	struct config *c = read_text(WORLD "aliases:\n"
	                                   "  - {match: \"c-*\", to: small}\n"
	                                   "  - {match: small, to: flux-pinned-BIG}\n"
	                                   "  - {match: \"gpt-5*\", to: gpt-5-mini}\n");

	if (!CHECK(c != NULL))
		return;
	CHECK_STR(c->aliases[0].to, STR("flux-pinned-BIG"));
	CHECK_STR(c->aliases[2].to, STR("gpt-5-mini"));
	config_put(&c);
}

static void test_values(void)
{
	struct config *c = read_text(
	    "drain_delay: 250ms\ndrain_limit: 1.5h\nbody_memory_max: 1GiB\nquality: eco\n"
	    "reasoning_share: 10%\ntier_floor: standard\n"
	    "insecure: yes\nlisten: [\"0.0.0.0:1\", \"[::1]:2\", \"unix:/run/x\"]\n"
	    "cost_in_usage: false\nlog: json\nmetrics_listen: off\n"
	    "ceilings: {global_month_usd: 500.000000001}\n"
	    "store: \"postgresql://u:${HEADER_VALUE}@h/d\"\njournal: {sync: each, sync_ms: 7}\n"
	    "providers:\n"
	    "  - {name: p, dialects: [chat, messages], base_url: \"http://[::1]:8080/v1//\",\n"
	    "     idle_timeout: 90, headers: [{name: x-a, value: \"${HEADER_VALUE}!\"}]}\n");

	if (!CHECK(c != NULL))
		return;
	CHECK(c->drain_delay_ms == 250 && c->drain_limit_ms == 5400 * 1000);
	CHECK(c->body_memory_max == 1u << 30 && c->quality == 25);
	CHECK(c->reasoning_percent == 10 && c->scorer_bytes.len == 0);
	CHECK(c->tier_floor == LLM_STANDARD && c->tier_ceiling == LLM_REASONING);
	CHECK(c->listen_count == 3 && !c->cost_in_usage && c->log_format == CONFIG_LOG_JSON);
	CHECK_STR(c->metrics_listen, STR("off"));
	CHECK(c->global_month_nusd == 500000000001);
	CHECK_STR(c->store, STR("postgresql://u:v1@h/d"));
	CHECK(c->journal_sync == CONFIG_SYNC_EACH && c->journal_sync_ms == 7);
	CHECK_STR(c->providers[0].base_url, STR("http://[::1]:8080/v1"));
	CHECK_STR(c->providers[0].url.host, STR("::1"));
	CHECK(c->providers[0].url.port == 8080 && c->providers[0].waits.idle_ms == 90000);
	CHECK(c->providers[0].speaks[LLM_MESSAGES] && !c->providers[0].speaks[LLM_RESPONSES]);
	CHECK_STR(c->providers[0].headers[0].value, STR("v1!"));
	CHECK(c->warning_count == 1); /* no models */
	config_put(&c);
}

/* Hosts that are known tell their kind. */
static void test_kinds(void)
{
	static const struct {
		const char *host;
		enum config_kind kind;
	} rows[] = {{"api.openai.com", CONFIG_KIND_OPENAI},
	            {"me.openai.azure.com", CONFIG_KIND_AZURE},
	            {"openai.azure.com.evil.example", CONFIG_KIND_COMPATIBLE},
	            {"api.DeepSeek.com", CONFIG_KIND_DEEPSEEK},
	            {"api.z.ai", CONFIG_KIND_ZAI},
	            {"api.together.xyz", CONFIG_KIND_COMPATIBLE}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[256];
		struct config *c;

		snprintf(text, sizeof text,
		         "providers: [{name: p, dialect: chat, base_url: \"https://%s/v1\"}]\n",
		         rows[i].host);
		c = read_text(text);
		if (!CHECK(c && c->providers[0].kind == rows[i].kind))
			printf("    %s\n", rows[i].host);
		config_put(&c);
	}
}

/* A secret's value is in no message, whatever is wrong about it. */
static void test_secrets(void)
{
	static const char *const texts[] = {
	    "providers: [{name: p, dialect: chat, base_url: \"http://h\", api_key: "
	    "\"${BAD_SECRET}\", nope: 1}]\n",
	    "providers: [{name: p, dialect: chat, base_url: \"http://h\", api_key: "
	    "\"${BAD_SECRET}\"}]\n",
	    "providers: [{name: p, dialect: chat, base_url: \"http://h\", proxy: "
	    "\"http://u:${BAD_SECRET}@h:x\"}]\n",
	    "store: \"mysql://u:${BAD_SECRET}@h/d\"\n",
	};

	setenv("BAD_SECRET", "hush-\x01-hush", 1);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct buf report;

		CHECK(report_of(texts[i], &report) > 0);
		CHECK(str_find(buf_str(&report), STR("hush")) == report.len);
		buf_release(&report);
	}
}

static void test_secret_file(void)
{
	char name[] = "/tmp/fluxrouter-test-XXXXXX", text[256];
	int fd = mkstemp(name);
	struct config *c;

	CHECK(fd >= 0 && write(fd, "sk-from-file \r\nsecond\n", 22) == 22);
	close(fd);
	snprintf(text, sizeof text,
	         "providers: [{name: p, dialect: chat, base_url: \"http://h\", api_key: "
	         "\"file:%s\"}]\n",
	         name);
	c = read_text(text);
	if (CHECK(c != NULL))
		CHECK_STR(c->providers[0].api_keys[0], STR("sk-from-file"));
	config_put(&c);
	unlink(name);
}

static void test_hash(void)
{
	struct config *a = read_text(WORLD), *b, *d;

	setenv("SOME_KEY", "x", 1);
	b = read_text(
	    "# a comment\nproviders:\n  - name: p\n    dialects: [chat]\n    base_url: "
	    "http://h/\n    api_key: ${SOME_KEY}\n"
	    "models:\n  - {name: gpt-5-mini, targets: [{provider: p, model: x}], price: "
	    "{output: 9.0, input: 1}}\n"
	    "  - {name: Big, price: {input: 1, output: 9}, targets: [{provider: p, model: "
	    "y}]}\n");
	d = read_text(WORLD "tiers: {fast: [big]}\n");
	if (CHECK(a && b && d)) {
		CHECK(strcmp(a->hash, b->hash) == 0);
		CHECK(strcmp(a->hash, d->hash) != 0);
	}
	config_put(&a);
	config_put(&b);
	config_put(&d);
}

static void test_built_in(void)
{
	struct str local[] = {STR("llama3.2:3b"), STR("bad name"), STR("qwen3")};
	struct config_found found[] = {
	    {.provider = STR("deepseek"), .api_key = STR("sk-d")},
	    {.provider = STR("ollama"),
	     .base_url = STR("http://127.0.0.1:9/v1"),
	     .local_models = local,
	     .local_model_count = 3},
	};
	struct config *c = NULL;
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	if (!CHECK(config_built_in(found, 2, &c, &f) == 0)) {
		printf("    %.*s\n", STR_ARG(f.message));
		return;
	}
	CHECK(c->provider_count == 3); /* both of deepseek's and ollama */
	CHECK_STR(c->providers[1].api_keys[0], STR("sk-d"));
	CHECK_STR(c->providers[2].base_url, STR("http://127.0.0.1:9/v1"));
	CHECK(c->model_count == 4); /* v4-flash, v4-pro, llama3.2:3b, qwen3 */
	CHECK_STR(c->tiers[LLM_FAST].models[0]->name, STR("deepseek-v4-flash"));
	CHECK_STR(c->tiers[LLM_FAST].models[1]->name, STR("llama3.2:3b"));
	CHECK(config_price(c->tiers[LLM_FAST].models[1])->output_pusd == 0);
	CHECK_STR(c->tiers[LLM_REASONING].models[0]->name, STR("deepseek-v4-pro"));
	config_put(&c);
	CHECK(config_built_in(NULL, 0, &c, &f) == 0 && c->model_count == 0);
	config_put(&c);
	arena_release(&arena);
}

static void test_whole_catalog(void)
{
	struct config_offer *offers;
	struct config_found found[64];
	struct config *c = NULL;
	struct arena arena;
	struct fail f;
	int count;

	arena_init(&arena);
	fail_init(&f, &arena);
	setenv("GROQ_API_KEY", "gk", 1);
	unsetenv("ANTHROPIC_API_KEY");
	count = config_offers(&arena, &offers);
	CHECK(count > 10 && count <= 64);
	for (int i = 0; i < count; i++) {
		found[i] = (struct config_found){.provider = offers[i].provider};
		if (str_eq(offers[i].provider, STR("groq")))
			CHECK(offers[i].has_key && str_eq(offers[i].value, STR("gk")));
		if (str_eq(offers[i].provider, STR("anthropic")))
			CHECK(!offers[i].has_key &&
			      str_eq(offers[i].env, STR("ANTHROPIC_API_KEY")));
		if (str_eq(offers[i].provider, STR("ollama")))
			CHECK(offers[i].env.len == 0 && !offers[i].is_demo);
	}
	if (CHECK(config_built_in(found, count, &c, &f) == 0)) {
		CHECK(c->model_count > 30);
		for (int i = 0; i < c->model_count; i++) {
			const struct config_model *m = &c->models[i];

			CHECK(config_price(m)->output_pusd > 0 && m->context > 0 &&
			      m->max_output > 0);
			CHECK(m->max_output <= m->context && m->created_s > 1700000000);
			CHECK(config_price(m)->cache_read_pusd <= config_price(m)->input_pusd);
			CHECK(config_price(m)->cache_write_1h_pusd >=
			      config_price(m)->cache_write_5m_pusd);
		}
		for (int tier = 0; tier < LLM_TIERS; tier++)
			CHECK(c->tiers[tier].model_count >= 8);
	} else {
		printf("    %.*s\n", STR_ARG(f.message));
	}
	config_put(&c);
	arena_release(&arena);
}

static void test_files(void)
{
	struct config *c = NULL;
	struct arena arena;
	struct buf report;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	buf_init(&report, 65536);
	CHECK(config_check(STR("etc/fluxrouter.yaml"), &report) == 0);
	CHECK_STR(buf_str(&report), STR(""));
	CHECK(config_read(STR("etc/fluxrouter.yaml"), &c, &f) == 0);
	config_put(&c);
	CHECK(config_read(STR("/no/such.yaml"), &c, &f) < 0 && f.kind == FAIL_CONFIG);
	CHECK(str_starts_with(f.message, STR("/no/such.yaml: ")));
	CHECK(config_check(STR("/no/such.yaml"), &report) == 1);
	buf_release(&report);
	CHECK(config_read_text(STR("t"), STR("threads: x\nlog: y\n"), &c, &f) < 0);
	CHECK(str_find(f.message, STR("and 1 more")) < f.message.len);
	arena_release(&arena);
}

static void *take_and_put(void *unused)
{
	for (int i = 0; i < 2000; i++) {
		struct config *c = config_current();

		must(c && c->hash[0]);
		config_put(&c);
	}
	return unused;
}

static void test_snapshots(void)
{
	pthread_t threads[2];
	struct config *held;

	CHECK(config_current() == NULL);
	config_set(read_text(WORLD));
	held = config_current();
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&threads[i], NULL, take_and_put, NULL) == 0);
	for (int i = 0; i < 20; i++)
		config_set(read_text(WORLD));
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	CHECK(held->model_count == 2 && held->references == 1);
	config_put(&held);
	config_set(NULL);
}

int main(void)
{
	static char long_value[16 * 1024 + 1];

	setenv("HEADER_VALUE", "v1", 1);
	memset(long_value, 'x', sizeof long_value - 1);
	setenv("LONG_VALUE", long_value, 1);
	test_example();
	test_mistakes();
	test_references();
	test_all_at_once();
	test_alias_chains();
	test_values();
	test_kinds();
	test_secrets();
	test_secret_file();
	test_hash();
	test_built_in();
	test_whole_catalog();
	test_files();
	test_snapshots();
	return check_report("config");
}
