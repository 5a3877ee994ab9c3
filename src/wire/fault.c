/* Reading error objects. Called by path/refusal.c. */
#include "wire/fault.h"

/* https://docs.anthropic.com/en/api/errors,
 * https://platform.openai.com/docs/guides/error-codes and the codes of response.failed in
 * https://platform.openai.com/docs/api-reference/responses/object */
static int status_of_word(struct str word)
{
	static const struct {
		struct str word;
		int status;
	} rows[] = {
	    {STR_INIT("content_filter"), 400},
	    {STR_INIT("context_length_exceeded"), 400},
	    {STR_INIT("failed_to_download_image"), 400},
	    {STR_INIT("image_content_policy_violation"), 400},
	    {STR_INIT("image_parse_error"), 400},
	    {STR_INIT("image_too_large"), 400},
	    {STR_INIT("invalid_base64_image"), 400},
	    {STR_INIT("invalid_image"), 400},
	    {STR_INIT("invalid_image_format"), 400},
	    {STR_INIT("invalid_image_url"), 400},
	    {STR_INIT("invalid_prompt"), 400},
	    {STR_INIT("invalid_request_error"), 400},
	    {STR_INIT("authentication_error"), 401},
	    {STR_INIT("invalid_api_key"), 401},
	    {STR_INIT("billing_error"), 402},
	    {STR_INIT("billing_hard_limit_reached"), 402},
	    {STR_INIT("insufficient_quota"), 402},
	    {STR_INIT("permission_error"), 403},
	    {STR_INIT("not_found_error"), 404},
	    {STR_INIT("request_too_large"), 413},
	    {STR_INIT("rate_limit_error"), 429},
	    {STR_INIT("rate_limit_exceeded"), 429},
	    {STR_INIT("api_error"), 500},
	    {STR_INIT("server_error"), 500},
	    {STR_INIT("timeout_error"), 504},
	    {STR_INIT("vector_store_timeout"), 504},
	    {STR_INIT("overloaded_error"), 529},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (str_eq(rows[i].word, word))
			return rows[i].status;
	return 0;
}

static uint32_t error_of(const struct json *doc, uint32_t root)
{
	uint32_t error = json_get(doc, root, STR("error"));

	if (error == JSON_NONE)
		error = json_get(doc, json_get(doc, root, STR("response")), STR("error"));
	if (error == JSON_NONE)
		error = json_get(doc, json_first(doc, json_get(doc, root, STR("choices"))),
		                 STR("error"));
	return error == JSON_NONE || json_is_null(doc, error) ? root : error;
}

/* The code first: it is the narrower word, but for DeepSeek's, which calls all its own mistakes of
 * the request. */
static int read_status(const struct json *doc, uint32_t object, struct arena *arena)
{
	uint32_t first = json_get(doc, object, STR("code"));
	uint32_t second = json_get(doc, object, STR("type")), code = first;
	int64_t number;
	int status;

	if (json_i64(doc, first, 400, 599, &number) == 0)
		return (int)number;
	if (json_text_is(doc, code, STR("invalid_request_error"))) {
		first = second;
		second = code;
	}
	status = status_of_word(json_text(doc, first, arena));
	return status ? status : status_of_word(json_text(doc, second, arena));
}

/* https://platform.openai.com/docs/guides/error-codes: whatever the sentence beside it says. */
static bool has_code(const struct json *doc, uint32_t object)
{
	return json_text_is(doc, json_get(doc, object, STR("code")),
	                    STR("context_length_exceeded"));
}

/* A text, or what FastAPI's validation says, {"detail":[{"loc":[..],"msg"}]}: vLLM and others have
 * it so, and Mistral within `message`. https://fastapi.tiangolo.com/tutorial/handling-errors/ */
static uint32_t sentence_of(const struct json *doc, uint32_t object)
{
	uint32_t message = json_get(doc, object, STR("message"));
	bool is_outer = message == JSON_NONE;
	uint32_t detail;

	if (json_type(doc, object) == JSON_STRING)
		return object;
	detail = json_get(doc, is_outer ? object : message, STR("detail"));
	if (json_type(doc, detail) == JSON_ARRAY)
		return json_get(doc, json_first(doc, detail), STR("msg"));
	return is_outer ? detail : message;
}

void wire_read_fault(struct str bytes, struct json *scratch, struct arena *arena,
                     struct wire_fault *out)
{
	struct json_error error;
	uint32_t object;

	*out = (struct wire_fault){0};
	if (bytes.len == 0 || json_read(scratch, bytes, &error) < 0)
		return;
	object = error_of(scratch, json_root(scratch));
	out->message = json_text(scratch, sentence_of(scratch, object), arena);
	out->param = json_text(scratch, json_get(scratch, object, STR("param")), arena);
	out->status = read_status(scratch, object, arena);
	out->is_overflow = wire_is_overflow(out->message) || has_code(scratch, object);
	if (out->is_overflow)
		out->status = 400;
	else if (out->status == 400 && wire_is_of_account(out->message))
		out->status = status_of_word(STR("billing_error"));
}

static bool matches_one(struct str message, const struct str *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_matches_glob(message, patterns[i]))
			return true;
	return false;
}

bool wire_is_overflow(struct str message)
{
	static const struct str patterns[] = {
	    STR_INIT("*maximum context length*"),     /* OpenAI, vLLM, Mistral, DeepSeek */
	    STR_INIT("*exceeds the context window*"), /* OpenAI's responses */
	    STR_INIT("*prompt is too long*"),         /* Anthropic */
	    STR_INIT("*exceed context limit*"),       /* Anthropic, with max_tokens */
	    /* https://github.com/anthropics/claude-code/issues/8637 (Bedrock) */
	    STR_INIT("*input is too long for requested model*"),
	    /* https://github.com/google-gemini/gemini-cli/issues/11507 */
	    STR_INIT("*exceeds the maximum number of tokens allowed*"),
	    STR_INIT("*exceeds the available context size*"), /* llama.cpp */
	    STR_INIT("*reduce the length of the messages*"),  /* Groq, Cerebras */
	};

	return matches_one(message, patterns, sizeof patterns / sizeof patterns[0]);
}

bool wire_is_of_account(struct str message)
{
	static const struct str patterns[] = {
	    /* https://github.com/anthropics/claude-code/issues/66314 */
	    STR_INIT("Your credit balance is too low*"),
	    STR_INIT("You have reached your specified API usage limits*"),
	    STR_INIT("This organization has been disabled*"),
	    STR_INIT("Billing hard limit has been reached*"), /* OpenAI */
	};

	return matches_one(message, patterns, sizeof patterns / sizeof patterns[0]);
}
