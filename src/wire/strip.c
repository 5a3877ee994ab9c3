/* Cutting thinking out of a request that its provider would not take back: another dialect's, or
 * all of it where the provider is not the one that made it.
 *
 * 	messages   {"messages":[{"role":"assistant","content":[{"type":"thinking","signature":
 * 	           "fxr.chat.u.."}, ..]}]}
 * 	responses  {"input":[{"type":"reasoning","encrypted_content":"fxr.messages.s..Eq.."}, ..]}
 * 	           {"input":[{"type":"compaction","encrypted_content":"fxr.summary..."}, ..]}
 * 	           which becomes a message
 *
 * The two lists are put together again from the raw bytes of what stays. Called when the light
 * read_request has met such proofs, which it counts. Must never touch a proof of the provider's
 * own. */
#include "wire/strip.h"

#include "base/buf.h"
#include "wire/compact.h"
#include "wire/field.h"

enum strip_proof strip_proof_of(const struct json *doc, uint32_t block)
{
	static const struct str proofs[] = {STR_INIT("signature"), STR_INIT("data"),
	                                    STR_INIT("encrypted_content")};
	static const struct str types[] = {STR_INIT("thinking"), STR_INIT("redacted_thinking"),
	                                   STR_INIT("reasoning")};
	uint32_t type = json_get(doc, block, STR("type"));

	for (size_t i = 0; i < sizeof proofs / sizeof proofs[0]; i++) {
		struct str proof;

		if (!json_text_is(doc, type, types[i]))
			continue;
		proof = field_raw_text(doc, json_get(doc, block, proofs[i]));
		if (proof.len == 0)
			return STRIP_NO_PROOF;
		return str_starts_with(proof, STR("fxr.")) ? STRIP_FOREIGN_PROOF : STRIP_OWN_PROOF;
	}
	return STRIP_NO_PROOF;
}

void strip_note(struct llm_request *r, const struct json *doc, uint32_t block)
{
	enum strip_proof proof = strip_proof_of(doc, block);

	r->proofs += proof != STRIP_NO_PROOF;
	r->foreign_proofs += proof == STRIP_FOREIGN_PROOF;
}

/* What stands in the document between two places. */
static void put_between(struct buf *out, const char *from, const char *to)
{
	buf_put(out, (struct str){from, (size_t)(to - from)});
}

struct cut {
	const struct json *doc;
	enum strip_proof least; /* that goes */
};

static bool goes(const struct cut *c, uint32_t item)
{
	enum strip_proof proof = strip_proof_of(c->doc, item);

	return proof != STRIP_NO_PROOF && proof >= c->least;
}

/* The list's items that stay, by `put`, which says whether it put one. */
static int put_list(struct buf *out, const struct cut *c, uint32_t list,
                    bool put(struct buf *, const struct cut *, uint32_t item))
{
	int count = 0;

	buf_put_byte(out, '[');
	JSON_EACH(c->doc, list, item)
	{
		size_t before = out->len;

		if (count)
			buf_put_byte(out, ',');
		if (put(out, c, item))
			count++;
		else
			out->len = before;
	}
	buf_put_byte(out, ']');
	return count;
}

/* A compaction of ours, as the turn that it stands for. */
static void put_turn(struct buf *out, struct str summary)
{
	buf_put(out, STR("{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":"
	                 "\"input_text\",\"text\":\""));
	buf_put(out, summary);
	buf_put(out, STR("\"}]}"));
}

static bool put_own(struct buf *out, const struct cut *c, uint32_t item)
{
	struct str summary = compact_summary(c->doc, item);

	if (goes(c, item))
		return false;
	if (summary.len) {
		put_turn(out, summary);
		return true;
	}
	buf_put(out, json_raw(c->doc, item));
	return true;
}

static bool has_any(const struct cut *c, uint32_t list)
{
	JSON_EACH(c->doc, list, item)
	if (goes(c, item))
		return true;
	return false;
}

static bool put_message(struct buf *out, const struct cut *c, uint32_t message)
{
	uint32_t content = json_get(c->doc, message, STR("content"));
	struct str whole = json_raw(c->doc, message), list = json_raw(c->doc, content);

	if (json_type(c->doc, content) != JSON_ARRAY || !has_any(c, content)) {
		buf_put(out, whole);
		return true;
	}
	put_between(out, whole.ptr, list.ptr);
	if (put_list(out, c, content, put_own) == 0)
		return false;
	put_between(out, list.ptr + list.len, whole.ptr + whole.len);
	return true;
}

struct str strip_thinking(const struct json *doc, enum llm_dialect dialect, enum strip_proof least,
                          struct arena *arena)
{
	bool is_messages = dialect == LLM_MESSAGES;
	struct str whole = doc->bytes, list, copy;
	uint32_t node = json_get(doc, json_root(doc), is_messages ? STR("messages") : STR("input"));
	struct cut cut = {doc, least};
	struct buf out;

	if (json_type(doc, node) != JSON_ARRAY)
		return whole;
	list = json_raw(doc, node);
	buf_init(&out, 2 * whole.len + 2); /* a turn takes more than its summary's item */
	put_between(&out, whole.ptr, list.ptr);
	put_list(&out, &cut, node, is_messages ? put_message : put_own);
	put_between(&out, list.ptr + list.len, whole.ptr + whole.len);
	must(!buf_is_over(&out));
	copy = arena_copy(arena, buf_str(&out));
	buf_release(&out);
	return copy;
}
