/* Paths, by kind of provider:
 *
 *	most      base + /chat/completions, /responses, /messages (with /v1 before it)
 *	gemini    base + /models/MODEL:generateContent, :streamGenerateContent?alt=sse
 *	azure     base + /deployments/MODEL/chat/completions?api-version=.. where a version is set
 *	bedrock   base + /model/MODEL/invoke, /invoke-with-response-stream
 *	vertex    base + /publishers/google/models/MODEL:generateContent, /publishers/anthropic/..
 *	          :rawPredict, :streamRawPredict, /endpoints/openapi/chat/completions
 *
 * Sources: https://ai.google.dev/api/generate-content,
 * https://learn.microsoft.com/azure/foundry/openai/reference (deployments) and
 * https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle (/openai/v1),
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html,
 * https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai,
 * https://cloud.google.com/vertex-ai/generative-ai/docs/migrate/openai/overview. Pure. */
#include "provider/path.h"

#include "base/encode.h"

/* The dialect's own end of a path. */
static void put_end(struct buf *out, const struct provider_ask *ask)
{
	static const struct str ends[LLM_DIALECTS] = {[LLM_CHAT] = STR_INIT("/chat/completions"),
	                                              [LLM_RESPONSES] = STR_INIT("/responses"),
	                                              [LLM_MESSAGES] = STR_INIT("/messages")};

	buf_put(out, ends[ask->dialect]);
	if (ask->compacts)
		buf_put(out, STR("/compact"));
	if (ask->counts)
		buf_put(out, STR("/count_tokens"));
}

/* A model's name is the operator's word: what no path may hold goes escaped. */
static void put_model(struct buf *out, struct str model)
{
	encode_percent(out, model, STR("/:@!$&'()*+,;="));
}

static bool has_path(const struct provider_ask *ask)
{
	return ask->provider->url.path.len > 1;
}

static void put_base(struct buf *out, const struct provider_ask *ask, struct str if_none)
{
	buf_put(out, has_path(ask) ? ask->provider->url.path : if_none);
}

static void put_gemini(struct buf *out, const struct provider_ask *ask)
{
	buf_put(out, STR("/models/"));
	put_model(out, ask->model);
	buf_put(out, ask->stream ? STR(":streamGenerateContent?alt=sse") : STR(":generateContent"));
}

static void put_usual(struct buf *out, const struct provider_ask *ask)
{
	const struct config_provider *p = ask->provider;

	if (ask->dialect == LLM_GEMINI) {
		put_base(out, ask, STR("/v1beta"));
		put_gemini(out, ask);
		return;
	}
	buf_put(out, p->url.path);
	if (ask->dialect == LLM_MESSAGES && !str_ends_with(p->url.path, STR("/v1")))
		buf_put(out, STR("/v1"));
	put_end(out, ask);
}

/* Without a version it is OpenAI's own API; with one, deployments have the name of the model. */
static void put_azure(struct buf *out, const struct provider_ask *ask)
{
	struct str version = ask->provider->api_version;

	if (ask->dialect != LLM_CHAT && ask->dialect != LLM_RESPONSES) {
		put_usual(out, ask);
		return;
	}
	put_base(out, ask, version.len ? STR("/openai") : STR("/openai/v1"));
	if (version.len && ask->dialect == LLM_CHAT) {
		buf_put(out, STR("/deployments/"));
		encode_percent(out, ask->model, STR(""));
	}
	put_end(out, ask);
	if (version.len) {
		buf_put(out, STR("?api-version="));
		encode_percent(out, version, STR(""));
	}
}

static void put_bedrock(struct buf *out, const struct provider_ask *ask)
{
	if (ask->dialect != LLM_MESSAGES) {
		put_base(out, ask, STR("/openai/v1"));
		put_end(out, ask);
		return;
	}
	put_base(out, ask, STR(""));
	buf_put(out, STR("/model/"));
	encode_percent(out, ask->model, STR("")); /* perhaps an ARN */
	buf_put(out, ask->stream ? STR("/invoke-with-response-stream") : STR("/invoke"));
}

static void put_vertex(struct buf *out, const struct provider_ask *ask)
{
	struct str path = ask->provider->url.path;

	put_base(out, ask, STR("/v1"));
	if (ask->dialect == LLM_GEMINI) {
		if (str_find(path, STR("/publishers/")) == path.len)
			buf_put(out, STR("/publishers/google"));
		put_gemini(out, ask);
	} else if (ask->dialect == LLM_MESSAGES) {
		buf_put(out, STR("/publishers/anthropic/models/"));
		put_model(out, ask->model);
		buf_put(out, ask->stream ? STR(":streamRawPredict") : STR(":rawPredict"));
	} else {
		buf_put(out, STR("/endpoints/openapi"));
		put_end(out, ask);
	}
}

void path_put(struct buf *out, const struct provider_ask *ask)
{
	switch (ask->provider->kind) {
	case CONFIG_KIND_AZURE:
		put_azure(out, ask);
		return;
	case CONFIG_KIND_BEDROCK:
		put_bedrock(out, ask);
		return;
	case CONFIG_KIND_VERTEX:
		put_vertex(out, ask);
		return;
	default:
		put_usual(out, ask);
	}
}
