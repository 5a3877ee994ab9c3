/* The table of dialects, and what is the same for all of them: where a cost goes, what is
 * guessed when a provider did not report. Pure; called by request and relay. */
#include "wire/wire.h"

#include "base/json_write.h"
#include "wire/chat.h"
#include "wire/messages.h"
#include "wire/responses.h"

static const struct dialect *const dialects[LLM_DIALECTS] = {
    [LLM_CHAT] = &wire_chat,
    [LLM_RESPONSES] = &wire_responses,
    [LLM_MESSAGES] = &wire_messages,
};

const struct dialect *wire_dialect(enum llm_dialect d)
{
	must(d < LLM_DIALECTS);
	return dialects[d];
}

void wire_edit_cost(struct wire_edits *e, size_t at, struct str usage_object, int64_t charge_nusd,
                    struct arena *arena)
{
	struct str inside = str_part(usage_object, 1, usage_object.len - 2);
	char room[80];
	struct buf text = {.ptr = room, .cap = sizeof room, .max = sizeof room};
	struct json_writer w;

	while (inside.len && strchr(" \t\r\n", inside.ptr[0]))
		inside = str_part(inside, 1, inside.len);
	buf_put(&text, inside.len ? STR(",\"cost_usd\":") : STR("\"cost_usd\":"));
	json_writer_init(&w, &text);
	json_put_nusd(&w, charge_nusd);
	buf_put(&text, STR(",\"currency\":\"USD\""));
	must(!buf_is_over(&text));
	wire_edit_add(e, (struct wire_edit){.at = at, .put = arena_copy(arena, buf_str(&text))});
}

/* Four bytes of text are about one token; a stream's events carry one token or more each. */
static int64_t guess_output(const struct wire_meter *m, int64_t answer_bytes)
{
	int64_t text = m->payload_bytes - m->events * m->least_payload;
	int64_t tokens = (m->events ? text : answer_bytes) / 4;

	return tokens > m->events ? tokens : m->events;
}

void wire_estimate_missing(struct wire_meter *m, int64_t input_tokens, int64_t answer_bytes,
                           int64_t most_output)
{
	struct llm_usage *u = &m->usage;
	int64_t output;

	if (m->has_usage)
		return;
	if (u->input + u->cache_read + u->cache_write_5m + u->cache_write_1h == 0)
		u->input = input_tokens;
	output = guess_output(m, answer_bytes);
	if (most_output && output > most_output)
		output = most_output;
	u->output = u->output > output ? u->output : output;
	u->searches = u->searches > m->calls.searches ? u->searches : m->calls.searches;
	u->calls = u->calls > m->calls.calls ? u->calls : m->calls.calls;
	u->reported = false;
}

enum llm_dialect wire_guess_dialect(const struct json *doc)
{
	uint32_t root = json_root(doc);

	if (json_get(doc, root, STR("input")) != JSON_NONE)
		return LLM_RESPONSES;
	if (json_get(doc, root, STR("system")) != JSON_NONE ||
	    json_get(doc, root, STR("stop_sequences")) != JSON_NONE ||
	    json_get(doc, root, STR("thinking")) != JSON_NONE)
		return LLM_MESSAGES;
	return LLM_CHAT;
}
