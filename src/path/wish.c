/* Reads the wish of a request: what its client said of context and session in headers (malformed
 * values count as absent, contract 9), and what its key may use. Called by request.c before the
 * choice. */
#include "path/wish.h"

static int64_t header_count(const struct http_head *head, struct str name)
{
	int64_t value = 0;

	return str_to_i64(http_header(head, name), 0, INT64_C(1) << 40, &value) < 0 ? 0 : value;
}

static struct str header_session(const struct http_head *head)
{
	static const struct str names[] = {STR_INIT("x-wl-conversation-id"), STR_INIT("session-id"),
	                                   STR_INIT("session_id"), STR_INIT("thread-id")};
	struct str value = {0};

	for (size_t i = 0; i < sizeof names / sizeof names[0] && value.len == 0; i++)
		value = http_header(head, names[i]);
	return value;
}

/* Of its account, team and user, beside the key's own. */
static void add_terms(const struct payer *p, struct route_wish *wish)
{
	wish->more_allowed = p->models;
	wish->more_count = p->model_lists;
	wish->has_bounds = p->tier_floor >= 0 || p->tier_ceiling >= 0;
	wish->floor = p->tier_floor >= 0 ? (enum llm_tier)p->tier_floor : LLM_FAST;
	wish->ceiling = p->tier_ceiling >= 0 ? (enum llm_tier)p->tier_ceiling : LLM_REASONING;
}

void wish_read(const struct request *r, struct route_wish *out)
{
	const struct http_head *head = stream_head(r->stream);

	*out = (struct route_wish){
	    .context_tokens = header_count(head, STR("x-wl-context-tokens")),
	    .expected_output = header_count(head, STR("x-wl-expected-output")),
	    .context_managed =
	        str_eq_nocase(http_header(head, STR("x-wl-context-managed")), STR("true")),
	    .session = header_session(head),
	    .allowed_models = r->key.models,
	    .explains = r->endpoint->kind == ENDPOINT_ROUTE,
	};
	if (r->pay.payer)
		add_terms(r->pay.payer, out);
}
