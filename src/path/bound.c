/* One reading of the input, all output that it may give, and calls of the provider's tools; by the
 * dearest of the prices that may apply (ledger/price.h). Called by payment.c, for each try again:
 * what was counted meanwhile makes it closer. Pure but for what counting.h remembers. */
#include "path/bound.h"

#include "gate/limit.h"
#include "path/calling.h"
#include "path/counting.h"
#include "path/request.h"
#include "provider/provider.h"
#include "token/picture.h"
#include "wire/compact.h"
#include "wire/put.h"

/* 0: unknown. */
static int64_t most_output(const struct request *r)
{
	int64_t most = request_model(r)->max_output;
	int64_t whole = provider_most_whole(r->now.target->config->provider);

	return whole && !r->llm.stream && (most == 0 || whole < most) ? whole : most;
}

int64_t bound_asked_output(const struct request *r)
{
	int64_t most = most_output(r), asked = most;

	if (r->llm.max_output && (most == 0 || r->llm.max_output < most))
		asked = r->llm.max_output;
	/* What the translation makes of it is what may be billed. */
	if (asked && asked < PUT_LEAST_RESPONSES_OUTPUT && r->now.dialect == LLM_RESPONSES &&
	    r->llm.dialect != LLM_RESPONSES)
		asked = PUT_LEAST_RESPONSES_OUTPUT;
	return asked;
}

/* The estimate looks at samples of a long text. Who knows where they are taken can write what looks
 * like nothing, but not what has more than three times as many tokens as are taken here. */
static int64_t known_tokens(const struct request *r, int64_t bytes)
{
	int64_t exact = counting_exact(r);
	int64_t guess = r->decision.counted_tokens + r->decision.counted_tokens / 2;

	if (exact)
		return exact + exact / 8;
	return guess > bytes / 3 ? guess : bytes / 3;
}

/* Of what nobody knows three bytes are a token, whatever it is: thinking and searches that come
 * back, members that came up yesterday. Pictures alone are worth less. */
static int64_t counted_tokens(const struct request *r, int64_t bytes)
{
	const struct llm_request *l = &r->llm;
	int64_t known = l->text_bytes - l->call_bytes + l->tool_bytes + l->schema_bytes;
	int64_t rest = bytes - known - l->image_bytes;

	return known_tokens(r, known) + (rest > 0 ? rest / 3 : 0) + l->dense_tokens;
}

static int64_t reading_tokens(const struct request *r, enum bound_basis basis)
{
	int64_t window = request_model(r)->context; /* 0: unknown */
	int64_t bytes =
	    (int64_t)stream_body(r->stream).len + (r->llm.compaction ? COMPACT_ASK_BYTES_MAX : 0);
	int64_t count = counted_tokens(r, bytes);

	if (basis == BOUND_BY_WINDOW)
		return r->llm.files && window > bytes ? window : bytes;
	if (basis == BOUND_BY_COUNT && count < bytes)
		bytes = count;
	return window && window < bytes ? window : bytes;
}

/* What is read once more was bytes before, whatever we think that it counts. */
static int64_t again_tokens(const struct request *r, enum bound_basis basis)
{
	return reading_tokens(r, basis == BOUND_BY_WINDOW ? BOUND_BY_WINDOW : BOUND_BY_COUNT);
}

/* https://platform.openai.com/docs/guides/predicted-outputs: what is rejected is billed, whatever the
 * answer's limit. Other dialects do not know it. */
static int64_t predicted_tokens(const struct request *r, enum bound_basis basis)
{
	int64_t bytes = r->now.dialect == LLM_CHAT ? r->llm.predicted_bytes : 0;

	return basis == BOUND_BY_COUNT ? bytes / 3 : bytes;
}

/* Perplexity searches with each request, whether that asks for it or not, or in words that do not
 * go there. Others whose calls have a price do when they are asked. */
static int64_t own_searches(const struct request *r)
{
	const struct config_provider *p = r->now.target->config->provider;

	return r->now.dialect == LLM_CHAT && price_has_calls(r->now.deal.charge) &&
	       !provider_limits_calls(p);
}

