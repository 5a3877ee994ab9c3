/* The table of what is served, and how a request finds its row. Called by request.c with every
 * head. Paths are compared as sent: no decoding, no folding, no second name for anything. */
#include "path/endpoint.h"

#include "path/feedback.h"
#include "path/models.h"
#include "path/ready.h"
#include "path/tokens.h"
#include "path/usage.h"

static const struct endpoint rows[] = {
    {"POST", "/v1/chat/completions", ENDPOINT_SERVE, LLM_CHAT, NULL, "OpenAI chat completions"},
    {"POST", "/v1/responses", ENDPOINT_SERVE, LLM_RESPONSES, NULL, "OpenAI responses"},
    {"POST", "/v1/responses/compact", ENDPOINT_SERVE, LLM_RESPONSES, NULL,
     "a conversation as one item"},
    {"POST", "/v1/messages", ENDPOINT_SERVE, LLM_MESSAGES, NULL, "Anthropic messages"},
    {"POST", "/anthropic/v1/messages", ENDPOINT_SERVE, LLM_MESSAGES, NULL, "Anthropic messages"},
    {"POST", "/v1/messages/count_tokens", ENDPOINT_TELL, LLM_MESSAGES, tokens_answer,
     "how many tokens that would be"},
    {"POST", "/anthropic/v1/messages/count_tokens", ENDPOINT_TELL, LLM_MESSAGES, tokens_answer,
     "how many tokens that would be"},
    {"POST", "/v1/route", ENDPOINT_ROUTE, LLM_CHAT, NULL, "dry run: the decision alone"},
    {"POST", "/v1/feedback", ENDPOINT_TELL, LLM_CHAT, feedback_answer,
     "which tier a request should have had"},
    {"GET", "/v1/models", ENDPOINT_READ, LLM_CHAT, models_answer_list, "what this key may use"},
    {"GET", "/v1/models/{id}", ENDPOINT_READ, LLM_CHAT, models_answer_one, "one of them"},
    {"GET", "/anthropic/v1/models", ENDPOINT_READ, LLM_MESSAGES, models_answer_list,
     "what this key may use"},
    {"GET", "/anthropic/v1/models/{id}", ENDPOINT_READ, LLM_MESSAGES, models_answer_one,
     "one of them"},
    {"GET", "/v1/usage", ENDPOINT_READ, LLM_CHAT, usage_answer, "what is spent, held and left"},
    {"GET", "/healthz", ENDPOINT_OPEN, LLM_CHAT, ready_answer_health, "the process lives"},
    {"GET", "/readyz", ENDPOINT_OPEN, LLM_CHAT, ready_answer_ready, "it wants requests"},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

const struct endpoint *endpoint_row(int index)
{
	return index >= 0 && index < ROWS ? &rows[index] : NULL;
}

static bool matches(const struct endpoint *row, struct str path, struct str *out_id)
{
	struct str want = str_of(row->path);
	size_t brace = str_find_byte(want, '{');

	*out_id = str_part(path, brace, path.len);
	if (brace == want.len)
		return str_eq(path, want);
	return out_id->len && str_starts_with(path, str_part(want, 0, brace));
}

/* HEAD is served where GET is (RFC 9110 9.3.2). */
static bool is_method(const struct endpoint *row, struct str method)
{
	return str_eq(method, str_of(row->method)) ||
	       (str_eq(method, STR("HEAD")) && str_eq(str_of(row->method), STR("GET")));
}

static int not_found(struct str path, struct fail *f)
{
	if (str_starts_with(path, STR("/v1/v1/")))
		return fail(f, FAIL_ENDPOINT_NOT_FOUND,
		            "%.*s has one /v1 too many; the base URL that you set has a /v1 "
		            "which your client adds itself",
		            STR_ARG(str_part(path, 0, 200)));
	if (str_starts_with(path, STR("/anthropic/")))
		return fail(f, FAIL_ENDPOINT_NOT_SERVED,
		            "%.*s is not served; served are /anthropic/v1/messages, "
		            "/anthropic/v1/messages/count_tokens and /anthropic/v1/models",
		            STR_ARG(str_part(path, 0, 200)));
	return fail(f, FAIL_ENDPOINT_NOT_FOUND, "there is nothing at %.*s",
	            STR_ARG(str_part(path, 0, 200)));
}

/* Codex asks for a WebSocket first and falls back at once on 426, slowly or never on others. */
static bool is_websocket(const struct http_head *head)
{
	return str_eq_nocase(http_header(head, STR("upgrade")), STR("websocket")) &&
	       str_eq(head->path, STR("/v1/responses"));
}

int endpoint_find(const struct http_head *head, const struct endpoint **out, struct str *out_id,
                  struct str *out_allow, struct fail *f)
{
	const struct endpoint *other = NULL;

	if (is_websocket(head))
		return fail(f, FAIL_UPGRADE_REQUIRED,
		            "WebSocket is not served here; send POST /v1/responses");
	for (int i = 0; i < ROWS; i++) {
		if (!matches(&rows[i], head->path, out_id))
			continue;
		other = &rows[i];
		if (is_method(other, head->method)) {
			*out = other;
			return 0;
		}
	}
	if (other == NULL)
		return not_found(head->path, f);
	*out_allow =
	    str_eq(str_of(other->method), STR("GET")) ? STR("GET, HEAD") : str_of(other->method);
	return fail(f, FAIL_METHOD_NOT_ALLOWED, "%.*s is not served at %.*s; %.*s is",
	            STR_ARG(str_part(head->method, 0, 40)), STR_ARG(head->path),
	            STR_ARG(*out_allow));
}

enum llm_dialect endpoint_dialect(const struct http_head *head)
{
	struct str path = head->path;

	if (str_starts_with(path, STR("/v1/v1/")))
		path = str_part(path, 3, path.len);
	if (str_starts_with(path, STR("/anthropic/")) ||
	    str_starts_with(path, STR("/v1/messages")) ||
	    http_header(head, STR("anthropic-version")).ptr)
		return LLM_MESSAGES;
	return str_starts_with(path, STR("/v1/responses")) ? LLM_RESPONSES : LLM_CHAT;
}
