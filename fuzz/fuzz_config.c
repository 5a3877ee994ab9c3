/* Configuration files: any bytes give mistakes with places inside the text, or a snapshot. */
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = {(const char *)bytes, len};
	struct config *c = NULL;
	struct buf report;
	struct arena arena;
	struct fail f;
	int mistakes;

	arena_init(&arena);
	fail_init(&f, &arena);
	buf_init(&report, 1 << 24);
	mistakes = config_check_text(STR("f"), text, &report);
	must((config_read_text(STR("f"), text, &c, &f) == 0) == (mistakes == 0));
	must(mistakes == 0 || report.len > 0);
	config_put(&c);
	buf_release(&report);
	arena_release(&arena);
	return 0;
}