static int64_t pictures(const struct request *r)
{
	if (r->llm.images == 0)
		return 0;
	return (int64_t)r->llm.images *
	       picture_weight(request_model(r)->name, r->now.target->config->model);
}

/* Anthropic makes 735 tokens of a computer, 700 of an editor:
 * https://docs.anthropic.com/en/docs/about-claude/pricing#tool-use-pricing */
enum { NAMED_TOOL_TOKENS = 1024 };

static struct price_bound bound_of(const struct request *r, enum bound_basis basis,
                                   struct bound_extent e)
{
	int64_t named = (int64_t)NAMED_TOOL_TOKENS * r->llm.named_tools;
	int64_t calls = calling_most(r, e.each);
	struct price_bound bound = {.input_tokens = reading_tokens(r, basis) + named,
	                            .messages = r->llm.turn_count,
	                            .tools = r->llm.tools,
	                            .choices = r->llm.choices,
	                            .pictures = pictures(r),
	                            .max_output = e.output + predicted_tokens(r, basis),
	                            .calls = calls ? calls : own_searches(r),
	                            .found_tokens = llm_most_found(&r->llm),
	                            .service = r->llm.service};

	if (r->llm.may_compact) { /* read once more, and answered by a summary */
		bound.input_tokens += again_tokens(r, basis) + named;
		bound.choices++;
	}
	if (calling_reads_again(r))
		bound.again_tokens = again_tokens(r, basis) + named;
	return bound;
}

int64_t bound_nusd(const struct request *r, enum bound_basis basis, struct bound_extent e)
{
	struct price_bound bound = bound_of(r, basis, e);
	int64_t nusd = INT64_MAX;

	return price_bound_nusd(&r->now.deal, &bound, &nusd) < 0 ? INT64_MAX : nusd;
}

/* "Our system will add additional formatting tokens to the input/output token":
 * https://docs.x.ai/developers/rate-limits. How many is told nowhere. */
enum { OWN_PROMPT_TOKENS = 1024 };

int64_t bound_window_nusd(const struct request *r, struct bound_extent e)
{
	struct price_bound bound = bound_of(r, BOUND_BY_WINDOW, e);
	int64_t nusd = INT64_MAX, dearer = 0;

	bound.input_tokens += OWN_PROMPT_TOKENS;
	if (price_bound_nusd(&r->now.deal, &bound, &nusd) < 0)
		return INT64_MAX;
	bound.service = LLM_SERVICE_PRIORITY;
	if (price_bound_nusd(&r->now.deal, &bound, &dearer) < 0)
		return nusd;
	return dearer > nusd ? dearer : nusd;
}

int bound_refuse(struct request *r)
{
	const struct price_version *charge = r->now.deal.charge;
	struct str name = request_model(r)->name;

	if (charge->is_unknown)
		return fail(
		    &r->fail, FAIL_MODEL_NOT_ALLOWED,
		    "the price of %.*s is not known, and a ceiling is set; name its price in "
		    "the configuration, or ask for another model",
		    STR_ARG(name));
	if (price_row(charge, r->llm.service, 0) == NULL)
		return fail(
		    &r->fail, FAIL_MODEL_NOT_ALLOWED,
		    "the price of %.*s for the service %s is not known, and a ceiling is set; "
		    "ask for another service, or name its price in the configuration",
		    STR_ARG(name), llm_service_name(r->llm.service));
	return fail(&r->fail, FAIL_INVALID_VALUE,
	            "this request may cost more than %lld USD at %.*s, more than any ceiling pays; "
	            "ask for fewer choices, less output or fewer calls of tools",
	            (long long)(LIMIT_NUSD_MAX / 1000000000), STR_ARG(name));
}

int64_t bound_most_within(const struct request *r, struct bound_room room, struct bound_extent *e,
                          int64_t *part, int64_t highest)
{
	int64_t lowest = *part;

	while (lowest < highest) {
		*part = lowest + (highest - lowest + 1) / 2;
		if (bound_nusd(r, room.basis, *e) <= room.nusd)
			lowest = *part;
		else
			highest = *part - 1;
	}
	*part = lowest;
	return lowest;
}
