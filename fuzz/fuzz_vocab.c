/* A vocabulary of any bytes is refused or used; a text of any bytes is cut into pieces and counted,
 * within its bytes. The first two bytes tell how long the vocabulary is. */
#include "base/hash.h"
#include "token/count.h"
#include "token/guess.h"
#include "token/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void seal(char *file, size_t len)
{
	uint32_t crc = len > 32 ? hash_crc32c(0, (struct str){file + 32, len - 32}) : 0;

	if (len > 32)
		memcpy(file + 24, &crc, sizeof crc);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	size_t file_len = len < 2 ? 0 : (size_t)bytes[0] << 8 | bytes[1];
	struct str all = {(const char *)bytes, len}, file = str_part(all, 2, file_len);
	struct str text = str_part(all, 2 + file.len, len);
	struct vocab *v = NULL;
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena); /* every checksum fits, or nothing behind it would be tried */
	file = arena_copy(&arena, file);
	seal((char *)(uintptr_t)file.ptr, file.len);
	if (vocab_read(file, &v, &f) == 0) {
		must(count_tokens(v, text) <= (int64_t)text.len);
		for (size_t at = 0, n; at < text.len; at += n)
			must((n = split_piece(v, str_part(text, at, text.len))) > 0);
	}
	must(guess_tokens(text) <= 4 * (int64_t)text.len);
	vocab_free(&v);
	arena_release(&arena);
	return 0;
}
