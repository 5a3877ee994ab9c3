/* Any bytes as what a provider says went wrong: a status that HTTP has, or none. */
#include "wire/fault.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct wire_fault fault;
	struct arena arena;
	struct json doc;

	json_init(&doc);
	arena_init(&arena);
	wire_read_fault((struct str){(const char *)bytes, len}, &doc, &arena, &fault);
	must(fault.status == 0 || (fault.status >= 400 && fault.status < 600));
	arena_release(&arena);
	json_release(&doc);
	return 0;
}
