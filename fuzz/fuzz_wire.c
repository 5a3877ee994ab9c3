/* Any document as a request of each dialect: read or refused; edited, it is JSON again. */
#include "wire/wire.h"
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
static struct json_error error;

static void edit(const struct llm_request *r, struct json *doc, struct arena *arena)
{
	struct wire_change change = {
	    .model = STR("real"), .meter_stream = true, .max_output = 7, .calls = {true, 9, 3}};
	struct str pieces[WIRE_PIECES_MAX], whole = {0};
	struct wire_edits edits;
	size_t sum;

	wire_dialect(r->dialect)->edit_request(r, &change, arena, &edits);
	for (int i = 0, n = wire_edit_pieces(&edits, doc->bytes, pieces, &sum); i < n; i++)
		whole = arena_printf(arena, "%.*s%.*s", STR_ARG(whole), STR_ARG(pieces[i]));
	must(whole.len == sum && json_read(doc, whole, &error) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str body = {(const char *)bytes, len};
	struct arena arena;
	struct json doc;

	json_init(&doc);
	arena_init(&arena);
	for (int d = LLM_CHAT; d < LLM_DIALECTS && json_read(&doc, body, &error) == 0; d++) {
		struct llm_request r = {0};
		struct fail f = {.arena = &arena};

		if (wire_dialect(d)->read_request(&doc, &arena, &r, &f) == 0)
			edit(&r, &doc, &arena);
		else
			must(f.message.len > 0);
	}
	arena_release(&arena);
	json_release(&doc);
	return 0;
}
