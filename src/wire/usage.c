/* Usage in four dialects.
 *
 *	chat       prompt_tokens: cached ones included   completion_tokens: reasoning included
 *	responses  input_tokens: cached ones included    output_tokens: reasoning included
 *	messages   input_tokens: cached ones apart       output_tokens: thinking included
 *	gemini     promptTokenCount: cached ones         candidatesTokenCount: thoughts apart
 *	           included, tools' results apart
 *
 * Predicted tokens that were rejected are part of completion_tokens and billed like the rest, so
 * they need no figure of their own. Audio and image tokens are parts of input and output; of the
 * input they are taken for uncached as far as there is uncached input, so that parts never come to
 * more than the whole. Nothing is ever negative, whatever a provider says.
 *
 * Called by the dialects, for every usage object that a provider sends. Must never add one report
 * to another: providers that report on every chunk report what they have come to. */
#include "wire/usage.h"

#include "base/hash.h"
#include "wire/note.h"

/* OpenAI bills a search, not the pages that the model opens after it:
 * https://platform.openai.com/docs/pricing, "Built-in tools". */
enum tool_price { TOOL_FREE, TOOL_SEARCH, TOOL_CALL };

static int64_t count(const struct json *doc, uint32_t object, const char *key)
{
	return note_count(doc, object, str_of(key));
}

static int64_t lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Takes a part out of what is left of the whole. */
static int64_t part(int64_t told, int64_t *left)
{
	int64_t taken = lesser(told, *left);

	*left -= taken;
	return taken;
}

static void keep_parts_inside(struct llm_usage *u)
{
	int64_t input = u->input, output = u->output;

	u->audio_input = part(u->audio_input, &input);
	u->image_input = part(u->image_input, &input);
	u->audio_output = part(u->audio_output, &output);
	u->image_output = part(u->image_output, &output);
	u->reasoning = lesser(u->reasoning, u->output);
}

static bool is_report(const struct llm_usage *u)
{
	return u->input + u->cache_read + u->cache_write_5m + u->cache_write_1h > 0;
}

void usage_note_service(const struct json *doc, uint32_t node, enum llm_service *out)
{
	static const enum llm_service told[] = {LLM_SERVICE_FLEX, LLM_SERVICE_PRIORITY,
	                                        LLM_SERVICE_BATCH};

	if (json_type(doc, node) != JSON_STRING)
		return;
	*out = LLM_SERVICE_STANDARD;
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
		if (json_text_is(doc, node, str_of(llm_service_name(told[i]))))
			*out = told[i];
}

/* ---- chat ---- */

/* Figures and parts of a usage object; the first three are said everywhere. */
#define CHAT_USAGE(X)                                                                              \
	X(PROMPT, "prompt_tokens")                                                                 \
	X(COMPLETION, "completion_tokens")                                                         \
	X(TOTAL, "total_tokens")                                                                   \
	X(PROMPT_DETAILS, "prompt_tokens_details")                                                 \
	X(COMPLETION_DETAILS, "completion_tokens_details")                                         \
	X(CACHE_HIT, "prompt_cache_hit_tokens")           /* DeepSeek */                           \
	X(CACHED, "cached_tokens")                        /* Moonshot */                           \
	X(SOURCES, "num_sources_used")                    /* xAI */                                \
	X(QUERIES, "num_search_queries")                  /* Perplexity */                         \
	X(SEARCH_SIZE, "search_context_size")             /* Perplexity */                         \
	X(SERVER_TOOLS, "server_tool_use")                /* OpenRouter, in Anthropic's words */   \
	X(TOOL_DETAILS, "server_side_tool_usage_details") /* xAI */

#define IN_DETAILS(X)                                                                              \
	X(IN_CACHED, "cached_tokens")                                                              \
	X(IN_CACHE_WRITE, "cache_write_tokens") /* OpenRouter */                                   \
	X(IN_AUDIO, "audio_tokens")                                                                \
	X(IN_IMAGE, "image_tokens")

