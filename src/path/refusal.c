/* Failures of providers.
 *
 * 	400 404 413 422      its verdict on this request: status and scrubbed message go on
 * 	429                  provider_rate_limited, with its Retry-After
 * 	401 402 403 412      our credential or account: 502 in our own words, never its text
 * 	all else             502 provider_error, timeouts 504
 *
 * An error event in a stream counts as the status that it names.
 * Scrubbing takes out what looks like a key, an organisation, a project or an address. Called by
 * request.c. */
#include "path/refusal.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "limits.h"
#include "provider/provider.h"
#include "wire/fault.h"

enum { RETRY_AFTER_MAX_MS = 3600 * 1000, MESSAGE_MAX = 800, SECRET_MIN = 8 };

static bool is_timeout(enum exchange_failure how)
{
	return how == EXCHANGE_CONNECT_TIMEOUT_FAILURE ||
	       how == EXCHANGE_FIRST_BYTE_TIMEOUT_FAILURE || how == EXCHANGE_IDLE_TIMEOUT_FAILURE ||
	       how == EXCHANGE_TOTAL_TIMEOUT_FAILURE;
}

void refusal_of_exchange(struct request *r)
{
	enum exchange_failure how = exchange_failure(r->now.exchange);
	enum fail_kind kind = is_timeout(how) ? FAIL_PROVIDER_TIMEOUT : FAIL_PROVIDER_ERROR;

	if (how == EXCHANGE_BAD_RESPONSE_FAILURE || how == EXCHANGE_TRUNCATED_FAILURE ||
	    how == EXCHANGE_TOO_LARGE_FAILURE)
		kind = FAIL_PROVIDER_BAD_RESPONSE;
	fail(&r->fail, kind, "no answer from %.*s: %s; try again later",
	     STR_ARG(r->now.target->name), exchange_failure_name(how));
}

void refusal_bad_answer(struct request *r, const char *why)
{
	fail(&r->fail, FAIL_PROVIDER_BAD_RESPONSE, "%.*s gave an answer that cannot be used: %s",
	     STR_ARG(r->now.target->name), why);
}

void refusal_no_credential(struct request *r)
{
	fail(&r->fail, FAIL_PROVIDER_ERROR,
	     "%.*s cannot be asked: this gateway could not obtain its credential for it; its "
	     "operator must mend that",
	     STR_ARG(r->now.target->name));
}

void refusal_silent_stream(struct request *r)
{
	fail(&r->fail, FAIL_PROVIDER_TIMEOUT,
	     "no content from %.*s within the time that it has; try again later",
	     STR_ARG(r->now.target->name));
}

void refusal_broken_stream(struct request *r)
{
	if (exchange_state(r->now.exchange) == EXCHANGE_FAILED)
		refusal_of_exchange(r);
	else
		fail(&r->fail, FAIL_PROVIDER_BAD_RESPONSE,
		     "the stream of %.*s ended before its last event",
		     STR_ARG(r->now.target->name));
}

/* 0: it is none. */
static int64_t number_of(struct str text, int scale)
{
	static const struct decimal_range range = {0, INT64_MAX / 2};
	int64_t number = 0;

	return decimal_read(text, scale, range, &number) == 0 ? number : 0;
}

/* Seconds or a date (RFC 9110 10.2.3), or milliseconds as OpenAI and Azure say them, which are
 * more exact. */
static void take_retry_after(struct request *r, const struct http_head *head)
{
	struct str text = http_header(head, STR("retry-after"));
	int64_t ms = number_of(http_header(head, STR("retry-after-ms")), 0), at_ms;

	if (ms == 0)
		ms = number_of(text, 3);
	if (ms == 0 && clock_read_http_date(text, &at_ms) == 0)
		ms = at_ms - clock_wall_ms();
	ms = ms > 0 ? ms : 0;
	r->fail.retry_after_ms = ms < RETRY_AFTER_MAX_MS ? ms : RETRY_AFTER_MAX_MS;
}

