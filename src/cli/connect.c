/* fluxrouter connect CLIENT [--url URL] [--key KEY] [--model NAME] [--wire WIRE] [-c FILE]
 *
 * Prints what a client needs to work with the gateway, ready to be pasted. The clients stand in a
 * table, each with a page of text in which {words} are replaced:
 *
 *	{url} {key} {model}   what was asked for
 *	{npm} {npmbase}       opencode's package for the wire, and the path it wants behind {url}
 *	{api} {apibase}       pi's word for it, and its path
 *	{window} {output}     tokens: the least of the models that may serve the name, as /v1/models
 *	                      tells it, so that an agent compacts in time whoever serves it
 *	{small} {smallout}    the same of flux-fast, for what agents do on the side
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
    "      \"npm\": \"{npm}\",\n"
    "      \"name\": \"FluxRouter\",\n"
    "      \"options\": {\"baseURL\": \"{url}{npmbase}\", \"apiKey\": \"{key}\"},\n"
    "      \"models\": {\n"
    "        \"flux-fast\": {\n"
    "          \"limit\": {\"context\": {small}, \"output\": {smallout}},\n"
    "          \"name\": \"flux-fast\"\n"
    "        },\n"
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
                         "      \"baseUrl\": \"{url}{apibase}\",\n"
                         "      \"api\": \"{api}\",\n"
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

/* How a client of several dialects is told which one to speak, and behind which path. */
static const struct wire {
	const char *name, *npm, *npm_base, *api, *api_base;
} wires[] = {
    {"chat", "@ai-sdk/openai-compatible", "/v1", "openai-completions", "/v1"},
    {"responses", "@ai-sdk/openai", "/v1", "openai-responses", "/v1"},
    {"messages", "@ai-sdk/anthropic", "/anthropic/v1", "anthropic-messages", "/anthropic"},
};

/* Tokens; 0: nobody knows. */
struct figures {
	int64_t window, output;
};

struct connection {
	struct str url, key, model, wire_name;
	const struct wire *wire;
	struct figures main, small;
};

/* ---- figures ---- */

static void take_least(int64_t value, int64_t *least)
{
	if (value && (*least == 0 || value < *least))
		*least = value;
}

static void take_model(const struct model *m, struct figures *f)
{
	take_least(m->config->context, &f->window);
	take_least(m->config->max_output, &f->output);
}

static void take_tier(const struct catalog *catalog, enum llm_tier tier, struct figures *f)
{
	for (int i = 0; i < catalog->tier_counts[tier]; i++)
		take_model(catalog->tiers[tier][i], f);
}

static void take_alias(const struct catalog *catalog, const struct alias *alias, struct figures *f)
{
	if (alias->kind == ALIAS_PINNED)
		take_model(alias->model, f);
	for (enum llm_tier t = LLM_FAST; t < LLM_TIERS; t++)
		if (alias->kind == ALIAS_AUTO || (alias->kind == ALIAS_TIER && alias->tier == t))
			take_tier(catalog, t, f);
}

static int take_figures(const struct catalog *catalog, struct connection *c, struct fail *f)
{
	struct alias alias;

	if (catalog_resolve(catalog, STR("flux-fast"), &alias, f) == 0)
		take_alias(catalog, &alias, &c->small);
	if (catalog_resolve(catalog, c->model, &alias, f) < 0)
		return -1;
	take_alias(catalog, &alias, &c->main);
	return 0;
}

/* Nine tenths of the window, or earlier where the longest answer would not fit behind it; but never
 * in its first half, for that would compact all the time. */
static int64_t compact_at(const struct figures *f)
{
	int64_t at = f->window / 10 * 9;

	if (f->output && f->window - f->output < at)
		at = f->window - f->output;
	return at < f->window / 2 ? f->window / 2 : at;
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
	const struct {
		const char *name;
		struct str text;
	} texts[] = {
	    {"url", c->url},
	    {"key", c->key},
	    {"model", c->model},
	    {"npm", str_of(c->wire->npm)},
	    {"npmbase", str_of(c->wire->npm_base)},
	    {"api", str_of(c->wire->api)},
	    {"apibase", str_of(c->wire->api_base)},
	};
	const struct {
		const char *name;
		int64_t value;
	} values[] = {
	    {"window", c->main.window},        {"output", c->main.output},
	    {"compact", compact_at(&c->main)}, {"small", c->small.window},
	    {"smallout", c->small.output},
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (str_eq(word, str_of(texts[i].name)))
			buf_put(out, texts[i].text);
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		if (str_eq(word, str_of(values[i].name)))
			return put_figure(out, values[i].value);
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

static const struct wire *wire_of(struct str name)
{
	for (size_t i = 0; i < sizeof wires / sizeof wires[0]; i++)
		if (str_eq(name, str_of(wires[i].name)))
			return &wires[i];
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
	struct fail f;
	struct buf out;
	int status;

	if (config == NULL)
		return 1;
	arena_init(&arena);
	fail_init(&f, &arena);
	buf_init(&out, PAGE_BYTES_MAX);
	status = take_figures(config->catalog, c, &f) < 0 ? 1 : 0;
	if (status == 0) {
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
	                       .model = STR("flux-auto"),
	                       .wire_name = STR("chat")};
	struct str file = {0};
	const struct option options[] = {
	    {"c", "FILE", "the configuration (default: what serve would find)", &file, NULL},
	    {"url", "URL", "where clients reach the gateway (http://127.0.0.1:8686)", &c.url, NULL},
	    {"key", "KEY", "their key (sk-flux-...)", &c.key, NULL},
	    {"model", "NAME", "the model to ask for (flux-auto)", &c.model, NULL},
	    {"wire", "WIRE", "chat, responses or messages, for opencode and pi (chat)",
	     &c.wire_name, NULL},
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
	c.wire = wire_of(c.wire_name);
	if (c.wire == NULL)
		return option_wrong("\"%.*s\" is no wire: chat, responses, messages",
		                    STR_ARG(c.wire_name));
	while (str_ends_with(c.url, STR("/")))
		c.url.len--;
	if (!is_plain(c.url) || !is_plain(c.key) || !is_plain(c.model))
		return option_wrong("--url, --key and --model take no blanks or quotes");
	return connect_client(client, &c, file);
}