#define OUT_DETAILS(X)                                                                             \
	X(OUT_REASONING, "reasoning_tokens")                                                       \
	X(OUT_AUDIO, "audio_tokens")                                                               \
	X(OUT_IMAGE, "image_tokens")

#define NAME(id, key) id,
#define KEY(id, key) STR_INIT(key),
enum chat_usage { CHAT_USAGE(NAME) CHAT_USAGES };
enum in_details { IN_DETAILS(NAME) IN_FIGURES };
enum out_details { OUT_DETAILS(NAME) OUT_FIGURES };
static const struct str chat_keys[] = {CHAT_USAGE(KEY)};
static const struct str in_keys[] = {IN_DETAILS(KEY)};
static const struct str out_keys[] = {OUT_DETAILS(KEY)};

static int64_t figure(const struct json *doc, uint32_t node)
{
	int64_t value = 0;

	return note_figure(doc, node, &value) < 0 ? 0 : value;
}

static bool is_figure(const struct json *doc, uint32_t node)
{
	int64_t value;

	return note_figure(doc, node, &value) == 0;
}

static void read_chat_input(const struct json *doc, const uint32_t *told, struct llm_usage *u)
{
	uint32_t in[IN_FIGURES];

	json_get_each(doc, told[PROMPT_DETAILS], in_keys, IN_FIGURES, in);
	u->cache_read = figure(doc, in[IN_CACHED]);
	u->cache_write_5m = figure(doc, in[IN_CACHE_WRITE]);
	u->audio_input = figure(doc, in[IN_AUDIO]);
	u->image_input = figure(doc, in[IN_IMAGE]);
	if (told[PROMPT_DETAILS] == JSON_NONE)
		u->cache_read = figure(doc, told[CACHE_HIT]) + figure(doc, told[CACHED]);
	u->input = note_without(figure(doc, told[PROMPT]), &u->cache_read);
	u->input = note_without(u->input, &u->cache_write_5m);
}

/* xAI and others leave reasoning out of completion_tokens, Gemini all of them where it wrote
 * nothing; their total tells. */
static void read_chat_output(const struct json *doc, const uint32_t *told, bool counts_rest,
                             struct llm_usage *u)
{
	uint32_t out[OUT_FIGURES];
	int64_t rest;

	json_get_each(doc, told[COMPLETION_DETAILS], out_keys, OUT_FIGURES, out);
	u->output = figure(doc, told[COMPLETION]);
	u->reasoning = figure(doc, out[OUT_REASONING]);
	u->audio_output = figure(doc, out[OUT_AUDIO]);
	u->image_output = figure(doc, out[OUT_IMAGE]);
	rest = figure(doc, told[TOTAL]) - figure(doc, told[PROMPT]) - u->output;
	if (rest <= 0)
		return;
	if (u->reasoning == rest || !is_figure(doc, told[COMPLETION])) {
		u->output += rest;
	} else if (counts_rest && u->reasoning == 0) {
		u->output += rest;
		u->reasoning = rest;
	}
}

/* Tools that the provider ran. */
static void read_chat_tools(const struct json *doc, const uint32_t *told, struct llm_usage *u)
{
	static const char *const calls[] = {"code_interpreter_calls", "file_search_calls",
	                                    "document_search_calls", "mcp_calls"};
	uint32_t details = told[TOOL_DETAILS];

	u->searches = count(doc, told[SERVER_TOOLS], "web_search_requests") +
	              figure(doc, told[SOURCES]) + figure(doc, told[QUERIES]) +
	              count(doc, details, "web_search_calls") +
	              count(doc, details, "x_search_calls");
	/* A fee for each request: https://docs.perplexity.ai/getting-started/pricing */
	if (u->searches == 0 && json_type(doc, told[SEARCH_SIZE]) == JSON_STRING)
		u->searches = 1;
	for (size_t i = 0; details != JSON_NONE && i < sizeof calls / sizeof calls[0]; i++)
		u->calls += count(doc, details, calls[i]);
}

