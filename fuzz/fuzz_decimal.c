/* Any text at any scale: what is read, written and read again is the same value. */
#include "base/decimal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct decimal_range all = {INT64_MIN, INT64_MAX};
	struct str text = {(const char *)bytes, len};
	int64_t value, again = 0;
	struct buf out;

	buf_init(&out, 64);
	for (int scale = 0; scale <= DECIMAL_SCALE_MAX; scale++) {
		if (decimal_read(text, scale, all, &value) < 0) {
			must(decimal_problem(text, scale, all) != NULL);
			continue;
		}
		buf_clear(&out);
		decimal_put(&out, value, scale);
		must(!buf_is_over(&out) && out.len <= len);
		must(decimal_read(buf_str(&out), scale, all, &again) == 0 && again == value);
	}
	buf_release(&out);
	return 0;
}
