/* Journal records from anywhere: bytes are cut in slots, replayed; checksums are made good so
 * that the fuzzer gets behind them. Nothing may be lost or doubled: what was opened is closed,
 * lost or open. */
#include "base/hash.h"
#include "ledger/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len);

static void on_entry(void *arg, const struct entry *e, uint64_t sequence)
{
	must(sequence != 0 && e->model.len <= RECORD_NAME_MAX && e->end < ENTRY_END_COUNT);
	++*(int64_t *)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	int64_t entries = 0;
	struct replay r;

	replay_init(&r, on_entry, &entries);
	for (uint64_t i = 0; i < len / RECORD_BYTES; i++) {
		uint64_t sequence = record_sequence(1 + i / 50, i % 50);
		uint8_t slot[RECORD_BYTES];
		uint32_t crc;

		memcpy(slot, input + i * RECORD_BYTES, sizeof slot);
		if (slot[RECORD_BYTES - 1] != 0xff) {
			memcpy(slot + 8, &sequence, sizeof sequence);
			crc = hash_crc32c(0, (struct str){(char *)slot + 4, RECORD_BYTES - 4});
			memcpy(slot, &crc, sizeof crc);
		}
		replay_record(&r, slot, sequence);
	}
	replay_end_run(&r);
	must(entries == r.closed + r.lost && r.lost <= r.opened && r.damaged >= 0);
	must(replay_open_count(&r) == 0);
	replay_release(&r);
	return 0;
}
