/* A date of HTTP that is read and written is read as the same again; other times are read from any
 * text without harm. */
#include "base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = {(const char *)bytes, len};
	int64_t at_ms, next_ms;
	struct buf out;

	buf_init(&out, 64);
	if (clock_read_http_date(text, &at_ms) == 0) {
		clock_put_http_date(&out, at_ms);
		must(clock_read_http_date(buf_str(&out), &next_ms) == 0 && next_ms == at_ms);
	}
	buf_clear(&out);
	if (clock_read_day(text, &at_ms) == 0) {
		clock_put_day(&out, at_ms);
		must(str_eq(buf_str(&out), text));
	}
	if (clock_read_rfc3339(text, &at_ms) == 0)
		must(at_ms % 1000 == 0);
	if (clock_read_month(text, &at_ms, &next_ms) == 0)
		must(next_ms > at_ms);
	if (clock_read_span(text, &at_ms) == 0)
		must(at_ms >= 0);
	buf_release(&out);
	return 0;
}
