/* Any answer, whole and in pieces, handed over or gathered: the same result, the same body. The
 * first byte chooses. */
#include "upstream/answer.h"

static enum answer_fed run(struct str bytes, size_t piece, size_t gather_max, struct buf *out)
{
	enum answer_fed fed = ANSWER_MORE;
	struct arena arena;
	struct answer a;
	char copy[4096];

	arena_init(&arena);
	answer_init(&a, &arena, STR("POST"), gather_max);
	for (size_t at = 0; at < bytes.len && fed == ANSWER_MORE; at += piece) {
		struct str part = str_part(bytes, at, piece);

		memcpy(copy, part.ptr, part.len);
		fed = answer_feed(&a, copy, part.len);
		answer_keep(&a);
	}
	buf_init(out, 8192);
	if (fed != ANSWER_TOO_LARGE) /* then how much is there depends on the pieces */
		buf_put(out, answer_body(&a));
	return answer_release(&a), arena_release(&arena), fed;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str input = {(const char *)bytes + 1, len - 1};
	size_t gather_max = len && bytes[0] & 1 ? 64 : 0;
	struct buf whole, pieces;

	if (len < 2 || len > 4096)
		return 0;
	must(run(input, len, gather_max, &whole) ==
	     run(input, (size_t)(bytes[0] >> 1) + 1, gather_max, &pieces));
	must(str_eq(buf_str(&whole), buf_str(&pieces)));
	return buf_release(&whole), buf_release(&pieces), 0;
}
