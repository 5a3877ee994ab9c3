/* fluxrouter connect CLIENT [--url URL] [--key KEY] [--model NAME] [-c FILE]
 *
 * Prints what a client needs to work with the gateway, ready to be pasted. The clients stand in a
 * table, each with a page of text in which {words} are replaced:
 *
 *	{url} {key} {model}   what was asked for
 *	{window} {output}     tokens: the least of the models that may serve the name, as /v1/models
 *	                      tells it, so that an agent compacts in time whoever serves it
 *	{compact}             where compaction should begin: room for an answer is left
 *
 * A line with a figure that nobody knows is left out. Reads a configuration, asks nobody; the key
 * is printed as it was given, and never looked up. */
#include "cli/cli.h"
#include "cli/option.h"
#include "cli/settings.h"
#include "route/catalog.h"

enum { PAGE_BYTES_MAX = 64 * 1024 };

/* https://code.claude.com/docs/en/env-vars */
static const char claude[] =
    "# Claude Code: for the shell that starts it, or as \"env\" of ~/.claude/settings.json\n"
    "export ANTHROPIC_BASE_URL={url}/anthropic\n"
    "export ANTHROPIC_API_KEY={key}\n"
    "export ANTHROPIC_MODEL={model}\n"
    "export ANTHROPIC_DEFAULT_HAIKU_MODEL=flux-fast\n"
    "export ANTHROPIC_DEFAULT_SONNET_MODEL={model}\n"
    "export ANTHROPIC_DEFAULT_OPUS_MODEL={model}\n"
    "export CLAUDE_CODE_MAX_CONTEXT_TOKENS={window}\n"
    "export CLAUDE_CODE_MAX_OUTPUT_TOKENS={output}\n"
    "export CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1\n"
    "claude --model {model}\n";

/* https://developers.openai.com/codex/config-sample */
static const char codex[] = "# Codex: ~/.codex/config.toml, with the key in the environment:\n"
                            "# export FLUX_KEY={key}\n"
                            "model = \"{model}\"\n"
                            "model_provider = \"flux\"\n"
                            "model_context_window = {window}\n"
                            "model_auto_compact_token_limit = {compact}\n"
                            "\n"
                            "[model_providers.flux]\n"
                            "name = \"FluxRouter\"\n"
                            "base_url = \"{url}/v1\"\n"
                            "env_key = \"FLUX_KEY\"\n"
                            "wire_api = \"responses\"\n";

/* https://opencode.ai/docs/providers */
static const char opencode[] =
    "{\n"
    "  \"$schema\": \"https://opencode.ai/config.json\",\n"
    "  \"model\": \"flux/{model}\",\n"
    "  \"small_model\": \"flux/flux-fast\",\n"
    "  \"provider\": {\n"
    "    \"flux\": {\n"
    "      \"npm\": \"@ai-sdk/openai-compatible\",\n"
    "      \"name\": \"FluxRouter\",\n"
    "      \"options\": {\"baseURL\": \"{url}/v1\", \"apiKey\": \"{key}\"},\n"
    "      \"models\": {\n"
    "        \"flux-fast\": {\"name\": \"flux-fast\"},\n"
    "        \"{model}\": {\n"
    "          \"limit\": {\"context\": {window}, \"output\": {output}},\n"
    "          \"name\": \"{model}\"\n"
    "        }\n"
    "      }\n"
    "    }\n"
    "  }\n"
    "}\n";

/* https://github.com/badlogic/pi-mono, packages/coding-agent/docs/models.md */
static const char pi[] = "{\n"
                         "  \"providers\": {\n"
                         "    \"flux\": {\n"
                         "      \"baseUrl\": \"{url}/v1\",\n"
                         "      \"api\": \"openai-completions\",\n"
                         "      \"apiKey\": \"{key}\",\n"
                         "      \"models\": [\n"
                         "        {\n"
                         "          \"id\": \"{model}\",\n"
                         "          \"contextWindow\": {window},\n"
                         "          \"maxTokens\": {output},\n"
                         "          \"name\": \"{model}\"\n"
                         "        }\n"
                         "      ]\n"
                         "    }\n"
                         "  }\n"
                         "}\n";

static const char sdk[] = "# OpenAI's SDKs, and all that read their variables\n"
                          "export OPENAI_BASE_URL={url}/v1\n"
                          "export OPENAI_API_KEY={key}\n"
                          "# Anthropic's SDKs\n"
                          "export ANTHROPIC_BASE_URL={url}/anthropic\n"
                          "export ANTHROPIC_API_KEY={key}\n"
                          "# model: {model}\n"
                          "# tokens of its window: {window}\n"
                          "# tokens of its longest answer: {output}\n";

static const struct client {
	const char *name, *page;
} clients[] = {
    {"claude", claude}, {"codex", codex}, {"opencode", opencode}, {"pi", pi}, {"sdk", sdk},
};

struct connection {
	struct str url, key, model;
	int64_t window, output; /* 0: nobody knows */
};

/* ---- figures ---- */

static void take_least(int64_t value, int64_t *least)
{
	if (value && (*least == 0 || value < *least))
		*least = value;
}

static void take_model(const struct model *m, struct connection *c)
{
	take_least(m->config->context, &c->window);
	take_least(m->config->max_output, &c->output);
}

static void take_tier(const struct catalog *catalog, enum llm_tier tier, struct connection *c)
{
	for (int i = 0; i < catalog->tier_counts[tier]; i++)
		take_model(catalog->tiers[tier][i], c);
}

