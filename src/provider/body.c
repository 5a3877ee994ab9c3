/* What of a request stands in the body at providers that serve messages in their own frame, and in
 * the path or in headers elsewhere.
 *
 * Anthropic's clouds are not all of one version: Bedrock refuses a request for a beta that it does
 * not know ("invalid beta flag"), and agents send many. Those that are documented pass:
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
 * and https://github.com/BerriAI/litellm/pull/19875. Pure. */
#include "provider/provider.h"

#include "base/json_write.h"

enum { BETAS_BYTES_MAX = 16 * 1024 };

struct str provider_body_version(const struct config_provider *p, enum llm_dialect dialect)
{
	if (dialect != LLM_MESSAGES)
		return STR("");
	if (p->kind == CONFIG_KIND_BEDROCK)
		return STR("bedrock-2023-05-31");
	return p->kind == CONFIG_KIND_VERTEX ? STR("vertex-2023-10-16") : STR("");
}

static bool is_known_beta(struct str beta)
{
	static const struct str known[] = {
	    STR_INIT("computer-use-2024-10-22"),
	    STR_INIT("computer-use-2025-01-24"),
	    STR_INIT("computer-use-2025-11-24"),
	    STR_INIT("token-efficient-tools-2025-02-19"),
	    STR_INIT("interleaved-thinking-2025-05-14"),
	    STR_INIT("output-128k-2025-02-19"),
	    STR_INIT("dev-full-thinking-2025-05-14"),
	    STR_INIT("context-1m-2025-08-07"),
	    STR_INIT("context-management-2025-06-27"),
	    STR_INIT("effort-2025-11-24"),
	    STR_INIT("tool-search-tool-2025-10-19"),
	    STR_INIT("tool-examples-2025-10-29"),
	    STR_INIT("compact-2026-01-12"),
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (str_eq(known[i], beta))
			return true;
	return false;
}

struct betas {
	struct json_writer json;
	struct buf left_out;
	int count;
};

static void sort_betas(struct betas *b, struct str list)
{
	struct str beta;

	while (str_next_field(&list, ',', &beta)) {
		beta = str_trim(beta);
		if (is_known_beta(beta)) {
			json_put_text(&b->json, beta);
			b->count++;
		} else if (beta.len && str_is_printable(beta)) {
			buf_put(&b->left_out, b->left_out.len ? STR(", ") : STR(""));
			buf_put(&b->left_out, beta);
		}
	}
}

struct str provider_body_betas(const struct config_provider *p, const struct http_head *client,
                               struct arena *arena, struct str *out_left_out)
{
	struct betas b = {.count = 0};
	struct str result = {0};
	struct buf array;

	if (p->kind != CONFIG_KIND_BEDROCK || client == NULL)
		return result;
	buf_init(&array, BETAS_BYTES_MAX);
	buf_init(&b.left_out, BETAS_BYTES_MAX);
	json_writer_init(&b.json, &array);
	json_open_array(&b.json);
	for (int i = 0; i < client->header_count; i++)
		if (str_eq_nocase(client->headers[i].name, STR("anthropic-beta")))
			sort_betas(&b, client->headers[i].value);
	json_close_array(&b.json);
	if (b.count && !buf_is_over(&array))
		result = arena_copy(arena, buf_str(&array));
	if (b.left_out.len)
		*out_left_out = ARENA_JOIN(arena, STR("anthropic-beta left out, not known there: "),
		                           buf_str(&b.left_out));
	buf_release(&array);
	buf_release(&b.left_out);
	return result;
}
