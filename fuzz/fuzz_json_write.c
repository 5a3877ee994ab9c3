/* Any bytes as text: what the writer makes of them is a document that the reader takes, and
 * valid text comes back. */
#include "base/json_read.h"
#include "base/json_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = {(const char *)bytes, len};
	struct json_writer writer;
	struct json_error error;
	struct arena arena;
	struct json doc;
	size_t written;
	struct buf out;

	buf_init(&out, 8 * len + 64);
	json_init(&doc);
	arena_init(&arena);
	json_writer_init(&writer, &out);
	json_open_array(&writer);
	json_put_text(&writer, text);
	json_close_array(&writer);
	must(!buf_is_over(&out) && json_writer_is_done(&writer));
	must(json_read(&doc, buf_str(&out), &error) == 0);
	text = arena_copy(&arena, json_text(&doc, 1, &arena));
	written = json_raw(&doc, 1).len - 2;
	must(json_text_is(&doc, 1, text));
	buf_clear(&out);
	json_put_escaped(&out, text);
	must(out.len == written);
	arena_release(&arena);
	json_release(&doc);
	buf_release(&out);
	return 0;
}
