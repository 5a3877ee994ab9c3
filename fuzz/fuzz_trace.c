/* Decision records from anywhere; checksums are made good so that the fuzzer gets behind them. What
 * is read is written the same, and can be decided on again. */
#include "base/hash.h"
#include "trace/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	uint8_t bytes[TRACE_BYTES], again[TRACE_BYTES];
	struct trace_recall recall;
	struct score_result result;
	struct trace t, u;
	uint32_t crc;

	for (; len >= TRACE_BYTES; input += TRACE_BYTES, len -= TRACE_BYTES) {
		memcpy(bytes, input, sizeof bytes);
		crc = hash_crc32c(0, (struct str){(char *)bytes + 4, TRACE_BYTES - 4});
		if (bytes[TRACE_BYTES - 1] != 0xff)
			memcpy(bytes, &crc, sizeof crc);
		if (trace_read(bytes, &t) < 0 || t.kind == TRACE_HEADER)
			continue;
		trace_write(again, &t);
		must(trace_read(again, &u) == 0 && str_eq(t.asked, u.asked));
		trace_write(bytes, &u);
		must(memcmp(bytes, again, sizeof bytes) == 0);
		trace_recall(&t, &recall);
		score_again(recall.recalled.gist, NULL, &result);
		must(result.tier < SCORE_TIERS);
	}
	return 0;
}
