/* Any bytes: the reader ends with a verdict, in slices as in one go, and what it accepts can be
 * asked. */
#include "base/json_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void ask(const struct json *doc, struct arena *arena)
{
	for (uint32_t node = 0; node < doc->count && node < 64; node++) {
		must(json_type(doc, node) != JSON_STRING ||
		     json_text_is(doc, node, json_text(doc, node, arena)));
		JSON_EACH(doc, node, child)
		must(json_type(doc, node) != JSON_OBJECT ||
		     json_get(doc, node, json_text(doc, child, arena)) == child + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = {(const char *)bytes, len};
	struct json doc;
	struct json_error error = {.node = JSON_NONE};
	struct json_reader reader;
	struct arena arena;

	json_init(&doc);
	arena_init(&arena);
	json_reader_init(&reader, &doc, text);
	while (json_reader_step(&reader, 1 + len % 7) == JSON_MORE)
		continue;
	int result = json_read(&doc, text, &error);
	must(json_reader_step(&reader, 1) == (result == 0 ? JSON_DONE : JSON_FAILED));
	must(result == 0 || (error.offset == reader.error.offset && error.offset <= len));
	if (result == 0)
		ask(&doc, &arena);
	json_path(&doc, error.node, &arena);
	arena_release(&arena);
	json_release(&doc);
	return 0;
}