uint32_t usage_of_chat(const struct json *doc)
{
	uint32_t root = json_root(doc), usage = json_get(doc, root, STR("usage"));

	if (json_type(doc, usage) == JSON_OBJECT)
		return usage;
	root = json_get(doc, json_get(doc, root, STR("x_groq")), STR("usage"));
	return json_type(doc, root) == JSON_OBJECT ? root : usage;
}

void usage_read_chat(const struct json *doc, uint32_t usage, bool counts_rest,
                     struct llm_usage *out)
{
	struct llm_usage u = {.service = out->service};
	uint32_t told[CHAT_USAGES];

	json_get_each(doc, usage, chat_keys, CHAT_USAGES, told);
	read_chat_input(doc, told, &u);
	read_chat_output(doc, told, counts_rest, &u);
	read_chat_tools(doc, told, &u);
	usage_note_service(doc, json_get(doc, json_root(doc), STR("service_tier")), &u.service);
	keep_parts_inside(&u);
	u.reported =
	    is_report(&u) && (is_figure(doc, told[COMPLETION]) || is_figure(doc, told[TOTAL]));
	*out = u;
}

/* ---- responses ---- */

static enum tool_price price_of_item(const struct json *doc, uint32_t item)
{
	static const struct {
		struct str type;
		enum tool_price price;
	} types[] = {
	    {STR_INIT("web_search_call"), TOOL_SEARCH},
	    {STR_INIT("file_search_call"), TOOL_CALL},
	    {STR_INIT("code_interpreter_call"), TOOL_CALL},
	};
	uint32_t type = json_get(doc, item, STR("type"));
	uint32_t action = json_get(doc, json_get(doc, item, STR("action")), STR("type"));

	if (action != JSON_NONE && !json_text_is(doc, action, STR("search")))
		return TOOL_FREE;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (json_text_is(doc, type, types[i].type))
			return types[i].price;
	return TOOL_FREE;
}

/* A container is charged once, however often the model runs code in it. */
static bool is_known_container(const struct json *doc, uint32_t output, uint32_t item)
{
	struct str id = json_raw(doc, json_get(doc, item, STR("container_id")));

	JSON_EACH(doc, output, earlier)
	{
		uint32_t other = json_get(doc, earlier, STR("container_id"));

		if (earlier == item)
			return false;
		if (id.len && str_eq(id, json_raw(doc, other)))
			return true;
	}
	return false;
}

static void count_items(const struct json *doc, uint32_t output, struct llm_usage *u)
{
	JSON_EACH(doc, output, item)
	{
		enum tool_price price = price_of_item(doc, item);

		u->has_unpriced |= json_text_is(doc, json_get(doc, item, STR("type")),
		                                STR("image_generation_call"));
		u->searches += price == TOOL_SEARCH;
		u->calls += price == TOOL_CALL && !is_known_container(doc, output, item);
	}
}

bool usage_has_calls(enum llm_dialect dialect, struct str event_name)
{
	switch (dialect) {
	case LLM_RESPONSES:
		return str_eq(event_name, STR("response.output_item.done"));
	case LLM_MESSAGES:
		return str_eq(event_name, STR("content_block_start"));
	default:
		return false;
	}
}

static void note_item(const struct json *doc, uint32_t item, struct usage_calls *c)
{
	struct str container = json_raw(doc, json_get(doc, item, STR("container_id")));
	uint64_t hash = container.len ? hash_stable(container) | 1 : 0;
	enum tool_price price = price_of_item(doc, item);

	c->searches += price == TOOL_SEARCH;
	c->calls += price == TOOL_CALL && (hash == 0 || hash != c->container);
	if (hash)
		c->container = hash;
}

static bool is_search(const struct json *doc, uint32_t block)
{
	return json_text_is(doc, json_get(doc, block, STR("type")), STR("server_tool_use")) &&
	       json_text_is(doc, json_get(doc, block, STR("name")), STR("web_search"));
}

void usage_note_calls(enum llm_dialect dialect, const struct json *event, struct usage_calls *c)
{
	uint32_t root = json_root(event);

	if (dialect == LLM_RESPONSES)
		note_item(event, json_get(event, root, STR("item")), c);
	else
		c->searches += is_search(event, json_get(event, root, STR("content_block")));
}