static bool is_word_end(char c)
{
	return strchr(" \t\r\n\"'`,;()[]{}<>", c) != NULL;
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static bool is_secret_name(struct str name)
{
	static const struct str prefixes[] = {
	    STR_INIT("sk-"),  STR_INIT("org-"), STR_INIT("proj_"), STR_INIT("acct_"),
	    STR_INIT("req_"), STR_INIT("AIza"), STR_INIT("gsk_"),  STR_INIT("xai-"),
	};

	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
		if (str_starts_with(name, prefixes[i]) && name.len > prefixes[i].len + 3)
			return true;
	return false;
}

/* An address of any kind, or a secret name anywhere in it: key=sk-..., org:org-... */
static bool is_secret_word(struct str word)
{
	if (str_find(word, STR("://")) < word.len || str_find_byte(word, '@') < word.len)
		return true;
	for (size_t i = 0; i < word.len; i++)
		if ((i == 0 || !is_name_byte(word.ptr[i - 1])) &&
		    is_secret_name(str_part(word, i, word.len)))
			return true;
	return false;
}

/* Part of it, or it with something around. */
static bool shows(struct str word, struct str secret)
{
	return word.len >= SECRET_MIN && secret.len >= SECRET_MIN &&
	       (str_find(secret, word) < secret.len || str_find(word, secret) < word.len);
}

/* What we sent along, whatever it looks like. */
static bool is_ours(const struct request *r, struct str word)
{
	const struct config_provider *p = r->now.target->config->provider;
	bool found = shows(word, r->now.target->config->api_key);

	for (int i = 0; i < p->header_count; i++)
		found = found || shows(word, p->headers[i].value);
	return found;
}

static struct str scrub(const struct request *r, struct str text, struct arena *arena)
{
	struct str out = {0};
	struct buf clean;

	buf_init(&clean, MESSAGE_MAX + 64);
	text = str_part(text, 0, MESSAGE_MAX);
	while (text.len) {
		size_t end = 0;

		while (end < text.len && !is_word_end(text.ptr[end]))
			end++;
		bool shown =
		    !is_secret_word(str_part(text, 0, end)) && !is_ours(r, str_part(text, 0, end));

		buf_put(&clean, shown ? str_part(text, 0, end) : STR("[removed]"));
		buf_put(&clean, str_part(text, end, end < text.len));
		text = str_part(text, end + 1, text.len);
	}
	out = arena_copy(arena, buf_str(&clean));
	buf_release(&clean);
	return out;
}

/* The words that agents of the client's dialect compact on stand first where the provider has
 * others. Of two forms of messages the second asks for a smaller max_tokens, and no more. */
static struct str native_words(const struct request *r, struct str message)
{
	static const struct {
		struct str pattern, other, words;
	} native[LLM_DIALECTS] = {
	    [LLM_CHAT] = {STR_INIT("*maximum context length*"),
	                  {0},
	                  STR_INIT("This model's maximum context length is exceeded: ")},
	    [LLM_RESPONSES] = {STR_INIT("*maximum context length*"),
	                       {0},
	                       STR_INIT("This model's maximum context length is exceeded: ")},
	    [LLM_MESSAGES] = {STR_INIT("*prompt is too long*"), STR_INIT("*exceed context limit*"),
	                      STR_INIT("prompt is too long: ")},
	};
	bool is_native = message.len && (str_matches_glob(message, native[r->dialect].pattern) ||
	                                 str_matches_glob(message, native[r->dialect].other));

	return is_native ? STR("") : native[r->dialect].words;
}

static void refuse_with_its_words(struct request *r, int status, const struct wire_fault *fault)
{
	struct str message = scrub(r, fault->message, r->arena);
	struct str native = fault->is_overflow ? native_words(r, message) : STR("");

	fail(&r->fail, fault->is_overflow ? FAIL_PROVIDER_OVERFLOW : FAIL_PROVIDER_REJECTED,
	     "%.*s%.*s refused the request: %.*s", STR_ARG(native), STR_ARG(r->now.target->name),
	     STR_ARG(message.len ? message : STR("no reason given")));
	r->fail.param = fault->param.len ? scrub(r, fault->param, r->arena) : (struct str){0};
	r->fail.provider_status = status;
}

/* Gemini answers a wrong key with 400, as if the client had written something wrong; the reason in
 * its details tells: https://ai.google.dev/gemini-api/docs/troubleshooting. */
static enum provider_verdict verdict_of(const struct request *r, int status)
{
	struct str body = exchange_body(r->now.exchange);

	if (status == 400 && r->now.dialect == LLM_GEMINI &&
	    str_find(body, STR("\"API_KEY_INVALID\"")) < body.len)
		return PROVIDER_OUR_FAULT;
	return provider_verdict_of(status);
}

static void note_refused_credential(struct request *r, const struct http_head *head)
{
	struct credential *c = r->now.target->config->provider->credential;

	if (c)
		credential_was_refused(c, http_header(head, STR("date")));
}

/* More than anybody has to say of an error is not read. */
static struct str words_of(struct str bytes)
{
	return bytes.len > LIMIT_ERROR_BODY_BYTES ? STR("") : bytes;
}

static void refuse(struct request *r, enum provider_verdict verdict, int status,
                   const struct wire_fault *fault, const char *in_trouble)
{
	switch (verdict) {
	case PROVIDER_SAYS_NO:
		refuse_with_its_words(r, status, fault);
		break;
	case PROVIDER_LIMITS:
		fail(&r->fail, FAIL_PROVIDER_RATE_LIMITED,
		     "%.*s is limiting our rate; try again later", STR_ARG(r->now.target->name));
		break;
	case PROVIDER_OUR_FAULT:
		fail(&r->fail, FAIL_PROVIDER_ERROR,
		     "%.*s does not accept this gateway's credential or account; its operator "
		     "must mend that",
		     STR_ARG(r->now.target->name));
		break;
	case PROVIDER_IN_TROUBLE:
		fail(&r->fail, FAIL_PROVIDER_ERROR, "%.*s %s; try again later",
		     STR_ARG(r->now.target->name), in_trouble);
		break;
	}
}

void refusal_of_status(struct request *r)
{
	const struct http_head *head = exchange_head(r->now.exchange);
	enum provider_verdict verdict = verdict_of(r, head->status);
	struct wire_fault fault = {0};

	if (verdict == PROVIDER_SAYS_NO)
		wire_read_fault(words_of(exchange_body(r->now.exchange)), r->events, r->arena,
		                &fault);
	if (verdict == PROVIDER_SAYS_NO && wire_is_of_account(fault.message))
		verdict = PROVIDER_OUR_FAULT;
	else if (verdict == PROVIDER_OUR_FAULT)
		note_refused_credential(r, head);
	refuse(r, verdict, head->status, &fault,
	       arena_printf(r->arena, "answered with status %d", head->status).ptr);
	if (verdict != PROVIDER_SAYS_NO)
		take_retry_after(r, head);
}

void refusal_of_fault(struct request *r, const struct wire_fault *fault)
{
	refuse(r, provider_verdict_of(fault->status), fault->status, fault,
	       "answered with an error");
}

/* OpenRouter has said 200 before it knows: https://openrouter.ai/docs/api-reference/errors. */
void refusal_of_body(struct request *r, const char *why)
{
	struct wire_fault fault;

	wire_read_fault(words_of(exchange_body(r->now.exchange)), r->events, r->arena, &fault);
	if (fault.status)
		refusal_of_fault(r, &fault);
	else
		refusal_bad_answer(r, why);
}

void refusal_of_event(struct request *r, struct str data)
{
	struct wire_fault fault;

	wire_read_fault(data, r->events, r->arena, &fault);
	refusal_of_fault(r, &fault);
}

/* https://github.com/openai/codex/issues/8145: "code": "invalid_encrypted_content". */
bool refusal_is_of_thinking(const struct request *r)
{
	struct json *doc = r->events;
	struct json_error error;
	uint32_t object;

	if (r->now.dialect != LLM_RESPONSES || r->fail.provider_status != 400 ||
	    r->llm.proofs == 0 ||
	    json_read(doc, words_of(exchange_body(r->now.exchange)), &error) < 0)
		return false;
	object = json_get(doc, json_root(doc), STR("error"));
	return json_text_is(doc, json_get(doc, object, STR("code")),
	                    STR("invalid_encrypted_content"));
}