static void take_alias(const struct catalog *catalog, const struct alias *alias,
                       struct connection *c)
{
	if (alias->kind == ALIAS_PINNED)
		take_model(alias->model, c);
	for (enum llm_tier t = LLM_FAST; t < LLM_TIERS; t++)
		if (alias->kind == ALIAS_AUTO || (alias->kind == ALIAS_TIER && alias->tier == t))
			take_tier(catalog, t, c);
}

/* Nine tenths of the window, or earlier where the longest answer would not fit behind it; but never
 * in its first half, for that would compact all the time. */
static int64_t compact_at(const struct connection *c)
{
	int64_t at = c->window / 10 * 9;

	if (c->output && c->window - c->output < at)
		at = c->window - c->output;
	return at < c->window / 2 ? c->window / 2 : at;
}

/* ---- pages ---- */

static bool put_figure(struct buf *out, int64_t value)
{
	buf_put_i64(out, value);
	return value > 0;
}

/* False: nobody knows it. A brace that begins no word stands for itself. */
static bool put_word(struct buf *out, struct str word, const struct connection *c)
{
	if (str_eq(word, STR("url")))
		buf_put(out, c->url);
	else if (str_eq(word, STR("key")))
		buf_put(out, c->key);
	else if (str_eq(word, STR("model")))
		buf_put(out, c->model);
	else if (str_eq(word, STR("window")))
		return put_figure(out, c->window);
	else if (str_eq(word, STR("output")))
		return put_figure(out, c->output);
	else if (str_eq(word, STR("compact")))
		return put_figure(out, compact_at(c));
	return true;
}

static bool is_word(struct str text)
{
	size_t i = 1;

	while (i < text.len && text.ptr[i] >= 'a' && text.ptr[i] <= 'z')
		i++;
	return text.ptr[0] == '{' && i > 1 && i < text.len && text.ptr[i] == '}';
}

/* The line, or nothing where a figure of it is not known. */
static void put_line(struct buf *out, struct str line, const struct connection *c)
{
	size_t begin = out->len;
	bool is_known = true;

	while (line.len) {
		size_t end = is_word(line) ? str_find_byte(line, '}') : 0;

		if (end)
			is_known &= put_word(out, str_part(line, 1, end - 1), c);
		else
			buf_put_byte(out, line.ptr[0]);
		line = str_part(line, end + 1, line.len);
	}
	if (is_known)
		buf_put_byte(out, '\n');
	else
		out->len = begin;
}

static void put_page(struct buf *out, const char *page, const struct connection *c)
{
	struct str rest = str_of(page), line;

	while (rest.len && str_next_field(&rest, '\n', &line))
		put_line(out, line, c);
}

/* ---- the verb ---- */

static const struct client *client_of(struct str name)
{
	for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++)
		if (str_eq(name, str_of(clients[i].name)))
			return &clients[i];
	return NULL;
}

/* What goes between quotes of a shell, TOML and JSON, as it is. */
static bool is_plain(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f ||
		    strchr("\"'\\$`;&|<>(){}", text.ptr[i]))
			return false;
	return text.len > 0;
}

static int connect_client(const struct client *client, struct connection *c, struct str file)
{
	struct config *config = settings_load(file);
	struct arena arena;
	struct alias alias;
	struct fail f;
	struct buf out;
	int status;

	if (config == NULL)
		return 1;
	arena_init(&arena);
	fail_init(&f, &arena);
	buf_init(&out, PAGE_BYTES_MAX);
	status = catalog_resolve(config->catalog, c->model, &alias, &f) < 0 ? 1 : 0;
	if (status == 0) {
		take_alias(config->catalog, &alias, c);
		put_page(&out, client->page, c);
		fwrite(out.ptr, 1, out.len, stdout);
	} else {
		fprintf(stderr, "fluxrouter: %.*s\n", STR_ARG(f.message));
	}
	buf_release(&out);
	arena_release(&arena);
	config_put(&config);
	return status;
}

int cli_connect(int argc, char **argv)
{
	struct connection c = {.url = STR("http://127.0.0.1:8686"),
	                       .key = STR("sk-flux-..."),
	                       .model = STR("flux-auto")};
	struct str file = {0};
	const struct option options[] = {
	    {"c", "FILE", "the configuration (default: what serve would find)", &file, NULL},
	    {"url", "URL", "where clients reach the gateway (http://127.0.0.1:8686)", &c.url, NULL},
	    {"key", "KEY", "their key (sk-flux-...)", &c.key, NULL},
	    {"model", "NAME", "the model to ask for (flux-auto)", &c.model, NULL},
	};
	const struct option_set set = {
	    .usage = "connect claude|codex|opencode|pi|sdk [-c FILE] [--url URL] [--key KEY]",
	    .about = "Prints the settings with which a client works with the gateway, with the\n"
	             "window and the longest answer of what may serve it: the least of its models.",
	    .options = options,
	    .count = OPTION_COUNT(options),
	    .operands_max = 1,
	};
	struct option_words words;
	const struct client *client;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	if (words.count == 0)
		return option_wrong("connect what? (usage: fluxrouter %s)", set.usage);
	client = client_of(words.operands[0]);
	if (client == NULL)
		return option_wrong("\"%.*s\" is no client that is known: claude, codex, opencode, "
		                    "pi, sdk",
		                    STR_ARG(words.operands[0]));
	while (str_ends_with(c.url, STR("/")))
		c.url.len--;
	if (!is_plain(c.url) || !is_plain(c.key) || !is_plain(c.model))
		return option_wrong("--url, --key and --model take no blanks or quotes");
	return connect_client(client, &c, file);
}
