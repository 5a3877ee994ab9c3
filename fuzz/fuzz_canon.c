/* Any text, cut anywhere: one form, within its bounds, and the scorer ends with a decision. */
#include "route/reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = {(const char *)bytes, len};
	size_t cut = len ? bytes[len - 1] % len : 0;
	struct str parts[] = {str_part(text, 0, cut), str_part(text, cut, len)};
	struct gather_source one = {&text, 1, false}, two = {parts, 2, false},
	                     raw = {&text, 1, true};
	struct canon_limits limits = {CANON_HEAD_BYTES, CANON_TAIL_BYTES};
	struct score_turn turn = {.role = SCORE_USER, .parts = parts, .part_count = 2};
	struct score_request request = {.turns = &turn, .turn_count = 1};
	struct score_result result;
	static struct canon a, b;

	canon_read(&one, limits, &a);
	canon_read(&two, limits, &b);
	must(a.len == b.len && memcmp(a.text, b.text, a.len) == 0 && a.len <= CANON_MAX_BYTES);
	must(a.sentence_count <= CANON_MAX_SENTENCES && a.sentence_count == b.sentence_count);
	canon_read(&raw, limits, &a);
	score_explain(&request, NULL, &result);
	must(result.tier < SCORE_TIERS && result.p_ok[0] <= result.p_ok[2]);
	return 0;
}
