/* Runs of tokens and strings in blocks: what must not depend on where a block ends. */
#include "base/json_read.h"

#include "check.h"

/* What the reader makes of a string of plain bytes with `piece` at every place: 1 and whether it
 * has escapes, or -1. */
static int read_around(struct json *doc, size_t before, const char *piece)
{
	char text[160], document[256];
	struct json_error error;
	uint32_t node;
	int len;

	memset(text, 'x', sizeof text);
	len = snprintf(document, sizeof document, "{\"k\":\"%.*s%s%.*s\", \"n\": 12}", (int)before,
	               text, piece, 70, text);
	if (json_read(doc, (struct str){document, (size_t)len}, &error) < 0)
		return -1;
	node = json_get(doc, 0, STR("k"));
	CHECK(json_raw(doc, node).len == before + strlen(piece) + 72);
	CHECK_STR(json_raw(doc, json_get(doc, 0, STR("n"))), STR("12"));
	return doc->nodes[node].marks & JSON_HAS_ESCAPES ? 2 : 1;
}

/* Blocks of any size end somewhere: every escape, and every wrong one, at every place of them. */
static void test_escapes_at_every_place(void)
{
	static const struct {
		const char *piece;
		int result;
	} rows[] = {
	    {"", 1},
	    {"\\n", 2},
	    {"\\\"", 2},
	    {"\\\\", 2},
	    {"\\\\\\\"", 2},
	    {"\\u00e9", 2},
	    {"\\ud83d\\ude00", 2},
	    {"\xc3\xa9", 1},
	    {"\\n\\n\\n\\n", 2},
	    {"\\x", -1},
	    {"\\ud83d", -1},
	    {"\n", -1},
	    {"\xc3", -1},
	    {"\\", -1},
	};
	struct json doc;

	json_init(&doc);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (size_t before = 0; before < 130; before++)
			if (!CHECK(read_around(&doc, before, rows[i].piece) == rows[i].result))
				printf("    %s behind %zu\n", rows[i].piece, before);
	json_release(&doc);
}

int main(void)
{
	test_escapes_at_every_place();
	return check_report("json_run");
}
