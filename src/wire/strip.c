/* Cutting foreign thinking out of a request.
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

bool strip_is_foreign(const struct json *doc, uint32_t block)
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
		return str_starts_with(proof, STR("fxr."));
	}
	return false;
}

/* What stands in the document between two places. */
static void put_between(struct buf *out, const char *from, const char *to)
{
	buf_put(out, (struct str){from, (size_t)(to - from)});
}

/* The list's items that stay, by `put`, which says whether it put one. */
static int put_list(struct buf *out, const struct json *doc, uint32_t list,
                    bool put(struct buf *, const struct json *, uint32_t item))
{
	int count = 0;

	buf_put_byte(out, '[');
	JSON_EACH(doc, list, item)
	{
		size_t before = out->len;

		if (count)
			buf_put_byte(out, ',');
		if (put(out, doc, item))
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

static bool put_own(struct buf *out, const struct json *doc, uint32_t item)
{
	struct str summary = compact_summary(doc, item);

	if (strip_is_foreign(doc, item))
		return false;
	if (summary.len) {
		put_turn(out, summary);
		return true;
	}
	buf_put(out, json_raw(doc, item));
	return true;
}

static bool has_foreign(const struct json *doc, uint32_t list)
{
	JSON_EACH(doc, list, item)
	if (strip_is_foreign(doc, item))
		return true;
	return false;
}

static bool put_message(struct buf *out, const struct json *doc, uint32_t message)
{
	uint32_t content = json_get(doc, message, STR("content"));
	struct str whole = json_raw(doc, message), list = json_raw(doc, content);

	if (json_type(doc, content) != JSON_ARRAY || !has_foreign(doc, content)) {
		buf_put(out, whole);
		return true;
	}
	put_between(out, whole.ptr, list.ptr);
	if (put_list(out, doc, content, put_own) == 0)
		return false;
	put_between(out, list.ptr + list.len, whole.ptr + whole.len);
	return true;
}

struct str strip_foreign(const struct json *doc, enum llm_dialect dialect, struct arena *arena)
{
	bool is_messages = dialect == LLM_MESSAGES;
	struct str whole = doc->bytes, list, copy;
	uint32_t node = json_get(doc, json_root(doc), is_messages ? STR("messages") : STR("input"));
	struct buf out;

	if (json_type(doc, node) != JSON_ARRAY)
		return whole;
	list = json_raw(doc, node);
	buf_init(&out, 2 * whole.len + 2); /* a turn takes more than its summary's item */
	put_between(&out, whole.ptr, list.ptr);
	put_list(&out, doc, node, is_messages ? put_message : put_own);
	put_between(&out, list.ptr + list.len, whole.ptr + whole.len);
	must(!buf_is_over(&out));
	copy = arena_copy(arena, buf_str(&out));
	buf_release(&out);
	return copy;
}