void usage_read_responses(const struct json *doc, uint32_t usage, uint32_t output,
                          struct llm_usage *out)
{
	uint32_t in = json_get(doc, usage, STR("input_tokens_details"));
	uint32_t details = json_get(doc, usage, STR("output_tokens_details"));
	struct llm_usage u = {
	    .service = out->service,
	    .cache_read = count(doc, in, "cached_tokens"),
	    .cache_write_5m = count(doc, in, "cache_write_tokens"),
	    .audio_input = count(doc, in, "audio_tokens"),
	    .image_input = count(doc, in, "image_tokens"),
	    .output = count(doc, usage, "output_tokens"),
	    .reasoning = count(doc, details, "reasoning_tokens"),
	    .audio_output = count(doc, details, "audio_tokens"),
	    .image_output = count(doc, details, "image_tokens"),
	};

	u.input = note_without(count(doc, usage, "input_tokens"), &u.cache_read);
	u.input = note_without(u.input, &u.cache_write_5m);
	if (json_type(doc, output) == JSON_ARRAY)
		count_items(doc, output, &u);
	keep_parts_inside(&u);
	u.reported = is_report(&u) && note_is_count(doc, usage, STR("output_tokens"));
	*out = u;
}

/* ---- messages ---- */

static void replace(const struct json *doc, uint32_t usage, const char *key, int64_t *figure)
{
	if (json_type(doc, json_get(doc, usage, str_of(key))) == JSON_NUMBER)
		*figure = count(doc, usage, key);
}

/* Writes are told as one sum, and newer ones also split by how long they live. */
static void read_cache_writes(const struct json *doc, uint32_t usage, struct llm_usage *u)
{
	int64_t sum = u->cache_write_5m + u->cache_write_1h;
	uint32_t split = json_get(doc, usage, STR("cache_creation"));

	replace(doc, split, "ephemeral_1h_input_tokens", &u->cache_write_1h);
	replace(doc, usage, "cache_creation_input_tokens", &sum);
	u->cache_write_5m = note_without(sum, &u->cache_write_1h);
}

static void read_figures(const struct json *doc, uint32_t usage, struct llm_usage *u)
{
	replace(doc, usage, "input_tokens", &u->input);
	replace(doc, usage, "cache_read_input_tokens", &u->cache_read);
	replace(doc, usage, "output_tokens", &u->output);
	read_cache_writes(doc, usage, u);
}

/* "us" costs more than everywhere; models that cannot be kept in a region say not_available. */
static bool is_region(const struct json *doc, uint32_t geo)
{
	return json_type(doc, geo) == JSON_STRING && !json_text_is(doc, geo, STR("global")) &&
	       !json_text_is(doc, geo, STR("not_available")) && !json_text_is(doc, geo, STR(""));
}

static void read_circumstances(const struct json *doc, uint32_t usage, struct llm_usage *u)
{
	uint32_t geo = json_get(doc, usage, STR("inference_geo"));
	uint32_t tools = json_get(doc, usage, STR("server_tool_use"));

	replace(doc, tools, "web_search_requests", &u->searches);
	usage_note_service(doc, json_get(doc, usage, STR("service_tier")), &u->service);
	if (json_text_is(doc, json_get(doc, usage, STR("speed")), STR("fast")))
		u->service = LLM_SERVICE_FAST;
	if (geo != JSON_NONE)
		u->is_regional = is_region(doc, geo);
}

/* What a conversation was compacted with is billed, and stands only in `iterations`:
 * https://platform.claude.com/docs/en/build-with-claude/compaction. So does what another model
 * was asked, by its own prices: .../agents-and-tools/tool-use/advisor-tool */
