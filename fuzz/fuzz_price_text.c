/* Prices that the store keeps: what is read is written again in other words, and reads the same. */
#include "ledger/price_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct price_version read, again;
	struct json_writer w;
	struct arena arena;
	struct buf out;

	arena_init(&arena);
	buf_init(&out, 1 << 24);
	if (price_read_text((struct str){(const char *)bytes, len}, &arena, &read) == 0) {
		json_writer_init(&w, &out);
		json_open_object(&w);
		price_put_text(&w, &read);
		json_close_object(&w);
		must(price_read_text(buf_str(&out), &arena, &again) == 0);
		must(again.id == read.id && again.row_count == read.row_count);
	}
	buf_release(&out);
	arena_release(&arena);
	return 0;
}