static void add_compaction(const struct json *doc, uint32_t usage, struct llm_usage *u)
{
	JSON_EACH(doc, json_get(doc, usage, STR("iterations")), iteration)
	{
		struct llm_usage more = {0};
		uint32_t type = json_get(doc, iteration, STR("type"));

		if (!json_text_is(doc, type, STR("compaction"))) {
			u->has_unpriced |= !json_text_is(doc, type, STR("message"));
			continue;
		}
		read_figures(doc, iteration, &more);
		u->input += more.input;
		u->cache_read += more.cache_read;
		u->cache_write_5m += more.cache_write_5m;
		u->cache_write_1h += more.cache_write_1h;
		u->output += more.output;
	}
}

void usage_read_messages(const struct json *doc, uint32_t usage, bool is_final,
                         struct llm_usage *told, struct llm_usage *out)
{
	read_figures(doc, usage, told);
	read_circumstances(doc, usage, told);
	*out = *told;
	add_compaction(doc, usage, out);
	out->reported =
	    is_report(out) && is_final && note_is_count(doc, usage, STR("output_tokens"));
}

/* ---- gemini ---- */

/* https://ai.google.dev/api/generate-content#UsageMetadata. Every event of a stream has them. */
#define GEMINI_USAGE(X)                                                                            \
	X(GEMINI_PROMPT, "promptTokenCount")                                                       \
	X(GEMINI_CACHED, "cachedContentTokenCount")                                                \
	X(GEMINI_TOOL_PROMPT, "toolUsePromptTokenCount")                                           \
	X(GEMINI_OUTPUT, "candidatesTokenCount")                                                   \
	X(GEMINI_THOUGHTS, "thoughtsTokenCount")                                                   \
	X(GEMINI_TOTAL, "totalTokenCount")                                                         \
	X(GEMINI_IN_DETAILS, "promptTokensDetails")                                                \
	X(GEMINI_OUT_DETAILS, "candidatesTokensDetails")

enum gemini_usage { GEMINI_USAGE(NAME) GEMINI_USAGES };
static const struct str gemini_keys[] = {GEMINI_USAGE(KEY)};

static int64_t count_modality(const struct json *doc, uint32_t list, const char *modality)
{
	int64_t sum = 0;

	JSON_EACH(doc, list, row)
	if (json_text_is(doc, json_get(doc, row, STR("modality")), str_of(modality)))
		sum += count(doc, row, "tokenCount");
	return sum;
}

/* Each query of Google's is billed: https://ai.google.dev/gemini-api/docs/pricing, "Grounding with
 * Google Search". */
static int64_t count_queries(const struct json *doc)
{
	uint32_t candidates = json_get(doc, json_root(doc), STR("candidates"));
	uint32_t grounding = json_get(doc, json_first(doc, candidates), STR("groundingMetadata"));

	return json_count(doc, json_get(doc, grounding, STR("webSearchQueries")));
}

void usage_read_gemini(const struct json *doc, bool is_final, struct llm_usage *out)
{
	uint32_t told[GEMINI_USAGES];
	struct llm_usage u = {.service = out->service, .searches = count_queries(doc)};

	json_get_each(doc, json_get(doc, json_root(doc), STR("usageMetadata")), gemini_keys,
	              GEMINI_USAGES, told);
	u.reasoning = figure(doc, told[GEMINI_THOUGHTS]);
	u.output = figure(doc, told[GEMINI_OUTPUT]) + u.reasoning;
	u.audio_input = count_modality(doc, told[GEMINI_IN_DETAILS], "AUDIO");
	u.image_input = count_modality(doc, told[GEMINI_IN_DETAILS], "IMAGE");
	u.audio_output = count_modality(doc, told[GEMINI_OUT_DETAILS], "AUDIO");
	u.image_output = count_modality(doc, told[GEMINI_OUT_DETAILS], "IMAGE");
	u.cache_read = figure(doc, told[GEMINI_CACHED]);
	u.input = note_without(figure(doc, told[GEMINI_PROMPT]), &u.cache_read);
	u.input += figure(doc, told[GEMINI_TOOL_PROMPT]);
	keep_parts_inside(&u);
	u.reported = is_report(&u) && is_final && is_figure(doc, told[GEMINI_TOTAL]);
	*out = u;
}
